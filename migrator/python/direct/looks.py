"""Uses of a dict that only look at it, and expressions that make one of another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.reading.expressions import Parts, parts_of
from migrator.python.reading.outline import Reference

_READERS = {("print",), ("len",), ("str",), ("repr",), ("sorted",), ("bool",), ("json", "dumps"), ("pprint",)}
_LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}


def is_look(node: ast.expr, parent: ast.AST | None) -> bool:
    """Whether a use of a dict only reads it."""
    match parent:
        case ast.Call(func=func) if func is not node:
            return parts_of(func) in _READERS or (isinstance(func, ast.Attribute) and func.attr in _LOGGING)
        case ast.Dict():
            return any(key is None and value is node for key, value in zip(parent.keys, parent.values, strict=True))
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return test is node
        case ast.For(iter=over) | ast.AsyncFor(iter=over) | ast.comprehension(iter=over):
            return over is node
    return isinstance(parent, ast.Compare | ast.FormattedValue) or (
        isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr)
    )


def joined(node: ast.expr) -> Iterator[ast.expr]:
    """The dicts that `a | b` is made of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from (*joined(node.left), *joined(node.right))
    else:
        yield node


def is_stored(use: Reference) -> bool:
    return isinstance(getattr(use.nodes[-1], "ctx", None), ast.Store)


def is_sieve(node: ast.DictComp) -> bool:
    """`{k: v for k, v in a.items() if v is not None}`, or `if v`."""
    value = "".join(parts_of(node.value))
    for test in (test for over in node.generators for test in over.ifs):
        match test:
            case ast.Compare(left=ast.Name(id=asked), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                if asked == value:
                    return True
            case ast.Name(id=asked) if asked == value:
                return True
    return False


def items_of(node: ast.DictComp) -> Parts:
    """The name of the dict whose items a comprehension goes over."""
    match node.generators[0].iter:
        case ast.Call(func=ast.Attribute(value=of, attr="items")):
            return parts_of(of)
    return ()
