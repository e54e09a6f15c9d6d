"""Dictionaries that tests give in the place of answers, where the code that gets them reads attributes from now on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers import keyed, standins
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import NONE, leads
from migrator.python.answers.view import View
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, text_value
from migrator.sites import Edit, Finding, Status

_OBJECTS = ("Mock", "SimpleNamespace")  # what the names end in of what makes any object for a test
_TO_DO = "a dictionary in the place of an answer: attributes are read of it now, give an object that has them"
_AN_OBJECT = "a dictionary in the place of an answer is an object: attributes are read of it now, methods it has none"


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for such dictionaries in a module that puts something in the place of a function of the library."""
    yield from _made_up(module, trace)
    if trace.rule.keyed or not _replaces(module, trace):
        return
    at = trace.see(module)
    sure = standins.given(module, trace)
    for node in module.source.nodes:
        said, edits = "", tuple[Edit, ...]()
        if isinstance(node, ast.Dict) and (id(node) in sure or _is_given(at, node)):
            shape = _shape(node, trace)
            if shape and keyed.is_read(trace, node):
                edits = standins.as_object(module, trace, node, shape) if id(node) in sure else ()
                said = _AN_OBJECT if edits else _TO_DO
        elif isinstance(node, ast.Attribute) and node.attr == "__getitem__" and keyed.read(trace):
            said = "keys of a mock: attributes are read of answers now, give it these"
        if said:
            status = Status.REVIEW if edits else Status.MANUAL
            yield Finding(module.source.start(node), trace.rule.id, status, said, edits)
    yield from _in_objects(module, trace)


def _in_objects(module: Module, trace: Trace) -> Iterator[Finding]:
    """The dictionaries in a list that an object made for a test has, as answers have one: `Mock(data=[{…}])`."""
    for node in module.source.nodes:
        match node:
            case ast.Call() if callee_of(node).endswith(_OBJECTS):
                given = [(k.arg or "", k.value) for k in node.keywords]
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                given = [(name, value)]
            case _:
                continue
        for name, value in given:
            for item in _items(value):
                if (shape := _item_shape(name, item, trace)) and (
                    edits := standins.as_object(module, trace, item, shape)
                ):
                    yield Finding(module.source.start(item), trace.rule.id, Status.REVIEW, _AN_OBJECT, edits)


def _items(value: ast.expr) -> Iterator[ast.Dict]:
    each = value.elts if isinstance(value, ast.List) else [value.elt] if isinstance(value, ast.ListComp) else []
    yield from (item for item in each if isinstance(item, ast.Dict))


def _item_shape(name: str, item: ast.Dict, trace: Trace) -> str:
    """The shape of which answers have a list by this name, where a dictionary has fields of that and no others."""
    keys = {text_value(key) if key else None for key in item.keys}
    for shape in sorted({shape.strip("[]") for shape in trace.rule.gives.values()}):
        said = trace.rule.fields.get(shape, {}).get(name, "")
        inner = said.strip("[]?~") if said.startswith("[") else ""
        if inner and keys and keys <= {*trace.rule.fields.get(inner, {})} and keyed.is_read(trace, item):
            return inner
    return ""


def _made_up(module: Module, trace: Trace) -> Iterator[Finding]:
    """What a test hands to code of the project for the library to answer with, in a dict."""
    parents = trace.see(module).notes.parents
    for node in module.source.nodes:
        above = parents.get(id(node)) if isinstance(node, ast.Dict) else None
        if isinstance(node, ast.Dict) and (isinstance(above, ast.Call) or getattr(above, "arg", None)):
            for key in (k for k in node.keys if k):
                if said := trace.rule.faked.get(text_value(key) or ""):
                    yield Finding(module.source.start(key), trace.rule.id, Status.MANUAL, f"{text_value(key)}: {said}")


def _replaces(module: Module, trace: Trace) -> bool:
    """Whether a module puts something in the place of what gives answers, or of the whole library in `sys.modules`."""
    libraries = {left.module for left in trace.index.names.rules.libraries}
    canonical = {trace.index.canonical(name) for name in module.facts.assigned | module.facts.spelled}
    return not libraries.isdisjoint(canonical) or any(_gives_answers(trace, name) for name in canonical)


def _gives_answers(trace: Trace, name: str) -> bool:
    """Whether a name is that of a moved function, of what gives answers in the project, or of a method of that."""
    fate = trace.index.names.fate(name)
    if fate is not None:
        return fate.kind == "moved" and name.rpartition(".")[2] in trace.rule.gives
    given = name if trace.index.module_of(name) else ""
    values = trace.named(given) | trace.named(given.rpartition(".")[0]) if given else NONE
    return leads(values) or any(leads(trace.called(value)) for value in values)


def _shape(node: ast.Dict, trace: Trace) -> str:
    """The shape of a dictionary that has a list that answers have, with an item that has a field of those there.

    Of several shapes it is the one that has most of what is in the list; "" for another dictionary.
    """
    best, found = "", 0
    for shape in sorted({shape.strip("[]") for shape in trace.rule.gives.values()}):
        for name, said in trace.rule.fields.get(shape, {}).items():
            inner = trace.rule.fields.get(said.strip("[]?~"), {}) if said.startswith("[") else {}
            items = [v for k, v in zip(node.keys, node.values, strict=True) if k and text_value(k) == name]
            listed = [each for value in items if isinstance(value, ast.List) for each in value.elts]
            keys = [text_value(k) for each in listed if isinstance(each, ast.Dict) for k in each.keys if k]
            if (known := sum(key in inner for key in keys)) > found:
                best, found = shape, known
    return best


def _is_given(at: View, node: ast.expr) -> bool:
    """Whether an expression is what a function or a mock gives, or has a name; not where a call takes it."""
    above: ast.AST | None = at.notes.parents.get(id(node))
    while isinstance(above, ast.List | ast.Tuple):
        above = at.notes.parents.get(id(above))
    if isinstance(above, ast.keyword):
        return above.arg in standins.GIVING
    return isinstance(above, ast.Return | ast.Lambda | ast.Yield | ast.Assign | ast.AnnAssign)
