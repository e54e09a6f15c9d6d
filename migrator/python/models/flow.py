"""Which expressions of a module get to the `model` argument of a call that moves to the client module."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from migrator.clients.table import Function
from migrator.python.module import Module
from migrator.python.reading.assignments import assignments
from migrator.python.reading.expressions import callee_of, outcomes, parts_of, text_value
from migrator.python.reading.outline import Variable
from migrator.python.reading.scopes import FunctionNode, Scope, defaults

_LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)  # what they go over is given to their target, item by item
LISTS = (ast.List, ast.Tuple, ast.Set)
DEFAULTED = {"get", "getenv", "pop", "setdefault", "getattr"}  # calls that are given what stands in for nothing


class Flow:
    """The way back from the calls: `reached` has the ids of the expressions, `direct` of those that are arguments."""

    def __init__(self, module: Module, functions: Mapping[str, Function]) -> None:
        self.module, self.functions, self.laid_out = module, functions, module.laid_out
        self.direct: set[int] = set()
        self.reached: set[int] = set()
        self.imported: set[str] = set()  # dotted names of what other modules of the project give
        self.others: set[int] = set()  # arguments that call for another provider than their text says
        self._by_node = {id(scope.node): scope for scope in module.found.scopes}
        self._given: dict[Variable, list[ast.expr]] = {}
        self.loads: dict[Variable, list[ast.expr]] = {}
        self._note_names()
        self._note_arguments()
        for call, scope in module.found.calls:
            for sink in self._sinks(call, scope):
                self.direct.update(id(o) for o in outcomes(sink) if o is not None)
                self._visit(sink)

    def follow(self, wanted: frozenset[str]) -> None:
        """Go back from the variables of the module that others give to such calls, by their dotted names, too."""
        here = self.module.found.scope
        for (holder, name), values in list(self._given.items()):
            if holder is here and not wanted.isdisjoint(f"{own}.{name}" for own in self.module.facts.names):
                for value in values:
                    self._visit(value)

    # -------------------------------------------------------------------------------------------------- what is given

    def _note_names(self) -> None:
        nodes = self.module.source.nodes
        values = {id(target): value for target, value in assignments(nodes)}
        values |= {id(node.target): node.iter for node in nodes if isinstance(node, _LOOPS)}
        for reference in self.module.found.references:
            for count, node in enumerate(reference.nodes[:2], 1):
                key = self.module.found.variable(node)
                stored = count == len(reference.parts) and isinstance(node.ctx, ast.Store)  # type: ignore[attr-defined]
                if key and stored and id(node) in values:
                    self._given.setdefault(key, []).append(values[id(node)])
                elif key and not stored:
                    self.loads.setdefault(key, []).append(node)

    def _note_arguments(self) -> None:
        for node, _, inner in self.module.found.functions:
            for arg, default in defaults(node.args):
                self._given.setdefault(Variable(inner, arg.arg), []).append(default)
        for call, scope in self.module.found.calls:
            for key, value in self.passed(call, scope):
                self._given.setdefault(key, []).append(value)

    def passed(self, call: ast.Call, scope: Scope) -> Iterator[tuple[Variable, ast.expr]]:
        """The arguments of a call of a function or a class of this module, by the parameter that takes each."""
        function, skipped = self.callee(call, scope)
        if isinstance(function, ast.ClassDef):
            inner = self._by_node[id(function)]
            yield from ((Variable(inner, k.arg), k.value) for k in call.keywords if k.arg)
        elif function is not None:
            inner = self._by_node[id(function)]
            positional = [a.arg for a in (*function.args.posonlyargs, *function.args.args)][skipped:]
            if not any(isinstance(a, ast.Starred) for a in call.args):
                yield from ((Variable(inner, n), v) for n, v in zip(positional, call.args, strict=False))
            yield from ((Variable(inner, k.arg), k.value) for k in call.keywords if k.arg)

    def callee(self, call: ast.Call, scope: Scope) -> tuple[FunctionNode | ast.ClassDef | None, int]:
        """The function of this module that a call is of, and how many parameters it has before those it is given.

        A class stands for itself where it has no `__init__`.
        """
        parts = parts_of(call.func)
        holder = scope.lookup(parts[0]) if len(parts) == 1 else scope.owner(parts[0]) if len(parts) == 2 else None
        nodes = [b.node for b in holder.bindings.get(parts[-1], ())] if holder else []
        node = next((n for n in nodes if isinstance(n, FunctionNode | ast.ClassDef)), None)
        if isinstance(node, ast.ClassDef):
            made = self._by_node[id(node)].bindings.get("__init__", ())
            return next(((b.node, 1) for b in made if isinstance(b.node, FunctionNode)), (node, 0))
        return node, len(parts) - 1

    # -------------------------------------------------------------------------------------------------------- way back

    def moved(self, node: ast.expr, scope: Scope) -> Function | None:
        """The function of the client module that an expression stands for, and the name it has there."""
        if id(node) in self.module.staying:
            return None
        for dotted in self.module.value_of(node, scope):
            fate = self.module.names.fate(self.module.index.canonical(dotted)) if dotted else None
            if fate and fate.kind == "moved" and fate.to == self.module.names.client:
                return self.functions.get(fate.name)
        return None

    def _sinks(self, call: ast.Call, scope: Scope) -> Iterator[ast.expr]:
        function = self.moved(call.func, scope)
        handed = next((f for a in call.args[:2] if (f := self.moved(a, scope))), None) if not function else None
        if function is None and handed is None:
            return
        given = {k.arg: k.value for k in call.keywords}
        name = parts_of(call.func)[-1:] or (getattr(call.func, "attr", ""),)
        order = function.order_of(name[0]) if function else []
        models = [v for k, v in given.items() if k == "model"]
        models += [v for n, v in zip(order, call.args, strict=False) if n == "model"]
        if "custom_llm_provider" in given:
            self.others.update(map(id, models))
            return
        yield from models
        yield from self._entries(given.get("fallbacks"))
        dicts = [k.value for k in call.keywords if k.arg is None]
        yield from (v for each in dicts for v in self._item(each, "model"))
        yield from (e.value for each in dicts for e in self.laid_out.items(each) if e.name == "model")

    def _entries(self, node: ast.expr | None) -> Iterator[ast.expr]:
        """The models of a list of fallbacks."""
        for item in node.elts if isinstance(node, LISTS) else ():
            yield from self._item(item, "model") if isinstance(item, ast.Dict) else [item]

    def _visit(self, node: ast.expr | None) -> None:
        left = [node]
        while left:
            for outcome in outcomes(left.pop()):
                if outcome is not None and id(outcome) not in self.reached:
                    self.reached.add(id(outcome))
                    left += self._sources(outcome)

    def _sources(self, node: ast.expr) -> Iterator[ast.expr]:
        match node:
            case ast.Name() | ast.Attribute():
                key = self.module.found.variable(node)
                yield from self._given.get(key, ()) if key else ()
                self._note_import(node)
            case ast.Await() | ast.Starred():
                yield node.value
            case ast.List() | ast.Tuple() | ast.Set():
                yield from node.elts
            case ast.Subscript():
                key_text = text_value(node.slice)
                yield from self._item(node.value, key_text) if key_text else self._items(node.value)
            case ast.Call():
                yield from self._answers(node)

    def _note_import(self, node: ast.expr) -> None:
        parts, scope = parts_of(node), self.module.found.scope_of(node)
        dotted = self.module.meaning(parts, scope) if parts and scope else None
        if dotted:
            self.imported.add(self.module.index.canonical(dotted))

    def _answers(self, call: ast.Call) -> Iterator[ast.expr]:
        """What a call gives: the default that it falls back to, what a function of the module returns."""
        name = callee_of(call)
        if name in DEFAULTED and len(call.args) > 1:
            yield call.args[-1]
        if name in ("get", "pop") and call.args and isinstance(call.func, ast.Attribute):
            text = text_value(call.args[0])
            yield from self._item(call.func.value, text) if text else self._items(call.func.value)
        scope = self.module.found.scope_of(call.func)
        function = self.callee(call, scope)[0] if scope else None
        if isinstance(function, FunctionNode):
            yield from (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value)

    def _item(self, node: ast.expr, key: str) -> Iterator[ast.expr]:
        """What a dict has under a key, where it is laid out."""
        for made in self._laid_out(node):
            if isinstance(made, ast.Dict):
                yield from (v for k, v in zip(made.keys, made.values, strict=True) if k and text_value(k) == key)
            elif isinstance(made, ast.Call) and parts_of(made.func) == ("dict",):
                yield from (k.value for k in made.keywords if k.arg == key)

    def _items(self, node: ast.expr) -> Iterator[ast.expr]:
        """Everything a list or a dict has, where it is laid out."""
        for made in self._laid_out(node):
            yield from made.values if isinstance(made, ast.Dict) else made.elts if isinstance(made, LISTS) else ()

    def _laid_out(self, node: ast.expr) -> list[ast.expr]:
        key = self.module.found.variable(node)
        return [o for v in (self._given.get(key, ()) if key else [node]) for o in outcomes(v) if o is not None]
