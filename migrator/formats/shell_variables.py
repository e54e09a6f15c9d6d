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


def given(calls: Iterable[Command]) -> frozenset[str]:
    """The variables that commands are given."""
    return frozenset(name for call in calls for word in call.words for name in USES.findall(word.raw))


class Values:
    """What the variables of one text are set to, those that are set once."""

    def __init__(self, text: str) -> None:
        values: dict[str, list[str]] = {}
        for match in _SET.finditer(text):
            values.setdefault(match["name"], []).append(match["value"])
        self._values = {name: each[0] for name, each in values.items() if len(each) == 1}

    def apart(self, word: str) -> tuple[str, str]:
        """What the variable is set to that a word begins with, and the rest of the word; ("", word) for none."""
        match = _BEGINS.match(word)
        value = self._values.get(match["bare"] or match["braced"] or match["made"], "") if match else ""
        return (value, word[match.end() :]) if match and value else ("", word)
