"""What the code of a distribution imports once it is rewritten, which its lists of dependencies follow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imported:
    """What code imports after the run, by the ids of the rules: their `old` package, and the `new` one.

    What is `unused` no code of the whole tree imports, neither of the two.
    """

    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    unused: frozenset[str] = frozenset()
