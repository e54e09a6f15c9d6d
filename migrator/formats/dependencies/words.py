"""The words of a command that installs, wherever it stands: in a shell, in a text of other code, in a list of texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.formats import shell
from migrator.formats.shell import Word

_NEAR = 1000  # characters before a command that may open a quote
_QUOTE = re.compile(r"""(?<![\w\\])(?i:[rbfu]{1,2})?(\\?["'])|(\\?["'])(?!\w)""")  # no apostrophe
_LINE = re.compile(r"(?:\\\r?\n|[^\r\n`])*")
_TOOLS = "pip3?|uv|uvx|pipx|poetry|conda|npm|pnpm|yarn|bun|deno|npx|bunx|pnpx"
_VERBS = "pip|tool|run|install|i|add|uninstall|remove|rm|update|upgrade|dlx|exec"
_TEXT = r"""\"[^\"\r\n]*+\"|'[^'\r\n]*+'"""
_LISTED = re.compile(rf"""(["'])(?:{_TOOLS})\1\s*+,\s*+\[?(?:\s*+(?:{_TEXT})\s*+,?)++\]?""")
_PIECE = re.compile(rf"""(["'])(?:{_TOOLS}|{_VERBS}|--?[a-z][\w-]*)\1|{_TEXT}|[,\[\]\r\n]""")


def behind(text: str, at: int) -> Iterator[Word]:
    """The words from `at`, which is behind the name of a command, to where the command or the text that has it ends."""
    line = _LINE.match(text, at)
    code = line[0] if line else ""
    if inside := enclosing(text, at):
        quotes = "|".join(rf"(?<!\\){re.escape(quote)}" for quote in inside)
        code = re.split(rf"{quotes}|\\[nrt]", code, maxsplit=1)[0]
    for word in shell.words(code):
        if word.raw[0] in "<>":
            return
        yield Word(at + word.start, word.raw, word.text)


def enclosing(text: str, at: int) -> list[str]:
    """The quotes that are open before a place, as far as its line says: the outermost first."""
    open_: list[str] = []
    for match in _QUOTE.finditer(text, max(text.rfind("\n", 0, at) + 1, at - _NEAR), at):
        quote = match[1] or match[2]
        if quote in open_:
            del open_[open_.index(quote) :]
        else:
            open_.append(quote)
    return open_


def unlisted(text: str) -> str:
    """The text with commands that are lists of texts, as `["npm", "install", "x"]`, as lines; all else as it was.

    Every word stays where it stands, so that edits fit both.
    """
    return _LISTED.sub(_as_line, text)


def _as_line(match: re.Match[str]) -> str:
    line = _PIECE.sub(_as_word, match[0])
    return f"{line[:-1]}\n" if line[-1].isspace() else line


def _as_word(piece: re.Match[str]) -> str:
    """A word as it is, but the name of a command, what it does and its options without quotes; else a space."""
    if piece[1]:
        return f"  {piece[0][1:-1]}"
    return piece[0] if piece[0][0] in "\"'" else " "
