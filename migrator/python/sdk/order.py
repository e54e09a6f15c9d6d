"""Whether what is put into a variable is there wherever that is used which other code is about."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from sys import maxsize
from typing import NamedTuple

from migrator.python.reading.outline import Variable
from migrator.python.reading.variables import Variables

_Position = tuple[int, int]
_Leaving = ast.Return | ast.Yield | ast.YieldFrom | ast.Break | ast.Continue
_Functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Put(NamedTuple):
    """What is put into a variable, and the expression for that variable there."""

    headers: ast.expr
    holder: ast.expr
    variable: Variable


class Order:
    """The order of what one module does with its variables; `puts` are where something is put into them, by id."""

    def __init__(self, variables: Variables, puts: set[int]) -> None:
        self.variables, self.puts = variables, puts
        self.parents = variables.source.parents
        self._used, self._set, self._at = cache(self._find_used), cache(self._find_set), cache(self._find_at)

    def running(self, puts: Sequence[Put], place: ast.expr) -> Iterator[Put]:
        """What is put into a variable wherever it is used that a place in the code is about.

        It stands in the same block as the place, or in one around it. After the place, nothing uses the variable in
        between, and nothing leaves; before it, nothing else is assigned.
        """
        blocks = {*self._blocks(place)}
        if not puts or not blocks:
            return
        start = self._start(place)
        first, last = self._reach(puts[0], start, self._function(place))
        for put in puts:
            block, at = self._at(put.holder)
            if block in blocks and first <= at and (at <= start or at < last):
                yield put

    def _reach(self, put: Put, start: _Position, function: ast.AST | None) -> tuple[_Position, _Position]:
        """From where, and up to where a variable is what it is at a place, as far as a function goes."""
        is_local = isinstance(put.holder, ast.Name) and put.variable.holder.node is function
        met = [self._used(put.variable, False), self._left.get((id(function), is_local), [])]
        if isinstance(put.holder, ast.Attribute) and (owner := self.variables.of(put.holder.value)):
            met.append(self._used(owner, True))
        others = self._set(put.variable)
        before = others[: bisect_right(others, start)]
        return max(before, default=(0, 0)), min(
            (each[at] for each in met if (at := bisect_left(each, start)) < len(each)), default=(maxsize, 0)
        )

    def _find_used(self, variable: Variable, handed: bool) -> list[_Position]:
        """Where something may be done with what a variable holds; with the instance itself that is `handed` on."""
        loaded = (each for each in self.variables.uses(variable) if isinstance(getattr(each, "ctx", None), ast.Load))
        return sorted(
            self._start(each)
            for each in loaded
            if id(each) not in self.puts and (self._is_handed(each) if handed else not self._is_asked(each))
        )

    def _find_set(self, variable: Variable) -> list[_Position]:
        """Where a variable is given something that is not made of what it held."""
        found = {
            self._start(n) for n in self.variables.uses(variable) if isinstance(getattr(n, "ctx", None), ast.Store)
        }
        return sorted(found - {*self._used(variable, False)})

    def _is_handed(self, node: ast.expr) -> bool:
        """Whether an instance is given to something, or one of its methods is called."""
        above = self.parents.get(id(node))
        if not isinstance(above, ast.Attribute):
            return True
        call = self.parents.get(id(above))
        return isinstance(call, ast.Call) and call.func is above

    def _is_asked(self, node: ast.expr) -> bool:
        """Whether one item is stored or taken away there, or looked for."""
        above = self.parents.get(id(node))
        if isinstance(above, ast.Compare):
            return node is not above.left and all(isinstance(each, ast.In | ast.NotIn) for each in above.ops)
        return isinstance(above, ast.Subscript) and not isinstance(above.ctx, ast.Load)

    @cached_property
    def _left(self) -> dict[tuple[int, bool], list[_Position]]:
        """Where each function is left, by its id, or a loop in it: that alone for what only the function has."""
        found: dict[tuple[int, bool], list[_Position]] = {}
        for node in self.variables.source.nodes:
            if isinstance(node, _Leaving):
                for is_local in (False, True) if isinstance(node, ast.Break | ast.Continue) else (False,):
                    found.setdefault((id(self._function(node)), is_local), []).append(self._start(node))
        return {key: sorted(places) for key, places in found.items()}

    def _function(self, node: ast.AST) -> ast.AST | None:
        return next((each for each in self._above(node) if isinstance(each, _Functions)), None)

    def _start(self, node: ast.AST) -> _Position:
        """Where the statement begins that something stands in."""
        statement = next(each for each in self._above(node) if isinstance(each, ast.stmt))
        return statement.lineno, statement.col_offset

    def _find_at(self, node: ast.expr) -> tuple[tuple[int, str] | None, _Position]:
        """The block that something is put into a variable in, and where that statement begins."""
        return next(self._blocks(node), None), self._start(node)

    def _blocks(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        """The blocks that a place is in, the innermost one first; what is done `with` something is always done."""
        return (block for each in self._above(node) if (block := self._block.get(id(each))))

    @cached_property
    def _block(self) -> dict[int, tuple[int, str]]:
        """The block of each statement, by its id: what it is of, and which part of that."""
        return {
            id(each): (id(node), name)
            for node in self.variables.source.nodes
            if not isinstance(node, ast.With | ast.AsyncWith)
            for name, value in ast.iter_fields(node)
            if isinstance(value, list)
            for each in value
            if isinstance(each, ast.stmt)
        }

    def _above(self, node: ast.AST) -> Iterator[ast.AST]:
        each: ast.AST | None = node
        while each is not None:
            yield each
            each = self.parents.get(id(each))
