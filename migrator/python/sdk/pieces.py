"""Texts that are put together, as far as they are written down: `f"{base}/logs"`, `"a" + b`, `"{}".format(c)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from string import Formatter

from migrator.python.reading.expressions import callee_of

COMPUTED = "\0"
"""What stands for anything that is not written down."""
ENDS = ("strip", "rstrip", "removesuffix")
"""Methods that give a text as it is, but for its ends."""
_PERCENT = re.compile(r"%(?:\(\w+\))?[sdr]")


def together(node: ast.expr) -> str:
    """The text that an expression makes, with COMPUTED for each part of it that is not written down."""
    return "".join(_pieces(node))


def bare(node: ast.expr) -> ast.expr:
    """The expression whose text another one is, but for what that has at its ends: `base` for `base.rstrip("/")`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDS:
        node = node.func.value
    return node


def first(node: ast.expr) -> ast.expr:
    """The expression that the text of another one begins with."""
    if (joined := url_joined(node)) and together(node).startswith(COMPUTED):
        return first(joined[0])
    match node:
        case ast.JoinedStr(values=[ast.FormattedValue(value=begun), *_]):
            return begun
        case ast.BinOp(op=ast.Add()):
            return first(_terms(node)[0])
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.List(elts=[begun, *_]) | ast.Tuple(elts=[begun, *_])]):
            return first(begun)
        case ast.Call(args=[begun, *_]) if is_filled(node) and together(node).startswith(COMPUTED):
            return first(begun)
        case ast.BinOp(op=ast.Mod(), right=ast.Tuple(elts=[begun, *_])) if together(node).startswith(COMPUTED):
            return first(begun)
    return node


def is_filled(node: ast.AST) -> bool:
    """Whether a call puts texts together: `"{}/logs".format(base)`, `"/".join([base, path])`, `urljoin(base, path)`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join"), args=[parts]):
            return isinstance(parts, ast.List | ast.Tuple)
    return url_joined(node) is not None


def url_joined(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """The base and the path that `urljoin` is given, by place or by name; None for any other expression."""
    if not isinstance(node, ast.Call) or callee_of(node) != "urljoin":
        return None
    by_name = {keyword.arg: keyword.value for keyword in node.keywords}
    base, path = [*node.args, *(by_name.get(name) for name in ("base", "url")[len(node.args) :])][:2]
    return (base, path) if base and path else None


def last(node: ast.expr) -> ast.expr:
    """The expression that the text of another one ends with."""
    match node:
        case ast.JoinedStr(values=[*_, ast.FormattedValue(value=ended)]):
            return ended
        case ast.BinOp(op=ast.Add(), right=ended):
            return ended
    return node


def sums(node: ast.BinOp) -> Iterator[ast.BinOp]:
    """A sum and those that it begins with: `a + b + c` and `a + b`."""
    at: ast.expr = node
    while isinstance(at, ast.BinOp) and isinstance(at.op, ast.Add):
        yield at
        at = at.left


def _terms(node: ast.BinOp) -> list[ast.expr]:
    """What a sum adds up, the first one being none itself: generated code adds up thousands."""
    inner = [*sums(node)]
    return [inner[-1].left, *(each.right for each in reversed(inner))]


def _pieces(node: ast.expr) -> Iterator[str]:
    """The parts of a text in their order; what is computed stands there as one character."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr():
            yield from chain.from_iterable(map(_pieces, node.values))
        case ast.BinOp(op=ast.Add()):
            yield from chain.from_iterable(map(_pieces, _terms(node)))
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str() as text)):
            right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            yield from _put_in(_PERCENT.sub(COMPUTED, text), right)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format"), args=args):
            yield from _put_in(_filled(text), args)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str() as between), attr="join"),
            args=[ast.List() | ast.Tuple() as parts],
        ):
            yield between.join("".join(_pieces(each)) for each in parts.elts)
        case _:
            joined = [together(each) for each in url_joined(node) or ()]
            yield f"{joined[0].rstrip('/')}/{joined[1].lstrip('/')}" if joined else COMPUTED


def _put_in(template: str, values: Sequence[ast.expr]) -> Iterator[str]:
    """A template with the texts that it is filled with in their order, where it takes as many."""
    parts = template.split(COMPUTED)
    known = len(values) == len(parts) - 1 and not any(isinstance(each, ast.Starred) for each in values)
    yield parts[0]
    for number, part in enumerate(parts[1:]):
        yield from _pieces(values[number]) if known else (COMPUTED,)
        yield part


def _filled(template: str) -> str:
    """A template of `str.format` with one character for each value."""
    try:
        parsed = [*Formatter().parse(template)]
    except ValueError:  # it is none, and fails where it is run
        return template
    return "".join(text + (COMPUTED if name is not None else "") for text, name, _, _ in parsed)
