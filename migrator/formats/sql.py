"""SQL files: never edited; the lines that hold stored old names are reported."""

from __future__ import annotations

import re

from migrator.fates.names import Names
from migrator.formats import Context
from migrator.formats.search import apart, lines
from migrator.primitives.project import Column
from migrator.sites import Finding, Status


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """A `manual` finding for each line with the old value of a column, where the file names the column's table too."""
    rules = [c for c in names.rules.columns if re.search(rf"\b{re.escape(c.table)}\b", text, re.IGNORECASE)]
    return apart(*(_lines(text, rule) for rule in rules))


def _lines(text: str, rule: Column) -> list[Finding]:
    value = re.escape(rule.old)
    pattern = re.compile(rf"(?<=')(?:{value})(?=')" if rule.match == "equals" else value)
    said = f"{rule.table}.{rule.column} may hold {rule.old}: stored names are moved by `migrate sql`"
    hits = ((start, pattern.search(line)) for start, line in lines(text))
    return [Finding(start + hit.start(), rule.id, Status.MANUAL, said) for start, hit in hits if hit]
