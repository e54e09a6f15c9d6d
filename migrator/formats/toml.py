"""TOML files: sections that moved, in every spelling, and old names in keys and strings.

`tomlkit` reads what a text holds and how it is spelt, from which follows where everything stands: edits are spans of
the text. `tomllib` judges the moves: the data must be the data before with exactly those keys moved.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from migrator.formats import Context, config
from migrator.formats.search import (
    Moved,
    apart,
    apply,
    distribution,
    exact,
    line_of,
    moved,
    prose,
    renamed,
    settings_in,
)
from migrator.names import Names, say_env
from migrator.primitives import Setting
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from tomlkit.items import Item, Key

    Body = Iterable[tuple[Key | None, Item]]

_HEADER = re.compile(r"^[ \t]*\[[^\r\n]*\][ \t]*(?:#[^\r\n]*)?(?=\r?$)", re.MULTILINE)
_GAP = re.compile(r"[\s,]+|#[^\r\n]*")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:[\[(<>=!~;@].*)?$", re.DOTALL)
_DEPENDENCIES = re.compile(r"depend|require|packages")
_OWN = ("tool", "migrate")  # the toolkit's own table names old things on purpose

Path = tuple[str, ...]


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Moved settings, renamed keys and strings, flagged dependencies; comments are prose.

    A text that is no TOML (a template, an excerpt) is searched as plain configuration.
    """
    try:
        tomllib.loads(text)
        layout = _Layout(text)
    except ValueError:
        return config.find(text, names, context)
    words = (*layout.comments, *layout.strings)
    inner = apart(
        _keys(text, layout, names),
        _dependencies(layout, names),
        (f for s in layout.strings for search in (exact, settings_in) for f in search(s.text, names, s.start)),
        (f for p in words for f in prose(p.text, names, p.start, edit=context.edit_prose)),
    )
    return apart(_moves(text, layout, names, inner), inner)


# ---------------------------------------------------------------------------------------------------------- layout


@dataclass(frozen=True, slots=True)
class _Piece:
    """A key, the inside of a string, or a comment: what it says, where, and the path it stands at."""

    text: str
    start: int
    end: int
    path: Path


@dataclass(slots=True, eq=False)
class _Node:
    """A header or a `key = value`, and what stands below it; the root, and a table in an array, have no keys."""

    kind: str  # how it is written: [, [[ or =
    path: Path = ()
    outer: _Node | None = None  # of a `key = value`
    keys: Sequence[_Piece] = ()
    value: int = 0
    end: int = 0
    items: list[_Node] | None = None

    @property
    def start(self) -> int:
        return self.keys[0].start

    @property
    def full(self) -> Path:
        return (*self.path, *(key.text for key in self.keys))


class _Layout:
    """Where everything in a valid TOML text stands; ValueError where `tomlkit` reads it in another way.

    `tomlkit` gets one section after the other: in a whole text it gathers the tables of an array from wherever they
    stand, and needs quadratic time for the dotted keys below a header.
    """

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.nodes: list[_Node] = []
        self.strings: list[_Piece] = []
        self.comments: list[_Piece] = []
        self.places: dict[tuple[_Node | None, Path], int] = {}  # where a path is first written, and where below a node
        for (_, body), (end, _) in pairwise((*_sections(text), (len(text), 0))):
            self._section(body, end)

    def _section(self, body: int, end: int) -> None:
        from tomlkit import parse

        table = _Node("[")
        if self.at < body:
            table.kind = "[[" if self.text.startswith("[[", self.at) else "["
            header = parse(self.text[self.at : body])
            self._take(table.kind)
            self._gap(())
            self._name(table, _header(header.body))
            self._take("]" * len(table.kind))
        self._below(table, parse(self.text[body:end]).body)

    def _below(self, node: _Node, body: Body) -> None:
        """The statements of a section, or of an inline table."""
        node.items = []
        for keys, item in _statements(body):
            self._gap(node.full)
            entry = _Node("=", node.full, node)
            self._name(entry, keys)
            entry.value = self.at
            self._value(entry, item)
            entry.end = self.at
            node.items.append(entry)
        self._gap(node.full)

    def _value(self, node: _Node, item: Item) -> None:
        from tomlkit.items import Array, InlineTable, String

        if isinstance(item, InlineTable):
            self._take("{")
            self._below(node, item.value.body)
            self._take("}")
        elif isinstance(item, Array):
            self._take("[")
            for part in item:
                self._gap(node.full)
                self._value(_Node("=", node.full, node), part)
            self._gap(node.full)
            self._take("]")
        else:
            start, end = self._take(item.as_string())
            if isinstance(item, String):
                quotes = 3 if self.text[start : start + 3] in ('"""', "'''") else 1
                self._note(self.strings, start + quotes, end - quotes, node.full)

    def _name(self, node: _Node, keys: Iterable[Key]) -> None:
        """Step over the keys of a header or a statement, and the space, dot or equals sign after each."""
        for key in keys:
            start, end = self._take(key.as_string().strip())
            if self.text[start] in "\"'":
                self._note(self.strings, start + 1, end - 1, node.full)
            node.keys = (*node.keys, _Piece(key.key, start, end, node.full))
            while self.text[self.at] in " \t.=":
                self.at += 1
            self.places.setdefault((None, node.full), node.start)
            self.places.setdefault((node.outer, node.full), node.start)
        if node.full[:2] != _OWN:
            self.nodes.append(node)

    def _gap(self, path: Path) -> None:
        """Step over space, commas and comments."""
        while match := _GAP.match(self.text, self.at):
            self.at = match.end()
            if match[0][0] == "#":
                self._note(self.comments, *match.span(), path)

    def _note(self, pieces: list[_Piece], start: int, end: int, path: Path) -> None:
        if path[:2] != _OWN:
            pieces.append(_Piece(self.text[start:end], start, end, path))

    def _take(self, raw: str) -> tuple[int, int]:
        """Step over `raw`, which is to stand here; where it starts and ends."""
        if not self.text.startswith(raw, self.at):
            raise ValueError(f"line {line_of(self.text, self.at)}: {raw} is expected here")
        start, self.at = self.at, self.at + len(raw)
        return start, self.at


def _sections(text: str) -> Iterator[tuple[int, int]]:
    """Where the root and each section starts, and where the header of each ends.

    What looks like a header is one unless it stands in a string or an array: what comes before it is incomplete then.
    """
    start = 0
    yield 0, 0
    for match in _HEADER.finditer(text):
        try:
            tomllib.loads(text[start : match.start()])
        except tomllib.TOMLDecodeError:
            continue
        start = match.start()
        yield match.span()


def _header(body: Body) -> Iterator[Key]:
    """The keys of a header, each of which `tomlkit` makes a table that holds the next one."""
    from tomlkit.items import AoT, Table

    for key, item in body:
        table = item[0] if isinstance(item, AoT) else item
        if key and isinstance(table, Table):
            yield key
            yield from _header(table.value.body)


def _statements(body: Body, above: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Item]]:
    """Each `key = value`, with all keys of a dotted one, of which `tomlkit` makes tables."""
    from tomlkit.items import Table

    for key, item in body:
        if key and isinstance(item, Table):
            yield from _statements(item.value.body, (*above, key))
        elif key:
            yield (*above, key), item


# --------------------------------------------------------------------------------------------------- keys, strings


def _keys(text: str, layout: _Layout, names: Names) -> Iterator[Finding]:
    """Keys that are environment variables."""
    for node in layout.nodes:
        for key in node.keys:
            renaming = names.env(key.text)
            if renaming is None:
                continue
            new, rule = renaming
            taken = layout.places.get((node.outer, (*key.path, new)))
            if taken is not None:
                said = f"{new} is already set on line {line_of(text, taken)}: remove this one or that one"
                yield Finding(key.start, rule.id, Status.MANUAL, said)
            else:
                start = text.find(key.text, key.start, key.end)
                span = (start, start + len(key.text)) if start >= 0 else (key.start, key.end)
                yield renamed(span, 0, new, rule.id, Status(rule.status), say_env(key.text, new, rule))


def _dependencies(layout: _Layout, names: Names) -> Iterator[Finding]:
    """Flagged distributions: `"name>=1"` in a list of dependencies, or `name = "^1"` in a table of them."""
    named = [(node.keys[0].text, node.start, node.path) for node in layout.nodes]
    requirements = ((piece, _REQUIREMENT.match(piece.text)) for piece in layout.strings)
    named += [(match[1], piece.start + match.start(1), piece.path) for piece, match in requirements if match]
    for name, start, path in named:
        flag = distribution(name, names) if any(_DEPENDENCIES.search(part) for part in path) else None
        if flag:
            yield Finding(start, flag.id, Status.MANUAL, flag.message)


# -------------------------------------------------------------------------------------------------- moved settings

Group = tuple[Path, Setting]  # all places of a setting below one prefix: they move together, or none does
Groups = Mapping[Group, Sequence[Finding]]


def _moves(text: str, layout: _Layout, names: Names, inner: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of moved settings."""
    groups: dict[Group, list[Finding]] = {}
    for group, finding in _places(text, layout, names, inner):
        groups.setdefault(group, []).append(finding)
    there = _there(text, groups) if groups else {}
    free = [group for group, both in there.items() if both is None and all(f.edits for f in groups[group])]
    movable = {group: groups[group] for group in free}
    if movable and not _moves_only(text, movable, inner):
        movable = {}
    for (prefix, rule), found in groups.items():
        if (prefix, rule) in movable:
            yield from found
            continue
        status, said = Status.MANUAL, f"{rule.old} is {rule.new} now: this spelling has to be moved by hand"
        both = there.get((prefix, rule))
        if both is not None:
            new = (*prefix, *rule.new.split("."))
            which = f"{'.'.join(new)} is already there on line {line_of(text, layout.places[None, new])}"
            keys = f"both set {', '.join(sorted(both))}" if both else "no key is in both"
            status, said = Status.REVIEW, f"{rule.old} → {rule.new}, but {which}: merge them by hand, {keys}"
        yield from (Finding(f.start, rule.id, status, said) for f in found)


def _places(text: str, layout: _Layout, names: Names, inner: Sequence[Finding]) -> Iterator[tuple[Group, Finding]]:
    """Every place of a setting, with the edits that move it; without where its spelling has to be moved by hand."""
    below: dict[_Node, tuple[Moved, list[_Node]]] = {}
    for node in layout.nodes:
        move, above = moved(node.full, names), len(node.path)
        if move is None or move.at + move.size <= above:
            continue
        group = node.full[: move.at], move.rule
        if move.at >= above:
            first, last = node.keys[move.at - above], node.keys[move.at + move.size - above - 1]
            yield group, _finding(first.start, move.rule, [Edit(first.start, last.end, move.rule.new)])
        elif node.outer and node.outer.kind == "=":
            yield group, _from_inline(text, node, node.outer, move, inner)
        elif node.outer:
            below.setdefault(node.outer, (move, []))[1].append(node)
    for table, (move, nodes) in below.items():
        yield (table.full[: move.at], move.rule), _from_table(text, table, nodes, move, inner)


def _finding(start: int, rule: Setting, edits: Iterable[Edit], inside: Sequence[Finding] = ()) -> Finding:
    """The finding of one place; `inside` is what is renamed in text that the edits delete here and insert there."""
    said = "; ".join([f"{rule.old} → {rule.new}", *(f.message for f in inside)])
    differs = any(f.status is Status.REVIEW for f in inside)
    return Finding(start, rule.id, Status.REVIEW if differs else Status.MIGRATED, said, tuple(edits))


def _from_inline(text: str, node: _Node, outer: _Node, move: Moved, inner: Sequence[Finding]) -> Finding:
    """`a = { b = VALUE }`: `new = VALUE` takes the place of `a`, or follows it where `a` holds more."""
    items, above = outer.items or [], len(outer.path)
    if not outer.keys or move.at < above or move.at + move.size != len(node.full):
        return _finding(node.start, move.rule, ())
    begin = outer.keys[move.at - above].start
    renames = _inside(inner, outer.start, begin)
    key = apply(text[outer.start : begin], renames, outer.start) + move.rule.new
    if len(items) == 1:
        around = Edit(outer.start, node.value, f"{key} = "), Edit(node.end, outer.end, "")
        return _finding(node.start, move.rule, around, renames)
    index = items.index(node)
    gone = Edit(items[index - 1].end, node.end, "") if index else Edit(node.start, items[1].start, "")
    inside = _inside(inner, node.value, node.end)
    value = apply(text[node.value : node.end], inside, node.value)
    at, lead = outer.end, ", "
    if outer.outer and outer.outer.kind != "=":
        at, lead = len(text[: _line_end(text, outer.end)].rstrip("\r\n")), _newline(text)
    return _finding(node.start, move.rule, (gone, Edit(at, at, f"{lead}{key} = {value}")), inside)


def _from_table(text: str, table: _Node, nodes: list[_Node], move: Moved, inner: Sequence[Finding]) -> Finding:
    """`[a]` with `b.x = 1` below it: those lines go to a table of their own, right after the lines of `[a]`."""
    rest, newline, last = move.at + move.size - len(table.full), _newline(text), (table.items or nodes)[-1]
    if table.kind == "[[" or any(rest == len(node.keys) and node.items is None for node in nodes):
        return _finding(nodes[0].start, move.rule, ())
    gone: list[Edit] = []
    inside: list[Finding] = []
    body = ""
    for node in nodes:
        begin, end = _block(text, node.start), _line_end(text, node.end)
        cut = _finding(node.start, move.rule, _unwrapped(node, rest, newline))
        kept = apart([cut], _inside(inner, begin, end))
        inside += (finding for finding in kept if finding is not cut)
        gone.append(Edit(begin, end, ""))
        body += apply(text[begin:end], kept, begin)
        body += "" if body.endswith("\n") else newline
    at = _line_end(text, last.end)
    begin = table.keys[move.at].start
    header = apply(text[table.start : begin], _inside(inner, table.start, begin), table.start) + move.rule.new
    lead = "" if text[at - 1] == "\n" or nodes[-1] is last else newline
    body = body if text[at - 1] == "\n" else body.removesuffix(newline)
    gone.append(Edit(at, at, f"{lead}{newline}[{header}]{newline}{body}"))
    return _finding(nodes[0].start, move.rule, gone, inside)


def _unwrapped(node: _Node, rest: int, newline: str) -> Iterator[Edit]:
    """The edits that leave `x = 1` of `b.x = 1`, and the items of `b = { x = 1, y = 2 }` on a line each."""
    if rest < len(node.keys):
        yield Edit(node.start, node.keys[rest].start, "")
        return
    edges = [node.start, *(edge for item in node.items or () for edge in (item.start, item.end)), node.end]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield Edit(start, end, newline if node.start < start and end < node.end else "")


def _inside(inner: Sequence[Finding], start: int, end: int) -> tuple[Finding, ...]:
    """The findings whose edits lie in a span."""
    return tuple(f for f in inner if f.edits and start <= f.edits[0].start and f.edits[-1].end <= end)


def _block(text: str, at: int) -> int:
    """Where the line of a statement starts, with the comment lines right above it."""
    start = text.rfind("\n", 0, at) + 1
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _line_end(text: str, at: int) -> int:
    """Where the line after the one of `at` starts."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


# ------------------------------------------------------------------------------------------------ judging by data

Place = tuple[str | int, ...]  # in the data: a path that has the index of each item of an array as well


def _moves_only(text: str, groups: Groups, inner: Sequence[Finding]) -> bool:
    """Whether the edits of the groups do to the data what their rules say, and nothing else."""
    old = _leaves(text)
    try:
        before, after = _leaves(apply(text, inner)), _leaves(apply(text, apart(*groups.values(), inner)))
        expected = dict(zip(old, before.items(), strict=True))
    except ValueError:  # other edits have made one of two keys, or no TOML
        return False
    for (_, rule), place, at, end in _targets(old, groups):
        now, value = expected[place]
        expected[place] = (*now[:at], *rule.new.split("."), *now[end:]), value
    left = dict(expected.values())
    kept = all(after.get(place) == value for place, value in left.items())
    return kept and all(value == {} for place, value in after.items() if place not in left)  # emptied by the move


def _there(text: str, groups: Groups) -> dict[Group, set[str] | None]:
    """The groups that the data has as tables in tables; those whose new section it has too with the keys in both."""
    leaves = _leaves(text)
    known = {place[:size] for place in leaves for size in range(1, len(place) + 1)}
    there: dict[Group, set[str] | None] = {}
    for group, place, at, end in _targets(leaves, groups):
        new, both = (*place[:at], *group[1].new.split(".")), there.setdefault(group, None)
        if new in known:
            there[group] = (both or set()) | {str(key) for key in place[end : end + 1] if (*new, key) in known}
    return there


def _targets(places: Iterable[Place], groups: Groups) -> Iterator[tuple[Group, Place, int, int]]:
    """The places that move, each with its group, and where in it the old section begins and ends."""
    rules = {rule: tuple(rule.old.split(".")) for _, rule in groups}
    for place in places:
        for at in range(len(place)):
            prefix = tuple(key for key in place[:at] if isinstance(key, str))
            for rule, old in rules.items():
                if place[at : at + len(old)] == old and (prefix, rule) in groups:
                    yield (prefix, rule), place, at, at + len(old)


def _leaves(text: str) -> dict[Place, Any]:
    """The values of a TOML text that hold no others."""
    return dict(_below(tomllib.loads(text, parse_float=str), ()))


def _below(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(parts, dict) or not parts:
        yield place, value
    else:
        for key, part in parts.items():
            yield from _below(part, (*place, key))
