"""TOML files: sections that moved, in every spelling, and old names in keys and strings.

Places are found by a small scanner, since edits are spans of the text; `tomllib` then judges each move: the data
afterwards must be the data before with exactly that key moved, or nothing is edited.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

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

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:[\[(<>=!~;@].*)?$", re.DOTALL)
_DEPENDENCIES = re.compile(r"depend|require|packages")

Path = tuple[str, ...]
Data = dict[str, Any]


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Moved settings, renamed keys and strings, flagged dependencies; comments are prose.

    A text that is no TOML (a template, an excerpt) is searched as plain configuration.
    """
    try:
        data = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError:
        return config.find(text, names, context)
    scan = _Scan(text)
    inner = apart(
        _keys(text, scan, names),
        _dependencies(scan, names),
        _strings(scan, names),
        _prose(scan, names, edit=context.edit_prose),
    )
    return apart(_moves(text, data, scan, names, inner), inner)


# -------------------------------------------------------------------------------------------------------- scanning


@dataclass(frozen=True, slots=True)
class _Piece:
    """A key, the inside of a string, or a comment: its text as written, where, and the path it stands at."""

    text: str
    start: int
    end: int
    path: Path = ()


@dataclass(slots=True, eq=False)
class _Table:
    """A header with the statements below it; the root has no keys."""

    keys: list[_Piece]
    array: bool
    entries: list[_Entry] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return tuple(key.text for key in self.keys)


@dataclass(slots=True, eq=False)
class _Entry:
    """`keys = value`, as a statement of `table` or within the inline table that is the value of `outer`."""

    path: Path  # of the table it stands in
    keys: list[_Piece]
    siblings: list[_Entry]
    table: _Table
    outer: _Entry | None
    inline: bool
    value: int = 0
    end: int = 0
    items: list[_Entry] | None = None  # of an inline table

    @property
    def start(self) -> int:
        return self.keys[0].start

    @property
    def full(self) -> Path:
        return (*self.path, *(key.text for key in self.keys))


class _Scan:
    """Where everything in a valid TOML text stands."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tables = [_Table([], False)]
        self.entries: list[_Entry] = []
        self.strings: list[_Piece] = []
        self.comments: list[_Piece] = []
        while self._blank(self.tables[-1].path):
            table = self.tables[-1]
            if text[self.at] == "[":
                self._header()
            else:
                self._entry(table.path, table.entries, None, inline=False)

    def all_keys(self) -> Iterator[tuple[Path, list[_Piece], list[_Entry]]]:
        """The dotted keys of headers and entries, each with its path and the entries beside it."""
        yield from ((table.path, table.keys, []) for table in self.tables)
        yield from ((entry.full, entry.keys, entry.siblings) for entry in self.entries)

    def _blank(self, path: Path) -> bool:
        """Skip space, line ends and comments; whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.at
                while end < len(self.text) and self.text[end] not in "\r\n":
                    end += 1
                self.comments.append(_Piece(self.text[self.at : end], self.at, end, path))
                self.at = end
            elif self.text[self.at] in " \t\r\n":
                self.at += 1
            else:
                return True
        return False

    def _header(self) -> None:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        self.tables.append(_Table(self._path(()), array))
        self.at += 2 if array else 1

    def _path(self, above: Path) -> list[_Piece]:
        """The keys of a dotted key; stops at what follows it."""
        keys: list[_Piece] = []
        while True:
            self._space()
            keys.append(self._key((*above, *(key.text for key in keys))))
            self._space()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _key(self, path: Path) -> _Piece:
        start = self.at
        bare = _BARE.match(self.text, start)
        if bare:
            self.at = bare.end()
            return _Piece(bare[0], start, self.at)
        raw = self._string(path)
        text = tomllib.loads(f"key = {raw}")["key"] if "\\" in raw else raw[1:-1]
        return _Piece(text, start, self.at)

    def _string(self, path: Path) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise ValueError(f"no string at {self.at}")
        quotes = 3 if match[0][:3] in ('"""', "'''") else 1
        start, end = match.start() + quotes, match.end() - quotes
        self.strings.append(_Piece(self.text[start:end], start, end, path))
        self.at = match.end()
        return match[0]

    def _space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def _entry(self, path: Path, siblings: list[_Entry], outer: _Entry | None, *, inline: bool) -> None:
        entry = _Entry(path, self._path(path), siblings, self.tables[-1], outer, inline)
        siblings.append(entry)
        self.entries.append(entry)
        self.at += 1  # the equals sign
        self._space()
        entry.value = self.at
        self._value(entry.full, entry)
        entry.end = self.at

    def _value(self, path: Path, entry: _Entry | None) -> None:
        """Step over a value; `entry` is the one it is the whole value of."""
        opening = self.text[self.at]
        if opening in "\"'":
            self._string(path)
        elif opening == "[":
            self._items("]", path, [], None)
        elif opening == "{":
            items: list[_Entry] = []
            if entry:
                entry.items = items
            self._items("}", path, items, entry)
        else:
            match = _SCALAR.match(self.text, self.at)
            self.at += len(match[0].rstrip()) if match else 0

    def _items(self, closing: str, path: Path, items: list[_Entry], outer: _Entry | None) -> None:
        self.at += 1
        while self._blank(path) and self.text[self.at] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "}":
                self._entry(path, items, outer, inline=True)
            else:
                self._value(path, None)
        self.at += 1


# ------------------------------------------------------------------------------------------- keys, strings, comments


def _own(path: Path) -> bool:
    """Whether it is the toolkit's own table, which names old things on purpose."""
    return path[:2] == ("tool", "migrate")


def _keys(text: str, scan: _Scan, names: Names) -> Iterator[Finding]:
    """Keys that are environment variables."""
    for path, keys, siblings in scan.all_keys():
        for index, key in enumerate(keys):
            renaming = names.env(key.text)
            if renaming is None or _own(path):
                continue
            new, rule = renaming
            wanted = [*(k.text for k in keys[:index]), new]
            taken = next((e for e in siblings if [k.text for k in e.keys[: index + 1]] == wanted), None)
            if taken:
                said = f"{new} is already set on line {line_of(text, taken.start)}: remove this one or that one"
                yield Finding(key.start, rule.id, Status.MANUAL, said)
            else:
                start = text.find(key.text, key.start, key.end)
                span = (start, start + len(key.text)) if start >= 0 else (key.start, key.end)
                yield renamed(span, 0, new, rule.id, Status(rule.status), say_env(key.text, new, rule))


def _dependencies(scan: _Scan, names: Names) -> Iterator[Finding]:
    """Flagged distributions: `"name>=1"` in a list of dependencies, or `name = "^1"` in a table of them."""
    for piece in scan.strings:
        match = _REQUIREMENT.match(piece.text)
        if match and _lists_dependencies(piece.path):
            yield from _flagged(match[1], piece.start + match.start(1), names)
    for entry in scan.entries:
        if _lists_dependencies(entry.path):
            yield from _flagged(entry.keys[0].text, entry.start, names)


def _lists_dependencies(path: Path) -> bool:
    return not _own(path) and any(_DEPENDENCIES.search(part) for part in path)


def _flagged(name: str, start: int, names: Names) -> Iterator[Finding]:
    flag = distribution(name, names)
    if flag:
        yield Finding(start, flag.id, Status.MANUAL, flag.message)


def _strings(scan: _Scan, names: Names) -> Iterator[Finding]:
    for piece in scan.strings:
        if not _own(piece.path):
            yield from exact(piece.text, names, piece.start)
            yield from settings_in(piece.text, names, piece.start)


def _prose(scan: _Scan, names: Names, *, edit: bool) -> Iterator[Finding]:
    for piece in (*scan.comments, *scan.strings):
        if not _own(piece.path):
            yield from prose(piece.text, names, piece.start, edit=edit)


# ------------------------------------------------------------------------------------------------------- moved settings


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a setting and the edits that move it; no edits where it cannot be moved."""

    start: int
    edits: tuple[Edit, ...]
    inner: tuple[Finding, ...] = ()  # what they rename on the way, in text that is deleted here and inserted there


@dataclass(frozen=True, slots=True)
class _Group:
    """All places of one setting below one prefix: they move together, or none does."""

    prefix: Path
    rule: Setting
    places: list[_Place] = field(default_factory=list)


def _moves(text: str, data: Data, scan: _Scan, names: Names, inner: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of moved settings."""
    groups: dict[tuple[Path, str], _Group] = {}
    for prefix, rule, place in _places(text, scan, names, inner):
        groups.setdefault((prefix, rule.id), _Group(prefix, rule)).places.append(place)
    movable = []
    for group in groups.values():
        clash = _clash(data, group.prefix, group.rule)
        if clash is not None:
            yield from _there_already(text, scan, group, clash)
        elif all(place.edits for place in group.places):
            movable.append(group)
        else:
            yield from _by_hand(group)
    together = _moves_only(text, movable)
    for group in movable:
        if together or _moves_only(text, [group]):
            yield from (_finding(place, group.rule) for place in group.places)
        else:
            yield from _by_hand(group)


def _there_already(text: str, scan: _Scan, group: _Group, clash: list[str]) -> Iterator[Finding]:
    rule, new = group.rule, (*group.prefix, *group.rule.new.split("."))
    there = f"{'.'.join(new)} is already there on line {line_of(text, _first(scan, new))}"
    both = f"both set {', '.join(clash)}" if clash else "no key is in both"
    said = f"{rule.old} → {rule.new}, but {there}: merge them by hand, {both}"
    yield from (Finding(place.start, rule.id, Status.REVIEW, said) for place in group.places)


def _by_hand(group: _Group) -> Iterator[Finding]:
    said = f"{group.rule.old} is {group.rule.new} now: this spelling has to be moved by hand"
    yield from (Finding(place.start, group.rule.id, Status.MANUAL, said) for place in group.places)


def _finding(place: _Place, rule: Setting) -> Finding:
    said = "; ".join([f"{rule.old} → {rule.new}", *(f.message for f in place.inner)])
    differs = any(f.status is Status.REVIEW for f in place.inner)
    return Finding(place.start, rule.id, Status.REVIEW if differs else Status.MIGRATED, said, place.edits)


def _places(text: str, scan: _Scan, names: Names, inner: Sequence[Finding]) -> Iterator[tuple[Path, Setting, _Place]]:
    for table in scan.tables:
        move = moved(table.path, names)
        if move and not _own(table.path):
            yield table.path[: move.at], move.rule, _rename(table.keys, move.at, move)
    split: dict[int, tuple[Moved, list[_Entry]]] = {}
    for entry in scan.entries:
        move, above = moved(entry.full, names), len(entry.path)
        if move is None or move.at + move.size <= above or _own(entry.full):
            continue
        prefix = entry.full[: move.at]
        if move.at >= above:
            yield prefix, move.rule, _rename(entry.keys, move.at - above, move)
        elif entry.inline:
            yield prefix, move.rule, _from_inline(text, entry, move, inner)
        else:
            split.setdefault(id(entry.table), (move, []))[1].append(entry)
    for move, entries in split.values():
        yield entries[0].full[: move.at], move.rule, _from_table(text, entries, move, inner)


def _rename(keys: list[_Piece], at: int, move: Moved) -> _Place:
    """The keys of a setting stand side by side: put the new ones there."""
    start, end = keys[at].start, keys[at + move.size - 1].end
    return _Place(start, (Edit(start, end, move.rule.new),))


def _from_inline(text: str, entry: _Entry, move: Moved, inner: Sequence[Finding]) -> _Place:
    """`a = { b = VALUE }`: `new = VALUE` takes the place of `a`, or follows it where `a` holds more."""
    outer = entry.outer
    if outer is None or outer.items is None or move.at < len(outer.path) or move.at + move.size != len(entry.full):
        return _Place(entry.start, ())
    key = text[outer.start : outer.keys[move.at - len(outer.path)].start] + move.rule.new
    if len(outer.items) == 1:
        around = Edit(outer.start, entry.value, f"{key} = "), Edit(entry.end, outer.end, "")
        return _Place(entry.start, around)
    items, index = outer.items, outer.items.index(entry)
    last = index == len(items) - 1
    gone = Edit(items[index - 1].end, entry.end, "") if last else Edit(entry.start, items[index + 1].start, "")
    value, inside = _edited(text, entry.value, entry.end, inner)
    if outer.inline:
        return _Place(entry.start, (gone, Edit(outer.end, outer.end, f", {key} = {value}")), inside)
    end = len(text[: _line_end(text, outer.end)].rstrip("\r\n"))
    return _Place(entry.start, (gone, Edit(end, end, f"{_newline(text)}{key} = {value}")), inside)


def _from_table(text: str, entries: list[_Entry], move: Moved, inner: Sequence[Finding]) -> _Place:
    """`[a]` with `b.x = 1` below it: those lines go to a table of their own, right after the lines of `[a]`."""
    table, newline = entries[0].table, _newline(text)
    start = entries[0].start
    if table.array:
        return _Place(start, ())
    gone: list[Edit] = []
    inside: list[Finding] = []
    body = ""
    for entry in entries:
        rest = move.at + move.size - len(entry.path)
        begin, end = _block(text, entry), _line_end(text, entry.end)
        if rest < len(entry.keys):
            spans = [(begin, entry.start), (entry.keys[rest].start, end)]
        elif entry.items is not None:
            spans = [(begin, entry.start), *((item.start, item.end) for item in entry.items), (entry.end, end)]
        else:
            return _Place(start, ())
        pieces = [_edited(text, *span, inner) for span in spans]
        body += pieces[0][0] + newline.join(piece for piece, _ in pieces[1:-1]) + pieces[-1][0]
        body += "" if body.endswith("\n") else newline
        inside += (finding for _, found in pieces for finding in found)
        gone.append(Edit(begin, end, ""))
    at = max(_line_end(text, entry.end) for entry in table.entries)
    header = text[table.keys[0].start : table.keys[move.at].start] + move.rule.new
    lead = "" if text[at - 1] == "\n" or entries[-1] is table.entries[-1] else newline
    if text[at - 1] != "\n":
        body = body.removesuffix(newline)
    return _Place(start, (*gone, Edit(at, at, f"{lead}{newline}[{header}]{newline}{body}")), tuple(inside))


def _block(text: str, entry: _Entry) -> int:
    """Where the line of a statement starts, with the comment lines right above it."""
    start = text.rfind("\n", 0, entry.start) + 1
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _edited(text: str, start: int, end: int, inner: Sequence[Finding]) -> tuple[str, tuple[Finding, ...]]:
    """The text of a span that moves, with the edits found inside it made, and the findings that have them."""
    inside = tuple(f for f in inner if f.edits and start <= f.edits[0].start and f.edits[-1].end <= end)
    return apply(text[start:end], inside, start), inside


def _line_end(text: str, at: int) -> int:
    """Where the line after the one of `at` starts."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _first(scan: _Scan, path: Path) -> int:
    """Where the first thing at or below `path` stands."""
    starts = [t.keys[0].start for t in scan.tables if t.keys and t.path[: len(path)] == path]
    starts += [e.start for e in scan.entries if e.full[: len(path)] == path]
    return min(starts, default=0)


# --------------------------------------------------------------------------------------------------- judging by data


def _clash(data: Data, prefix: Path, rule: Setting) -> list[str] | None:
    """The keys that both the old and the new section have, where both are there; else None."""
    for node in _nodes(data, prefix):
        old, new = _get(node, rule.old.split(".")), _get(node, rule.new.split("."))
        if old is not None and new is not None:
            return sorted(old.keys() & new.keys()) if isinstance(old, dict) and isinstance(new, dict) else []
    return None


def _moves_only(text: str, groups: Sequence[_Group]) -> bool:
    """Whether the edits of the groups do to the data what their rules say, and nothing else."""
    places = [place for group in groups for place in group.places]
    try:
        after = tomllib.loads(apply(text, places), parse_float=str)
    except tomllib.TOMLDecodeError:
        return False
    expected = tomllib.loads(apply(text, (finding for place in places for finding in place.inner)), parse_float=str)
    for group in groups:
        old, new = group.rule.old.split("."), group.rule.new.split(".")
        for node in _nodes(expected, group.prefix):
            _move(node, old, new)
            _prune(node, old[:-1])
        for node in _nodes(after, group.prefix):
            _prune(node, old[:-1])
    return after == expected


def _move(node: Data, old: Sequence[str], new: Sequence[str]) -> None:
    value = _get(node, old)
    if value is not None:
        del _get(node, old[:-1])[old[-1]]
        for key in new[:-1]:
            node = node.setdefault(key, {})
        node[new[-1]] = value


def _nodes(data: Any, path: Sequence[str]) -> Iterator[Data]:
    """The tables at `path`, of which there are several below an array of tables."""
    if isinstance(data, list):
        for item in data:
            yield from _nodes(item, path)
    elif isinstance(data, dict):
        if not path:
            yield data
        elif path[0] in data:
            yield from _nodes(data[path[0]], path[1:])


def _get(node: Any, path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return None
        node = node[key]
    return node


def _prune(node: Data, path: Sequence[str]) -> None:
    """Drop the tables along `path` that are empty: a table emptied by the move is as good as none."""
    for size in range(len(path), 0, -1):
        if _get(node, path[:size]) == {}:
            del _get(node, path[: size - 1])[path[size - 1]]
