"""What other modules need to know of a module: small, and kept for every candidate file; syntax trees are not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from migrator.python.library.built import Made

SOURCES = {"src", "lib"}
_IN_SOURCES = re.compile(r"(?:src|lib)/.*\.py$")
OF_A_COPY = 3  # so many of a library's own modules tell a copy of it
_NO_LIBRARIES: Mapping[str, Collection[str]] = MappingProxyType({})
_SAYING_DISTRIBUTION = {"pyproject.toml", "setup.py", "setup.cfg"}


@dataclass(frozen=True, slots=True)
class Class:
    """A class at module level: its bases, and what its attributes stand for ("" for anything else), as full names."""

    bases: tuple[str, ...]
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One module seen from outside. `names` are its dotted names, the most likely one first."""

    path: str
    names: tuple[str, ...]
    is_package: bool
    exports: Mapping[str, str]  # name at module level -> the dotted name it stands for
    bound: Mapping[str, frozenset[str]]  # every name bound in any scope -> what it stands for ("" for anything else)
    stars: tuple[str, ...]  # modules it imports * from
    classes: Mapping[str, Class]  # by name, those at module level
    fixtures: Mapping[str, str]  # function that is a pytest fixture -> the name tests ask for it by
    constants: frozenset[str]  # string literals that could name an environment variable
    mentioned: frozenset[str]  # full names it imports, or spells in a string literal, up to every dot
    unused: frozenset[str]  # names bound by `from` imports that nothing in the module uses
    suppressed: Mapping[int, frozenset[str]]  # line -> the rules a comment there suppresses; empty for all of them
    reached: Mapping[str, frozenset[str]]  # imported name -> what is read off it; "" for the thing itself, handed on
    made: tuple[Made, ...]  # the calls of imported classes
    inherited: frozenset[str]  # what classes anywhere in it inherit from, as it is written
    kept: Mapping[str, frozenset[str]]  # name that stays what it is here -> the rules that hold for; empty for all
    assigned: frozenset[str]  # full names in other modules that it puts something else in the place of
    spelled: frozenset[str]  # full names that its texts spell, or the last part of such: `.name`
    frozen: bool = False  # nothing in it may be edited
    words: frozenset[str] = frozenset()  # every word in it, where it imports * from anywhere
    requested: frozenset[str] = frozenset()  # modules that functions of the project's own import by name for it
    aliases: frozenset[str] = frozenset()  # names at module level that are given what another name stands for
    variables: frozenset[str] = frozenset()  # names at module level that something is assigned to
    urls: Mapping[str, str] = field(default_factory=dict)  # name at module level -> the URL in what it is assigned
    asked: frozenset[str] = frozenset()  # attributes of other things that are asked for something: `admin.http.get()`
    gives: Mapping[str, str] = field(default_factory=dict)  # function, method, class -> the module it gives when called
    called: frozenset[str] = frozenset()  # what it calls, as it is spelled; `.name` of methods as well
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)  # `.method` -> what is read off what it gives
    told: Mapping[str, str] = field(default_factory=dict)  # those of `called` that others have -> the module they give
    read_off: frozenset[str] = frozenset()  # every attribute that it reads, where it is told of such

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def package(self) -> str:
        return package_of(self.name, self.is_package)


def used_of(facts: Facts) -> Iterator[str]:
    """The full names of what a module imports, and of what it reads off that."""
    for local, targets in facts.bound.items():
        for target in filter(None, targets):
            yield target
            yield from (f"{target}.{read}" for read in facts.reached.get(local, ()) if read)


def package_of(module: str, is_package: bool) -> str:
    """The package that a module's relative imports start from."""
    return module if is_package else module.rpartition(".")[0]


Roots = Mapping[str, Collection[str]]
"""Folders that packages are imported from, each with those in it that are not imported by their bare name."""


def module_names(path: str, roots: Roots) -> tuple[str, ...]:
    """The dotted names a file can be imported by, seen from each of `roots` ("" is the project), nearest root first.

    >>> module_names("src/app/llm.py", {"": (), "src": ()})
    ('app.llm', 'src.app.llm')
    >>> module_names("src/app/llm.py", {"": (), "src": {"app"}})
    ('src.app.llm',)
    """
    parts = PurePosixPath(path).with_suffix("").parts
    names = []
    for depth in range(len(parts) - 1, -1, -1):
        below = parts[depth:-1] if parts[-1] == "__init__" else parts[depth:]
        apart = roots.get("/".join(parts[:depth]))
        if apart is not None and below and below[0] not in apart and all(p.isidentifier() for p in below):
            names.append(".".join(below))
    return tuple(names) or (PurePosixPath(path).stem,)


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
        apart = {name for name in named if not _is_copy(folder / name, libraries[name], files)}
        if apart != above[folder]:
            roots.setdefault(_spelled(folder), apart)
    return roots | {f.partition("/")[0]: set() for f in files if _IN_SOURCES.match(f)}


def _is_copy(folder: PurePosixPath, modules: Collection[str], files: Collection[str]) -> bool:
    """Whether a folder has so many of a library's own modules that it is a copy of it."""
    below = len(f"{folder}/")
    inside = {f[below:].partition("/")[0].removesuffix(".py") for f in files if f.startswith(f"{folder}/")}
    return len(inside.intersection(modules)) >= OF_A_COPY


def _spelled(folder: PurePosixPath) -> str:
    return "" if folder == PurePosixPath() else str(folder)


class _Starts:
    """Where the namespaces of packages start: in a distribution, or in its `src`."""

    def __init__(self, files: Collection[str]) -> None:
        self._distributions = {PurePosixPath(f).parent for f in files if f.rpartition("/")[2] in _SAYING_DISTRIBUTION}
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
