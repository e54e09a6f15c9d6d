"""Variables of shell scripts, Makefiles and requests: what they are set to, and which of them commands are given."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrator.formats.shell import Command

_NAME = r"[A-Za-z_]\w*"
_SETS = rf"[ \t]*(?:(?:export|local|readonly|set)[ \t]+|@)?(?P<name>{_NAME})[ \t]*[:?+]{{0,3}}="
SETS = re.compile(_SETS)
USES = re.compile(rf"(?:\$[{{(]?|\{{\{{[ \t]*)(?P<name>{_NAME})")
_BEGINS = re.compile(rf"\$(?:(?P<bare>{_NAME})|\{{(?P<braced>{_NAME})\}}|\((?P<made>{_NAME})\))")
_SET = re.compile(rf"""^{_SETS}[ \t]*["']?(?P<value>[^\s"'#]*)""", re.MULTILINE)
_BEHIND = re.compile(r"(?P<gap>[ \t]*)\+=")


def given(calls: Iterable[Command]) -> frozenset[str]:
    """The variables that commands are given."""
    return frozenset(name for call in calls for word in call.words for name in USES.findall(word.raw))


class Values:
    """What the variables of one text are set to, those that are set once, with what `+=` puts behind it later on."""

    def __init__(self, text: str) -> None:
        values: dict[str, list[str]] = {}
        self._behind: dict[str, list[tuple[int, str]]] = {}
        for match in _SET.finditer(text):
            added = _BEHIND.match(text, match.end("name"))
            if added is None:
                values.setdefault(match["name"], []).append(match["value"])
            elif not added["gap"]:  # with a gap it is a Makefile's, which adds a word of its own
                self._behind.setdefault(match["name"], []).append((match.start(), match["value"]))
        self._values = {name: each[0] for name, each in values.items() if len(each) == 1}

    def apart(self, word: str, at: int) -> tuple[str, str]:
        """What the variable is set to that a word at a place begins with, and what is behind; ("", word) for none."""
        match = _BEGINS.match(word)
        name = match["bare"] or match["braced"] or match["made"] if match else ""
        value = self._values.get(name, "")
        added = "".join(text for start, text in self._behind.get(name, ()) if start < at)
        return (value, added + word[match.end() :]) if match and value else ("", word)
