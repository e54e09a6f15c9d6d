"""Ids of models with a slug before them, `@slug/model`: where a name says that a model is meant, or the text does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.fates.providers import IDLE, SLUGGED, is_id, meant, says_model, slugged, taken_apart
from migrator.python.reading.expressions import text_value
from migrator.python.sdk import built_ids
from migrator.python.sdk.meaning import means_model
from migrator.python.sdk.writer import Writer
from migrator.sites import Edit, Finding, Status

_ID = re.compile(SLUGGED)
_BEGINNING = re.compile(r"\^?@(?P<slug>[\w.-]+)\\?/")  # of ids that are looked at


def find(writer: Writer, held: str) -> Iterator[Finding]:
    """A finding for each, but for those that calls are given: what asks for a model tells more.

    `held` says why they stay as what they are sent with does, "" where they do not.
    """
    module = writer.module
    rule = next((r.id for r in writer.rules.parameters if r.to == "provider"), writer.client.id)
    yield from built_ids.find(writer, rule, held)
    yield from _beginnings(writer, rule, held)
    if not held:
        yield from _taken_apart(writer, rule)
    if not _ID.search(module.source.text):
        return
    parents = module.source.parents
    settings = writer.rules.options
    for text in module.found.texts:
        old = text_value(text.node) if isinstance(text.node, ast.Constant) and text.role == "plain" else None
        if id(text.node) in writer.module.kept or not old or not _ID.fullmatch(old):
            continue
        named = means_model(parents, text.node)
        if not is_id(old, "model" if named else "", writer.client):
            continue
        slugs, models = settings.get("slugs", {}), settings.get("models", {})
        new = slugged(old, "model" if named else "", writer.client, slugs, models, held)
        place, start = module.source.inside(text.node, old), module.source.start(text.node)
        if new.status is Status.MANUAL:
            yield Finding(start, rule, new.status, new.message)
        elif place is None:
            yield Finding(start, rule, Status.MANUAL, f"{old}: write {new.text}; its text is put together")
        else:
            yield Finding(place[0], rule, new.status, new.message, (Edit(*place, new.text),))


def _beginnings(writer: Writer, rule: str, held: str) -> Iterator[Finding]:
    """Slugs that ids are looked at for, as texts and patterns: `model.startswith("@openai/")`."""
    module, slugs = writer.module, writer.rules.options.get("slugs", {})
    for text in module.found.texts if module.index.uses_old(module.facts) else ():
        match = _BEGINNING.fullmatch(text_value(text.node) or "") if text.role == "plain" else None
        above = module.source.parents.get(id(text.node))
        provider = (
            meant(match["slug"], writer.client, slugs) if match and isinstance(above, ast.Call | ast.Tuple) else ""
        )
        if match and provider:
            prefix = writer.client.providers.get(provider, provider)
            said = held or f"if ids of models are looked at, they begin with {prefix}/ from now on"
            yield Finding(module.source.start(text.node), rule, Status.MANUAL, f"{match[0]}: {said}")


def _taken_apart(writer: Writer, rule: str) -> Iterator[Finding]:
    """Ids that are looked at for the sign of a slug, whichever it is: `"@" in model`, `model.split("@")`."""
    module = writer.module
    holds = module.index.uses_old(module.facts) or _ID.search(module.source.text)
    for text in module.found.texts if holds else ():
        if text.role != "plain" or text_value(text.node) != "@":
            continue
        match module.source.parents.get(id(text.node)):
            case ast.Call(func=ast.Attribute(value=looked_at)) | ast.Compare(left=looked_at) if looked_at != text.node:
                pass
            case ast.Compare(comparators=[looked_at]):
                pass
            case _:
                continue
        if any(map(says_model, _called(looked_at))):
            yield Finding(module.source.start(text.node), rule, Status.MANUAL, taken_apart(writer.client))


def _called(node: ast.expr) -> Iterator[str]:
    """What a text is called, by the last name that tells: `options["model"].strip()`, `(self.model or "")`."""
    match node:
        case ast.Name(id=name):
            yield name
        case (
            ast.Attribute(value=holder, attr=name)
            | ast.Subscript(value=holder, slice=ast.Constant(value=str() as name))
            | ast.Call(
                func=ast.Attribute(value=holder, attr="get" | "pop" | "getenv"),
                args=[ast.Constant(value=str() as name), *_],
            )
        ):
            yield name
            if name in IDLE:
                yield from _called(holder)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if hasattr(str, name):  # a method of texts
            yield from _called(inner)
        case ast.Call(func=ast.Name(id="str"), args=[inner, *_]) | ast.Await(value=inner):
            yield from _called(inner)
        case ast.Call(func=function):
            yield from _called(function)
        case ast.Subscript(value=holder):
            yield from _called(holder)
        case ast.BoolOp(values=parts):
            yield from (name for each in parts for name in _called(each))
        case ast.IfExp(body=first, orelse=second):
            yield from (*_called(first), *_called(second))
        case ast.NamedExpr(target=target, value=inner):
            yield from (*_called(target), *_called(inner))
