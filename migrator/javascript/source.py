"""Scripts as syntax trees: a whole file, or the script blocks of a Vue or Svelte component.

Offsets are in characters of the file's text. Edits are made on that text, so nothing else of it changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ast_grep_py import SgNode, SgRoot

from migrator.javascript.scopes import Scopes
from migrator.sites import Edit

if TYPE_CHECKING:
    from migrator.javascript.standing import Standing

_LANGUAGES = {
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), "javascript"),
    **dict.fromkeys(("ts", "mts", "cts"), "typescript"),
    "tsx": "tsx",
}
_USES = ("identifier", "type_identifier", "shorthand_property_identifier")
_BLOCK = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<code>.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_LANG = re.compile(r"""\blang\s*=\s*["']?(ts|tsx|typescript|jsx|js)\b""")


@dataclass(frozen=True)
class Script:
    """One program; `offset` is where its code begins in the file."""

    root: SgNode
    offset: int

    @cached_property
    def scopes(self) -> Scopes:
        return Scopes(self.root)

    def start(self, node: SgNode) -> int:
        return self.offset + node.range().start.index

    def end(self, node: SgNode) -> int:
        return self.offset + node.range().end.index

    def edit(self, node: SgNode, text: str) -> Edit:
        """The edit that puts `text` in the place of a node."""
        return Edit(self.start(node), self.end(node), text)

    def all(self, *kinds: str) -> list[SgNode]:
        """Every node of these kinds, in the order of the text."""
        found = [node for kind in kinds for node in self._by_kind.get(kind, ())]
        return found if len(kinds) == 1 else sorted(found, key=lambda node: node.range().start.index)

    @cached_property
    def _by_kind(self) -> dict[str, list[SgNode]]:
        # Not `find_all`, which refuses kinds that one of the grammars has and another has not.
        found: dict[str, list[SgNode]] = {}
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            found.setdefault(node.kind(), []).append(node)
            waiting += reversed(node.named_children())
        return found

    @cached_property
    def standing(self) -> Standing:
        """What the names of the script stand for."""
        from migrator.javascript.standing import Standing  # which asks for what is here

        return Standing(self)

    @cached_property
    def bound(self) -> Bound:
        """The places where a name stands in the script, by where it is declared for each."""
        return Bound(self)

    def named(self, name: str) -> list[SgNode]:
        """Every place where a name stands, in order."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[SgNode]]:
        found: dict[str, list[SgNode]] = {}
        for node in self.all(*_USES):
            found.setdefault(node.text(), []).append(node)
        return found

    def fault(self) -> int | None:
        """Where the code cannot be parsed, from the start of the file; None where all of it can."""
        wrong = self.root.find(kind="ERROR")
        return None if wrong is None else self.start(wrong)


class Bound(dict[str, dict[tuple[int, int], list[SgNode]]]):
    """Name -> where it is declared -> the places where it stands for that, in order; read where they are asked for."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    def __missing__(self, name: str) -> dict[tuple[int, int], list[SgNode]]:
        found: dict[tuple[int, int], list[SgNode]] = {}
        for node in self._script.named(name):
            if binding := self._script.scopes.resolve(node):
                found.setdefault(binding.key, []).append(node)
        self[name] = found
        return found


def scripts(text: str, path: str) -> list[Script]:
    """The programs of a file, in order; a component without a script block has none."""
    suffix = PurePosixPath(path).suffix[1:].lower()
    if suffix in _LANGUAGES:
        return [Script(_parsed(text, _LANGUAGES[suffix]), 0)]
    return list(_blocks(text))


def _blocks(text: str) -> Iterator[Script]:
    for match in _BLOCK.finditer(text):
        lang = _LANG.search(match["attributes"])
        kind = lang[1].replace("typescript", "ts") if lang else "js"
        yield Script(_parsed(match["code"], _LANGUAGES[kind]), match.start("code"))


def _parsed(code: str, language: str) -> SgNode:
    return SgRoot(code, language).root()


def validate(text: str, path: str) -> None:
    """Raise ValueError, with one line, when a program of the file does not parse."""
    for script in scripts(text, path):
        at = script.fault()
        if at is not None:
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"line {line}: the script cannot be parsed")


def span(node: SgNode) -> tuple[int, int, str]:
    """What tells a node from all others of its tree."""
    place = node.range()
    return place.start.index, place.end.index, node.kind()


def within(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a place is in one of several parts of a text."""
    return any(start <= at < end for start, end in spans)


def string_of(node: SgNode | None) -> str | None:
    """The text of a string without anything computed in it; None for any other node."""
    if node is None or node.kind() not in {"string", "template_string"}:
        return None
    if any(child.kind() in {"template_substitution", "escape_sequence"} for child in node.children()):
        return None
    return node.text()[1:-1]
