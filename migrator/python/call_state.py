"""Whether a project keeps state that the client module's functions read, so that its calls have to go through them."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python.facts import Facts
from migrator.python.index import Index


def is_kept(index: Index) -> bool:
    """Whether some module uses a variable of the library that every call reads: settings, callbacks, aliases."""
    return any(_is_variable(index, name) for facts in index.by_path.values() for name in _used(index, facts))


def _used(index: Index, facts: Facts) -> Iterator[str]:
    """The full names of the library that a module imports, spells in texts or reads off a module of it."""
    yield from facts.mentioned
    for name, targets in facts.bound.items():
        for target in filter(index.names.is_module, targets):
            yield from (f"{target}.{attribute}" for attribute in facts.reached.get(name, ()) if attribute)


def _is_variable(index: Index, dotted: str) -> bool:
    fate = index.names.fate(index.canonical(dotted))
    return fate is not None and fate.variable and fate.name != "CustomLogger"
