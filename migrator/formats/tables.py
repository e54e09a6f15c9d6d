"""Which tables of a text a place stands in: objects of JSON, mappings of YAML, sections of TOML, requests of HTTP."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

_TOKEN = re.compile(r'"(?:\\.|[^"\\\r\n])*"|[{}]')
_LINE = re.compile(r"^([ \t]*)((?:-[ \t]+)*)(?!#|\{%)\S", re.MULTILINE)
_SECTION = re.compile(r"^[ \t]*(\[\[?)([^\]\r\n]+)\]", re.MULTILINE)
_APART = re.compile(r"^###", re.MULTILINE)
_TOP = 0  # the table that is the text itself


class Tables:
    """The tables of one text, by numbers of their own; KeyError for a kind that maps of headers are not read in."""

    def __init__(self, text: str, kind: str) -> None:
        self._above = [_TOP]
        self._starts, self._tables = [0], [_TOP]
        for start, table in _READ[kind](self, text):
            self._starts.append(start)
            self._tables.append(table)

    def around(self, at: int) -> list[int]:
        """The tables that a place stands in, the nearest first."""
        found = [self._tables[bisect_right(self._starts, at) - 1]]
        while found[-1] != _TOP:
            found.append(self._above[found[-1]])
        return found

    def shared(self, places: Iterable[int], others: Iterable[int]) -> dict[int, int | None]:
        """The nearest table around each place in which one of the others stands; None for none."""
        there = {table for other in others for table in self.around(other)}
        return {at: next((table for table in self.around(at) if table in there), None) for at in places}

    # ------------------------------------------------------------------------- where which table begins or goes on

    def _new(self, above: int) -> int:
        self._above.append(above)
        return len(self._above) - 1

    def _braced(self, text: str) -> Iterator[tuple[int, int]]:
        table = _TOP
        for match in _TOKEN.finditer(text):
            if match[0] == "{":
                table = self._new(table)
                yield match.start(), table
            elif match[0] == "}":
                table = self._above[table]
                yield match.end(), table

    def _indented(self, text: str) -> Iterator[tuple[int, int]]:
        open_: list[tuple[int, bool, int]] = []  # column, whether it is an item of a list, table
        for match in _LINE.finditer(text):
            column = len(match[1])
            steps = [(column + dash.start(), True) for dash in re.finditer("-", match[2])]
            for at, is_item in (*steps, (column + len(match[2]), False)):
                while open_ and open_[-1][:2] > (at, False):
                    open_.pop()
                if is_item or not open_ or open_[-1][0] < at:
                    open_.append((at, is_item, self._new(open_[-1][2] if open_ else _TOP)))
            if text.startswith("---", match.start()):
                open_.clear()
            yield match.start(), open_[-1][2] if open_ else _TOP

    def _sectioned(self, text: str) -> Iterator[tuple[int, int]]:
        known: dict[tuple[str, ...], int] = {}
        for match in _SECTION.finditer(text):
            path = tuple(part.strip(" \t\"'") for part in match[2].split("."))
            if match[1] == "[[":
                known = {each: table for each, table in known.items() if each[: len(path)] != path}
            table = _TOP
            for depth in range(1, len(path) + 1):
                if path[:depth] not in known:
                    known[path[:depth]] = self._new(table)
                table = known[path[:depth]]
            yield match.start(), table

    def _apart(self, text: str) -> Iterator[tuple[int, int]]:
        yield from ((start, self._new(_TOP)) for start in (0, *(match.start() for match in _APART.finditer(text))))


_READ = {
    "json": Tables._braced,
    "config": Tables._braced,
    "yaml": Tables._indented,
    "toml": Tables._sectioned,
    "ini": Tables._sectioned,
    "http": Tables._apart,
}
