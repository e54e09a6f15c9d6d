"""What an attribute of something that nothing tells was given before, by the same chain: `context.answer = answer`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.notes import reaching
from migrator.python.answers.values import NONE, OTHER, Values, union
from migrator.python.answers.view import View
from migrator.python.reading.expressions import Parts, parts_of, root_of
from migrator.python.reading.scopes import Scope

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
    here = {id(store): store for store in stores if at.scopes.get(id(root_of(store))) is scope}
    within = any(_holder(at, store) is scope for store in stores if id(store) not in here)  # in a function, say
    holder = scope.lookup(root.id)
    above = [s for each in _above(node) for s in _stores(at, each)]
    assignments = {id(at.notes.parents.get(each)) for each in here}
    handed = [(of, by) for of, by in _handed(trace, at, holder, parts) if not _is_in(at, of, assignments)]
    others = [*above, *at.stores.get((id(holder), root.id), ()), *(of for of, _ in handed)]
    seen, certain = reaching(at.notes, node, [*here.values(), *others])
    certain &= not within and all(id(each) in here for each in seen)
    values = union(trace.of_given(at, at.notes.given[id(store)]) for store in (seen if certain else stores))
    return values if certain else union([values, OTHER, *(by for _, by in handed)])


def _handed(trace: Trace, at: View, holder: Scope | None, chain: Parts) -> Iterator[tuple[ast.expr, Values]]:
    """Where others come to what a chain goes on from, with what these put at its end.

    They are functions of the project that are given it, other names for it, and names that only a run tells.
    """
    for length in range(1, len(chain)):
        for call, of in at.notes.handed.get(chain[length - 1], ()) if holder else ():
            if parts_of(of) == chain[:length] and _holder(at, of) is holder:
                by = passing.receiving(trace, at, call, of)
                scopes = ((where, where.functions[name][1], arg.arg) for where, name, arg in by)
                put = union(_put(trace, where, own, (arg, *chain[length:])) for where, own, arg in scopes)
                yield from [(of, put)] if put else []
        for of in at.notes.set_by_names if holder else ():
            yield from [(of, OTHER)] if parts_of(of) == chain[:length] and _holder(at, of) is holder else []
    for alias in at.notes.aliases.get(chain[0], ()) if holder else ():
        other = at.holder(alias.target) if alias.depth == 0 and at.holder(alias.name) is holder else None
        put = _put(trace, at, other, (alias.target.id, *chain[1:])) if other else NONE
        yield from [(alias.name, put)] if put else []


def _put(trace: Trace, at: View, scope: Scope, chain: Parts) -> Values:
    """What is put at the end of a chain from a name of a function, such as a parameter, by its scope."""

    def find() -> Values:
        found = [by for _, by in _handed(trace, at, scope, chain)]
        for put in (put for name in chain[1:] for put in at.notes.puts.get(name, ()) if put.anew):
            parts = parts_of(put.of)
            if parts == chain[: len(parts)] and _holder(at, put.of) is scope:
                found.append(trace.of_given(at, put.given) if put.given and parts == chain else OTHER)
        return union(found)

    return trace.solving.value(("put", scope.node, chain), find)


def _holder(at: View, node: ast.expr) -> Scope | None:
    """The scope that what a chain starts at is bound in."""
    root = root_of(node)
    return at.holder(root) if isinstance(root, ast.Name) else None


def _is_in(at: View, node: ast.expr, statements: set[int]) -> bool:
    """Whether an expression stands in one of these statements, by id: what they assign comes after it."""
    return any(id(each) in statements for each in at.notes.above(node))


def _stores(at: View, node: ast.Attribute) -> Iterator[ast.expr]:
    """The assignments in a module to an attribute by the same chain."""
    puts = (put.of for put in at.notes.puts.get(node.attr, ()) if put.anew and id(put.of) in at.notes.given)
    return (of for of in puts if parts_of(of) == parts_of(node))


def _above(node: ast.Attribute) -> Iterator[ast.Attribute]:
    """The chains that a chain goes on from."""
    while isinstance(node.value, ast.Attribute):
        node = node.value
        yield node
