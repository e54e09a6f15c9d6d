"""Dictionaries that tests give in the place of answers, where the code that gets them reads attributes from now on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers.trace import Trace
from migrator.python.answers.view import View
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.sites import Finding, Status

_GIVING = {"return_value", "side_effect"}


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for such dictionaries in a module that puts something in the place of a function of the library."""
    if trace.rule.keyed or not _replaces(module, trace):
        return
    at = trace.see(module)
    for node in module.source.nodes:
        said = ""
        if isinstance(node, ast.Dict) and _looks_like_one(node, trace) and _is_given(at, node):
            said = "a dictionary in the place of an answer: attributes are read of it now, give an object that has them"
        elif isinstance(node, ast.Attribute) and node.attr == "__getitem__":
            said = "keys of a mock: attributes are read of answers now, give it these"
        if said:
            yield Finding(module.source.start(node), trace.rule.id, Status.MANUAL, said)


def _replaces(module: Module, trace: Trace) -> bool:
    canonical = {trace.index.canonical(name) for name in module.facts.assigned | module.facts.spelled}
    return any(
        name.rpartition(".")[2] in trace.rule.gives and (fate := trace.index.names.fate(name)) and fate.kind == "moved"
        for name in canonical
    )


def _looks_like_one(node: ast.Dict, trace: Trace) -> bool:
    """Whether a dictionary has a list that answers have, with an item that has a field of those there."""
    for shape in set(trace.rule.gives.values()):
        for name, said in trace.rule.fields.get(shape.strip("[]"), {}).items():
            inner = trace.rule.fields.get(said.strip("[]?~"), {}) if said.startswith("[") else {}
            items = [v for k, v in zip(node.keys, node.values, strict=True) if k and text_value(k) == name]
            listed = [each for value in items if isinstance(value, ast.List) for each in value.elts]
            if any(k and text_value(k) in inner for each in listed if isinstance(each, ast.Dict) for k in each.keys):
                return True
    return False


def _is_given(at: View, node: ast.expr) -> bool:
    """Whether an expression is what a function or a mock gives, or has a name; not where a call takes it."""
    above: ast.AST | None = at.notes.parents.get(id(node))
    while isinstance(above, ast.List | ast.Tuple):
        above = at.notes.parents.get(id(above))
    if isinstance(above, ast.keyword):
        return above.arg in _GIVING
    return isinstance(above, ast.Return | ast.Lambda | ast.Yield | ast.Assign | ast.AnnAssign)
