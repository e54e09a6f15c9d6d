"""Renamed variables of one file and what goes on reading them by their old names: neither goes without the other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from migrator.fates.endpoints import elsewhere
from migrator.formats import http, requests
from migrator.formats.curl import CALLS
from migrator.formats.search import apply
from migrator.formats.shell import commands
from migrator.formats.shell_variables import SETS, USES
from migrator.packs.ruleset import Rules
from migrator.planning.spoken import READERS, Read, is_address, speaking
from migrator.sites import Finding, Span, Status

_LINE = re.compile(r"(?:[^\n\\]|\\(?:\r\n|.))+", re.DOTALL)
_HELD = re.compile(r"""["']?(?:\s*\n?\s*value)?(?:[ \t]*[:=]|:-)[ \t]*["']?(?P<url>https?://[^\s"'`,;)}\]]+)""")
_SET = re.compile(r"""(?P<name>\w+)(?:[ \t]*[:=][ \t]*["']?(?:\$\{\w+:?-)?|:?-)""")

_KEY = re.compile(r"""(?P<name>[a-z][\w-]*)["']?[ \t]*[:=][ \t]*["']?\Z""")


def settled(
    path: str, text: str, findings: Iterable[Finding], rules: Rules, read: Read | None, *, document: bool
) -> list[Finding]:
    """The findings of a file, where variables that are renamed and requests that stay agree, or say that they do not.

    `read` is what the tree's code reads, for a file that is none itself. A `document` sets nothing.
    """
    found = _agreed(path, text, list(findings), rules, read, document=document)
    if read is None or document:
        return found
    return [_with_its_reader(_with_what_it_holds(f, text, rules), text, rules, read) for f in found]


def _agreed(
    path: str, text: str, found: list[Finding], rules: Rules, read: Read | None, *, document: bool
) -> list[Finding]:
    of_client, envs = speaking(rules), {rule.id for rule in rules.envs}
    staying = _staying(text, found, rules) if rules.clients else []
    moving = [f for f in found if f.edits and f.rule in of_client]
    renamed = [f for f in found if f.edits and f.rule in envs and not f.prose]
    if read is None and staying and moving:
        note = f"keys here are {rules.clients[0].called}'s now: see which one it is sent"
        return [_noted(f, note) if f in staying else f for f in found]
    if read is None:
        return _with(_held(renamed, text), found, renamed) if staying else found
    if not renamed and rules.staying and all(is_address(text, f, rules) for f in moving):
        return _with(_held_addresses(moving, text), found, moving)
    if not renamed:
        return _with_addresses(text, found, rules)
    sent = _Sent(text, requests.parts(text, path).whole)
    moved = sent.beside(moving, renamed, lambda f: not is_address(text, f, rules))
    if staying:
        left = [*staying, *(f for f in found if f.status is Status.MANUAL and f.rule in of_client and not f.alone)]
        kept = sent.beside(left, renamed, lambda _: True)
        return _with(_as_sent(renamed, moved, kept, text, read), found, renamed)
    told = [f for f in renamed if _old(f, text) in read.old]
    return _with_addresses(text, _with(_as_read(told, moved, text, read, document=document), found, told), rules)


def _as_sent(
    renamed: list[Finding], moved: set[Finding], kept: set[Finding], text: str, read: Read
) -> Iterator[Finding]:
    """Variables of a file some of whose requests stay, as what is sent with them: with what is `moved`, with the rest.

    One that goes with neither is renamed if code reads it by its new name.
    """
    why = "what holds it is sent to both: give each request its own"
    yield from (_staying_name(f, text, why) for f in renamed if f in moved and f in kept)
    yield from _held([f for f in renamed if f not in moved and (f in kept or not _is_read_anew(f, read))], text)
    anew = [f for f in renamed if f not in kept and (f in moved or _is_read_anew(f, read))]
    yield from _noted_once(anew, moved, text, lambda _: "a request here goes on sending the old one: set both")


def _as_read(
    renamed: list[Finding], moved: set[Finding], text: str, read: Read, *, document: bool
) -> Iterator[Finding]:
    """Variables that are set or handed on, or spoken of: as code reads them afterwards, each told once."""
    anew = [f for f in renamed if f in moved or _is_read_anew(f, read)]
    for finding in (f for f in renamed if f not in moved and not _is_read_anew(f, read)):
        old = _old(finding, text)
        yield replace(finding, status=Status.MANUAL, message=f"{old}: it stays, {read.old[old]} reads it", edits=())
    if document:
        yield from anew
    else:
        yield from _noted_once(anew, moved, text, lambda old: f"{read.old[old]} goes on reading {old}: set both")


class _Sent:
    """What is sent together in a text: what stands in one command, in one of its requests, or on one line."""

    def __init__(self, text: str, made: Sequence[Span]) -> None:
        self.text = text
        self._commands = made or [command.span for command in commands(text, CALLS)]
        self._lines = [line.span() for line in _LINE.finditer(text)]

    def beside(
        self, others: Iterable[Finding], names: Iterable[Finding], on_line: Callable[[Finding], bool]
    ) -> set[Finding]:
        """The names in a command with one of the others, or on a line with one that counts `on_line`.

        So is a name in what a variable holds that such a command is given.
        """
        parts = set[Span]()
        for other in others:
            for at in (other.start, *(edit.start for edit in other.edits)):
                lines = self._lines if on_line(other) else []
                parts |= {part for spans in (self._commands, lines) if (part := _around(spans, at))}
        return {name for name in names if not parts.isdisjoint(self._of(name))} if parts else set()

    def _of(self, name: Finding) -> Iterator[Span]:
        """The command, or else the line, of a name, and the commands that are given the variable it is put into."""
        line = _around(self._lines, name.start)
        if part := _around(self._commands, name.start) or line:
            yield part
        holder = SETS.match(self.text, line[0], name.start) if line else None
        for use in self._uses.get(holder["name"], ()) if holder else ():
            if part := _around(self._commands, use):
                yield part

    @cached_property
    def _uses(self) -> dict[str, list[int]]:
        """Where each variable is used."""
        found: dict[str, list[int]] = {}
        for match in USES.finditer(self.text):
            found.setdefault(match["name"], []).append(match.start())
        return found


def _around(spans: Sequence[Span], at: int) -> Span | None:
    """Which of some spans, in order and apart, holds a place."""
    number = bisect_right(spans, at, key=lambda span: span[0]) - 1
    return spans[number] if number >= 0 and at < spans[number][1] else None


def _staying(text: str, found: list[Finding], rules: Rules) -> list[Finding]:
    """The findings of requests for what is not there any more, or may not be, where the text goes on making them."""
    gone = {row.id for row in rules.methods}
    left = [f for f in found if f.status is Status.MANUAL and not (f.prose or f.alone)]
    staying = [f for f in left if f.rule in gone or is_address(text, f, rules)]
    after = apply(text, found) if staying else ""
    return staying if any(http.calls(after, client) for client in rules.clients) else []


def _is_read_anew(finding: Finding, read: Read) -> bool:
    return any(edit.text in read.new for edit in finding.edits)


def _old(finding: Finding, text: str) -> str:
    return text[finding.edits[0].start : finding.edits[0].end]


def _with(new: Iterable[Finding], found: list[Finding], old: Iterable[Finding]) -> list[Finding]:
    """What was found, with others in the place of the old ones."""
    gone = {*old}
    return sorted([*(f for f in found if f not in gone), *new], key=lambda f: f.start)


def _staying_name(finding: Finding, text: str, why: str) -> Finding:
    old = _old(finding, text)
    return replace(finding, status=Status.MANUAL, message=f"{old}: {why}", edits=(), stays=old)


def _held(renamed: list[Finding], text: str) -> Iterator[Finding]:
    """The first place of each variable, which keeps its name."""
    for finding in {_old(f, text): f for f in reversed(renamed)}.values():
        yield _staying_name(finding, text, "it stays as long as what is sent with it here")


def _noted_once(names: list[Finding], moved: set[Finding], text: str, note: Callable[[str], str]) -> Iterator[Finding]:
    """Names with a note at the first place of each variable, at one where it is set rather than sent."""
    first = {_old(f, text): f for f in sorted(names, key=lambda f: (f in moved, f.start), reverse=True)}
    for finding in names:
        old = _old(finding, text)
        yield _noted(finding, note(old)) if first[old] == finding else finding


def _held_addresses(addresses: list[Finding], text: str) -> Iterator[Finding]:
    """Addresses that stay, as do the clients and requests which are set up with them."""
    for finding in addresses:
        said = f"{_old(finding, text)}: it stays, {READERS}"
        yield finding if finding.prose else replace(finding, status=Status.MANUAL, message=said, edits=())


def _with_addresses(text: str, found: list[Finding], rules: Rules) -> list[Finding]:
    """What was found, where an address stays that a variable is set to which keeps its name."""
    names = (_SET.match(text, f.start) for f in found if not f.edits and not f.prose)
    behind = {name.end(): name["name"] for name in names if name}
    return [
        replace(f, status=Status.MANUAL, message=f"{_old(f, text)}: it stays, as {behind[f.start]} does", edits=())
        if f.edits and f.start in behind and is_address(text, f, rules)
        else f
        for f in found
    ]


def _with_what_it_holds(finding: Finding, text: str, rules: Rules) -> Finding:
    """The finding of a variable of the address, with a note where its value is neither the old address nor the new."""
    edit = finding.edits[0] if len(finding.edits) == 1 and finding.rule in {rule.id for rule in rules.envs} else None
    for client in rules.clients if edit and not finding.prose else ():
        held = _HELD.match(text, edit.end) if edit and edit.text.endswith(client.url_variable) else None
        if note := elsewhere([held["url"]], client, client.url) if held else "":
            return _noted(finding, note)
    return finding


def _with_its_reader(finding: Finding, text: str, rules: Rules, read: Read) -> Finding:
    """The finding of an address, with a note where code reads it by its key some of whose requests stay."""
    key = _KEY.search(text, text.rfind("\n", 0, finding.start) + 1, finding.start) if finding.edits else None
    reader = read.keys.get(key["name"]) if key and is_address(text, finding, rules) else None
    if key is None or reader is None:
        return finding
    return _noted(finding, f"{reader} has {key['name']}, and requests that stay: see which address they need")


def _noted(finding: Finding, note: str) -> Finding:
    status = Status.REVIEW if finding.status is Status.MIGRATED else finding.status
    return replace(finding, status=status, message=f"{finding.message}; {note}")
