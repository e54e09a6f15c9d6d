"""What belongs together by way of others."""

from __future__ import annotations

from collections.abc import Iterable


def joined(edges: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """The ends of edges -> all that they are joined with.

    >>> sorted(joined([("a", "b"), ("c", "b"), ("d", "d")])["a"])
    ['a', 'b', 'c']
    """
    beside: dict[str, set[str]] = {}
    for one, other in edges:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    groups: dict[str, frozenset[str]] = {}
    for start in beside:
        if start not in groups:
            found, waiting = {start}, [start]
            while waiting:
                more = beside[waiting.pop()] - found
                found |= more
                waiting += more
            groups.update(dict.fromkeys(found, frozenset(found)))
    return groups
