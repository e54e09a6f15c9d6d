"""Who calls the functions of other modules that give a module: there as here, what is read off it is that module's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.python.reading.facts import Facts
from migrator.python.reading.getters import is_common

if TYPE_CHECKING:
    from migrator.python.reading.index import Index


def told(index: Index, facts: Facts) -> dict[str, str]:
    """What functions of other modules give that a module calls, by what it calls them."""
    return {spelled: given for spelled, given, _ in _taken(index, facts)}


def together(index: Index, facts: Facts) -> list[Facts]:
    """The other modules that have a library from functions of one, or give it one, also by way of others, by path."""
    own = {facts.path} if index.by_path.get(facts.path) is facts else set()
    found = {*own} or {path for _, _, (path, _) in _taken(index, facts)}
    waiting = sorted(found)
    while waiting:
        path = waiting.pop()
        more = {*_by_giver(index).get(path, ()), *(giver for giver, by in _by_giver(index).items() if path in by)}
        waiting += sorted(more - found)
        found |= more
    return [index.by_path[path] for path in sorted(found - own)]


def is_taken(index: Index, facts: Facts, getter: str) -> bool:
    """Whether another module calls a function of one."""
    return any(getter in names for names in _by_giver(index).get(facts.path, {}).values())


def methods(index: Index) -> list[str]:
    """The methods that give a library, as `.name`."""
    return sorted(name for name in _given(index) if name.startswith("."))


def _by_giver(index: Index) -> dict[str, dict[str, set[str]]]:
    """Path of a module that gives -> path of one that takes -> the names in the former that the latter calls."""
    known = index.shared.get("takers")
    if isinstance(known, dict):
        return known
    found: dict[str, dict[str, set[str]]] = {}
    for facts in index.by_path.values():
        for _, _, (path, getter) in _taken(index, facts):
            found.setdefault(path, {}).setdefault(facts.path, set()).add(getter)
    index.shared["takers"] = found
    return found


def _taken(index: Index, facts: Facts) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """What a module calls, the module that it is given, and who gives it: by path and name."""
    given = _given(index)
    for spelled in sorted(facts.called) if given else ():
        for name in _meant(index, facts, spelled):
            for path, getter, module in given.get(name, ()):
                if path != facts.path:
                    yield spelled, module, (path, getter)


def _meant(index: Index, facts: Facts, spelled: str) -> list[str]:
    """The full names that what a module calls can have; of a method of any object that alone."""
    first, _, rest = spelled.partition(".")
    if not first:
        return [spelled]
    targets = facts.bound.get(first) or {index.through_star(facts, first) or ""}
    return [index.canonical(f"{target}.{rest}" if rest else target) for target in sorted(filter(None, targets))]


def _given(index: Index) -> dict[str, list[tuple[str, str, str]]]:
    """Full name of what gives a library when it is called, and `.name` of a method -> path, name there, library."""
    known = index.shared.get("givers")
    if isinstance(known, dict):
        return known
    found: dict[str, list[tuple[str, str, str]]] = {}
    for facts in index.by_path.values():
        for getter, module in facts.gives.items():
            owner, _, method = getter.rpartition(".")
            names = [f"{name}.{getter}" for name in facts.names]
            names += [f".{method}"] if owner and not is_common(method) else []
            for name in names if index.names.is_module(module) else ():
                found.setdefault(name, []).append((facts.path, getter, module))
    index.shared["givers"] = found
    return found
