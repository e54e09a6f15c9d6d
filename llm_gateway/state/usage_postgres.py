"""Usage in PostgreSQL, which several gateways share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from llm_gateway.core.types import Usage
from llm_gateway.state import usage_rows
from llm_gateway.state.urls import StateError, masked, without_passwords
from llm_gateway.state.usage_table import TableUsage
from llm_gateway.state.usage_writer import BatchWriter

_WRITERS = "llm_gateway_usage_writers"
_VERSION = "llm_gateway_usage_version"
_LOCK = 0x6C6C6D67  # an advisory lock: of several gateways that start at once one migrates
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*usage_rows.SCHEMA, f"CREATE TABLE {_WRITERS} (writer BIGINT PRIMARY KEY, batch BIGINT NOT NULL)"),
)
# A connection may break after the server has committed and before it could say so. Each writer therefore numbers its
# batches and the number is written with the rows: a batch that is tried again is written once.
_NUMBER = f"""
INSERT INTO {_WRITERS} AS known VALUES (%s, %s)
ON CONFLICT (writer) DO UPDATE SET batch = EXCLUDED.batch WHERE known.batch < EXCLUDED.batch RETURNING batch
"""
_COPY = f"COPY {usage_rows.TABLE} ({', '.join(usage_rows.COLUMNS)}) FROM STDIN"


class PostgresUsage(TableUsage):
    """As UsageStore says, in the database at `url`. A lost connection is made anew."""

    def __init__(self, url: str, *, most: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        """Connects and makes the tables; at most `most` rows wait to be written. Raises StateError."""
        self._url = url
        self._clock = clock
        self._id = secrets.randbits(63)
        self._number = 1
        self._connection: psycopg.Connection[Any] | None = None
        try:
            _migrate(self._connected())
        except psycopg.Error as error:
            self._disconnect()
            raise StateError(
                f"{masked(url)}: no usage can be kept here ({without_passwords(str(error), url)}); "
                "start the server or mend the URL"
            ) from None
        self._writer = BatchWriter(self._write, (psycopg.Error,), self._explain, self._disconnect, most=most)
        self.add = self._writer.add

    @contextmanager
    def _reading(self) -> Iterator[usage_rows.Fetch]:
        """Questions that are all answered from the same state of the table."""
        try:
            with closing(_connect(self._url)) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                with connection.transaction():
                    yield lambda query, given: connection.execute(query.replace("?", "%s").encode(), given).fetchall()
        except psycopg.Error as error:
            raise StateError(
                f"{masked(self._url)}: the usage cannot be read: {without_passwords(str(error), self._url)}"
            ) from None

    def _write(self, batch: list[Usage]) -> None:
        try:
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                if cursor.execute(_NUMBER.encode(), (self._id, self._number)).fetchone() is not None:
                    with cursor.copy(_COPY.encode()) as copy:
                        for row in batch:
                            copy.write_row(usage_rows.values(row))
        except psycopg.Error:
            self._disconnect()
            raise
        self._number += 1

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = _connect(self._url)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _explain(self, error: Exception) -> str:
        return f"{masked(self._url)}: {without_passwords(str(error), self._url)}"


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=5, tcp_user_timeout=10_000)


def _migrate(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_VERSION} (version BIGINT NOT NULL)".encode())
        found = connection.execute(f"SELECT max(version) FROM {_VERSION}".encode()).fetchone()
        version = (found and found[0]) or 0
        if version > len(_MIGRATIONS):
            raise psycopg.DatabaseError(f"version {version} of its tables was made by a newer gateway")
        for number, migration in enumerate(_MIGRATIONS[version:], version + 1):
            for statement in migration:
                connection.execute(statement.encode())
            connection.execute(f"INSERT INTO {_VERSION} VALUES (%s)".encode(), (number,))
