"""Every value that an expression may have, as far as its module writes that down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from migrator.python.reading.expressions import item_asked, outcomes, parts_of, text_value
from migrator.python.reading.outline import Outline, Variable
from migrator.python.reading.scopes import FunctionNode, defaults
from migrator.python.reading.source import Source
from migrator.python.reading.variables import Variables

_DEEP = 5  # names that lead to one another


class Values:
    """The values of the expressions of one module."""

    def __init__(self, source: Source, found: Outline, variables: Variables) -> None:
        self.source, self.found, self.variables = source, found, variables

    def of(self, node: ast.expr | None, depth: int = 0) -> Iterator[ast.expr | None]:
        """What an expression may be; None for what is not written down in the module."""
        for each in outcomes(node):
            if depth == _DEEP or each is None:
                yield None
                continue
            known = self._known(each, depth)
            if known is None:
                yield each
            for value in known or ():
                yield from self.of(value, depth + 1)

    def _known(self, node: ast.expr, depth: int) -> list[ast.expr | None] | None:
        """The values behind a name, an item or a call; None for an expression that is a value itself."""
        match node:
            case ast.Name() | ast.Attribute():
                return [*self.variables.values(node), *self.given(node)] or [None]
            case ast.Call() if returned := self._returned(node):
                return returned
        if (asked := item_asked(node)) is None:
            return None
        holder, key = asked
        return [item for value in self.of(holder, depth + 1) for item in _items(value, key)]

    def given(self, node: ast.expr) -> list[ast.expr | None]:
        """What loops, defaults and calls give to a variable; None for what is not written down."""
        variable = self.variables.of(node)
        return self._given.get(variable, []) if variable else []

    def _returned(self, call: ast.Call) -> list[ast.expr | None]:
        """What a function of the module returns; [] for a call of anything else."""
        return [*self._returns.get(self._own(call), ())]

    def _own(self, call: ast.Call) -> str:
        """The name of the function that is called, where that may be one of the module's own: `f()`, `self.f()`."""
        *owner, name = parts_of(call.func) or ("",)
        scope = self.found.scope_of(call.func) if len(owner) == 1 else None
        return name if not owner or (scope is not None and scope.owner(owner[0])) else ""

    @cached_property
    def _returns(self) -> dict[str, list[ast.expr | None]]:
        """What the functions of the module return, by their names."""
        found: dict[str, list[ast.expr | None]] = {}
        for function, value in self.returned:
            found.setdefault(function.name, []).append(value)
        return found

    @cached_property
    def returned(self) -> list[tuple[FunctionNode, ast.expr | None]]:
        """The functions of the module, and what they return."""
        found = (node for node in self.source.nodes if isinstance(node, ast.Return))
        return [(function, node.value) for node in found if (function := self.function(node))]

    def function(self, node: ast.AST) -> FunctionNode | None:
        """The function whose body something stands in."""
        holding = FunctionNode | ast.Lambda | ast.ClassDef
        above = next((each for each in self.source.above(node) if isinstance(each, holding)), None)
        return above if isinstance(above, FunctionNode) else None

    @cached_property
    def _given(self) -> dict[Variable, list[ast.expr | None]]:
        """What loops and calls give to variables; None where it is not all written down."""
        found: dict[Variable, list[ast.expr | None]] = {}
        calls: dict[str, list[ast.Call]] = {}
        for call, _ in self.found.calls:
            calls.setdefault(self._own(call), []).append(call)
        for node in self.source.nodes:
            if isinstance(node, ast.For | ast.comprehension) and (variable := self.variables.of(node.target)):
                found.setdefault(variable, []).extend(_items(node.iter, None))
        for scope in self.found.scopes:
            if isinstance(scope.node, FunctionNode):
                for name, value in _arguments(scope.node, calls.get(scope.node.name, [])):
                    found.setdefault(Variable(scope, name), []).append(value)
        return found


def _items(node: ast.expr | None, key: ast.expr | None) -> list[ast.expr | None]:
    """The item of a dict, a list or a tuple under a key; all of them where that is not written down."""
    match node:
        case ast.Dict(keys=keys, values=values):
            said = text_value(key)
            own = [v for k, v in zip(keys, values, strict=True) if said is not None and k and text_value(k) == said]
            return [*(own or values)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            at = key.value if isinstance(key, ast.Constant) else None
            return [parts[at]] if isinstance(at, int) and -len(parts) <= at < len(parts) else [*parts]
    return [None]


def _arguments(function: FunctionNode, calls: list[ast.Call]) -> Iterator[tuple[str, ast.expr]]:
    """What a function's parameters are given by name: their defaults, and the arguments of its calls."""
    yield from ((arg.arg, default) for arg, default in defaults(function.args))
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    for call in calls:
        bound = names[1:] if names[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute) else names
        yield from zip(bound, call.args, strict=False)
        yield from ((k.arg, k.value) for k in call.keywords if k.arg)
