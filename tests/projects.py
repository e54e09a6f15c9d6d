"""Small projects in a temporary folder, the installed command run on them, and what stands there afterwards."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BACKUP = ".migration_backup"
HOUSE = Path(__file__).parent.parent
MIGRATE = Path(sys.executable).with_name("migrate")
_CACHES = {"__pycache__", ".pytest_cache"}
_QUIET = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "CI"}}
_QUIET |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files, written as they are below `root`."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def run(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, program: str | Path = MIGRATE
) -> subprocess.CompletedProcess[str]:
    """A program, by default the installed `migrate`, run to its end in `cwd`; none ever ends in a traceback."""
    command = [str(program), *map(str, arguments)]
    ended = subprocess.run(
        command, cwd=cwd, env={**_QUIET, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def git(root: Path, *arguments: str | Path) -> str:
    """What git says in `root`; it must not fail."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    ended = run(*identity, *arguments, cwd=root, program="git")
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
