"""What a function of the module returns that lays out a dict for a call: `**self._request(…)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from migrator.python.module import Module
from migrator.python.reading.expressions import Parts
from migrator.python.reading.facts import Class
from migrator.python.reading.scopes import Scope


class Returned(NamedTuple):
    """The values that a function returns, the function, and whether other classes inherit it."""

    values: list[ast.expr]
    function: ast.FunctionDef
    inherited: bool


def returned(module: Module, parts: Parts, scope: Scope) -> Returned | None:
    """What a call of `parts` gives: of a function, or of a method by `self` that no class of the project overrides.

    None where that is not in sight.
    """
    holder = scope.lookup(parts[0]) if len(parts) == 1 else scope.owner(parts[0]) if len(parts) == 2 else None
    nodes = [binding.node for binding in holder.bindings.get(parts[-1], ())] if holder else []
    function = nodes[0] if len(nodes) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or holder is None:
        return None
    if holder.kind == "class" and holder.parent is not module.found.scope:
        return None
    heirs = list(_heirs(module, holder)) if holder.kind == "class" else []
    if any(parts[-1] in heir.members for heir in heirs):
        return None
    inside = list(_own(function))
    values = [node.value for node in inside if isinstance(node, ast.Return)]
    if not values or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inside):
        return None
    given = [value for value in values if value is not None]
    return Returned(given, function, bool(heirs)) if len(given) == len(values) else None


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions in it."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            left += ast.iter_child_nodes(node)


def _heirs(module: Module, owner: Scope) -> Iterator[Class]:
    """The classes of the project that inherit from one of the module."""
    index, name = module.index, getattr(owner.node, "name", "")
    own = f"{module.facts.name}.{name}"
    for facts in index.by_path.values():
        for each, found in facts.classes.items():
            full = f"{facts.name}.{each}"
            if full != own and own in index.lineage(full):
                yield found
