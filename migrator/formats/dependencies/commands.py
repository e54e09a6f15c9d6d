"""Commands that install: `pip install`, `uv add`, `poetry add` and their like, wherever a text holds a command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.fates.names import Names
from migrator.formats.dependencies.lines import SOURCE, sourced
from migrator.formats.dependencies.stated import Edits, Manner, Stated, read, settle, spelt
from migrator.formats.dependencies.words import behind, enclosing, unlisted
from migrator.sites import Edit, Finding, Status

_COMMAND = re.compile(
    r"""(?<![\w./-])(?:
        (?P<tool>pipx[ ]+(?:install|run|upgrade)|uv[ ]+tool[ ]+(?:install|run|upgrade)|uvx)
      | (?:pip(?:3(?:\.\d+)?)?|pipenv|poetry|pdm|rye|conda|mamba|micromamba|uv(?:[ ]+pip)?)
        (?:[ ]+--?[a-z][\w-]*(?:=\S+)?)*[ ]+(?:install|add)
      | uv[ ]+run(?=[ ][^\n]*--with)
    )(?=[ \t\\])""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"""(?P<quote>\\?["'])(?P<content>[^"'\\]*)(?P=quote)""")
_TAIL = re.compile(r"[.,:]*(?:</[^<>]*>?.*)?$", re.DOTALL)  # of a sentence, of markup
_TAKES_VALUE = re.compile(
    r"-[rceiftpGn]|--(?:requirement|constraint|editable|index(?:-url)?|extra(?:-index-url)?|find-links|target|python|group"
    r"|optional|name|channel|prefix|root|source|platform)"
)
_NEAR = 1000  # characters before a command that may open a comment
_UNQUOTED = re.compile(r"[\w.\[\]=+-]*")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)[^\r\n]*$")
_NESTED = "put {new} here by hand, no quotes are left for it"
_POETRY = re.compile(r"([\w.-]+)@([\^~\d][\w.]*|latest)")


@dataclass(frozen=True, slots=True)
class _Words:
    """The requirements of one command; `spans` are their words with the space before, `quotes` those around them."""

    text: str
    stated: Sequence[Stated]
    spans: dict[int, tuple[int, int]]  # by where a requirement begins
    quotes: dict[int, str]
    inside: str  # the quotes that the whole command stands in
    words: int
    gap: str = " "

    def instead(self, one: Stated, new: Stated) -> Edits:
        said = spelt(new)
        return (Edit(one.begin, one.end, said if self.quotes[one.begin] else self._quoted(said)),)

    def beside(self, one: Stated, *new: Stated) -> Edits:
        quote, (_, end) = self.quotes[one.begin], self.spans[one.begin]
        said = (f"{quote}{spelt(each)}{quote}" if quote else self._quoted(spelt(each)) for each in new)
        return (Edit(end, end, "".join(f"{self.gap}{each}" for each in said)),)

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        if len(gone) == self.words:
            return [()] * len(gone)
        return [(Edit(*self.spans[one.begin], ""),) for one in gone]

    def _quoted(self, said: str) -> str:
        """A word that a shell leaves alone, as can be written where the command stands."""
        if _UNQUOTED.fullmatch(said):
            return said
        quote = "'" if '"' in self.inside else '"'
        return f"{quote}{said}{quote}"


def find(text: str, names: Names, kept: frozenset[str], *, prose: bool = False, edit: bool = True) -> Iterator[Finding]:
    """What becomes of the old distributions in the commands of a text, as `review`; in comments, as prose."""
    if "install" not in text and "add" not in text and "uvx" not in text and "--with" not in text:
        return
    written, text = text, unlisted(text)
    for match in _COMMAND.finditer(text):
        line = text[max(text.rfind("\n", 0, match.start()) + 1, match.start() - _NEAR) : match.start()]
        said = prose or _COMMENT.search(line) is not None
        words = _words(text, match.end())
        if written[slice(*match.span())] != match[0]:
            words = replace(words, gap=", ")
        for rule in names.rules.dependencies:
            place = replace(words, stated=[_tool(one) for one in words.stated]) if match["tool"] else words
            can = edit and not match["tool"]
            manner = Manner(rule.id in kept, runs=True, status=Status.REVIEW, prose=said, edited=can)
            yield from settle(place, rule, manner)


def _tool(one: Stated) -> Stated:
    return replace(one, locked=f"{one.name} is installed for its command here: say what takes the place of that")


def _words(text: str, at: int) -> _Words:
    """The words of a command from `at`, which is behind its name."""
    stated: list[Stated] = []
    spans: dict[int, tuple[int, int]] = {}
    quotes: dict[int, str] = {}
    inside = "".join(enclosing(text, at))
    skip, words, last = False, 0, at
    for word in behind(text, at):
        before, last = last, word.end
        if skip or word.text.startswith("-"):
            skip = not skip and _TAKES_VALUE.fullmatch(word.text) is not None
            continue
        words += 1
        quoted = _QUOTED.fullmatch(word.raw)
        quote, said = (quoted["quote"], quoted["content"]) if quoted else ("", _TAIL.sub("", word.raw))
        if one := _requirement(said, word.start + len(quote)):
            stated.append(replace(one, alone="" if quote or not {"'", '"'} <= set(inside) else _NESTED))
            end = word.end if quoted else word.start + len(said)
            spans[one.begin], quotes[one.begin] = (before, end), quote
    return _Words(text, stated, spans, quotes, inside, words)


def _requirement(word: str, at: int) -> Stated | None:
    source = SOURCE.match(word)
    if source:
        return sourced(source, at, at)
    pinned = _POETRY.fullmatch(word)
    if pinned:
        version = f"=={pinned[2]}" if pinned[2][0].isdigit() else ""
        return Stated(pinned[1], at, at + len(word), version)
    return read(word, at)
