"""Usage: nothing that was flushed is lost, whatever happens to the disk, the server or the process."""

from __future__ import annotations

import dataclasses
import random
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import Postgres, postgres, server  # noqa: F401  (fixtures)
from servers import StoppablePostgres, small_disk, stoppable_postgres  # noqa: F401  (fixtures)

from llm_gateway.core.types import Usage
from llm_gateway.state import usage_writer
from llm_gateway.state.urls import StateError
from llm_gateway.state.usage import Bucket, Failure, Latency, UsageStore
from llm_gateway.state.usage_postgres import PostgresUsage
from llm_gateway.state.usage_sqlite import MemoryUsage, SqliteUsage

MIDNIGHT = 1_763_596_800.0  # 2025-11-20
NOW = MIDNIGHT + 3600.0
ROW = Usage(NOW, "r", "t", "k", "p", "chat/completions", "openai", "gpt-x", 200)
Open = Callable[..., UsageStore]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store of either kind each time."""
    if request.param == "memory":
        kept = MemoryUsage(clock=lambda: NOW)
        return lambda: kept
    if request.param == "sqlite":
        return lambda: SqliteUsage(tmp_path / "usage.db", clock=lambda: NOW)
    url = request.getfixturevalue("postgres").url
    return lambda: PostgresUsage(url, clock=lambda: NOW)


@pytest.fixture
def store(open_store: Open) -> Iterator[UsageStore]:
    opened = open_store()
    yield opened
    assert opened.close()


def row(**changes: Any) -> Usage:
    return dataclasses.replace(ROW, **changes)


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [found for (found,) in database.execute("SELECT request_id FROM llm_gateway_usage ORDER BY rowid")]


# What is asked


def test_nothing_is_said_of_nothing(store: UsageStore) -> None:
    assert store.costs() == store.costs(NOW, ("day", "key")) == store.costs(by=()) == []
    window = store.window(NOW - 60)
    assert (window.requests, window.cost, window.latency, window.providers, window.failures) == (0, 0.0, None, (), ())
    assert window.buckets == (Bucket(NOW - 60), Bucket(NOW))


def test_costs_are_summed_by_any_grouping_and_sorted(store: UsageStore) -> None:
    store.add(row(model="b", cost=0.25, prompt_tokens=10, completion_tokens=1))
    store.add(row(model="a", cost=0.5, at=MIDNIGHT - 1, estimated=True))
    store.add(row(model="b", cost=None, key="other"))
    store.add(row(model="b", cost=None, status=500))
    store.add(row(model="b", cost=0.0, cache="SEMANTIC HIT"))
    store.add(row(model="b", cost=9.0, at=MIDNIGHT - 90_000))
    assert store.flush()
    since = MIDNIGHT - 1
    first, second = store.costs(since, ["model"])
    assert (first.group, first.requests, first.cost, first.estimated) == (("a",), 1, 0.5, 1)
    assert (second.group, second.requests, second.errors, second.cache_hits) == (("b",), 4, 1, 1)
    assert (second.prompt_tokens, second.completion_tokens) == (10, 1)
    assert (second.cost, second.unpriced, second.estimated) == (0.25, 1, 0)
    assert [found.group for found in store.costs(by=("day",))] == [("2025-11-18",), ("2025-11-19",), ("2025-11-20",)]
    by_all = store.costs(since, ("day", "project", "key", "provider", "model"))
    assert [found.group for found in by_all] == [
        ("2025-11-19", "p", "k", "openai", "a"),
        ("2025-11-20", "p", "k", "openai", "b"),
        ("2025-11-20", "p", "other", "openai", "b"),
    ]
    assert [(found.group, found.requests, found.cost) for found in store.costs(by=())] == [((), 6, 9.75)]


def test_window_shows_latencies_buckets_providers_and_the_latest_failures(store: UsageStore) -> None:
    seconds = random.Random(1).sample(range(1000), 250)  # all different
    for number, taken in enumerate(seconds):
        store.add(row(at=NOW - 7200 + number * 20, seconds=taken, cost=0.5, provider=["openai", "groq"][number % 2]))
    for number in range(25):
        store.add(row(at=NOW - number, status=502, request_id=f"r{number}", error=f"e{number}", provider="groq"))
    store.add(row(at=NOW - 7201, cost=1000.0, status=500))
    assert store.flush()
    window = store.window(NOW - 7200)
    assert (window.requests, window.errors, window.cost) == (275, 25, 125.0)
    every = sorted([*seconds, *[0] * 25])
    assert window.latency == Latency(every[137], every[247], every[272])
    ranked = sorted(seconds[::2])
    openai = window.providers[1]
    assert [found.provider for found in window.providers] == ["groq", "openai"]
    assert (openai.requests, openai.errors, openai.cost) == (125, 0, 62.5)
    assert openai.latency == Latency(ranked[62], ranked[112], ranked[123])
    assert window.bucket_seconds == 120
    assert [bucket.start for bucket in window.buckets] == [NOW - 7200 + 120 * number for number in range(61)]
    assert window.buckets[0] == Bucket(NOW - 7200, 6, 0, 3.0)
    assert window.buckets[-1] == Bucket(NOW, 1, 1, 0.0)
    assert window.failures[0] == Failure(NOW, "r0", "groq", "gpt-x", 502, "e0")
    assert [failure.request_id for failure in window.failures] == [f"r{number}" for number in range(20)]


def test_any_row_can_be_stored(store: UsageStore) -> None:
    nan = float("nan")
    for bad in [
        row(model="a\0b", error="lone \ud800 surrogate", metadata="'); DROP TABLE llm_gateway_usage; --"),
        row(model="a\tb\\N\n", prompt_tokens=2**70, completion_tokens=-(2**70), status=2**40),
        row(at=nan, seconds=nan, cost=nan, first_token=float("inf")),
        row(model={"not": "text"}, error=None),
    ]:
        store.add(bad)
        assert store.flush()
    assert sum(found.requests for found in store.costs()) == 4
    assert {"a\ufffdb", "a\tb\\N\n"} < {found.group[0] for found in store.costs()}


def test_rows_are_there_after_a_restart(open_store: Open) -> None:
    first = open_store()
    for number in range(5000):
        first.add(row(prompt_tokens=number))
    assert first.close()
    assert first.close()
    second = open_store()
    (found,) = second.costs()
    assert (found.requests, found.prompt_tokens) == (5000, 5000 * 4999 // 2)
    assert second.close()


def test_rows_of_many_threads_are_all_written(store: UsageStore) -> None:
    def add() -> None:
        for _ in range(500):
            store.add(ROW)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.flush()
    assert store.costs()[0].requests == 4000
    assert store.dropped == 0


def test_rows_are_written_without_being_asked_for() -> None:
    written = threading.Event()
    got: list[Usage] = []

    def write(batch: list[Usage]) -> None:
        got.extend(batch)
        written.set()

    writer = usage_writer.BatchWriter(write, (), str, lambda: None)
    for number in range(3):
        written.clear()
        writer.add(row(prompt_tokens=number))
        assert written.wait(10)
    assert writer.close(10)
    assert [found.prompt_tokens for found in got] == [0, 1, 2]


def test_memory_keeps_the_last() -> None:
    store = MemoryUsage(3)
    for number in range(5):
        store.add(row(prompt_tokens=number))
    assert (store.costs()[0].requests, store.costs()[0].prompt_tokens) == (3, 2 + 3 + 4)


# What can go wrong


def test_file_of_a_newer_gateway_or_no_database_is_refused(tmp_path: Path) -> None:
    newer, text = tmp_path / "newer.db", tmp_path / "text.db"
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version=99")
    text.write_text("not a database, whatever its name may promise\n" * 50)
    for path, reason in ((newer, "newer gateway"), (text, "not a database"), (tmp_path / "no" / "u.db", "unable")):
        with pytest.raises(StateError, match=reason) as caught:
            SqliteUsage(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_tables_of_a_newer_gateway_are_refused(postgres: Postgres) -> None:  # noqa: F811
    assert PostgresUsage(postgres.url).close()
    postgres.script("UPDATE llm_gateway_usage_version SET version = 99")
    with pytest.raises(StateError, match="newer gateway"):
        PostgresUsage(postgres.url)


def test_reading_what_is_gone_is_one_line(tmp_path: Path) -> None:
    store = SqliteUsage(tmp_path / "usage.db")
    with closing(sqlite3.connect(tmp_path / "usage.db")) as database:
        database.execute("DROP TABLE llm_gateway_usage")
    with pytest.raises(StateError, match="cannot be read"):
        store.window(0.0)
    store.close()


def test_full_queue_drops_counts_and_says_so(tmp_path: Path) -> None:
    store = SqliteUsage(tmp_path / "usage.db", most=10)
    with closing(sqlite3.connect(tmp_path / "usage.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else may write now
        store.add(ROW)
        assert not store.flush(0.2)
        for _ in range(15):
            store.add(ROW)
        assert store.dropped == 5
        assert store.degraded == "5 usage rows were dropped"
        other.execute("ROLLBACK")
    assert store.close()
    assert len(ids(tmp_path / "usage.db")) == 11
    store.add(ROW)
    assert store.dropped == 6


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes fails in this process, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def check_full(path: Path, store: SqliteUsage, free: Callable[[], object]) -> None:
    """Rows that do not fit wait, and are written once each, in order, when there is room."""
    given = []
    while store.degraded is None:
        for _ in range(500):
            given.append(f"{len(given):040}")
            store.add(row(request_id=given[-1], metadata="x" * 200))
        store.flush(0.5)
    assert str(path) in store.degraded and "\n" not in store.degraded
    acknowledged = ids(path)
    assert 0 < len(acknowledged) < len(given)
    free()
    assert store.flush()
    assert store.degraded is None
    assert store.dropped == 0
    assert ids(path) == given
    assert store.close()


def test_full_disk_loses_nothing(small_disk: Path) -> None:  # noqa: F811
    (small_disk / "ballast").write_bytes(bytes(700_000))
    path = small_disk / "usage.db"
    check_full(path, SqliteUsage(path), (small_disk / "ballast").unlink)


def test_file_that_may_not_grow_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    store = SqliteUsage(path)
    with ExitStack() as limits:
        limits.enter_context(files_of_at_most(600_000))
        check_full(path, store, limits.close)


def test_close_gives_up_in_time_and_says_what_was_lost(tmp_path: Path) -> None:
    store = SqliteUsage(tmp_path / "usage.db")
    with closing(sqlite3.connect(tmp_path / "usage.db")) as database:
        database.execute("ALTER TABLE llm_gateway_usage RENAME TO elsewhere")
    for _ in range(3):
        store.add(ROW)
    assert not store.close(0.2)
    assert store.dropped == 3
    assert store.degraded is not None and "3 usage rows were dropped" in store.degraded


def test_close_gives_up_every_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "_BATCH", 2)
    store = SqliteUsage(tmp_path / "usage.db")
    with closing(sqlite3.connect(tmp_path / "usage.db")) as database:
        database.execute("ALTER TABLE llm_gateway_usage RENAME TO elsewhere")
    for _ in range(9):
        store.add(ROW)
    assert not store.close(0.2)
    assert store.dropped == 9


CRASHING = """
import sys
from llm_gateway.core.types import Usage
from llm_gateway.state.tables import open_state
import asyncio
state = asyncio.run(open_state(usage_url=sys.argv[1]))
number = 0
while True:
    for _ in range(700):
        state.usage.add(Usage(1e9, str(number), "", "k", "p", "e", "o", "m", 200))
        number += 1
    assert state.usage.flush()
    print(number, flush=True)
"""


def run_until_killed(url: str) -> int:
    """How many rows a process was told are written before it was killed in the middle of its work."""
    with subprocess.Popen([sys.executable, "-c", CRASHING, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.kill()
        rest = process.stdout.read()
    assert process.returncode == -9
    return int([*lines, *rest.splitlines()][-1])


def test_kill_loses_nothing_that_was_flushed_to_a_file(tmp_path: Path) -> None:
    acknowledged = run_until_killed(f"sqlite:///{tmp_path / 'usage.db'}")
    found = ids(tmp_path / "usage.db")
    assert len(found) >= acknowledged >= 3500
    assert found == [str(number) for number in range(len(found))]


def test_kill_loses_nothing_that_was_flushed_to_postgres(postgres: Postgres) -> None:  # noqa: F811
    acknowledged = run_until_killed(postgres.url)
    found = [int(number) for (number,) in postgres.rows("SELECT request_id FROM llm_gateway_usage")]
    assert len(found) >= acknowledged >= 3500
    assert sorted(found) == list(range(len(found)))


def test_postgres_that_stops_gets_the_rows_when_it_is_back(
    stoppable_postgres: StoppablePostgres,  # noqa: F811
) -> None:
    store = PostgresUsage(stoppable_postgres.url)
    store.add(row(request_id="before"))
    assert store.flush()
    with stoppable_postgres.stopped():
        store.add(row(request_id="meanwhile"))
        assert not store.flush(0.3)
        assert store.degraded is not None and "waits in memory" in store.degraded and "\n" not in store.degraded
        with pytest.raises(StateError, match="cannot be read"):
            store.costs()
        store.add(row(request_id="later"))
    assert store.flush()
    assert store.degraded is None
    assert [found.group[0] for found in store.costs()] == ["gpt-x"]
    kept = stoppable_postgres.database.rows("SELECT request_id FROM llm_gateway_usage ORDER BY 1")
    assert kept == [("before",), ("later",), ("meanwhile",)]
    assert store.close()


def test_connection_that_is_cut_is_made_anew(postgres: Postgres) -> None:  # noqa: F811
    store = PostgresUsage(postgres.url)
    for number in range(5):
        store.add(row(request_id=str(number)))
        assert store.flush()
        postgres.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert store.close()
    assert len(postgres.rows("SELECT 1 FROM llm_gateway_usage")) == 5


def test_batch_whose_answer_was_lost_is_written_once(postgres: Postgres) -> None:  # noqa: F811
    """The server commits, and the connection breaks before it can say so."""
    postgres.script("CREATE TABLE seen (n int)")
    store = PostgresUsage(postgres.url)
    writers = "llm_gateway_usage_writers"
    store.add(row(request_id="a"))
    assert store.flush()
    # As after a commit that nobody was told of: the next batch of this writer is already there.
    postgres.script(f"UPDATE {writers} SET batch = 2; UPDATE llm_gateway_usage SET request_id = 'committed'")
    store.add(row(request_id="tried again"))
    assert store.flush()
    store.add(row(request_id="next"))
    assert store.close()
    assert sorted(postgres.rows("SELECT request_id FROM llm_gateway_usage")) == [("committed",), ("next",)]


def test_gateways_that_start_at_once_make_the_tables_once(postgres: Postgres, tmp_path: Path) -> None:  # noqa: F811
    for make in (lambda: PostgresUsage(postgres.url), lambda: SqliteUsage(tmp_path / "usage.db")):
        failures: list[Exception] = []

        def start(make: Callable[[], UsageStore] = make, failures: list[Exception] = failures) -> None:
            try:
                make().close()
            except (StateError, psycopg.Error) as error:
                failures.append(error)

        threads = [threading.Thread(target=start) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
