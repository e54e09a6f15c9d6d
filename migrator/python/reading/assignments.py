"""What is assigned to what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def assignments(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets of `a = b`, `a: c = b` and `(a := b)`, with what each is given."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from (each for target in node.targets for each in paired(target, node.value))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value


def paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """A target with its value; item by item where both sides are laid out: `a, b = 1, 2`."""
    items = in_pairs(target, value)
    yield from (each for pair in items for each in paired(*pair)) if items else [(target, value)]


def in_pairs(target: ast.expr, value: ast.expr | None) -> list[tuple[ast.expr, ast.expr]]:
    """The items of a target with those of a value, where each takes the one at its place."""
    sequence = ast.Tuple | ast.List
    if not isinstance(target, sequence) or not isinstance(value, sequence) or len(target.elts) != len(value.elts):
        return []
    starred = any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
    return [] if starred else [*zip(target.elts, value.elts, strict=True)]
