"""What `llm-gateway costs` prints, from stores that were really written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from postgres import Postgres, Server, postgres, server  # noqa: F401  (fixtures)

from llm_gateway import costs
from llm_gateway.cli import main
from llm_gateway.core.types import Usage
from llm_gateway.costs import report
from llm_gateway.state.urls import StateError
from llm_gateway.state.usage_sqlite import SqliteUsage

if TYPE_CHECKING:
    from pytest_snapshot.plugin import Snapshot

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
DAY = 86_400


def usage(at: float = NOON, **fields: Any) -> Usage:
    given: dict[str, Any] = {
        "request_id": "r",
        "trace_id": "t",
        "key": "alice",
        "project": "desk",
        "endpoint": "chat/completions",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "status": 200,
        **fields,
    }
    return Usage(at=at, **given)


ROWS = [
    usage(prompt_tokens=1_200_000, completion_tokens=34_567, cost=12.345678, cache="MISS"),
    usage(NOON + DAY, prompt_tokens=10, completion_tokens=5, cost=0.0, cache="HIT"),
    usage(provider="anthropic", model="claude-sonnet-4-5", prompt_tokens=8, completion_tokens=2, cost=0.000054),
    usage(provider="anthropic", model="claude-sonnet-4-5", status=529, error="Overloaded"),
    usage(NOON - DAY, provider="ollama", model="llama3", prompt_tokens=3, completion_tokens=4, estimated=True),
    usage(model="\x1b[2J\u202egpt", prompt_tokens=1, cost=0.5),
    usage(model="通义千问", prompt_tokens=1, cost=0.25),
    usage(model="m" * 300, prompt_tokens=1),
    usage(provider="", model="", status=429, error="Rate limited", project="lab", key="bob"),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return _written(tmp_path / "usage.db", ROWS)


def _written(path: Path, rows: list[Usage]) -> str:
    store = SqliteUsage(path)
    for row in rows:
        store.add(row)
    assert store.close()
    return f"sqlite:///{path}"


@pytest.fixture
def snapshot(snapshot: Snapshot) -> Iterator[Snapshot]:
    snapshot.snapshot_dir = Path(__file__).parent / "snapshots"
    yield snapshot


# What cannot be answered


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "memory:",
            r'^memory: no usage is kept after the gateway stops; set usage = "sqlite:///usage\.db" in \[state\]$',
        ),
        ("redis://u:secret@cache/0", r"^redis://u:\*\*\*@cache/0: no usage is kept there; write sqlite:///… or postg"),
        ("", "no usage is kept there"),
        ("sqlite://usage.db", "write a SQLite file as sqlite:///file.db"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_store_that_keeps_nothing_is_one_line(url: str, said: str, as_json: bool) -> None:
    with pytest.raises(StateError, match=said) as raised:
        report(url, ("model",), None, as_json)
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no such file yet"):
        report(f"sqlite:///{tmp_path}/usage.db", ("model",), None, False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be looked at " * 40])
def test_another_file_is_told_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "usage.db").write_bytes(content)
    with pytest.raises(StateError, match=r"usage\.db: the usage cannot be read: "):
        report(f"sqlite:///{tmp_path}/usage.db", ("model",), None, False)
    assert (tmp_path / "usage.db").read_bytes() == content


def test_the_command_says_it_in_one_line() -> None:
    ended = CliRunner().invoke(main, ["costs"])
    assert ended.exit_code == 1 and ended.stdout == ""
    assert ended.stderr.startswith("Error: memory: ") and ended.stderr.count("\n") == 1


def test_nothing_can_be_written(url: str, postgres: Postgres) -> None:  # noqa: F811  (fixture)
    for store in (url, postgres.url):
        with pytest.raises(StateError, match=r"read-?only"), costs._reading(store) as fetch:
            fetch("CREATE TABLE mine (number INTEGER)", ())


def test_postgres_without_a_table_or_a_server(postgres: Postgres, tmp_path: Path) -> None:  # noqa: F811  (fixture)
    for url in (postgres.url, f"postgresql://me:secret@/x?host={tmp_path}"):
        with pytest.raises(StateError, match=r": the usage cannot be read: ") as raised:
            report(url, ("model",), None, False)
        assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


# What is answered


def test_no_requests(tmp_path: Path, url: str) -> None:
    empty = _written(tmp_path / "empty.db", [])
    assert report(empty, ("model",), None, False) == f"{empty} holds no requests\n"
    late = report(url, ("model",), datetime(2030, 1, 1), False)
    assert late == f"{url} holds no requests since 2030-01-01 00:00 UTC\n"
    data = json.loads(report(url, ("model",), datetime(2030, 1, 1), True))
    assert data["rows"] == [] and data["total"]["requests"] == 0 and data["since"] == "2030-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("costs-by-model.txt", ("model", "provider")),
        ("costs-by-day.txt", ("day",)),
        ("costs-by-project.txt", ("project", "key", "project")),
    ],
)
def test_table(url: str, snapshot: Snapshot, name: str, by: Any) -> None:
    text = report(url, by, None, False)
    assert "\x1b" not in text and "\u202e" not in text
    snapshot.assert_match(text, name)


def test_json(url: str, snapshot: Snapshot) -> None:
    text = report(url, ("day", "provider"), None, True)
    json.loads(text)
    snapshot.assert_match(text, "costs.json")


def test_names_are_whole_in_json(url: str) -> None:
    rows = json.loads(report(url, ("model",), None, True))["rows"]
    assert {"m" * 300, "\x1b[2J\u202egpt"} <= {row["model"] for row in rows}


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XXX-14")  # 14 hours before UTC
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_naive_day_begins_in_utc(url: str, far_east: None) -> None:
    naive = json.loads(report(url, ("day",), datetime(2026, 11, 21), True))
    assert [row["day"] for row in naive["rows"]] == ["2026-11-21"] and naive["since"] == "2026-11-21T00:00:00+00:00"
    assert naive["total"]["requests"] == naive["total"]["cache_hits"] == 1


def test_it_reads_while_the_gateway_writes(tmp_path: Path) -> None:
    store = SqliteUsage(tmp_path / "usage.db")
    try:
        store.add(ROWS[0])
        assert store.flush()
        data = json.loads(report(f"sqlite:///{tmp_path}/usage.db", ("model",), None, True))
        assert data["total"]["requests"] == 1
    finally:
        store.close()


def test_postgres_says_the_same(url: str, postgres: Postgres) -> None:  # noqa: F811  (fixture)
    from llm_gateway.state.usage_postgres import PostgresUsage

    store = PostgresUsage(postgres.url)
    for row in ROWS:
        store.add(row)
    assert store.close()
    for as_json in (False, True):
        by: Any = ("provider", "day")
        assert report(postgres.url, by, None, as_json) == report(url, by, None, as_json)


def test_the_command(tmp_path: Path, url: str) -> None:
    settings = tmp_path / "gateway.toml"
    settings.write_text(f'[state]\nusage = "{url}"\n')
    ended = CliRunner().invoke(main, ["costs", "--config", str(settings), "--by", "day", "--since", "2026-11-20"])
    assert ended.exit_code == 0, ended.output
    assert [line.split()[0] for line in ended.stdout.splitlines() if line[:1].isdigit()][:2] == [
        "2026-11-20",
        "2026-11-21",
    ]
    assert "2026-11-19" not in ended.stdout
