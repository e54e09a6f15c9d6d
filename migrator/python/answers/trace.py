"""Follows answers from the calls that give them through variables, attributes, parameters and functions."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable
from dataclasses import replace

from migrator.python.answers import chains, fated, known, narrowing
from migrator.python.answers.annotations import Annotations
from migrator.python.answers.contents import Contents, is_display
from migrator.python.answers.functions import Functions
from migrator.python.answers.given import Given
from migrator.python.answers.listeners import Listeners
from migrator.python.answers.members import Members
from migrator.python.answers.notes import reaching
from migrator.python.answers.shapes import Shapes
from migrator.python.answers.solving import Solving
from migrator.python.answers.values import (
    LOGGER,
    NONE,
    NOTHING,
    OTHER,
    UNKNOWN,
    Caught,
    Class,
    Function,
    Gives,
    Is,
    Kind,
    Library,
    Many,
    Object,
    Row,
    Space,
    Table,
    Tuples,
    Value,
    Values,
    inside,
    leads,
    matters,
    raised,
    said_of,
    tables_of,
    tells,
    union,
)
from migrator.python.answers.view import View
from migrator.python.answers.views import Views
from migrator.python.module import Module
from migrator.python.reading.expressions import is_absent, is_none, parts_of, text_value
from migrator.python.reading.index import Index
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.made import made

_INSIDE = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)  # expressions with variables of their own


class Trace:
    """What the expressions of a project come to."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.views = Views(index)
        self.functions = Functions(self)
        self.rule = index.names.rules.answers[0]
        self.shapes = Shapes(self.rule)
        self.members = Members(self)
        self.contents = Contents(self)
        self.listeners = Listeners(self)
        self.annotations = Annotations(self)
        self.solving = Solving()
        self.calls: dict[Hashable, list[tuple[View, ast.Call]]] = {}  # what may be called -> the calls of its name

    def apart(self) -> Trace:
        """One for a piece of code that belongs to no file, which leaves nothing behind for the modules."""
        made = Trace(self.index)
        made.views = self.views.apart()
        return made

    def see(self, module: Module) -> View:
        """The view of a module that is being rewritten."""
        return self.views.see(module)

    # --------------------------------------------------------------------------------------------------- expressions

    def value(self, at: View, node: ast.expr) -> Values:
        """What an expression can come to."""
        if isinstance(node, ast.Constant):
            return NOTHING if is_absent(node) else OTHER
        return self.solving.value(node, lambda: self._value(at, node))

    def _value(self, at: View, node: ast.expr) -> Values:
        match node:
            case ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.value(at, node.value)
            case ast.IfExp():
                return self.value(at, node.body) | self.value(at, node.orelse)
            case ast.BoolOp():
                last = self.value(at, node.values[-1])
                before = union(self.value(at, v) for v in node.values[:-1])
                return last | (NOTHING if isinstance(node.op, ast.And) else before - NOTHING)
            case ast.Dict() if not node.keys:
                return NOTHING
            case ast.Dict():
                return self._table(at, zip(node.keys, node.values, strict=True))
            case ast.DictComp():
                return self._table(at, [(node.key, node.value)])
            case ast.Tuple() if node.elts and not any(isinstance(e, ast.Starred) for e in node.elts):
                return frozenset({Row(tuple(self.value(at, e) for e in node.elts))})
            case ast.List() | ast.Set() | ast.Tuple():
                return self.contents.listed(at, node.elts)
            case ast.BinOp(op=ast.Mult(), left=ast.List()):
                return self.value(at, node.left)
            case ast.BinOp(op=ast.Add() | ast.BitOr()) if not isinstance(node.left, ast.Constant | ast.JoinedStr):
                return self._joined(at, node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return frozenset({Many(self.value(at, node.elt))})
            case ast.Lambda():
                return frozenset({Gives(self.value(at, node.body))})
            case ast.Call():
                return self._call(at, node)
            case ast.Name():
                return narrowing.around(self, at, node, self._name(at, node))
            case ast.Attribute():
                return narrowing.around(self, at, node, self._attribute(at, node))
            case ast.Subscript():
                return self._subscript(at, node)
        return OTHER

    def _joined(self, at: View, node: ast.BinOp) -> Values:
        """What a list or a tuple and another one come to, or two dictionaries."""
        both = self.value(at, node.left) | self.value(at, node.right)
        values = frozenset(Many(inside(v)) if isinstance(v, Row) else v for v in both)
        return values if any(isinstance(v, Many | Table) for v in values) and matters(values) else OTHER

    def _table(self, at: View, items: Iterable[tuple[ast.expr | None, ast.expr]]) -> Values:
        made = frozenset[Value]({self.contents.table(at, items)})
        return made if matters(made) else OTHER

    def _subscript(self, at: View, node: ast.Subscript) -> Values:
        values, key = self.value(at, node.value), text_value(node.slice)
        tables = frozenset[Value](tables_of(values))
        if tables:
            return (self.shapes.held(tables, key) or OTHER) | (values - tables - NOTHING and OTHER)
        if key is not None:
            return self.shapes.read(values, key)
        if isinstance(node.slice, ast.Slice):
            return values
        number = node.slice.value if isinstance(node.slice, ast.Constant) else None
        return self._step(values, number) if isinstance(number, int) else self.shapes.items(values)

    def _step(self, values: Values, number: int) -> Values:
        """What the item at a place comes to, of instances of a class of tuples as well."""
        return self.shapes.step(union(self.members.laid_out(v) for v in values), number)

    def of_given(self, at: View, given: Given) -> Values:
        """What a name is given by one assignment, loop or `with`, step by step."""
        said = self.annotations.read(at, given.annotation, self.scope_of(at, given.annotation))
        if given.value is None:
            return said or OTHER
        if said:
            values = self.value(at, given.value)
            return said_of(said, values) if tells(said) or not (leads(values) or values == NOTHING) else values
        values = self.value(at, given.value)
        if given.steps[:1] == ("enter",):
            return self.shapes.steps(self.members.entered(values), given.steps[1:])
        if given.steps and isinstance(given.steps[0], int):
            return self.shapes.steps(self._step(values, given.steps[0]), given.steps[1:])
        return self.shapes.steps(values, given.steps)

    def scope_of(self, at: View, node: ast.AST | None) -> Scope:
        above = at.notes.above(node) if node is not None else ()
        return next((at.scopes[id(a)] for a in above if id(a) in at.names), at.module.found.scope)

    # --------------------------------------------------------------------------------------------------------- names

    def _name(self, at: View, node: ast.Name) -> Values:
        holder = at.holder(node)
        handler = at.handler(node)
        if handler is not None:
            if handler.type is None or handler.lineno in at.module.facts.suppressed:
                return OTHER
            caught = raised(self.value(at, handler.type))
            again = [s for s in at.stores.get((id(holder), node.id), ()) if at.notes.is_within(s, handler)]
            later = self._variable(at, holder, node.id, node) if holder and again else NONE
            return later if reaching(at.notes, node, again)[1] else caught | later
        if holder is None:
            dotted = at.module.from_star(node.id)
            return self.named(dotted) if dotted else OTHER
        owner = at.scopes[id(node)].owner(node.id)
        if owner and isinstance(owner.node, ast.ClassDef):
            own = f"{at.module.facts.name}.{owner.node.name}"
            return frozenset({Class(own) if node.id == "cls" else Object(own)})
        return self._variable(at, holder, node.id, node)

    def _variable(self, at: View, holder: Scope, name: str, use: ast.Name | None) -> Values:
        stores = at.stores.get((id(holder), name), [])
        certain, seen = False, stores
        if use is not None and stores and at.scopes.get(id(use)) is holder and not isinstance(holder.node, _INSIDE):
            seen, certain = reaching(at.notes, use, stores)
            seen += [
                s for s in stores if at.scopes[id(s)] is not holder and not isinstance(at.scopes[id(s)].node, _INSIDE)
            ]
        seen = [*dict.fromkeys(seen)]
        by = [at.notes.given.get(id(s), Given(None)) for s in seen]
        values = [self.of_given(at, given) for given in by]
        within = use if use is not None and at.scopes.get(id(use)) is holder else None
        if within is not None:
            each = zip(seen, values, strict=True)
            values = [narrowing.before(self, at, within, store, stores, given) for store, given in each]
        for binding in () if certain else holder.bindings.get(name, ()):
            if isinstance(binding.node, ast.arg):
                passed = self.functions.parameter(at, holder, binding.node)
                values.append(narrowing.before(self, at, within, None, stores, passed) if within else passed)
            elif isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
                values.append(frozenset({Function(at.path, at.names[id(binding.node)])}))
            elif not isinstance(binding.node, ast.Name):
                left = binding.target is None or at.module.left_alone(binding)
                values.append(OTHER if left or binding.target is None else self.named(binding.target))
        by = by if len(by) == len(values) else []
        more = self.contents.put_into(at, holder, name)
        if by and all(is_display(given.value) for given in by):
            more |= self.contents.put_by_others(at, holder, name)
            more |= self.contents.put_by_modules(at, holder, name, anew=False)
        given = NONE if certain else self.contents.put_by_modules(at, holder, name, anew=True)
        return self.contents.filled(at, union(values), by, more) | given

    def named(self, dotted: str) -> Values:
        """What a dotted name comes to: a function of the library, something of the project's own."""
        return self.solving.value(dotted, lambda: self._of_name(self.index.canonical(dotted)))

    def _of_name(self, canon: str) -> Values:
        fate = self.index.names.fate(canon)
        if fate is not None:
            return fated.values(self.index.names, self.shapes, canon, fate)
        where = self.index.module_of(canon)
        if not where or where == canon:
            return LOGGER if canon in known.LOGGERS else OTHER
        facts, rest = self.index.by_name[where], canon[len(where) + 1 :].split(".")
        if rest[0] in facts.classes and len(rest) <= 2:
            cls = f"{where}.{rest[0]}"
            return frozenset({Class(cls)}) if len(rest) == 1 else self.members.of(cls, rest[1])
        at = self.views.look(facts.path)
        if at is None or len(rest) > 1:
            return OTHER
        if rest[0] in at.functions:
            return frozenset({Function(at.path, rest[0])})
        scope = at.module.found.scope
        return self._variable(at, scope, rest[0], None) if (id(scope), rest[0]) in at.stores else OTHER

    def _attribute(self, at: View, node: ast.Attribute) -> Values:
        if id(node) in at.by_text:
            return self.named(at.by_text[id(node)])
        parts = parts_of(node)
        if parts and isinstance(first := narrowing.first_of(node), ast.Name) and id(first) in at.scopes:
            scope = at.scopes[id(first)]
            dotted = at.module.dotted(parts, scope)
            if dotted and self.index.names.fate(self.index.canonical(dotted)):
                if len(at.module.meanings(parts, scope)) == 1:
                    given = self._of_instance(at, node, scope.owner(parts[0]))
                    return given if given - OTHER - NOTHING else self.named(dotted)
                if _is_imported(parts[0], scope):
                    return OTHER  # it stays what it is
            elif dotted and self.index.module_of(dotted).count(".") >= dotted.count(".") - 1:
                return self.named(dotted)
        values = self.of_attribute(self.value(at, node.value), node.attr)
        return values if values - OTHER - UNKNOWN else chains.given(self, at, node) or values

    def _of_instance(self, at: View, node: ast.Attribute, owner: Scope | None) -> Values:
        """What `self.name` comes to, which a default alone does not say where the instance is made with another."""
        return self.of_attribute(self.value(at, node.value), node.attr) if owner else NONE

    def of_attribute(self, values: Values, name: str) -> Values:
        """What an attribute of values comes to; a parameter in the place of a library has what that has."""
        libraries = frozenset(v for v in values if isinstance(v, Library))
        if libraries:
            read = union(self.named(f"{v.name}.{name}") for v in libraries if isinstance(v, Library))
            rest = values - libraries - UNKNOWN - NOTHING
            return read | (self.of_attribute(rest, name) if rest else NONE)
        objects = [v for v in values if isinstance(v, Object | Class)]
        named = {v: v.items[v.names.index(name)] for v in values if isinstance(v, Row) and name in v.names}
        rest = frozenset(v for v in values if not isinstance(v, Object | Class | Caught | Space) and v not in named)
        caught = union(v.errors for v in values if isinstance(v, Caught)) if name in known.RAISED else frozenset()
        of_objects = [self.members.of(v.cls if isinstance(v, Object) else v.name, name) for v in objects]
        of_spaces = [self.contents.of_space(v, name) for v in values if isinstance(v, Space)]
        return union(
            [caught, *named.values(), *of_objects, *of_spaces, self.shapes.read(rest, name) if rest else frozenset()]
        )

    # --------------------------------------------------------------------------------------------- functions and calls

    def _call(self, at: View, node: ast.Call) -> Values:
        special = known.call(self, at, node)
        if special is not None:
            return special
        built = at.module.builds.at(node.func) if at.module.facts.made else None
        if built is not None:  # by the SDK's class from now on, or else by LiteLLM's own
            given = OTHER if built.reason else self.shapes.given(built.old)
            if given:
                return given
        callees = self.value(at, node.func)
        client = made(self, at, node, callees)
        if client is not None:
            return client
        results = [self._called(at, node, callee) for callee in callees - NOTHING]  # None cannot be called
        values = union(results) or OTHER
        return self._with_usage(node, values)

    def _called(self, at: View, node: ast.Call, callee: Value) -> Values:
        if isinstance(callee, Tuples):
            return known.named_row(self, at, node, callee.names)
        over = self.functions.handed_over(callee, at, node) if isinstance(callee, Function) else None
        return self.called(callee) if over is None else over

    def called(self, callee: Value) -> Values:
        """What a call of something gives."""
        match callee:
            case Gives():
                return callee.result
            case Function():
                return self.functions.result(callee)
            case Class():
                return frozenset({Object(callee.name)})
            case Kind():
                return frozenset({callee.of})
            case Object():
                return union(self.called(each) for each in self.members.of(callee.cls, "__call__") if callee != each)
        return OTHER

    def _with_usage(self, node: ast.Call, values: Values) -> Values:
        """Answers whose stream may end in a chunk of nothing but usage: it is asked for, or nobody knows."""
        asked = any(k.arg in (None, self.rule.usage) and not is_none(k.value) for k in node.keywords)
        return frozenset(replace(v, usage=True) if isinstance(v, Is) and asked else v for v in values)


def _is_imported(name: str, scope: Scope) -> bool:
    """Whether a name is given what it is by an import, perhaps among others."""
    holder = scope.lookup(name)
    return holder is not None and any(isinstance(b.node, ast.alias) for b in holder.bindings[name])
