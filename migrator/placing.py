"""From the findings of one text to its new text and its sites: suppressions, lines before and after, edits applied."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from migrator.line_ends import LINE_END, line_starts
from migrator.sites import Edit, Finding, Site, Status

UNUSED_SUPPRESSION = "unused-suppression"
_OPENS = re.compile(r"\s*from\b.*\bimport\s*\([^)]*$")
SUPPRESSION = re.compile(r"(?:#|//|--|;|<!--)\s*migrate:\s*ignore(?:\[(?P<rules>[\w\s.,-]*)\])?")


@dataclass(frozen=True, slots=True)
class Placed:
    """One file worked out: its text afterwards, how many edits that took, and its sites."""

    text: str
    edits: int
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class File:
    """The names a file has before and after, and what holds for all findings in it."""

    path: str
    new_path: str
    docs: Mapping[str, str]
    safe_only: bool = False
    frozen: str = ""  # why nothing in this file may be edited
    rules: frozenset[str] = frozenset()  # the ids a suppression can mean
    text: bool = False  # prose is edited: what is not edited there is for a person


def place(text: str, findings: Iterable[Finding], file: File) -> Placed:
    """Apply what may be applied and say where everything stands before and after."""
    starts = line_starts(text)
    suppressions = _Suppressions(text, starts)
    kept = [_settled(f, file, suppressions) for f in findings]
    kept += suppressions.unused(file)
    edits = _in_order(e for f in kept for e in f.edits)
    after = apply(text, edits)
    shift = Shift(edits, line_starts(after), text)
    sites = tuple(
        Site(
            path=file.path,
            line=(line := bisect_right(starts, f.start)),
            column=f.start - starts[line - 1] + 1,
            rule=f.rule,
            status=f.status,
            message=f.message,
            new_path=file.new_path if (new_line := shift.line(f.start, f.stays)) else None,
            new_line=new_line,
            docs=file.docs.get(f.rule, ""),
            prose=f.prose,
        )
        for f in sorted(kept, key=lambda f: (f.start, f.rule, f.message))
    )
    return Placed(after, len(edits), sites)


def _settled(finding: Finding, file: File, suppressions: _Suppressions) -> Finding:
    """The finding as the user's wishes leave it: suppressed, held back, or as it was."""
    if suppressions.cover(finding):
        return replace(finding, status=Status.IGNORED, edits=())
    if not finding.edits:
        by_hand = file.text and finding.prose and finding.status is Status.REVIEW
        return replace(finding, status=Status.MANUAL) if by_hand else finding
    if file.frozen:
        return replace(finding, status=Status.MANUAL, edits=(), message=f"{finding.message}; left alone: {file.frozen}")
    if file.safe_only and finding.status is Status.REVIEW:
        return replace(finding, status=Status.MANUAL, edits=(), message=f"{finding.message}; left alone: --safe-only")
    return finding


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with the edits made. They must be sorted and must not overlap."""
    pieces, at = [], 0
    for edit in edits:
        if edit.start < at:
            raise ValueError(f"two edits overlap at character {edit.start}")
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join(pieces) + text[at:]


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Sorted, each once: several findings may ask for the same new import."""
    return sorted(set(edits), key=lambda e: (e.start, e.end, e.text))


class Shift:
    """Where an offset of the old text, which was `text`, stands in the new one."""

    def __init__(self, edits: Sequence[Edit], starts: Sequence[int], text: str) -> None:
        self._edits, self._starts, self._text = edits, starts, text
        self._offsets = [e.start for e in edits]
        self._grown = [0, *accumulate(len(e.text) - (e.end - e.start) for e in edits)]

    def line(self, offset: int, stays: str = "") -> int | None:
        """The new line of an old offset, or of a name that stays there; None where its lines are gone."""
        before = bisect_right(self._offsets, offset)
        last = self._edits[before - 1] if before else None
        if last is None or last.end <= offset:
            return bisect_right(self._starts, offset + self._grown[before])
        at = last.start + self._grown[before - 1] + self._kept(last, offset, stays)
        return bisect_right(self._starts, at) if last.text else None

    def _kept(self, edit: Edit, offset: int, stays: str) -> int:
        """Where in the lines that an edit puts the name or the old line stands, if it is among them."""
        old = LINE_END.split(self._text[offset : edit.end])[0].strip()
        lines = list(zip(line_starts(edit.text), LINE_END.split(edit.text), strict=True))
        opened: int | None = None  # an import that goes on over lines, where each of its names stands for all of it
        for start, line in lines:
            code = line.partition("#")[0]
            opened = start if _OPENS.match(code) else opened
            if stays and re.search(rf"\b{re.escape(stays)}\b", line):
                return start if opened is None else opened
            opened = None if ")" in code else opened
        return next((start for start, line in lines if old and line.strip() == old), 0)


class _Suppressions:
    """The `migrate: ignore[…]` comments of a text, and which of them a finding needed."""

    def __init__(self, text: str, starts: Sequence[int]) -> None:
        self._starts = starts
        self._by_line = {bisect_right(starts, m.start()): m for m in SUPPRESSION.finditer(text)}
        self._used: set[int] = set()

    def cover(self, finding: Finding) -> bool:
        if not self._by_line:
            return False
        line = bisect_right(self._starts, finding.start)
        match = self._by_line.get(line)
        if match is None or not (match["rules"] is None or finding.rule in listed(match)):
            return False
        self._used.add(line)
        return True

    def unused(self, file: File) -> list[Finding]:
        """A finding for every comment that suppresses nothing, if it speaks of rules that are in force."""
        return [
            Finding(match.start(), UNUSED_SUPPRESSION, Status.MANUAL, "this comment suppresses nothing: take it out")
            for line, match in self._by_line.items()
            if line not in self._used and (match["rules"] is None or listed(match) & file.rules)
        ]


def listed(match: re.Match[str]) -> set[str]:
    return {rule.strip() for rule in (match["rules"] or "").split(",")}
