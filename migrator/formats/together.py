"""Addresses and maps of headers of one request in configuration: where the one has to stay, so does the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from migrator.sites import Finding, Status

_WHY = "it stays, as the rest of this request has to"
_APART = re.compile(r"^###.*$", re.MULTILINE)
_INDENT = re.compile(r"[ \t]*(?:-[ \t]+)?")

Span = tuple[int, int]


def settled(
    text: str, kind: str, maps: Sequence[tuple[Finding, Span]], addresses: Sequence[Finding]
) -> tuple[list[tuple[Finding, Span]], list[Finding]]:
    """The findings of maps, with where these stand, and of addresses; manual where one of a request cannot move."""
    requests = [{f.start, *(a.start for a in addresses if _is_asked(text, kind, span[0], a.start))} for f, span in maps]
    kept = {f.start for f in (*addresses, *(f for f, _ in maps)) if f.status is Status.MANUAL}
    while more := {at for request in requests if request & kept for at in request} - kept:
        kept |= more
    return [(_held(f, kept), span) for f, span in maps], [_held(f, kept) for f in addresses]


def beside(text: str, kind: str, sent: Sequence[int], found: Sequence[Finding]) -> list[Finding]:
    """What was found; manual where a header that is not edited stands beside it, as those of one request do."""
    kept = {f.start for f in found if f.edits and any(_is_near(text, kind, header, f.start) for header in sent)}
    return [_held(f, kept) for f in found]


def _held(finding: Finding, kept: set[int]) -> Finding:
    if not finding.edits or finding.start not in kept:
        return finding
    said = finding.message.partition(" → ")[0].partition(": ")[0]
    return replace(finding, status=Status.MANUAL, message=f"{said}: {_WHY}", edits=())


def _is_asked(text: str, kind: str, headers: int, address: int) -> bool:
    """Whether an address stands beside a map of headers, as those of one request do."""
    if kind == "http":
        return not _APART.search(text, min(headers, address), max(headers, address))
    if kind == "json":
        inner = _opened(text, headers)
        return inner is not None and _opened(text, inner) == _opened(text, address) is not None
    return kind == "yaml" and _are_beside(text, headers, address)


def _is_near(text: str, kind: str, header: int, address: int) -> bool:
    """Whether an address is of the request that has a header: on its line, in its list's object, in its mapping."""
    first, last = sorted((header, address))
    if kind == "http":
        return not _APART.search(text, first, last)
    if "\n" not in text[first:last]:
        return True
    if kind == "json":
        inner, own = _opened(text, header), _opened(text, address)
        around = _opened(text, inner) if inner is not None else None
        return around is not None and around in (own, _opened(text, own) if own is not None else None)
    if kind != "yaml":
        return False
    lines = [(start, _indent(text, start)) for start in _lines(text)]
    at, indent = next((start, indent) for start, indent in reversed(lines) if start <= address)
    between = [(s, i) for s, i in lines if min(at, header) < s <= max(at, header)]
    return all(i > indent or (i == indent and not _is_item(text, s)) for s, i in between)


def _opened(text: str, at: int) -> int | None:
    """Where the object around a place begins; None for none."""
    depth = 0
    for place in range(at - 1, -1, -1):
        if text[place] in "}{":
            depth += 1 if text[place] == "}" else -1
            if depth < 0:
                return place
    return None


def _are_beside(text: str, headers: int, address: int) -> bool:
    """Whether the entry that has a map of headers, and that of an address, are of one mapping."""
    lines = [(start, _indent(text, start)) for start in _lines(text)]
    line, inner = next((start, indent) for start, indent in reversed(lines) if start <= headers)
    inner += headers > line + inner  # where the map is on the line of its key
    key = next(((start, indent) for start, indent in reversed(lines) if start <= headers and indent < inner), None)
    asked = next((start, indent) for start, indent in reversed(lines) if start <= address)
    if key is None or asked[1] != key[1]:
        return False
    first, last = sorted((key, asked))
    between = [(start, indent) for start, indent in lines if first[0] < start <= last[0]]
    return all(indent > key[1] or (indent == key[1] and not _is_item(text, start)) for start, indent in between)


def _lines(text: str) -> list[int]:
    """Where the lines begin that say something."""
    return [match.start() for match in re.finditer(r"^[^\r\n]*\S", text, re.MULTILINE)]


def _indent(text: str, start: int) -> int:
    """How far in a line begins to say something; a dash is not yet something."""
    match = _INDENT.match(text, start)
    return match.end() - start if match else 0


def _is_item(text: str, start: int) -> bool:
    return text[start : start + _indent(text, start)].strip() == "-"
