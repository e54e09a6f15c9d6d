"""The keys of dicts, and the values of variables, as far as a module lays them out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.python.reading.assignments import assignments
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.outline import Outline, Variable
from migrator.python.reading.source import Source


class Entry(NamedTuple):
    """A key of a dict or an argument of a call, where it stands, and the call or dict that has it."""

    name: str
    value: ast.expr
    at: ast.AST
    within: ast.AST


class LaidOut:
    """What one module says of its dicts and variables; what is put into them elsewhere is not seen.

    `made_by` says what a call gives, of what is asked for in its place.
    """

    def __init__(
        self, source: Source, found: Outline, made_by: Callable[[ast.Call], Iterable[ast.expr]] = lambda _call: ()
    ) -> None:
        self.source, self.found, self.made_by = source, found, made_by

    def items(self, node: ast.expr, seen: frozenset[int] = frozenset()) -> Iterator[Entry]:
        """The keys of a dict as far as the module lays them out: displays, `dict(…)`, `a | b`, what a name is given."""
        if id(node) in seen:
            return
        seen |= {id(node)}
        for each in self.values(node):
            match each:
                case ast.Dict():
                    for key, value in zip(each.keys, each.values, strict=True):
                        name = text_value(key)
                        if key is None:
                            yield from self.items(value, seen)
                        elif name:
                            yield Entry(name, value, key, each)
                case ast.Call() if parts_of(each.func) == ("dict",):
                    yield from (Entry(k.arg, k.value, k, each) for k in each.keywords if k.arg)
                    for inner in (*each.args[:1], *(k.value for k in each.keywords if k.arg is None)):
                        yield from self.items(inner, seen)
                case ast.BinOp(op=ast.BitOr()):
                    yield from (*self.items(each.left, seen), *self.items(each.right, seen))
                case ast.Call():
                    for made in self.made_by(each):
                        yield from self.items(made, seen)
        for put in self._set.get(self.found.variable(node), ()):
            yield from [put] if isinstance(put, Entry) else self.items(put, seen)

    def values(self, node: ast.expr) -> list[ast.expr]:
        """The value itself, or all that the module assigns to the variable that it is."""
        variable = self.found.variable(node)
        return self._assigned.get(variable, []) if variable else [node]

    @cached_property
    def _assigned(self) -> dict[Variable | None, list[ast.expr]]:
        found: dict[Variable | None, list[ast.expr]] = {}
        nodes = self.source.nodes
        added = ((node.target, node.value) for node in nodes if isinstance(node, ast.AugAssign))
        for target, value in (*assignments(nodes), *added):
            found.setdefault(self.found.variable(target), []).append(value)
        return found

    @cached_property
    def _set(self) -> dict[Variable | None, list[Entry | ast.Dict]]:
        """What is put into a dict: `a["b"] = c`, `a.update(b=c)`, `a.update({…})`, `a.setdefault("b", c)`."""
        found: dict[Variable | None, list[Entry | ast.Dict]] = {}
        for node in self.source.nodes:
            entries: list[Entry | ast.Dict]
            match node:
                case ast.Assign(targets=[ast.Subscript(value=of, slice=ast.Constant(value=str() as name)) as at]):
                    entries = [Entry(name, node.value, at, node)]
                case ast.Call(func=ast.Attribute(value=of, attr="update")):
                    named = (Entry(k.arg, k.value, k, node) for k in node.keywords if k.arg)
                    entries = [*named, *(a for a in node.args[:1] if isinstance(a, ast.Dict))]
                case ast.Call(
                    func=ast.Attribute(value=of, attr="setdefault"),
                    args=[ast.Constant(value=str() as name) as at, value],
                ):
                    entries = [Entry(name, value, at, node)]
                case _:
                    continue
            if variable := self.found.variable(of):
                found.setdefault(variable, []).extend(entries)
        return found
