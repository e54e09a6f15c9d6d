"""Functions that do nothing but import a module and give it, and classes whose instances stand for one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from migrator.python.reading.expressions import is_none, named_module, parts_of

_FUNCTIONS = (ast.FunctionDef,)  # what an asynchronous one gives has to be awaited


def getters(tree: ast.Module, package: str) -> Iterator[tuple[str, str, list[ast.expr]]]:
    """What gives a module when it is called, by its name, with that module and what it returns.

    A method is called `self.name` here. A class is one that reads everything it lacks off the module, as in
    `def __getattr__(self, name): return getattr(self._module, name)`. Of a public function that nothing calls here,
    what it returns is left out: others call that.
    """
    called = {parts_of(node.func)[-1:] for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in tree.body:
        methods = [(f"self.{m.name}", m) for m in node.body if isinstance(m, _FUNCTIONS)] if _is_class(node) else []
        giving: dict[str, str] = {}
        for name, function in [(node.name, node)] if isinstance(node, _FUNCTIONS) else methods:
            within = list(ast.walk(function))
            given = _given(within, package)
            returned = [n.value for n in within if isinstance(n, ast.Return) and n.value and not is_none(n.value)]
            modules = {given.get("".join(parts_of(value)), "") or named_module(value, package) for value in returned}
            if len(modules) == 1 and "" not in modules:
                giving[name] = modules.pop()
                is_own = function.name.startswith("_") or (function.name,) in called
                yield name, giving[name], returned if is_own else []
        if _is_class(node) and (module := _stood_for(node, package, giving)):
            yield node.name, module, []


def _given(within: Iterable[ast.AST], package: str) -> dict[str, str]:
    """The modules that imports and assignments give names, and attributes as `self.name`."""
    given: dict[str, str] = {}
    for each in within:
        if isinstance(each, ast.Import):
            given.update((a.asname or a.name.partition(".")[0], a.name) for a in each.names)
        elif isinstance(each, ast.Assign) and (parts := parts_of(each.targets[0])):
            imported = given.get("".join(parts_of(each.value)), "") or named_module(each.value, package)
            given.update({".".join(parts): imported} if imported else {})
    return given


def _stood_for(node: ast.ClassDef, package: str, giving: dict[str, str]) -> str:
    """The module that a class reads off what it lacks; "" where it does not, or more than one."""
    reading = next((m for m in node.body if isinstance(m, _FUNCTIONS) and m.name == "__getattr__"), None)
    if reading is None or len(reading.args.args) != 2:
        return ""
    asked, given = reading.args.args[1].arg, _given(ast.walk(node), package)
    modules = set()
    for call in ast.walk(reading):
        if isinstance(call, ast.Call) and parts_of(call.func) == ("getattr",) and len(call.args) == 2:
            of, name = call.args
            if parts_of(name) == (asked,):
                parts = parts_of(of.func) if isinstance(of, ast.Call) else parts_of(of)
                modules.add((giving if isinstance(of, ast.Call) else given).get(".".join(parts), ""))
    return modules.pop() if len(modules) == 1 else ""


def _is_class(node: ast.stmt) -> TypeGuard[ast.ClassDef]:
    return isinstance(node, ast.ClassDef)
