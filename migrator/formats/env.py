"""Environment files: `.env`, its templates and `.envrc`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dotenv.parser import Binding, parse_stream

from migrator.fates.names import Names, say_env
from migrator.formats import Context, http
from migrator.formats.search import apart, apply, exact, line_of, moved_by, prose
from migrator.formats.variables import TEMPLATE
from migrator.line_ends import newline_of
from migrator.patterns import expand
from migrator.sites import Edit, Finding, Status

_BEFORE_KEY = re.compile(r"\s*(?:export[^\S\r\n]+)?'?")
_VALUE = re.compile(
    r"""'?[^\S\r\n]*(?:=[^\S\r\n]*)?
        (?P<value>(?<=\s)(?=\#) | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | (?:(?!\s+\#)[^\r\n])*)""",
    re.DOTALL | re.VERBOSE,
)
_SECRET = re.compile(r"(?:_KEY|_TOKEN)$", re.IGNORECASE)
_COMMENTED = re.compile(r"\s*#+[^\S\r\n]*(?=(?:export[^\S\r\n]+)?([A-Za-z_]\w*)=)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A binding, in use or commented out: where its key, its value and what follows them stand."""

    key: str
    first: int
    start: int
    value: tuple[int, int]
    end: int
    used: bool


def parse(text: str) -> Iterator[Binding]:
    """The bindings, comments and faulty lines of an environment file; their originals add up to `text`."""
    return parse_stream(io.StringIO(text, newline=""))


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old variables as keys and in values; only the characters of a name are edited."""
    bound: list[_Line] = []
    other: list[Finding] = []
    at = 0
    for binding in parse(text):
        piece = binding.original.string
        commented = None if binding.key else _COMMENTED.match(piece)
        if binding.error:
            other += apart(exact(piece, names, at), prose(piece, names, at, edit=context.edit_prose))
        elif binding.key:
            bound.append(_line(piece, binding.key, at, used=True))
        elif commented:
            bound.append(_line(piece[commented.end() :], commented[1], at + commented.end(), used=False))
        else:
            other += prose(piece, names, at, edit=context.edit_prose)
            other += http.prose(piece, names, at, edit=context.edit_prose)
        at += len(piece)
    clashes = _clashes(text, bound, names)
    for line in bound:
        inside = apart(_in_value(text, line, names, clashes))
        value = apply(text[slice(*line.value)], inside, line.value[0])
        other += _renamed_key(line, value, names, clashes)
        other += inside
        other += prose(text[line.value[1] : line.end], names, line.value[1], edit=context.edit_prose)
    return apart(other, _added(text, bound, names) if TEMPLATE.search(context.path) else ())


def _added(text: str, bound: list[_Line], names: Names) -> Iterator[Finding]:
    """Variables that a template is to have after the last of those they belong to."""
    there = {line.key for line in bound} | {new[0] for line in bound if (new := names.env(line.key))}
    for rule in names.rules.env_adds:
        related = [line for line in bound if any(expand(old, old, line.key) for old in rule.after)]
        if not related or rule.name in there:
            continue
        there.add(rule.name)
        last = _last_of_block(text, bound, next((line for line in reversed(related) if line.used), related[-1]))
        newline = newline_of(text)
        at = last.end
        ended = text[:at].endswith("\n")
        comment = "" if last.used else text[max(text.rfind(end, 0, last.first) for end in "\r\n") + 1 : last.first]
        line = f"{comment}{rule.name}={rule.value}"
        edit = Edit(at, at, f"{line}{newline}" if ended else f"{newline}{line}")
        said = f"{rule.name} is added: {rule.message}" if rule.message else f"{rule.name} is added"
        yield Finding(last.start, rule.id, Status.MIGRATED, said, (edit,))


def _last_of_block(text: str, bound: list[_Line], line: _Line) -> _Line:
    """The last of the keys and tokens, and of the same provider's variables, that stand right below a line.

    They are in use, or commented out, as that is.
    """
    for below in bound[bound.index(line) + 1 :]:
        belongs = _SECRET.search(below.key) or below.key.partition("_")[0] == line.key.partition("_")[0]
        if below.used is not line.used or not belongs or "\n" in text[line.end : below.start]:
            break
        line = below
    return line


def _line(piece: str, key: str, at: int, *, used: bool) -> _Line:
    before = _BEFORE_KEY.match(piece)
    start = before.end() if before else 0
    value = _VALUE.match(piece, start + len(key))
    span = value.span("value") if value else (len(piece), len(piece))
    return _Line(key, at, at + start, (at + span[0], at + span[1]), at + len(piece), used)


def _clashes(text: str, bound: list[_Line], names: Names) -> dict[str, int]:
    """Old variables whose new name is set in the same file by another line, and that line."""
    holders = {line.key: line for line in bound if line.used and not names.env(line.key)}
    clashes = {}
    for line in bound:
        renamed = names.env(line.key)
        if line.used and renamed:
            holder = holders.setdefault(renamed[0], line)
            if holder.key != line.key:
                clashes[line.key] = line_of(text, holder.start)
    return clashes


def _renamed_key(line: _Line, value: str, names: Names, clashes: dict[str, int]) -> Iterator[Finding]:
    renamed = names.env(line.key)
    if renamed is None:
        return
    new, rule = renamed
    if line.used and line.key in clashes and rule.yields:
        said = f"{line.key} goes: {new} is set on line {clashes[line.key]}"
        yield Finding(line.start, rule.id, Status.MIGRATED, said, (Edit(line.first, line.end, ""),))
        return
    if line.used and line.key in clashes:
        said = f"{new} is already set on line {clashes[line.key]}: remove this line or that one"
        yield Finding(line.start, rule.id, Status.MANUAL, said)
        return
    status, said = Status(rule.status), say_env(line.key, new, rule)
    vendor = next((w for m in names.rules.mentions for w in m.words if w.lower() in value.lower()), None)
    if vendor:
        status, said = Status.REVIEW, f"{said}; its value still points at {vendor}"
    yield Finding(line.start, rule.id, status, said, (Edit(line.start, line.start + len(line.key), new),))


def _yields(old: str, names: Names) -> bool:
    """Whether the line of an old variable goes where its new name is set beside it."""
    renamed = names.env(old)
    return renamed is not None and renamed[1].yields


def _in_value(text: str, line: _Line, names: Names, clashes: dict[str, int]) -> Iterator[Finding]:
    """References such as `${OLD}`; one in single quotes follows too: python-dotenv expands it, though shells do not."""
    start, end = line.value
    literal = text[start:end].startswith("'")
    called = (moved_by(f, start) for f in http.find(text[start:end], "env", names, "")) if names.rules.clients else ()
    yield from called
    for finding in exact(text[start:end], names, start):
        old = text[finding.start : finding.edits[0].end] if finding.edits else ""
        if old in clashes and not _yields(old, names):
            said = f"{old} is not renamed, see line {clashes[old]}: this reference follows the line you keep"
            yield Finding(finding.start, finding.rule, Status.MANUAL, said)
        elif literal and names.env(old):
            said = f"{finding.message}; in single quotes only some readers expand it"
            yield replace(finding, status=Status.REVIEW, message=said)
        else:
            yield finding
