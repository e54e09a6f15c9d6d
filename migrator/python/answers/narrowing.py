"""What tests leave of values where they are read: `isinstance` and `hasattr`, around or before."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from migrator.python.answers.notes import Told, is_given_in, tells
from migrator.python.answers.values import OTHER, Is, Values, as_told, union
from migrator.python.answers.view import View
from migrator.python.reading.expressions import parts_of

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace


def around(trace: Trace, at: View, node: ast.expr, values: Values) -> Values:
    """Values as far as the tests around leave them."""
    first = first_of(node)
    tests = at.notes.told.get(id(first), ()) if first else ()
    parts = parts_of(node) if tests else ()
    return _left(trace, at, first, [each for each in tests if each.chain == parts], values)


def before(
    trace: Trace, at: View, use: ast.Name, store: ast.AST | None, stores: list[ast.expr], values: Values
) -> Values:
    """What is left of what a variable is given by `store`, None for a parameter, where it may be given anew later.

    After `if not isinstance(x, dict): x = …` what it was before is a dictionary.
    """
    if not any(isinstance(v, Is) for v in values):
        return values
    return _left(trace, at, use, _survived(at, use, store, stores), values)


def _survived(at: View, use: ast.Name, store: ast.AST | None, stores: list[ast.expr]) -> Iterator[Told]:
    """What is told by the tests between that a variable is given anew after, if they hold."""
    node: ast.AST = use
    for above in at.notes.above(use):
        block = at.notes.block(node)
        for each in block[: block.index(node)] if isinstance(node, ast.stmt) else ():
            follows = store is None or getattr(store, "lineno", 0) < each.lineno
            if isinstance(each, ast.If) and follows and is_given_in(at.notes, each.body, stores):
                yield from (told for told in tells(each.test, False) if told.chain == (use.id,))
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return
        node = above


def _left(trace: Trace, at: View, first: ast.Name | None, tests: Iterable[Told], values: Values) -> Values:
    for told in tests:
        if told.types is None:
            values = trace.shapes.lacking(values, told.lacks)
        else:
            types = told.types.elts if isinstance(told.types, ast.Tuple) else [told.types]
            scope = at.scopes.get(id(first), at.module.found.scope)
            said = union(trace.annotations.read(at, t, scope) or OTHER for t in types)
            names = {parts_of(t)[-1:] for t in types}
            if not told.holds and not names & {("dict",), ("Mapping",)}:
                said -= OTHER  # what else there is can still have keys
            values = as_told(values, said, holds=told.holds)
    return values


def first_of(node: ast.expr) -> ast.Name | None:
    """The name that a chain of attributes begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None
