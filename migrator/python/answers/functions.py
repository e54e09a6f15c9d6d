"""What the functions of a project give, and what they are given by the calls of them that are seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.python.answers import contrary, known, passing
from migrator.python.answers.applied import Applied, plain
from migrator.python.answers.kept import are_all_seen
from migrator.python.answers.values import (
    NOTHING,
    OTHER,
    UNKNOWN,
    Function,
    Gives,
    Is,
    Library,
    Many,
    Object,
    Row,
    Space,
    Table,
    Value,
    Values,
    asked,
    asks_usage,
    leads,
    matters,
    said_of,
    tells,
    union,
)
from migrator.python.answers.view import View, decorators
from migrator.python.reading.expressions import is_none
from migrator.python.reading.facts import Facts
from migrator.python.reading.scopes import FunctionNode, Scope, parameters

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_SAYING = Is | Many | Gives | Function | Object | Row | Space | Library | Table  # what says more than an annotation


class Functions:
    """The results and the parameters of functions."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def result(self, function: Function) -> Values:
        """What a function of the project gives."""
        return self.trace.solving.value(function, lambda: self._of_function(function))

    def _of_function(self, function: Function) -> Values:
        at = self.trace.views.look(function.path)
        return self._result(at, function.name) if at else OTHER

    def _result(self, at: View, name: str) -> Values:
        node, _ = at.functions[name]
        said = self.trace.annotations.read(at, node.returns, self.trace.scope_of(at, node))
        yielded = at.notes.yields.get(id(node))
        entered = {"contextmanager", "asynccontextmanager", "fixture"} & {*decorators(node)}
        if said and tells(said):
            values = said_of(said, union(self.trace.value(at, v) for v in at.notes.gives.get(id(node), ())))
        elif yielded:
            values = frozenset({Many(union(self.trace.of_given(at, y) for y in yielded))})
        else:
            values = union(self.trace.value(at, v) for v in at.notes.gives.get(id(node), ())) or NOTHING
        if entered and not yielded:
            return OTHER
        strange = {d for d in decorators(node) if d not in known.TRANSPARENT and "retry" not in d.lower()}
        return values | OTHER if strange else values

    def handed_over(self, function: Function, at: View, call_: ast.Call) -> Values | None:
        """What a call gives of a function that calls what it is given and gives its result; None for any other one."""
        where = self.trace.views.look(function.path)
        if where is None:
            return None
        node, scope = where.functions[function.name]
        arg = _called(where, node, scope)
        given = passing.argument(plain(call_), node, arg, function.name) if arg else ()
        callees = union(self.trace.of_given(at, each) for each in given)
        return union(self.trace.called(callee) for callee in callees - NOTHING) if given else None

    def parameter(self, at: View, holder: Scope, arg: ast.arg) -> Values:
        """What a parameter is given by all calls that are seen, where its annotation does not say it."""
        return self.trace.solving.value(arg, lambda: self._of_parameter(at, holder, arg))

    def _of_parameter(self, at: View, holder: Scope, arg: ast.arg) -> Values:
        function = holder.node
        if isinstance(function, ast.Lambda):
            places = [*function.args.posonlyargs, *function.args.args]
            return known.applied_to(self.trace, at, function, places.index(arg)) if arg in places else UNKNOWN
        if not isinstance(function, FunctionNode):
            return UNKNOWN
        told = self.trace.listeners.told(at, function, arg) if id(function) in at.names else None
        if told:
            return frozenset({told}) | NOTHING
        said = self.trace.annotations.read(at, arg.annotation, holder.parent or at.module.found.scope)
        answers = asks_usage(frozenset(map(asked, said)))
        if tells(said) and not answers and not self._is_called(said):
            return said
        if arg is function.args.kwarg and id(function) in at.names and not answers:
            return self._by_name(at, function)
        if arg in (function.args.vararg, function.args.kwarg) or id(function) not in at.names:
            return said if answers else UNKNOWN
        given = [self.trace.of_given(view_, each) for view_, each in passing.passed(self.trace, at, function, arg)]
        passed = union(given)
        if answers:
            more = contrary.passed(self.trace, at, function, arg, said) | contrary.read(
                self.trace, at, holder, arg, said
            )
            return said_of(said | more, passed)
        if not any(isinstance(v, _SAYING) for v in passed):
            return said or UNKNOWN
        as_dict = not passed & (OTHER | UNKNOWN) and contrary.is_mapping(arg.annotation)
        certain = as_dict and are_all_seen(self.trace, at, function)
        return passed | (said - OTHER if certain else said)  # `dict` is also said of answers

    def _by_name(self, at: View, function: FunctionNode) -> Values:
        """What `**kwargs` are: what all calls give by names that no parameter has, if an answer is among that."""
        own = {arg.arg for arg in parameters(function.args)}
        calls = [*passing.seen(self.trace, at, function)]
        tables = [self.trace.contents.table(view, _named(call)) for view, call in calls]
        names = sorted({name for table in tables for name, _ in table.fields} - own)
        fields = tuple((name, union(table.at(name) for table in tables)) for name in names)
        values = frozenset[Value]({Table(OTHER, union(table.items for table in tables) | UNKNOWN, fields, whole=False)})
        return values if matters(values) else UNKNOWN

    def _is_called(self, said: Values) -> bool:
        """Whether an annotation names nothing but classes whose instances are called, be it one that only says how."""
        return all(isinstance(v, Object) and self.trace.members.of(v.cls, "__call__") - OTHER for v in said)

    def handed_on(self, facts: Facts) -> Iterator[str]:
        """The functions, classes and variables at the top of a module that hand answers on, by name."""
        at = self.trace.views.look(facts.path)
        if at is None:
            return
        for name in at.functions:
            owner, _, method = name.rpartition(".")
            if "@" in name or method.startswith("__"):
                continue
            if self._hands_on(self.result(Function(facts.path, name))):
                yield owner or name
        for (owner, name), stores in at.members.items():
            if stores and self._hands_on(self.trace.members.of(f"{facts.name}.{owner}", name)):
                yield owner
        for name in [name for scope, name in at.stores if scope == id(at.module.found.scope)]:
            values = self.trace.named(f"{facts.name}.{name}")
            if self._hands_on(values) or any(isinstance(v, Space) for v in values):
                yield name

    def _hands_on(self, values: Values) -> bool:
        """Whether there is an answer among values, or an instance of a class with a method that gives one."""
        return leads(values) or any(isinstance(v, Object) and self.trace.members.gives_answers(v.cls) for v in values)

    def calling(self, facts: Facts) -> Iterator[str]:
        """The functions and classes at the top of a module that call what others give them with an answer."""
        at = self.trace.views.look(facts.path)
        if at is None:
            return
        for call in passing.of_parameters(at):
            above = [each.name for each in at.notes.above(call) if isinstance(each, FunctionNode | ast.ClassDef)]
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            if any(leads(self.trace.value(at, each)) for each in given):
                yield above[-1]

    def taken(self, facts: Facts) -> Iterator[str]:
        """The functions and classes at the top of a module that read keys of answers, which others may give them."""
        at = self.trace.views.look(facts.path)
        if at is None:
            return
        for node, _ in at.module.found.lookups:
            of = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
            above = [each.name for each in at.notes.above(node) if isinstance(each, FunctionNode | ast.ClassDef)]
            if above and leads(self.trace.value(at, of)):
                yield above[-1]


def _named(call: Applied) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """What a call gives by name, as the items of a dictionary."""
    yield from ((None, each) for each in call.merged)
    yield from ((ast.Constant(name), value) for name, value in call.keywords.items())


def _called(at: View, function: FunctionNode, scope: Scope) -> ast.arg | None:
    """The parameter that a function calls to give what that gives, wherever it gives anything."""
    if id(function) in at.notes.yields or {*decorators(function)} - known.TRANSPARENT:
        return None
    names = set[str]()
    waiting, seen = [*at.notes.gives.get(id(function), ())], set[str]()
    while waiting:
        value = waiting.pop()
        value = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            names.add(value.func.id)
        elif isinstance(value, ast.Name) and value.id not in seen and (id(scope), value.id) in at.stores:
            seen.add(value.id)
            given = [at.notes.given.get(id(store)) for store in at.stores[id(scope), value.id]]
            waiting += [each.value for each in given if each and each.value and not each.steps]
            names.update("" for each in given if not each or not each.value or each.steps)
        elif not is_none(value):
            names.add("")
    params = {arg.arg: arg for arg in parameters(function.args)}
    free = not any((id(scope), name) in at.stores for name in names)
    return params.get(names.pop()) if len(names) == 1 and free else None
