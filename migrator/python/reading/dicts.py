"""Dicts and lists that are written down: their items by key, and the edits that take some out or put others in."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import cached_property

from migrator.python import statements
from migrator.python.library.built_texts import put_first
from migrator.python.reading.expressions import text_value
from migrator.python.reading.source import Source
from migrator.sites import Edit

_AFTER = re.compile(r"(?:\s|\\\r?\n|#[^\r\n]*|\))*")  # what can stand between an item and its comma


class Written:
    """A dict in a text. Items of `**` and those whose key is no text have no name."""

    def __init__(self, source: Source, node: ast.Dict) -> None:
        self.source, self.node = source, node

    @cached_property
    def keys(self) -> dict[str, ast.expr]:
        """Name -> the literal that gives it."""
        return {name: key for key in self.node.keys if key is not None and (name := text_value(key)) is not None}

    @cached_property
    def values(self) -> dict[str, ast.expr]:
        """Name -> its value."""
        pairs = zip(self.node.keys, self.node.values, strict=True)
        return {name: value for key, value in pairs if (name := text_value(key)) is not None}

    @property
    def is_whole(self) -> bool:
        """Whether every item has a name."""
        return len(self.keys) == len(self.node.keys)

    def inner(self, name: str) -> Written | None:
        """The dict that an item is."""
        value = self.values.get(name)
        return Written(self.source, value) if isinstance(value, ast.Dict) else None

    def items(self, name: str) -> list[Written] | None:
        """The dicts of an item that is a list of such; None for anything else."""
        value = self.values.get(name)
        if not isinstance(value, ast.List | ast.Tuple):
            return None
        dicts = [Written(self.source, each) for each in value.elts if isinstance(each, ast.Dict)]
        return dicts if len(dicts) == len(value.elts) else None

    def without(self, names: Collection[str]) -> Iterator[Edit]:
        """The edits that take items out, of a dict in which every item has a name."""
        base = self.source.start(self.node)
        spans = [self._span(key, value, base) for key, value in zip(self.node.keys, self.node.values, strict=True)]
        gone = [index for index, key in enumerate(self.node.keys) if text_value(key) in names]
        for start, end in statements.cuts(self.source.segment(self.node), spans, gone):
            yield Edit(base + start, base + end, "")

    def first(self, item: str) -> Iterator[Edit]:
        """The edit that puts an item before all others, in their layout."""
        yield from put_first(self.source, self.source.start(self.node), self.source.end(self.node), [item])

    def last(self, item: str) -> Edit:
        """The edit that puts an item after the last one; it takes the comma of that one, if there is one."""
        last = self.node.values[-1]
        at = self.source.end(last)
        run = _AFTER.match(self.source.text, at)
        at += run[0].rfind(")") + 1 if run else 0
        between = f",{self.source.newline}{self.indent}" if self.is_laid_out else ", "
        return Edit(at, at, between + item)

    @property
    def is_laid_out(self) -> bool:
        """Whether the last item begins a line."""
        key = self.node.keys[-1] if self.node.keys else None
        return (
            key is not None
            and not self.source.text[self.source.line_start(self.source.start(key)) : self.source.start(key)].strip()
        )

    @property
    def indent(self) -> str:
        """The white space before the line of the last item."""
        return line_indent(self.source, self.node.keys[-1] or self.node)

    @property
    def step(self) -> str:
        """What one step inwards is, as the items stand to the bracket that closes them; four blanks if in doubt."""
        outer = self.source.text[self.source.line_start(self.source.end(self.node) - 1) :]
        outer = outer[: len(outer) - len(outer.lstrip(" \t"))]
        inner = self.indent
        return inner[len(outer) :] if inner.startswith(outer) and inner != outer else "    "

    def _span(self, key: ast.expr | None, value: ast.expr, base: int) -> statements.Span:
        start, end = self.source.start(key or value), self.source.end(value)
        run = _AFTER.match(self.source.text, end)
        stop = run.end() if run else end
        end += run[0].rfind(")") + 1 if run else 0
        comma = stop + 1 if self.source.text[stop : stop + 1] == "," else end
        return statements.Span(start - base, end - base, comma - base)


def line_indent(source: Source, node: ast.AST) -> str:
    """The white space that the line of a node begins with."""
    line = source.text[source.line_start(source.start(node)) :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def begins_line(source: Source, node: ast.AST) -> bool:
    """Whether nothing but white space stands before a node on its line."""
    start = source.start(node)
    return not source.text[source.line_start(start) : start].strip()
