"""Imports that were written: those from one module become one statement, those of the project go to its own others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from migrator.placing import apply
from migrator.python.module import Module
from migrator.python.reading.source import Source
from migrator.sites import Edit, Finding

_LONGEST = 88  # characters of a line that is made longer
_Import = ast.Import | ast.ImportFrom


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
        self.text = apply(source.text[self.start : self.end], inside)
        self.lines = [line.removeprefix(self.indent).rstrip() for line in self.text.splitlines()]
        self.elsewhere: list[Edit] = []  # what was among the lines, where it stands now
        self.blank = 0  # characters of the blank line below that goes with it

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
            return Edit(self.first, self.after + self.blank, "")
        return Edit(self.start, self.end, f"{self.newline}{self.indent}".join(filter(None, self.lines)))


def tidied(module: Module, findings: list[Finding]) -> list[Finding]:
    """The findings, with the edits of imports below each other joined; each edit is that of one finding."""
    edits = sorted({e for f in findings for e in f.edits})
    runs = list(_runs(module, edits))
    changed = [s for run in runs for s in _joined(run)]
    changed += [s for s in dict.fromkeys(_settled(module, runs, edits)) if s not in changed]
    for statement in changed:
        own, new = {(e.start, e.end, e.text) for e in statement.edits}, (statement.edit(), *statement.elsewhere)
        first = next(f for f in findings if any((e.start, e.end, e.text) in own for e in f.edits))
        findings = [_with(f, own, new if f is first else ()) for f in findings]
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
    changed = list(dict.fromkeys(_once(run)))
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


def _once(run: list[_Statement]) -> Iterator[_Statement]:
    """The statements of which an `import module` goes that stands above already."""
    above = set[str]()
    for statement in run:
        for number, line in enumerate(statement.lines):
            if line.startswith("import ") and line in above:
                statement.lines[number] = ""
                yield statement
            above.add(line)


def _settled(module: Module, runs: list[list[_Statement]], edits: list[Edit]) -> Iterator[_Statement]:
    """The statements of which a line goes to the imports of the project's own package, where these stand apart."""
    package = module.names.client.partition(".")[0]
    mine = [node for node in module.source.tree.body if _package(node) == package]
    moved: dict[tuple[ast.stmt, str], tuple[_Statement, list[ast.stmt], _Import]] = {}
    for run in runs:
        for statement in run if not run[0].indent else ():
            own = _section(module, statement, mine, edits)
            whole = _parsed(statement.text) if own and len(statement.lines) > 1 else None
            if whole and _package(whole) == package:
                at = _sorted_in(module.source, own, whole)
                statement.elsewhere.append(Edit(at, at, statement.text + module.source.newline))
                statement.lines.clear()
                yield statement
            for number, line in enumerate(statement.lines if own else ()):
                node = _parsed(line)
                if node and _package(node) == package:
                    statement.lines[number] = ""
                    kind = f"from {_module(node)}" if isinstance(node, ast.ImportFrom) else line
                    first = moved.setdefault((own[0], kind), (statement, own, node))[2]
                    if first is not node:
                        first.names += [
                            alias for alias in node.names if ast.dump(alias) not in map(ast.dump, first.names)
                        ]
                    yield statement
        _close(module, run, edits)
    for statement, own, node in moved.values():
        statement.elsewhere.append(_among(module, own, node))


def _close(module: Module, run: list[_Statement], edits: list[Edit]) -> None:
    """Have the blank line below a run go, where nothing is left of it and there is one above as well."""
    source, last = module.source, run[-1]
    cuts = [edit for edit in edits if not edit.text]  # of whole lines above and below, which go as well
    first, after = run[0].first, last.after
    for cut in reversed(cuts):
        first = cut.start if cut.end == first else first
    for cut in cuts:
        after = cut.end if cut.start == after else after
    above, below = source.text[:first], source.line_end(after)
    ends = not above.strip() or above.endswith(source.newline * 2)
    if ends and not source.text[after:below].strip() and not any(any(each.lines) for each in run):
        if after == last.after:
            last.blank = below - after
        else:
            last.elsewhere.append(Edit(after, below, ""))


def _section(module: Module, statement: _Statement, mine: list[ast.stmt], edits: list[Edit]) -> list[ast.stmt]:
    """The imports of the project's own that stand below a statement, with imports alone between, and are not edited."""
    source, body = module.source, module.source.tree.body
    at = next((i for i, node in enumerate(body) if source.start(node) == statement.start), len(body))
    rest = body[at + 1 :]
    end = next((i for i, node in enumerate(rest) if not isinstance(node, ast.Import | ast.ImportFrom)), len(rest))
    own = [node for node in rest[:end] if node in mine and _is_alone(source, node)]
    touched = any(e.start <= source.end(n) and source.start(n) <= e.end for n in own for e in edits)
    apart = bool(own) and not source.text[: source.start(own[0])].rpartition("\n")[0].rpartition("\n")[2].strip()
    return own if apart and not touched else []


def _is_alone(source: Source, node: ast.stmt) -> bool:
    """Whether nothing but a comment stands behind a statement on its line."""
    return source.text[source.end(node) : source.line_end(source.end(node))].strip()[:1] in ("", "#")


def _among(module: Module, own: list[ast.stmt], node: _Import) -> Edit:
    """The edit that puts an import where it sorts among those of its package, or its name into one of them."""
    source = module.source
    line = ast.unparse(node)
    if isinstance(node, ast.ImportFrom):
        names = sorted(node.names, key=lambda a: (not a.name.isupper(), not a.name[0].isupper(), a.name.lower()))
        line = f"from {node.module} import {', '.join(map(ast.unparse, names))}"
    for there in own:
        if not isinstance(there, ast.ImportFrom) or not isinstance(node, ast.ImportFrom) or there.module != node.module:
            continue
        text = source.segment(there)
        if not set("(#*") & set(text) and "," not in line and len(text) + len(line) < _LONGEST:
            name = line.rpartition(" import ")[2]
            later = next((a for a in there.names if a.name.lower() > name.lower()), None)
            at = source.start(later) if later else source.end(there.names[-1])
            return Edit(at, at, f"{name}, " if later else f", {name}")
    at = _sorted_in(source, own, node)
    return Edit(at, at, line + source.newline)


def _sorted_in(source: Source, own: list[ast.stmt], node: _Import) -> int:
    """The offset of the line at which an import sorts among those of its package."""
    later = next((each for each in own if _order(each) > _order(node)), None)
    return source.line_start(source.start(later)) if later else source.line_end(source.end(own[-1]))


def _order(node: ast.stmt) -> tuple[bool, str]:
    """As isort has it: whole modules before names."""
    return isinstance(node, ast.ImportFrom), _module(node)


def _package(node: ast.stmt) -> str:
    return _module(node).partition(".")[0]


def _module(node: ast.stmt) -> str:
    """The module that an absolute import names first; "" for any other statement."""
    if isinstance(node, ast.ImportFrom):
        return "" if node.level else node.module or ""
    return node.names[0].name if isinstance(node, ast.Import) else ""


def _parsed(line: str) -> _Import | None:
    try:
        body = ast.parse(line).body
    except SyntaxError:  # a line of a statement of several
        return None
    return body[0] if len(body) == 1 and isinstance(body[0], ast.Import | ast.ImportFrom) else None
