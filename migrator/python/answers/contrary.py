"""What is given against what an annotation says: another answer, or a dictionary, whose keys are all it has."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.given import Given, Step
from migrator.python.answers.notes import reaching
from migrator.python.answers.shapes import Shapes
from migrator.python.answers.values import (
    NONE,
    NOTHING,
    OTHER,
    Class,
    Function,
    Is,
    Many,
    Value,
    Values,
    inside,
    leads,
    union,
)
from migrator.python.answers.view import View
from migrator.python.reading.expressions import attribute_asked, callee_of, item_asked, outcomes, parts_of, text_value
from migrator.python.reading.scopes import FunctionNode, Scope

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_DUMPS = {"model_dump", "dict", "json", "to_dict", "asdict"}  # of whatever object, or as functions
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}
_OF_KEYS = "Param"  # the last of the names that the SDK gives to its TypedDicts
_FURTHEST = 3  # functions that hand on what they are given


def passed(trace: Trace, at: View, function: FunctionNode, arg: ast.arg, said: Values) -> Values:
    """What the calls that are surely of a function give it for a parameter, and its annotation does not say."""
    seen = passing.passed(trace, at, function, arg, sure=True)
    return union(_against(trace, view, given, said) for view, given in seen)


def read(trace: Trace, at: View, holder: Scope, arg: ast.arg, said: Values) -> Values:
    """The chunks that a parameter may be for all its annotation says, as parts are read of it that they alone have."""
    found = set[Value]()
    for value in said:
        chunk = trace.rule.each.get(value.shape, "") if isinstance(value, Is) else ""
        only = _parts(trace.shapes, chunk) - _parts(trace.shapes, value.shape) if isinstance(value, Is) else set()
        if only and any(_reads(at, holder, arg.arg, node) & only for node in ast.walk(holder.node)):
            found.add(Is(chunk))
    return frozenset(found)


def is_mapping(annotation: ast.expr | None) -> bool:
    """Whether an annotation names a dictionary, of whatever items, and nothing else but None."""
    match annotation:
        case ast.Subscript(value=of, slice=inner):
            return is_mapping(of) or (parts_of(of)[-1:] == ("Optional",) and is_mapping(inner))
        case ast.BinOp(op=ast.BitOr(), left=one, right=ast.Constant(value=None)):
            return is_mapping(one)
        case ast.Name() | ast.Attribute():
            return bool({*parts_of(annotation)[-1:]} & _MAPPINGS)
    return False


# ------------------------------------------------------------------------------------------------------- what is given


def _against(trace: Trace, at: View, given: Given, said: Values) -> Values:
    shapes = {v.shape for v in said if isinstance(v, Is)}
    found = _keyed(trace, at, given) if shapes else NONE
    if shapes:
        found |= {v for v in trace.of_given(at, given) if isinstance(v, Is) and v.shape not in shapes}
    items = union(inside(v) for v in said if isinstance(v, Many))
    inner = _against(trace, at, given._replace(steps=(*given.steps, "item")), items) if leads(items) else NONE
    return found | ({Many(inner)} if inner else NONE)


def _keyed(trace: Trace, at: View, given: Given, further: int = _FURTHEST) -> Values:
    """Something else where what is given is sure to be a dictionary at times, NOTHING where that is an empty one."""
    return union(_each(trace, at, given._replace(value=each), further) for each in outcomes(given.value) if each)


def _each(trace: Trace, at: View, given: Given, further: int) -> Values:
    match given.value:
        case ast.Dict(keys=[]) if not given.steps:
            return NOTHING
        case ast.Dict() | ast.DictComp() if not given.steps:
            return OTHER
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) if given.steps:
            step, left = given.steps[0], given.steps[1:]
            some = items[step : step + 1] if isinstance(step, int) else items if step == "item" else []
            return union(_keyed(trace, at, Given(each, left), further) for each in some)
        case ast.Await(value=value):
            return _keyed(trace, at, given._replace(value=value), further)
        case ast.Call() as call if further:
            return _called(trace, at, call, given, further - 1)
        case ast.Name() as name if further:
            return _named(trace, at, name, given, further - 1)
    return NONE


def _called(trace: Trace, at: View, call: ast.Call, given: Given, further: int) -> Values:
    """What a call gives: of a class whose instances are dictionaries, of what dumps an object, of the project's own."""
    callees, parts = trace.value(at, call.func), parts_of(call.func)
    found = NONE
    for callee in callees:
        where = trace.views.look(callee.path) if isinstance(callee, Function) else None
        if isinstance(callee, Function) and where:
            node, _ = where.functions[callee.name]
            results = where.notes.gives.get(id(node), ())
            found |= union(_keyed(trace, where, Given(each, given.steps), further) for each in results)
        elif isinstance(callee, Class) and not given.steps and trace.annotations.is_of_keys(callee.name):
            found |= OTHER
    dotted = at.module.dotted(parts, trace.scope_of(at, call)) if parts and callees <= OTHER else None
    fate = trace.index.names.fate(trace.index.canonical(dotted)) if dotted else None
    is_typed = fate is not None and fate.kind == "moved" and fate.name.endswith(_OF_KEYS) and not given.steps
    dumps = callees <= OTHER and (callee_of(call) in _DUMPS or parts[-2:] == ("json", "loads"))
    return found | (OTHER if is_typed or dumps else NONE)


def _named(trace: Trace, at: View, name: ast.Name, given: Given, further: int) -> Values:
    """What a variable was given, or a parameter is by the calls of its function, if no test tells what it is."""
    holder = at.holder(name)
    if holder is None or any(told.types for told in at.notes.told.get(id(name), ())):
        return NONE
    stores = at.stores.get((id(holder), name.id), [])
    seen = reaching(at.notes, name, stores)[0] if at.scopes.get(id(name)) is holder else stores
    by = (at.notes.given.get(id(store), Given(None)) for store in seen)
    made = (_keyed(trace, at, each._replace(steps=(*each.steps, *given.steps)), further) for each in by)
    found = OTHER if any(made) else NONE
    for binding in () if stores else holder.bindings.get(name.id, ()):
        if not isinstance(binding.node, ast.arg) or not isinstance(holder.node, FunctionNode):
            continue
        annotation = binding.node.annotation
        if annotation is not None:
            found |= OTHER if not given.steps and is_mapping(annotation) else NONE
        elif id(holder.node) in at.names:
            by_calls = partial(_by_calls, trace, at, holder.node, binding.node, given.steps, further)
            found |= trace.solving.value((binding.node, given.steps, further), by_calls)
    return found


def _by_calls(
    trace: Trace, at: View, function: FunctionNode, arg: ast.arg, steps: tuple[Step, ...], further: int
) -> Values:
    """What a parameter is given by the calls of its function, whoever asks: there may be as many of them as askers."""
    seen = passing.passed(trace, at, function, arg, sure=True)
    return union(_keyed(trace, view, each._replace(steps=(*each.steps, *steps)), further) for view, each in seen)


# -------------------------------------------------------------------------------------------------------- what is read


def _parts(shapes: Shapes, shape: str) -> set[str]:
    """The fields that have fields themselves, of what has a shape and of what is in it."""
    found, waiting, seen = set[str](), [shape], set[str]()
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            inner = {name: said.strip("[]?~") for name, said in shapes.rule.fields.get(each, {}).items()}
            found |= {name for name, of in inner.items() if of}
            waiting += [of for of in inner.values() if of]
    return found


def _reads(at: View, holder: Scope, name: str, node: ast.AST) -> set[str]:
    """The attribute or the key that is read of something that a variable leads to."""
    of, key = attribute_asked(node) or (None, None)
    if isinstance(node, ast.Attribute):
        of, key = node.value, node.attr
    elif item := item_asked(node):
        of, key = item[0], text_value(item[1])
    return {key} if of and key and _leads_from(at, holder, name, of, _FURTHEST) else set()


def _leads_from(at: View, holder: Scope, name: str, node: ast.AST, further: int) -> bool:
    first = _root(node)
    if first is None:
        return False
    if first.id == name and at.holder(first) is holder:
        return True
    stores = at.stores.get((id(at.holder(first)), first.id), ()) if further else ()
    values = (at.notes.given.get(id(store), Given(None)).value for store in stores)
    return any(_leads_from(at, holder, name, value, further - 1) for value in values if value)


def _root(node: ast.AST) -> ast.Name | None:
    """The variable that a chain of attributes, keys and items starts at."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=of) | ast.Subscript(value=of):
                node = of
            case (
                ast.Call(func=ast.Attribute(value=of, attr="get"))
                | ast.Call(func=ast.Name(id="getattr"), args=[of, *_])
            ):
                node = of
            case _:
                return None
    return node
