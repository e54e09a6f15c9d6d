"""Lock files: never edited, only said to be out of date."""

from __future__ import annotations

from pathlib import PurePosixPath

from migrator.fates.names import Names
from migrator.formats import Context
from migrator.formats.search import packages_in
from migrator.sites import Finding


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """One `manual` finding for each flagged distribution that the lock file pins."""
    first: dict[str, Finding] = {}
    for finding in packages_in(text, names):
        said = f"{finding.message}; {PurePosixPath(context.path).name} is regenerated, not edited"
        first.setdefault(finding.rule, Finding(finding.start, finding.rule, finding.status, said))
    return list(first.values())
