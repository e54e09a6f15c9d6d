"""Environment variables that nothing takes the place of: lines that set one go, lines that read one are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.fates.names import Names
from migrator.formats.search import lines
from migrator.formats.variables import PROSE, SILENT
from migrator.primitives.leaving import EnvGone
from migrator.primitives.project import Env
from migrator.sites import Edit, Finding, Status

_NAME = r"(?P<name>[A-Z][A-Z0-9_]*)"
_VALUE = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"';&|#\\])*"""
_END = r"[ \t]*(?:\#.*)?"
# A line that does nothing but set a variable, by kind of file.
_SETS = {
    "env": re.compile(rf"[ \t]*(?:\#+[ \t]*)?(?:export[ \t]+)?{_NAME}[ \t]*=.*"),
    "yaml": re.compile(
        rf"""[ \t]*(?:-[ \t]+["']?{_NAME}(?:=.*)?|["']?(?P<key>[A-Z][A-Z0-9_]*)["']?[ \t]*:[ \t]+[^|>\s].*)"""
    ),
    "toml": re.compile(
        rf"""[ \t]*(?:["']{_NAME}(?:=[^"']*)?["'],|(?P<key>[A-Z][A-Z0-9_]*)[ \t]*=[ \t]*["'][^"']*["']){_END}"""
    ),
    "ini": re.compile(rf"[ \t]*{_NAME}[ \t]*=[ \t]*\S*"),
    "config": re.compile(
        rf"[ \t]*(?:\#[ \t]*)?(?:(?:export|readonly|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?{_NAME}={_VALUE}{_END}"
        rf"|[ \t]*(?:unset|ARG)[ \t]+(?P<key>[A-Z][A-Z0-9_]*)(?:={_VALUE})?{_END}"
        rf"|[ \t]*ENV[ \t]+(?P<set>[A-Z][A-Z0-9_]*)[= ]{_VALUE}{_END}"
    ),
}
_KUBERNETES = re.compile(rf"""(?P<indent>[ \t]*)-[ \t]+name:[ \t]*["']?{_NAME}["']?[ \t]*""")
_LOOP = re.compile(r"[ \t]*for[ \t]+\w+[ \t]+in[ \t]")
_WORD = re.compile(r"(?<=[ \t])[A-Z][A-Z0-9_]*(?=[ \t]|$)")
_CHECK = re.compile(r"[ \t]*if[ \t]+(?:\[\[? .* \]\]?|test [^;]*)[ \t]*;[ \t]*then[ \t]*")
_OPENS = re.compile(r"(?:^|.*[ \t;])(?:then|do|else|in)[ \t]*|.*[{(:][ \t]*|.*\)[ \t]*")
_CLOSES = re.compile(r"[ \t]*(?:fi|done|else|elif|esac|;;|\}|\))(?:[ \t;].*)?")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its line end, where it starts, and where the next one does."""

    start: int
    text: str
    end: int

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def find(text: str, kind: str, names: Names) -> list[Finding]:
    """A finding for every place of such a variable. `kind` is the file's, as `formats` names it.

    A variable that has a new name goes as well where that is set beside it, if its rule says so.
    """
    if kind in SILENT or not names.may_go(text):
        return []
    rows = [_Line(at, line.rstrip("\r\n"), at + len(line)) for at, line in lines(text)]
    return _Lines(rows, kind, names).findings()


class _Lines:
    """The findings of the lines of one file."""

    def __init__(self, rows: Sequence[_Line], kind: str, names: Names) -> None:
        self.rows, self.kind, self.names = rows, kind, names
        self.set = {name for row in rows if not row.text.lstrip().startswith("#") and (name := self._set_by(row))}

    def findings(self) -> list[Finding]:
        if self.kind in PROSE:
            return [f for row in self.rows for f in self._reads(row, prose=True)]
        going = self._going()
        taken = {number for span in going for number in range(*span)}
        left = [row for number, row in enumerate(self.rows) if number not in taken]
        return [*map(self._removed, going), *(f for row in left for f in self._in_line(row))]

    def _rule(self, name: str) -> EnvGone | Env | None:
        """The rule that has a variable go."""
        renamed = self.names.env(name)
        yields = renamed is not None and renamed[1].yields and renamed[0] in self.set
        return renamed[1] if renamed and yields else self.names.env_gone(name)

    def _set_by(self, row: _Line) -> str:
        """The variable that a line sets, and does nothing else; "" for any other line."""
        match = _SETS[self.kind].fullmatch(row.text) if self.kind in _SETS else None
        return next((name for name in match.groupdict().values() if name), "") if match else ""

    # ------------------------------------------------------------------------------------------------- lines that go

    def _going(self) -> list[tuple[int, int]]:
        """The spans of lines that go: from the first to the one after the last."""
        spans = [span for number in range(len(self.rows)) if (span := self._definition(number))]
        if self.kind == "env":
            return _joined(spans)
        joined = [_grown(self.rows, span) if self.kind == "config" else span for span in _joined(spans)]
        return [span for span in joined if not _empties(self.rows, span)]

    def _definition(self, number: int) -> tuple[int, int] | None:
        row = self.rows[number]
        entry = _KUBERNETES.fullmatch(row.text) if self.kind == "yaml" else None
        if entry and self._rule(entry["name"]):
            end = number + 1
            while end < len(self.rows) and self.rows[end].text.strip() and self.rows[end].indent > row.indent:
                end += 1
            return number, end
        name = self._set_by(row)
        if not name or not self._rule(name) or (self.kind == "env" and not self.names.env_gone(name)):
            return None
        below = next((r for r in self.rows[number + 1 :] if r.text.strip()), None)
        continued = self.kind == "yaml" and below is not None and below.indent > row.indent
        return None if continued else (number, number + 1)

    def _removed(self, span: tuple[int, int]) -> Finding:
        rows = self.rows[slice(*span)]
        gone = [name for row in rows if (name := self._set_by(row)) or (name := self._entry(row))]
        rule = self._rule(gone[0])
        assert rule is not None
        said = f"{', '.join(dict.fromkeys(gone))} goes"
        edit = Edit(self._first(span), rows[-1].end, "")
        return Finding(rows[0].start + rows[0].indent, rule.id, Status.MIGRATED, said, (edit,))

    def _first(self, span: tuple[int, int]) -> int:
        """Where a span begins; the last line of a text takes the line end before it along, if it has none itself."""
        first, last = self.rows[span[0]], self.rows[span[1] - 1]
        if span[0] and span[1] == len(self.rows) and last.end == last.start + len(last.text):
            above = self.rows[span[0] - 1]
            return above.start + len(above.text)
        return first.start

    def _entry(self, row: _Line) -> str:
        entry = _KUBERNETES.fullmatch(row.text)
        return entry["name"] if entry else ""

    # ------------------------------------------------------------------------------------------------ lines that stay

    def _in_line(self, row: _Line) -> Iterator[Finding]:
        """What a line that stays names: a word of a loop's list goes, everything else is reported."""
        loop = _LOOP.match(row.text)
        words = list(_WORD.finditer(row.text.partition(";")[0], loop.end())) if loop else []
        named = {word[0] for word in words}
        gone = [word for word in words if self.names.env_gone(word[0]) or self._yields(word[0], named)]
        if not gone or len(gone) == len(words):
            yield from self._reads(row, prose=row.text.lstrip().startswith("#"))
            return
        for word in gone:
            renamed = self.names.env(word[0])
            rule = self.names.env_gone(word[0]) or (renamed[1] if renamed else None)
            assert rule is not None
            edit = Edit(row.start + word.start() - 1, row.start + word.end(), "")
            yield Finding(row.start + word.start(), rule.id, Status.MIGRATED, f"{word[0]} goes", (edit,))

    def _yields(self, name: str, beside: set[str]) -> bool:
        renamed = self.names.env(name)
        return renamed is not None and renamed[1].yields and renamed[0] in beside

    def _reads(self, row: _Line, *, prose: bool) -> Iterator[Finding]:
        """One finding for each variable of a line."""
        pattern, told = self.names.gone_pattern, set[str]()
        for match in pattern.finditer(row.text) if pattern else ():
            rule = self.names.env_gone(match[0])
            if rule is None or match[0] in told:
                continue
            told.add(match[0])
            status = Status.REVIEW if prose else Status.MANUAL
            said = f"prose: {match[0]}: nothing takes its place" if prose else f"{match[0]}: {rule.message}"
            yield Finding(row.start + match.start(), rule.id, status, said, prose=prose)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, of which those that follow one another are one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def _grown(rows: Sequence[_Line], span: tuple[int, int]) -> tuple[int, int]:
    """The span with the `if [[ … ]]; then` and the `fi` around it, where nothing else is between them."""
    start, end = span
    if start and end < len(rows) and _CHECK.fullmatch(rows[start - 1].text) and rows[end].text.strip() == "fi":
        return start - 1, end + 1
    return span


def _empties(rows: Sequence[_Line], span: tuple[int, int]) -> bool:
    """Whether a block would have nothing in it any more."""
    before = next(
        (r for r in reversed(rows[: span[0]]) if r.text.strip() and not r.text.lstrip().startswith("#")), None
    )
    after = next((r for r in rows[span[1] :] if r.text.strip()), None)
    if before is None or not _OPENS.fullmatch(before.text):
        return False
    return after is None or _CLOSES.fullmatch(after.text) is not None or after.indent <= before.indent
