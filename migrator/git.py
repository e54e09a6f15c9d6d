"""Asks git about a tree, in a way that lets no repository run a program of its own through us."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import MigrateError

if TYPE_CHECKING:
    import subprocess

# A repository's own configuration may name programs. These are the ones that listing files or telling their state
# could start: file monitors, hooks, the transports of a lazy fetch, and clean filters (see `_without_filters`).
_OPTIONS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
_STATUS = (
    *("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames"),
    *("--", "."),
)
# Set inside hooks; they would point us at the repository that runs the hook instead of the one that holds the tree.
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


@dataclass(frozen=True)
class GitState:
    """Files below the root, POSIX and relative to it: `dirty` ones differ from HEAD, `untracked` ones git has not."""

    is_repository: bool
    dirty: tuple[str, ...] = ()
    untracked: frozenset[str] = frozenset()


def listed_files(root: Path) -> list[str] | None:
    """What git tracks or does not ignore below `root`, POSIX, relative to it; None where git cannot say.

    Not all of it need exist: the index may name deleted files, links, submodules, or anything a hostile hand wrote.
    """
    return _paths(_asked(root, *_LIST))


def listed_and_holding(root: Path, needles: Sequence[bytes]) -> tuple[list[str] | None, list[str] | None]:
    """The listed files, and those of them in which git finds one of the texts; None where it cannot say for all.

    Git searches bytes, whatever a file's encoding. The two questions are asked at the same time.
    """
    patterns = [argument for needle in needles for argument in ("-e", os.fsdecode(needle))]
    holding = _asked(root, "grep", "-z", "--files-with-matches", "--fixed-strings", "--untracked", *patterns)
    return _paths(_asked(root, *_LIST)), _paths(holding)


def _asked(root: Path, *arguments: str) -> subprocess.Popen[bytes] | None:
    """A git command at work in `root`; None where there is no repository or no git."""
    top = _top(root)
    if top is None:
        return None
    import subprocess

    kept = {name: value for name, value in os.environ.items() if name not in _INHERITED}
    try:
        return subprocess.Popen(
            ["git", *_OPTIONS, f"--work-tree={top}", *arguments],
            cwd=root,
            env=kept | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return None


def _paths(process: subprocess.Popen[bytes] | None) -> list[str] | None:
    """The paths that a git command prints; None where it complains, say, of a folder of someone else's."""
    if process is None:
        return None
    out, complaint = process.communicate()
    found_nothing = process.returncode == 1 and "grep" in process.args  # type: ignore[operator]  # a list, as given
    if complaint or (process.returncode and not found_nothing):
        return None
    return os.fsdecode(out).split("\0")[:-1]


def state(root: Path, backup_dir: Path) -> GitState:
    """What git says of `root`, a folder of a work tree or not; files below `backup_dir` and submodules do not count.

    Raises MigrateError when there is a repository but git is missing or refuses to look at it.
    """
    top = _top(root)
    if top is None:
        return GitState(is_repository=False)
    try:
        from git import Git
        from git.exc import CommandError
    except ImportError as error:  # raised by GitPython when there is no git program
        raise MigrateError(f"{root}: uncommitted work cannot be seen: git is not installed") from error

    def ask(*arguments: str) -> list[str]:
        command = ["git", *_OPTIONS, f"--work-tree={top}", *arguments]
        answer = Git(root).execute(command, stdout_as_string=False, strip_newline_in_stdout=False, env=_ENVIRONMENT)
        return os.fsdecode(answer).split("\0")[:-1]

    try:
        unfiltered = _without_filters(ask("config", "--list", "--name-only", "--show-scope", "-z"))
        entries = ask(*unfiltered, *_STATUS)
    except CommandError as error:
        reason = " ".join(error.stderr.split()).removeprefix("stderr: ").strip("'") or "git does not run"
        raise MigrateError(f"{root}: uncommitted work cannot be seen: {reason}") from error
    paths = {top / entry[3:]: entry[:2] for entry in entries if not entry.endswith("/")}
    seen = {p.relative_to(root).as_posix(): code for p, code in paths.items() if not p.is_relative_to(backup_dir)}
    return GitState(
        is_repository=True,
        dirty=tuple(sorted(path for path, code in seen.items() if code != "??")),
        untracked=frozenset(path for path, code in seen.items() if code == "??"),
    )


def _top(root: Path) -> Path | None:
    """The work tree that `root` lies in. Told to git, it leaves no say to a `core.worktree` that points elsewhere."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)


def _without_filters(scopes_and_names: list[str]) -> Iterator[str]:
    """Options that disarm each clean filter of the repository's own configuration; those of the user stay."""
    for scope, name in zip(scopes_and_names[::2], scopes_and_names[1::2], strict=True):
        if scope in ("local", "worktree") and name.startswith("filter."):
            if "=" in name:
                raise MigrateError(f"git filter {name!r} cannot be disarmed; take it out of the repository's config")
            yield from ("-c", f"{name}={'false' if name.endswith('.required') else ''}")
