"""Faults of upstreams, stores and clients: each gets a clean answer, and nothing leaks, hangs or is lost."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from servers import RedisServer, redis_server  # noqa: F401  # a fixture
from serving import CHAT, Upstream, ask, chunk, connected, eventually, gateway, raw_upstream, served

from llm_gateway.core.settings import parse
from llm_gateway.server.live import Live
from llm_gateway.state.usage import UsageStore

STREAM = {**CHAT, "stream": True}
OK_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"


def as_fake(script: str) -> dict[str, str]:
    return {"x-portkey-provider": "fake", "authorization": f"Bearer {script}"}


@contextmanager
def scripted(silence: float = 600.0, **settings: Any) -> Iterator[tuple[str, Live, Upstream]]:
    """A gateway whose provider `fake` follows the script in the key."""
    upstream = Upstream()
    with (
        served(upstream) as fake,
        gateway({"providers": {"fake": {"base_url": f"{fake}/v1"}}, **settings}, silence) as (
            url,
            live,
        ),
    ):
        yield url, live, upstream


def usage_of(live: Live) -> UsageStore:
    assert live._state is not None
    return live._state.usage


# --- before the first byte


def test_a_reset_before_the_headers_is_a_500_and_falls_back() -> None:
    with raw_upstream(b"", reset=True) as broken, served(Upstream()) as fake:
        providers = {"broken": {"base_url": broken}, "fake": {"base_url": f"{fake}/v1"}}
        with gateway({"providers": providers}) as (url, _):
            answer = ask(url, headers={**as_fake("ok"), "x-portkey-provider": "broken"})
            assert answer.status == 500
            assert answer.json["error"]["type"] == "upstream_error"
            config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "broken"}, {"provider": "fake"}]}
            for target in config["targets"]:  # type: ignore[attr-defined]
                target["api_key"] = "ok"
            assert ask(url, config=config).status == 200
            assert ask(url, STREAM, config=config).status == 200


def test_nobody_listening_is_a_500_without_an_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with gateway({"providers": {"fake": {"base_url": f"http://127.0.0.1:{port}"}}}) as (url, _):
        answer = ask(url, headers=as_fake("ok"))
        assert answer.status == 500
        assert str(port) not in answer.body.decode()


@pytest.mark.parametrize("body", [CHAT, STREAM])
def test_an_upstream_that_never_answers_is_given_up(body: dict[str, Any]) -> None:
    with scripted(silence=0.3) as (url, _, _upstream):
        answer = ask(url, body, as_fake("d60000"))
        assert answer.status == 408
        assert answer.json["error"]["type"] == "timeout_error"


# --- within a reply


def test_a_reply_that_breaks_off_is_an_upstream_error() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"
    with (
        raw_upstream(head + b'{"choices": [', reset=True) as raw,
        gateway({"providers": {"fake": {"base_url": raw}}}) as (
            url,
            _,
        ),
    ):
        assert ask(url, headers=as_fake("ok")).status == 500


@pytest.mark.parametrize(
    ("tail", "chunked"),
    [(tail, chunked) for tail in (b"", b"data: {", b'data: {"id": "half', b"data: [DONE") for chunked in (True, False)],
)
def test_a_stream_that_breaks_off_ends_in_an_error_event(tail: bytes, chunked: bool) -> None:
    """In the midst of a chunk, or of an event; without chunks an end between events is as good as any."""
    content = chunk("first") + tail
    head = OK_STREAM
    if chunked:
        head = OK_STREAM[:-2] + b"transfer-encoding: chunked\r\n\r\n"
        content = f"{len(content) + 50:x}\r\n".encode() + content  # less than the chunk announces
    with raw_upstream(head + content) as raw, gateway({"providers": {"fake": {"base_url": raw}}}) as (url, live):
        answer = ask(url, STREAM, as_fake("ok"))
        events = [json.loads(event) for event in answer.events]
        assert events[0]["choices"][0]["delta"]["content"] == "first"
        if tail or chunked:
            assert events[-1]["error"]["type"] == "upstream_error"
        assert sum(row.requests for row in usage_of(live).costs()) == 1
        assert ask(url, path="/health", method="GET").status == 200


def test_a_stream_that_is_reset_ends_too() -> None:
    head = OK_STREAM[:-2] + b"transfer-encoding: chunked\r\n\r\n"
    with (
        raw_upstream(head + b"fff\r\n" + chunk("first"), reset=True) as raw,
        gateway({"providers": {"fake": {"base_url": raw}}}) as (url, live),
    ):
        answer = ask(url, STREAM, as_fake("ok"))
        assert answer.status in (200, 500)  # the reset may overtake what was sent before it
        assert "upstream_error" in answer.body.decode()
        eventually(lambda: sum(row.requests for row in usage_of(live).costs()) == 1)


def test_a_stream_that_stalls_ends_in_an_error_event() -> None:
    with scripted(silence=0.3) as (url, live, upstream):
        answer = ask(url, STREAM, as_fake("stall"))
        events = [json.loads(event) for event in answer.events]
        assert events[0]["choices"][0]["delta"]["content"] == "first"
        assert events[-1]["error"] == {
            "message": "The provider's reply stalled",
            "type": "timeout_error",
            "param": None,
            "code": None,
        }
        assert upstream.gone.wait(10)
        assert [failure.error for failure in usage_of(live).window(0).failures] in (
            [],
            ["The provider's reply stalled"],
        )


@pytest.mark.parametrize("cut", [b"", b"\n", b"data: [DONE]", b"data: [DONE]\n"])
def test_a_last_event_without_its_blank_line_is_passed_on(cut: bytes) -> None:
    with (
        raw_upstream(OK_STREAM + chunk("only") + cut) as raw,
        gateway({"providers": {"fake": {"base_url": raw}}}) as (
            url,
            _,
        ),
    ):
        answer = ask(url, STREAM, as_fake("ok"))
        assert json.loads(answer.events[0])["choices"][0]["delta"]["content"] == "only"
        assert answer.events[1:] == (["[DONE]"] if b"DONE" in cut else [])


def test_a_stream_whose_first_event_is_an_error_falls_back() -> None:
    failing = OK_STREAM + b'data: {"error": {"message": "overloaded", "type": "overloaded_error"}}\n\n'
    with raw_upstream(failing) as raw, served(Upstream()) as fake:
        providers = {"busy": {"base_url": raw}, "fake": {"base_url": f"{fake}/v1"}}
        with gateway({"providers": providers}) as (url, _):
            alone = ask(url, STREAM, {**as_fake("ok"), "x-portkey-provider": "busy"})
            assert (alone.status, alone.message) == (529, "busy error: overloaded")
            targets = [{"provider": name, "api_key": "ok"} for name in ("busy", "fake")]
            answer = ask(url, STREAM, config={"strategy": {"mode": "fallback"}, "targets": targets})
            assert (answer.status, answer.events[-1]) == (200, "[DONE]")


# --- clients that go away


@pytest.mark.parametrize("script", ["slow", "stall"])
def test_the_upstream_is_let_go_when_a_client_leaves_a_stream(script: str) -> None:
    with scripted() as (url, live, upstream):
        with connected(url) as connection:
            connection.request(
                "POST",
                "/v1/chat/completions",
                json.dumps(STREAM),
                {"content-type": "application/json", **as_fake(script)},
            )
            assert connection.getresponse().read1(10)
        assert upstream.gone.wait(10)
        eventually(lambda: sum(row.requests for row in usage_of(live).costs()) == 1)
        row = usage_of(live).costs()[0]
        assert (row.estimated, row.completion_tokens > 0) == (1, True)


@pytest.mark.parametrize("said", [b"", OK_STREAM, OK_STREAM.replace(b"text/event-stream", b"application/json") + b"{"])
@pytest.mark.parametrize("body", [CHAT, STREAM])
def test_the_upstream_is_let_go_when_a_client_does_not_wait_for_a_reply(body: dict[str, Any], said: bytes) -> None:
    with raw_silence(said) as (silent, hung_up), gateway({"providers": {"fake": {"base_url": silent}}}) as (url, live):
        with connected(url) as connection:
            connection.request(
                "POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json", **as_fake("ok")}
            )
            assert hung_up["asked"].wait(10)
        assert hung_up["gone"].wait(10)
        eventually(lambda: bool(usage_of(live).window(0).failures))
        (failure,) = usage_of(live).window(0).failures
        assert (failure.status, failure.error) == (499, "the client went away")


@contextmanager
def raw_silence(said: bytes) -> Iterator[tuple[str, dict[str, threading.Event]]]:
    """An upstream that takes one request and says no more than `said` until it is left."""
    seen = {"asked": threading.Event(), "gone": threading.Event()}

    def wait() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(said)
            seen["asked"].set()
            while connection.recv(65536):
                pass
            seen["gone"].set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
        thread.join(10)


def test_the_upstream_is_let_go_when_a_fallback_passes_its_stream_over() -> None:
    targets = [{"provider": "fake", "api_key": "slow"}, {"provider": "fake", "api_key": "s418"}]
    with scripted() as (url, _, upstream):
        for cache in ({}, {"cache": {"mode": "simple"}}):
            upstream.gone.clear()
            strategy = {"mode": "fallback", "on_status_codes": [200]}
            assert ask(url, STREAM, config={"strategy": strategy, "targets": targets, **cache}).status == 418
            assert upstream.gone.wait(10)


# --- nothing leaks


def test_after_all_faults_nothing_is_left_behind() -> None:
    scripts = ["ok", "s500", "reset", "half", "nojson", "error200", "redirect", "stall", "d60000"]
    with scripted(silence=0.2) as (url, live, _):

        def once() -> None:
            for script in scripts:
                for body in (CHAT, STREAM):
                    ask(url, body, as_fake(script))
            with connected(url) as connection:
                headers = {"content-type": "application/json", **as_fake("slow")}
                connection.request("POST", "/v1/chat/completions", json.dumps(STREAM), headers)
                connection.getresponse().read1(10)

        once()
        before = _settled(live)
        for _ in range(5):
            once()
        eventually(lambda: _settled(live) <= before)


def _settled(live: Live) -> tuple[int, int]:
    """Tasks of the gateway's loop and open files of this process (the kept connections to the upstream among them)."""
    gc.collect()
    loop = live._http._trusted._loop  # type: ignore[union-attr]
    counted: list[int] = []
    done = threading.Event()
    loop.call_soon_threadsafe(lambda: (counted.append(len(asyncio.all_tasks(loop))), done.set()))
    assert done.wait(10)
    return counted[0], len(os.listdir("/proc/self/fd"))


def test_a_thousand_streams_at_once() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384), hard))
    upstream = Upstream()
    try:
        with served(upstream) as fake, gateway({"providers": {"fake": {"base_url": f"{fake}/v1"}}}) as (url, live):
            results = asyncio.run(_streams(url, 1_000))
            assert results == [(200, True)] * 1_000
            assert sum(row.requests for row in usage_of(live).costs()) == 1_000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _streams(url: str, count: int) -> list[tuple[int, bool]]:
    """The status of each of `count` streams that all run at once, and whether it came to its end."""
    started, go_on = 0, asyncio.Event()

    async def one(session: aiohttp.ClientSession) -> tuple[int, bool]:
        nonlocal started
        async with session.post(f"{url}/v1/chat/completions", json=STREAM, headers=as_fake("d300")) as reply:
            started += 1
            if started == count:
                go_on.set()
            await go_on.wait()
            return reply.status, (await reply.read()).endswith(b"data: [DONE]\n\n")

    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        return await asyncio.gather(*(one(session) for _ in range(count)))


def test_more_than_the_server_takes_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(server={"max_concurrent": 1}) as (url, _, _upstream):
        with connected(url) as connection:
            headers = {"content-type": "application/json", **as_fake("slow")}
            connection.request("POST", "/v1/chat/completions", json.dumps(STREAM), headers)
            connection.getresponse().read1(10)
            busy = ask(url, headers=as_fake("ok"))
            assert (busy.status, busy.headers["retry-after"]) == (503, "1")
            assert ask(url, path="/health", method="GET").status == 200
        eventually(lambda: ask(url, headers=as_fake("ok")).status == 200)


# --- stores


def test_a_full_disk_loses_no_usage(tmp_path: Path) -> None:
    with scripted(state={"usage": f"sqlite:///{tmp_path}/usage.db"}) as (url, live, _):
        usage = usage_of(live)
        assert ask(url, headers=as_fake("ok")).status == 200
        assert usage.flush()
        database = usage._database  # type: ignore[attr-defined]
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count={pages}")  # SQLite's own SQLITE_FULL
        large = {"x-portkey-metadata": json.dumps({"padding": "x" * 4_000})}
        for _ in range(50):
            assert ask(url, headers={**as_fake("ok"), **large}).status == 200
        eventually(lambda: ask(url, path="/health", method="GET").json["status"] == "degraded")
        assert "full" in ask(url, path="/health", method="GET").body.decode()
        database.execute("PRAGMA max_page_count=1000000")
        assert usage.flush()
        assert sum(row.requests for row in usage.costs()) == 51
        assert ask(url, path="/health", method="GET").json == {"status": "ok", "degraded": []}


def test_redis_may_go_and_come_back(redis_server: RedisServer) -> None:  # noqa: F811
    settings = {
        "state": {"cache": redis_server.url, "limits": redis_server.url},
        "keys": {"ci": {"hash": HASH, "limits": {"rpm": 1_000}, "budget": {"usd": 100}}},
    }
    headers = {"x-portkey-api-key": "secret", **as_fake("ok")}
    config = {"provider": "fake", "api_key": "ok", "cache": {"mode": "simple"}}
    with scripted(**settings) as (url, _, _upstream):
        assert ask(url, headers=headers, config=config).headers["x-portkey-cache-status"] == "MISS"
        assert ask(url, headers=headers, config=config).headers["x-portkey-cache-status"] == "HIT"
        with redis_server.frozen():
            started = time.monotonic()
            assert ask(url, headers=headers, config=config).status == 200
            assert time.monotonic() - started < 5
        redis_server.kill()
        for _ in range(3):
            assert ask(url, headers=headers, config=config).status == 200
        health = ask(url, path="/health", method="GET").json
        assert (health["status"], len(health["degraded"])) == ("degraded", 1)
        assert (
            'llm_gateway_store_degraded{store="cache"} 1.0'
            in ask(url, path="/metrics", method="GET", headers=headers).body.decode()
        )
        redis_server.start()

        def well() -> bool:
            assert ask(url, headers=headers, config=config).status == 200
            return bool(ask(url, path="/health", method="GET").json["status"] == "ok")

        eventually(well, 30)


def test_settings_of_a_store_that_is_not_there_are_one_line() -> None:
    live = Live(parse({"mock": True, "state": {"usage": "sqlite:////nowhere/usage.db"}}, "test"))

    async def start() -> None:
        try:
            await live.start()
        finally:
            await live.stop()

    with pytest.raises(Exception, match="no usage can be kept here") as raised:
        asyncio.run(start())
    assert "\n" not in str(raised.value)
