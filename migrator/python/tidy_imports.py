"""Imports that stand below each other and became imports from one module: one statement, and each name once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from migrator.placing import apply
from migrator.python.module import Module
from migrator.sites import Edit, Finding

_LONGEST = 88  # characters of a line that is made longer


class _Statement:
    """An import, alone on its lines, with the edits inside it and the lines that these make of it."""

    def __init__(self, module: Module, node: ast.stmt, edits: list[Edit]) -> None:
        source = module.source
        self.start, self.end = source.start(node), source.end(node)
        self.edits = [e for e in edits if self.start <= e.start and e.end <= self.end]
        self.indent, self.newline = source.indent(node), source.newline
        self.first, self.after = source.line_start(self.start), source.line_end(self.end)
        around = source.text[self.first : self.start] + source.text[self.end : self.after]
        self.is_alone = not around.strip()
        inside = [Edit(e.start - self.start, e.end - self.start, e.text) for e in self.edits]
        self.lines = [line.strip() for line in apply(source.text[self.start : self.end], inside).splitlines()]

    def froms(self) -> Iterator[tuple[int, ast.ImportFrom]]:
        """The lines that are whole `from … import …` statements, if all of the lines are whole statements."""
        try:
            bodies = [ast.parse(line).body for line in self.lines]
        except SyntaxError:  # a statement of several lines
            return
        for number, body in enumerate(bodies):
            if len(body) == 1 and isinstance(body[0], ast.ImportFrom) and not set(self.lines[number]) & set("(\\;#*"):
                yield number, body[0]

    def edit(self) -> Edit:
        """What takes the place of the edits inside it."""
        if not any(self.lines):
            return Edit(self.first, self.after, "")
        return Edit(self.start, self.end, f"{self.newline}{self.indent}".join(filter(None, self.lines)))


def tidied(module: Module, findings: list[Finding]) -> list[Finding]:
    """The findings, with the edits of imports below each other joined; each edit is that of one finding."""
    edits = sorted({e for f in findings for e in f.edits})
    changed = [s for run in _runs(module, edits) for s in _joined(run)]
    for statement in changed:
        own, new = {(e.start, e.end, e.text) for e in statement.edits}, statement.edit()
        first = next(f for f in findings if any((e.start, e.end, e.text) in own for e in f.edits))
        findings = [_with(f, own, (new,) if f is first else ()) for f in findings]
    return findings


def _with(finding: Finding, gone: set[tuple[int, int, str]], added: tuple[Edit, ...]) -> Finding:
    kept = tuple(e for e in finding.edits if (e.start, e.end, e.text) not in gone)
    return replace(finding, edits=(*kept, *added)) if added or len(kept) < len(finding.edits) else finding


def _runs(module: Module, edits: list[Edit]) -> Iterator[list[_Statement]]:
    """The imports with edits that stand below each other in one block, without a blank line or a comment between."""
    run: list[_Statement] = []
    blocks = [(s.node, s.block) for s in module.found.imports]
    for (node, block), following in pairwise([*blocks, (None, None)]):
        assert node is not None
        statement = _Statement(module, node, edits)
        if statement.edits and statement.is_alone:
            if run and run[-1].after != statement.first:
                yield run
                run = []
            run.append(statement)
        elif run:
            yield run
            run = []
        if run and following[1] is not block:
            yield run
            run = []


def _joined(run: list[_Statement]) -> list[_Statement]:
    """The statements of a run that are written anew: lines of one module become the first one's."""
    there: dict[str, tuple[_Statement, int]] = {}
    changed: list[_Statement] = []
    for statement in run:
        for number, node in list(statement.froms()):
            start = f"from {'.' * node.level}{node.module or ''} import "
            into, line = there.setdefault(start, (statement, number))
            names = [ast.unparse(alias) for alias in node.names]
            if (into, line) != (statement, number):
                names = [*into.lines[line].removeprefix(start).split(", "), *names]
            joined = start + ", ".join(dict.fromkeys(names))
            if len(into.indent + joined) > _LONGEST and (into, line) != (statement, number):
                continue
            if (into, line) != (statement, number):
                statement.lines[number] = ""
            elif joined == statement.lines[number]:
                continue
            into.lines[line] = joined
            changed += [s for s in dict.fromkeys((into, statement)) if s not in changed]
    return changed
