"""The server as a process of its own: its end, and the exchange of its settings."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path

import pytest
from serving import CHAT, Upstream, ask, connected, served

HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
OTHER = "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"  # of "other"


@dataclass
class Process:
    """A gateway that runs, and what it has logged."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def logged(self, pattern: str, seconds: float = 10.0) -> str:
        """Waits for a line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.lines):
                if re.search(pattern, line):
                    return line
            time.sleep(0.01)
        raise AssertionError(f"not logged: {pattern}\n{''.join(self.lines)}")


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "llm_gateway", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        found = Process(process)

        def collect() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                found.lines.append(line)

        reader = threading.Thread(target=collect, daemon=True)
        reader.start()
        try:
            found.url = found.logged(r"serving on http://").rpartition(" ")[2].strip()
            yield found
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reader.join(10)


@pytest.fixture
def upstream() -> Iterator[tuple[str, Upstream]]:
    played = Upstream()
    with served(played) as url:
        yield url, played


def settings(tmp_path: Path, upstream: str, more: str = "", keys: str = "") -> Path:
    """A file of settings, with usage in SQLite."""
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'{more}\n[state]\nusage = "sqlite:///{tmp_path}/usage.db"\n'
        f'[providers.fake]\nbase_url = "{upstream}/v1"\n{keys}'
    )
    return path


@contextmanager
def streaming(url: str, script: str = "gate", **headers: str) -> Iterator[HTTPResponse]:
    """A stream whose first piece has come."""
    with connected(url) as connection:
        _send(connection, script, headers)
        reply = connection.getresponse()
        assert reply.status == 200
        assert b"first" in reply.read1(1_000)
        yield reply


def _send(connection: HTTPConnection, script: str, headers: dict[str, str]) -> None:
    given = {"content-type": "application/json", "x-portkey-provider": "fake", "authorization": f"Bearer {script}"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}), {**given, **more})


def rows(tmp_path: Path) -> list[tuple[int, str]]:
    """Status and error of what is in the usage store."""
    with sqlite3.connect(tmp_path / "usage.db") as database:
        (table,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
        return database.execute(f"SELECT status, error FROM {table} ORDER BY at").fetchall()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_streams_finish_and_writes_usage(
    tmp_path: Path, upstream: tuple[str, Upstream], number: signal.Signals
) -> None:
    url, played = upstream
    with running("--config", str(settings(tmp_path, url))) as gateway:
        with streaming(gateway.url) as reply:
            gateway.process.send_signal(number)
            gateway.logged("shutting down")
            with pytest.raises(OSError):
                ask(gateway.url, path="/health", method="GET")  # nothing new is taken
            played.gate.set()
            assert reply.read().endswith(b"data: [DONE]\n\n")
        assert gateway.process.wait(10) == 0
    assert rows(tmp_path) == [(200, "")]
    assert not [line for line in gateway.lines if "Traceback" in line or "ERROR" in line]


@pytest.mark.parametrize("way", ["second signal", "timeout"])
def test_a_second_signal_or_the_timeout_cuts_streams(tmp_path: Path, upstream: tuple[str, Upstream], way: str) -> None:
    url, played = upstream
    seconds = 1 if way == "timeout" else 60
    path = settings(tmp_path, url, f"server.shutdown_seconds = {seconds}")
    with running("--config", str(path)) as gateway:
        with streaming(gateway.url) as reply, connected(gateway.url) as waiting:
            _send(waiting, "d60000", {})
            while len(played.hits) < 2:
                time.sleep(0.01)
            gateway.process.terminate()
            gateway.logged("shutting down")
            if way == "second signal":
                gateway.process.terminate()
            with pytest.raises((IncompleteRead, ConnectionError)):
                reply.read()
            refused = waiting.getresponse()  # what had not begun is told
            assert (refused.status, json.loads(refused.read())["message"]) == (503, "The server is shutting down")
        assert gateway.process.wait(10) == 0
    assert played.gone.is_set()
    assert (200, "the client went away") in rows(tmp_path)
    assert "Traceback" not in "".join(gateway.lines)


def test_new_settings_are_in_force_and_running_streams_keep_theirs(
    tmp_path: Path, upstream: tuple[str, Upstream]
) -> None:
    url, played = upstream
    path = settings(tmp_path, url, keys=f'[keys.one]\nhash = "{HASH}"\n')
    with running("--config", str(path)) as gateway, streaming(gateway.url, x_portkey_api_key="secret") as reply:
        config = {"x-portkey-config": "pc-new", "content-type": "application/json"}
        assert ask(gateway.url, headers={**config, "x-portkey-api-key": "other"}).status == 401
        new = f'[keys.two]\nhash = "{OTHER}"\n[configs.pc-new]\nprovider = "fake"\napi_key = "ok"\n'
        settings(tmp_path, url, "server.max_body_mb = 1\nserver.port = 9", keys=new)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.logged("settings read anew")
        assert ask(gateway.url, headers={**config, "x-portkey-api-key": "other"}).status == 200
        assert ask(gateway.url, headers={**config, "x-portkey-api-key": "secret"}).status == 401
        played.gate.set()
        assert reply.read().endswith(b"data: [DONE]\n\n")
        assert not [line for line in gateway.lines if "server.max_body_mb" in line]


def test_what_takes_a_restart_is_said(tmp_path: Path, upstream: tuple[str, Upstream]) -> None:
    path = settings(tmp_path, upstream[0])
    with running("--config", str(path)) as gateway:
        settings(tmp_path, upstream[0], "server.shutdown_seconds = 7")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.logged("not in force until a restart: server.shutdown_seconds$")
        settings(tmp_path, upstream[0])
        gateway.lines.clear()
        gateway.process.send_signal(signal.SIGHUP)
        gateway.logged("settings read anew")
        assert not [line for line in gateway.lines if "restart" in line]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("[[[", "not TOML"),
        ("no_such = 1", "no_such: no such setting"),
        ('default_config = "pc-x"', "there is no configs.pc-x"),
        ("[configs.pc-x]\nretry = 5", "configs.pc-x"),
        ("", "without keys the gateway would be open to all"),
        (None, "No such file"),
    ],
)
def test_bad_settings_are_logged_and_the_old_ones_kept(
    tmp_path: Path, upstream: tuple[str, Upstream], bad: str | None, said: str
) -> None:
    path = settings(tmp_path, upstream[0], keys=f'[keys.one]\nhash = "{HASH}"\n')
    with running("--config", str(path)) as gateway:
        if bad is None:
            path.unlink()
        else:
            path.write_text(bad)
        gateway.process.send_signal(signal.SIGHUP)
        line = gateway.logged("settings kept as they were")
        assert said in line
        assert ask(gateway.url, path="/v1/models", method="GET", headers={"x-api-key": "secret"}).status == 200
        assert ask(gateway.url, path="/v1/models", method="GET").status == 401
