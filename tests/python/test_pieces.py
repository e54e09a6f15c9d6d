"""Texts that are put together of a great many parts, as generated code has them."""

from __future__ import annotations

import ast

from migrator.python.sdk.pieces import COMPUTED, first, sums, together

MANY = 3000


def _sum(*terms: ast.expr) -> ast.BinOp:
    at = terms[0]
    for term in terms[1:]:
        at = ast.BinOp(left=at, op=ast.Add(), right=term)
    assert isinstance(at, ast.BinOp)
    return at


def test_a_sum_of_thousands_of_texts_is_read_without_recursion() -> None:
    begun = ast.Name(id="base")
    node = _sum(begun, *(ast.Constant(value=f"/{number}") for number in range(MANY)))

    assert together(node) == COMPUTED + "".join(f"/{number}" for number in range(MANY))
    assert first(node) is begun
    assert len([*sums(node)]) == MANY
