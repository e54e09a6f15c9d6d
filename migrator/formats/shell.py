"""The words of shell commands: where each stands, what it says without its quotes, and where a command ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_GAP = re.compile(r"(?:[ \t]|\\\r?\n)*")
_ENDS = frozenset("\r\n;|)")
_CLOSING = {"(": ")", "{": "}"}
_HERE = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command: `raw` as it is written, `text` without quotes, variables as they are written."""

    start: int
    raw: str
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.raw)


@dataclass(frozen=True, slots=True)
class Command:
    """The words of one command, the first one its name, and the texts of its here-documents as spans."""

    words: tuple[Word, ...]
    documents: tuple[tuple[int, int], ...] = ()

    @property
    def span(self) -> tuple[int, int]:
        return self.words[0].start, self.words[-1].end


def commands(text: str, names: re.Pattern[str]) -> Iterator[Command]:
    """The commands of a text whose names `names` finds, wherever they stand; those with open quotes are left out."""
    end = 0
    for match in names.finditer(text):
        if match.start() < end:
            continue
        found = tuple(_words(text, match.start()))
        if found:
            end = found[-1].end
            yield Command(found, tuple(_documents(text, found)))


def words(text: str) -> Iterator[Word]:
    """The words of a text up to where its first command ends, or to a quote that stays open."""
    return _words(text, 0)


def listed(text: str, start: int) -> Command | None:
    """The words between the brackets of an array, of which `start` is the first character inside."""
    found = tuple(_words(text, start, lines=True))
    return Command(found) if found else None


def _words(text: str, at: int, *, lines: bool = False) -> Iterator[Word]:
    """The words from `at` to the end of the command, or with `lines` to the bracket that closes an array."""
    gap = re.compile(r"(?:\s|\\\r?\n)*") if lines else _GAP
    while True:
        skipped = gap.match(text, at)
        at = skipped.end() if skipped else at
        word = _word(text, at)
        if word is None or not word.raw:
            return
        yield word
        at = word.end


def _word(text: str, start: int) -> Word | None:
    """The word at `start`, empty at the end of a command; None where a quote stays open."""
    said: list[str] = []
    at = start
    while at < len(text) and text[at] not in _ENDS and not text[at].isspace():
        char = text[at]
        if char == "&" and text[at - 1 : at] not in "<>" and text[at + 1 : at + 2] != ">":
            break
        if char == "`" and at == start:
            break
        if char == "#" and at == start:
            break
        piece = _piece(text, at)
        if piece is None:
            return None
        end, value = piece
        said.append(value)
        at = end
    return Word(start, text[start:at], "".join(said))


def _piece(text: str, at: int) -> tuple[int, str] | None:
    """Where one character or one quoted piece ends, and what it says."""
    char = text[at]
    if char == "'":
        end = text.find("'", at + 1)
        return (end + 1, text[at + 1 : end]) if end > 0 else None
    if text.startswith("$'", at):
        return _ansi(text, at)
    if char == '"':
        return _double(text, at)
    if char == "$" and text[at + 1 : at + 2] in _CLOSING:
        end = _nested(text, at + 1)
        return (end, text[at:end]) if end else None
    if char == "\\":
        if text.startswith(("\\\n", "\\\r\n"), at):
            return at + (2 if text[at + 1] == "\n" else 3), ""
        return min(at + 2, len(text)), text[at + 1 : at + 2]
    if char == "`":
        end = text.find("`", at + 1)
        return (end + 1, text[at : end + 1]) if end > 0 else None
    return at + 1, char


def _ansi(text: str, at: int) -> tuple[int, str] | None:
    match = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(text, at)
    return (match.end(), re.sub(r"\\(['\"\\])", r"\1", match[1])) if match else None


def _double(text: str, at: int) -> tuple[int, str] | None:
    """A piece in double quotes; what stands in `$(…)` and `${…}` has quotes of its own."""
    said: list[str] = []
    at += 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1, "".join(said)
        if char == "\\" and text[at + 1 : at + 2] in ('"', "\\", "`"):
            said.append(text[at + 1])
            at += 2
        elif char == "$" and text[at + 1 : at + 2] in _CLOSING:
            end = _nested(text, at + 1)
            if not end:
                return None
            said.append(text[at:end])
            at = end
        else:
            said.append(char)
            at += 1
    return None


def _nested(text: str, at: int) -> int:
    """The place behind the bracket that closes the one at `at`; 0 for none."""
    opening, closing = text[at], _CLOSING[text[at]]
    depth = 0
    while at < len(text):
        char = text[at]
        if char in "\"'\\" or text.startswith("$'", at):
            piece = _piece(text, at)
            if piece is None:
                return 0
            at = piece[0]
            continue
        depth += (char == opening) - (char == closing)
        at += 1
        if not depth:
            return at
    return 0


def _documents(text: str, words: tuple[Word, ...]) -> Iterator[tuple[int, int]]:
    """The here-document that a command is given: the lines up to the one that ends it."""
    line = text[words[0].start : _line_end(text, words[-1].end)]
    match = _HERE.search(line)
    if match:
        start = _line_end(text, words[-1].end)
        ending = re.compile(rf"^[ \t]*{re.escape(match[2])}[ \t]*\r?$", re.MULTILINE).search(text, start)
        if ending:
            yield start, ending.start()


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)
