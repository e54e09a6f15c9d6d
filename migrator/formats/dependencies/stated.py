"""A requirement as a project states it, in whichever notation, and what a `dependency` rule makes of a list of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from migrator.line_ends import newline_of
from migrator.patterns import canonical
from migrator.primitives.project import Dependency
from migrator.sites import Edit, Finding, Status

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"(?:===?|[~!<>]=?|=|\^)\s*+[\w.*+!${}-]++"
_STATED = re.compile(
    rf"""\s*+(?P<name>{NAME})\s*+(?:\[(?P<extras>[^\]]*+)\])?\s*+
        (?:@\s*+(?P<url>[^\s;]++(?:;[^\s;]++)*+)(?=\s|$)|\(?\s*+(?P<version>{_CLAUSE}(?:\s*+,\s*+{_CLAUSE})*+)?\s*+,?\s*+\)?)
        (?P<rest>\s*+(?:;(?P<marker>.*+))?)""",
    re.DOTALL | re.VERBOSE,
)
_PIN = re.compile(r"={1,3}\s*v?([\w.+!]+)")

Edits = tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """One requirement: its name as it is spelt and where, what is asked of it, and why it may not be edited.

    `version` is in the notation of PEP 440, `marker` whatever makes it conditional, `source` where it is taken from if
    that is no index. `begin` and `end` are what a replacement takes the place of: the name, extras and version.
    """

    name: str
    begin: int
    end: int
    version: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    source: str = ""
    start: int = -1  # of the name; where it is not that of `begin`
    locked: str = ""  # why it is to be changed by hand
    alone: str = ""  # why nothing can be written in its place or beside it
    note: str = ""  # what a replacement does not keep

    @property
    def at(self) -> int:
        return self.begin if self.start < 0 else self.start

    @property
    def pin(self) -> str:
        """The one version it asks for, or nothing."""
        match = _PIN.fullmatch(self.version)
        return match[1] if match else ""

    def when(self) -> str:
        """The marker in one spelling, so that two of them can be compared."""
        return " ".join(self.marker.replace("'", '"').split())


class Place(Protocol):
    """A list of requirements, and the edits that change it."""

    @property
    def stated(self) -> Sequence[Stated]: ...

    def instead(self, one: Stated, new: Stated) -> Edits:
        """Put `new` where `one` stands, under the same conditions."""

    def beside(self, one: Stated, *new: Stated) -> Edits:
        """Put these after `one`, under the same conditions."""

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        """Take these out: the edits of each, none of which overlap."""


def read(text: str, at: int = 0) -> Stated | None:
    """A requirement as PEP 508 writes it; `at` is where the text stands. None where it is none."""
    match = _STATED.fullmatch(text)
    if match is None:
        return None
    extras = tuple(part.strip() for part in (match["extras"] or "").split(",") if part.strip())
    end = len(text[: match.start("rest")].rstrip())
    version, marker, url = (match[key] or "" for key in ("version", "marker", "url"))
    return Stated(match["name"], at + match.start("name"), at + end, version, extras, marker.strip(), url)


def targets(rule: Dependency) -> list[Stated]:
    """What the rule puts in the place of the old distribution."""
    return [one for text in (rule.new, *rule.also) if text and (one := read(text))]


def spelt(new: Stated) -> str:
    """The requirement as PEP 508 writes it, without a marker."""
    extras = f"[{','.join(new.extras)}]" if new.extras else ""
    return f"{new.name}{extras}{new.version}"


# -------------------------------------------------------------------------------------------------------- deciding


@dataclass(frozen=True, slots=True)
class Manner:
    """How a list is to be taken: `adds` is false where it only constrains, `group` is what users call it by.

    `runs` is whether it is a command, which installs for what is run next.
    """

    kept: bool
    adds: bool = True
    runs: bool = False
    group: str = ""
    status: Status = Status.MIGRATED
    prose: bool = False
    edited: bool = True


def settle(place: Place, rule: Dependency, manner: Manner) -> Iterator[Finding]:
    """What becomes of the old distribution in one list: replaced, taken out, or left with the new one beside it."""
    old = [s for s in place.stated if canonical(s.name) == canonical(rule.old) and _has_extra(s, rule)]
    wanted = {canonical(new.name): new for new in targets(rule)} if manner.adds else {}
    there = [s for s in place.stated if canonical(s.name) in wanted]
    covered = {(canonical(s.name), s.when()) for s in there}
    gone: list[Stated] = []
    for one in old:
        if rule.stays:
            if warned(rule, one.pin):
                yield _finding(rule, one, Status.MANUAL, "take another release", (), manner)
            continue
        needed = [new for name, new in wanted.items() if not covered & {(name, ""), (name, one.when())}]
        locked = one.locked or (one.alone if needed else "")
        covered |= set() if locked else {(canonical(new.name), one.when()) for new in needed}
        if locked:
            named = " and ".join(map(spelt, needed))
            said = locked.replace("{new}", named or "the new one")
            yield _finding(rule, one, Status.MANUAL, said, (), manner)
        elif server := _server(rule, one):
            added = [] if manner.runs else needed
            said = f"{one.name}[{server}] stays: it is a server; take it out where none is run"
            said += f"; {' and '.join(map(spelt, added))} is added" if added else ""
            why = rule if added else replace(rule, message="")
            yield _finding(why, one, Status.REVIEW, said, place.beside(one, *added) if added else (), manner)
        elif rule.extra and not manner.kept:
            yield _without_extra(place, rule, one, needed, manner)
        elif needed:
            yield _placed(place, rule, one, needed, manner, list(_outside(there, wanted)))
        elif manner.kept:
            still, status = "is still used: take it out once nothing uses it", Status.MANUAL
            if manner.runs:
                still, status = "stays as long as code uses it", Status.REVIEW
            said = "; ".join([f"{_asked(rule, one)} {still}", *_outside(there, wanted)])
            yield _finding(rule, one, status, said, (), manner)
        else:
            gone.append(one)
    for one, edits in zip(gone, place.without(gone) if gone else (), strict=True):
        yield _removed(rule, one, wanted, there, edits, manner)
    if old and not rule.stays:
        yield from _raised(place, rule, there, wanted, manner)


def _asked(rule: Dependency, one: Stated) -> str:
    """What a rule takes out, as it is stated."""
    return f"{one.name}[{rule.extra}]" if rule.extra else one.name


def _server(rule: Dependency, one: Stated) -> str:
    """The extra of a requirement that is a server, if it has one."""
    return next((extra for extra in one.extras if canonical(extra) in map(canonical, rule.servers)), "")


def _has_extra(one: Stated, rule: Dependency) -> bool:
    return not rule.extra or canonical(rule.extra) in map(canonical, one.extras)


def _without_extra(place: Place, rule: Dependency, one: Stated, new: Sequence[Stated], manner: Manner) -> Finding:
    """The old distribution stays without the extra, and the new ones come beside it."""
    rest = replace(one, extras=tuple(e for e in one.extras if canonical(e) != canonical(rule.extra)))
    said = f"{_asked(rule, one)} → {' and '.join(map(spelt, (rest, *new)))}"
    if one.source:
        said = f"{said}: by hand, it comes from {one.source}"
        return _finding(rule, one, Status.MANUAL, said, (), manner)
    edits = (*place.instead(one, rest), *(place.beside(one, *new) if new else ()))
    return _finding(rule, one, manner.status, said, edits, manner)


def _placed(
    place: Place, rule: Dependency, one: Stated, new: Sequence[Stated], manner: Manner, outside: Sequence[str]
) -> Finding:
    named = " and ".join(map(spelt, new))
    if manner.kept:
        are = "is" if len(new) == 1 else "are"
        added = f"{named} {are} added: {_asked(rule, one)} is still used, take it out once nothing uses it"
        said = "; ".join([added, *outside])
        return _finding(rule, one, Status.REVIEW, said, place.beside(one, *new), manner)
    notes = [*_notes(rule, one, manner), *outside]
    status = Status.REVIEW if notes else manner.status
    said = "; ".join([f"{one.name} → {named}", *notes])
    edits = (*place.instead(one, new[0]), *(place.beside(one, *new[1:]) if new[1:] else ()))
    return _finding(rule, one, status, said, edits, manner)


def _removed(
    rule: Dependency,
    one: Stated,
    wanted: Mapping[str, Stated],
    there: Sequence[Stated],
    edits: Edits,
    manner: Manner,
) -> Finding:
    notes = [*_notes(rule, one, manner), *_outside(there, wanted)]
    reason = f"{one.name} goes: {there[0].name} is there" if there else f"{one.name} goes"
    if not edits:
        said = "; ".join([f"{one.name} is to go: take it out here", *notes])
        return _finding(rule, one, Status.MANUAL, said, (), manner)
    is_unused = rule.unused and not rule.new
    status = Status.REVIEW if notes or is_unused else manner.status
    return _finding(rule, one, status, "; ".join([reason, *notes]), edits, manner)


def _notes(rule: Dependency, one: Stated, manner: Manner) -> Iterator[str]:
    """What a person has to look at, whichever edit is made."""
    if one.extras:
        yield f"its extras [{','.join(one.extras)}] have no counterpart"
    if one.source:
        yield f"it came from {one.source}, not from an index: see what is different there"
    if one.note:
        yield one.note
    if manner.group and canonical(manner.group) == canonical(rule.old):
        yield f"the group is still called {manner.group}, which is what users install it by"


def _raised(
    place: Place, rule: Dependency, there: Sequence[Stated], wanted: Mapping[str, Stated], manner: Manner
) -> Iterator[Finding]:
    """What a list already has of the new ones, where the oldest version that it allows is too old."""
    for one in there:
        version = raised(one.version, wanted[canonical(one.name)].version)
        if version != one.version and not (one.locked or one.alone or one.source):
            edits = place.instead(one, replace(one, version=version))
            yield _finding(rule, one, manner.status, f"{one.name}{one.version} → {version}", edits, manner)


def _outside(there: Sequence[Stated], wanted: Mapping[str, Stated]) -> Iterator[str]:
    """What to say where a list has a new distribution, but in no version that is good enough."""
    for one in there:
        needed = wanted[canonical(one.name)].version
        if not meets(one.version, needed):
            yield f"{one.name}{one.version} is there, but {needed} is needed: change its version"


def _finding(rule: Dependency, one: Stated, status: Status, said: str, edits: Edits, manner: Manner) -> Finding:
    warning = warned(rule, one.pin)
    if warning:
        status = Status.REVIEW if status is Status.MIGRATED else status
        said = f"{warning}; {said}"
    said = f"{said}: {rule.message}" if rule.message else said
    if manner.prose:
        said = f"prose: {said}" if manner.edited or not edits else f"prose: {said}; edited only with --text"
        return Finding(one.at, rule.id, Status.REVIEW, said, edits if manner.edited else (), prose=True)
    return Finding(one.at, rule.id, status, said, edits)


def warned(rule: Dependency, version: str) -> str:
    """What is to be said of a release that was withdrawn; nothing of any other."""
    if version not in rule.yanked:
        return ""
    return (
        f"{rule.old} {version} was withdrawn as malicious: change every secret that a machine which installed it "
        "could read"
    )


def meets(there: str, needed: str) -> bool:
    """Whether some version is allowed by both; true as well where one of them cannot be read.

    >>> meets("==1.55.0", ">=2,<4"), meets(">=1.0", ">=2,<4")
    (False, True)
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        both = SpecifierSet(there) & SpecifierSet(needed)
    except InvalidSpecifier:
        return True
    bounds = {re.sub(r"\.?\*$", "", clause.version) for clause in both}
    return not bounds or any(both.contains(v, prereleases=True) for b in bounds for v in (b, f"{b}.1"))


def raised(there: str, needed: str) -> str:
    """`there`, where it allows versions older than `needed` does, with the lowest that is needed as its lowest.

    It stays as it is where it pins a version, or allows none that is new enough.

    >>> raised(">=1.30", ">=2,<4"), raised(">=1.0,<3", ">=2,<4"), raised(">=1.0,<2", ">=2,<4")
    ('>=2', '>=2,<3', '>=1.0,<2')
    """
    from packaging.version import InvalidVersion, Version

    lowest = re.search(r">=\s*([\w.]+)", needed)
    clauses = re.fullmatch(r"(?P<before>.*?)>=?\s*(?P<version>[\w.]+)(?P<after>.*)", there)
    if not lowest or not clauses or not meets(there, needed):
        return there
    try:
        is_older = Version(clauses["version"]) < Version(lowest[1])
    except InvalidVersion:
        return there
    return f"{clauses['before']}>={lowest[1]}{clauses['after']}" if is_older else there


# --------------------------------------------------------------------------------------------------------- in lines


def line_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the lines of a span start, and where they end, with the line end."""
    close = text.find("\n", max(end - 1, start))
    return text.rfind("\n", 0, start) + 1, len(text) if close < 0 else close + 1


def cut(text: str, spans: Sequence[tuple[int, int]]) -> list[Edits]:
    """The edits that take whole lines out; where the last line had no line end, the new last one has none either."""
    edits = [Edit(start, end, "") for start, end in spans]
    last = len(edits) - 1
    if not edits or edits[last].end < len(text) or text.endswith("\n"):
        return [(edit,) for edit in edits]
    size, following = len(newline_of(text)), len(text)
    while last >= 0 and edits[last].end == following and edits[last].start >= size:
        following = edits[last].start
        stop = len(text) if edits[last].end == len(text) else edits[last].end - size
        edits[last] = Edit(following - size, stop, "")
        last -= 1
    return [(edit,) for edit in edits]


def line_after(text: str, span: tuple[int, int], *new: str) -> Edit:
    """The edit that puts new lines after the lines of a span."""
    newline, at = newline_of(text), span[1]
    return Edit(
        at, at, "".join(f"{line}{newline}" if text[at - 1 : at] == "\n" else f"{newline}{line}" for line in new)
    )
