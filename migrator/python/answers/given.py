"""What assignments give their targets, and what is put into containers: lists, dictionaries and queues."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from migrator.python.reading.expressions import callee_of, text_value

Step = int | Literal["item", "enter", "rest"]
_ADDS = {"append", "appendleft", "add", "put", "put_nowait", "set"}
_EXTENDS = {"extend", "extendleft", "update", "set_result"}
_KEYED = {"setdefault", "__setitem__"}
_TAKES = {"clear", "pop", "popitem"}
_NAMED = {"setattr", "__setattr__"}
PUTTING = frozenset({*_ADDS, *_EXTENDS, *_KEYED, *_TAKES, *_NAMED, "insert", "heappush"})


class Given(NamedTuple):
    """What a target is given: a value, by steps into it, or what an annotation says."""

    value: ast.expr | None
    steps: tuple[Step, ...] = ()
    annotation: ast.expr | None = None


class Put(NamedTuple):
    """Something that is put into a container, or with no `keys` that is merged with it.

    The keys lead from the container to it; None is a key of something that is no dictionary. Where nothing is given,
    something is taken out. `anew` is what an attribute is from then on, whatever it was.
    """

    of: ast.Name | ast.Attribute
    keys: tuple[ast.expr | None, ...]
    given: Given | None
    anew: bool = False


class Alias(NamedTuple):
    """A variable that also leads to what another one is, by keys of so many containers, or -1 where it is an item."""

    name: ast.Name
    target: ast.Name
    depth: int


def targets(target: ast.expr, given: Given) -> Iterator[tuple[ast.expr, Given]]:
    """Every name, attribute and item of a target, with what it is given of a value."""
    if isinstance(target, ast.Tuple | ast.List):
        laid_out = isinstance(given.value, ast.Tuple | ast.List) and not given.steps
        items = given.value.elts if laid_out and isinstance(given.value, ast.Tuple | ast.List) else []
        star = next((i for i, e in enumerate(target.elts) if isinstance(e, ast.Starred)), len(target.elts))
        for index, each in enumerate(target.elts):
            if any(isinstance(e, ast.Starred) for e in items):
                yield from targets(each, Given(None))
            elif index >= star:
                inner = each.value if isinstance(each, ast.Starred) else each
                yield from targets(inner, Given(given.value, (*given.steps, "rest" if index == star else "item")))
            elif len(items) == len(target.elts):
                yield from targets(each, Given(items[index]))
            else:
                yield from targets(each, Given(given.value, (*given.steps, index)))
    elif isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
        yield target, given


def aliases(target: ast.expr, given: Given) -> Iterator[Alias]:
    """What `x = y`, `x = {key: y}` and `for x in y` make lead to what y is."""
    if not isinstance(target, ast.Name) or given.value is None or given.steps not in ((), ("item",)):
        return
    waiting = [(given.value, -1 if given.steps else 0)]
    while waiting:
        node, depth = waiting.pop()
        match node:
            case ast.Name():
                yield Alias(node, target, depth)
            case ast.NamedExpr():
                waiting.append((node.value, depth))
            case ast.IfExp():
                waiting += [(node.body, depth), (node.orelse, depth)]
            case ast.BoolOp():
                waiting += [(each, depth) for each in node.values]
            case ast.Dict():
                waiting += [(each, depth + 1) for each in node.values]
            case ast.List() | ast.Tuple():
                waiting += [(each, depth + 1) for each in node.elts]


def assigned(target: ast.expr, given: Given) -> Iterator[Put]:
    """What `x[key] = value` and `x[:] = values` put into x, and `x.name = value` into what is there for an instance."""
    is_own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    if isinstance(target, ast.Attribute) and not is_own:
        yield Put(target, (), given, anew=True)
    elif isinstance(target, ast.Subscript):
        yield from _put(target.value, () if isinstance(target.slice, ast.Slice) else (target.slice,), given)


def removed(node: ast.Delete) -> Iterator[Put]:
    """What `del x[key]` takes out of x."""
    for target in node.targets:
        if isinstance(target, ast.Subscript):
            yield from _put(target.value, (), None)


def merged(node: ast.AugAssign) -> Iterator[Put]:
    """What `x += values` and `x |= values` put into x."""
    if isinstance(node.op, ast.Add | ast.BitOr):
        yield from _put(node.target, (), Given(node.value))


def called(node: ast.Call) -> Iterator[Put]:
    """What `x.append(value)` and its like put into x, or take out of it, and what `setattr(x, "name", value)` puts."""
    name, args = callee_of(node), node.args
    if name in _NAMED and _is_plain(node) and len(args) == 3 and (attribute := text_value(args[1])):
        yield Put(ast.Attribute(args[0], attribute, ast.Store()), (), Given(args[2]), anew=True)
    if name == "heappush" and len(args) == 2:
        yield from _put(args[0], (None,), Given(args[1]))
    if not isinstance(node.func, ast.Attribute):
        return
    of = node.func.value
    if name in _EXTENDS and len(args) == 1:
        yield from _put(of, (), Given(args[0]))
    elif name in _ADDS and args:
        yield from _put(of, (None,), Given(args[0]))
    elif name == "insert" and len(args) == 2:
        yield from _put(of, (None,), Given(args[1]))
    elif name in _KEYED and len(args) == 2:
        yield from _put(of, (args[0],), Given(args[1]))
    elif name in _TAKES:
        yield from _put(of, (), None)
    for keyword in node.keywords if name == "update" else ():
        yield from _put(of, (ast.Constant(keyword.arg),) if keyword.arg else (), Given(keyword.value))


def set_by_names(node: ast.AST) -> ast.expr | None:
    """What gets attributes whose names only a run tells: x in `setattr(x, key, value)` and `x.__dict__.update(…)`."""
    match node:
        case ast.Call(func=ast.Name(id="setattr"), args=[of, key, _]) if text_value(key) is None:
            return of
        case ast.Call(func=ast.Attribute(attr="__setattr__", value=ast.Name() as of), args=[*first, key, _]):
            return (first[0] if first else of) if text_value(key) is None else None
        case ast.Call(args=[ast.Name(id="setattr"), of, *_]):  # `partial(setattr, x)`
            return of
        case ast.Call(func=ast.Attribute(attr="update" | "setdefault" | "__setitem__", value=names)):
            return named_by(names)
        case ast.Attribute(ctx=ast.Store()):
            return named_by(node)
        case ast.Subscript(ctx=ast.Store(), value=names):
            return named_by(names)
    return None


def named_by(node: ast.AST) -> ast.expr | None:
    """What `x.__dict__` and `vars(x)` have the attributes of."""
    match node:
        case ast.Attribute(attr="__dict__", value=of) | ast.Call(func=ast.Name(id="vars"), args=[of]):
            return of
        case ast.Call(func=ast.Name(id="getattr"), args=[of, ast.Constant(value="__dict__"), *_]):
            return of
    return None


def _is_plain(node: ast.Call) -> bool:
    """Whether `setattr` is Python's own, and no method of something that takes the attribute back."""
    of = node.func.value if isinstance(node.func, ast.Attribute) else None
    return of is None or (isinstance(of, ast.Name) and of.id == "object")


def _put(of: ast.expr, keys: tuple[ast.expr | None, ...], given: Given | None) -> Iterator[Put]:
    """What is put into something that stands in a container itself is put into that."""
    match of:
        case ast.Name() | ast.Attribute():
            yield Put(of, keys, given)
        case ast.Subscript():
            yield from _put(of.value, (of.slice, *keys), given)
        case ast.NamedExpr():
            yield from _put(of.target, keys, given)
        case ast.Call(func=ast.Attribute(attr="setdefault", value=outer), args=[key, _]):
            yield from _put(outer, (key, *keys), given)
