"""Dependencies in YAML: environment.yml, conda recipes, the hooks of pre-commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.fates.names import Names
from migrator.formats.dependencies.arrays import Array, Item
from migrator.formats.dependencies.stated import Edits, Manner, Stated, cut, line_after, read, settle, spelt
from migrator.formats.search import lines
from migrator.sites import Edit, Finding

_KEYS = frozenset({"dependencies", "pip", "additional_dependencies", "requirements", "run"})
_KEY = re.compile(r"([ ]*)((?:-[ ]+)?)([\w.-]+)[ ]*:[ ]*(?:#.*)?$")
_ITEM = re.compile(
    r"""[ ]*-[ ]+(?:"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s"'#][^"'#]*?))[ ]*(?:#.*)?$"""
)
_FLOW = re.compile(r"^[ -]*(?:additional_dependencies|dependencies|pip)[ ]*:[ ]*\[(?P<items>[^\]{}]*)\]", re.MULTILINE)
_PART = re.compile(
    r"""(?P<quote>["'])(?P<said>[^"'\r\n]*)(?P=quote)|(?P<plain>[^\s,"'][^,"'\r\n]*?)(?=\s*(?:,|$))""", re.MULTILINE
)
_CHANNEL = re.compile(r"[\w-]+::")
_LOOSE = re.compile(r"([\w.-]+)[ ]+([<>=!~].*|\d.*)")  # as conda writes `name >=1` and `name 1.2`


@dataclass(frozen=True)
class _Items:
    """The items of one list, each on a line of its own; conda, unlike pip, knows no extras."""

    text: str
    spans: dict[int, tuple[int, int]]  # by where a requirement begins
    stated: Sequence[Stated]
    conda: bool

    def instead(self, one: Stated, new: Stated) -> Edits:
        return (Edit(one.begin, one.end, self._spelt(new)),)

    def beside(self, one: Stated, *new: Stated) -> Edits:
        start, end = self.spans[one.begin]
        line = self.text[start:end].rstrip("\r\n").partition(" #")[0].rstrip()
        before, after = line[: one.begin - start], line[one.end - start :]
        return (line_after(self.text, (start, end), *(f"{before}{self._spelt(each)}{after}" for each in new)),)

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        return cut(self.text, [self.spans[one.begin] for one in gone])

    def _spelt(self, new: Stated) -> str:
        return spelt(replace(new, extras=()) if self.conda else new)


def find(text: str, names: Names, kept: frozenset[str]) -> Iterator[Finding]:
    """What becomes of the old distributions in the block lists of dependencies of a YAML text."""
    for items in _lists(text):
        for rule in names.rules.dependencies:
            yield from settle(items, rule, Manner(rule.id in kept))
    for array in _flow(text):
        for rule in names.rules.dependencies:
            yield from settle(array, rule, Manner(rule.id in kept))


def _flow(text: str) -> Iterator[Array]:
    """`additional_dependencies: [a, "b"]`: what has no quotes is left alone, as it may hold no comma."""
    for match in _FLOW.finditer(text):
        items = []
        for part in _PART.finditer(text, match.start("items"), match.end("items")):
            said = "said" if part["quote"] else "plain"
            one = read(part[said], part.start(said))
            if one and not part["quote"]:
                one = replace(one, locked=f"{one.name} stands in a list without quotes: change it by hand")
            items.append(Item(part.start(), part.end(), one))
        yield Array(text, items)


def _lists(text: str) -> Iterator[_Items]:
    """The lists below a key of dependencies, the innermost apart from those around them."""
    open_: list[tuple[int, str, list[tuple[Stated, tuple[int, int]]]]] = []  # indent, key, its items
    done = []
    for start, line in lines(text):
        bare = line.rstrip("\r\n")
        if not bare.strip() or bare.lstrip().startswith("#"):
            continue
        indent = len(bare) - len(bare.lstrip(" "))
        item, key = _ITEM.match(bare), _KEY.match(bare)
        dashed = bare.lstrip().startswith("-")
        while open_ and (indent < open_[-1][0] or (indent == open_[-1][0] and not dashed)):
            done.append(open_.pop())
        if key:
            if key[2]:
                while open_ and open_[-1][0] > indent:
                    done.append(open_.pop())
            open_.append((indent + len(key[2]), key[3], []))
        elif item and open_ and open_[-1][1] in _KEYS:
            said = item.lastgroup or ""
            one = _stated(item[said], start + item.start(said), conda=_is_conda(open_[-1][1]))
            if one:
                open_[-1][2].append((one, (start, start + len(line))))
    for _, key_name, found in (*done, *open_):
        if found:
            spans = {one.begin: span for one, span in found}
            yield _Items(text, spans, [one for one, _ in found], _is_conda(key_name))


def _is_conda(key: str) -> bool:
    return key in ("dependencies", "run")


def _stated(said: str, at: int, *, conda: bool) -> Stated | None:
    channel = _CHANNEL.match(said) if conda else None
    if channel:
        one = _stated(said[channel.end() :], at + channel.end(), conda=conda)
        return replace(one, begin=at, start=one.begin) if one else None
    loose = _LOOSE.fullmatch(said) if conda else None
    if loose and not loose[2].startswith(("<", ">", "!", "~")):
        return Stated(loose[1], at, at + len(said), f"=={loose[2].lstrip('=')}")
    return read(said, at)
