"""What all primitives have in common."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.primitives.checks import ID
from migrator.primitives.keys import key


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    """A row of a table of a pack."""

    id: str = key(ID, "the rule's id")
