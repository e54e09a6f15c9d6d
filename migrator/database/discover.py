"""Looks through a database for stored values that hold an old name, and proposes how to rename them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from migrator.database.base import Database, Kind, Table
from migrator.database.connect import connect
from migrator.database.dialects import Dialect, column, identifier, join_name, table
from migrator.database.runs import JOURNAL
from migrator.database.script import BACKUP_PREFIX, Match
from migrator.reports.masking import mask

SCAN_ROWS = 100_000
SAMPLE_CHARACTERS = 60

_NOTES = {
    "json": "JSON, read as text: rewrite it by hand",
    "enum": "an enum: add the new label to the type first",
}
_SECRET_COLUMN = re.compile(r"api_?key|credential|passw|secret|token", re.IGNORECASE)
# Stricter than what reports mask: no line around a stored value says what it is.
_SECRET = re.compile(
    r"""
    (?<=://)[^/\s]*@                                                # user and password of a URL
    | (?<=bearer\ )\S+
    | (?=[-+/_=A-Za-z]*\d)(?=[-+/_=0-9]*[A-Za-z])[-+/_=A-Za-z0-9]{20,}  # long, with letters and digits
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column whose values hold `old`: how they match, in how many rows, one sample, and what to mind.

    Named secrets and texts that look like keys are masked in `sample`; it is cut to 60 characters.
    """

    table: str
    column: str
    match: Match
    old: str
    rows: int
    sample: str
    note: str


def discover(url: str, needles: Sequence[str], scan_rows: int = SCAN_ROWS) -> list[Proposal]:
    """Where text, enum and JSON columns of the database at `url` hold one of `needles`, sorted by place.

    At most `scan_rows` values of a column are read; a proposal whose column has more says so in its note.
    Raises MigrateError when the database cannot be read.
    """
    wanted = sorted({needle for needle in needles if needle})
    with connect(url) as database:
        proposals = [
            proposal
            for found in database.tables()
            if wanted and not _our_own(found)
            for name, kind in found.columns.items()
            if kind != "other"
            for proposal in _proposals(database, found, name, kind, wanted, scan_rows)
        ]
    return sorted(proposals, key=lambda each: (each.table, each.column, each.old))


def _our_own(found: Table) -> bool:
    return found.parts[-1] == JOURNAL or found.parts[-1].startswith(BACKUP_PREFIX)


def _proposals(
    database: Database, found: Table, name: str, kind: Kind, needles: Sequence[str], scan_rows: int
) -> Iterator[Proposal]:
    scanned, *hits = database.rows(_query(database.dialect, found, name, needles, scan_rows))[0]
    partly = f"only {scan_rows:,} rows were read" if scanned == scan_rows else ""
    note = "; ".join(filter(None, (_NOTES.get(kind, ""), partly)))
    for needle, holding, bare, sample in zip(needles, hits[0::3], hits[1::3], hits[2::3], strict=True):
        if holding:
            match: Match = "equals" if holding == bare else "contains"
            shown = _sample(sample, needle, secret=bool(_SECRET_COLUMN.search(name)))
            yield Proposal(join_name(min(found.names, key=len)), name, match, needle, holding, shown, note)


def _query(dialect: Dialect, found: Table, name: str, needles: Sequence[str], scan_rows: int) -> exp.Select:
    """SELECT rows read, then for each needle: rows that hold it, rows that are it, one value that holds it."""
    stored = column(name, "t")
    text = exp.alias_(dialect.text(stored), "value", quoted=True)
    read = exp.select(text).from_(table(found.parts, "t")).where(stored.copy().is_(exp.null()).not_()).limit(scan_rows)
    if dialect.typed_by_value:
        read = read.where(exp.func("TYPEOF", stored.copy()).eq(exp.Literal.string("text")))
    value = column("value", "v")
    asked: list[exp.Expr] = [exp.Count(this=exp.Star())]
    for needle in needles:
        literal = exp.Literal.string(needle)
        holds = exp.StrPosition(this=dialect.exact(value.copy()), substr=literal) > 0
        equal = dialect.exact(value.copy()).eq(literal.copy())
        asked.append(exp.Count(this=exp.Case().when(holds, "1")))
        asked.append(exp.Count(this=exp.Case().when(equal, "1")))
        asked.append(exp.Min(this=exp.Case().when(holds.copy(), value.copy())))
    return exp.select(*asked).from_(read.subquery(identifier("v")))


def _sample(value: str, needle: str, secret: bool) -> str:
    if secret and value != needle:
        return f"***{needle}***"
    masked = " ".join(_SECRET.sub("***", mask(value)).split())
    if len(masked) <= SAMPLE_CHARACTERS:
        return masked
    start = max(0, min(masked.find(needle) - SAMPLE_CHARACTERS // 3, len(masked) - SAMPLE_CHARACTERS))
    cut = masked[start : start + SAMPLE_CHARACTERS]
    return f"{'…' if start else ''}{cut}{'…' if start + SAMPLE_CHARACTERS < len(masked) else ''}"
