"""Usage in a SQLite file, and in memory alone."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

from llm_gateway.core.types import Usage
from llm_gateway.state import usage_rows
from llm_gateway.state.urls import StateError
from llm_gateway.state.usage import CostRow, Grouping, Window
from llm_gateway.state.usage_table import TableUsage
from llm_gateway.state.usage_writer import BatchWriter

# What turns the schema of each version into that of the next; `user_version` counts those that were run.
_MIGRATIONS: tuple[tuple[str, ...], ...] = (usage_rows.SCHEMA,)
_INSERT = f"INSERT INTO {usage_rows.TABLE} VALUES ({', '.join('?' * len(usage_rows.COLUMNS))})"


class SqliteUsage(TableUsage):
    """As UsageStore says, in the file `path`. What is flushed survives a crash of the process and of the machine."""

    def __init__(
        self, path: str | os.PathLike[str], *, most: int = 100_000, clock: Callable[[], float] = time.time
    ) -> None:
        """Opens or makes the file; at most `most` rows wait to be written. Raises StateError."""
        self._path = os.fspath(path)
        self._clock = clock
        try:
            self._database = _open(self._path)
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: no usage can be kept here ({error}); name another file") from None
        self._writer = BatchWriter(self._write, (sqlite3.Error,), self._explain, self._database.close, most=most)
        self.add = self._writer.add

    @contextmanager
    def _reading(self) -> Iterator[usage_rows.Fetch]:
        """Questions that are all answered from the same state of the table."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=5.0)) as database:
                database.execute("BEGIN")
                yield _fetch_from(database)
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: the usage cannot be read: {error}") from None

    def _write(self, batch: list[Usage]) -> None:
        _insert(self._database, batch)

    def _explain(self, error: Exception) -> str:
        return f"{self._path}: {error}"


class MemoryUsage:
    """The last `most` requests of this process. What is asked of them is answered by a database made for the moment."""

    degraded: str | None = None
    failure: str | None = None
    dropped = 0
    waiting = 0

    def __init__(self, most: int = 10_000, *, clock: Callable[[], float] = time.time) -> None:
        self._rows: deque[Usage] = deque(maxlen=most)
        self._clock = clock
        self.add = self._rows.append

    def flush(self, timeout: float = 10.0) -> bool:
        """Nothing to wait for."""
        return True

    def close(self, timeout: float = 10.0) -> bool:
        """Nothing to close."""
        return True

    def costs(self, since: float | None = None, by: Sequence[Grouping] = ("model",)) -> list[CostRow]:
        """As in UsageStore."""
        with closing(self._table()) as database:
            return usage_rows.costs(_fetch_from(database), since, by)

    def window(self, since: float) -> Window:
        """As in UsageStore."""
        with closing(self._table()) as database:
            return usage_rows.window(_fetch_from(database), since, self._clock())

    def _table(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:", isolation_level=None)
        for statement in usage_rows.SCHEMA:
            database.execute(statement)
        _insert(database, self._rows.copy())
        return database


def _fetch_from(database: sqlite3.Connection) -> usage_rows.Fetch:
    return lambda query, parameters: database.execute(query, parameters).fetchall()


def _insert(database: sqlite3.Connection, rows: Iterable[Usage]) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany(_INSERT, map(usage_rows.values, rows))


def _open(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        with database:
            database.execute("BEGIN IMMEDIATE")  # of two processes that start at once one migrates
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > len(_MIGRATIONS):
                raise sqlite3.DatabaseError(f"version {version} of its format was made by a newer gateway")
            for migration in _MIGRATIONS[version:]:
                for statement in migration:
                    database.execute(statement)
            database.execute(f"PRAGMA user_version={len(_MIGRATIONS)}")
    except sqlite3.Error:
        database.close()
        raise
    return database
