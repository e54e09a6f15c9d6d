"""Configuration read in code: `cfg["integration"]["portkey"]` and `.get(…).get(…)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.sites import Edit, Finding, Status

MOVED = "the section moved in the settings file, see that this reads it"


def find(module: Module) -> Iterator[Finding]:
    """Findings for settings looked up by key or by attribute."""
    if module.names.rules.settings:
        for node, _ in module.found.lookups:
            yield from _lookup(module, node)
        yield from _attributes(module)


def _lookup(module: Module, node: ast.expr) -> Iterator[Finding]:
    for rule in module.names.rules.settings:
        old, new = rule.old.split("."), rule.new.split(".")
        accessors = _accessors(node, len(old))
        if [key for key, _ in accessors] != old:
            continue
        start = module.source.start(accessors[-1][1])
        if len(new) > len(old):
            message = f"{rule.old} → {rule.new}: one level deeper, write it by hand"
            yield Finding(start, rule.id, Status.MANUAL, message)
            continue
        gone, kept = accessors[: len(old) - len(new)], accessors[len(old) - len(new) :]
        places = [module.source.inside(_key_node(accessor), key) for key, accessor in kept]
        edits = [Edit(*place, name) for place, name in zip(places, new, strict=True) if place]
        if len(edits) < len(new):
            message = f"{rule.old} → {rule.new}: the key is not spelled in one piece, write it by hand"
            yield Finding(start, rule.id, Status.MANUAL, message)
            continue
        if gone:
            edits.append(Edit(module.source.end(_base(gone[0][1])), module.source.end(gone[-1][1]), ""))
        yield Finding(start, rule.id, Status.REVIEW, f"{rule.old} → {rule.new}: {MOVED}", tuple(edits))


def _accessors(node: ast.expr, count: int) -> list[tuple[str, ast.expr]]:
    """The last `count` keys of `x["a"].get("b")…` with the node that looks each up, outermost last."""
    found: list[tuple[str, ast.expr]] = []
    while len(found) < count:
        key = text_value(_key_node(node)) if _is_accessor(node) else None
        if key is None:
            return []
        found.append((key, node))
        node = _base(node)
    return list(reversed(found))


def _is_accessor(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return True
    return (
        isinstance(node, ast.Call)
        and bool(node.args)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
    )


def _key_node(node: ast.expr) -> ast.expr:
    return node.slice if isinstance(node, ast.Subscript) else node.args[0]  # type: ignore[attr-defined]


def _base(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]


def _attributes(module: Module) -> Iterator[Finding]:
    """`settings.integration.portkey`: only the reader can tell whether the object follows the file."""
    for reference in module.found.references:
        for rule in module.names.rules.settings:
            old = tuple(rule.old.split("."))
            at = next((i for i in range(1, len(reference.parts)) if reference.parts[i : i + len(old)] == old), None)
            if at is not None and module.meaning(reference.parts, reference.scope) is None:
                message = f"{'.'.join(reference.parts)}: if this reads the settings file, the section is now {rule.new}"
                yield Finding(module.source.start(reference.nodes[0]), rule.id, Status.MANUAL, message)
