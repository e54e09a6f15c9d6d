"""Jupyter notebooks: the code cells of one are one program, edited in place; what they printed is left alone."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator.fates.names import Names
from migrator.formats import Context, Format
from migrator.formats.cells import Cell, cells
from migrator.formats.search import apart, snippet
from migrator.sites import Finding, Status

_LINE_END = re.compile(r"\\[nt]")  # as JSON strings write it: its letter is no part of the name behind it
_TIMED = re.compile(r"^%%?(?:time|timeit|prun|capture)\b", re.MULTILINE)  # what follows is Python
_MAGIC = re.compile(
    r"^[ \t]*(?:[\w, \t]+=[ \t]*)?(?P<command>[%!?][^\n]*)|^[ \t]*(?P<asked>[\w.]+\?{1,2})[ \t]*$", re.MULTILINE
)
_COMMANDS, _PROSE = Format("commands", "config"), Format("markdown", "markdown")


@dataclass(frozen=True, slots=True)
class Program:
    """The code cells of a notebook one after the other, in which IPython's own commands stand as `0`.

    `apart` are the pieces of cells that are no Python: a cell, and where in it they begin and end.
    """

    text: str
    cells: tuple[Cell, ...]
    starts: tuple[int, ...]  # where each cell begins in the text
    apart: tuple[tuple[Cell, int, int], ...]

    def placed(self, finding: Finding) -> Finding:
        """A finding of the program as one of the notebook; by hand where an edit spans several cells."""
        number = self._cell(finding.start)
        edits = []
        for edit in finding.edits:
            cell, start = self.cells[self._cell(edit.start)], self.starts[self._cell(edit.start)]
            end, text = edit.end - start, edit.text
            if end == len(cell.text) + 1:  # the line end behind a cell is none of its own
                end, text = end - 1, text.removesuffix("\n")
            if end > len(cell.text):
                return _by_hand(replace(finding, start=self._place(number, finding.start)), "it spans several cells")
            edits.append(cell.edit(edit.start - start, end, text))
        return replace(finding, start=self._place(number, finding.start), edits=tuple(edits))

    def _cell(self, at: int) -> int:
        return bisect_right(self.starts, at) - 1

    def _place(self, number: int, at: int) -> int:
        cell = self.cells[number]
        return cell.places[min(at - self.starts[number], len(cell.text))]


def program_in(text: str, language: str) -> str | None:
    """The Python of a file of a language; None where it is of another one."""
    if language == "notebook":
        return program(text).text
    return text if language == "python" else None


def program(notebook: str) -> Program:
    """The program of a notebook; its text is empty where no cell has any."""
    code, starts, others, at = [], [], [], 0
    held: list[Cell] = []
    for cell in cells(notebook):
        if cell.kind != "code":
            continue
        text, pieces = _as_python(cell.text)
        others += [(cell, start, end) for start, end in pieces]
        if text is not None:
            held.append(cell)
            starts.append(at)
            code.append(f"{text}\n")
            at += len(text) + 1
    return Program("".join(code), tuple(held), tuple(starts), tuple(others))


def _as_python(text: str) -> tuple[str | None, list[tuple[int, int]]]:
    """A cell as Python of the same length, None where it is none, and the pieces of it that are IPython's."""
    if _parses(text):
        return text, []
    if text.lstrip().startswith("%%") and not _TIMED.match(text.lstrip()):
        return None, [(0, len(text))]
    pieces: list[tuple[int, int]] = []

    def masked(match: re.Match[str]) -> str:
        start, end = match.span("command" if match["command"] is not None else "asked")
        pieces.append((start, end))
        return f"{match[0][: start - match.start()]}{'0':<{end - start}}{match[0][end - match.start() :]}"

    python = _MAGIC.sub(masked, _TIMED.sub(lambda match: f"{'0;':<{len(match[0])}}", text))
    return (python, pieces) if _parses(python) else (None, [(0, len(text))])


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """What the cells hold, each as its kind has it; names in outputs are for the next run of the notebook."""
    whole = program(text)
    found = _in_program(whole, names, context)
    for cell, start, end in whole.apart:
        found += [_in_cell(cell, start, f) for f in _COMMANDS.find(cell.text[start:end], names, context)]
    for cell in cells(text):
        if cell.kind == "markdown":
            beside = replace(context, path=f"{context.path}.md")
            found += [_in_cell(cell, 0, f) for f in _PROSE.find(cell.text, names, beside)]
    return sorted([*found, *_elsewhere(text, names)], key=lambda finding: finding.start)


def _in_program(whole: Program, names: Names, context: Context) -> list[Finding]:
    try:
        findings = context.python(whole.text)
    except (SyntaxError, ValueError):
        findings = [_by_hand(f, "the cells do not parse as one program") for f in snippet(whole.text, names)]
    return [whole.placed(finding) for finding in findings]


def _in_cell(cell: Cell, at: int, finding: Finding) -> Finding:
    edits = tuple(cell.edit(at + e.start, at + e.end, e.text) for e in finding.edits)
    return replace(finding, start=cell.places[at + finding.start], edits=edits)


def _elsewhere(notebook: str, names: Names) -> Iterator[Finding]:
    """Old names in what is no cell's source: outputs and metadata."""
    spans = [(cell.places[0], cell.places[-1]) for cell in cells(notebook)]
    starts = [start for start, _ in spans]
    for finding in apart(snippet(_LINE_END.sub("  ", notebook), names)):
        at = bisect_right(starts, finding.start) - 1
        if at < 0 or finding.start >= spans[at][1]:
            said = f"{finding.message.partition(': ')[0]}: in an output, run the notebook again"
            yield replace(finding, status=Status.REVIEW, edits=(), message=said, prose=True)


def _by_hand(finding: Finding, why: str) -> Finding:
    said = f"{finding.message.partition(': ')[0]}; {why}: write it by hand"
    return replace(finding, status=Status.MANUAL, edits=(), message=said)
