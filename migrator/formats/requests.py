"""The requests of `.http` files: the line that makes one, its headers, and its body with the scripts behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from migrator.formats.search import merged
from migrator.sites import Span

_APART = re.compile(r"^###", re.MULTILINE)
_SCRIPT = r"[ \t]*<[ \t]*\{%(?s:.*?)%\}[^\n]*\n"
_BEFORE = re.compile(rf"(?:[ \t]*(?:(?:#|//|@|<[ \t]+[^\s{{])[^\n]*)?\r?\n|{_SCRIPT})*")
_LINE = re.compile(r"[^\n]*(?:\n[ \t]+(?![\w-]+:[ \t])\S[^\n]*)*")
_HEADERS = re.compile(r"(?:\n[ \t]*\S[^\n]*)*")
_BLOCK = re.compile(r"^(?:body|script|tests|docs)\b[^\n{]*\{[^\n]*\n(?:(?!\})[^\n]*\n)*\}", re.MULTILINE)


class Request(NamedTuple):
    """Where the parts of one request stand, one behind the other."""

    line: Span
    headers: Span
    body: Span

    @property
    def span(self) -> Span:
        return self.line[0], self.body[1]


def requests(text: str) -> Iterator[Request]:
    """The requests of a `.http` file, which is cut at `###`.

    Comments, variables and a script that runs first stand before the line of a request, and are none of it.
    """
    cuts = [0, *(match.start() for match in _APART.finditer(text)), len(text)]
    for start, end in pairwise(cuts):
        before = _BEFORE.match(text, start, end)
        line = _LINE.match(text, before.end() if before else start, end)
        headers = _HEADERS.match(text, line.end(), end) if line and line[0].strip() else None
        if line and headers:
            yield Request(line.span(), headers.span(), (headers.end(), end))


class Parts(NamedTuple):
    """The parts of a file's requests, each in order: none for a file that is not made of requests."""

    whole: list[Span]
    headers: list[Span]
    carried: list[Span]  # bodies and scripts: an address or a header there is asked for nothing


def parts(text: str, path: str) -> Parts:
    """The parts of the requests of a file."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".bru":
        return Parts([], [], [block.span() for block in _BLOCK.finditer(text)])
    if suffix not in (".http", ".rest"):
        return Parts([], [], [])
    made, scripts = list(requests(text)), re.finditer(rf"^{_SCRIPT}", text, re.MULTILINE)
    carried = merged([*(script.span() for script in scripts), *(each.body for each in made)])
    return Parts([each.span for each in made], [each.headers for each in made], carried)
