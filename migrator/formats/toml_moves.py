"""Sections of a TOML text that moved, in every spelling: tables, dotted keys, inline tables, arrays of tables.

The edits are spans of the text. `tomllib` judges them: the data must be the data before with exactly those keys moved.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from migrator.fates.names import Names
from migrator.formats.search import Moved, apart, apply, line_of, moved
from migrator.formats.toml_layout import Layout, Node, Path
from migrator.line_ends import newline_of
from migrator.primitives.project import Setting
from migrator.sites import Edit, Finding, Status

Group = tuple[Path, Setting]  # all places of a setting below one prefix: they move together, or none does
Groups = Mapping[Group, Sequence[Finding]]


def moves(text: str, layout: Layout, names: Names, inner: Sequence[Finding]) -> Iterator[Finding]:
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


def _places(text: str, layout: Layout, names: Names, inner: Sequence[Finding]) -> Iterator[tuple[Group, Finding]]:
    """Every place of a setting, with the edits that move it; without where its spelling has to be moved by hand."""
    below: dict[Node, tuple[Moved, list[Node]]] = {}
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


def _from_inline(text: str, node: Node, outer: Node, move: Moved, inner: Sequence[Finding]) -> Finding:
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
        at, lead = len(text[: _line_end(text, outer.end)].rstrip("\r\n")), newline_of(text)
    return _finding(node.start, move.rule, (gone, Edit(at, at, f"{lead}{key} = {value}")), inside)


def _from_table(text: str, table: Node, nodes: list[Node], move: Moved, inner: Sequence[Finding]) -> Finding:
    """`[a]` with `b.x = 1` below it: those lines go to a table of their own, right after the lines of `[a]`."""
    rest, newline, last = move.at + move.size - len(table.full), newline_of(text), (table.items or nodes)[-1]
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


def _unwrapped(node: Node, rest: int, newline: str) -> Iterator[Edit]:
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
