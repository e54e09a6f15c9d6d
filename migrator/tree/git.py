"""Asks git about a tree through GitPython: which files are in, and which of them hold uncommitted work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrator.errors import MigrateError
from migrator.tree.guard import ENVIRONMENT, INHERITED, command, work_tree

_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
_STATUS = (
    *("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames"),
    *("--", "."),
)


@dataclass(frozen=True)
class GitState:
    """Files below the root, POSIX and relative to it: `dirty` ones differ from HEAD, `untracked` ones git has not."""

    is_repository: bool
    dirty: tuple[str, ...] = ()
    untracked: frozenset[str] = frozenset()


class _NoAnswer(Exception):
    """Git cannot say; the text is why."""


def listed_files(root: Path) -> list[str] | None:
    """What git tracks or does not ignore below `root`, POSIX, relative to it; None where git cannot say for all.

    Not all of it need exist: the index may name deleted files, links, submodules, or anything a hostile hand wrote.
    """
    top = work_tree(str(root))
    if top is None:
        return None
    try:
        listed, complaint = _asked(root, top, *_LIST)
    except _NoAnswer:
        return None
    return None if complaint else listed


def state(root: Path, backup_dir: Path) -> GitState:
    """What git says of `root`, a folder of a work tree or not; files below `backup_dir` and submodules do not count.

    Raises MigrateError when there is a repository but git is missing or refuses to look at it.
    """
    top = work_tree(str(root))
    if top is None:
        return GitState(is_repository=False)
    try:
        configured, _ = _asked(root, top, "config", "--list", "--name-only", "--show-scope", "-z")
        entries, _ = _asked(root, top, *_without_filters(configured), *_STATUS)
    except _NoAnswer as fault:
        raise MigrateError(f"{root}: uncommitted work cannot be seen: {fault}") from fault
    paths = {Path(top, entry[3:]): entry[:2] for entry in entries if not entry.endswith("/")}
    seen = {p.relative_to(root).as_posix(): code for p, code in paths.items() if not p.is_relative_to(backup_dir)}
    return GitState(
        is_repository=True,
        dirty=tuple(sorted(path for path, code in seen.items() if code != "??")),
        untracked=frozenset(path for path, code in seen.items() if code == "??"),
    )


def _asked(root: Path, top: str, *arguments: str) -> tuple[list[str], str]:
    """What a git command says in `root`, taken apart at NULs, and what it complains of though it succeeds.

    Raises _NoAnswer when it fails.
    """
    try:
        from git import Git
        from git.exc import CommandError
    except ImportError as error:  # raised by GitPython when there is no git program
        raise _NoAnswer("git is not installed") from error
    try:
        with _outside_of_hooks():
            _, said, complaint = Git(root).execute(
                command(top, *arguments),
                with_extended_output=True,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env=ENVIRONMENT,
            )
    except CommandError as error:
        reason = " ".join(error.stderr.split()).removeprefix("stderr: ").strip("'")
        raise _NoAnswer(reason or "git does not run") from error
    except OSError as error:
        raise _NoAnswer(f"git does not run: {error.strerror}") from error
    return os.fsdecode(said).split("\0")[:-1], complaint


@contextmanager
def _outside_of_hooks() -> Iterator[None]:
    """GitPython adds to our environment and cannot take from it."""
    kept = {name: os.environ.pop(name) for name in INHERITED if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _without_filters(scopes_and_names: list[str]) -> Iterator[str]:
    """Options that disarm each clean filter of the repository's own configuration; those of the user stay."""
    for scope, name in zip(scopes_and_names[::2], scopes_and_names[1::2], strict=True):
        if scope in ("local", "worktree") and name.startswith("filter."):
            if "=" in name:
                raise MigrateError(f"git filter {name!r} cannot be disarmed; take it out of the repository's config")
            yield from ("-c", f"{name}={'false' if name.endswith('.required') else ''}")
