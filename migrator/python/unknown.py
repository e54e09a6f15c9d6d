"""Old names where nobody tells what they belong to, such as `clients["a"].PortkeyClient`: reported, never edited."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.names import expand_any
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of
from migrator.python.reading.scopes import Scope
from migrator.sites import Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """A finding for every old class name that is read off an object of which nothing is known.

    Only where the project uses the old layer, or the module spells a name of it.
    """
    found = [each for each in module.found.loose if _rule(module, each[0].attr)]
    for reference in module.found.references:
        at = next((i for i, part in enumerate(reference.parts) if i and _rule(module, part)), 0)
        node = reference.nodes[at]
        if isinstance(node, ast.Attribute) and _is_open(module, reference.parts[: at + 1], reference.scope):
            found.append((node, reference.inside))
    own = _own_names(module) if found else set()
    if not found or not (module.index.in_use or any(module.index.tracked(m) for m in module.facts.mentioned)):
        return
    for node, inside in found:
        if node.attr not in own and isinstance(node.ctx, ast.Load):
            said = ".".join(parts_of(node)) or f"….{node.attr}"
            message = f"{said}: if this is the old layer's, it is {module.names.symbol(node.attr)} now"
            start = module.source.start(inside) if inside else module.source.end(node) - len(node.attr)
            yield Finding(start, _rule(module, node.attr), Status.MANUAL, message)


def _rule(module: Module, name: str) -> str:
    """The rule that renames a class by its bare name; "" for none."""
    symbols = module.names.rules.symbols if name[:1].isupper() else ()
    return next((s.id for s in symbols if expand_any(s.names, name)), "")


def _is_open(module: Module, parts: tuple[str, ...], scope: Scope) -> bool:
    """Whether what a chain means is not told: its first part is no import, or something of the project's own."""
    dotted = module.meaning(parts, scope)
    if dotted is None:
        return True
    owner = module.index.canonical(dotted.rpartition(".")[0])
    return module.rename(dotted) is None and (_is_object(module, owner) or _is_object(module, owner.rpartition(".")[0]))


def _is_object(module: Module, owner: str) -> bool:
    """Whether the project defines something whose attributes it does not show, as those of a class."""
    where, _, name = owner.rpartition(".")
    return module.index.defines(owner) and name not in module.index.by_name[where].classes


def _own_names(module: Module) -> set[str]:
    """The attributes that the module itself gives to its classes and objects, also by keyword arguments."""
    bound = {name for scope in module.found.scopes if scope.kind == "class" for name in scope.bindings}
    given = {keyword.arg for call, _ in module.found.calls for keyword in call.keywords if keyword.arg}
    return bound | given | {parts[-1] for parts, _, _ in module.found.attributes}
