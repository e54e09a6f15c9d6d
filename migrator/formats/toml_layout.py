"""Where everything in a TOML text stands.

`tomlkit` reads what a text holds and how it is spelt, from which the places follow.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from migrator.formats.search import line_of

if TYPE_CHECKING:
    from tomlkit.items import Item, Key

    Body = Iterable[tuple[Key | None, Item]]

_HEADER = re.compile(r"^[ \t]*\[[^\r\n]*\][ \t]*(?:#[^\r\n]*)?(?=\r?$)", re.MULTILINE)
_GAP = re.compile(r"[\s,]+|#[^\r\n]*")
_OWN = ("tool", "migrate")  # the toolkit's own table names old things on purpose

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A key, the inside of a string, or a comment: what it says, where, and the path it stands at."""

    text: str
    start: int
    end: int
    path: Path


@dataclass(slots=True, eq=False)
class Node:
    """A header or a `key = value`, and what stands below it; the root, and a table in an array, have no keys."""

    kind: str  # how it is written: [, [[ or =
    path: Path = ()
    outer: Node | None = None  # of a `key = value`
    keys: Sequence[Piece] = ()
    value: int = 0
    end: int = 0
    items: list[Node] | None = None

    @property
    def start(self) -> int:
        return self.keys[0].start

    @property
    def full(self) -> Path:
        return (*self.path, *(key.text for key in self.keys))


class Layout:
    """Where everything in a valid TOML text stands; ValueError where `tomlkit` reads it in another way.

    `tomlkit` gets one section after the other: in a whole text it gathers the tables of an array from wherever they
    stand, and needs quadratic time for the dotted keys below a header.
    """

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.nodes: list[Node] = []
        self.strings: list[Piece] = []
        self.comments: list[Piece] = []
        self.places: dict[tuple[Node | None, Path], int] = {}  # where a path is first written, and where below a node
        for (_, body), (end, _) in pairwise((*_sections(text), (len(text), 0))):
            self._section(body, end)

    def _section(self, body: int, end: int) -> None:
        from tomlkit import parse

        table = Node("[")
        if self.at < body:
            table.kind = "[[" if self.text.startswith("[[", self.at) else "["
            header = parse(self.text[self.at : body])
            self._take(table.kind)
            self._gap(())
            self._name(table, _header(header.body))
            self._take("]" * len(table.kind))
        self._below(table, parse(self.text[body:end]).body)

    def _below(self, node: Node, body: Body) -> None:
        """The statements of a section, or of an inline table."""
        node.items = []
        for keys, item in _statements(body):
            self._gap(node.full)
            entry = Node("=", node.full, node)
            self._name(entry, keys)
            entry.value = self.at
            self._value(entry, item)
            entry.end = self.at
            node.items.append(entry)
        self._gap(node.full)

    def _value(self, node: Node, item: Item) -> None:
        from tomlkit.items import Array, InlineTable, String

        if isinstance(item, InlineTable):
            self._take("{")
            self._below(node, item.value.body)
            self._take("}")
        elif isinstance(item, Array):
            self._take("[")
            for part in item:
                self._gap(node.full)
                self._value(Node("=", node.full, node), part)
            self._gap(node.full)
            self._take("]")
        else:
            start, end = self._take(item.as_string())
            if isinstance(item, String):
                quotes = 3 if self.text[start : start + 3] in ('"""', "'''") else 1
                self._note(self.strings, start + quotes, end - quotes, node.full)

    def _name(self, node: Node, keys: Iterable[Key]) -> None:
        """Step over the keys of a header or a statement, and the space, dot or equals sign after each."""
        for key in keys:
            start, end = self._take(key.as_string().strip())
            if self.text[start] in "\"'":
                self._note(self.strings, start + 1, end - 1, node.full)
            node.keys = (*node.keys, Piece(key.key, start, end, node.full))
            while self.text[self.at] in " \t.=":
                self.at += 1
            self.places.setdefault((None, node.full), node.start)
            self.places.setdefault((node.outer, node.full), node.start)
        if node.full[:2] != _OWN:
            self.nodes.append(node)

    def _gap(self, path: Path) -> None:
        """Step over space, commas and comments."""
        while match := _GAP.match(self.text, self.at):
            self.at = match.end()
            if match[0][0] == "#":
                self._note(self.comments, *match.span(), path)

    def _note(self, pieces: list[Piece], start: int, end: int, path: Path) -> None:
        if path[:2] != _OWN:
            pieces.append(Piece(self.text[start:end], start, end, path))

    def _take(self, raw: str) -> tuple[int, int]:
        """Step over `raw`, which is to stand here; where it starts and ends."""
        if not self.text.startswith(raw, self.at):
            raise ValueError(f"line {line_of(self.text, self.at)}: {raw} is expected here")
        start, self.at = self.at, self.at + len(raw)
        return start, self.at


def _sections(text: str) -> Iterator[tuple[int, int]]:
    """Where the root and each section starts, and where the header of each ends.

    What looks like a header is one unless it stands in a string or an array: what comes before it is incomplete then.
    """
    start = 0
    yield 0, 0
    for match in _HEADER.finditer(text):
        try:
            tomllib.loads(text[start : match.start()])
        except tomllib.TOMLDecodeError:
            continue
        start = match.start()
        yield match.span()


def _header(body: Body) -> Iterator[Key]:
    """The keys of a header, each of which `tomlkit` makes a table that holds the next one."""
    from tomlkit.items import AoT, Table

    for key, item in body:
        table = item[0] if isinstance(item, AoT) else item
        if key and isinstance(table, Table):
            yield key
            yield from _header(table.value.body)


def _statements(body: Body, above: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Item]]:
    """Each `key = value`, with all keys of a dotted one, of which `tomlkit` makes tables."""
    from tomlkit.items import Table

    for key, item in body:
        if key and isinstance(item, Table):
            yield from _statements(item.value.body, (*above, key))
        elif key:
            yield (*above, key), item
