"""Whether calls of a function may leave its name: not where something in the project takes the name's place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from migrator.clients import parts
from migrator.fates.library import Fate
from migrator.python.library import call_state
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.processes import Processes


@dataclass(frozen=True, slots=True)
class Held:
    """What the modules of a project hold on to: functions of the library, names of their own; or all of it.

    A file that replaces a function of the library holds the calls that it can be in one process with.
    """

    functions: Mapping[str, frozenset[str]]  # by name, the files that put something else in its place
    names: frozenset[str]  # full names in modules of the project
    ends: frozenset[str]  # last parts of names that are put together at run time
    stars: frozenset[str]  # modules of which others take everything
    everything: Mapping[str, str]  # by file, why
    processes: Processes

    def reason(self, facts: Facts, local: str, function: str) -> str:
        """Why calls of `function` stay in a module that knows it, or its module, as `local`; "" for no reason."""
        for path, why in self.everything.items():
            if self.processes.are_one(path, facts.path):
                return why
        replaced = any(self.processes.are_one(path, facts.path) for path in self.functions.get(function, ()))
        if replaced or self.ends & {local, function}:
            return f"something else is put in the place of {function}"
        if self.is_known(facts, local):
            return f"other modules know {local} from here"
        return ""

    def is_known(self, facts: Facts, local: str) -> bool:
        """Whether other modules know a name at the top of a module."""
        return any(f"{module}.{local}" in self.names or module in self.stars for module in facts.names)


def held(index: Index, functions: Collection[str]) -> Held:
    """What the modules of a project say, all together; `functions` are those of the client module."""
    of, everything = dict[str, set[str]](), dict[str, str]()
    modules = [facts for _, facts in sorted(index.by_path.items())]
    around, client = parts.around(index.names.rules.served), index.names.client
    for facts in modules:
        for dotted in sorted({*facts.spelled, *facts.assigned}):
            fate = index.names.fate(index.canonical(dotted))
            if fate and fate.kind == "module" and "." not in dotted:
                everything[facts.path] = f"something else is put in the place of {dotted}"
            elif _is_called(fate, client) and fate.name in functions and not _is_own(index, dotted):
                of.setdefault(fate.name, set()).add(facts.path)
        for dotted in sorted(t for t in set(_named(facts)) if t.rpartition(".")[2] in around):
            fate = index.names.fate(index.canonical(dotted))
            if _is_called(fate, client):
                everything[facts.path] = f"{fate.name} is what the functions of the client module raise"
    everything |= dict.fromkeys(call_state.keepers(index), "the project sets what every call reads")
    spelled = {dotted for facts in modules for dotted in (*facts.spelled, *facts.assigned)}
    processes = index.processes() if of or everything else Processes()
    users = [facts.path for facts in modules if _is_using(index, facts)]
    return Held(
        {name: frozenset(processes.seen_with(path, users) for path in paths) for name, paths in of.items()},
        frozenset(n for facts in modules for n in _named(facts)),
        frozenset(dotted[1:] for dotted in spelled if dotted.startswith(".")),
        frozenset(star for facts in modules for star in facts.stars),
        {processes.seen_with(path, users): why for path, why in everything.items()},
        processes,
    )


def _is_using(index: Index, facts: Facts) -> bool:
    targets = (target for targets in facts.bound.values() for target in targets if target)
    return any(index.names.fate(index.canonical(target)) for target in targets)


def _is_called(fate: Fate | None, client: str) -> TypeGuard[Fate]:
    return fate is not None and fate.kind == "moved" and fate.to == client


def _is_own(index: Index, dotted: str) -> bool:
    """Whether a module of the project has a name for itself: what is put in its place is seen from nowhere else."""
    module, _, name = dotted.rpartition(".")
    facts = index.by_name.get(module)
    return facts is not None and name in facts.exports


def _named(facts: Facts) -> Iterator[str]:
    """The full names that a module takes from others, by import, by reading them off or by its texts."""
    yield from facts.mentioned
    yield from facts.assigned
    for name, read in facts.reached.items():
        for target in facts.bound.get(name, ()):
            yield from (f"{target}.{each.partition('.')[0]}" for each in read if each)
