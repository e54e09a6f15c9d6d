"""What lists, dictionaries and queues hold: what they are made with, and what is put into them later."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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
    Space,
    Table,
    Values,
    inside,
    matters,
    tables_of,
    union,
)
from migrator.python.answers.view import View
from migrator.python.reading.expressions import callee_of, parts_of, root_of, text_value
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
_BUILT_IN = {"dict", "list", "set"}
SPACES = frozenset({"SimpleNamespace", "Namespace"})  # what has the attributes that it is called with
FIELDS = frozenset({"field", "Field", "PrivateAttr"})  # what says of a class how its instances get an attribute
_LESS: Values = frozenset({Table(NONE, NONE)})  # what a dictionary is that something was taken out of
_FURTHEST = 3  # functions that hand a container on to the next
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
        return self.trace.solving.value((holder.node, name), lambda: self._into(at, holder, name))

    def _into(self, at: View, holder: Scope, name: str) -> Values:
        found = union(self._put(at, put) for put in _puts(at, holder, name))
        for alias in at.notes.aliases.get(name, ()):
            other = at.holder(alias.target) if at.holder(alias.name) is holder else None
            if other is None:
                continue
            if alias.depth > 0:
                inner = (p for p in _puts(at, other, alias.target.id) if len(p.keys) > alias.depth)
                found |= union(self._put(at, put._replace(keys=put.keys[alias.depth :])) for put in inner)
            elif other is not holder or alias.target.id != name:
                values = self.put_into(at, other, alias.target.id)
                found |= frozenset({Many(values)}) if values and alias.depth < 0 else values
        return found

    def put_by_others(self, at: View, holder: Scope, name: str, further: int = _FURTHEST) -> Values:
        """What the functions that a variable is given to put into what that is."""
        key = ("by others", holder.node, name, further)
        return self.trace.solving.value(key, lambda: self._by_others(at, holder, name, further))

    def _by_others(self, at: View, holder: Scope, name: str, further: int) -> Values:
        calls = ((call, of) for call, of in at.notes.handed.get(name, ()) if isinstance(of, ast.Name))
        handed = (each for each in calls if at.holder(each[1]) is holder)
        receiving = (each for call, of in handed for each in passing.receiving(self.trace, at, call, of))
        found = NONE
        for where, own, arg in receiving:
            scope = where.functions[own][1]
            found |= self.put_into(where, scope, arg.arg)
            found |= self.put_by_others(where, scope, arg.arg, further - 1) if further else NONE
        return found

    def put_by_modules(self, at: View, holder: Scope, name: str, *, anew: bool) -> Values:
        """What other modules put into what a variable of a module is, or give that variable `anew`."""
        if holder is not at.module.found.scope:
            return NONE
        full = f"{at.module.facts.name}.{name}"

        def is_it(view: View, put: Put) -> bool:
            first = root_of(put.of)
            scope = view.scopes.get(id(first)) if first else None
            return scope is not None and view.module.meaning(parts_of(put.of), scope) == full

        found = NONE
        for view in passing.mentioning(self.trace, at, name, is_method=False):
            local = {each for each, targets in view.module.facts.bound.items() if full in targets}
            puts = (put for each in sorted({name, *local}) for put in view.notes.puts.get(each, ()))
            mine = (put for put in puts if view is not at and put.anew == anew and is_it(view, put))
            found |= union(self._put(view, put) for put in mine)
        return found

    def given_to_attribute(self, at: View, cls: str, name: str) -> tuple[Values, Values]:
        """What is put into an attribute of a class, wherever that is named, and what it is assigned outside of that.

        A variable that is given it is one more name for what is put into it.
        """
        more, assigned, full = NONE, NONE, f"{at.module.facts.name}.{cls}"
        for view in passing.mentioning(self.trace, at, cls, is_method=False) if cls else ():
            for put, of in _to_attribute(view, name):
                if self._is_of(view, of, full) and put.anew and put.given:
                    assigned |= self.trace.of_given(view, put.given)
                elif self._is_of(view, of, full):
                    more |= self._put(view, put)
            for of, variable in view.notes.kept.get(name, ()):
                holder = view.holder(variable) if variable.id in view.notes.puts else None
                if holder and self._is_of(view, of, full):
                    more |= self.put_into(view, holder, variable.id)
        return more, assigned

    def of_space(self, space: Space, name: str) -> Values:
        """An attribute of a namespace: what the call gives it that makes that, and what is assigned to it anywhere.

        It may be anything where attributes are set by names that only a run tells.
        """
        return self.trace.solving.value((space, name), lambda: self._of_space(space, name))

    def _of_space(self, space: Space, name: str) -> Values:
        paths = (space.path, *sorted(self.trace.views.near))
        views = {path: view for path in paths if (view := self.trace.views.look(path))}
        if name == "__dict__":
            named = {each: self.of_space(space, each) for each in self._named(views[space.path], space.call)}
            return frozenset({Table(OTHER, UNKNOWN, tuple(sorted(named.items())))}) if named else OTHER
        found = self.by_keyword(views[space.path], space.call, name)
        for view in views.values():
            puts = (put for put, of in _to_attribute(view, name) if space in self.trace.value(view, of))
            found |= union(self._put(view, put) for put in puts)
            if matters(found) and any(space in self.trace.value(view, of) for of in view.notes.set_by_names):
                found |= OTHER
        return found or OTHER

    def by_keyword(self, at: View, call: ast.Call, name: str) -> Values:
        """What a call gives by a name, be it in a dictionary: `f(**{"name": value})`."""
        found = union(self.trace.value(at, k.value) for k in call.keywords if k.arg == name)
        merged = union(self.trace.value(at, k.value) for k in call.keywords if k.arg is None)
        return found | self.trace.shapes.held(merged, name)

    def _named(self, at: View, call: ast.Call) -> set[str]:
        """The names that a call gives something by."""
        merged = tables_of(union(self.trace.value(at, k.value) for k in call.keywords if k.arg is None))
        return {k.arg for k in call.keywords if k.arg} | {name for table in merged for name, _ in table.fields}

    def _is_of(self, at: View, node: ast.expr, base: str) -> bool:
        """Whether an expression is a class, one that inherits from it, or an instance of one of these."""
        values = (v for v in self.trace.value(at, node) if isinstance(v, Object | Class))
        classes = {v.cls if isinstance(v, Object) else v.name for v in values}
        return any(cls == base or base in self.trace.index.lineage(cls) for cls in classes)

    def _put(self, at: View, put: Put) -> Values:
        values = self.trace.of_given(at, put.given) if put.given else _LESS
        if not put.keys and put.given:
            return frozenset(replace(v, whole=False) if isinstance(v, Table) else v for v in values)
        for key in reversed(put.keys):
            values = frozenset({Many(values) if key is None else self._keyed(at, key, values)})
        return values

    def _keyed(self, at: View, key: ast.expr, values: Values) -> Table:
        name = text_value(key)
        if name is not None:
            return Table(OTHER, NONE, ((name, values),), whole=False)
        return Table(self.trace.value(at, key), values, whole=False)

    def filled(self, at: View, made: Values, by: Sequence[Given], more: Values) -> Values:
        """What comes of values, of what a name is given, with what is put into them."""
        holds = any(isinstance(v, Many | Table) and matters(inside(v)) for v in made)
        if not (holds or matters(more)) or any(isinstance(v, Is) for v in made):
            return made
        if matters(more) and by and all(is_display(given.value) for given in by):
            made = union(self._display(at, given.value) for given in by if given.value)
        if any(isinstance(v, Many) for v in made | more):
            more = frozenset(Many(v.all()) if isinstance(v, Table) else v for v in more)
        return more | made

    def _display(self, at: View, node: ast.expr) -> Values:
        if isinstance(node, ast.Dict) and node.keys:
            return frozenset({self.table(at, zip(node.keys, node.values, strict=True))})
        return self.trace.value(at, node) - OTHER


def _puts(at: View, holder: Scope, name: str) -> Iterator[Put]:
    """What a module puts into what a variable is, by its name."""
    puts = at.notes.puts.get(name, ())
    return (put for put in puts if isinstance(put.of, ast.Name) and at.holder(put.of) is holder)


def _to_attribute(at: View, name: str) -> Iterator[tuple[Put, ast.expr]]:
    """What a module puts into attributes of a name, each with what has it."""
    return ((put, put.of.value) for put in at.notes.puts.get(name, ()) if isinstance(put.of, ast.Attribute))


def is_display(node: ast.expr | None) -> bool:
    """Whether an expression makes a container of what it says itself."""
    node = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) else node
    is_field = isinstance(node, ast.Call) and callee_of(node) in FIELDS
    return isinstance(node, _DISPLAYS) or is_field or (isinstance(node, ast.Call) and is_container(node))


def is_container(node: ast.Call) -> bool:
    """Whether a call makes a container that is empty, or that calls fill; `x.dict()` may make anything."""
    name = callee_of(node)
    return name in EMPTY and (name not in _BUILT_IN or isinstance(node.func, ast.Name))
