"""The addresses that a module hands on to others of its project, and what these ask for behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from migrator.fates.endpoints import address_in
from migrator.python.module import Module
from migrator.python.reading.addresses import ASKING
from migrator.python.reading.expressions import callee_of, outcomes, parts_of
from migrator.python.sdk import others
from migrator.python.sdk.pieces import COMPUTED, bare, is_filled
from migrator.python.sdk.writer import Writer

if TYPE_CHECKING:
    from migrator.python.sdk.urls import Urls


class Handed:
    """What one module hands on, and what it has from others."""

    def __init__(self, urls: Urls) -> None:
        self.urls, self.module = urls, urls.module

    @property
    def paths(self) -> Iterator[str]:
        """The paths that other modules put behind the address as they have it from here; "" for what is open."""
        index, facts = self.module.index, self.module.facts
        for other in others.modules(index, facts) if facts.path in index.by_path and self.names else ():
            yield from (others.behind(other, read) for read in others.reads(other, self.names))

    @cached_property
    def names(self) -> set[str]:
        """The names by which others may have the address: variables, attributes, functions that return it."""
        variables = self.urls.variables
        found = {function.name for function, value in self.urls.values.returned if self._is_address(value)}
        for target, value in variables.assignments:
            variable = variables.of(target)
            top = variable is not None and isinstance(variable.holder.node, ast.Module | ast.ClassDef)
            if variable and top and self._is_address(value):
                found.add(variable.name.rpartition(".")[2])
        return found

    def _is_address(self, value: ast.expr | None) -> bool:
        """Whether an expression is the address, has it for a default or in it, or is that and whatever path."""
        return any(map(self._is_one, map(bare, filter(None, outcomes(value)))))

    def _is_one(self, value: ast.expr) -> bool:
        match value:
            case ast.Dict(values=items) | ast.List(elts=items) | ast.Tuple(elts=items):
                return any(map(self._is_address, items))
            case ast.Call() if not is_filled(value):
                called = callee_of(value)
                plain = (called[:1].islower() or called == "Field") and called not in ASKING
                given = [*value.args, *(keyword.value for keyword in value.keywords)]
                return plain and not self.urls.sessions.makes(value) and any(map(self._is_address, given))
            case ast.Name() | ast.Attribute() | ast.Constant():
                return bool(self.urls.begins_with(value))
        url = self.urls.of(value)
        path = url.text[len(address_in(url.text, self.urls.client)) :] if url else ""
        return path.strip("/").startswith(COMPUTED)

    def moves(self, base: ast.expr) -> bool:
        """Whether an expression is the address as another module hands it on, and moves there."""
        base = bare(base)
        base = base.func if isinstance(base, ast.Call) else base
        parts, scope = parts_of(base), self.urls.module.found.scope_of(base)
        known = self.module.index.canonical(self.module.dotted(parts, scope) or "") if scope else ""
        other = self._urls_of(self.module.index.module_of(known))
        names = other.handed.names.intersection((*parts, known.rpartition(".")[2])) if other else ()
        return other is not None and other.gone is None and bool(names)

    def _urls_of(self, name: str) -> Urls | None:
        """The URLs of another module of the project, by its dotted name."""
        index = self.module.index
        facts = index.by_name.get(name)
        parsed = index.parsed(facts.path) if facts and facts.path != self.module.facts.path else None
        return type(self.urls)(Writer(Module(*parsed, facts, index))) if facts and parsed else None
