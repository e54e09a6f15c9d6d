"""Variables of shell scripts, Makefiles and requests: what they are set to, and which of them commands are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from migrator.formats.shell import Command

_NAME = r"[A-Za-z_]\w*"
_SETS = rf"[ \t]*(?:(?:export|local|readonly|set)[ \t]+|@)?(?P<name>{_NAME})[ \t]*[:?+]{{0,3}}="
SETS = re.compile(_SETS)
USES = re.compile(rf"(?:\$[{{(]?|\{{\{{[ \t]*)(?P<name>{_NAME})")
_BEGINS = re.compile(
    rf"""\$(?:(?P<bare>{_NAME})|\((?P<made>{_NAME})\)
        |\{{(?P<braced>{_NAME}|\d+)(?::?[-=](?P<default>[^}}]*)|%%?/)?\}})""",
    re.VERBOSE,
)
_IN_YAML = rf"""[ \t-]*(?P<key>{_NAME}):[ \t]+(?=["']?(?:https?:|\$))"""
_SET = re.compile(
    rf"""(?:^|(?<=;))(?:(?:ENV|ARG)[ \t]+(?P<built>{_NAME})[= \t]|{_SETS}|{_IN_YAML})[ \t]*["']?(?P<value>[^\s"'#;]*)"""
    rf"""|\$\{{(?P<asked>{_NAME}):?=(?P<default>[^}}\s]*)\}}""",
    re.MULTILINE,
)
_BEHIND = re.compile(r"(?P<gap>[ \t]*)\+=")
_DEEP = 8  # variables that are set to one another


def given(calls: Iterable[Command]) -> frozenset[str]:
    """The variables that commands are given."""
    return frozenset(name for call in calls for word in call.words for name in USES.findall(word.raw))


class Values:
    """What the variables of one text are set to, with what `+=` puts behind it; `known` are those set elsewhere."""

    def __init__(self, text: str, known: Mapping[str, str]) -> None:
        self._known = known
        self._set: dict[str, list[tuple[int, str, bool]]] = {}  # where, to what, and whether it is put behind
        for match in _SET.finditer(text):
            name = match["name"] or match["built"] or match["key"] or match["asked"]
            added = _BEHIND.match(text, match.end("name")) if match["name"] else None
            if added is None or not added["gap"]:  # with a gap it is a Makefile's, which adds a word of its own
                value = match["value"] if match["asked"] is None else match["default"]
                self._set.setdefault(name, []).append((match.start(), value, added is not None))

    def apart(self, word: str, at: int, depth: int = 0) -> tuple[str, str]:
        """What the variables are set to that a word at a place begins with, and what is behind; ("", word) for none."""
        match = _BEGINS.match(word)
        if match is None or depth > _DEEP:
            return "", word
        name = match["bare"] or match["braced"] or match["made"]
        set_at, value, added = self._at(name, at)
        value = value or match["default"] or self._known.get(name, "")
        inner, path = self.apart(value, set_at, depth + 1)
        path = (path if inner else "") + added
        return (inner or value, path + word[match.end() :]) if value else ("", word)

    def _at(self, name: str, at: int) -> tuple[int, str, str]:
        """Where a variable is set nearest above a place, or else below it, to what, and what is put behind since."""
        place, value, added = at, "", ""
        for start, text, is_added in self._set.get(name, ()):
            if start < at and is_added:
                added += text
            elif not is_added and (start < at or not value):
                place, value, added = start, text, ""
        return place, value, added
