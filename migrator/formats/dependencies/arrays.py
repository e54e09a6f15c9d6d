"""Requirements as strings in a list, as TOML, Python and YAML's `[a, b]` write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from migrator.formats.dependencies.stated import Edits, Stated, line_after, line_around, spelt
from migrator.line_ends import newline_of
from migrator.sites import Edit

_AFTER = re.compile(r"[ \t]*,[ \t]*")
_BEFORE = re.compile(r",[ \t]*$")
_REST = re.compile(r"[ \t]*,?[ \t]*(?:#[^\r\n]*)?\r?\n")


@dataclass(frozen=True, slots=True)
class Item:
    """A string of a list: where it stands with its quotes, and the requirement in it, if it is one."""

    start: int
    end: int
    stated: Stated | None


@dataclass(frozen=True, slots=True)
class Array:
    """A list of strings; `bare` where each is no more than the name of a requirement stated elsewhere."""

    text: str
    items: Sequence[Item]
    bare: bool = False

    @property
    def stated(self) -> Sequence[Stated]:
        return [item.stated for item in self.items if item.stated]

    def instead(self, one: Stated, new: Stated) -> Edits:
        return (Edit(one.begin, one.end, self._spelt(new)),)

    def beside(self, one: Stated, *new: Stated) -> Edits:
        item = self._item(one)
        quote, rest = self.text[item.start : one.begin], self.text[one.end : item.end]
        added = [f"{quote}{self._spelt(each)}{rest}" for each in new]
        start, _ = line_around(self.text, item.start, item.end)
        if not self._alone(item):
            return (Edit(item.end, item.end, "".join(f", {each}" for each in added)),)
        indent = self.text[start : item.start]
        comma = _AFTER.match(self.text, item.end)
        line = line_around(self.text, item.start, item.end)
        if comma:
            return (line_after(self.text, line, *(f"{indent}{each}," for each in added)),)
        comment = self.text[item.end : line[1]].rstrip("\r\n")
        between = f"{newline_of(self.text)}{indent}"
        lines = between + f",{between}".join(added)
        return (Edit(item.end, item.end + len(comment), f",{comment}{lines}"),)

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        edits: list[Edits] = []
        taken = 0
        for one in gone:
            item = self._item(one)
            start, end = item.start, item.end
            line, _ = line_around(self.text, start, end)
            before, after = _BEFORE.search(self.text, line, start), _AFTER.match(self.text, end)
            if self._alone(item):
                start, end = line_around(self.text, start, end)
            elif after:
                end = after.end()
            elif before and before.start() >= taken:
                start = before.start()
            edits.append((Edit(start, end, ""),))
            taken = end
        return edits

    def _spelt(self, new: Stated) -> str:
        return new.name if self.bare else spelt(new)

    def _item(self, one: Stated) -> Item:
        return next(item for item in self.items if item.stated is one)

    def _alone(self, item: Item) -> bool:
        """Whether nothing else stands on the lines of an item."""
        start, _ = line_around(self.text, item.start, item.end)
        return not self.text[start : item.start].strip() and _REST.match(self.text, item.end) is not None
