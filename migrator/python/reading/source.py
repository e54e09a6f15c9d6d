"""One Python text with its syntax tree, and the way from a node to its place in the text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from migrator.line_ends import LINE_END, line_starts
from migrator.python.reading import newer
from migrator.python.reading.scopes import FunctionNode

_BLANK = re.compile(r"""\{\{[ \w.|'"()-]*\}\}""", re.ASCII)  # what is to be filled in, as `{{ project.name }}`


class Source:
    """A parsed module. Offsets are characters of `text`, whatever its line endings.

    `masked` are the f-strings whose literal parts the tree does not show, since only a newer Python can parse them. In
    a template, names of the same length stand for what is to be filled in.
    `is_plain` says that neither was needed. Raises SyntaxError (or ValueError for a NUL) where the running Python
    cannot parse the text even so.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.masked: list[tuple[int, int]] = []
        self.is_plain = True
        try:
            self.tree = ast.parse(text)
        except SyntaxError:
            filled = _BLANK.sub(lambda match: re.sub(r"\W", "_", match[0]), text)
            readable = newer.masked(filled)
            if readable is None:
                raise
            self.is_plain = False
            self.tree = ast.parse(readable[0])
            self.masked = readable[1]
        self._starts = line_starts(text)
        self._ascii = text.isascii()

    def offset(self, line: int, column: int) -> int:
        """The character offset of `ast`'s position: lines count from 1, columns are UTF-8 bytes."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def start(self, node: ast.AST) -> int:
        return self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def name_end(self, start: int, dotted: str) -> int:
        """Where the name that starts at `start` ends; white space may stand around its dots."""
        match = re.compile(r"[\s\\]*\.[\s\\]*".join(dotted.split("."))).match(self.text, start)
        return match.end() if match else start + len(dotted)

    def segment(self, node: ast.AST) -> str:
        return self.text[self.start(node) : self.end(node)]

    def inside(self, node: ast.AST, value: str) -> tuple[int, int] | None:
        """Where `value` stands in the text of a literal; None where that spells it otherwise, as `"a" "b"` does."""
        at = self.segment(node).find(value)
        return None if at < 0 else (self.start(node) + at, self.start(node) + at + len(value))

    def line_start(self, offset: int) -> int:
        """Where the line that holds `offset` begins."""
        return self._starts[self.line_of(offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the next line begins (or the text ends)."""
        line = self.line_of(offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def line_of(self, offset: int) -> int:
        """The line, from 1, that holds `offset`."""
        from bisect import bisect_right

        return bisect_right(self._starts, offset)

    def indent(self, node: ast.AST) -> str:
        """The white space before a statement's line."""
        start = self.line_start(self.start(node))
        line = self.text[start : self.start(node)]
        return line[: len(line) - len(line.lstrip())]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, as `ast.walk` has them: walked once for all that look for some."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """What each node stands in, by the node's id."""
        return {id(child): node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def above(self, node: ast.AST | None) -> Iterator[ast.AST]:
        """What a node stands in, the nearest first."""
        while (node := self.parents.get(id(node))) is not None:
            yield node

    def function(self, node: ast.AST) -> FunctionNode | None:
        """The innermost function that a node stands in."""
        return next((each for each in self.above(node) if isinstance(each, FunctionNode)), None)

    @cached_property
    def newline(self) -> str:
        """The text's own line ending, that of its first line."""
        match = LINE_END.search(self.text)
        return match[0] if match else "\n"
