"""Which keys of answers a project reads: where it reads none, a dictionary in the place of one is read as before."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers.trace import Trace
from migrator.python.answers.values import Else, Is
from migrator.python.answers.view import View
from migrator.python.reading.expressions import item_asked, text_value


def read(trace: Trace) -> frozenset[str]:
    """The keys that something in the project reads of answers and their parts, or may read of them."""
    found = trace.index.shared.get("keyed")
    if not isinstance(found, frozenset):
        looks = (trace.views.look(path) for path in sorted(trace.views.near))
        found = frozenset(key for at in looks if at for key in _in_module(trace, at))
        trace.index.shared["keyed"] = found
    return found


def is_read(trace: Trace, node: ast.Dict) -> bool:
    """Whether a key of a dictionary, or of one within it, is among those."""
    inside = (key for each in ast.walk(node) if isinstance(each, ast.Dict) for key in each.keys if key)
    return not read(trace).isdisjoint(text_value(key) for key in inside)


def _in_module(trace: Trace, at: View) -> Iterator[str]:
    for node in at.module.source.nodes:
        of, key = _asked(node)
        if of is None:
            continue
        values = trace.value(at, of)
        shapes = [v.shape for v in values if isinstance(v, Is) and v.shape not in trace.rule.keyed]
        if key is not None:
            yield from [key] if shapes or (Else.UNKNOWN in values and key in trace.rule.telling) else []
        else:
            yield from (name for shape in shapes for name in trace.rule.fields.get(shape, ()))


def _asked(node: ast.AST) -> tuple[ast.expr | None, str | None]:
    """What a key is read of, and the key where it is written out."""
    match node:
        case ast.Subscript(slice=key) if not text_value(key) and not isinstance(key, ast.Name | ast.Attribute):
            return None, None
        case _ if (item := item_asked(node)) is not None:
            return item[0], text_value(item[1])
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[of]) if text_value(key):
            return of, text_value(key)
    return None, None
