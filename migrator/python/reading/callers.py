"""Other libraries that call one that is left by themselves, and go on doing so."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from migrator.fates.library import Caller, fate_of
from migrator.python.reading.facts import Facts, used_of

if TYPE_CHECKING:
    from migrator.python.reading.index import Index


def callers(index: Index) -> dict[str, str]:
    """Path of a module -> what it has of another library that calls one that is left: the first by its name."""
    patterns = [each for library in index.names.rules.libraries for each in library.callers]
    found = {facts.path: min(_named(index, facts, patterns), default="") for facts in index.by_path.values()}
    return {path: name for path, name in found.items() if name}


def caller(index: Index) -> Caller | None:
    """The first of them by its name; None where there is none."""
    name = min(index.callers.values(), default="")
    return Caller(name, not _calls_itself(index)) if name else None


def _calls_itself(index: Index) -> bool:
    """Whether any module uses functions of a library that is left which move to the client module."""
    rules = index.names.rules
    used = (name for facts in index.by_path.values() for name in used_of(facts))
    fates = (fate_of(rules, name) for name in used)
    return any(f is not None and f.kind == "moved" and f.to == rules.client and not f.variable for f in fates)


def _named(index: Index, facts: Facts, patterns: list[str]) -> Iterator[str]:
    own = {name.partition(".")[0] for name in facts.names if "." in name}
    for targets in facts.bound.values() if patterns else ():
        for target in filter(None, targets):
            is_own = target.partition(".")[0] in own or index.module_of(target)
            if not is_own and any(fnmatchcase(target, each) for each in patterns):
                yield target
