"""Scripts and notebooks that import a client module from a folder that nothing says is on their path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from pathlib import PurePosixPath

from migrator.patterns import under
from migrator.planning.candidates import Candidates
from migrator.planning.clients.in_project import Place
from migrator.planning.distributions import folder_of
from migrator.python.reading.roots import BUILDING
from migrator.sites import Change
from migrator.tree.aside import is_test

_TOP = re.compile(r"\b(?:from|import)[ \t]+(\w+)")
_MOST = 3


def told(place: Place, changes: Iterable[Change], candidates: Candidates) -> str:
    """What is to be said of those that import a client module from elsewhere; "" where there are none."""
    root = str(PurePosixPath(place.path).parents[place.dotted.count(".")])
    base = "" if root == "." else f"{root}/"
    if "." in place.dotted and _is_installed(base, candidates):
        return ""
    top = place.dotted.partition(".")[0]
    code = (path.removeprefix(base) for path in candidates.files if path.startswith(base) and path.endswith(".py"))
    there = {path.partition("/")[0].removesuffix(".py") for path in code}
    beyond = sorted(c.path for c in changes if _imports(c, top) and not _reaches(c, base, there, candidates))
    if not beyond:
        return ""
    named = ", ".join(beyond[:_MOST]) + (f" and {len(beyond) - _MOST} more" if len(beyond) > _MOST else "")
    return f"imported from elsewhere by {named}: have {base or 'the root of the project'} on their path"


def _is_installed(base: str, candidates: Candidates) -> bool:
    """Whether packages in a folder may be installed: that or one above it has what says so."""
    above = ["", *(f"{base[: at.end()]}" for at in re.finditer("/", base))]
    return any(f"{folder}{name}" in candidates.files for folder in above for name in BUILDING)


def _imports(change: Change, top: str) -> bool:
    """Whether a file imports what is called `top` after a change, and did not before."""
    suffix = change.path.rpartition(".")[2]
    if not change.after or not (suffix == "ipynb" or (suffix == "py" and not is_test(change.path))):
        return False
    return top in _tops(change.after) and top not in _tops(change.before or b"")


def _tops(data: bytes) -> set[str]:
    return set(_TOP.findall(data.decode("utf-8", "replace")))


def _reaches(change: Change, base: str, there: Set[str], candidates: Candidates) -> bool:
    """Whether something says that a file runs with a folder on its path, or is imported from there itself.

    `there` are the modules and packages in that folder.
    """
    path, before = change.path, change.before or b""
    folder = folder_of(path)
    if f"{folder}/" == base or not (folder or base) or b"sys.path" in before:
        return True
    if f"{folder}/__init__.py" in candidates.files or _is_named(path, candidates):
        return True
    return not there.isdisjoint(_tops(before))


def _is_named(path: str, candidates: Candidates) -> bool:
    """Whether another module imports one by its name."""
    own = candidates.facts.get(path)
    others = (facts.mentioned for facts in candidates.facts.values() if facts is not own)
    return own is not None and any(under(m, name) for mentioned in others for m in mentioned for name in own.names)
