"""What commands of curl and wget are given: their headers, what they send, and the files that hold options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.formats.shell import Command, Word
from migrator.sites import Span

_OPTION = re.compile(r"(?P<flags>-[A-Za-z#]*)H|--header")
_ATTACHED = re.compile(r"(?P<flags>-[A-Za-z#]*)H(?=.)|--header=", re.DOTALL)
_DATA = re.compile(r"-d|--data(?:-raw|-binary|-ascii)?|--json|--post-data|--body-data")
_DATA_ATTACHED = re.compile(r"(?:-d(?=.)|--(?:data(?:-raw|-binary|-ascii)?|json|post-data|body-data)=)", re.DOTALL)
_CONFIG = re.compile(r"(?:-[#0-46aBfgGiIjJklLMnNOpqRsSvZ]*K|--config(?:=|$))(?P<file>.*)", re.DOTALL)
HELD = re.compile(r"\$\{?\w+(?:\[[@*]\])?\}?|\$\(\w+\)")


@dataclass(frozen=True, slots=True)
class Unit:
    """A header of a command: the words that give it, and its name and value; no name where it stands elsewhere."""

    option: Word
    word: Word
    name: str
    value: str
    content: int  # where the name stands

    @property
    def flags(self) -> str:
        """Other options that stand in the same word before `H`, as in `-sH`; "" for none."""
        match = _OPTION.fullmatch(self.option.raw) or _ATTACHED.match(self.option.raw)
        flags = match["flags"] if match else None
        return flags if flags and flags != "-" else ""


def units_of(command: Command) -> Iterator[Unit]:
    """The headers that a command is given."""
    words = command.words
    for number, word in enumerate(words):
        attached = _ATTACHED.match(word.raw)
        if attached and not _OPTION.fullmatch(word.raw):
            yield _unit(word, word, word.text[attached.end() :], word.start + attached.end())
        elif _OPTION.fullmatch(word.raw) and number + 1 < len(words):
            value = words[number + 1]
            yield _unit(word, value, value.text, value.start)


def _unit(option: Word, word: Word, text: str, start: int) -> Unit:
    raw = word.raw[start - word.start :]
    content = start + (2 if raw.startswith("$'") else 1 if raw[:1] in ("'", '"') else 0)
    name, colon, value = text.partition(":")
    plain = re.fullmatch(r"[\w-]+", name) is not None and word.raw[content - word.start :].startswith(f"{name}:")
    return Unit(option, word, name if colon and plain else "", value.strip(), content)


def option_text(unit: Unit) -> str:
    """The option of a header as it is written before another one, with the gap between them."""
    if unit.option is unit.word:
        return "--header=" if unit.option.raw.startswith("--header=") else "-H"
    return "--header " if unit.option.raw == "--header" else "-H "


def data(command: Command) -> Iterator[Span]:
    """Where the words stand that say what a command sends."""
    words = command.words
    for number, word in enumerate(words):
        if _DATA.fullmatch(word.raw) and number + 1 < len(words):
            yield words[number + 1].start, words[number + 1].end
        elif _DATA_ATTACHED.match(word.raw):
            yield word.start, word.end


def configs(command: Command) -> Iterator[str]:
    """The files of options that a command is given, with flags before or the name behind in the same word or not."""
    words, of_curl = command.words, not command.words[0].text.startswith("wget")
    for word, behind in zip(words, (*(each.raw for each in words[1:]), ""), strict=True):
        if (
            (of_curl or word.raw.startswith("--"))
            and (match := _CONFIG.fullmatch(word.raw))
            and (match["file"] or behind)
        ):
            yield match["file"] or behind


def may_be_elsewhere(command: Command, units: list[Unit]) -> bool:
    """Whether headers of a command may stand elsewhere: in a file, in a variable."""
    loose = (word for word in command.words[1:] if HELD.fullmatch(word.text) and "[" in word.text)
    return any(not unit.name for unit in units) or any(loose) or any(configs(command))
