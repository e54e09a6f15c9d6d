"""INI-like files: `.ini`, `.cfg`, `.conf`, `.properties`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.fates.names import Names
from migrator.formats import Context
from migrator.formats.search import apart, exact, line_of, lines, moved, packages_in, prose, renamed, settings_in
from migrator.sites import Finding, Status

SECTION = re.compile(r"[ \t]*\[[ \t]*([^\]\r\n]*?)[ \t]*\]")
_OPTION = re.compile(r"[ \t]*([^\s=:][^=:\r\n]*?)[ \t]*(?:[=:]|\r|\n|$)")
_COMMENT = re.compile(r"[ \t]*[#;!]")


@dataclass(frozen=True, slots=True)
class _Name:
    """A section, or an option (`text`) in its `section`, and where it stands."""

    section: str
    text: str
    start: int


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Sections and options that moved, and old names in keys and values; comments are prose."""
    known: list[_Name] = []
    values: list[tuple[int, str]] = []
    words: list[Finding] = []
    section = ""
    for start, line in lines(text):
        header, option = SECTION.match(line), _OPTION.match(line)
        if _COMMENT.match(line):
            words += prose(line, names, start, edit=context.edit_prose)
        elif header:
            section = header[1]
            known.append(_Name(section, "", start + header.start(1)))
            values.append((start, line))
        elif option:
            known.append(_Name(section, option[1], start + option.start(1)))
            values.append((start, line))
            words += prose(line, names, start, edit=context.edit_prose)
    places: dict[tuple[str, str], int] = {}
    for name in known:
        places.setdefault((name.section, name.text), name.start)
    return apart(
        (finding for name in known for finding in _taken(text, name, names, places)),
        (finding for start, line in values for finding in exact(line, names, start)),
        (finding for name in known for finding in _moved(text, name, names, places)),
        (finding for start, line in values for finding in _in_line(line, names, start)),
        words,
    )


def _moved(text: str, name: _Name, names: Names, places: dict[tuple[str, str], int]) -> Iterator[Finding]:
    """The edit of a section name or a dotted option that a setting rule moves."""
    above = name.section.split(".") if name.section and name.text else []
    keys = (name.text or name.section).split(".")
    move = moved((*above, *keys), names)
    if move is None or move.at + move.size <= len(above):
        return
    rule = move.rule
    if move.at < len(above):
        said = f"{rule.old} is {rule.new} now: move this line into the section [{rule.new}], without the prefix"
        yield Finding(name.start, rule.id, Status.MANUAL, said)
        return
    at = move.at - len(above)
    new = ".".join([*keys[:at], rule.new, *keys[at + move.size :]])
    target = places.get((name.section, new) if name.text else (new, ""))
    if target is not None:
        said = (
            f"{rule.old} → {rule.new}, but {new} is already there on line {line_of(text, target)}: merge them by hand"
        )
        yield Finding(name.start, rule.id, Status.REVIEW, said)
    else:
        start = name.start + sum(len(key) + 1 for key in keys[:at])
        span = start, start + len(rule.old)
        yield renamed(span, 0, rule.new, rule.id, Status.MIGRATED, f"{rule.old} → {rule.new}")


def _taken(text: str, name: _Name, names: Names, places: dict[tuple[str, str], int]) -> Iterator[Finding]:
    """An environment variable whose new name the section has as well: not renamed, so that nothing is lost."""
    new = names.env(name.text)
    if new and (name.section, new[0]) in places:
        line = line_of(text, places[name.section, new[0]])
        said = f"{new[0]} is already set on line {line}: remove this line or that one"
        yield Finding(name.start, new[1].id, Status.MANUAL, said)


def _in_line(line: str, names: Names, start: int) -> Iterator[Finding]:
    """Values that are the key of a setting, other places that name one, flagged packages."""
    value = re.search(r"(?<=[=:])[ \t]*([\w.]+)[ \t]*$", line.rstrip("\r\n"))
    new = names.setting(value[1]) if value and "." in value[1] else None
    if value and new:
        said = f"{value[1]} → {new.new}: check that it is the key of a setting"
        yield renamed(value.span(1), start, new.new, new.rule, Status.REVIEW, said)
    yield from settings_in(line, names, start)
    yield from packages_in(line, names, start)
