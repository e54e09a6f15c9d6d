"""What is read off the answers of a library's functions: keys become attributes, where the answer can be traced."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.primitives import Answer
from migrator.python.expressions import parts_of, text_value
from migrator.python.module import Module
from migrator.python.scopes import Scope
from migrator.sites import Edit, Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """Findings for `answer["choices"][0]`, `answer.json()` and their like, within the function that made the call."""
    if module.names.rules.answers:
        trace = _Trace(module)
        if trace.calls:
            for node in ast.walk(module.source.tree):
                if isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
                    yield from _read(module, trace, node)


class _Trace:
    """Which expressions of a module are answers, or parts of one."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.rule: Answer = module.names.rules.answers[0]
        self.calls = {id(call) for call, scope in module.found.calls if self._is_asked(call, scope)}
        self._scopes = {id(r.nodes[0]): r.scope for r in module.found.references} if self.calls else {}
        self._given = dict(_given(module.source.tree)) if self.calls else {}
        self._told: dict[int, bool] = {}

    def _is_asked(self, call: ast.Call, scope: Scope) -> bool:
        dotted = self.module.meaning(parts_of(call.func), scope)
        fate = self.module.names.fate(self.module.index.canonical(dotted)) if dotted else None
        client = self.module.names.client
        return fate is not None and fate.kind == "moved" and fate.to == client

    def leads(self, node: ast.expr) -> bool:
        """Whether an expression is an answer or something in it that has fields."""
        if id(node) not in self._told:
            self._told[id(node)] = False  # what a circle of names comes back to
            self._told[id(node)] = self._leads(node)
        return self._told[id(node)]

    def _leads(self, node: ast.expr) -> bool:
        match node:
            case ast.Await():
                return self.leads(node.value)
            case ast.Call():
                return id(node) in self.calls
            case ast.Name():
                return self._is_given(node)
            case ast.Attribute():
                return node.attr in self.rule.parts and self.leads(node.value)
            case ast.Subscript():
                key = text_value(node.slice)
                return (key is None or key in self.rule.parts) and self.leads(node.value)
        return False

    def _is_given(self, node: ast.Name) -> bool:
        """Whether every value that a variable is given here is an answer."""
        scope = self._scopes.get(id(node))
        holder = scope.lookup(node.id) if scope else None
        values = [self._given.get(id(b.node)) for b in holder.told(node.id)] if holder else []
        return bool(values) and all(value is not None and self.leads(value) for value in values)


def _given(tree: ast.Module) -> Iterator[tuple[int, ast.expr]]:
    """Id of a name that is assigned to -> the value, or what it is an item of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((id(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            yield id(node.target), node.value
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield id(node.target), node.iter


def _read(module: Module, trace: _Trace, node: ast.Subscript | ast.Attribute | ast.Call) -> Iterator[Finding]:
    rule = trace.rule
    if isinstance(node, ast.Subscript):
        key = text_value(node.slice)
        if key is not None and trace.leads(node.value):
            start, end = module.source.end(node.value), module.source.end(node)
            plain = module.source.text[start:end].strip("[] \t")[1:-1] == key and key in (*rule.parts, *rule.fields)
            edits = (Edit(start, end, f".{key}"),) if plain else ()
            status = Status.MIGRATED if plain else Status.MANUAL
            said = f"[{key!r}] → .{key}" if plain else f"[{key!r}]: {rule.message}"
            yield Finding(start, rule.id, status, said, edits)
    elif isinstance(node, ast.Attribute) and node.attr in rule.gone and trace.leads(node.value):
        start = module.source.end(node) - len(node.attr)
        yield Finding(start, rule.id, Status.MANUAL, f"{node.attr}: {rule.message}")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and trace.leads(node.func.value):
        name, end = node.func.attr, module.source.end(node.func)
        new = rule.methods.get(name)
        if new and module.source.text[end - len(name) : end] == name:
            edit = Edit(end - len(name), end, new)
            yield Finding(edit.start, rule.id, Status.MIGRATED, f"{name}() → {new}()", (edit,))
        elif name == "get":
            yield Finding(end - len(name), rule.id, Status.MANUAL, f"get(…): {rule.message}")
