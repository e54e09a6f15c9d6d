"""PostgreSQL, through psycopg, behind the Database interface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlglot import exp

from migrator.database.base import Database, Table
from migrator.database.dialects import DIALECTS
from migrator.errors import MigrateError

# The driver cuts a user part with a raw / or @ in the wrong place, and would show a piece of the password as a port.
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://((?:[^/@]*@)?[^@]*)")
_PORTS = re.compile(r"[\d,]*")

_COLUMNS = """
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid), a.attname,
       CASE WHEN y.typname IN ('json', 'jsonb') THEN 'json' WHEN y.typcategory = 'S' THEN 'text'
            WHEN y.typcategory = 'E' THEN 'enum' ELSE 'other' END,
       coalesce(a.attnum = ANY (i.indkey::int2[]), false)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
"""


class Postgres(Database):
    """A PostgreSQL database. Partitions are reached through their parent, views not at all."""

    dialect = DIALECTS["postgres"]

    def __init__(self, url: str) -> None:
        address = _URL.fullmatch(url)
        if address is None:
            raise MigrateError("the PostgreSQL URL is malformed: percent-encode / and @ in the user and password")
        conninfo = f"postgresql://{address[1]}"
        known = _read(conninfo)
        secret = str(known.get("password") or "")
        self._secrets = sorted({secret, quote(secret, safe=""), quote(secret)} - {""}, key=len, reverse=True)
        self.name = f"database {known.get('dbname', '(default)')} on {known.get('host', 'this machine')}"
        with self._plainly():
            self._connection = psycopg.connect(conninfo, autocommit=True)

    def tables(self) -> list[Table]:
        listed = self.rows(_COLUMNS)
        return [
            _table(schema, name, visible, [row[3:] for row in rows])
            for (schema, name, visible), rows in groupby(listed, key=itemgetter(0, 1, 2))
        ]

    def run(self, statement: exp.Expr | str) -> int:
        with self._plainly():
            return self._connection.execute(self.spelled(statement).encode()).rowcount

    def rows(self, statement: exp.Expr | str) -> list[tuple[Any, ...]]:
        with self._plainly():
            return self._connection.execute(self.spelled(statement).encode()).fetchall()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as fault:
            # The primary message only: the detail quotes stored values.
            reason = fault.diag.message_primary or next(iter(str(fault).splitlines()), type(fault).__name__)
            for secret in self._secrets:
                reason = reason.replace(secret, "***")
            raise MigrateError(f"{self.name}: {reason}") from None


def _read(conninfo: str) -> dict[str, Any]:
    malformed = MigrateError("the PostgreSQL URL is malformed: write postgresql://user@host:port/name")
    try:
        known = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise malformed from None
    if not _PORTS.fullmatch(str(known.get("port", ""))):
        raise malformed
    return known


def _table(schema: str, name: str, visible: bool, columns: list[tuple[Any, ...]]) -> Table:
    return Table(
        parts=(schema, name),
        names=((schema, name), (name,)) if visible else ((schema, name),),
        columns={column: kind for column, kind, _ in columns},
        primary=tuple(column for column, _, is_key in columns if is_key),
    )
