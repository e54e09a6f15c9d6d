"""Calls that get too long for their line: their arguments go to lines of their own, as formatters lay them out."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.python import statements
from migrator.python.reading.source import Source
from migrator.sites import Edit

_STEP = re.compile(r"^\S[^\r\n]*:[ \t]*\r?\n([ \t]+)", re.MULTILINE)  # how far the first block is indented
_TAB = 4  # characters that a tab counts as
_LEAST, _MOST = 88, 120  # characters of a line, where a project says nothing of it


def longest(source: Source, told: int) -> int:
    """How long lines may get: as the project says, or as long as those of the module; one line alone stays one."""
    lines = source.text.splitlines()
    if len(lines) < 2:  # code in a text
        return sys.maxsize
    return told or min(_MOST, max(_LEAST, *(len(line.expandtabs(_TAB)) for line in lines)))


@dataclass(frozen=True, slots=True)
class Rows:
    """The arguments of a call that stand on one line: where, and how they would stand below each other."""

    line: tuple[int, int]  # where the line starts and ends
    first: int  # where the first argument starts
    gaps: tuple[tuple[int, int], ...]  # the blanks between arguments
    last: int  # where the last argument ends
    close: int  # where the parenthesis is that closes the call
    outer: str  # the end of a line, and the indent of the line of the call
    inner: str  # the same with the indent of the arguments
    opened: bool  # whether they stand on a line of their own already
    comma: bool  # whether one follows the last
    limit: int

    def edits(self, others: Sequence[Edit]) -> tuple[list[Edit], list[Edit]]:
        """The edits that lay the call out: those before and after `others`, the other edits of it, at the same place.

        One line of arguments where that is short enough; none where the call is.
        """
        within = [e for e in others if self.line[0] <= e.start and e.end <= self.line[1]]
        tabs = self.outer.count("\t") * (_TAB - 1)
        if self.line[1] - self.line[0] + tabs + _growth(within) <= self.limit:
            return [], []
        inside = [e for e in within if self.first <= e.start]
        row = len(self.inner.lstrip("\r\n").expandtabs(_TAB)) + self.close - self.first + _growth(inside)
        start = [] if self.opened else [Edit(self.first, self.first, self.inner)]
        end = [] if self.opened else [Edit(self.close, self.close, self.outer)]
        if not self.opened and not self.comma and row <= self.limit:
            return start, end
        free = [gap for gap in self.gaps if not any(e.start < gap[1] and gap[0] < e.end for e in others)]
        start += [Edit(*gap, self.inner) for gap in free]
        if not self.comma:
            at = self.last if self.opened else self.close
            end = [Edit(at, at, ","), *end]
        return start, end

    def spread(self, edit: Edit) -> Edit:
        """An edit that adds arguments after the last one, with each on a line of its own."""
        added = edit.start == edit.end == self.last and edit.text.startswith(", ")
        return replace(edit, text="," + self.inner + edit.text[2:]) if added else edit


def _growth(edits: Sequence[Edit]) -> int:
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits)


def rows(source: Source, call: ast.Call, limit: int) -> Rows | None:
    """The arguments of a call as far as they are on one line; None where they are not, or a comment is among them."""
    start, text = source.start(call), source.segment(call)
    spans = statements.call_layout(text).items
    if not spans:
        return None
    first, last = start + spans[0].start, start + spans[-1].end
    comma, close = start + spans[-1].comma, source.end(call) - 1
    line = source.line_start(first), source.line_end(first)
    if last > line[1]:
        return None
    beside = source.text[source.line_start(start) : start]
    if not _is_alone(beside, source.text[close + 1 : line[1]]):
        limit = max(limit, _MOST)
    before, after = source.text[source.start(call.func) : first].rpartition("(")[2], source.text[comma:close]
    opened = bool(before) and not before.strip() and "\n" in before and "\n" in after and not after.strip()
    if not opened and (before or after):
        return None
    own = source.text[source.line_start(start) :]
    indent = own[: len(own) - len(own.lstrip(" \t"))]
    step = _STEP.search(source.text)
    inner = before if opened else source.newline + indent + (step[1] if step else "    ")
    gaps = zip((start + s.comma for s in spans), (start + s.start for s in spans[1:]), strict=False)
    end = line[1] - len(source.text[slice(*line)]) + len(source.text[slice(*line)].rstrip("\r\n"))
    begin = line[0] + beside.rfind(";") + 1  # what shares its line often goes
    return Rows(
        (begin, end), first, tuple(gaps), last, close, source.newline + indent, inner, opened, comma > last, limit
    )


def _is_alone(before: str, after: str) -> bool:
    """Whether a call makes its statement, by what stands around it on its lines: it is no part of something longer."""
    part = re.search(r"[(\[{,]|\b(?:or|and|not|if|else|lambda)\b", before.rpartition("= ")[2])
    return part is None and re.fullmatch(r"(?:[.\w]|\[[\w\"']+\]|\(\))*:?\s*(?:#.*)?", after.rstrip()) is not None


def merged(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Edits in their order, those that add something at one place as one."""
    waiting: Edit | None = None
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if waiting and waiting.start == waiting.end == edit.start == edit.end:
            waiting = replace(waiting, text=waiting.text + edit.text)
            continue
        if waiting:
            yield waiting
        waiting = edit
    if waiting:
        yield waiting
