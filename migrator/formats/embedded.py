"""Python that another text holds: it moves as a whole, or stays and is told."""

from __future__ import annotations

import ast
import re
import textwrap
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from migrator.fates.names import Names
from migrator.formats import Context
from migrator.formats.blocks import Block, Placed
from migrator.formats.search import apart, lines, moved_by, snippet
from migrator.sites import Finding, Status

_PYTHON = r"(?<![\w.-])python[\d.]*(?![\w.])"
_OPTION = re.compile(
    rf"""{_PYTHON}(?:[ \t]+-[a-zA-Z]+)*?[ \t]+-[a-zA-Z]*c[ \t]+(?P<quote>\\?["'])(?P<code>.*?)(?P=quote)""", re.DOTALL
)
_DOCUMENT = re.compile(
    rf"""{_PYTHON}[^\n]*<<-?[ \t]*(?P<quote>["']?)(?P<end>\w+)(?P=quote)[^\n]*\n(?P<code>.*?)"""
    r"""^[ \t]*(?P=end)[ \t]*\r?$""",
    re.DOTALL | re.MULTILINE,
)
_IMPORT = re.compile(
    r"(?:^|;)[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+)(?=[ \t]*(?:[,;#\\\r\n]|as\b|$)))",
    re.MULTILINE,
)
# An import at the beginning of a line, or of what stands in quotes on one line: with what follows it there.
_STATEMENT = re.compile(
    r"""(?:^[ \t]*|(?P<quote>["']))(?P<code>(?:from|import)[ \t](?(quote)(?:\\.|(?!(?P=quote)).)*(?=(?P=quote))|.*))""",
    re.MULTILINE,
)
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_HERE = re.compile(r"""<<-?[ \t]*(?P<quote>["'\\]?)(?P<end>\w+)""")
_OF_THE_SHELL = "$`\\"
Piece = tuple[int, int, list[Finding]]  # of a text: where it starts and ends, and what is found in it


def imported(code: str) -> set[str]:
    """The modules that import statements at the beginnings of lines name."""
    return {match[1] or match[2] for match in _IMPORT.finditer(code)}


def program(text: str) -> str:
    """The Python that a text is, without its indent; "" for what is none."""
    code = textwrap.dedent(text)
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return ""
    return code


def commands(text: str) -> Iterator[re.Match[str]]:
    """Where commands in a text run Python that stands in it, as the group `code`."""
    if "python" in text:
        yield from _OPTION.finditer(text)
        yield from _DOCUMENT.finditer(text)


def in_shell(text: str, names: Names, context: Context) -> Iterator[Piece]:
    """Where commands hold Python that imports a library (`python -c "…"`, `python <<EOF`), with its findings.

    Modules and classes that are renamed can be told by their spelling alone.
    """
    for match in commands(text) if names.rules.libraries else ():
        if any(map(names.tracked, imported(match["code"]))):
            quote, is_option = match["quote"], match.re is _OPTION
            shared = _OF_THE_SHELL if not quote or (is_option and '"' in quote) else ""
            lines_end = is_option and "\n" not in match["code"]
            never = (*shared, *((quote,) if is_option else ()), *(("\n",) if lines_end else ()))
            start, end = match.span("code")
            found = whole(text[start:end], names, context.python, never)
            yield start, end, [moved_by(finding, start) for finding in found]


def in_lines(text: str, names: Names, context: Context, told: Collection[Piece]) -> Iterator[Piece]:
    """Where lines, or what one of them quotes, are Python that imports a library, with its findings.

    Lines count as far as they are indented like that import. What is no Python by itself, such as a template, stays.
    `told` are the commands that have been looked at.
    """
    rows, last = None, 0
    for match in _STATEMENT.finditer(text) if names.rules.libraries else ():
        start, end = match.span("code")
        if match.start() < last or not any(map(names.tracked, imported(match["code"]))):
            continue
        if any(first <= start < after for first, after, _ in told):
            continue
        rows = rows or _Rows(text, told)
        quote, last = match["quote"], end
        never: tuple[str, ...] = (quote, "\\", "\n")
        if not quote:
            never = tuple(_OF_THE_SHELL) if rows.is_shared(start) else ()
            start, last = rows.take(start)
        found = whole(text[start:last], names, context.python, never)
        if "\\" in text[start:last] and quote:
            said = "code in a text that is not spelled in one piece: write it by hand"
            found = [Finding(0, names.library_rule, Status.MANUAL, said)]
        yield start, last, [moved_by(finding, start) for finding in found]


class _Rows:
    """The lines of a text, and before which of them a block of code ends: at commands, fences and here-documents."""

    def __init__(self, text: str, told: Collection[Piece]) -> None:
        rows = list(lines(text))
        self._starts = [start for start, _ in rows] + [len(text)]
        self._indents = [_indent(line) for _, line in rows]
        self._text = text
        self._told = {self._row(start) for start, _, _ in told} | {self._row(end - 1) + 1 for _, end, _ in told}
        self._borders = {0, len(rows)}
        self._shared: set[int] = set()
        ends: dict[str, int] = {}
        for number, (_, line) in reversed(list(enumerate(rows))):
            self._borders |= {number, number + 1} if _FENCE.match(line) else set()
            for match in _HERE.finditer(line):
                if end := ends.get(match["end"]):
                    self._borders |= {number + 1, end}
                    self._shared.update(() if match["quote"] else range(number + 1, end))
            ends[line.strip()] = number

    def is_shared(self, at: int) -> bool:
        """Whether the shell puts its variables into the line of a place."""
        return self._row(at) in self._shared

    def take(self, at: int) -> tuple[int, int]:
        """The lines around a place that are indented as far as its own, or further, which no later block has again.

        A command does not end a block that is Python with it, such as one that runs the command.
        """
        first, end = self._around(at, self._borders)
        if not program(self._text[self._starts[first] : self._starts[end]]):
            first, end = self._around(at, self._borders | self._told)
        self._borders.add(end)
        return self._starts[first], self._starts[end]

    def _around(self, at: int, borders: Collection[int]) -> tuple[int, int]:
        first = self._row(at)
        end, indent = first + 1, self._indents[first]
        while first not in borders and not 0 <= self._indents[first - 1] < indent:
            first -= 1
        while end not in borders and not 0 <= self._indents[end] < indent:
            end += 1
        return first, end

    def _row(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1


def _indent(line: str) -> int:
    """How far a line is indented; -1 for one that is blank."""
    return len(line) - len(line.lstrip()) if line.strip() else -1


def whole(code: str, names: Names, python: Callable[[str], list[Finding]], never: tuple[str, ...]) -> list[Finding]:
    """The findings of a piece of Python if all of its edits can be made; else only those that say why it stays.

    `python` finds the references of Python without indent; no edit may write any text of `never`.
    """
    placed = Placed(code, Block("python", tuple((at, line.rstrip("\r\n")) for at, line in lines(code))))
    try:
        probes = all(map(_is_probing, ast.parse(placed.code).body))
        found = [placed(finding) for finding in (_probe(placed.code, names) if probes else python(placed.code))]
    except (SyntaxError, ValueError):
        found = _unparsed(code, names)
    stays = [f for f in found if f.status is Status.MANUAL]
    unfit = [f for f in found if any(mark in e.text for e in f.edits for mark in never)]
    if not stays and unfit:
        stays = [
            replace(unfit[0], status=Status.MANUAL, message=f"{unfit[0].message}: its quotes or lines would end here")
        ]
    if stays:
        return [replace(f, message=f"all of this code stays: {f.message}", edits=()) for f in stays]
    return list(_asking(found, names.client)) if names.client else found


def _asking(found: Iterable[Finding], client: str) -> Iterator[Finding]:
    """The findings of code; the first that names the client module says that it is needed where the code runs."""
    named, is_said = re.compile(rf"\b{client.rpartition('.')[2]}\b"), False
    for finding in found:
        if not is_said and any(named.search(edit.text) for edit in finding.edits):
            is_said = True
            said = f"{finding.message}; {client.replace('.', '/')}.py has to be where this code runs"
            finding = replace(finding, status=Status.REVIEW, message=said)
        yield finding


def _is_probing(statement: ast.stmt) -> bool:
    """Whether a statement imports modules, or prints what has nothing to do with them."""
    match statement:
        case ast.Import():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args, keywords=[])):
            return all(isinstance(arg, ast.Constant) for arg in args)
    return False


def _probe(code: str, names: Names) -> list[Finding]:
    """Code that imports a library and does nothing with it but print that it did."""
    said = ", ".join(f"it only imports {each.module}, ask for {each.instead} there" for each in names.rules.libraries)
    return [Finding(_first(code, names), names.library_rule, Status.MANUAL, said)] if said else []


def _unparsed(code: str, names: Names) -> list[Finding]:
    """What code holds that is not valid by itself: names that can be told without their imports, or nothing."""
    if not names.rules.libraries:
        return apart(snippet(code, names))
    return [
        Finding(
            _first(code, names), names.library_rule, Status.MANUAL, "it is not valid Python by itself, write it by hand"
        )
    ]


def _first(code: str, names: Names) -> int:
    """Where the first import of a library stands in code."""
    found = (m for m in _IMPORT.finditer(code) if names.tracked(m[1] or m[2]))
    return next((m.end() - len(m[0].lstrip("; \t\n")) for m in found), 0)
