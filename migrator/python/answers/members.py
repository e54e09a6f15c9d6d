"""What attributes of the project's own classes come to, and what `with` gives of their instances."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.contents import SPACES
from migrator.python.answers.given import Given
from migrator.python.answers.values import (
    NONE,
    NOTHING,
    OTHER,
    Function,
    Object,
    Row,
    Value,
    Values,
    leads,
    matters,
    tells,
    union,
)
from migrator.python.answers.view import View, decorators
from migrator.python.reading.expressions import callee_of

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace


class Members:
    """Attributes of classes, found by the assignments to them and by the calls that make instances."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def of(self, cls: str, name: str) -> Values:
        """An attribute of a class, or of one that it inherits from."""
        return self.trace.solving.value((cls, name), lambda: self._of(cls, name))

    def _of(self, cls: str, name: str) -> Values:
        for each in self.trace.index.lineage(cls):
            at, own = self._seen(each)
            if at is None:
                continue
            if f"{own}.{name}" in at.functions:
                node, _ = at.functions[f"{own}.{name}"]
                function = Function(at.path, f"{own}.{name}")
                is_read = {"property", "cached_property"} & {*decorators(node)}
                return self.trace.functions.result(function) if is_read else frozenset({function})
            stores = at.members.get((own, name), [])
            more, outside = self.trace.contents.given_to_attribute(at, own, name)
            made = self._made_with(at, own, name)
            if stores or more or outside or made:
                given = [at.notes.given.get(id(s), Given(None)) for s in stores]
                sure = [one for one in given if one.value is not None or not leads(made)]
                values = self._assigned(cls, at, sure, made, outside) | (made if leads(made) else NONE)
                return self.trace.contents.filled(at, values, () if leads(made) or outside else given, more)
        return OTHER

    def gives_answers(self, cls: str) -> bool:
        """Whether a method of a class, or of one that it inherits from, gives an answer."""
        for at, own in map(self._seen, self.trace.index.lineage(cls)):
            methods = (name for name in (at.functions if at else ()) if name.startswith(f"{own}."))
            if at and any(leads(self.trace.functions.result(Function(at.path, name))) for name in methods):
                return True
        return False

    def _seen(self, cls: str) -> tuple[View | None, str]:
        """The module that a class stands in, where that is the project's, and its name there."""
        module, _, own = cls.rpartition(".")
        facts = self.trace.index.by_name.get(module)
        return (self.trace.views.look(facts.path) if facts else None), own

    def _assigned(self, cls: str, at: View, given: list[Given], made: Values, outside: Values) -> Values:
        """What an attribute is assigned.

        `name: Any` in the body of a class says nothing beside that. Where it is declared, or None to begin with, and
        attributes are set by names that only a run tells, it may be anything.
        """
        only_declared = [one for one in given if one.value is None or _is_bare_field(one.value)]
        values = outside.union(*(self.trace.of_given(at, one) for one in given if one not in only_declared))
        said = union(self.trace.of_given(at, one) for one in only_declared)
        if not matters(values) or made or tells(said):
            return values | said
        is_field = bool(only_declared) or values >= NOTHING
        return values | OTHER if is_field and self._is_set_by_names(cls) else values

    def _is_set_by_names(self, cls: str) -> bool:
        """Whether instances of a class get attributes by names that only a run tells: `setattr(self, key, value)`."""
        at, own = self._seen(cls)
        above = (view for view, _ in map(self._seen, self.trace.index.lineage(cls)))
        views = (*above, *passing.mentioning(self.trace, at, own, is_method=False)) if at else ()
        return any(self._is_of(view, of, cls) for view in views if view for of in view.notes.set_by_names)

    def _is_of(self, at: View, node: ast.expr, cls: str) -> bool:
        """Whether an expression is an instance of a class, of one that it inherits from or that inherits from it."""
        found = {v.cls for v in self.trace.value(at, node) if isinstance(v, Object)}
        lineage = self.trace.index.lineage
        return any(each in (cls, *lineage(cls)) or cls in lineage(each) for each in found)

    def _made_with(self, at: View, own: str, name: str) -> Values:
        """What the calls of a class without a method for it give a field, by its name or by its place.

        A class of namespaces has a field for each name that it is called with.
        """
        fields, cls = _fields(at, own), f"{at.module.facts.name}.{own}"
        is_open = any(each.rpartition(".")[2] in SPACES for each in self.trace.index.lineage(cls))
        if not (is_open or name in fields) or f"{own}.__init__" in at.functions:
            return NONE
        found, place = NONE, fields.index(name) if name in fields else sys.maxsize
        for view, call in passing.makings(self.trace, at, own):
            found |= self.trace.contents.by_keyword(view, call, name)
            if place < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args):
                found |= self.trace.value(view, call.args[place])
        return found

    def laid_out(self, value: Value) -> Values:
        """A value, or its items where it is an instance of a class of tuples."""
        lineage = self.trace.index.lineage(value.cls) if isinstance(value, Object) else []
        if not any(each.rpartition(".")[2] == "NamedTuple" for each in lineage):
            return frozenset({value})
        at, own = self._seen(lineage[0])
        names = _fields(at, own) if at else []
        return frozenset({Row(tuple(self.of(lineage[0], name) for name in names), tuple(names))})

    def above(self, at: View, node: ast.AST) -> Values:
        """What `super()` is: what the class around inherits from, or what a class has after it that mixes it in."""
        own = next((each.name for each in at.notes.above(node) if isinstance(each, ast.ClassDef)), "")
        index, cls = self.trace.index, f"{at.module.facts.name}.{own}"
        if more := index.lineage(cls)[1:]:
            return frozenset({Object(more[0])})
        mixing = (c for facts in index.by_path.values() for c in facts.classes.values())
        bases = ([index.canonical(base) for base in c.bases] for c in mixing)
        return frozenset(Object(b) for each in bases if cls in each for b in each[each.index(cls) + 1 :]) or OTHER

    def entered(self, values: Values) -> Values:
        """What `with` gives of values: what their `__enter__` does where that is the project's own."""
        classes = {v.cls for v in values if isinstance(v, Object)}
        ways = union(self.of(cls, way) - OTHER for cls in classes for way in ("__enter__", "__aenter__"))
        known = union(self.trace.called(way) for way in ways)
        return known or self.trace.shapes.step(values, "enter")


def _is_bare_field(node: ast.expr) -> bool:
    """Whether a value is `PrivateAttr()`, which gives an instance nothing."""
    return isinstance(node, ast.Call) and callee_of(node) == "PrivateAttr" and not (node.args or node.keywords)


def _fields(at: View, own: str) -> list[str]:
    """The names that the body of a class annotates, in order."""
    body = next((node.body for node, _ in at.module.found.classes if node.name == own), [])
    return [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
