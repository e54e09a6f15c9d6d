"""Arguments of a call in LiteLLM's form that the client module leaves out: each is said where it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from migrator.clients.table import Argument, Destination, Table, load
from migrator.names import Fate
from migrator.python.direct.plan import Plan
from migrator.python.expressions import parts_of, text_value
from migrator.python.module import Module
from migrator.python.outline import Reference
from migrator.python.scopes import Scope
from migrator.sites import Finding, Status

_HANDING_ON = {"partial", "to_thread", "partialmethod"}  # their keywords are those of what they are given first
_OF_DEPLOYMENT = "api_key"  # one of the arguments of a deployment that the gateway has itself
_ROUTER = "Router"


class _Entry(NamedTuple):
    """An argument, where it stands, and the call or dict that has it."""

    name: str
    value: ast.expr
    at: ast.AST
    within: ast.AST


def find(module: Module, plan: Plan) -> Iterator[Finding]:
    """A finding for what is dropped of each call that is not one of `plan`, once for each dict."""
    rules = module.names.rules
    if rules.served and rules.client:
        yield from _Finder(module, plan, load(rules.served)).findings()


@dataclass
class _Finder:
    module: Module
    plan: Plan
    table: Table
    said: set[int] = field(default_factory=set)  # entries that have been told, by the id of where they stand

    def findings(self) -> Iterator[Finding]:
        calls = {id(call.func): call for call, _ in self.module.found.calls}
        for reference in self.module.found.references:
            node = reference.nodes[-1]
            fate = self._function(reference)
            if fate is None or id(node) in self.plan.calls or self._stays(node):
                continue
            call, skipped = calls.get(id(node)), 0
            if call is None:
                handing = self.module.call_given(node)
                if (
                    handing is None
                    or parts_of(handing.func)[-1:] == ()
                    or parts_of(handing.func)[-1] not in _HANDING_ON
                ):
                    continue
                call, skipped = handing, 1
            entries = self._of_router(call) if fate.name == _ROUTER else self._of_call(call, fate.name, skipped)
            yield from self._told(fate, [e for e in entries if id(e.at) not in self.said])

    def _stays(self, node: ast.expr) -> bool:
        return id(node) in self.module.staying or bool(self.plan.refusal(node))

    def _function(self, reference: Reference) -> Fate | None:
        """What becomes of a function that a reference means, where it is one of the client module afterwards."""
        module = self.module
        dotted = module.dotted(reference.parts, reference.scope)
        fate = module.names.fate(module.index.canonical(dotted)) if dotted else None
        if fate is None or fate.kind != "moved" or fate.to != module.names.client:
            return None
        known = fate.name in self.table.functions or fate.name == _ROUTER
        whole = module.of_library(reference.parts, reference.scope) + 1 == len(reference.parts)
        return fate if known and whole else None

    def _told(self, fate: Fate, entries: list[_Entry]) -> Iterator[Finding]:
        groups: dict[tuple[int, str], list[_Entry]] = {}
        for entry in entries:
            row = self._row(fate, entry.name)
            if row and not (isinstance(entry.value, ast.Constant) and entry.value.value is None):
                groups.setdefault((id(entry.within), row.note), []).append(entry)
                self.said.add(id(entry.at))
        for (_, note), group in groups.items():
            names = ", ".join(dict.fromkeys(entry.name for entry in group))
            said = f"{names} {'go' if len(group) > 1 else 'goes'}: {note}"
            yield Finding(self.module.source.start(group[0].at), fate.rule, Status.REVIEW, said)

    def _row(self, fate: Fate, name: str) -> Argument | None:
        """The row of an argument that does not reach the gateway; None for one that does."""
        if fate.name == _ROUTER or self.module.names.keeps_library:
            row = next(row for row in self.table.arguments if _OF_DEPLOYMENT in row.names)
            return row if row.covers(name) else None
        row = self.table.argument(fate.name, name)
        return row if row.to is Destination.DROP else None

    # ------------------------------------------------------------------------------------------------- what is given

    def _of_call(self, call: ast.Call, name: str, skipped: int) -> Iterator[_Entry]:
        order = self.table.functions[name].order_of(name)
        positional = call.args[skipped:]
        if not any(isinstance(argument, ast.Starred) for argument in positional):
            yield from (_Entry(n, value, value, call) for n, value in zip(order, positional, strict=False))
        yield from self._keywords(call)

    def _keywords(self, call: ast.Call) -> Iterator[_Entry]:
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self._items(keyword.value)
            else:
                yield _Entry(keyword.arg, keyword.value, keyword, call)

    def _of_router(self, call: ast.Call) -> Iterator[_Entry]:
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "model_list")]
        for deployment in (item for value in given for each in self._laid_out(value) for item in _elements(each)):
            for entry in self._items(deployment):
                if entry.name == "litellm_params":
                    yield from self._items(entry.value)
        for keyword in call.keywords:
            if keyword.arg == "default_litellm_params":
                yield from self._items(keyword.value)

    def _items(self, node: ast.expr, seen: frozenset[int] = frozenset()) -> Iterator[_Entry]:
        """The keys of a dict as far as the module lays them out: displays, `dict(…)`, `a | b`, what a name is given."""
        if id(node) in seen:
            return
        seen |= {id(node)}
        for each in self._laid_out(node):
            match each:
                case ast.Dict():
                    for key, value in zip(each.keys, each.values, strict=True):
                        name = text_value(key)
                        if key is None:
                            yield from self._items(value, seen)
                        elif name:
                            yield _Entry(name, value, key, each)
                case ast.Call() if parts_of(each.func) == ("dict",):
                    yield from (_Entry(k.arg, k.value, k, each) for k in each.keywords if k.arg)
                    for inner in (*each.args[:1], *(k.value for k in each.keywords if k.arg is None)):
                        yield from self._items(inner, seen)
                case ast.BinOp(op=ast.BitOr()):
                    yield from (*self._items(each.left, seen), *self._items(each.right, seen))
        yield from self._set.get(self._variable(node), ())

    # -------------------------------------------------------------------------------------- what a variable is given

    def _laid_out(self, node: ast.expr) -> list[ast.expr]:
        """The value itself, or all that the module assigns to the variable that it is."""
        variable = self._variable(node)
        return self._assigned.get(variable, []) if variable else [node]

    def _variable(self, node: ast.expr) -> tuple[int, str] | None:
        """Which variable an expression is: the scope that holds it or the class whose attribute it is, and its name."""
        parts = parts_of(node)
        scope = self._scopes.get(id(_first(node))) if parts else None
        if scope is None or len(parts) > 2:
            return None
        holder = scope.lookup(parts[0]) if len(parts) == 1 else scope.owner(parts[0])
        return (id(holder), parts[-1]) if holder else None

    @cached_property
    def _scopes(self) -> dict[int, Scope]:
        return {id(reference.nodes[0]): reference.scope for reference in self.module.found.references}

    @cached_property
    def _assigned(self) -> dict[tuple[int, str] | None, list[ast.expr]]:
        found: dict[tuple[int, str] | None, list[ast.expr]] = {}
        for node in ast.walk(self.module.source.tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            targets = [node.target] if isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) else targets
            for variable in filter(None, map(self._variable, targets)):
                value = getattr(node, "value", None)
                found.setdefault(variable, []).extend([value] if value else [])
        return found

    @cached_property
    def _set(self) -> dict[tuple[int, str] | None, list[_Entry]]:
        """What is put into a dict by its key: `a["b"] = c`, `a.update(b=c)`, `a.setdefault("b", c)`."""
        found: dict[tuple[int, str] | None, list[_Entry]] = {}
        for node in ast.walk(self.module.source.tree):
            match node:
                case ast.Assign(targets=[ast.Subscript(value=of, slice=ast.Constant(value=str() as name)) as at]):
                    entries = [_Entry(name, node.value, at, node)]
                case ast.Call(func=ast.Attribute(value=of, attr="update")):
                    inner = [e for a in node.args[:1] if isinstance(a, ast.Dict) for e in self._items(a)]
                    entries = [*(_Entry(k.arg, k.value, k, node) for k in node.keywords if k.arg), *inner]
                case ast.Call(
                    func=ast.Attribute(value=of, attr="setdefault"),
                    args=[ast.Constant(value=str() as name) as at, value],
                ):
                    entries = [_Entry(name, value, at, node)]
                case _:
                    continue
            if variable := self._variable(of):
                found.setdefault(variable, []).extend(entries)
        return found


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []


def _first(node: ast.AST) -> ast.AST:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node
