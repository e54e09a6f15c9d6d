"""What those who run a gateway get to see: in its log, at /health, on its pages, and at its end."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from postgres import server  # noqa: F401  (a fixture)
from servers import RedisServer, StoppablePostgres, redis_server, stoppable_postgres  # noqa: F401  (fixtures)
from serving import Upstream, ask, eventually, gateway, served
from test_server_signals import HASH, running

from llm_gateway.core.types import Usage
from llm_gateway.server import watch
from llm_gateway.state import semantic, usage_writer
from llm_gateway.state.tables import State, open_state

ROW = Usage(
    at=1_000_000.0,
    request_id="r",
    trace_id="t",
    key="k",
    project="p",
    endpoint="chat/completions",
    provider="openai",
    model="m",
    status=200,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(watch, "_PERIOD", 0.02)
    caplog.set_level(logging.INFO, "llm_gateway")


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of what was logged of the stores."""
    return [(r.levelname, r.getMessage()) for r in caplog.records if r.module == "watch"]


def health(url: str, **headers: str) -> Any:
    return ask(url, path="/health", method="GET", headers=headers).json


def usage_opened(url: str) -> State:
    async def run() -> State:
        return await open_state(usage_url=url)

    return asyncio.run(run())


def rename(path: Path, old: str, new: str) -> None:
    """Takes the table of requests away, or gives it back."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"ALTER TABLE {old} RENAME TO {new}")


# The end of a process


def test_rows_that_cannot_be_written_at_the_end_are_logged(
    tmp_path: Path,
    stoppable_postgres: StoppablePostgres,  # noqa: F811
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f'state.usage = "{stoppable_postgres.url}"\n')
    with running("--config", str(path), "--mock") as process, stoppable_postgres.stopped():
        for _ in range(3):
            assert ask(process.url).status == 200
        process.logged("WARNING llm_gateway: degraded: usage: usage waits in memory to be written: postgresql://")
        process.process.send_signal(signal.SIGTERM)
        process.logged("WARNING llm_gateway: 3 usage rows wait to be written")
        assert process.process.wait(9) == 0  # many who stop a process kill it after ten seconds
        line = process.logged(r"ERROR llm_gateway: 3 usage rows were not written: postgresql://")
    assert "connection" in line and "waits in memory" not in line
    assert not [line for line in process.lines if "Traceback" in line]


def test_starting_and_stopping_read_well(tmp_path: Path) -> None:
    with running("--mock") as process:
        assert ask(process.url).status == 200
        process.process.terminate()
        assert process.process.wait(10) == 0
        process.logged("stopped")
    said = [re.sub(r"^\S+ \S+ ", "", line).strip() for line in process.lines]
    assert said == [
        f"INFO llm_gateway: serving on {process.url}",
        "INFO llm_gateway: shutting down",
        "INFO llm_gateway: stopped",
    ]


def test_a_close_ends_though_the_store_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "_LAST_TRY", 0.05)
    free = threading.Event()

    def write(rows: list[Usage]) -> None:
        free.wait(30)

    writer = usage_writer.BatchWriter(write, (), str, lambda: None)
    writer.add(ROW)
    try:
        assert not writer.close(0.05)
        assert (writer.dropped, writer.waiting) == (1, 1)
        assert not writer.close(0.05)  # the second time as the first
        assert writer.dropped == 1
    finally:
        free.set()


# While it runs


def test_a_redis_that_goes_and_comes_back_is_logged_once_each(
    caplog: pytest.LogCaptureFixture,
    redis_server: RedisServer,  # noqa: F811
) -> None:
    url = redis_server.url
    with gateway({"mock": True, "state": {"cache": url, "limits": url}}):
        redis_server.kill()
        eventually(lambda: len(told(caplog)) >= 1)  # nobody asks for anything
        redis_server.start()
        eventually(lambda: len(told(caplog)) >= 2)
    lost, back = told(caplog)
    assert lost[0] == "WARNING" and lost[1].startswith(
        f"degraded: cache, limiter, breaker, spend: {url}: Redis is gone"
    )
    assert back == ("INFO", "works again: cache, limiter, breaker, spend")


def test_usage_that_waits_and_is_written_later_is_logged_once_each(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    path = tmp_path / "usage.db"
    with gateway({"mock": True, "state": {"usage": f"sqlite:///{path}"}}) as (url, _):
        rename(path, "llm_gateway_usage", "elsewhere")
        for _ in range(3):
            assert ask(url).status == 200
        eventually(lambda: len(told(caplog)) >= 1)
        rename(path, "elsewhere", "llm_gateway_usage")
        eventually(lambda: len(told(caplog)) >= 2)
    lost, back = told(caplog)
    assert lost[0] == "WARNING"
    assert lost[1].startswith(f"degraded: usage: usage waits in memory to be written: {path}: ")
    assert back == ("INFO", "works again: usage")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM llm_gateway_usage").fetchone() == (3,)


def test_rows_dropped_meanwhile_are_told_when_it_works_again(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    state = usage_opened(f"sqlite:///{path}")
    state.usage._writer._most = 2  # type: ignore[attr-defined]
    seen = watch.Watch(state)
    try:
        rename(path, "llm_gateway_usage", "elsewhere")
        state.usage.add(ROW)
        eventually(lambda: state.usage.failure is not None)
        for _ in range(5):
            state.usage.add(ROW)
        seen.look()
        seen.look()
        assert [level for level, _ in told(caplog)] == ["WARNING"]
        rename(path, "elsewhere", "llm_gateway_usage")
        assert state.usage.flush()
        seen.look()
        seen.look()
        assert told(caplog)[1:] == [
            ("INFO", "works again: usage"),
            ("ERROR", "3 usage rows were dropped: there was no room for them"),
        ]
        assert state.degraded() == ["3 usage rows were dropped"]
    finally:
        assert state.usage.close()


def test_a_primary_that_always_fails_is_seen() -> None:
    with served(Upstream()) as upstream, gateway({"providers": {"fake": {"base_url": f"{upstream}/v1"}}}) as (url, _):
        targets = [{"provider": "fake", "api_key": key} for key in ("s500", "ok")]
        for _ in range(3):
            assert ask(url, config={"strategy": {"mode": "fallback"}, "targets": targets}).status == 200
        metrics = ask(url, path="/metrics", method="GET").body.decode()
        assert 'llm_gateway_extra_attempts_total{provider="fake"} 3.0' in metrics
        assert "retries and fallbacks: 3" in ask(url, path="/", method="GET").body.decode()


# What strangers learn


def test_health_names_no_address_to_strangers(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    settings = {"mock": True, "state": {"usage": f"sqlite:///{path}"}, "keys": {"ci": {"hash": HASH}}}
    with gateway(settings) as (url, live):
        assert health(url) == {"status": "ok", "degraded": []}
        rename(path, "llm_gateway_usage", "elsewhere")
        assert ask(url, headers={"x-api-key": "secret"}).status == 200
        eventually(lambda: bool(health(url)["status"] == "degraded"))
        assert health(url) == {"status": "degraded", "degraded": ["usage"]}
        assert health(url, **{"x-api-key": "wrong"}) == {"status": "degraded", "degraded": ["usage"]}
        reply = asyncio.run(live.page("/health", known=True))
        assert reply is not None and isinstance(reply.body, bytes) and str(path) in reply.body.decode()
        rename(path, "elsewhere", "llm_gateway_usage")


def test_health_tells_all_of_an_open_gateway(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    with gateway({"mock": True, "state": {"usage": f"sqlite:///{path}"}}) as (url, live):
        rename(path, "llm_gateway_usage", "elsewhere")
        assert ask(url).status == 200
        eventually(lambda: bool(health(url)["status"] == "degraded"))
        assert str(path) in health(url)["degraded"][0]
        reply = asyncio.run(live.page("/health", known=False))
        assert reply is not None and isinstance(reply.body, bytes) and str(path) not in reply.body.decode()
        rename(path, "elsewhere", "llm_gateway_usage")


def test_an_embedder_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(semantic, "_PAUSE", 0.0)
    monkeypatch.setenv("EMBEDDER_KEY", "seq500,200")
    with served(Upstream()) as upstream:
        fake = {"base_url": f"{upstream}/v1"}
        settings = {
            "providers": {"fake": fake, "embedder": {**fake, "key_env": "EMBEDDER_KEY"}},
            "state": {"semantic": {"model": "embedder/e"}},
        }
        config = {"provider": "fake", "api_key": "ok", "cache": {"mode": "semantic"}}
        with gateway(settings) as (url, _):
            assert health(url)["status"] == "ok"
            assert ask(url, config=config).status == 200
            eventually(lambda: bool(health(url)["status"] == "degraded"))
            assert "no embeddings" in health(url)["degraded"][0]
            eventually(lambda: len(told(caplog)) >= 1)
            metrics = ask(url, path="/metrics", method="GET").body.decode()
            assert 'llm_gateway_store_degraded{store="semantic"} 1.0' in metrics
            again = {"model": "m", "messages": [{"role": "user", "content": "something else"}]}
            assert ask(url, again, config=config).status == 200
            eventually(lambda: bool(health(url)["status"] == "ok"))
            eventually(lambda: len(told(caplog)) >= 2)
    lost, back = told(caplog)
    assert lost[0] == "WARNING" and lost[1].startswith("degraded: semantic: no embeddings")
    assert back == ("INFO", "works again: semantic")
