"""A real PostgreSQL server for the tests, made for the session and thrown away after it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server, reached by its socket's directory as the superuser `migrate`."""

    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql://migrate@/{database}?host={quote(str(self.directory))}"


@dataclass(frozen=True)
class Postgres:
    """One fresh database."""

    url: str

    def script(self, text: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    binaries = _binaries()
    # A socket's path may have 107 bytes, which pytest's own directories use up.
    with tempfile.TemporaryDirectory(prefix="pg-") as made:
        directory = Path(made)
        owner = _owner(directory)
        data = directory / "data"
        _call([binaries / "initdb", "-D", data, "-U", "migrate", "-A", "trust", "-E", "UTF8", "--no-sync"], owner)
        options = f"-k {directory} -c listen_addresses= -c fsync=off"
        control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w"]
        _call([*control, "-l", directory / "log", "-o", options, "start"], owner)
        try:
            yield Server(directory)
        finally:
            _call([*control, "-m", "immediate", "stop"], owner)


@pytest.fixture
def postgres(server: Server) -> Iterator[Postgres]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield Postgres(server.url(name))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _binaries() -> Path:
    """The directory of initdb and pg_ctl. Skips the test when there is none, fails it under CI."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    for directory in [*on_path, *versions]:
        if (directory / "initdb").exists() and (directory / "pg_ctl").exists():
            return directory
    reason = "NO POSTGRESQL SERVER FOUND, nothing here was tested: install the Debian package `postgresql`"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _owner(directory: Path) -> dict[str, Any]:
    """How to start a process that may run the server, which root may not; gives it `directory`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _call(command: list[str | Path], owner: dict[str, Any]) -> None:
    # The server inherits these streams: a pipe would never close.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **owner)
