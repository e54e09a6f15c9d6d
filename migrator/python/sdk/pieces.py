"""Texts that are put together, as far as they are written down: `f"{base}/logs"`, `"a" + b`, `"{}".format(c)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from string import Formatter

COMPUTED = "\0"
"""What stands for anything that is not written down."""
_PERCENT = re.compile(r"%(?:\(\w+\))?[sdr]")


def together(node: ast.expr) -> str:
    """The text that an expression makes, with COMPUTED for each part of it that is not written down."""
    return "".join(_pieces(node))


def first(node: ast.expr) -> ast.expr:
    """The expression that the text of another one begins with."""
    match node:
        case ast.JoinedStr(values=[ast.FormattedValue(value=begun), *_]):
            return begun
        case ast.BinOp(op=ast.Add()):
            return first(_terms(node)[0])
        case ast.Call(args=[begun, *_]) if is_format(node) and together(node).startswith(COMPUTED):
            return begun
    return node


def is_format(node: ast.AST) -> bool:
    """Whether an expression fills in a text that is written down: `"{}/logs".format(base)`."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr == "format" and isinstance(called.value, ast.Constant)


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
            yield _PERCENT.sub(COMPUTED, text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
            yield _filled(text)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str() as between), attr="join"),
            args=[ast.List() | ast.Tuple() as parts],
        ):
            yield between.join("".join(_pieces(each)) for each in parts.elts)
        case _:
            yield COMPUTED


def _filled(template: str) -> str:
    """A template of `str.format` with one character for each value."""
    try:
        parsed = [*Formatter().parse(template)]
    except ValueError:  # it is none, and fails where it is run
        return template
    return "".join(text + (COMPUTED if name is not None else "") for text, name, _, _ in parsed)
