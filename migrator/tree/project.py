"""The edge to the tree: where it is, which files are in, which of them hold a word, and reading them without links."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import MigrateError
from migrator.sites import Problem
from migrator.tree import git, glance
from migrator.tree.defaults import PRUNED
from migrator.tree.guard import work_tree
from migrator.tree.needles import READ, holds
from migrator.tree.settings import Settings, load

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

# The comments and the docstring at the top of a Python module.
_ABOVE_CODE = (
    rb"""(?:\xef\xbb\xbf)?(?:\s|\#[^\n]*|r?"{3}.*?(?:"{3}|\Z)|r?'{3}.*?(?:'{3}|\Z)|r?"[^"\n]*"|r?'[^'\n]*')*"""
)


@dataclass(frozen=True)
class Project:
    """A tree to migrate. `root` and `backup_dir` are absolute and free of links."""

    root: Path
    settings: Settings
    backup_dir: Path


def open_project(path: str | Path, backup_dir: str | Path | None = None) -> Project:
    """The project at folder `path`; `backup_dir`, relative to it or absolute, replaces the setting.

    Raises MigrateError when `path` is no folder, when a setting is wrong, and when the backups would hold the root or,
    unless `backup_dir` asks for it, leave it.
    """
    root = Path(path).resolve()
    if not root.is_dir():
        raise MigrateError(f"{path}: {'not a folder' if root.exists() else 'no such folder'}; name the project's root")
    settings = load(root)
    backups = (root / (backup_dir or settings.backup_dir)).resolve()
    if root.is_relative_to(backups) or not (backup_dir or backups.is_relative_to(root)):
        raise MigrateError(f"{backups}: backups need a folder of their own inside {root}; name another backup_dir")
    return Project(root, settings, backups)


def git_state(project: Project) -> git.GitState:
    """Whether the root lies in a git work tree, and what is uncommitted below it. Raises MigrateError."""
    return git.state(project.root, project.backup_dir)


def files(
    project: Project, include: Sequence[str] = (), exclude: Sequence[str] = (), paths: Sequence[str | Path] = ()
) -> list[str]:
    """The files that are in: sorted POSIX paths from the root, regular files only, no link ever followed.

    In are the files that git tracks or does not ignore (without git: that no .gitignore ignores), less the folders of
    tools, environments and backups. `include` replaces the setting of that name, `exclude` adds to it. `paths`
    narrows all this to those files and folders; a file named there is in even if git ignores it. A folder that cannot
    be read is in the list itself, so that `matching` reports it.

    Raises MigrateError for a path that is missing or outside the root, and for a glob that makes no sense.
    """
    tree = _Tree(project)
    named = [_from_root(project.root, path) for path in paths]
    found = set(tree.real(named))
    below = tuple("" if path == "." else f"{path}/" for path in named if path not in found) if named else ("",)
    if below:
        listed = git.listed_files(project.root)
        found.update(path for path in (_walk(tree) if listed is None else tree.real(listed)) if path.startswith(below))
    return _chosen(project, found, include, exclude, tree.unreadable)


def passed_over(project: Project, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[str]:
    """The Python files that are out only because a .gitignore names them, where no repository says what is tracked.

    They are sorted POSIX paths; `include` and `exclude` are those of `files`, which raises the same errors.
    """
    if work_tree(str(project.root)):
        return []
    ignored = {path for path in _walk(_Tree(project), ignored=True) if path.endswith((".py", ".pyi", ".pyw"))}
    return _chosen(project, ignored, include, exclude)


def _chosen(
    project: Project, found: set[str], include: Sequence[str], exclude: Sequence[str], unreadable: Sequence[str] = ()
) -> list[str]:
    """Those of the files that the globs let in, and the folders that cannot be read, sorted."""
    if include := include or project.settings.include:
        found = set(_globs(include).match_files(found))
    found.update(unreadable)
    if exclude := (*project.settings.exclude, *exclude):
        found -= set(_globs(exclude).match_files(found))
    return sorted(found)


def all_clean(project: Project, needles: Sequence[bytes]) -> list[str] | None:
    """The files of the tree, where git can tell at once that none of them holds one of the needles; else None.

    It costs a fifth of `files` and `matching`, which take the closer look. No setting has a say.
    """
    return glance.all_clean(str(project.root), needles)


def matching(
    root: Path, paths: Sequence[str], needles: Sequence[bytes], progress: Callable[[int], object] | None = None
) -> tuple[list[str], list[Problem]]:
    """Those of `paths` that hold one of the UTF-8 `needles`, and those that could not be read, each in the order given.

    Files with a NUL in their first 8 KiB count as binary and never match, unless a byte order mark says UTF-16.
    `progress` is told now and then, and at the end, how many files are done.
    """
    matched: list[str] = []
    unreadable: list[Problem] = []
    if not needles:
        return matched, unreadable
    prefix = f"{root}/"
    for done, path in enumerate(paths):
        if progress and not done % 256:
            progress(done)
        try:
            if holds(prefix + path, needles):
                matched.append(path)
        except OSError as error:
            unreadable.append(Problem(path, error.strerror or str(error)))
    if progress:
        progress(len(paths))
    return matched, unreadable


def mode(root: Path, path: str) -> int:
    """The permission bits of a file. Raises OSError where there is none."""
    return (root / path).stat().st_mode & 0o7777


def read(root: Path, path: str) -> bytes:
    """The content of the regular file at `path` from `root`, an absolute path free of links.

    Raises OSError, with ELOOP when a link is on the way or `path` leaves the root.
    """
    full = root / path
    if full.resolve() != full:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    with open(full, "rb", opener=lambda name, _: os.open(name, READ)) as file:
        return file.read()


def is_generated(data: bytes, *, is_python: bool = False) -> bool:
    """Whether the first KiB says that a program wrote this file: `@generated`, or "generated" and "DO NOT EDIT".

    A first line that says "autogenerated by" says so as well. Of a Python module that is said above its first
    statement: what follows may say it of another file, which the module writes.
    """
    head = data[:1024].lower()
    if is_python and (above := re.match(_ABOVE_CODE, head, re.DOTALL)):
        head = above[0]
    first = head.partition(b"\n")[0]
    return b"@generated" in head or b"autogenerated by" in first or (b"generated" in head and b"do not edit" in head)


def _from_root(root: Path, path: str | Path) -> str:
    """`path`, relative to the current folder or absolute, as a path from the root. Its last part may be a link."""
    given = Path(path).absolute()
    real = given.resolve() if given.name == ".." else given.parent.resolve() / given.name
    if not os.path.lexists(real):
        raise MigrateError(f"{path}: no such file or folder")
    if not real.is_relative_to(root):
        raise MigrateError(f"{path}: lies outside {root}; name files below it or another root")
    return real.relative_to(root).as_posix()


def _globs(globs: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(globs)
    except ValueError as error:
        raise MigrateError(f"include and exclude take globs as .gitignore does: {error}") from error


class _Folder:
    """What stands in one folder: the names of its regular files and of its real folders."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()


_EMPTY = _Folder()


class _Tree:
    """What really stands below the root, pruned and without links. Each folder is read once, when it is asked for."""

    def __init__(self, project: Project) -> None:
        self.root = project.root
        self.unreadable: list[str] = []
        self._backups = str(project.backup_dir)
        self._seen = {"": self._read("")}

    def folder(self, path: str) -> _Folder:
        """The folder at `path` from the root, "" being the root; empty when pruned, missing or behind a link."""
        parent, missing = path, []
        while parent not in self._seen:
            parent, _, name = parent.rpartition("/")
            missing.append(name)
        here = self._seen[parent]
        for name in reversed(missing):
            parent = f"{parent}/{name}" if parent else name
            here = self._seen[parent] = self._read(parent) if name in here.folders else _EMPTY
        return here

    def real(self, paths: Iterable[str]) -> Iterator[str]:
        """Those of `paths`, each from the root, that are regular files of this tree."""
        for path in paths:
            folder, _, name = path.rpartition("/")
            if name in self.folder(folder).files and not path.startswith("/"):
                yield path

    def _read(self, path: str) -> _Folder:
        full = f"{self.root}/{path}"
        found = _Folder()
        if full == self._backups:
            return found
        try:
            with os.scandir(full) as entries:
                for entry in entries:
                    if entry.name in PRUNED:
                        continue
                    if entry.is_file(follow_symlinks=False):
                        found.files.add(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        found.folders.add(entry.name)
        except OSError:
            self.unreadable.append(path or ".")
        return _EMPTY if path and "pyvenv.cfg" in found.files else found


def _walk(tree: _Tree, *, ignored: bool = False) -> Iterator[str]:
    """The files of the tree that no .gitignore on the way to them ignores; or else those that one does."""
    pending: list[tuple[str, tuple[_Ignore, ...], bool]] = [("", (), False)]
    while pending:
        path, ignores, out = pending.pop()
        prefix = f"{path}/" if path else ""
        here = tree.folder(path)
        if ".gitignore" in here.files and not out:
            ignores = (_Ignore(tree.root, prefix), *ignores)
        for name in here.files:
            if (out or _ignored(prefix + name, ignores, is_folder=False)) is ignored:
                yield prefix + name
        for name in here.folders:
            goes = out or _ignored(prefix + name, ignores, is_folder=True)
            if ignored or not goes:
                pending.append((prefix + name, ignores, goes))


def _ignored(path: str, ignores: tuple[_Ignore, ...], *, is_folder: bool) -> bool:
    verdicts = (ignore.verdict(path, is_folder) for ignore in ignores)
    return next((verdict for verdict in verdicts if verdict is not None), False)


class _Ignore:
    """One .gitignore, asked only about paths whose folders are not ignored, so that the last pattern to fit decides."""

    def __init__(self, root: Path, prefix: str) -> None:
        try:
            lines = read(root, f"{prefix}.gitignore").decode("utf-8-sig", "surrogateescape").split("\n")
        except OSError:  # `matching` meets the same error and reports it
            lines = []
        self._start = len(prefix)
        self._patterns = [pattern for line in reversed(lines) if (pattern := _pattern(line))]

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """True when ignored, False when a `!` pattern takes it back, None when no pattern fits the path itself."""
        for pattern, folders_only in self._patterns:
            if is_folder or not folders_only:
                found = pattern.match_file(path[self._start :])
                # A group took part only if the pattern stopped short, at a folder above the path.
                if found and found.match.lastgroup is None:
                    return pattern.include
        return None


def _pattern(line: str) -> tuple[GitIgnoreSpecPattern, bool] | None:
    """A line of .gitignore and whether it is for folders only; None for a line that git, too, makes nothing of."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    folders_only = line.rstrip().endswith("/")
    try:
        return GitIgnoreSpecPattern(line.rstrip().removesuffix("/") if folders_only else line), folders_only
    except ValueError:
        return None
