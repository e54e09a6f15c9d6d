"""The server of the gateway that is left, where a project runs it itself: its image, its package."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.names import Names
from migrator.formats.search import in_comment
from migrator.sites import Finding, Status


def find(text: str, names: Names, offset: int = 0, *, prose: bool = False) -> Iterator[Finding]:
    """A finding for each place that names it; in comments, and where all of the text is so, as prose."""
    for rule in names.rules.servers:
        for match in re.finditer(rf"(?<![\w@.-])(?:{'|'.join(map(re.escape, rule.names))})[\w-]*(?!/)", text):
            start = match.start() + offset
            if prose or in_comment(text, match.start()):
                yield Finding(start, rule.id, Status.REVIEW, f"prose: {match[0]}: {rule.message}", prose=True)
            else:
                yield Finding(start, rule.id, Status.MANUAL, f"{match[0]}: {rule.message}")
