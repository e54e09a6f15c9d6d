"""Which variable a name or an attribute of one module is, and what it is given there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from migrator.python.reading.assignments import assignments
from migrator.python.reading.expressions import parts_of
from migrator.python.reading.outline import Outline, Variable
from migrator.python.reading.scopes import Scope
from migrator.python.reading.source import Source


class Variables:
    """The variables of one module."""

    def __init__(self, source: Source, found: Outline) -> None:
        self.source, self.found = source, found

    def of(self, node: ast.AST) -> Variable | None:
        """The variable that an expression is: of the class nearest to it that gives it a value; None for none."""
        lineage = [*self._lineage(node)]
        return next((each for each in lineage if each in self._set), lineage[0] if lineage else None)

    def value(self, node: ast.AST) -> ast.expr | None:
        """What a variable is assigned, where that is done once."""
        values = self.values(node)
        return values[0] if len(values) == 1 else None

    def values(self, node: ast.AST) -> list[ast.expr]:
        """All that a variable is assigned."""
        return self._assigned.get(variable, []) if (variable := self.of(node)) else []

    def calls_with(self, variable: Variable) -> list[ast.Call]:
        """The calls that are given it, or something made of it."""
        return self._calls.get(variable, [])

    def uses(self, variable: Variable) -> list[ast.expr]:
        """Where it stands, what it is assigned included."""
        return self._uses.get(variable, [])

    def _lineage(self, node: ast.AST) -> Iterator[Variable]:
        """What an expression may be: for an attribute of an instance, that of each class it comes from."""
        parts, scope = parts_of(node), self.found.scope_of(node)
        if not parts or scope is None:
            return
        owner = scope.owner(parts[0]) or self._classes.get(parts[0]) if len(parts) > 1 else None
        if owner is None:
            yield Variable(scope.lookup(parts[0]) or scope.module, ".".join(parts))
            return
        seen = list[Scope]()
        while owner is not None and owner not in seen:
            seen.append(owner)
            yield self._inside(owner, parts[1:])
            bases = owner.node.bases if isinstance(owner.node, ast.ClassDef) else []
            owner = next(filter(None, (self._classes.get(".".join(parts_of(base))) for base in bases)), None)

    def _inside(self, owner: Scope, names: tuple[str, ...]) -> Variable:
        """What a chain of names is in a class, through the classes in it."""
        inner = self._classes.get(names[0])
        if len(names) == 1 or inner is None or inner.parent is not owner:
            return Variable(owner, ".".join(names))
        return self._inside(inner, names[1:])

    @cached_property
    def _classes(self) -> dict[str, Scope]:
        return {s.node.name: s for s in self.found.scopes if isinstance(s.node, ast.ClassDef)}

    @cached_property
    def assignments(self) -> list[tuple[ast.expr, ast.expr]]:
        """What is assigned something, and what that is."""
        return [*assignments(self.source.nodes)]

    @cached_property
    def _set(self) -> set[Variable]:
        return {each for target, _ in self.assignments for each in [*self._lineage(target)][:1]}

    @cached_property
    def _assigned(self) -> dict[Variable, list[ast.expr]]:
        found: dict[Variable, list[ast.expr]] = {}
        for target, value in self.assignments:
            if variable := self.of(target):
                found.setdefault(variable, []).append(value)
        return found

    @cached_property
    def _uses(self) -> dict[Variable, list[ast.expr]]:
        found: dict[Variable, list[ast.expr]] = {}
        for node in (node for reference in self.found.references for node in reference.nodes):
            if variable := self.of(node):
                found.setdefault(variable, []).append(node)
        return found

    @cached_property
    def _calls(self) -> dict[Variable, list[ast.Call]]:
        parents = self.source.parents
        found: dict[Variable, list[ast.Call]] = {}
        for reference in self.found.references:
            calls = [*calls_around(parents, reference.nodes[-1])]
            for node in reference.nodes if calls else ():
                if variable := self.of(node):
                    found.setdefault(variable, []).extend(calls)
        return found


def calls_around(parents: dict[int, ast.AST], node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement that an expression is given to, the nearest first."""
    above = parents.get(id(node))
    while isinstance(above, ast.expr | ast.keyword | ast.comprehension):
        if isinstance(above, ast.Call) and node is not above.func:
            yield above
        node, above = above, parents.get(id(above))
