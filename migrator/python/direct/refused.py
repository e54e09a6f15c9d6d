"""Arguments given where a call is written that the client module's functions refuse, or take otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from migrator.clients.table import Argument, Destination, Table
from migrator.python.direct.values import Values
from migrator.python.expressions import text_value


def names(table: Table) -> frozenset[str]:
    """The arguments that some function refuses, or takes otherwise."""
    rows = (row for row in table.arguments if row.differs or row.to is Destination.MANUAL)
    return frozenset(name for row in rows for name in row.names)


def reason(call: ast.Call, name: str, table: Table, values: Values) -> str:
    """What a call of the function `name` gives that is refused, and what to do instead; "" where it gives no such."""
    return _said((a, row) for a, row in _rows(call, name, table, values) if row.to is Destination.MANUAL)


def difference(call: ast.Call, name: str, table: Table, values: Values) -> str:
    """What a call of the function `name` gives that the client module takes otherwise, and how; "" for nothing."""
    return _said((a, row) for a, row in _rows(call, name, table, values) if row.differs)


def _said(rows: Iterable[tuple[str, Argument]]) -> str:
    notes: dict[str, list[str]] = {}
    for argument, row in rows:
        given = notes.setdefault(row.note, [])
        given += [] if argument in given else [argument]
    return "; ".join(f"{', '.join(given)}: {note}" for note, given in notes.items())


def _rows(call: ast.Call, name: str, table: Table, values: Values) -> Iterator[tuple[str, Argument]]:
    for argument, value in _given(call, table.functions[name].order_of(name), values):
        if not (isinstance(value, ast.Constant) and value.value is None):
            yield argument, table.argument(name, argument)


def _given(call: ast.Call, order: list[str], values: Values) -> Iterator[tuple[str, ast.expr]]:
    """The arguments that are seen, those in a dict after `**` among them."""
    for name, value in zip(order, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        yield name, value
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.value
        else:
            yield from _items(keyword.value, values)


def _items(node: ast.expr, values: Values) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Name():
            yield from values.set_items(node)
            for value in values.held(node):
                yield from _items(value, values) if not isinstance(value, ast.Name) else ()
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                name = text_value(key) if key else None
                if name:
                    yield name, value
                elif key is None:
                    yield from _items(value, values)
        case ast.BinOp(op=ast.BitOr()):
            yield from _items(node.left, values)
            yield from _items(node.right, values)
        case ast.Call(func=ast.Name(id="dict")):
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
