"""Python in a document, snippet after snippet: what one of them imports is known in those after it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from migrator.fates.names import Names
from migrator.formats.search import moved_by
from migrator.sites import Finding, Status


class Followed:
    """Finds the references of a snippet with `read`, which raises SyntaxError where it is none."""

    def __init__(self, read: Callable[[str], list[Finding]], names: Names) -> None:
        self._read, self._names = read, names
        self._imports: dict[str, str] = {}  # name -> the statement that imports it, of those that move

    def __call__(self, code: str) -> list[Finding]:
        """The findings of one snippet; what it does not bind itself means what an earlier one imports by that name."""
        before = self._before(code) if self._imports else ""
        found = self._read(before + code)
        self._note(code, found)
        return [self._placed(finding, len(before)) for finding in found if finding.start >= len(before)]

    def _before(self, code: str) -> str:
        nodes = list(ast.walk(ast.parse(code)))
        read = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        bound |= {a.asname or a.name for n in nodes if isinstance(n, ast.ImportFrom | ast.Import) for a in n.names}
        bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        return "".join(f"{self._imports[name]}\n" for name in sorted(read - bound) if name in self._imports)

    def _note(self, code: str, found: list[Finding]) -> None:
        """Take down the imports of a snippet of names that another module has, and that are edited."""
        edited = {code.count("\n", 0, finding.start) + 1 for finding in found if finding.edits}
        for node in ast.parse(code).body if edited else ():
            if isinstance(node, ast.ImportFrom) and node.module and not node.level and node.lineno in edited:
                for alias in node.names:
                    fate = self._names.fate(f"{node.module}.{alias.name}")
                    if fate and fate.kind == "moved" and fate.to not in ("", self._names.client):
                        spelled = ast.unparse(ast.ImportFrom(node.module, [alias], 0))
                        self._imports[alias.asname or alias.name] = spelled

    def _placed(self, finding: Finding, before: int) -> Finding:
        if all(edit.start >= before for edit in finding.edits):
            return moved_by(finding, -before)
        said = f"{finding.message}; write it by hand, with its import"
        return moved_by(replace(finding, status=Status.MANUAL, edits=(), message=said), -before)
