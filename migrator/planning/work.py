"""What is found for a plan so far, which one step after the other adds to."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.sites import Change, Site


@dataclass(frozen=True, slots=True)
class Work:
    """Changes and their sites."""

    changes: list[Change]
    sites: list[Site]
