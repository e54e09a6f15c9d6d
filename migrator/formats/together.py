"""Addresses and maps of headers of one request in configuration: where the one has to stay, so does the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from migrator.formats.tables import Tables
from migrator.sites import Finding, Span, Status

WHY = "it stays, as the rest of this request has to"
_NESTED = frozenset({"json", "yaml", "toml", "ini", "http"})


def staying(
    text: str, kind: str, maps: Sequence[tuple[Finding, Span]], places: Sequence[int], kept: Collection[int]
) -> set[int]:
    """Where the findings of maps and the addresses stand that stay: all of a request where one of it is `kept`.

    A map is sent to each address in the nearest table around it that has one: mostly of its own request. An address
    is asked with those maps alone that no other address stands nearer to.
    """
    kept = {*kept, *(f.start for f, _ in maps if f.status is Status.MANUAL)}
    if not maps or not places or not kept:
        return kept
    tables = Tables(text, kind)
    headers = [span[0] for _, span in maps]
    around = tables.shared(headers, places)
    sent = [(f.start, around[span[0]]) for f, span in maps]
    asked = tables.shared(places, headers)
    more = kept
    while more:
        staying = {table for at in places if at in kept for table in tables.around(at)}
        ours = {table for start, table in sent if start in kept}
        more = {start for start, table in sent if table in staying} | {
            at for at, table in asked.items() if table in ours
        }
        more -= kept
        kept |= more
    return kept


def beside(text: str, kind: str, sent: Sequence[int], found: Sequence[Finding]) -> list[Finding]:
    """What was found; manual where a header that is not edited stands beside it, as those of one request do."""
    edited = [f.start for f in found if f.edits]
    if not sent or not edited:
        return list(found)
    kept: set[int] = set()
    if kind in _NESTED:
        tables = Tables(text, kind)
        shared = {table for table in tables.shared(sent, edited).values() if table}
        kept = {at for at in edited if not shared.isdisjoint(tables.around(at))}
    if kind != "json":
        lines = {_begins(text, at) for at in sent}
        kept |= {at for at in edited if _begins(text, at) in lines}
    return [held(f, kept) for f in found]


def stand_with(text: str, kind: str, places: Sequence[int]) -> Callable[[int], bool]:
    """Whether a place stands in a table with one of the others, or in one of its tables."""
    if not places or kind not in _NESTED:
        return lambda _: False
    tables = Tables(text, kind)
    there = {table for place in places for table in tables.around(place) if table}
    return lambda at: not there.isdisjoint(tables.around(at))


def _begins(text: str, at: int) -> int:
    """The line end before a line, or before the first one that backslashes carry on as far as it; -1 for none."""
    end = text.rfind("\n", 0, at)
    while end >= 0 and text[:end].rstrip("\r").endswith("\\"):
        end = text.rfind("\n", 0, end)
    return end


def held(finding: Finding, kept: Collection[int]) -> Finding:
    """A finding, not edited where it stands at a place of `kept`."""
    if not finding.edits or finding.start not in kept:
        return finding
    said = finding.message.partition(" → ")[0].partition(": ")[0]
    return replace(finding, status=Status.MANUAL, message=f"{said}: {WHY}", edits=())
