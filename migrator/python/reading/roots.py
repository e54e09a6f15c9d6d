"""The folders of a project that packages are imported from, and so the names that its modules have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

BUILDING = {"pyproject.toml", "setup.py", "setup.cfg"}
"""The files that say of a folder that a distribution is built there."""
SOURCES = {"src", "lib"}
_IN_SOURCES = re.compile(rf"(?:{'|'.join(sorted(SOURCES))})/.*\.py$")
_OF_A_COPY = 3  # so many of a library's own modules tell a copy of it
_NO_LIBRARIES: Mapping[str, Collection[str]] = MappingProxyType({})

Roots = Mapping[str, Collection[str]]
"""Folders that packages are imported from, each with those in it that are not imported by their bare name."""


def module_names(path: str, roots: Roots) -> tuple[str, ...]:
    """The dotted names a file can be imported by, seen from each of `roots` ("" is the project), nearest root first.

    >>> module_names("src/app/llm.py", {"": (), "src": ()})
    ('app.llm', 'src.app.llm')
    >>> module_names("src/app/llm.py", {"": (), "src": {"app"}})
    ('src.app.llm',)

    What no import can spell, such as `step_1.2.py`, has a name without dots all the same.

    >>> module_names("step_1.2.py", {"": ()})
    ('step_1-2',)
    """
    parts = PurePosixPath(path).with_suffix("").parts
    names = []
    for depth in range(len(parts) - 1, -1, -1):
        below = parts[depth:-1] if parts[-1] == "__init__" else parts[depth:]
        apart = roots.get("/".join(parts[:depth]))
        if apart is not None and below and below[0] not in apart and all(p.isidentifier() for p in below):
            names.append(".".join(below))
    return tuple(names) or (PurePosixPath(path).stem.replace(".", "-"),)


def import_roots(files: Collection[str], libraries: Mapping[str, Collection[str]] = _NO_LIBRARIES) -> Roots:
    """Folders that packages are imported from: the project, `src`-like folders, and parents of top-level packages.

    A folder whose name no import can spell, such as `my-app`, is no package, whatever it holds. One in a namespace that
    is called as one of `libraries`, such as `acme/providers/litellm`, is meant by its whole name alone; it is a copy of
    the library where it holds some of the modules that are given of that.

    >>> sorted(import_roots(["setup.py", "acme/plugins/litellm/__init__.py"]))
    ['', 'acme/plugins']
    >>> sorted(import_roots(["setup.py", "acme/plugins/litellm/__init__.py"], {"litellm": ()}))
    ['']
    >>> import_roots(["acme/aws/__init__.py", "acme/litellm/__init__.py"], {"litellm": ()})["acme"]
    {'litellm'}
    """
    folders = {PurePosixPath(f).parent for f in files if f.endswith("/__init__.py")}
    packages = {p for p in folders if p.name.isidentifier()}
    above = {p.parent: {other.name for other in packages if other.parent == p.parent} for p in packages}
    roots: dict[str, set[str]] = {"": set()}
    starts = _Starts(files)
    for folder in above.keys() - packages:
        start = starts.of(folder)
        roots |= {start: set()} if start is not None else {}
        in_namespace = start != _spelled(folder) and not starts.has_modules(folder)
        named = above[folder] & libraries.keys() if in_namespace else set()
        apart = {name for name in named if not is_copy(str(folder / name), libraries[name], files)}
        if apart != above[folder]:
            roots.setdefault(_spelled(folder), apart)
    return roots | {f.partition("/")[0]: set() for f in files if _IN_SOURCES.match(f)}


def is_copy(folder: str, modules: Collection[str], files: Iterable[str]) -> bool:
    """Whether a folder has so many of a library's own modules that it is a copy of it."""
    return len(inside(folder, files).intersection(modules)) >= _OF_A_COPY


def inside(folder: str, files: Iterable[str]) -> set[str]:
    """The names of what is in a folder, those of modules without their endings."""
    base = f"{folder}/" if folder else ""
    return {f[len(base) :].partition("/")[0].removesuffix(".py") for f in files if f.startswith(base)}


def _spelled(folder: PurePosixPath) -> str:
    return "" if folder == PurePosixPath() else str(folder)


class _Starts:
    """Where the namespaces of packages start: in a distribution, or in its `src`."""

    def __init__(self, files: Collection[str]) -> None:
        self._distributions = {PurePosixPath(f).parent for f in files if f.rpartition("/")[2] in BUILDING}
        self._modules = {PurePosixPath(f).parent for f in files if f.endswith(".py")} - self._distributions

    def has_modules(self, folder: PurePosixPath) -> bool:
        """Whether a folder that is no distribution holds modules, which are run from there."""
        return folder in self._modules

    def of(self, folder: PurePosixPath) -> str | None:
        """The start of the namespace that a folder is, if it can be one: one that holds packages and no modules."""
        for each in (folder, *folder.parents):
            if each.name in SOURCES or each in self._distributions:
                return _spelled(each)
            if each in self._modules or not each.name.isidentifier():
                return None
        return None
