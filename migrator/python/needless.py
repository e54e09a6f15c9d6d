"""Statements that go: those that only set what nothing reads any more, and the imports that nothing needs then."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from migrator.names import Fate
from migrator.python.expressions import parts_of
from migrator.python.module import Module
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.python.library_uses import Use


class Cuts:
    """The statements of a module that are to go, each with its block: the last one of a block leaves a `pass`."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._going: dict[int, tuple[ast.stmt, list[ast.stmt], Fate | None]] = {}
        self._of: dict[int, tuple[ast.stmt, list[ast.stmt]]] = {}  # id of a target or a call -> its statement
        for node in ast.walk(module.source.tree):
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    for statement in block:
                        self._note(statement, block)

    def _note(self, statement: ast.stmt, block: list[ast.stmt]) -> None:
        if isinstance(statement, ast.Assign):
            self._of.update((id(target), (statement, block)) for target in statement.targets)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._of[id(statement.value)] = statement, block

    def takes(self, use: Use) -> bool:
        """Whether a use is the target of a statement that can go."""
        node = use.reference.nodes[-1]
        found = self._of.get(id(node))
        if found is None or use.own != len(use.reference.parts):
            return False
        statement, block = found
        assert isinstance(statement, ast.Assign)
        if not self._is_plain(statement.value) or not all(self._is_needless(t) for t in statement.targets):
            return False
        self._going.setdefault(id(statement), (statement, block, use.fate))
        return True

    def takes_call(self, call: ast.Call, fate: Fate) -> bool:
        """The same for `setattr(litellm, "drop_params", True)`."""
        found = self._of.get(id(call))
        if found is None or parts_of(call.func) != ("setattr",) or not self._is_plain(call.args[-1]):
            return False
        self._going.setdefault(id(found[0]), (*found, fate))
        return True

    def cut(self, statement: ast.stmt, block: list[ast.stmt], fate: Fate | None) -> None:
        """Have a statement go whose finding is made elsewhere."""
        self._going[id(statement)] = statement, block, fate

    def goes(self, statement: ast.stmt) -> bool:
        return id(statement) in self._going

    def covers(self, use: Use) -> bool:
        """Whether a use stands in a statement that goes."""
        start = self.module.source.start(use.reference.nodes[0])
        spans = ((self.module.source.start(s), self.module.source.end(s)) for s, _, _ in self._going.values())
        return any(first <= start < last for first, last in spans)

    def _is_needless(self, target: ast.expr) -> bool:
        for reference in self.module.found.references:
            if reference.nodes[-1] is target:
                dotted = self.module.meaning(reference.parts, reference.scope)
                fate = self.module.names.fate(self.module.index.canonical(dotted)) if dotted else None
                return fate is not None and fate.kind == "needless"
        return False

    def _is_plain(self, value: ast.expr) -> bool:
        """Whether nothing happens, and no import is left unused, when an expression goes."""
        for node in ast.walk(value):
            if isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                return False
            if isinstance(node, ast.Name) and any(self.module.facts.bound.get(node.id, ())):
                return False
        return True

    def findings(self) -> Iterator[Finding]:
        """A finding for every statement that goes."""
        going = list(self._going.values())
        for statement, block, fate in going:
            whole = all(id(s) in self._going for s in block) and block is not self.module.source.tree.body
            source = self.module.source
            start, end = source.start(statement), source.end(statement)
            edit = Edit(start, end, "pass") if whole and statement is block[0] else self._gone(statement, block)
            rule = fate.rule if fate else self.module.names.library_rule
            status = fate.status if fate else Status.MIGRATED
            said = f"{ast.unparse(statement).splitlines()[0]} → nothing"
            said += f": {fate.message}" if fate else ""
            yield Finding(start, rule, status, said, (edit,))

    def _blank_after(self, statement: ast.stmt, block: list[ast.stmt], end: int) -> int:
        """How much of the blank lines after the last of several statements goes, so that those before it suffice."""
        index = last = block.index(statement)
        while index and id(block[index - 1]) in self._going:
            index -= 1
        if last + 1 < len(block) and id(block[last + 1]) in self._going:
            return 0
        source = self.module.source
        before = source.text[: source.line_start(source.start(block[index]))].splitlines(keepends=True)
        after = source.text[end:].splitlines(keepends=True)
        blank = min(_blank(reversed(before)), _blank(after))
        return sum(map(len, after[:blank]))

    def _gone(self, statement: ast.stmt, block: list[ast.stmt]) -> Edit:
        """The edit that takes a statement out with its line, or out of a line that it shares."""
        source = self.module.source
        start, end = source.start(statement), source.end(statement)
        first, last = source.line_start(start), source.line_end(end)
        after = source.text[end:last].strip()
        if not source.text[first:start].strip() and (not after or after.startswith("#")):
            return Edit(first, last + self._blank_after(statement, block, last), "")
        if after.startswith(";"):
            semicolon = source.text.index(";", end)
            rest = source.text[semicolon + 1 : last]
            return Edit(start, semicolon + 1 + len(rest) - len(rest.lstrip(" \t")), "")
        before = source.text[first:start].rstrip()
        if before.endswith(";"):
            return Edit(first + len(before) - 1, end, "")
        return Edit(start, end, "pass")


def _blank(lines: Iterable[str]) -> int:
    """How many lines, from the first, are blank."""
    return sum(1 for _ in takewhile(lambda line: not line.strip(), lines))
