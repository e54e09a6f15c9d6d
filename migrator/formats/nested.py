"""Keys that stand in other keys, by indent as in YAML, by braces as in JSON and HCL, or in sections."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrator.formats.search import lines

_BRACED = frozenset({".yml", ".yaml", ".json", ".jsonc", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tf", ".hcl"})
_INDENTED = frozenset({".yml", ".yaml"})
_SECTIONED = frozenset({".toml", ".ini", ".cfg", ".conf"})
_SECTION_OR_KEY = re.compile(r"""^[ \t]*(?:\[\[?(?P<section>[^\]\r\n]+)\]|(?P<key>[\w."'-]+)[ \t]*=)""", re.MULTILINE)
_DEEP = 6  # keys above one another that are asked for
_INDENTED_KEY = re.compile(r"""([ ]*(?:-[ ]+)*)(["']?)([\w.-]+)\2[ ]*:(?=\s|$)""")
_BARE = r"""'[^'\n]*'|[\w.-]+|[{}\[\],:=]|#[^\n]*"""
_TOKEN = re.compile(rf""""(?:\\.|[^"\\\n])*+(?:"|())|{_BARE}""")
_TOKEN_OF_BARE = re.compile(_BARE)


class Key(NamedTuple):
    """A key: where it stands, the nearest keys above it and itself, and the table it is in, by a number of its own.

    `table` is None at the top level of a text read by its braces, which may be no table at all.
    """

    start: int
    path: tuple[str, ...]
    table: int | None


def keys(text: str, suffix: str, depth: int) -> Iterator[Key]:
    """The keys of a text, in each way that files with this suffix nest them; none for other files.

    Of a path the last `depth` parts are told, so that unbalanced braces do not make ever longer ones.
    """
    if suffix in _BRACED:
        yield from _braced(text, depth)
    if suffix in _INDENTED:
        yield from _indented(text, depth)


def above(text: str, suffix: str, places: Sequence[int]) -> list[frozenset[str]]:
    """The names of the keys and sections that each of some places stands below, its own key among them."""
    ways = [_sectioned(text)] if suffix in _SECTIONED else []
    ways += [_braced(text, _DEEP)] if suffix in _BRACED else []
    ways += [_indented(text, _DEEP)] if suffix in _INDENTED else []
    found: list[frozenset[str]] = [frozenset()] * len(places)
    for way in ways:
        known = [*way]
        starts = [key.start for key in known]
        for number, place in enumerate(places):
            if at := bisect_right(starts, place):
                found[number] |= frozenset(known[at - 1].path)
    return found


def _sectioned(text: str) -> Iterator[Key]:
    section: tuple[str, ...] = ()
    for match in _SECTION_OR_KEY.finditer(text):
        names = tuple(part.strip(" \t\"'") for part in (match["section"] or match["key"]).split("."))
        section = names if match["section"] else section
        yield Key(match.start(), section if match["section"] else (*section, *names), None)


def _indented(text: str, depth: int) -> Iterator[Key]:
    above: list[tuple[int, str, int]] = []  # indent, key, table
    for start, line in lines(text):
        if line.startswith("---"):
            above.clear()
        match = _INDENTED_KEY.match(line)
        if match:
            indent, at, beside = match.end(1), start + match.start(3), None
            while above and above[-1][0] >= indent:
                beside = above.pop()
            table = beside[2] if beside and beside[0] == indent and "-" not in match[1] else at
            above.append((indent, match[3], table))
            yield Key(at, tuple(key for _, key, _ in above[-depth:]), table)


def _braced(text: str, depth: int) -> Iterator[Key]:
    above: list[tuple[str, int]] = []  # key, where its table opens
    key, start, named = "", 0, False

    def found() -> Key:
        path = (*(name for name, _ in above[-depth:]), key)
        return Key(start, path[-depth:], above[-1][1] if above else None)

    for match in _tokens(text):
        token = match[0]
        if token in ("{", "["):
            if key and not named:
                yield found()
            above.append((key, match.start()))
            key = ""
        elif token in ("}", "]"):
            del above[-1:]
            key = ""
        elif token in (":", "="):
            if key:
                yield found()
            named = True
        elif token == ",":
            key = ""
        elif not token.startswith("#"):
            quoted = token[0] in "\"'"
            key, start, named = token[1:-1] if quoted else token, match.start() + quoted, False


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens of a text; where a line does not close a quote, none of those after it on that line is closed."""
    for match in _TOKEN.finditer(text):
        if match[1] is None:
            yield match
        else:
            yield from _TOKEN_OF_BARE.finditer(text, match.start() + 1, match.end())
