"""Functions and methods that the library tells of its answers, once they are there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from migrator.python.answers.values import Function, Is
from migrator.python.answers.view import View
from migrator.python.reading.expressions import parts_of
from migrator.python.reading.scopes import FunctionNode

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_PLACE = 1  # of the answer, after the arguments of the call
_ADDING = ("append", "insert", "extend")


class Listeners:
    """What is told of answers: methods of subclasses of the library's own class, and functions in its lists."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def told(self, at: View, function: FunctionNode, arg: ast.arg) -> Is | None:
        """The answer that the library gives a parameter of a function; None where it gives it none."""
        positional, name = [*function.args.posonlyargs, *function.args.args], at.names[id(function)]
        owner = name.rpartition(".")[0]
        if not self.trace.rule.told or arg not in positional or positional.index(arg) != _PLACE + bool(owner):
            return None
        shape = self._by_method(at, owner, function.name) or self._in_list(Function(at.path, name))
        return Is(shape) if shape else None

    def _by_method(self, at: View, owner: str, name: str) -> str:
        index, shape = self.trace.index, self.trace.rule.told.get(name, "")
        above = index.lineage(f"{at.module.facts.name}.{owner}") if owner and shape else ()
        return shape if any(index.names.fate(index.canonical(each)) for each in above) else ""

    def _in_list(self, function: Function) -> str:
        """What a function is told of that is put into a list of the library; "" for any other one."""
        shapes = (shape for at, node, shape in self._listed if function in self.trace.value(at, node))
        return next(shapes, "")

    @cached_property
    def _listed(self) -> list[tuple[View, ast.expr, str]]:
        """What is put into lists of the library, each with what these are told of."""
        modules = [facts for facts in self.trace.index.by_path.values() if self.trace.index.uses_old(facts)]
        views = [view for facts in modules if (view := self.trace.views.look(facts.path))]
        return [(at, node, shape) for at in views for node, shape in self._put(at)]

    def _put(self, at: View) -> Iterator[tuple[ast.expr, str]]:
        """What is put into such lists, by an assignment or by a method."""
        for parts, binding, _ in at.module.found.attributes:
            given, shape = at.notes.given.get(id(binding.node)), self.trace.rule.told.get(parts[-1])
            if shape and given and isinstance(given.value, ast.List):
                yield from ((each, shape) for each in given.value.elts)
        for call in (call for name in _ADDING for call in at.notes.calls.get(name, ())):
            of = parts_of(call.func.value) if isinstance(call.func, ast.Attribute) else ()
            shape = self.trace.rule.told.get(of[-1]) if of else None
            if shape:
                items = (each.elts if isinstance(each, ast.List) else [each] for each in call.args)
                yield from ((item, shape) for some in items for item in some)
