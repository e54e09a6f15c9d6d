"""What annotations of the classes of a project promise of attributes, as of `self.settings.limit`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.direct.given import is_promised
from migrator.python.module import Module
from migrator.python.reading.expressions import is_none, parts_of
from migrator.python.reading.scopes import FunctionNode, Scope, parameters


class Promises:
    """Asked of one module; classes of the others are read where one of theirs is meant."""

    def __init__(self, module: Module) -> None:
        self.module, self.index = module, module.index

    def is_given(self, node: ast.Attribute, scope: Scope) -> bool:
        """Whether the class of what an attribute is read off has a field of its name that is never None."""
        owner = self._class_of(node.value, scope)
        return bool(owner) and self._field(owner, node.attr) is not None

    def _class_of(self, node: ast.expr, scope: Scope) -> str:
        """The full name of the class of the project that an expression is promised to be an object of; "" for none."""
        parts = parts_of(node)
        if len(parts) == 1:
            return self._of_variable(parts[0], scope)
        owner = scope.owner(parts[0]) if len(parts) == 2 else None
        if owner is not None:
            return self._of_member(owner, parts[1])
        if isinstance(node, ast.Attribute) and (above := self._class_of(node.value, scope)):
            return self._meant(*(self._field(above, node.attr) or ("", None)))
        return ""

    def _of_variable(self, name: str, scope: Scope) -> str:
        holder = scope.lookup(name)
        nodes = [binding.node for binding in holder.bindings[name]] if holder else []
        notes = [node.annotation for node in nodes if isinstance(node, ast.arg)]
        return self._meant(self.module.facts.name, notes[0]) if len(notes) == len(nodes) == 1 else ""

    def _of_member(self, owner: Scope, name: str) -> str:
        """The class of `self.name`: that of the one parameter that it is given."""
        given = set[str]()
        for function in owner.node.body if isinstance(owner.node, ast.ClassDef) else ():
            if not isinstance(function, FunctionNode):
                continue
            notes = {each.arg: each.annotation for each in parameters(function.args)}
            first = next(iter(notes), "")
            for target, value in _assigned(function):
                if parts_of(target) == (first, name):
                    note = notes.get(value.id) if isinstance(value, ast.Name) else None
                    given.add(self._meant(self.module.facts.name, note))
        return given.pop() if len(given) == 1 else ""

    def _meant(self, where: str, annotation: ast.expr | None) -> str:
        """The class that an annotation in a module means."""
        parts = parts_of(annotation) if annotation is not None else ()
        full = self.index.canonical(".".join((where, *parts))) if parts and where else ""
        module, _, name = full.rpartition(".")
        facts = self.index.by_name.get(module)
        return full if facts is not None and name in facts.classes else ""

    def _field(self, owner: str, name: str) -> tuple[str, ast.expr] | None:
        """The annotation of a field that is never None, and the module it stands in; None where no class has one."""
        for each in self.index.lineage(owner):
            module, _, cls = each.rpartition(".")
            facts = self.index.by_name.get(module)
            parsed = self.index.parsed(facts.path) if facts else None
            for node in parsed[0].tree.body if parsed else ():
                for field in node.body if isinstance(node, ast.ClassDef) and node.name == cls else ():
                    if isinstance(field, ast.AnnAssign) and parts_of(field.target) == (name,):
                        sure = is_promised(field.annotation) and not is_none(field.value)
                        return (module, field.annotation) if sure else None
        return None


def _assigned(function: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            yield node.target, node.value
