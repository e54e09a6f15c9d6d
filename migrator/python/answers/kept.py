"""Whether a function is used where nothing tells what it is given: it is kept, or handed on to who knows whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.values import OTHER, UNKNOWN, Function
from migrator.python.answers.view import View
from migrator.python.reading.expressions import parts_of
from migrator.python.reading.scopes import FunctionNode

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_BINDERS = {("staticmethod",), ("classmethod",)}


def are_all_seen(trace: Trace, at: View, function: FunctionNode) -> bool:
    """Whether a function is called nowhere but where that is seen: not decorated, not kept, no unknown method.

    Modules that have it, by whatever name, are looked through.
    """
    if any(parts_of(each)[-1:] not in _BINDERS for each in function.decorator_list):
        return False
    full = at.names[id(function)]
    seen = {id(call.function) for _, call in passing.seen(trace, at, function, sure=True)}
    for view, names in _having(trace, at, full):
        reads = (n for n in view.module.source.nodes if isinstance(n, ast.Name | ast.Attribute) and id(n) not in seen)
        if any(_may_be(trace, view, n, Function(at.path, full)) for n in reads if names & {*parts_of(n)[-1:]}):
            return False
    return True


def _having(trace: Trace, at: View, full: str) -> Iterator[tuple[View, Set[str]]]:
    """The modules that may have a function, and what it may be called last there."""
    name, index, callers = full.rpartition(".")[2], trace.index, trace.views.callers
    own = {f"{module}.{full}" for module in at.module.facts.names}
    spelled = {f".{name}"} if "." in full else {each for each in callers if index.canonical(each) in own}
    names = {name, *(each.rpartition(".")[2] for each in spelled)}
    paths = {at.path, *(path for each in spelled for path in callers.get(each, ()))}
    for view in filter(None, map(trace.views.look, sorted(paths))):
        yield view, {*names, *(local for local, targets in view.module.facts.bound.items() if targets & spelled)}


def _may_be(trace: Trace, view: View, node: ast.expr, function: Function) -> bool:
    """Whether a function stands there, or a method that nothing tells."""
    values = trace.value(view, node)
    is_method = "." in function.name and isinstance(node, ast.Attribute)
    return function in values or (is_method and values <= OTHER | UNKNOWN)
