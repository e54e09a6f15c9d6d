"""What an attribute of something that nothing tells was given before, by the same chain: `context.answer = answer`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.python.answers.notes import reaching
from migrator.python.answers.values import NONE, OTHER, Values, union
from migrator.python.answers.view import View
from migrator.python.reading.expressions import parts_of, root_of

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace


def given(trace: Trace, at: View, node: ast.Attribute) -> Values:
    """What the assignments to a chain in its module give it: it may be that, or is where one surely came before.

    Nothing where there are none.
    """
    root, parts = root_of(node), parts_of(node)
    stores = [*_stores(at, node)] if parts and id(root) in at.scopes and isinstance(root, ast.Name) else []
    if not stores or not isinstance(root, ast.Name):
        return NONE
    scope = at.scopes[id(root)]
    here = [store for store in stores if at.scopes.get(id(root_of(store))) is scope]
    above = [s for each in _above(node) for s in _stores(at, each)]
    others = [*above, *at.stores.get((id(scope.lookup(root.id)), root.id), ())]
    seen, certain = reaching(at.notes, node, [*here, *others])
    certain &= all(any(each is store for store in here) for each in seen)
    values = union(trace.of_given(at, at.notes.given[id(store)]) for store in (seen if certain else stores))
    return values if certain else values | OTHER


def _stores(at: View, node: ast.Attribute) -> Iterator[ast.expr]:
    """The assignments in a module to an attribute by the same chain."""
    puts = (put.of for put in at.notes.puts.get(node.attr, ()) if put.anew and id(put.of) in at.notes.given)
    return (of for of in puts if parts_of(of) == parts_of(node))


def _above(node: ast.Attribute) -> Iterator[ast.Attribute]:
    """The chains that a chain goes on from."""
    while isinstance(node.value, ast.Attribute):
        node = node.value
        yield node
