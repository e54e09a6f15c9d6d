"""What the settings of a pack mean: the comments above them in its pack.toml, the last line of which is an example."""

from __future__ import annotations

import re
from typing import NamedTuple

from migrator.packs.load import Pack

_SECTION = re.compile(r"^\[settings\][^\n]*\n(?P<lines>.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"^(?P<comment>(?:#[^\n]*\n)*)(?P<name>[\w-]+)[ \t]*=", re.MULTILINE)


class Note(NamedTuple):
    """The meaning of a setting in a sentence or two, and an example as TOML has it; either may be empty."""

    meaning: str
    example: str


def notes(pack: Pack) -> dict[str, Note]:
    """The note of every setting of a pack, those it has from its parents included, by name."""
    found = {name: note for parent in pack.parents for name, note in notes(parent).items()}
    section = _SECTION.search((pack.folder / "pack.toml").read_text(encoding="utf-8"))
    for match in _SETTING.finditer(section["lines"]) if section else ():
        found[match["name"]] = _note(match["name"], match["comment"])
    return {name: found.get(name, Note("", "")) for name in sorted(pack.settings)}


def _note(name: str, comment: str) -> Note:
    lines = [line.removeprefix("#").strip() for line in comment.splitlines()]
    example = lines.pop() if lines and re.match(rf"{re.escape(name)}[ \t]*=", lines[-1]) else ""
    return Note(" ".join(lines), example)
