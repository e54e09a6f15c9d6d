"""What a module assigns to its names, as far as it is laid out, and what its annotations promise of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from migrator.python.reading.assignments import assignments
from migrator.python.reading.expressions import alternatives, is_none, parts_of

_ANYTHING = {"Any", "None", "NoneType", "Optional", "object"}


class Given:
    """What a target is assigned: the value, or for sure something that is not None."""

    __slots__ = ("sure", "value")

    def __init__(self, value: ast.expr | None, *, sure: bool = False) -> None:
        self.value, self.sure = value, sure


def assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, Given]]:
    """Id of a target -> what it is assigned, where that is laid out."""
    for node in nodes:
        match node:
            case ast.Assign() | ast.NamedExpr():
                yield from ((id(target), Given(value)) for target, value in assignments([node]))
            case ast.AnnAssign():
                yield id(node.target), Given(node.value, sure=is_promised(node.annotation))
            case ast.AugAssign():
                yield id(node.target), Given(None, sure=True)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                yield id(node.target), Given(_item(node.iter), sure=_is_range(node.iter))


def _item(node: ast.expr) -> ast.expr | None:
    """An expression that is None only if an item of a list may be."""
    if isinstance(node, ast.List | ast.Tuple) and node.elts and not any(isinstance(e, ast.Starred) for e in node.elts):
        return ast.BoolOp(ast.And(), [*node.elts, node.elts[-1]])
    return None


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and parts_of(node.func) == ("range",)


def is_promised(annotation: ast.expr | None) -> bool:
    """Whether an annotation says that a value is never None."""
    return annotation is not None and all(map(_rules_out_none, alternatives(annotation)))


def _rules_out_none(annotation: ast.expr) -> bool:
    if not isinstance(annotation, ast.Subscript):
        name = "".join(parts_of(annotation)[-1:])
        return len(name) > 1 and name not in _ANYTHING
    items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    return parts_of(annotation.value)[-1:] != ("Literal",) or not any(map(is_none, items))
