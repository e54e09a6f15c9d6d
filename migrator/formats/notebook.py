"""Jupyter notebooks: not edited; every old name in them is reported."""

from __future__ import annotations

import re

from migrator.formats import Context
from migrator.formats.search import apart, snippet
from migrator.names import Names
from migrator.sites import Finding, Status

_LINE_END = re.compile(r"\\[nt]")  # as JSON strings write it: its letter is no part of the name behind it


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """A `manual` finding for each old dotted name, environment variable and class name."""
    return [
        Finding(f.start, f.rule, Status.MANUAL, f"{f.message.partition(': ')[0]}; notebooks are edited by hand for now")
        for f in apart(snippet(_LINE_END.sub("  ", text), names))
    ]
