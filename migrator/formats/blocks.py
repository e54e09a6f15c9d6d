"""Code in another text: a block of lines without their indent, and where what is found in it stands in the whole."""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from dataclasses import dataclass, replace

from migrator.line_ends import newline_of
from migrator.sites import Edit, Finding


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its language, and where each line of code starts, with the line less indent and line end."""

    language: str
    code: tuple[tuple[int, str], ...]


class Placed:
    """Carries findings from `code`, that of a block, which has neither indent nor `\\r`, to the text around it."""

    def __init__(self, text: str, block: Block) -> None:
        self.code = code = textwrap.dedent("\n".join(line for _, line in block.code) + "\n")
        self.newline = newline_of(text)
        self.size = len(code)
        self.starts, self.places = [0], []
        for (start, line), dedented in zip(block.code, code.split("\n"), strict=False):
            self.starts.append(self.starts[-1] + len(dedented) + 1)
            self.places.append(start + len(line) - len(dedented))
        last, line = block.code[-1]
        self.places.append(text.find("\n", last + len(line)) + 1 or len(text))
        self.indents = [text[text.rfind("\n", 0, place) + 1 : place] for place in self.places[:-1]]

    def __call__(self, finding: Finding) -> Finding:
        return replace(finding, start=self._at(finding.start), edits=tuple(self._edit(e) for e in finding.edits))

    def _line(self, at: int) -> int:
        return bisect_right(self.starts, at) - 1

    def _at(self, at: int) -> int:
        line = self._line(at)
        return self.places[line] + at - self.starts[line]

    def _edit(self, edit: Edit) -> Edit:
        line = self._line(edit.start)
        indent = self.indents[min(line, len(self.indents) - 1)]
        if not edit.text and edit.end == self.size > edit.start == self.starts[line]:  # the last lines, indent and all
            return Edit(self._at(edit.start) - len(indent), self._at(edit.end), "")
        text = edit.text.replace("\n", self.newline + indent)
        if edit.end == self.size:
            text = text.removesuffix(indent) if edit.text.endswith("\n") else text
            text = indent + text if edit.start == self.size else text
        return Edit(self._at(edit.start), self._at(edit.end), text)
