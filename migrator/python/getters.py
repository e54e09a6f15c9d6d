"""Functions that do nothing but import a module and give it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from migrator.python.expressions import is_none, named_module, parts_of

_FUNCTIONS = (ast.FunctionDef,)  # what an asynchronous one gives has to be awaited


def getters(tree: ast.Module, package: str) -> Iterator[tuple[str, str, list[ast.expr]]]:
    """Each such function of a module, with the module it gives and what it returns.

    A method is called `self.name` here.
    """
    for node in tree.body:
        methods = [(f"self.{m.name}", m) for m in node.body if isinstance(m, _FUNCTIONS)] if _is_class(node) else []
        for name, function in [(node.name, node)] if isinstance(node, _FUNCTIONS) else methods:
            within = list(ast.walk(function))
            given: dict[str, str] = {}
            for each in within:
                if isinstance(each, ast.Import):
                    given.update((a.asname or a.name.partition(".")[0], a.name) for a in each.names)
                elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                    imported = given.get("".join(parts_of(each.value)), "") or named_module(each.value, package)
                    given.update({each.targets[0].id: imported} if imported else {})
            returned = [n.value for n in within if isinstance(n, ast.Return) and n.value and not is_none(n.value)]
            modules = {given.get("".join(parts_of(value)), "") or named_module(value, package) for value in returned}
            if len(modules) == 1 and "" not in modules:
                yield name, modules.pop(), returned


def _is_class(node: ast.stmt) -> TypeGuard[ast.ClassDef]:
    return isinstance(node, ast.ClassDef)
