"""Ids of models with a slug before them that are put together: `f"@{slug}/{model}"`, `"@openai/" + model`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.fates.providers import is_built_id, meant, new_id
from migrator.primitives.client import Client
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, text_value
from migrator.python.sdk.meaning import means_model
from migrator.python.sdk.pieces import COMPUTED, first, sums, together
from migrator.python.sdk.writer import Writer
from migrator.sites import Edit, Finding, Status

_BUILT = re.compile(rf"@(?!(?:cf|hf)/)(?P<slug>[\w.{COMPUTED}-]+)/.", re.DOTALL)

_SLUG = re.compile(r"@(?!(?:cf|hf)$)(?P<slug>[\w.-]+)")


def find(writer: Writer, rule: str, held: str) -> Iterator[Finding]:
    """A finding of `rule` for each, where a model is meant; `held` says why they stay, "" where they do not."""
    module = writer.module
    if "@" not in module.source.text:
        return
    sure = module.index.uses_old(module.facts)
    inner = set[int]()
    for node in module.source.nodes:
        if not isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call) or id(node) in inner:
            continue
        if isinstance(node, ast.BinOp):
            inner |= {id(n) for n in sums(node)}
        if id(node) in module.replaced or id(node) in module.kept:
            continue
        meant_so = means_model(module.source.parents, node)
        slug = slug_of(node)
        if slug is None and meant_so and (named := _named_slug(module, node)):
            said = f"@{named}/…: {held or f'an id of a model is put together here: {_to_write(writer.client, named)}'}"
            yield Finding(module.source.start(node), rule, Status.MANUAL, said)
        if slug is None:
            continue
        inner |= {id(n) for n in ast.walk(node)}
        if held and (meant_so or (sure and _says_model(writer, node))):
            yield Finding(module.source.start(node), rule, Status.MANUAL, f"@{slug or '…'}/…: {held}")
        elif meant_so:
            yield _found(writer, node, slug, rule)
        elif sure and _says_model(writer, node):
            said = f"@{slug or '…'}/…: if it is an id of a model, {_to_write(writer.client, slug)}"
            yield Finding(module.source.start(node), rule, Status.MANUAL, said)


def names_vendor(node: ast.expr | None) -> bool:
    """Whether the id of a model that an expression makes is seen to begin with a vendor, at least by default."""
    if isinstance(node, ast.BoolOp):
        return names_vendor(node.values[-1])
    if isinstance(node, ast.Call) and callee_of(node) in ("getenv", "get", "pop") and len(node.args) > 1:
        return names_vendor(node.args[1])
    begins = "" if node is None else together(node).partition(COMPUTED)[0]
    return "/" in begins


def slug_of(node: ast.expr) -> str | None:
    """The slug of an id that is put together there, "" for one that is computed; None for anything else."""
    if not isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call):
        return None
    text = together(node)
    match = _BUILT.match(text)
    if match is None:
        return None
    return "" if COMPUTED in match["slug"] else match["slug"]


def _named_slug(module: Module, node: ast.expr) -> str:
    """The slug that an id begins with, by a name that holds nothing else: `f"{SLUG}/gpt-4o"`; "" for anything else."""
    value = module.variables.value(first(node)) if together(node).startswith(f"{COMPUTED}/") else None
    match = _SLUG.fullmatch(text_value(value) or "") if value is not None else None
    return match["slug"] if match else ""


def _says_model(writer: Writer, node: ast.expr) -> bool:
    """Whether an id itself says that it is one of a model."""
    names = (getattr(n, "id", "") or getattr(n, "attr", "") for n in ast.walk(node))
    return is_built_id(together(node), names, writer.client, writer.rules.options.get("slugs", {}))


def _found(writer: Writer, node: ast.expr, slug: str, rule: str) -> Finding:
    client, source = writer.client, writer.module.source
    slugs = writer.rules.options.get("slugs", {})
    segment, start = source.segment(node), source.start(node)
    at = start + segment.find(f"@{slug}")
    said = f"@{slug or '…'}/…: an id of a model is put together here"
    if not slug or not meant(slug, client, slugs) or segment.count(f"@{slug}") != 1:
        return Finding(start, rule, Status.MANUAL, f"{said}: {_to_write(client, slug)}")
    new = new_id(f"@{slug}/…", "", client, slugs, {})
    if new.status is Status.MANUAL:
        return Finding(start, rule, Status.MANUAL, f"{said}: {new.message}")
    said = f"@{slug}/… → {new.text}" + (f": {new.message}" if new.message else "")
    return Finding(at, rule, new.status, said, (Edit(at, at + len(slug) + 1, new.text.removesuffix("/…")),))


def _to_write(client: Client, slug: str) -> str:
    """What to do where nothing tells the provider."""
    whose = "the vendor of the model" if client.vendors else "the provider"
    its = f", or say whose {slug} is with the setting slugs" if slug else ""
    return f"begin it with {whose} and without `@`{its}"
