"""Where the lines of a text end, and how."""

from __future__ import annotations

import re

LINE_END = re.compile(r"\r\n|\r|\n")


def line_starts(text: str) -> list[int]:
    """The offset at which each line begins; all three line endings count."""
    return [0, *(m.end() for m in LINE_END.finditer(text))]


def newline_of(text: str) -> str:
    """The line end that a text has for new lines."""
    return "\r\n" if "\r\n" in text else "\n"
