"""Who calls the functions of other modules that give a module: there as here, what is read off it is that module's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from migrator.python.reading.calling import uncalled
from migrator.python.reading.facts import Facts
from migrator.python.reading.getters import is_common

if TYPE_CHECKING:
    from migrator.python.reading.index import Index


class Giver(NamedTuple):
    """A function, method or class that gives a library: where it is, its name there, the module that it gives."""

    path: str
    name: str
    module: str


def takers(index: Index) -> Takers:
    """Those of a project, worked out once."""
    known = index.shared.get("takers")
    if not isinstance(known, Takers):
        known = index.shared["takers"] = Takers(index)
        for facts in index.by_path.values():
            known.add(facts)
    return known


@dataclass(eq=False)
class Takers:
    """Which modules of a project have a library from functions of others, and of which ones."""

    index: Index
    _given: dict[str, list[Giver]] = field(default_factory=dict)  # by full name, and by `.name` for a method
    _knowing: dict[str, bool] = field(default_factory=dict)  # by path

    def add(self, facts: Facts) -> set[str]:
        """Note what a module gives; the paths of those that call what was not known before."""
        fresh = set()
        for getter, module in facts.gives.items():
            owner, _, method = getter.rpartition(".")
            names = [f"{name}.{getter}" for name in facts.names]
            names += [f".{method}"] if owner and not is_common(method) else []
            giver = Giver(facts.path, getter, module)
            for name in names if self.index.names.is_module(module) else ():
                if giver not in self._given.setdefault(name, []):
                    self._given[name].append(giver)
                    fresh.add(name)
        return {path for name in fresh for path in self._callers.get(name, ())} if fresh else set()

    def told(self, facts: Facts) -> dict[str, str]:
        """What functions of other modules give that a module calls, by what it calls them."""
        return {spelled: giver.module for spelled, giver in self._taken(facts)}

    def givers(self, facts: Facts) -> set[str]:
        """The paths of the modules whose functions give a module a library."""
        return {giver.path for _, giver in self._taken(facts)}

    @property
    def edges(self) -> Iterator[tuple[str, str]]:
        """The paths of each module that takes a library, or what gives it, and of the one that gives it."""
        yield from ((taker, giver) for taker, giver, _ in self._calls)
        for path, facts in self.index.by_path.items() if self.functions else ():
            names = self._names_in(facts)
            yield from ((path, giver) for name in names & self.functions.keys() for giver in self.functions[name])
            methods = [name for name in self.functions if name.rpartition(".")[0] in names]
            parsed = self.index.parsed(path) if methods else None
            read = {*uncalled(parsed[1])} if parsed else set()
            used = (name for name in methods if name.rpartition(".")[2] in read)
            yield from ((path, giver) for name in used for giver in self.functions[name])

    def _names_in(self, facts: Facts) -> set[str]:
        """The full names that a module has, and of what it reads off modules that it imports."""
        bound = [(local, self.index.canonical(t)) for local, targets in facts.bound.items() for t in targets if t]
        read = {f"{target}.{each}" for local, target in bound for each in facts.reached.get(local, ()) if each}
        return {target for _, target in bound} | set(map(self.index.canonical, read))

    @cached_property
    def functions(self) -> dict[str, set[str]]:
        """The functions and methods that give a library, by full name, and the paths of those that have them."""
        whole = {name: givers for name, givers in self._given.items() if name[0] != "."}
        return {name: {g.path for g in givers} for name, givers in whole.items() if not self.index.class_named(name)}

    @cached_property
    def leaves(self) -> set[str]:
        """What they are called."""
        return {name.rpartition(".")[2] for name in self.functions}

    def is_taken(self, facts: Facts, getter: str) -> bool:
        """Whether another module calls a function of one."""
        return (facts.path, getter) in self._used

    def gives(self, cls: str, method: str) -> bool:
        """Whether a class of the project has a method that gives a library, its own or an inherited one."""
        return any(f"{each}.{method}" in self._given for each in self.index.lineage(cls))

    def knows(self, facts: Facts) -> bool:
        """Whether a module names the library, or has something of those that give it, be it an object of a function."""
        if facts.path not in self._knowing:
            spelled = (*facts.bound, *facts.called, *facts.mentioned)
            libraries = [library.module for library in self.index.names.rules.libraries]
            is_named = any(library in name.lower() for library in libraries for name in spelled)
            is_named |= not facts.told and any(map(self.index.names.is_module, facts.gives.values()))  # by a text
            self._knowing[facts.path] = is_named or self._has_of_givers(facts) or self._has_makers(facts)
        return self._knowing[facts.path]

    def _has_makers(self, facts: Facts) -> bool:
        """Whether a module has a function from one that has something of those that give a library, as a class."""
        index, targets = self.index, {target for targets in facts.bound.values() for target in targets if target}
        functions = (each for each in map(index.canonical, targets) if each.rpartition(".")[2].islower())
        makers = {index.module_of(each) for each in functions} - {"", *facts.names}
        return any(self._has_of_givers(index.by_name[each]) for each in makers)

    def _has_of_givers(self, facts: Facts) -> bool:
        """Whether a module has something from another one that gives a library, or a class that inherits from there."""
        index, paths = self.index, {each.path for givers in self._given.values() for each in givers} - {facts.path}
        targets = {target for targets in facts.bound.values() for target in targets if target}
        around = {index.module_of(index.canonical(each)) for target in targets for each in index.lineage(target)}
        return any(name and index.by_name[name].path in paths for name in around)

    @property
    def methods(self) -> list[str]:
        """The methods that give a library, as `.name`."""
        return sorted(name for name in self._given if name.startswith("."))

    def _taken(self, facts: Facts) -> Iterator[tuple[str, Giver]]:
        """What a module calls, and who gives it a library for that."""
        for spelled in sorted(facts.called) if self._given else ():
            for name in self._meant(facts, spelled):
                for giver in self._given.get(name, ()):
                    if giver.path != facts.path and (spelled[0] != "." or self._is_meant(facts, giver)):
                        yield spelled, giver

    def _meant(self, facts: Facts, spelled: str) -> list[str]:
        """The full names that what a module calls can have; of a method of any object that alone."""
        first, _, rest = spelled.partition(".")
        if not first:
            return [spelled]
        targets = facts.bound.get(first) or {self.index.through_star(facts, first) or ""}
        return [
            self.index.canonical(f"{target}.{rest}" if rest else target) for target in sorted(filter(None, targets))
        ]

    def _is_meant(self, facts: Facts, giver: Giver) -> bool:
        """Whether a method of any object may be one that gives a library: by what is read off that, or by the object.

        What all kinds of objects have says nothing.
        """
        method = f".{giver.name.rpartition('.')[2]}"
        read = (name for name in facts.taken.get(method, ()) if not is_common(name))
        fates = (self.index.names.fate(f"{giver.module}.{name}") for name in read)
        had = any(fate and fate.kind not in ("unknown", "stays") for fate in fates)
        objects = (name.removesuffix(method) for name in facts.called if name.endswith(method) and name != method)
        return had or self.knows(facts) or any(self.sounds(each, method[1:]) for each in objects)

    def sounds(self, spelled: str, method: str) -> bool:
        """Whether an object is called what a class is called that has a method which gives a library."""
        owners = (giver.name.rpartition(".")[0] for giver in self._given.get(f".{method}", ()))
        leaf = spelled.rpartition(".")[2].replace("_", "").lower()
        return bool(leaf) and any(leaf == owner.replace("_", "").lower() for owner in owners)

    @cached_property
    def _callers(self) -> dict[str, set[str]]:
        """The modules that call something, by its full name, or by `.name`."""
        found: dict[str, set[str]] = {}
        for path, facts in self.index.by_path.items():
            for spelled in facts.called:
                for name in self._meant(facts, spelled):
                    found.setdefault(name, set()).add(path)
        return found

    @cached_property
    def _calls(self) -> set[tuple[str, str, str]]:
        """A module that takes, one that gives, and the name in the latter that the former calls."""
        return {(f.path, giver.path, giver.name) for f in self.index.by_path.values() for _, giver in self._taken(f)}

    @cached_property
    def _used(self) -> set[tuple[str, str]]:
        return {(giver, name) for _, giver, name in self._calls}
