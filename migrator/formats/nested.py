"""Keys that stand in other keys, by indent as in YAML or by braces as in JSON and HCL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrator.formats.search import lines

_BRACED = frozenset({".yml", ".yaml", ".json", ".jsonc", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tf", ".hcl"})
_INDENTED = frozenset({".yml", ".yaml"})
_INDENTED_KEY = re.compile(r"""([ ]*(?:-[ ]+)*)(["']?)([\w.-]+)\2[ ]*:(?=\s|$)""")
_TOKEN = re.compile(r""""(?:\\.|[^"\\\n])*"|'[^'\n]*'|[\w.-]+|[{}\[\],:=]|#[^\n]*""")


class Key(NamedTuple):
    """A key: where it stands, the keys above it and itself, and the table it is in, by a number of its own.

    `table` is None at the top level of a text read by its braces, which may be no table at all.
    """

    start: int
    path: tuple[str, ...]
    table: int | None


def keys(text: str, suffix: str) -> Iterator[Key]:
    """The keys of a text, in each way that files with this suffix nest them; none for other files."""
    if suffix in _BRACED:
        yield from _braced(text)
    if suffix in _INDENTED:
        yield from _indented(text)


def _indented(text: str) -> Iterator[Key]:
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
            yield Key(at, tuple(key for _, key, _ in above), table)


def _braced(text: str) -> Iterator[Key]:
    above: list[tuple[str, int]] = []  # key, where its table opens
    key, start, named = "", 0, False

    def found() -> Key:
        return Key(start, (*(name for name, _ in above), key), above[-1][1] if above else None)

    for match in _TOKEN.finditer(text):
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
