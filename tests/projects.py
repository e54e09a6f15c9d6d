"""Small projects in a temporary folder, `migrate` run on them, and what stands there afterwards."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from migrator.cli import main

BACKUP = ".migration_backup"
HOUSE = Path(__file__).parent.parent
MIGRATE = Path(sys.executable).with_name("migrate")
_CACHES = {"__pycache__", ".pytest_cache"}
_UNSET = ("NO_COLOR", "FORCE_COLOR")
_SET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files, written as they are below `root`."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


class Ended(NamedTuple):
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """`migrate` in this process, as if started in `cwd`; an exception that reaches a user fails the test."""
    cleared = dict.fromkeys(_UNSET)
    with chdir(cwd):
        ended = CliRunner(env={**cleared, **_SET, **(env or {})}).invoke(
            main, list(map(str, arguments)), prog_name="migrate", catch_exceptions=False
        )
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def spawn(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, program: str | Path = MIGRATE
) -> Ended:
    """A program, by default the installed `migrate`, run to its end in `cwd`; none ever ends in a traceback."""
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    command = [str(program), *map(str, arguments)]
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **_SET, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def git(root: Path, *arguments: str | Path) -> str:
    """What git says in `root`; it must not fail."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    ended = spawn(*identity, *arguments, cwd=root, program="git")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def committed(root: Path) -> Path:
    """The tree as a git repository with everything in its first commit."""
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    return root


def tree(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every file and folder below `root` but backups, caches and git's own: its mode, and the bytes of a file."""
    return {
        path.relative_to(root).as_posix(): (stat.S_IMODE(path.stat().st_mode), _content(path))
        for path in sorted(root.rglob("*"))
        if not {BACKUP, ".git", *_CACHES}.intersection(path.relative_to(root).parts)
    }


def contents(root: Path) -> dict[str, bytes]:
    """The files of `tree` with their bytes alone."""
    return {path: content for path, (_, content) in tree(root).items() if content is not None}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
