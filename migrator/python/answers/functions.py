"""What the functions of a project give, and what they are given by the calls of them that are seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.python.answers import known
from migrator.python.answers.values import (
    NOTHING,
    OTHER,
    UNKNOWN,
    Class,
    Function,
    Gives,
    Is,
    Many,
    Object,
    Row,
    Values,
    asked,
    asks_usage,
    leads,
    said_of,
    tells,
    union,
)
from migrator.python.answers.view import View, decorators
from migrator.python.reading.expressions import is_none, parts_of
from migrator.python.reading.facts import Facts
from migrator.python.reading.scopes import FunctionNode, Scope, parameters

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_MAKES = ".__init__"


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
        given = _argument(call_, node, arg, function.name) if arg else None
        if given is None:
            return None
        return union(self.trace.called(callee) for callee in self.trace.value(at, given) - NOTHING)

    def parameter(self, at: View, holder: Scope, arg: ast.arg) -> Values:
        """What a parameter is given by all calls that are seen, where its annotation does not say it."""
        return self.trace.solving.value(arg, lambda: self._of_parameter(at, holder, arg))

    def _of_parameter(self, at: View, holder: Scope, arg: ast.arg) -> Values:
        function = holder.node
        if isinstance(function, ast.Lambda):
            return known.applied_to(self.trace, at, function) if arg in function.args.args[:1] else UNKNOWN
        if not isinstance(function, FunctionNode):
            return UNKNOWN
        told = self.trace.listeners.told(at, function, arg) if id(function) in at.names else None
        if told:
            return frozenset({told}) | NOTHING
        said = self.trace.annotations.read(at, arg.annotation, holder.parent or at.module.found.scope)
        answers = asks_usage(frozenset(map(asked, said)))
        if tells(said) and not answers and not self._is_called(said):
            return said
        if arg in (function.args.vararg, function.args.kwarg) or id(function) not in at.names:
            return said if answers else UNKNOWN
        given = [self.trace.value(view_, value) for view_, value in _passed(self.trace, at, function, arg)]
        passed = union(given)
        if answers:
            return said_of(said, passed)
        if not any(isinstance(v, Is | Many | Gives | Function | Object | Row) for v in passed):
            return said or UNKNOWN
        return passed | (said or frozenset())

    def _is_called(self, said: Values) -> bool:
        """Whether an annotation names nothing but classes whose instances are called, be it one that only says how."""
        return all(isinstance(v, Object) and self.trace.members.of(v.cls, "__call__") - OTHER for v in said)

    def handed_on(self, facts: Facts) -> Iterator[str]:
        """The functions and classes at the top of a module that hand answers on, by name."""
        at = self.trace.views.look(facts.path)
        for name in at.functions if at else ():
            owner, _, method = name.rpartition(".")
            if "@" not in name and not method.startswith("__") and leads(self.result(Function(facts.path, name))):
                yield owner or name
        for (owner, name), stores in at.members.items() if at else ():
            if stores and leads(self.trace.members.of(f"{facts.name}.{owner}", name)):
                yield owner

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


def _passed(trace: Trace, at: View, function: FunctionNode, arg: ast.arg) -> Iterator[tuple[View, ast.expr]]:
    """What the calls of a function that are seen pass for a parameter, and its default."""
    name = at.names[id(function)]
    if (default := _default(function, arg)) is not None:
        yield at, default
    for view, call_ in (*_calls_of(trace, at, function.name, name), *_makings(trace, at, name)):
        if (given := _argument(call_, function, arg, name)) is not None:
            yield view, given


def _argument(call_: ast.Call, function: FunctionNode, arg: ast.arg, name: str) -> ast.expr | None:
    """What a call gives a function, of that `name`, for a parameter; None where it is not seen."""
    positional = [*function.args.posonlyargs, *function.args.args]
    place = positional.index(arg) if arg in positional else -1
    bound = "." in name and not any(parts_of(d) == ("staticmethod",) for d in function.decorator_list)
    offset = place - (1 if bound and (isinstance(call_.func, ast.Attribute) or name.endswith(_MAKES)) else 0)
    keyword = next((k.value for k in call_.keywords if k.arg == arg.arg), None)
    if keyword is not None:
        return keyword
    if 0 <= offset < len(call_.args) and not any(isinstance(a, ast.Starred) for a in call_.args[: offset + 1]):
        return call_.args[offset]
    return None


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


def _default(function: FunctionNode, arg: ast.arg) -> ast.expr | None:
    its = function.args
    last_first = zip(reversed([*its.posonlyargs, *its.args]), reversed(its.defaults), strict=False)
    by_keyword = zip(its.kwonlyargs, its.kw_defaults, strict=True)
    return next((value for each, value in (*last_first, *by_keyword) if each is arg), None)


def _calls_of(trace: Trace, at: View, called: str, name: str) -> Iterator[tuple[View, ast.Call]]:
    """The calls that may be of a function."""
    for view, call_ in calls(trace, at, called, is_method="." in name):
        if _is_of(trace, view, call_, at, name):
            yield view, call_


def _makings(trace: Trace, at: View, name: str) -> Iterator[tuple[View, ast.Call]]:
    """The calls of a class whose `__init__` a function is."""
    if not name.endswith(_MAKES):
        return
    owner = name.removesuffix(_MAKES)
    for view, call_ in calls(trace, at, owner, is_method=False):
        if any(isinstance(v, Class) and v.name.endswith(f".{owner}") for v in trace.value(view, call_.func)):
            yield view, call_


def calls(trace: Trace, at: View, name: str, *, is_method: bool) -> Iterator[tuple[View, ast.Call]]:
    """The calls of anything of a name, in its module and in those that import it by that name."""
    yield from ((at, call_) for call_ in at.notes.calls.get(name, ()))
    full = () if is_method else (f"{module}.{name}" for module in at.module.facts.names)
    for path in sorted({path for each in full for path in trace.views.callers.get(each, ())} - {at.path}):
        view = trace.views.look(path)
        yield from ((view, call_) for call_ in view.notes.calls.get(name, ())) if view else ()


def _is_of(trace: Trace, view: View, call_: ast.Call, at: View, name: str) -> bool:
    """Whether a call may be one of a function: what it calls is that, or is not told."""
    values = trace.value(view, call_.func)
    return any(getattr(v, "path", "") == at.path and getattr(v, "name", "") == name for v in values) or (
        "." in name and isinstance(call_.func, ast.Attribute) and values <= OTHER
    )
