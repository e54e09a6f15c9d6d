"""Renames values stored in a database, as scripts or directly, so that it can be undone."""

from migrator.database.dialects import DIALECTS, Dialect
from migrator.database.discover import Proposal, discover
from migrator.database.runs import Restored, Touched, apply, restore
from migrator.database.script import Column, Match, Script, script

__all__ = [
    "DIALECTS",
    "Column",
    "Dialect",
    "Match",
    "Proposal",
    "Restored",
    "Script",
    "Touched",
    "apply",
    "discover",
    "restore",
    "script",
]
