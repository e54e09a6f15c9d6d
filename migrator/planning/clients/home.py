"""The package of a project that its client module belongs in: the one that uses the library most."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Set
from functools import cached_property
from pathlib import PurePosixPath

from migrator.patterns import under
from migrator.planning.candidates import Candidates
from migrator.planning.distributions import folder_of
from migrator.python.reading.facts import Facts, package_of
from migrator.python.reading.roots import SOURCES, inside
from migrator.tree.aside import FOLDERS_ASIDE


class _Tree:
    """The candidates, with what was asked about them once."""

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.files = frozenset(candidates.files)
        self._packages: dict[tuple[str, str], bool] = {}

    @cached_property
    def said(self) -> list[set[str]]:
        """What each module of the project mentions by a full name, be it read as a candidate or not.

        What it imports from beside itself has a full name only by what the module is thought to be called, as have
        names of its own.
        """
        said = []
        for path, spelled in self.candidates.processes().spelled.items():
            if facts := self.candidates.facts.get(path):
                root = PurePosixPath("/", path).parents[facts.name.count(".") + facts.is_package]
                beside = {m for m in facts.mentioned - spelled if str(root.joinpath(*m.split("."))) in spelled}
                its = () if facts.is_package else facts.names
                said.append({m for m in facts.mentioned - beside if not any(under(m, own) for own in its)})
            else:
                said.append({name for name in spelled if "." in name})  # a word after "import" may be one of a text
        return said

    def is_package(self, folder: str, name: str) -> bool:
        """Whether modules are imported from a folder by its name: it says so, or a module of the project does."""
        if (folder, name) not in self._packages:
            given = set() if f"{folder}/__init__.py" in self.files else _given(folder, self)
            self._packages[folder, name] = not given or any(_speaks_for(name, ms, given) > 0 for ms in self.said)
        return self._packages[folder, name]


def home(distribution: str, weights: dict[str, int], candidates: Candidates) -> tuple[str, str]:
    """The folder that the client module goes to, and the dotted package that this is."""
    tree = _Tree(candidates)
    places = {path: _place(path, tree) for path in sorted(weights)}
    # what a package has in a folder of that name is code of the package, and is installed with it
    folders = {path: place[0] if place else folder_of(path) for path, place in places.items()}
    aside = {path for path, folder in folders.items() if FOLDERS_ASIDE & {*folder.split("/")}}
    code = {path: place for path, place in places.items() if path not in aside} or places
    packages = Counter[tuple[str, str]]()
    for path, place in code.items():
        packages.update({place: weights[path]} if place else {})
    if packages and (len(aside) < len(places) or len(packages) == 1):
        return max(packages, key=lambda place: (packages[place], place))
    homes = {folder_of(path) for path in code}
    return (homes.pop() if len(homes) == 1 else distribution), ""


def _place(path: str, tree: _Tree) -> tuple[str, str] | None:
    """The folder and name of the topmost package that a module is in; the name is "" of one that packages import."""
    facts = tree.candidates.facts[path]
    name = _known_as(facts, tree)
    top = name.partition(".")[0]
    inner = name.count(".") + (1 if facts.is_package else 0)
    above = PurePosixPath(path).parents[:inner]
    if above and (package := _first_package([str(f) for f in reversed(above)], name.split("."), tree)):
        return package
    for folder, called in [(above[-1], top), *((f, f.name) for f in reversed(above[:-1]))] if above else []:
        if tree.is_package(str(folder), called):
            return str(folder), called
    if not above and _is_for_packages(name, tree):
        return folder_of(path), ""
    return None


def _first_package(folders: list[str], names: list[str], tree: _Tree) -> tuple[str, str] | None:
    """The first of the folders of a dotted name that says it is a package, where those above it are namespaces.

    A namespace holds no modules of its own, and what builds a distribution takes none from there.
    """
    for count, folder in enumerate(folders, 1):
        if f"{folder}/__init__.py" in tree.files:
            return folder, ".".join(names[:count])
        if any(folder_of(f) == folder and f.endswith(".py") for f in tree.files):
            return None
    return None


def _known_as(facts: Facts, tree: _Tree) -> str:
    """The name of a module by whose package the project's modules import most from its folder, such as `src.app.llm`.

    Where they do not tell, that of a package below `src`, though it be in a namespace, or of one that says it is one.
    """
    packages = {name: package_of(name, facts.is_package) or name for name in facts.names}
    others = tree.said if len(packages) > 1 else []
    given = _given(folder_of(facts.path), tree) if others else set()

    def told(name: str) -> tuple[int, bool, bool]:
        above = PurePosixPath(facts.path).parents[: name.count(".") + facts.is_package]
        folders = [str(folder) for folder in reversed(above)]
        is_inside = bool(above) and f"{above[-1]}/__init__.py" in tree.files
        is_source = bool(above) and above[-1].parent.name in SOURCES
        is_source = is_source and _first_package(folders, name.split("."), tree) is not None
        return sum(_speaks_for(packages[name], ms, given) for ms in others), is_source, is_inside

    return max(facts.names, key=told)


def _speaks_for(package: str, mentioned: Collection[str], given: Set[str]) -> int:
    """Whether what a module mentions is of a folder by this name (1), of another package of the name (-1), or neither.

    Whoever imports a part of a package mentions the package too.
    """
    parts = {m[len(package) + 1 :].partition(".")[0] for m in mentioned if under(m, package)}
    if (parts - {""} or parts) & given:
        return 1
    return -1 if parts and "*" not in given else 0


def _given(folder: str, tree: _Tree) -> set[str]:
    """What can be imported from a folder, "" for itself: modules, packages, and what its first module has words for.

    With a "*" where that module has names from elsewhere, which it does not say.
    """
    first = f"{folder}/__init__.py" if folder else "__init__.py"
    text = tree.candidates.python_text(first) or "" if first in tree.files else ""
    beyond = {"*"} if re.search(r"import\s*\*|__getattr__", text) else set()
    return {"", *inside(folder, tree.files), *re.findall(r"\w+", text), *beyond}


def _is_for_packages(name: str, tree: _Tree) -> bool:
    """Whether a module of a package imports one that is in none."""
    packaged = (facts for facts in tree.candidates.facts.values() if facts.is_package or "." in facts.names[0])
    return any(under(m, name) for facts in packaged for m in facts.mentioned)
