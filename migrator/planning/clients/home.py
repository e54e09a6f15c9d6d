"""The package of a project that its client module belongs in: the one that uses the library most."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

from migrator.patterns import under
from migrator.planning.candidates import Candidates
from migrator.planning.distributions import folder_of
from migrator.python.reading.facts import Facts, package_of

_ASIDE = {"test", "tests", "testing", "example", "examples", "benchmark", "benchmarks", "docs", "script", "scripts"}


def home(distribution: str, weights: dict[str, int], candidates: Candidates) -> tuple[str, str]:
    """The folder that the client module goes to, and the dotted package that this is."""
    packages = Counter[tuple[str, str]]()
    for path, weight in sorted(weights.items()):
        facts = candidates.facts[path]
        name = _known_as(facts, candidates)
        top = name.partition(".")[0]
        inner = name.count(".") + (1 if facts.is_package else 0)
        folder = PurePosixPath(path).parents[inner - 1] if inner else None
        if folder is not None and _is_package(str(folder), top, candidates):
            packages[str(folder), top] += weight
    named = {place: weight for place, weight in packages.items() if not _ASIDE & {*place[0].split("/")}}
    if named or (packages and len(packages) == 1):
        return max(named or packages, key=lambda place: ((named or packages)[place], place))
    folders = {folder_of(path) for path in weights}
    folders = {f for f in folders if not _ASIDE & {*f.split("/")}} or folders
    return (folders.pop() if len(folders) == 1 else distribution), ""


def _known_as(facts: Facts, candidates: Candidates) -> str:
    """The name of a module whose package the project's modules import from most, such as `src.app.llm`.

    Where they do not tell, that of a package which says that it is one.
    """
    packages = {name: package_of(name, facts.is_package) or name for name in facts.names}
    others = [other.mentioned for other in candidates.facts.values()] if len(packages) > 1 else []

    def told(name: str) -> tuple[int, bool]:
        above = PurePosixPath(facts.path).parents[: name.count(".") + facts.is_package]
        inside = bool(above) and f"{above[-1]}/__init__.py" in candidates.files
        return sum(any(under(m, packages[name]) for m in ms) for ms in others), inside

    return max(facts.names, key=told)


def _is_package(folder: str, name: str, candidates: Candidates) -> bool:
    """Whether modules are imported from a folder by its name: it says so, or a module of the project does."""
    if f"{folder}/__init__.py" in candidates.files:
        return True
    return any(under(m, name) for facts in candidates.facts.values() for m in facts.mentioned)
