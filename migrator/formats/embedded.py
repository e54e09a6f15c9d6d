"""Python that another text holds: it moves as a whole, or stays and is told."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from migrator.formats import Context
from migrator.formats.blocks import Block, Placed
from migrator.formats.search import apart, lines, moved_by, snippet
from migrator.planning.names import Names
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
    last = 0
    for match in _STATEMENT.finditer(text) if names.rules.libraries else ():
        is_told = match.start() < last or any(start <= match.start("code") < end for start, end, _ in told)
        if is_told or not any(map(names.tracked, imported(match["code"]))):
            continue
        start, last = match.span("code")
        quote = match["quote"] or ""
        if not quote:
            start, last = _block(text, start)
        found = whole(text[start:last], names, context.python, (quote, "\\", "\n") if quote else ())
        if "\\" in text[start:last] and quote:
            said = "code in a text that is not spelled in one piece: write it by hand"
            found = [Finding(start, names.library_rule, Status.MANUAL, said)]
        yield start, last, [moved_by(finding, start) for finding in found]


def _block(text: str, at: int) -> tuple[int, int]:
    """The lines around a place that are indented as far as its own, or further, from where to where."""
    rows = list(lines(text))
    own = next(i for i, (start, line) in enumerate(rows) if start <= at < start + len(line))
    indent = _indent(rows[own][1])
    first, end = own, own + 1
    while first and not 0 <= _indent(rows[first - 1][1]) < indent:
        first -= 1
    while end < len(rows) and not 0 <= _indent(rows[end][1]) < indent:
        end += 1
    return rows[first][0], rows[end][0] if end < len(rows) else len(text)


def _indent(line: str) -> int:
    """How far a line is indented; -1 for one that is blank."""
    return len(line) - len(line.lstrip()) if line.strip() else -1


def whole(code: str, names: Names, python: Callable[[str], list[Finding]], never: tuple[str, ...]) -> list[Finding]:
    """The findings of a piece of Python if all of its edits can be made; else only those that say why it stays.

    `python` finds the references of Python without indent; no edit may write any text of `never`.
    """
    placed = Placed(code, Block("python", tuple((at, line.rstrip("\r\n")) for at, line in lines(code))))
    try:
        probes = all(isinstance(statement, ast.Import) for statement in ast.parse(placed.code).body)
        found = _probe(names) if probes else [placed(finding) for finding in python(placed.code)]
    except (SyntaxError, ValueError):
        found = _unparsed(code, names)
    stays = [f for f in found if f.status is Status.MANUAL]
    unfit = [f for f in found if any(mark in e.text for e in f.edits for mark in never)]
    if not stays and unfit:
        stays = [
            replace(unfit[0], status=Status.MANUAL, message=f"{unfit[0].message}: its quotes or lines would end here")
        ]
    return [replace(f, message=f"all of this code stays: {f.message}", edits=()) for f in stays] or found


def _probe(names: Names) -> list[Finding]:
    """Code that imports a library and does nothing with it."""
    said = ", ".join(f"it only imports {each.module}, ask for {each.instead} there" for each in names.rules.libraries)
    return [Finding(0, names.library_rule, Status.MANUAL, said)] if said else []


def _unparsed(code: str, names: Names) -> list[Finding]:
    """What code holds that is not valid by itself: names that can be told without their imports, or nothing."""
    if not names.rules.libraries:
        return apart(snippet(code, names))
    start = next((m.start() for m in _IMPORT.finditer(code) if names.tracked(m[1] or m[2])), 0)
    return [Finding(start, names.library_rule, Status.MANUAL, "it is not valid Python by itself, write it by hand")]
