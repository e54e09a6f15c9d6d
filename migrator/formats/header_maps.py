"""Headers in maps of configuration: JSON, YAML, TOML, ini, and the requests of `.http` files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from migrator.formats.headers import Headers
from migrator.formats.tables import Tables
from migrator.line_ends import newline_of
from migrator.sites import Edit, Finding, Status

_FILLED = r"\$?\{+[^{}\n]*\}+"  # what a template puts there
_VALUE = rf"""(?P<value>"(?:[^"\\\n]|\\.)*" | '[^'\n]*'
    | (?:\{{\{{[^{{}}\n]*\}}\}}|[^\s"'{{}}\[\],\#&*!|>])(?:{_FILLED}|[^,}}\r\n])*?)
    (?=[ \t]*(?:[,}}\r\n]|[ ]\#|\Z))"""
_BLANK = re.compile(r"\n[ \t]*\r?\n")
_COMMA = re.compile(r"[ \t]*,")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One header of a map: where it stands, its name, the value as it is written, and the quote of its name."""

    start: int
    end: int
    quote: str
    name: str
    between: str
    value: str
    indent: str | None  # None where something else stands before it on its line

    @property
    def text(self) -> str:
        """What the value says, without the quotes and what they call for."""
        try:
            return str(json.loads(self.value)) if self.value[0] == '"' else self.value.strip("'")
        except ValueError:
            return self.value[1:-1]


def find(text: str, headers: Headers, kind: str) -> Iterator[tuple[Finding, tuple[int, int]]]:
    """A finding for each map that holds a header of the client, and where these stand."""
    client = headers.client
    names = rf"{re.escape(client.prefix)}[\w-]+|authorization"
    entry = re.compile(
        rf"""(?<![\w"'-])(?P<quote>["']?)(?P<name>{names})(?P=quote)(?P<between>[ \t]*[:=][ \t]*){_VALUE}""",
        re.IGNORECASE | re.VERBOSE,
    )
    entries = [_entry(text, match) for match in entry.finditer(text) if _is_entry(match, kind)]
    for group in _groups(text, entries, kind):
        if any(headers.is_ours(each.name) for each in group):
            yield _found(text, group, headers), (group[0].start, group[-1].end)


def _is_entry(match: re.Match[str], kind: str) -> bool:
    """Whether a file of that kind can hold such an entry: in a script, only one that is quoted throughout."""
    quoted = match["value"][0] in "\"'"
    before = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    if before.strip() and before.rstrip()[-1] not in "{,":
        return False
    if kind in ("json", "toml"):
        return quoted
    if kind in ("yaml", "ini", "http"):
        return True
    return quoted and bool(match["quote"])


def _entry(text: str, match: re.Match[str]) -> _Entry:
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    indent = None if before.strip() else before
    return _Entry(*match.span(), match["quote"], match["name"], match["between"], match["value"], indent)


def _groups(text: str, entries: list[_Entry], kind: str) -> Iterator[list[_Entry]]:
    """Entries of one map each: side by side, or one below the other in one table with nothing less indented between."""
    group: list[_Entry] = []
    tables = Tables(text, kind)
    for entry in entries:
        apart = group and tables.around(group[-1].start) != tables.around(entry.start)
        if group and (apart or not _together(text, group[-1], entry, kind)):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _together(text: str, one: _Entry, other: _Entry, kind: str) -> bool:
    between = text[one.end : other.start]
    if "{" in between or "}" in between or (kind == "http" and _BLANK.search(between)):
        return False
    if one.indent is None or other.indent is None:
        return "\n" not in between
    lines = [line for line in between.split("\n")[1:-1] if line.strip()]
    return one.indent == other.indent and all(line.startswith(one.indent) for line in lines)


def _found(text: str, group: list[_Entry], headers: Headers) -> Finding:
    client = headers.client
    first = next(each for each in group if headers.is_ours(each.name))
    settled = headers.settle([(each.name, each.text) for each in group])
    gone = {n for n, each in enumerate(group) if headers.is_ours(each.name)} - {settled.key} - {*settled.instead}
    if settled.key is not None and settled.authorization is not None:
        gone.add(settled.authorization)
    left = (
        _names_between(text, group) or settled.key is not None or settled.instead or settled.authorization is not None
    )
    if settled.fault or not left:
        said = settled.fault or f"{first.name}: {client.called} does not know it; nothing is left of the map without it"
        return Finding(first.start, settled.fault_rule or client.id, Status.MANUAL, said)
    edits: list[Edit] = []
    if settled.key is not None:
        edits += _key(group[settled.key])
    elif settled.authorization is not None:
        settled.say(Status.REVIEW, f"see that Authorization carries a key of {client.called}")
    for number, others in settled.instead.items():
        edits += _instead(text, group[number], others)
        if not others:
            gone.add(number)
    edits += _removed(text, [group[n] for n in sorted(gone)])
    note = headers.begin(settled.provider)
    if not note and client.vendors and settled.key is not None and settled.provider != client.itself:
        note = f"ids at {client.called} begin with who made the model"
    settled.say(Status.REVIEW if note else Status.MIGRATED, note)
    said = "headers: the key is sent as Authorization: Bearer" if settled.key is not None else "headers"
    return Finding(first.start, client.id, settled.status, "; ".join([said, *settled.notes]), tuple(sorted(edits)))


def _names_between(text: str, group: list[_Entry]) -> bool:
    """Whether the map has other entries."""
    one, other = group[0], group[-1]
    if one.indent is None:
        inside = text[text.rfind("{", 0, one.start) + 1 : one.start] + text[other.end : text.find("}", other.end)]
        return bool(re.search(r"\w", inside)) or any(
            re.search(r"\w", text[a.end : b.start]) for a, b in pairwise(group)
        )
    sibling = re.compile(rf"{re.escape(one.indent)}[\w\"'-][^\n]*[:=]")
    before = text[: one.start - len(one.indent)].rstrip().rpartition("\n")[2]
    after = text[other.end :].lstrip(" \t,\r").removeprefix("\n").partition("\n")[0]
    inner = any(sibling.match(line) for a, b in pairwise(group) for line in text[a.end : b.start].split("\n")[1:-1])
    return bool(sibling.match(before) or sibling.match(after) or inner)


def _key(entry: _Entry) -> Iterator[Edit]:
    start = entry.start + len(entry.quote)
    yield Edit(start, start + len(entry.name), "Authorization")
    value = entry.end - len(entry.value) + (entry.value[0] in "\"'")
    yield Edit(value, value, "Bearer ")


def _instead(text: str, entry: _Entry, headers: list[tuple[str, str]]) -> Iterator[Edit]:
    """Other headers at the place of one, laid out as it is."""
    if not headers:
        return
    comma = _COMMA.match(text, entry.end) or entry.indent is None
    newline = newline_of(text)
    apart = f"{',' if comma else ''}{' ' if entry.indent is None else newline + entry.indent}"
    written = [
        f"{entry.quote}{name}{entry.quote}{entry.between}{json.dumps(value, ensure_ascii=False)}"
        for name, value in headers
    ]
    yield Edit(entry.start, entry.end, apart.join(written))


def _removed(text: str, gone: list[_Entry]) -> Iterator[Edit]:
    """The edits that take entries out, neighbours together, with their lines and the comma that goes with them."""
    runs: list[list[_Entry]] = []
    for entry in gone:
        if runs and not text[runs[-1][-1].end : entry.start].strip(", \t\r\n"):
            runs[-1].append(entry)
        else:
            runs.append([entry])
    for run in runs:
        start, end = run[0].start, run[-1].end
        comma = _COMMA.match(text, end)
        before = text[:start].rstrip()
        if not comma and before.endswith(","):  # the last of several in braces
            yield Edit(len(before) - 1, end, "")
            continue
        end = comma.end() if comma else end
        line = _LINE_END.match(text, end)
        if run[0].indent is not None and line:
            yield Edit(start - len(run[0].indent), line.end(), "")
        else:
            after = re.compile(r"[ \t]*").match(text, end)
            yield Edit(start, after.end() if after else end, "")
