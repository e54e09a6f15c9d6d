"""Real servers that tests may kill and start again: a Redis, and the session's PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import postgres
import psycopg
import pytest


@dataclass
class RedisServer:
    """A server that keeps nothing on disk: started again it is empty."""

    program: str
    directory: Path
    port: int
    process: subprocess.Popen[str] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        address = ["--bind", "127.0.0.1", "--port", str(self.port)]
        settings = ["--save", "", "--appendonly", "no", "--dir", str(self.directory)]
        command = [self.program, *address, *settings]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                return
        raise AssertionError(f"redis-server did not start:\n{''.join(said)}")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It keeps what it has and its connections, and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    program = shutil.which("redis-server")
    if program is None:
        reason = "NO REDIS SERVER FOUND, nothing here was tested: install the Debian package `redis-server`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="redis-") as made:
        server = RedisServer(program, Path(made), free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()


@dataclass(frozen=True)
class StoppablePostgres:
    """A database of the session's server, which may be stopped for a while."""

    server: postgres.Server
    database: postgres.Postgres

    @property
    def url(self) -> str:
        return self.database.url

    @contextmanager
    def stopped(self) -> Iterator[None]:
        options = f"-k {self.server.directory} -c listen_addresses= -c fsync=off"
        self._control("-m", "immediate", "stop")
        try:
            yield
        finally:
            self._control("-l", str(self.server.directory / "log"), "-o", options, "start")

    def _control(self, *arguments: str) -> None:
        control = [postgres._binaries() / "pg_ctl", "-D", self.server.directory / "data", "-w"]
        postgres._call([*control, *arguments], postgres._owner(self.server.directory))


@pytest.fixture
def stoppable_postgres(server: postgres.Server) -> Iterator[StoppablePostgres]:
    # The connection that the fixture `postgres` keeps open would not survive.
    name = "stoppable"
    _run_sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    yield StoppablePostgres(server, postgres.Postgres(server.url(name)))
    _run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run_sql(server: postgres.Server, *statements: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of two megabytes. Only root may mount one."""
    with tempfile.TemporaryDirectory(prefix="disk-") as made:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", made], capture_output=True)
        if mounted.returncode:
            pytest.skip("no right to mount a small disk")
        try:
            yield Path(made)
        finally:
            # What a failed test has left open must not keep the disk.
            subprocess.run(["umount", "--lazy", made], check=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
