"""Renamed variables and what goes on reading them by their old names: no side is left without the other, unsaid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from migrator.fates.endpoints import address_in
from migrator.fates.names import Names
from migrator.formats import http
from migrator.formats.curl import CALLS
from migrator.formats.search import apply, in_comment
from migrator.formats.shell import commands
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import Candidates
from migrator.planning.still_used import lists_dependencies
from migrator.primitives.library import Variable
from migrator.sites import Change, Finding, Site, Span, Status
from migrator.tree import project as tree

_READERS = "for all clients and requests of the code do"
_TESTS = re.compile(r"(^|/)(tests?|__tests__|spec)/|(^|/)(test_|conftest\.)|_test\.py$|\.(test|spec)\.[cm]?[jt]sx?$")
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")
_PROSE = re.compile(r"\.(md|mdx|markdown|rst|txt|html|ipynb)$", re.IGNORECASE)
_LINE = re.compile(r"(?:[^\n\\]|\\(?:\r\n|.))+", re.DOTALL)
_NAMED = re.compile(r"""(?<=["'`.])[A-Z][A-Z0-9_]+\b""")


@dataclass(frozen=True, slots=True)
class Read:
    """What the tree's code reads once it is rewritten: old variable -> path of a module that does, and the new ones."""

    old: Mapping[str, str] = field(default_factory=dict)
    new: frozenset[str] = frozenset()


class Spoken(NamedTuple):
    """What becomes of the clients and requests of a file: whether some move, and whether some stay.

    `reads` are the new variables that its edits name, `keeps` the old ones that what stays in it goes on sending.
    """

    path: str = ""
    moves: bool = False
    stays: bool = False
    reads: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()


def spoken(path: str, findings: Iterable[Finding], rules: Rules) -> Spoken:
    """What becomes of the clients and requests that the findings of a file are of; tests follow other code."""
    findings, speaking = list(findings), _speaking(rules)
    envs = {rule.id for rule in rules.envs}
    keeps = frozenset(f.stays for f in findings if f.stays and f.rule in envs and not _PROSE.search(path))
    if _TESTS.search(path):
        return Spoken(path, keeps=keeps)
    reads = (_WORD.findall(edit.text) for f in findings if f.rule in envs and not f.prose for edit in f.edits)
    gone = {row.id for row in rules.methods}
    its = [f for f in findings if not f.prose and f.rule in speaking | gone]
    moves = any(f.edits and f.rule in speaking for f in its)
    stays = any(f.status is Status.MANUAL for f in its)
    return Spoken(path, moves, stays, frozenset(chain.from_iterable(reads)), keeps)


def reading_on(rules: Rules, code: Iterable[Spoken], candidates: Candidates) -> Rules:
    """The rules where variables keep their names, if some clients and requests of the code stay, and none moves.

    Code that reads the new key has moved already, unless that may be a key of the project's own.
    """
    told = list(code)
    if any(each.moves for each in told) or not any(each.stays for each in told):
        return rules
    keys = [client.key_variable.encode() for client in rules.clients if not client.itself]
    others = [path for path in candidates.files if not lists_dependencies(path)]
    if keys and tree.matching(candidates.project.root, others, keys)[0]:
        return rules
    of = rules.clients[0].of
    left = [Variable(rule.id, of, [rule.old], f"it stays, {_READERS}") for rule in rules.envs]
    left += [Variable(rule.id, of, rule.names, f"it stays, {_READERS}") for rule in rules.env_gone]
    left += [replace(rule, message=f"it stays, {_READERS}") if rule.check else rule for rule in rules.variables]
    return replace(rules, envs=(), env_gone=(), env_adds=(), variables=tuple(left), staying=True)


def beside_code(rules: Rules, settled: Rules, candidates: Candidates) -> Rules:
    """The rules for what is no code, where code is rewritten by settled ones: commands that move send the new key."""
    moves = any(_commands_move(path, candidate.text.text, rules) for path, candidate in candidates.by_path.items())
    return replace(rules, staying=True) if moves else settled


def _commands_move(path: str, text: str, rules: Rules) -> bool:
    """Whether a script or the like has a command that is edited to call the new gateway."""
    if not lists_dependencies(path) or _PROSE.search(path) or not any(http.calls(text, each) for each in rules.clients):
        return False
    speaking, spans = _speaking(rules), [command.span for command in commands(text, CALLS)]
    moved = [f for f in http.find(text, "", Names(rules), path) if f.edits and f.rule in speaking] if spans else []
    return any(start <= f.start < end for f in moved for start, end in spans)


def read_after(
    names: Names, candidates: Candidates, changes: Iterable[Change], sites: Iterable[Site], code: Iterable[Spoken]
) -> Read:
    """What the tree's code reads after these changes, fields of settings among it, which `sites` of code tell by name.

    Nothing where no client SDK is left.
    """
    if not names.rules.clients or not names.rules.envs:
        return Read()
    after = {change.path: (change.after or b"").decode("utf-8", "replace") for change in changes}
    old, new = dict[str, str](), set[str]()
    edited = frozenset[str]().union(*(each.reads for each in code))
    for path, candidate in sorted(candidates.by_path.items()):
        if lists_dependencies(path):
            continue
        text = after.get(path, candidate.text.text)
        for name in _spelled(text, names):
            old.setdefault(name, path)
        new |= {*_NAMED.findall(text), *edited.intersection(_WORD.findall(text))}
    envs = {rule.id for rule in names.rules.envs}
    for site in sites:
        for name in _WORD.findall(site.message) if site.rule in envs and site.status is Status.MANUAL else ():
            if names.env(name):
                old.setdefault(name, site.path)
    return Read(old, frozenset(new))


def with_commands(read: Read, others: Iterable[Spoken]) -> Read:
    """What is read, with what requests in scripts and the like go on sending; itself if that is nothing.

    `others` is what becomes of all files that are no code.
    """
    others = list(others)
    old = {name: each.path for each in reversed(others) for name in each.keeps}
    new = read.new.union(*(each.reads for each in others if each.moves and (old or read.old)))
    return Read({**old, **read.old}, new) if old or new != read.new else read


def _spelled(text: str, names: Names) -> Iterator[str]:
    """The old variables that code names in quotes or as an attribute, outside comments."""
    for match in _NAMED.finditer(text):
        if names.env(match[0]) and not in_comment(text, match.start()):
            yield match[0]


def settled(
    text: str, findings: Iterable[Finding], rules: Rules, read: Read | None, *, document: bool
) -> list[Finding]:
    """The findings of a file, where variables that are renamed and requests that stay agree, or say that they do not.

    `read` is what the tree's code reads, for a file that is none itself. A `document` sets nothing.
    """
    found = list(findings)
    envs = {rule.id for rule in rules.envs}
    renamed = [f for f in found if f.rule in envs and f.edits and not f.prose]
    staying = _staying(text, found, rules) if rules.clients else []
    moving = [] if read is None else [f for f in found if f.edits and f.rule in _speaking(rules)]
    pieces = _pieces(text) if renamed else []
    if not staying:
        moved = [f for f in renamed if _is_part(pieces, moving, f)]
        return [*_told(found, renamed, moved, text, read, document=document)] if read else found
    if read is None and any(f.edits and f.rule in _speaking(rules) for f in found):
        note = f"keys here are {rules.clients[0].called}'s now: see which one it is sent"
        return [_noted(f, note) if f in staying else f for f in found]
    still = [*staying, *(f for f in found if f.status is Status.MANUAL and f.rule in _speaking(rules))]
    sent = [f for f in renamed if read is None or not _is_read_anew(f, read) or _is_part(pieces, still, f)]
    sent = [f for f in sent if not _is_part(pieces, moving, f)]
    held = list(_held(sent, text))
    told = (_noted(f, "a request here goes on sending the old one: set both") for f in renamed if f not in sent)
    return sorted([*(f for f in found if f not in renamed), *held, *told], key=lambda f: f.start)


def _speaking(rules: Rules) -> set[str]:
    """The rules of what speaks to a gateway: its clients and their addresses, headers and keys."""
    options = (row.id for row in rules.parameters if row.to != "provider")
    return {*(client.id for client in rules.clients), *(each.id for each in rules.factories), *options}


def _staying(text: str, found: list[Finding], rules: Rules) -> list[Finding]:
    """The findings of requests for what is not there any more, or may not be, where the text goes on making them."""
    gone = {row.id for row in rules.methods}
    left = [f for f in found if f.status is Status.MANUAL and not f.prose]
    staying = [f for f in left if f.rule in gone or _is_address(text, f, rules)]
    after = apply(text, found) if staying else ""
    return staying if any(http.calls(after, client) for client in rules.clients) else []


def _is_address(text: str, finding: Finding, rules: Rules) -> bool:
    """Whether a finding is of a URL at an old address, which stands in quotes or not."""
    said = text[finding.start : finding.start + 3].lstrip("bfru\"'`") + text[finding.start + 3 : finding.start + 80]
    return any(finding.rule == client.id and address_in(said, client) for client in rules.clients)


def _is_read_anew(finding: Finding, read: Read) -> bool:
    return any(edit.text in read.new for edit in finding.edits)


def _pieces(text: str) -> list[Span]:
    """The spans of a text's commands, then those of its lines, which backslashes carry on."""
    return [*(command.span for command in commands(text, CALLS)), *(line.span() for line in _LINE.finditer(text))]


def _is_part(pieces: list[Span], others: list[Finding], finding: Finding) -> bool:
    """Whether a name stands in the same command as one of others, or on the same line."""
    if not others:
        return False
    at = finding.start
    start, end = next((span for span in pieces if span[0] <= at < span[1]), (at, at))
    places = (place for other in others for place in (other.start, *(edit.start for edit in other.edits)))
    return any(start <= place < end for place in places)


def _held(renamed: list[Finding], text: str) -> Iterator[Finding]:
    """The first place of each variable, which keeps its name."""
    seen = set[str]()
    for finding in renamed:
        old = text[finding.edits[0].start : finding.edits[0].end]
        if old not in seen:
            seen.add(old)
            said = f"{old}: it stays as long as what is sent with it here"
            yield replace(finding, status=Status.MANUAL, message=said, edits=(), stays=old)


def _told(
    found: list[Finding], renamed: list[Finding], moved: list[Finding], text: str, read: Read, *, document: bool
) -> Iterator[Finding]:
    """Variables that are set or handed on, or spoken of: as code reads them afterwards, each told once."""
    its, seen = {id(finding) for finding in renamed}, set[str]()
    for finding in found:
        old = text[finding.edits[0].start : finding.edits[0].end] if id(finding) in its else ""
        if old not in read.old:
            yield finding
        elif not _is_read_anew(finding, read) and finding not in moved:
            said = f"{old}: it stays, {read.old[old]} reads it"
            yield replace(finding, status=Status.MANUAL, message=said, edits=())
        elif document or old in seen:
            yield finding
        else:
            seen.add(old)
            yield replace(_noted(finding, f"{read.old[old]} goes on reading {old}: set both"), status=Status.REVIEW)


def _noted(finding: Finding, note: str) -> Finding:
    status = Status.REVIEW if finding.status is Status.MIGRATED else finding.status
    return replace(finding, status=status, message=f"{finding.message}; {note}")
