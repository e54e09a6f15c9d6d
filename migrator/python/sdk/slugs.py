"""Ids of models with a slug before them, `@slug/model`, where a name says that a model is meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.planning.providers import new_id
from migrator.python.reading.expressions import text_value
from migrator.python.sdk.writer import Writer
from migrator.sites import Edit, Finding, Status

_ID = re.compile(r"@(?!(?:cf|hf)/)[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.:/-]*")


def find(writer: Writer) -> Iterator[Finding]:
    """A finding for each, but for those that calls are given: what asks for a model tells more."""
    module = writer.module
    if not _ID.search(module.source.text):
        return
    parents = module.source.parents
    rule = next((r.id for r in writer.rules.parameters if r.to == "provider"), writer.client.id)
    settings = writer.rules.options
    for text in module.found.texts:
        old = text_value(text.node) if isinstance(text.node, ast.Constant) and text.role == "plain" else None
        if (
            id(text.node) in writer.module.kept
            or not old
            or not _ID.fullmatch(old)
            or not _means_model(parents, text.node)
        ):
            continue
        new = new_id(old, "", writer.client, settings.get("slugs", {}), settings.get("models", {}))
        place = module.source.inside(text.node, old)
        said = f"{old} → {new.text}" + (f": {new.message}" if new.message else "")
        edits = (Edit(*place, new.text),) if place and new.status is not Status.MANUAL else ()
        status = new.status if edits else Status.MANUAL
        yield Finding(place[0] if place else module.source.start(text.node), rule, status, said, edits)


def _means_model(parents: dict[int, ast.AST], node: ast.AST) -> bool:
    """Whether something that a text is in is called a model."""
    above = parents.get(id(node))
    while above is not None and not isinstance(above, ast.FunctionDef | ast.ClassDef | ast.Module):
        if any("model" in name.lower() for name in _names(above, node)):
            return True
        node, above = above, parents.get(id(above))
    return False


def _names(above: ast.AST, node: ast.AST) -> Iterator[str]:
    """What `above` calls the part `node` of it."""
    match above:
        case ast.keyword():
            yield above.arg or ""
        case ast.Assign():
            yield from (_last(target) for target in above.targets)
        case ast.AnnAssign() | ast.NamedExpr():
            yield _last(above.target)
        case ast.Dict():
            yield from (text_value(k) or "" for k, v in zip(above.keys, above.values, strict=True) if v is node and k)
        case ast.arguments():
            both = [*above.posonlyargs, *above.args]
            yield from (a.arg for a, d in zip(reversed(both), reversed(above.defaults), strict=False) if d is node)
            yield from (a.arg for a, d in zip(above.kwonlyargs, above.kw_defaults, strict=True) if d is node)
        case ast.Compare():
            yield from (_last(each) for each in (above.left, *above.comparators))
        case ast.Call() if len(above.args) > 1 and node is above.args[-1]:
            yield text_value(above.args[0]) or ""


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return text_value(node.slice) or _last(node.value)
    return ""
