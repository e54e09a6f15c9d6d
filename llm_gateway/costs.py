"""What `llm-gateway costs` prints: sums of the stored requests, as a table or as JSON."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llm_gateway.state import usage_rows
from llm_gateway.state.urls import StateError, masked, sqlite_path, without_passwords
from llm_gateway.state.usage import CostRow, Grouping

_HEADINGS = ("requests", "errors", "cache hits", "tokens in", "tokens out", "cost USD")
_LONGEST = 60
_SUMS = tuple(field.name for field in fields(CostRow) if field.name != "group")


def report(usage_url: str, by: Sequence[Grouping], since: datetime | None, as_json: bool) -> str:
    """Requests, tokens and US dollars by group, with a total. The store is only read; `since` is in UTC if it is naive.

    Raises StateError for a store that holds nothing or cannot be read.
    """
    by = tuple(dict.fromkeys(by))
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    with _reading(usage_url) as fetch:
        rows = usage_rows.costs(fetch, since.timestamp() if since else None, by)
    total = _total(rows)
    if as_json:
        return _json(rows, total, by, since)
    if not rows:
        asked = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
        return f"{masked(usage_url)} holds no requests{asked}\n"
    return _table(rows, total, by) + _footnotes(total)


def _total(rows: Sequence[CostRow]) -> CostRow:
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in _SUMS}
    return CostRow(group=(), **sums)


def _json(rows: Sequence[CostRow], total: CostRow, by: Sequence[str], since: datetime | None) -> str:
    data = {
        "by": list(by),
        "since": since.isoformat() if since else None,
        "rows": [dict(zip(by, row.group, strict=True)) | _sums(row) for row in rows],
        "total": _sums(total),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _sums(row: CostRow) -> dict[str, object]:
    sums = asdict(row)
    del sums["group"]
    sums["cost_usd"] = round(sums.pop("cost"), 10)
    return sums


def _table(rows: Sequence[CostRow], total: CostRow, by: Sequence[str]) -> str:
    lines = [(*by, *_HEADINGS)]
    lines += [(*map(_shown, row.group), *_figures(row)) for row in rows]
    lines += [("total", *[""] * (len(by) - 1), *_figures(total))]
    widths = [max(map(_cells, column)) for column in zip(*lines, strict=True)]
    text = [_aligned(line, widths, len(by)) for line in lines]
    marks = ["", *(" *" if row.unpriced else "" for row in (*rows, total))]
    marked = [line + mark for line, mark in zip(text, marks, strict=True)]
    rule = "-" * _cells(text[0])
    return "\n".join([marked[0], rule, *marked[1:-1], rule, marked[-1]]) + "\n"


def _aligned(cells: Sequence[str], widths: Sequence[int], names: int) -> str:
    """The first `names` cells to the left, figures to the right."""
    padding = [" " * (width - _cells(cell)) for cell, width in zip(cells, widths, strict=True)]
    padded = [c + p if place < names else p + c for place, (c, p) in enumerate(zip(cells, padding, strict=True))]
    return "  ".join(padded)


def _figures(row: CostRow) -> tuple[str, ...]:
    counts = (row.requests, row.errors, row.cache_hits, row.prompt_tokens, row.completion_tokens)
    return (*(f"{count:,}" for count in counts), _dollars(row))


def _dollars(row: CostRow) -> str:
    if not row.cost and row.unpriced:
        return "?"
    return "<0.0001" if 0 < row.cost < 0.0001 else f"{row.cost:,.4f}"


def _footnotes(total: CostRow) -> str:
    notes = []
    if total.unpriced:
        notes.append(f"* {_requests(total.unpriced)} without a known price, not in the cost; name one under [prices]")
    if total.estimated:
        notes.append(
            f"{_requests(total.estimated)} with tokens estimated from lengths: the provider did not count them"
        )
    return "".join(f"{note}\n" for note in ["", *notes]) if notes else ""


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _shown(name: str) -> str:
    """A name that a client chose, safe for a terminal and not too wide."""
    name = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name) or "-"
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


@contextmanager
def _reading(url: str) -> Iterator[usage_rows.Fetch]:
    """Questions to the store at `url`, which nothing here can change. Raises StateError."""
    kind = url.partition(":")[0]
    if kind == "memory":
        raise StateError(
            'memory: no usage is kept after the gateway stops; set usage = "sqlite:///usage.db" in [state]'
        )
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise StateError(f"{masked(url)}: no usage is kept there; write sqlite:///… or postgresql://…")
    with _sqlite(url) if kind == "sqlite" else _postgres(url) as fetch:
        yield fetch


@contextmanager
def _sqlite(url: str) -> Iterator[usage_rows.Fetch]:
    path = Path(sqlite_path(url))
    if not path.is_file():
        raise StateError(f"{path}: there is no such file yet; the gateway makes it, or name the right one in [state]")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as database:
            yield lambda query, given: database.execute(query, given).fetchall()
    except sqlite3.Error as error:
        raise StateError(f"{path}: the usage cannot be read: {error}") from None


@contextmanager
def _postgres(url: str) -> Iterator[usage_rows.Fetch]:
    try:
        import psycopg
    except ModuleNotFoundError:
        raise StateError(f"{masked(url)}: the package psycopg is missing; pip install 'psycopg[binary]'") from None
    try:
        with closing(psycopg.connect(url, connect_timeout=5)) as connection:
            connection.read_only = True
            yield lambda query, given: connection.execute(query.replace("?", "%s").encode(), given).fetchall()
    except psycopg.Error as error:
        raise StateError(f"{masked(url)}: the usage cannot be read: {without_passwords(str(error), url)}") from None
