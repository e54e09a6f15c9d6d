"""Arguments given where a call is written that the client module's functions refuse, or take otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from migrator.clients.table import Argument, Destination, Table
from migrator.python.direct.keys import Reader
from migrator.python.reading.expressions import is_none


def names(table: Table) -> frozenset[str]:
    """The arguments that some function refuses, or takes otherwise."""
    rows = (row for row in table.arguments if row.differs or row.to is Destination.MANUAL)
    return frozenset(name for row in rows for name in row.names)


def reason(call: ast.Call, name: str, table: Table, reader: Reader) -> str:
    """What a call of the function `name` gives that is refused, and what to do instead; "" where it gives no such.

    A parameter that callers may leave out is none: it is refused where one gives it.
    """
    rows = _rows(call, name, table, reader)
    optional = reader.values.may_be_left_out
    return _said((a, row) for a, row, v in rows if row.to is Destination.MANUAL and not optional(v))


def difference(call: ast.Call, name: str, table: Table, reader: Reader) -> str:
    """What a call of the function `name` gives that the client module takes otherwise, and how; "" for nothing."""
    rows = [(argument, row) for argument, row, _ in _rows(call, name, table, reader)]
    refused = _said((argument, row) for argument, row in rows if row.to is Destination.MANUAL)
    said = _said((argument, row) for argument, row in rows if row.differs)
    return "; ".join(filter(None, [said, refused and f"where it is given, a TypeError: {refused}"]))


def _said(rows: Iterable[tuple[str, Argument]]) -> str:
    notes: dict[str, list[str]] = {}
    for argument, row in rows:
        given = notes.setdefault(row.note, [])
        given += [] if argument in given else [argument]
    return "; ".join(f"{', '.join(given)}: {note}" for note, given in notes.items())


def _rows(call: ast.Call, name: str, table: Table, reader: Reader) -> Iterator[tuple[str, Argument, ast.expr | None]]:
    for argument, value in _given(call, table.functions[name].order_of(name), reader):
        if not is_none(value):
            yield argument, table.argument(name, argument), value


def _given(call: ast.Call, order: list[str], reader: Reader) -> Iterator[tuple[str, ast.expr | None]]:
    """The arguments that are seen, those in a dict after `**` among them."""
    for name, value in zip(order, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        yield name, value
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.value
        else:
            yield from ((key.name, key.value) for key in reader.seen(keyword.value))
