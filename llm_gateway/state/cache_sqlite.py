"""A cache that survives a restart: memory in front, a SQLite file behind, written and read by one thread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from llm_gateway.state.cache import MemoryCache
from llm_gateway.state.urls import StateError

_MAX_WAITING = 32 << 20  # bytes on their way to the file; what comes on top stays in memory only
_MAX_OUTDATED = 100_000
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, expires REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_expires ON entries (expires);
"""


class SqliteCache:
    """Bytes by key in the file `path`, of at most `max_bytes` of values: beyond that the oldest go.

    A `set` or `delete` is done in memory and follows in the file. Of several processes on one file each sees what the
    others store, but not at once what they delete.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_bytes: int = 1 << 30,
        *,
        memory: MemoryCache | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Opens or makes the file. Raises StateError."""
        self.degraded: str | None = None
        self._path = os.fspath(path)
        self._max = max_bytes
        self._clock = clock
        self._memory = memory or MemoryCache(clock=clock)
        self._waiting: deque[tuple[str, bytes, float]] = deque()
        self._waiting_bytes = 0
        self._scheduled = False
        self._outdated: dict[str, None] = {}  # what the file has missed: its entries are older than they claim
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llm-gateway-cache")
        try:
            self._database = self._thread.submit(self._open).result()
        except sqlite3.Error as error:
            self._thread.shutdown()
            raise StateError(f"{self._path}: no cache can be kept here ({error}); name another file") from None

    async def get(self, key: str) -> bytes | None:
        """As in Cache."""
        value = self._memory.peek(key)
        if value is not None:
            return value
        found = await asyncio.get_running_loop().run_in_executor(self._thread, self._read, key)
        if found is None:
            return None
        value, expires = found
        self._memory.put(key, value, expires - self._clock())
        return value

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """As in Cache."""
        self._memory.put(key, value, ttl)
        self._write(key, value, self._clock() + ttl)

    async def delete(self, key: str) -> None:
        """As in Cache."""
        self._memory.drop(key)
        self._write(key, b"", 0.0)

    async def aclose(self) -> None:
        """As in Cache."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._drain)
        await loop.run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    def _write(self, key: str, value: bytes, expires: float) -> None:
        if self._waiting_bytes + len(value) > _MAX_WAITING:
            value, expires = b"", 0.0  # what the file has of the key is outdated all the same
        self._waiting.append((key, value, expires))
        self._waiting_bytes += len(value)
        if not self._scheduled:
            self._scheduled = True
            self._thread.submit(self._drain)

    # What follows runs in the thread, in the order it was asked for: a read sees every write before it.

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=1.0, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last answers, not the file
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"version {version} of the cache's format is unknown here")
        database.executescript(f"{_SCHEMA}PRAGMA user_version={_VERSION};")
        (self._stored,) = database.execute("SELECT coalesce(sum(length(value)), 0) FROM entries").fetchone()
        return database

    def _read(self, key: str) -> tuple[bytes, float] | None:
        if key in self._outdated:
            return None
        query = "SELECT value, expires FROM entries WHERE key = ? AND expires > ?"
        try:
            found: tuple[bytes, float] | None = self._database.execute(query, (key, self._clock())).fetchone()
        except sqlite3.Error as error:
            self._fails(error)
            return None
        return found

    def _drain(self) -> None:
        self._scheduled = False
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._waiting_bytes = 0
        if not batch:
            return
        try:
            self._store(batch)
        except sqlite3.Error as error:
            self._outdated.update((key, None) for key, _, _ in batch)
            while len(self._outdated) > _MAX_OUTDATED:
                del self._outdated[next(iter(self._outdated))]
            self._fails(error)
        else:
            self._outdated.clear()
            self.degraded = None

    def _store(self, batch: list[tuple[str, bytes, float]]) -> None:
        stored = self._stored
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            for key, value, expires in [*((key, b"", 0.0) for key in self._outdated), *batch]:
                stored -= self._remove("DELETE FROM entries WHERE key = ? RETURNING length(value)", key)
                if expires > 0:
                    insert = "INSERT INTO entries (key, value, expires) VALUES (?, ?, ?)"
                    self._database.execute(insert, (key, value, expires))
                    stored += len(value)
            if stored > self._max:
                stored -= self._remove("DELETE FROM entries WHERE expires <= ? RETURNING length(value)", self._clock())
            while stored > self._max:
                oldest = "(SELECT id FROM entries ORDER BY id LIMIT ?)"
                stored -= self._remove(f"DELETE FROM entries WHERE id IN {oldest} RETURNING length(value)", 16)
        self._stored = stored

    def _remove(self, statement: str, parameter: str | float) -> int:
        return sum(size for (size,) in self._database.execute(statement, (parameter,)).fetchall())

    def _fails(self, error: sqlite3.Error) -> None:
        self.degraded = f"{self._path}: answers are kept in memory only: {error}"
