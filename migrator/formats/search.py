"""What every file kind looks for in a piece of text: old names with their edits, settings, dependencies, prose."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Protocol

from migrator.fates.names import Names
from migrator.patterns import canonical
from migrator.primitives.project import Flag, Setting
from migrator.sites import Edit, Finding, Status

_IMPORT = re.compile(r"\bfrom[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[\w, \t]+)")
_ENTRY_POINT = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)")
_TOKEN = re.compile(r"(?<![\w./@-])[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?![/\w])")
_CLASS = re.compile(r"(?<![\w.])[A-Z]\w*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_COMMENT = re.compile(r"[ \t]*(?:#|//|;|REM\b|<!--)")
_QUOTES = "\"'`"

# ---------------------------------------------------------------------------------------------------- old names


def exact(text: str, names: Names, offset: int = 0) -> Iterator[Finding]:
    """Old names that configuration spells out, each with its edit: imports, entry points, dotted names, variables.

    They may overlap (`a.b:C` is an entry point and holds a dotted name): `apart` keeps the first.
    """
    yield from _imports(text, names, offset)
    yield from _entry_points(text, names, offset)
    yield from names.dotted_in(text, offset)
    for finding in names.envs_in(text, offset):
        edit = finding.edits[0]
        if text[edit.start - offset : edit.end - offset].isupper():
            yield finding


def snippet(text: str, names: Names) -> Iterator[Finding]:
    """As `exact`, with the bare class names of code that cannot be parsed."""
    yield from exact(text, names, 0)
    for match in _CLASS.finditer(text):
        new = names.symbol(match[0])
        if new:
            rule, said = names.symbol_rule(match[0]), f"{match[0]} → {new}: by its name alone, the code does not parse"
            yield renamed(match.span(), 0, new, rule, Status.REVIEW, said)


def _imports(text: str, names: Names, offset: int) -> Iterator[Finding]:
    """Names imported from the old layer, wherever the text says them."""
    imported: dict[str, tuple[str, str]] = {}
    for match in _IMPORT.finditer(text):
        for name in re.finditer(r"\w+", match[2]):
            new = names.rename(f"{match[1]}.{name[0]}")
            if new is None:
                continue
            module, _, leaf = new.new.rpartition(".")
            if module != _module(match[1], names):
                said = f"{match[1]}.{name[0]} → {new.new}: write `from {module} import {leaf}` and rename its uses"
                yield Finding(match.start(2) + name.start() + offset, new.rule, Status.MANUAL, said)
            elif leaf != name[0]:
                imported[name[0]] = leaf, new.rule
    if imported:
        for match in re.finditer(rf"(?<![\w.])(?:{'|'.join(imported)})(?!\w)", text):
            leaf, rule = imported[match[0]]
            yield renamed(match.span(), offset, leaf, rule, Status.MIGRATED, f"{match[0]} → {leaf}")


def _entry_points(text: str, names: Names, offset: int) -> Iterator[Finding]:
    for match in _ENTRY_POINT.finditer(text):
        new = names.rename(f"{match[1]}.{match[2]}")
        module = _module(match[1], names)
        if new and new.new.startswith(module + "."):
            point = f"{module}:{new.new[len(module) + 1 :]}"
            yield renamed(match.span(), offset, point, new.rule, Status.MIGRATED, f"{match[0]} → {point}")


def _module(dotted: str, names: Names) -> str:
    new = names.rename(dotted)
    return new.new if new else dotted


def renamed(span: tuple[int, int], offset: int, new: str, rule: str, status: Status, message: str) -> Finding:
    """The finding that puts `new` at `span`."""
    start, end = span[0] + offset, span[1] + offset
    return Finding(start, rule, status, message, (Edit(start, end, new),))


# ----------------------------------------------------------------------------------------------------- settings


class Moved(NamedTuple):
    """Where in a key path a setting begins, of how many keys it is, and its rule."""

    at: int
    size: int
    rule: Setting


def moved(path: Sequence[str], names: Names) -> Moved | None:
    """The setting that the key path names or lies below, at the root or under other sections (`default`, `tool.x`).

    A setting of a single key counts at the root only: the same word further down is somebody else's. So is whatever
    lies below the new section, which a first run may have put there.
    """
    for rule in names.rules.settings:
        old = rule.old.split(".")
        for at in range(len(path) - len(old) + 1 if len(old) > 1 else 1):
            if list(path[at : at + len(old)]) == old and not _holds(path[:at], rule.new.split(".")):
                return Moved(at, len(old), rule)
    return None


def _holds(path: Sequence[str], part: list[str]) -> bool:
    return any(list(path[at : at + len(part)]) == part for at in range(len(path)))


def settings_in(text: str, names: Names, offset: int = 0) -> Iterator[Finding]:
    """Old setting keys in configuration: a whole string is renamed, elsewhere the place is reported."""
    for match in _settings(text, names):
        new = names.setting(match[0])
        if new is None:
            continue
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if before in _QUOTES and after in _QUOTES:
            said = f"{match[0]} → {new.new}: check that it is the key of a setting"
            yield renamed(match.span(), offset, new.new, new.rule, Status.REVIEW, said)
        else:
            said = f"the setting {match[0]} is {new.new} now: rename it here by hand"
            yield Finding(match.start() + offset, new.rule, Status.MANUAL, said)


def _settings(text: str, names: Names) -> Iterator[re.Match[str]]:
    old = tuple(rule.old for rule in names.rules.settings if "." in rule.old)
    return _settings_pattern(old).finditer(text) if old else iter(())


@lru_cache
def _settings_pattern(old: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, old))})(?![\w-])(?:\.\w+)*")


# ------------------------------------------------------------------------------------------ dependencies, prose


def packages_in(
    text: str, names: Names, offset: int = 0, *, where: Callable[[str], bool] = lambda _: True
) -> Iterator[Finding]:
    """Flagged distributions named in the lines that `where` lets through."""
    if not any(flag.distribution for flag in names.rules.flags):
        return
    for start, line in lines(text):
        if where(line):
            for match in _TOKEN.finditer(line):
                flag = distribution(match[0], names)
                if flag:
                    yield Finding(start + match.start() + offset, flag.id, Status.MANUAL, flag.message)


def distribution(name: str, names: Names) -> Flag | None:
    """The flag of a distribution, by whichever spelling of its name."""
    return next((f for f in names.rules.flags if f.distribution and canonical(f.distribution) == canonical(name)), None)


def prose(text: str, names: Names, offset: int, *, edit: bool) -> Iterator[Finding]:
    """Everything old that prose names, as `names.prose_in`, and the keys of settings."""
    yield from names.prose_in(text, offset, edit=edit)
    for match in _settings(text, names):
        new = names.setting(match[0])
        if new:
            said = f"prose: {match[0]} → {new.new}" + ("" if edit else "; edited only with --text")
            found = renamed(match.span(), offset, new.new, new.rule, Status.REVIEW, said)
            yield replace(found, edits=found.edits if edit else (), prose=True)


# -------------------------------------------------------------------------------------------------- together


def apart(*groups: Iterable[Finding]) -> list[Finding]:
    """The findings of all groups, in order of place, without those that stand where an earlier one was found.

    What one group only tells of a place does not keep it from an edit there.
    """
    taken: list[tuple[int, int]] = []
    kept = []
    for group in groups:
        told: list[tuple[int, int]] = []
        for finding in group:
            spans, only_told = spans_of(finding), not finding.edits
            if not any(overlaps(taken, *s) or (only_told and overlaps(told, *s)) for s in spans):
                kept.append(finding)
                for span in spans:
                    insort(told if only_told else taken, span)
        for span in (s for s in told if not overlaps(taken, *s)):
            insort(taken, span)
    return sorted(kept, key=lambda f: f.start)


def beside(found: Iterable[Finding], *groups: Iterable[Finding]) -> list[Finding]:
    """The findings that `found` has, every one of them, and those of `groups` that stand apart from its edits."""
    own = list(found)
    taken = merged(span for f in own for span in spans_of(f))
    others = (f for f in apart(*groups) if not any(overlaps(taken, *s) for s in spans_of(f)))
    return sorted([*own, *others], key=lambda f: f.start)


def in_comment(text: str, at: int) -> bool:
    """Whether a place stands on a line that is a comment in one of the languages of configuration."""
    return _COMMENT.match(text, text.rfind("\n", 0, at) + 1, at) is not None


def without(text: str, found: Iterable[Finding]) -> str:
    """The text with spaces where the edits of findings stand, so that nothing else moves."""
    for edit in (e for f in found for e in f.edits):
        text = f"{text[: edit.start]}{' ' * (edit.end - edit.start)}{text[edit.end :]}"
    return text


def spans_of(finding: Finding) -> list[tuple[int, int]]:
    """Where a finding edits, or its first character where it does not."""
    return [(e.start, e.end) for e in finding.edits] or [(finding.start, finding.start + 1)]


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that share characters as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def overlaps(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether the span shares a character with one of the disjoint spans in `taken`."""
    at = bisect_right(taken, (start, end))
    return any(a < end and start < b for a, b in taken[max(at - 1, 0) : at + 1])


def moved_by(finding: Finding, offset: int) -> Finding:
    """The finding of a part of a text, as it stands in the whole."""
    edits = tuple(Edit(edit.start + offset, edit.end + offset, edit.text) for edit in finding.edits)
    return replace(finding, start=finding.start + offset, edits=edits)


class HasEdits(Protocol):
    """A finding, or anything else with edits."""

    @property
    def edits(self) -> tuple[Edit, ...]: ...


def apply(text: str, found: Iterable[HasEdits], offset: int = 0) -> str:
    """The text with all edits made; `offset` is where it stands in the text the edits are for."""
    for edit in sorted((e for f in found for e in f.edits), reverse=True):
        text = text[: edit.start - offset] + edit.text + text[edit.end - offset :]
    return text


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their line ends, and where each starts."""
    for match in _LINE.finditer(text):
        if match[0]:
            yield match.start(), match[0]


def line_of(text: str, at: int) -> int:
    """The line, from 1, that a character is on."""
    return text.count("\n", 0, at) + 1
