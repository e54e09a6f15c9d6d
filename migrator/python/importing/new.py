"""Imports that a module gets at its top, each where it sorts among those that are there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from migrator.python.reading.scopes import Definition
from migrator.python.reading.source import Source
from migrator.sites import Edit

_Statement = ast.Import | ast.ImportFrom
_FUTURE, _STANDARD, _OTHER = range(3)  # the sections of a module's imports


@dataclass(frozen=True, slots=True)
class Import:
    """`import module`, or `from module import name`, which may be several with commas."""

    module: str
    name: str = ""

    @property
    def bound(self) -> str:
        return self.name or self.module

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def text(self) -> str:
        return f"from {self.module} import {self.name}" if self.name else f"import {self.module}"

    @property
    def order(self) -> tuple[int, bool, str]:
        """As isort has it: by section, whole modules before names."""
        return _section(self.module), bool(self.name), self.module


def _section(module: str) -> int:
    top = module.partition(".")[0]
    return _FUTURE if top == "__future__" else _STANDARD if top in sys.stdlib_module_names else _OTHER


def _order(node: _Statement) -> tuple[int, bool, str]:
    if isinstance(node, ast.Import):
        return _section(node.names[0].name), False, node.names[0].name
    return (_OTHER, True, "~") if node.level else (_section(node.module or ""), True, node.module or "")


def imported(source: Source, wanted: Sequence[Import], gone: Sequence[ast.stmt]) -> list[Edit]:
    """The edits that import what is wanted and not there yet, and take out the statements that are `gone`.

    Each of these has lines of its own. One at the top of the module gives its place to the import of another library,
    where that sorts there. The module has an import or a docstring at its top.
    """
    writer = _Writer(source, gone)
    edits = [edit for section in (_STANDARD, _OTHER) for edit in writer.section(section, wanted)]
    return [*edits, *(_without(source, node) for node in gone if node is not writer.replaced)]


class _Writer:
    def __init__(self, source: Source, gone: Sequence[ast.stmt]) -> None:
        self.source = source
        self.tops = list(_at_top(source.tree))
        self.kept = [node for node in self.tops if node not in gone]
        self.open = next((node for node in self.tops if node in gone), None)  # whose place can be taken
        self.replaced: ast.stmt | None = None

    def section(self, section: int, wanted: Sequence[Import]) -> Iterator[Edit]:
        missing = list(_together(w for w in wanted if w.order[0] == section and not self._is_there(w)))
        same = [node for node in self.kept if _order(node)[0] == section]
        if section == _OTHER and self.open and len(missing) == 1 and self._sorts(missing[0], self.open):
            self.replaced = self.open
            yield Edit(self.source.start(self.open), self.source.end(self.open), missing[0].text)
        elif same:
            yield from (self._among(same, w) for w in missing)
        elif missing:
            yield self._apart(section, self.source.newline.join(w.text for w in missing))

    def _is_there(self, wanted: Import) -> bool:
        for node in self.kept:
            module = "" if isinstance(node, ast.Import) else f"{'.' * node.level}{node.module or ''}."
            if any(f"{module}{alias.name}" == wanted.dotted and not alias.asname for alias in node.names):
                return True
        return False

    def _sorts(self, wanted: Import, node: _Statement) -> bool:
        """Whether an import sorts where a statement stands, among those on the lines around it."""
        index = self.tops.index(node)
        before, after = self.tops[max(0, index - 1) : index], self.tops[index + 1 : index + 2]
        return all(_order(b) <= wanted.order for b in before if b.end_lineno == node.lineno - 1) and all(
            wanted.order <= _order(a) for a in after if a.lineno == (node.end_lineno or 0) + 1
        )

    def _among(self, same: Sequence[_Statement], wanted: Import) -> Edit:
        for node in same:
            if isinstance(node, ast.ImportFrom) and wanted.name and (node.module, node.level) == (wanted.module, 0):
                return self._named(node, wanted.name)
        later = next((node for node in same if _order(node) > wanted.order), None)
        if later is None:
            at = self._line_end(same[-1])
            return Edit(at, at, f"{self.source.newline}{wanted.text}")
        at = self.source.line_start(self.source.start(later))
        return Edit(at, at, f"{wanted.text}{self.source.newline}")

    def _named(self, node: ast.ImportFrom, name: str) -> Edit:
        later = next((alias for alias in node.names if alias.name.lower() > name.lower()), None)
        at = self.source.start(later) if later else self.source.end(node.names[-1])
        return Edit(at, at, f"{name}, " if later else f", {name}")

    def _apart(self, section: int, text: str) -> Edit:
        """A section of its own: behind the earlier ones, or above the others."""
        newline = self.source.newline
        earlier = [node for node in self.kept if _order(node)[0] < section]
        if earlier or not self.tops:
            at = self._line_end(earlier[-1] if earlier else self.source.tree.body[0])
            return Edit(at, at, f"{newline}{newline}{text}")
        at = self.source.line_start(self.source.start(self.tops[0]))
        return Edit(at, at, f"{text}{newline}{newline}")

    def _line_end(self, node: ast.stmt) -> int:
        return line_end(self.source, node)


def _together(wanted: Iterable[Import]) -> Iterator[Import]:
    """Imports in their order, the names of one module as one."""
    ordered = sorted(wanted, key=lambda each: (each.order, each.name))
    for _, same in groupby(ordered, key=lambda each: each.order):
        first, *more = same
        yield Import(first.module, ", ".join(each.name for each in (first, *more)))


def line_end(source: Source, node: ast.stmt) -> int:
    """Where the last line of a statement ends, before its line end."""
    return len(source.text[: source.line_end(source.end(node))].rstrip("\r\n"))


def _at_top(tree: ast.Module) -> Iterator[_Statement]:
    for node in tree.body:
        if isinstance(node, Definition):
            return
        if isinstance(node, _Statement):
            yield node


def _without(source: Source, node: ast.stmt) -> Edit:
    """The edit that takes out the lines of a statement, and an empty one behind it where one is enough."""
    start, end = source.line_start(source.start(node)), source.line_end(source.end(node))
    above = source.text[:start].rstrip(" \t").removesuffix("\n").removesuffix("\r").rpartition("\n")[2].strip()
    below = source.line_end(end)
    if not source.text[end:below].strip() and below > end and (not above or above.endswith(":")):
        end = below
    return Edit(start, end, "")
