"""Whether calls of a function may leave its name: not where something in the project takes the name's place."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migrator.clients import parts
from migrator.python import call_state
from migrator.python.facts import Facts
from migrator.python.index import Index


@dataclass(frozen=True, slots=True)
class Held:
    """What the modules of a project hold on to: functions of the library, names of their own; or all of it."""

    functions: frozenset[str]
    names: frozenset[str]  # full names in modules of the project
    ends: frozenset[str]  # last parts of names that are put together at run time
    stars: frozenset[str]  # modules of which others take everything
    everything: str = ""  # why

    def reason(self, facts: Facts, local: str, function: str) -> str:
        """Why calls of `function` stay in a module that knows it, or its module, as `local`; "" for no reason."""
        if self.everything:
            return self.everything
        if function in self.functions or self.ends & {local, function}:
            return f"something else is put in the place of {function}"
        if any(f"{module}.{local}" in self.names or module in self.stars for module in facts.names):
            return f"other modules know {local} from here"
        return ""


def held(index: Index, functions: Collection[str]) -> Held:
    """What the modules of a project say, all together; `functions` are those of the client module."""
    of, everything = set[str](), ""
    modules = list(index.by_path.values())
    spelled = {dotted for facts in modules for dotted in (*facts.spelled, *facts.assigned)}
    for dotted in sorted(spelled):
        fate = index.names.fate(index.canonical(dotted))
        if fate and fate.kind == "module" and "." not in dotted:
            everything = f"something else is put in the place of {dotted}"
        elif fate and fate.kind == "moved" and fate.to == index.names.client and fate.name in functions:
            of.add(fate.name)
    around = parts.around(index.names.rules.served)
    for dotted in sorted({t for facts in modules for t in _named(facts) if t.rpartition(".")[2] in around}):
        fate = index.names.fate(index.canonical(dotted))
        if fate and fate.kind == "moved" and fate.to == index.names.client:
            everything = f"{fate.name} is what the functions of the client module raise"
    if call_state.is_kept(index):
        everything = "the project sets what every call reads"
    ends = {dotted[1:] for dotted in spelled if dotted.startswith(".")}
    stars = {star for facts in modules for star in facts.stars}
    return Held(
        frozenset(of),
        frozenset(n for facts in modules for n in _named(facts)),
        frozenset(ends),
        frozenset(stars),
        everything,
    )


def _named(facts: Facts) -> Iterator[str]:
    """The full names that a module takes from others, by import, by reading them off or by its texts."""
    yield from facts.mentioned
    yield from facts.assigned
    for name, read in facts.reached.items():
        for target in facts.bound.get(name, ()):
            yield from (f"{target}.{each.partition('.')[0]}" for each in read if each)
