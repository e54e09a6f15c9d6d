"""Imported names that are not carried over: what the block imports already, and what nothing uses."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import NamedTuple

from migrator.python.importing.spelling import Moves, alias_spelling
from migrator.python.module import Module
from migrator.python.reading.expressions import absolute, text_value
from migrator.python.reading.outline import ImportStatement
from migrator.sites import Edit, Finding, Status


class _Bound(NamedTuple):
    """A name that an import binds: the statement, what the name stands for from now on, and whether that is new."""

    node: ast.ImportFrom
    target: str
    moves: bool


class Dropping:
    """What the imports of one module do not carry over."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._blocks: dict[int, dict[str, list[_Bound]]] = {}  # by the block's id, and the local name

    def names(self, statement: ImportStatement, moves: Moves) -> tuple[list[Finding], set[int]]:
        """Names that go, and the ids of their aliases: imported by their new name already, or used by nothing.

        Where all of them do, so does the statement.
        """
        module, extra = self.module, self._extra(statement, moves)
        gone = {id(alias) for alias in (*extra, *(a for a, r in moves if r and is_unused(module, statement, a)))}
        is_whole = bool(gone) and len(gone) == len(moves)
        edits = [()] * len(moves) if is_whole else [(edit,) for edit in _cuts(module, [a for a, _ in moves], gone)]
        found = []
        for (alias, renamed), edit in zip((m for m in moves if id(m[0]) in gone), edits, strict=True):
            assert renamed is not None
            why = "imported already" if alias in extra else "imported but not used, so not carried over"
            doubt = module.doubt(_dotted(module, statement.node, alias), renamed) if alias in extra else ""
            status = Status.REVIEW if doubt or alias not in extra else Status.MIGRATED
            message = f"{alias.name}: {why}" + (f"; {doubt}" if doubt else "")
            found.append(Finding(module.source.start(alias), renamed.rule, status, message, edit))
        return ([_as_one(found, self._removed(statement))] if is_whole else found), gone

    def whole(self, statement: ImportStatement, moves: Moves) -> Finding:
        """A statement goes as a whole: nothing uses some of its names any more, the others are imported already."""
        module, rules = self.module, [r.rule for _, r in moves if r is not None]
        message = f"{', '.join(a.name for a, _ in moves)}: imported already, or for nothing now"
        used = [(a, r) for a, r in moves if r and not is_unused(module, statement, a)]
        doubts = {d: r.rule for a, r in used if (d := module.doubt(_dotted(module, statement.node, a), r))}
        status, rule = (Status.REVIEW if doubts else Status.MIGRATED), [*doubts.values(), *rules][0]
        said, edit = "; ".join((message, *doubts)), self._removed(statement)
        return Finding(module.source.start(statement.node), rule, status, said, (edit,))

    def already(self, statement: ImportStatement, moves: Moves) -> set[int]:
        """The names, by the id of their alias, that the same block imports under their new name already."""
        return {id(a) for a, r in moves if r and r.new and self._bound_elsewhere(statement, a) == r.new}

    def _extra(self, statement: ImportStatement, moves: Moves) -> list[ast.alias]:
        """The names that the same block imports already by the new one, or that another one here comes to as well."""
        module, there = self.module, self.already(statement, moves)
        old = _dotted(module, statement.node, moves[0][0]).rpartition(".")[0]
        extra, written = list[ast.alias](), set[str]()
        for alias, renamed in moves:
            spelling = alias_spelling(module, alias, f"{old}.{alias.name}", renamed) if renamed else alias.name
            if renamed and (id(alias) in there or spelling in written):
                extra.append(alias)
            written.add(spelling)
        return extra

    def _removed(self, statement: ImportStatement) -> Edit:
        """The edit that takes an import out of its block: the first one leaves a `pass` where nothing else stays."""
        source, node, block = self.module.source, statement.node, statement.block
        if node is block[0] and self._is_emptied(block):
            return Edit(source.start(node), source.end(node), "pass")
        if whole := _whole_lines(self.module, node):
            return Edit(*whole, "")
        before = block[block.index(node) - 1] if node is not block[0] else None
        if before is not None and source.line_of(source.end(before)) == source.line_of(source.start(node)):
            return Edit(source.end(before), source.end(node), "")
        return Edit(source.start(node), source.end(node), "pass")

    def _is_emptied(self, block: list[ast.stmt]) -> bool:
        """Whether a block is of imports alone, of which nothing stays."""
        imports = [each for each in self.module.found.imports if each.block is block]
        return len(imports) == len(block) and all(map(self._goes, imports))

    def _goes(self, statement: ImportStatement) -> bool:
        """Whether nothing of an import stays."""
        module = self.module
        if not isinstance(statement.node, ast.ImportFrom):
            return False
        moves = [(a, module.rename(_dotted(module, statement.node, a))) for a in statement.node.names]
        extra = self._extra(statement, moves)
        return all(a in extra or (r and is_unused(module, statement, a)) for a, r in moves)

    def _bound_elsewhere(self, statement: ImportStatement, alias: ast.alias) -> str:
        """What the block's last import of a name makes of it, of those above and those that need no rename; or ""."""
        node, local = statement.node, _local(self.module, alias, _dotted(self.module, statement.node, alias))
        bound = self._of_block(statement.block).get(local, ())
        here = (node.lineno, node.col_offset)
        counting = (b for b in reversed(bound) if not b.moves or (b.node.lineno, b.node.col_offset) < here)
        return next((b.target for b in counting if b.node is not node), "")

    def _of_block(self, block: list[ast.stmt]) -> dict[str, list[_Bound]]:
        """What the `from` imports of a block bind, by local names."""
        if id(block) not in self._blocks:
            found = self._blocks[id(block)] = {}
            for node in (each for each in block if isinstance(each, ast.ImportFrom)):
                for alias in node.names:
                    dotted = _dotted(self.module, node, alias)
                    renamed = self.module.placed.get(id(alias)) or self.module.rename(dotted)
                    if renamed is None:
                        found.setdefault(alias.asname or alias.name, []).append(_Bound(node, dotted, moves=False))
                    elif renamed.new and not renamed.local:
                        local = _local(self.module, alias, dotted)
                        found.setdefault(local, []).append(_Bound(node, renamed.new, moves=True))
        return self._blocks[id(block)]


def _as_one(found: list[Finding], edit: Edit) -> Finding:
    """The findings of names that go with their statement as one, which is for review where one of them is."""
    first = min(found, key=lambda f: f.status is not Status.REVIEW)
    message = "; ".join(dict.fromkeys(f.message for f in found))
    return replace(first, start=found[0].start, message=message, edits=(edit,))


def _cuts(module: Module, names: list[ast.alias], gone: set[int]) -> list[Edit]:
    """The edits that take names out of an import, each with what parts it from those that stay."""
    source, cuts, leading = module.source, list[Edit](), True
    for number, alias in enumerate(names):
        leading &= id(alias) in gone
        start, end = source.start(alias), source.end(alias)
        if id(alias) not in gone:
            continue
        if leading:
            end = source.start(names[number + 1])
        elif (
            "#" in source.text[(above := source.end(names[number - 1])) : start]
        ):  # the comment on the name above stays
            start = source.line_start(start) - len(source.newline)
            end = source.text.index(",", end) + 1 if source.text[end:].lstrip().startswith(",") else end
        else:
            start = above
        cuts.append(Edit(start, end, ""))
    return cuts


def is_unused(module: Module, statement: ImportStatement, alias: ast.alias) -> bool:
    """Whether an imported name can go: nothing uses it, no `noqa` keeps it, and no `try` probes for it."""
    name = alias.asname or alias.name
    if not module.index.droppable(module.facts, name) and not _is_never_read(module, statement, name):
        return False
    source, start = module.source, module.source.start(alias)
    lines = source.text[source.line_start(start) : source.line_end(start)] + source.segment(statement.node)
    lines += source.text[source.end(statement.node) : source.line_end(source.end(statement.node))]
    return "noqa" not in lines and not any(statement.block is t.body for t in module.found.tries)


def _is_never_read(module: Module, statement: ImportStatement, name: str) -> bool:
    """Whether nothing reads a name of a client's SDK, which comments speak of all the time."""
    rules = module.names.rules.clients
    if not any(name in client.classes for client in rules) or module.index.is_wanted(module.facts, name):
        return False
    here = statement.scope
    read = any(r.parts[0] == name and r.scope.lookup(name) is here for r in module.found.references)
    others = (s for s in module.source.tree.body if not isinstance(s, ast.Import | ast.ImportFrom))
    hands_on = all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in others)
    return not read and not hands_on and not any(text_value(t.node) == name for t in module.found.texts)


def _local(module: Module, alias: ast.alias, dotted: str) -> str:
    return module.index.local_name(module.facts, alias.asname or alias.name, dotted)


def _dotted(module: Module, node: ast.stmt, alias: ast.alias) -> str:
    assert isinstance(node, ast.ImportFrom)
    return f"{absolute(module.facts.package, node.level, node.module)}.{alias.name}"


def _whole_lines(module: Module, node: ast.stmt) -> tuple[int, int] | None:
    """The lines of a statement that stands alone on them, with the line end."""
    source = module.source
    start, end = source.line_start(source.start(node)), source.line_end(source.end(node))
    alone = not source.text[start : source.start(node)].strip() and not source.text[source.end(node) : end].strip()
    return (start, end) if alone else None
