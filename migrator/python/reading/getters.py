"""Functions that do nothing but import a module and give it, and classes whose instances stand for one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeGuard

from migrator.python.reading.expressions import is_none, named_module, parts_of

NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})  # of what functions of other modules give
_COMMON = frozenset(name for kind in (dict, list, set, str) for name in dir(kind)) | {"put", "read"}
_FUNCTIONS = (ast.FunctionDef,)  # what an asynchronous one gives has to be awaited
_READ = {("property",), ("cached_property",)}  # what makes a method an attribute


class Getter(NamedTuple):
    """What gives a module: a function, a method, a class; `read` is one that is not called for it, a property."""

    name: str  # at the top of its module, with a dot where it is in a class
    module: str
    returned: list[ast.expr]
    read: bool = False

    @property
    def is_private(self) -> bool:
        return self.name.rpartition(".")[2].startswith("_")

    @property
    def spelled(self) -> list[str]:
        """What it is called by in its own module; a method of an object by `.name` alone."""
        owner, _, method = self.name.rpartition(".")
        of_any = [] if is_common(method) else [f".{method}"]
        return [self.name, f"self.{method}", f"cls.{method}", *of_any] if owner else [self.name]


def is_common(method: str) -> bool:
    """Whether objects of all kinds have a method of that name, so that it alone does not tell which is called."""
    return method in _COMMON


def getters(tree: ast.Module, package: str, told: Mapping[str, str]) -> Iterator[Getter]:
    """What gives a module; `told` are those of other modules, as they are called here, with what they give.

    A class is one that reads everything it lacks off the module, as in
    `def __getattr__(self, name): return getattr(self._module, name)`.
    """
    for node in tree.body:
        owner = f"{node.name}." if _is_class(node) else ""
        giving: dict[str, str] = {}
        for function in node.body if _is_class(node) else [node]:
            if not isinstance(function, _FUNCTIONS):
                continue
            within = list(ast.walk(function))
            given = _given(within, package, told)
            returned = [n.value for n in within if isinstance(n, ast.Return) and n.value and not is_none(n.value)]
            modules = {given.get(".".join(parts_of(v)), "") or named_module(v, package, told) for v in returned}
            if len(modules) == 1 and "" not in modules:
                giving[f"self.{function.name}"] = module = modules.pop()
                read = bool(owner) and any(parts_of(d)[-1:] in _READ for d in function.decorator_list)
                yield Getter(f"{owner}{function.name}", module, returned, read)
        if _is_class(node) and (module := _stood_for(node, package, giving)):
            yield Getter(node.name, module, [])


def _given(within: Iterable[ast.AST], package: str, told: Mapping[str, str]) -> dict[str, str]:
    """The modules that imports and assignments give names, and attributes as `self.name`."""
    given: dict[str, str] = {}
    for each in within:
        if isinstance(each, ast.Import):
            given.update((a.asname or a.name.partition(".")[0], a.name) for a in each.names)
        elif isinstance(each, ast.Assign) and (parts := parts_of(each.targets[0])):
            imported = given.get(".".join(parts_of(each.value)), "") or named_module(each.value, package, told)
            given.update({".".join(parts): imported} if imported else {})
    return given


def _stood_for(node: ast.ClassDef, package: str, giving: dict[str, str]) -> str:
    """The module that a class reads off what it lacks; "" where it does not, or more than one."""
    reading = next((m for m in node.body if isinstance(m, _FUNCTIONS) and m.name == "__getattr__"), None)
    if reading is None or len(reading.args.args) != 2:
        return ""
    asked, given = reading.args.args[1].arg, _given(ast.walk(node), package, NOTHING_TOLD)
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
