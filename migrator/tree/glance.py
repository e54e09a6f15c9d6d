"""Tells at a glance that a tree is clean, by asking git. It imports next to nothing, as that is what takes the time."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable, Sequence

from migrator.tree.defaults import PRUNED
from migrator.tree.guard import ENVIRONMENT, INHERITED, command, work_tree
from migrator.tree.needles import UTF16, holds

_LIST = ("ls-files", "-z", "-v", "--stage", "--cached", "--others", "--exclude-standard")
# Not `--untracked`, which passes over tracked files that a .gitignore names. The configuration has no say in colours,
# in the folder that paths start from, and in submodules.
_GREP = (
    *("grep", "-z", "--files-with-matches", "--fixed-strings"),
    *("--no-color", "--no-full-name", "--no-recurse-submodules"),
)
_SEARCHED = ("H 100644 ", "H 100755 ")  # so begin listed files that `git grep` searches as they stand in the tree
_OUT = PRUNED | {"", ".."}  # parts of paths; with an empty one they end at a repository inside, or start at /


def all_clean(root: str, needles: Sequence[bytes]) -> list[str] | None:
    """The files of the tree, POSIX and from `root`, where git tells that none holds one of the needles; else None.

    `root` is absolute and free of links. The files that git does not search as they stand, such as untracked ones, are
    searched here.
    """
    top = work_tree(root)
    if top is None or not needles:
        return None
    patterns = [argument for needle in (*needles, *UTF16) for argument in (b"-e", needle)]
    try:
        with _asked(root, top, *_GREP, *patterns) as grep, _asked(root, top, *_LIST) as listing:
            entries, holding = _answer(listing, 0), _answer(grep, 0, 1)
        if entries is None or holding is None:
            return None
        searched = [entry.partition("\t")[2] for entry in entries if entry.startswith(_SEARCHED)]
        others = {_path(entry) for entry in entries if not entry.startswith(_SEARCHED)}
        left = [path for path in _inside(others) if _is_file(f"{root}/{path}")]
        # Git finds bytes, whatever they stand for: many a picture holds the two that mark UTF-16.
        if any(holds(f"{root}/{path}", needles) for path in (*_inside(holding), *left)):
            return None
    except OSError:
        return None
    return [*_inside(searched), *left]


def _asked(root: str, top: str, *arguments: str | bytes) -> subprocess.Popen[bytes]:
    """A git command at work in `root`. Raises OSError when there is no git."""
    return subprocess.Popen(
        command(top, *arguments),
        cwd=root,
        env={name: value for name, value in os.environ.items() if name not in INHERITED} | ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _answer(process: subprocess.Popen[bytes], *good: int) -> list[str] | None:
    """What a git command says, ended by one of the `good` exit codes; None where it complains, if only of one file."""
    out, complaint = process.communicate()
    return None if complaint or process.returncode not in good else os.fsdecode(out).split("\0")[:-1]


def _path(entry: str) -> str:
    """The path in a line of `git ls-files`: untracked files have nothing before it but their mark."""
    return entry[2:] if entry.startswith("?") else entry.partition("\t")[2]


def _inside(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if _OUT.isdisjoint(path.split("/"))]


def _is_file(path: str) -> bool:
    """Whether a regular file stands there, neither a link nor a folder nor nothing. Raises OSError if not known."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
