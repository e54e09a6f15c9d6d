"""What lists, dictionaries and queues hold: what they are made with, and what is put into them later."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.given import Given, Put
from migrator.python.answers.values import (
    NONE,
    NOTHING,
    OTHER,
    UNKNOWN,
    Class,
    Is,
    Many,
    Object,
    Table,
    Values,
    inside,
    matters,
    tables_of,
    union,
)
from migrator.python.answers.view import View
from migrator.python.reading.expressions import callee_of, text_value
from migrator.python.reading.scopes import Scope

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

# What makes a container that is empty, or that calls fill.
EMPTY = frozenset(
    {
        "dict", "list", "set", "deque", "defaultdict", "OrderedDict", "Queue", "LifoQueue", "PriorityQueue",
        "SimpleQueue", "ContextVar", "Future", "create_future",
    }
)  # fmt: skip
_DISPLAYS = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)


class Contents:
    """Reads what is laid out, and what is put into that."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def listed(self, at: View, items: Sequence[ast.expr]) -> Values:
        """What a list that is laid out comes to."""
        if not items:
            return NOTHING
        values = ((each, self.trace.value(at, each)) for each in items)
        inner = (self.trace.shapes.items(v) if isinstance(e, ast.Starred) else v for e, v in values)
        return frozenset({Many(union(inner))})

    def table(self, at: View, items: Iterable[tuple[ast.expr | None, ast.expr]]) -> Table:
        """What a dictionary that is laid out comes to, of keys and values; what has no key is merged with it."""
        keys, rest, fields = NONE, NONE, dict[str, Values]()
        for key, item in items:
            value, name = self.trace.value(at, item), text_value(key)
            if name is not None:
                fields[name] = value
                continue
            inner = () if key else tables_of(value)
            left = value - {*inner} - NOTHING
            more = value if key else union(t.items for t in inner) | (left and (UNKNOWN if left == UNKNOWN else OTHER))
            keys |= self.trace.value(at, key) if key else union(t.keys for t in inner)
            fields = {each: before | more for each, before in fields.items()}
            for each, after in (field for t in inner for field in t.fields):
                fields[each] = fields.get(each, NONE) | after
            rest |= more
        return Table(keys | (OTHER if fields else NONE), rest, tuple(sorted(fields.items())))

    def put_into(self, at: View, holder: Scope, name: str) -> Values:
        """What is put into what a variable is."""
        puts = at.notes.puts.get(name, ())
        return union(self._put(at, put) for put in puts if isinstance(put.of, ast.Name) and at.holder(put.of) is holder)

    def put_by_others(self, at: View, holder: Scope, name: str) -> Values:
        """What the functions that a variable is given to put into what that is."""
        calls = ((call, of) for call, of in at.notes.handed.get(name, ()) if isinstance(of, ast.Name))
        handed = (each for each in calls if at.holder(each[1]) is holder)
        receiving = (each for call, of in handed for each in passing.receiving(self.trace, at, call, of))
        return union(self.put_into(where, where.functions[own][1], arg.arg) for where, own, arg in receiving)

    def put_into_attribute(self, at: View, cls: str, name: str) -> Values:
        """What is put into an attribute of a class, wherever that is named."""
        found = NONE
        for view in passing.mentioning(self.trace, at, cls, is_method=False) if cls else ():
            for put in view.notes.puts.get(name, ()):
                of = put.of.value if isinstance(put.of, ast.Attribute) else None
                objects = self.trace.value(view, of) if of else NONE
                classes = (v.cls if isinstance(v, Object) else v.name for v in objects if isinstance(v, Object | Class))
                if any(self._is_of(each, f"{at.module.facts.name}.{cls}") for each in classes):
                    found |= self._put(view, put)
        return found

    def _is_of(self, cls: str, base: str) -> bool:
        return cls == base or base in self.trace.index.lineage(cls)

    def _put(self, at: View, put: Put) -> Values:
        values = self.trace.of_given(at, put.given)
        for key in reversed(put.keys):
            values = frozenset({Many(values) if key is None else self._keyed(at, key, values)})
        return values

    def _keyed(self, at: View, key: ast.expr, values: Values) -> Table:
        name = text_value(key)
        if name is not None:
            return Table(OTHER, NONE, ((name, values),))
        return Table(self.trace.value(at, key), values)

    def filled(self, at: View, made: Values, by: Sequence[Given], more: Values) -> Values:
        """What comes of values, of what a name is given, with what is put into them."""
        holds = any(isinstance(v, Many | Table) and matters(inside(v)) for v in made)
        if not (holds or matters(more)) or any(isinstance(v, Is) for v in made):
            return made
        if matters(more) and by and all(is_display(given.value) for given in by):
            made = union(self._display(at, given.value) for given in by if given.value)
        if any(isinstance(v, Many) for v in made):
            more = frozenset(Many(v.all()) if isinstance(v, Table) else v for v in more)
        return more | made

    def _display(self, at: View, node: ast.expr) -> Values:
        if isinstance(node, ast.Dict) and node.keys:
            return frozenset({self.table(at, zip(node.keys, node.values, strict=True))})
        return self.trace.value(at, node) - OTHER


def is_display(node: ast.expr | None) -> bool:
    """Whether an expression makes a container of what it says itself."""
    node = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) else node
    return isinstance(node, _DISPLAYS) or (isinstance(node, ast.Call) and callee_of(node) in {*EMPTY, "field", "Field"})
