"""Which modules of a project a library goes around in: from functions that give it, and on attributes of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.python.reading import attributes
from migrator.python.reading.facts import Facts
from migrator.python.reading.joined import joined
from migrator.python.reading.takers import takers

if TYPE_CHECKING:
    from migrator.python.reading.index import Index


def around(index: Index, facts: Facts) -> frozenset[str]:
    """The paths of the modules that have a library from one another, with this one among them; none where it is alone.

    What one of them cannot do without, all of them keep.
    """
    groups = _groups(index)
    if index.by_path.get(facts.path) is facts:
        return groups.get(facts.path, frozenset())
    return frozenset().union(*(groups.get(path, {path}) for path in takers(index).givers(facts)))


def _groups(index: Index) -> dict[str, frozenset[str]]:
    """The group of each module that is in one, by path; worked out once."""
    known = index.shared.get("around")
    if not isinstance(known, dict):
        found = joined([*takers(index).edges, *attributes.edges(index)])
        known = index.shared["around"] = {path: group for path, group in found.items() if len(group) > 1}
    return known
