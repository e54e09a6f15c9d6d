"""What functions are given: by the calls of them, and by those that are handed them to call them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING

from migrator.python.answers.applied import Applied, applied, plain
from migrator.python.answers.given import Given
from migrator.python.answers.values import OTHER, Class, Function, Object, Value
from migrator.python.answers.view import View
from migrator.python.reading.expressions import parts_of
from migrator.python.reading.scopes import FunctionNode, defaults, parameters

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

MAKES = ".__init__"
_FURTHEST = 3  # functions that hand a function on to the next


def passed(
    trace: Trace, at: View, function: FunctionNode, arg: ast.arg, *, sure: bool = False
) -> Iterator[tuple[View, Given]]:
    """What a parameter is given by the calls of a function that are seen, or by those that are `sure`; its default."""
    name = at.names[id(function)]
    if (default := _default(function, arg)) is not None:
        yield at, Given(default)
    for view, call in seen(trace, at, function, sure=sure):
        yield from ((view, given) for given in argument(call, function, arg, name))


def seen(trace: Trace, at: View, function: FunctionNode, *, sure: bool = False) -> Iterator[tuple[View, Applied]]:
    """The calls of a function that are seen; those alone that are `sure` to be of it, or also what may be."""
    name = at.names[id(function)]
    yield from _calls_of(trace, at, function, name, sure=sure)
    yield from _makings(trace, at, name)
    yield from _handed(trace, at, name)


def argument(call: Applied, function: FunctionNode, arg: ast.arg, name: str) -> tuple[Given, ...]:
    """What a call may give a function, of that `name`, for a parameter; nothing where it is not seen."""
    if arg.arg in call.keywords:
        return (Given(call.keywords[arg.arg]),)
    positional = [*function.args.posonlyargs, *function.args.args]
    bound = "." in name and not any(parts_of(d) == ("staticmethod",) for d in function.decorator_list)
    own = bound and (isinstance(call.function, ast.Attribute) or name.endswith(MAKES))
    place = positional.index(arg) - own if arg in positional else -1
    return call.args[place] if 0 <= place < len(call.args) else ()


def makings(trace: Trace, at: View, own: str) -> Iterator[tuple[View, ast.Call]]:
    """The calls of a class, in its module and in those that import it by its name."""
    names = frozenset(Class(f"{module}.{own}") for module in at.module.facts.names)
    return _calls(trace, at, own, names, lambda view, called: bool(names & trace.value(view, called)), is_method=False)


def _calls(
    trace: Trace, at: View, name: str, key: Hashable, is_it: Callable[[View, ast.expr], bool], *, is_method: bool
) -> Iterator[tuple[View, ast.Call]]:
    """The calls of anything of a name that are of what `key` is for, found out once for all that is asked of them."""
    if key not in trace.calls:
        views = mentioning(trace, at, name, is_method=is_method)
        trace.calls[key] = [(view, call) for view in views for call in view.notes.calls.get(name, ())]
    named = trace.calls[key]

    def find() -> frozenset[int]:
        return frozenset(at for at, (view, call) in enumerate(named) if is_it(view, call.func))

    return (named[at] for at in sorted(trace.solving.value(("calls", key), find, finite=True)))


def of_parameters(at: View) -> Iterator[ast.Call]:
    """The calls in a module of what its functions are given, and of what its instances keep of that."""
    kept = {name for (_, name), stores in at.members.items() if any(_is_given(at, store) for store in stores)}
    for name, found in at.notes.calls.items():
        for call in found:
            if isinstance(call.func, ast.Name):
                yield from [call] if _is_parameter(at, call.func) else []
            elif name in kept and isinstance(call.func, ast.Attribute):
                yield call


def _is_given(at: View, store: ast.expr) -> bool:
    """Whether an attribute is given what a parameter is."""
    value = at.notes.given.get(id(store), Given(None)).value
    return isinstance(value, ast.Name) and _is_parameter(at, value)


def _is_parameter(at: View, node: ast.Name) -> bool:
    holder = at.holder(node)
    return any(isinstance(binding.node, ast.arg) for binding in (holder.bindings.get(node.id, ()) if holder else ()))


def in_place(trace: Trace, at: View, function: ast.expr) -> Iterator[tuple[View, Applied]]:
    """The calls of what stands among the arguments of a call, a lambda say."""
    outer = next(at.notes.above(function))
    outer = next(at.notes.above(outer)) if isinstance(outer, ast.keyword) else outer
    if isinstance(outer, ast.Call):
        yield from [(at, plain(outer))] if outer.func is function else _through(trace, at, outer, function)


def receiving(trace: Trace, view: View, call: ast.Call, given: ast.expr) -> Iterator[tuple[View, str, ast.arg]]:
    """The functions of the project that get an argument of a call, by module and name, with the parameter for it."""
    for each in (plain(call), *applied(call)):
        for where, name in (found for v in trace.value(view, each.function) if (found := _defined(trace, v))):
            node, _ = where.functions[name]
            takes = (arg for arg in parameters(node.args) if Given(given) in argument(each, node, arg, name))
            yield from ((where, name, arg) for arg in takes)


def _defined(trace: Trace, callee: Value) -> tuple[View, str] | None:
    """Where the function is that a call of something runs."""
    path, name = "", ""
    if isinstance(callee, Function):
        path, name = callee.path, callee.name
    elif isinstance(callee, Class):
        module, _, owner = callee.name.rpartition(".")
        facts = trace.index.by_name.get(module)
        path, name = facts.path if facts else "", f"{owner}{MAKES}"
    where = trace.views.look(path) if path else None
    return (where, name) if where and name in where.functions else None


def mentioning(trace: Trace, at: View, name: str, *, is_method: bool) -> Iterator[View]:
    """A module, and those that have something of it by name, or that call a method of that name."""
    yield at
    full = [f".{name}"] if is_method else [f"{module}.{name}" for module in at.module.facts.names]
    for path in sorted({path for each in full for path in trace.views.callers.get(each, ())} - {at.path}):
        view = trace.views.look(path)
        yield from [view] if view else []


def _default(function: FunctionNode, arg: ast.arg) -> ast.expr | None:
    return next((value for each, value in defaults(function.args) if each is arg), None)


def _calls_of(
    trace: Trace, at: View, function: FunctionNode, name: str, *, sure: bool
) -> Iterator[tuple[View, Applied]]:
    """The calls that may be of a function."""

    def is_it(view: View, called: ast.expr) -> bool:
        return _is_of(trace, view, called, at, name, sure=sure)

    found = _calls(trace, at, function.name, (function, sure), is_it, is_method="." in name)
    return ((view, plain(call)) for view, call in found)


def _makings(trace: Trace, at: View, name: str) -> Iterator[tuple[View, Applied]]:
    """The calls of a class whose `__init__` a function is."""
    if name.endswith(MAKES):
        yield from ((view, plain(call)) for view, call in makings(trace, at, name.removesuffix(MAKES)))


def _is_of(trace: Trace, view: View, called: ast.expr, at: View, name: str, *, sure: bool) -> bool:
    """Whether what is called may be a function: it is that, or is not told in its module if it need not be `sure`."""
    values = trace.value(view, called)
    return Function(at.path, name) in values or (
        not sure and view.path == at.path and "." in name and isinstance(called, ast.Attribute) and values <= OTHER
    )


# ------------------------------------------------------------------------------------------------- functions handed on


def _handed(trace: Trace, at: View, name: str) -> Iterator[tuple[View, Applied]]:
    """The calls of a function by others that are handed it."""
    last, function = name.rpartition(".")[2], Function(at.path, name)
    for view in mentioning(trace, at, last, is_method="." in name):
        for call, given in view.notes.handed.get(last, ()):
            if function in trace.value(view, given):
                found = _through(trace, view, call, given)
                yield from ((where, each._replace(function=given)) for where, each in found)


def _through(
    trace: Trace, view: View, call: ast.Call, given: ast.expr, further: int = _FURTHEST
) -> Iterator[tuple[View, Applied]]:
    """The calls of what a call is given: by one of the standard library, or in a function of the project's own."""
    own = [*receiving(trace, view, call, given)] if further else []
    for where, name, arg in own:
        yield from _inside(trace, where, name, arg.arg, further - 1)
    yield from ((view, each) for each in applied(call) if each.function is given and not own)


def _inside(trace: Trace, at: View, name: str, arg: str, further: int) -> Iterator[tuple[View, Applied]]:
    """The calls of a parameter in its function, of the attribute that keeps it, and of those that are handed it."""
    _, scope = at.functions[name]
    for call in at.notes.calls.get(arg, ()):
        if isinstance(call.func, ast.Name) and at.holder(call.func) is scope:
            yield at, plain(call)
    for call, given in at.notes.handed.get(arg, ()):
        if isinstance(given, ast.Name) and at.holder(given) is scope:
            yield from _through(trace, at, call, given, further)
    owner = name.rpartition(".")[0]
    for (cls, attribute), stores in at.members.items() if name.endswith(MAKES) else ():
        kept = (at.notes.given.get(id(store), Given(None)).value for store in stores)
        if cls == owner and any(isinstance(v, ast.Name) and v.id == arg and at.holder(v) is scope for v in kept):
            for call in at.notes.calls.get(attribute, ()):
                of = call.func.value if isinstance(call.func, ast.Attribute) else None
                if of and Object(f"{at.module.facts.name}.{owner}") in trace.value(at, of):
                    yield at, plain(call)
