"""What becomes of the clients and requests of each file, and which variables the tree reads once it is rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from migrator.fates.endpoints import address_in
from migrator.fates.names import Names
from migrator.formats.cells import code_of
from migrator.formats.search import in_comment
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import Candidates
from migrator.planning.still_used import NOTEBOOK, lists_dependencies
from migrator.primitives.library import Variable
from migrator.sites import Change, Finding, Status
from migrator.tree import project as tree
from migrator.tree.aside import is_test

READERS = "for all clients and requests of the code do"
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")
_NAMED = re.compile(r"""(?<=["'`.])[A-Z][A-Z0-9_]+\b""")
_KEY = re.compile(r"""(?<=["'`.])[a-z][\w-]*\b""")
_BOUND = re.compile(  # `OLD = os.getenv("NEW")`, `OLD: process.env.NEW`, `OLD: str = Field(default="", alias="NEW")`
    r"""\b(?P<old>[A-Z][A-Z0-9_]+)(?:[ \t]*:[^=\n"'`]*)?[ \t]*[:=][ \t]*"""
    r"""(?:[\w.=: \t]|[(\[,](?:[ \t]*\r?\n)?|(?<==)(?:"[^"\n]*"|'[^'\n]*')){0,200}?["'`.](?P<new>[A-Z][A-Z0-9_]+)\b"""
)
_OF_ENVIRONMENT = re.compile(r"""(?:\b(?:getenv|get|config)\(|\benv(?:iron)?(?:\.\w+)?[.\[(])\s*["'`]?$""")


@dataclass(frozen=True, slots=True)
class Read:
    """What the tree reads once it is rewritten: old variable -> path of a file that does, and the new ones.

    `keys` are the names in lower case that code has some of whose requests stay, with its path too.
    """

    old: Mapping[str, str] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=dict)


class Spoken(NamedTuple):
    """What becomes of the clients and requests of a file: whether some move, and whether some stay.

    They `send` where what moves is more than an address. `reads` are the new variables that its edits name, `keeps`
    the old ones that what stays in it goes on sending.
    """

    path: str = ""
    moves: bool = False
    sends: bool = False
    stays: bool = False
    reads: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()


def spoken(path: str, text: str, findings: Iterable[Finding], rules: Rules, *, document: bool) -> Spoken:
    """What becomes of the clients and requests that the findings of a file are of; tests follow other code.

    A `document` sends nothing.
    """
    findings, of_client = list(findings), speaking(rules)
    envs = {rule.id for rule in rules.envs}
    keeps = frozenset(f.stays for f in findings if f.stays and f.rule in envs and not document)
    if is_test(path):
        return Spoken(path, keeps=keeps)
    reads = (_WORD.findall(edit.text) for f in findings if f.rule in envs and not f.prose for edit in f.edits)
    gone = {row.id for row in rules.methods}
    moving = [f for f in findings if f.edits and not f.prose and f.rule in of_client]
    sends = not document and any(not is_address(text, f, rules) for f in moving)
    left = (f for f in findings if f.status is Status.MANUAL and not (f.prose or f.alone))
    stays = any(f.rule in of_client | gone for f in left)
    return Spoken(path, bool(moving), sends, stays, frozenset(chain.from_iterable(reads)), keeps)


def speaking(rules: Rules) -> set[str]:
    """The rules of what speaks to a gateway: its clients and their addresses, headers and keys."""
    options = (row.id for row in rules.parameters if row.to != "provider")
    return {*(client.id for client in rules.clients), *(each.id for each in rules.factories), *options}


def is_address(text: str, finding: Finding, rules: Rules) -> bool:
    """Whether a finding is of a URL at an old address, which stands in quotes or not."""
    said = text[finding.start : finding.start + 3].lstrip("bfru\"'`") + text[finding.start + 3 : finding.start + 80]
    return any(finding.rule == client.id and address_in(said, client) for client in rules.clients)


def reading_on(
    rules: Rules, code: Iterable[Spoken], notebooks: Callable[[], Iterable[Spoken]], candidates: Candidates
) -> Rules:
    """The rules where variables keep their names, if some clients and requests of the code stay, and none moves.

    Code that reads the new key has moved already, unless that may be a key of the project's own.
    """
    told = list(code)
    if any(each.moves for each in told) or not any(each.stays for each in told):
        return rules
    keys = [client.key_variable.encode() for client in rules.clients if not client.itself]
    others = [path for path in candidates.files if is_code(path)]
    if keys and tree.matching(candidates.project.root, others, keys)[0]:
        return rules
    if any(each.sends for each in notebooks()):
        return rules
    of = rules.clients[0].of
    left = [Variable(rule.id, of, [rule.old], f"it stays, {READERS}") for rule in rules.envs]
    left += [Variable(rule.id, of, rule.names, f"it stays, {READERS}") for rule in rules.env_gone]
    left += [replace(rule, message=f"it stays, {READERS}") if rule.check else rule for rule in rules.variables]
    return replace(rules, envs=(), env_gone=(), env_adds=(), variables=tuple(left), staying=True)


def is_code(path: str) -> bool:
    """Whether a file is a module of Python or a script."""
    return not lists_dependencies(path)


def read_after(
    names: Names,
    candidates: Candidates,
    changes: Iterable[Change],
    told: Iterable[Spoken],
    reads: Callable[[str], bool] = is_code,
) -> Read:
    """What the tree reads after these changes, by the texts of the files that `reads`, and by what the others send.

    Nothing where no client SDK is left.
    """
    if not names.rules.clients or not names.rules.envs:
        return Read()
    after = {change.path: (change.after or b"").decode("utf-8", "replace") for change in changes}
    told, old, new = list(told), dict[str, str](), set[str]()
    edited = frozenset[str]().union(*(each.reads for each in told if reads(each.path)))
    texts = {path: after.get(path, c.text.text) for path, c in sorted(candidates.by_path.items()) if reads(path)}
    texts |= {path: code_of(text) for path, text in texts.items() if path.endswith(NOTEBOOK)}
    attributes = {name for text in texts.values() for name in _own(text, names)}
    for path, text in texts.items():
        for name in _spelled(text, names, attributes):
            old.setdefault(name, path)
        new |= {*_NAMED.findall(text), *edited.intersection(_WORD.findall(text))}
    for each in told:
        for name in each.keeps:
            old.setdefault(name, each.path)
    if old:
        new = new.union(*(each.reads for each in told if each.sends))
    stays = [each.path for each in told if each.stays and each.path in texts]
    keys = {match[0]: path for path in reversed(stays) for match in _KEY.finditer(texts[path])}
    return Read(old, frozenset(new), keys)


def _own(text: str, names: Names) -> Iterator[str]:
    """The names like old variables that code gives what it reads by the new ones, as a class of settings does."""
    for match in _BOUND.finditer(text):
        if (renamed := names.env(match["old"])) and renamed[0] == match["new"]:
            yield match["old"]


def _spelled(text: str, names: Names, attributes: Collection[str]) -> Iterator[str]:
    """The old variables that code names in quotes or as an attribute, outside comments, but for its own attributes."""
    for match in _NAMED.finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        read = match[0] not in attributes or _OF_ENVIRONMENT.search(before)
        if read and names.env(match[0]) and not in_comment(text, match.start()):
            yield match[0]
