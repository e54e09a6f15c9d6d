"""SQLite behind the Database interface."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from sqlglot import exp

from migrator.database.base import Database, Kind, Table
from migrator.database.dialects import DIALECTS
from migrator.errors import MigrateError


class Sqlite(Database):
    """An existing SQLite file. Its types are per value, so every column that is not JSON may hold text."""

    dialect = DIALECTS["sqlite"]

    def __init__(self, url: str) -> None:
        path = url.partition(":///")[2]
        if not path:
            raise MigrateError("write a SQLite database as sqlite:///path, or sqlite:////path from the root")
        self.name = path
        with self._plainly():
            self._connection = sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, isolation_level=None)
            self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def tables(self) -> list[Table]:
        listed = self.rows(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
        )
        return [self._table(name, bool(wr)) for name, wr in listed if not name.startswith("sqlite_")]

    def run(self, statement: exp.Expr | str) -> int:
        with self._plainly():
            return self._connection.execute(self.spelled(statement)).rowcount

    def rows(self, statement: exp.Expr | str) -> list[tuple[Any, ...]]:
        with self._plainly():
            return self._connection.execute(self.spelled(statement)).fetchall()

    def close(self) -> None:
        self._connection.close()

    def _table(self, name: str, without_rowid: bool) -> Table:
        literal = self.spelled(exp.Literal.string(name))
        listed = self.rows(f"SELECT name, upper(type), pk FROM pragma_table_info({literal})")
        columns: dict[str, Kind] = {column: "json" if "JSON" in declared else "text" for column, declared, _ in listed}
        primary = tuple(column for column, _, place in listed if place)
        taken = {column.lower() for column in columns}
        rowids = () if without_rowid else tuple(word for word in ("rowid", "_rowid_", "oid") if word not in taken)
        return Table((name,), ((name,), ("main", name)), columns, primary, rowids[:1])

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise MigrateError(f"{self.name}: {fault}") from fault
