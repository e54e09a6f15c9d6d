"""The edits of a dict that a call is given with `**`: keys get other names, go, or hold their value deeper."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from migrator.python import statements
from migrator.python.direct.request import Change, NotKnownError
from migrator.python.library.needless import Cuts
from migrator.python.module import Module
from migrator.python.reading.dicts import Written
from migrator.sites import Edit


def edits(module: Module, changes: Sequence[Change]) -> list[Edit]:
    """Raises NotKnownError where a comment or something that happens would be lost."""
    return list(_Writer(module, changes).edits()) if changes else []


class _Writer:
    def __init__(self, module: Module, changes: Sequence[Change]) -> None:
        self.module, self.source, self.changes = module, module.source, changes
        self.cuts, self.lost = Cuts(module), set[int]()

    def edits(self) -> Iterator[Edit]:
        gone: dict[int, list[Change]] = {}
        for change in self.changes:
            if change.name:
                yield from self._renamed(change)
            else:
                self._see_plain(change)
                gone.setdefault(id(change.key.within), []).append(change)
        for group in gone.values():
            yield from self._without(group)
        for finding in self.cuts.findings():
            yield from finding.edits
        self.module.replaced |= self.lost

    def _renamed(self, change: Change) -> Iterator[Edit]:
        at, value = change.key.at, change.key.value
        match at:
            case ast.keyword(arg=str() as old):
                start = self.source.start(at)
                yield Edit(start, start + len(old), change.name)
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant() as name)]) | ast.Call(args=[name, *_]):
                yield self._named(name, change)
            case ast.Constant():
                yield self._named(at, change)
            case _:
                raise NotKnownError(f"{change.key.name}: it is put into the dict in a way that is not edited")
        if change.inner and value is not None:
            yield Edit(self.source.start(value), self.source.start(value), f'{{"{change.inner}": ')
            yield Edit(self.source.end(value), self.source.end(value), "}")

    def _named(self, literal: ast.expr, change: Change) -> Edit:
        place = self.source.inside(literal, change.key.name)
        if place is None:
            raise NotKnownError(f"{change.key.name}: it is not spelled in one piece")
        return Edit(*place, change.name)

    # ---------------------------------------------------------------------------------------------------- what goes

    def _see_plain(self, change: Change) -> None:
        value = change.key.value
        if value is None or not self.cuts.is_plain(value):
            raise NotKnownError(f"{change.key.name}: its value does more than to be there")
        self._lose(value)

    def _lose(self, node: ast.AST) -> None:
        """Note that a node goes. Raises NotKnownError where the library is named in it, or a comment stands there."""
        module, lost = self.module, {id(each) for each in ast.walk(node)}
        if any(id(r.nodes[0]) in lost and module.of_library(r.parts, r.scope) for r in module.found.references):
            raise NotKnownError("what goes names the library")
        if isinstance(node, ast.stmt) and "#" in self.source.segment(node):
            raise NotKnownError("a comment stands at a key that goes")
        self.lost |= lost

    def _without(self, group: list[Change]) -> Iterator[Edit]:
        within = group[0].key.within
        if isinstance(within, ast.Dict):
            written = Written(self.source, within)
            if not written.is_whole:
                raise NotKnownError(f"{group[0].key.name}: the dict that it goes from holds another one")
            yield from self._unremarked(written.without([change.key.name for change in group]))
        elif isinstance(within, ast.Call) and all(isinstance(change.key.at, ast.keyword) for change in group):
            yield from self._unremarked(self._cut_keywords(within, [change.key.at for change in group]))
        elif isinstance(within, ast.Assign):
            self._cut_statement(within)
        else:
            raise NotKnownError(f"{group[0].key.name}: it is put into the dict in a way that is not edited")

    def _cut_keywords(self, call: ast.Call, gone: list[ast.AST]) -> Iterator[Edit]:
        segment, base = self.source.segment(call), self.source.start(call)
        arguments = sorted([*call.args, *call.keywords], key=self.source.start)
        indexes = [index for index, argument in enumerate(arguments) if argument in gone]
        for start, end in statements.cuts(segment, statements.call_layout(segment).items, indexes):
            yield Edit(base + start, base + end, "")

    def _unremarked(self, cuts: Iterator[Edit]) -> Iterator[Edit]:
        for edit in cuts:
            if "#" in self.source.text[edit.start : edit.end]:
                raise NotKnownError("a comment stands at a key that goes")
            yield edit

    def _cut_statement(self, statement: ast.stmt) -> None:
        """Have a statement go, with the `if` around it where that does nothing else."""
        parents = self.source.parents
        around = parents[id(statement)]
        if isinstance(around, ast.If) and around.body == [statement] and not around.orelse:
            outer = parents[id(around)]
            is_elif = isinstance(outer, ast.If) and around in outer.orelse
            if not is_elif and self.cuts.is_plain(around.test):
                statement, around = around, outer
        blocks = (getattr(around, name, None) for name in ("body", "orelse", "finalbody"))
        block = next(block for block in blocks if isinstance(block, list) and statement in block)
        self._lose(statement)
        self.cuts.cut(statement, block, None)
