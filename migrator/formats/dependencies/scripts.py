"""The dependencies of a single script, in the comment at its head (PEP 723)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.names import Names
from migrator.formats.blocks import Block, Placed
from migrator.formats.dependencies import toml
from migrator.sites import Finding

_METADATA = re.compile(r"^# /// script[ \t]*\r?\n(?P<lines>(?:#(?: [^\r\n]*)?\r?\n)*?)# ///[ \t]*\r?$", re.MULTILINE)
_LINE = re.compile(r"# ?([^\r\n]*)")


def lists_its_own(text: str) -> bool:
    """Whether a script says itself what it depends on."""
    return _METADATA.search(text) is not None


def find(text: str, names: Names, kept: frozenset[str]) -> Iterator[Finding]:
    """What becomes of the old distributions that a script asks for."""
    for metadata in _METADATA.finditer(text):
        lines = tuple(
            (line.start(1), line[1]) for line in _LINE.finditer(text, metadata.start("lines"), metadata.end("lines"))
        )
        placed = Placed(text, Block("toml", lines))
        yield from map(placed, toml.find(placed.code, names, kept, toml.SCRIPT))
