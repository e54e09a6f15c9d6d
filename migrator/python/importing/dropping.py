"""Imported names that are not carried over: what the block imports already, and what nothing uses."""

from __future__ import annotations

import ast

from migrator.python import statements
from migrator.python.importing.spelling import Moves, rewritten
from migrator.python.module import Module
from migrator.python.reading.expressions import absolute, text_value
from migrator.python.reading.outline import ImportStatement
from migrator.sites import Edit, Finding, Status


def dropped(module: Module, statement: ImportStatement, moves: Moves) -> Finding | None:
    """Names go that the same block imports under their new name already, and those that nothing uses."""
    extra, unused = _extra(module, statement, moves)
    if not extra:
        return None
    source, node = module.source, statement.node
    start, end = source.start(node), source.end(node)
    names = ", ".join(a.name for a in extra)
    rule = next(r.rule for a, r in moves if a is extra[0] and r is not None)
    status = Status.REVIEW if unused else Status.MIGRATED
    message = f"{names}: imported but not used, so not carried over" if unused else f"{names}: imported already"
    if len(extra) == len(moves):
        return Finding(start, rule, status, message, (_removed(module, statement),))
    kept, _ = statements.without_names(source.segment(node), {a.name for a in extra})
    rest = rewritten(module, kept, moves, _dotted(module, statement.node, extra[0]).rpartition(".")[0])
    return Finding(start, rule, status, message, (Edit(start, end, rest),))


def already(module: Module, statement: ImportStatement, moves: Moves) -> set[int]:
    """The names, by the id of their alias, that the same block imports under their new name already."""
    there = _bound_elsewhere(module, statement)
    return {id(alias) for alias, r in moves if r and r.new and there.get(_local(module, statement, alias)) == r.new}


def gone(module: Module, statement: ImportStatement, moves: Moves) -> Finding:
    """A statement goes as a whole: nothing uses some of its names any more, the others are imported already."""
    rule = next(r.rule for _, r in moves if r is not None)
    message = f"{', '.join(a.name for a, _ in moves)}: imported already, or for nothing now"
    return Finding(module.source.start(statement.node), rule, Status.MIGRATED, message, (_removed(module, statement),))


def _local(module: Module, statement: ImportStatement, alias: ast.alias) -> str:
    name = alias.asname or alias.name
    return module.index.local_name(module.facts, name, _dotted(module, statement.node, alias))


def _extra(module: Module, statement: ImportStatement, moves: Moves) -> tuple[list[ast.alias], bool]:
    """The names that can go, and whether one of them goes because nothing uses it."""
    there = already(module, statement, moves)
    extra, unused = [], False
    for alias, renamed in moves:
        if renamed is None:
            continue
        if id(alias) in there:
            extra.append(alias)
        elif is_unused(module, statement, alias):
            extra.append(alias)
            unused = True
    return extra, unused


def _removed(module: Module, statement: ImportStatement) -> Edit:
    """The edit that takes an import out of its block: the first one leaves a `pass` where nothing else would stay."""
    source, node, block = module.source, statement.node, statement.block
    gone = [id(s.node) for s in module.found.imports if s.block is block and _goes(module, s)]
    before = block[block.index(node) - 1] if node is not block[0] else None
    whole = _whole_lines(module, node)
    if len(gone) == len(block) and gone[0] == id(node):
        return Edit(source.start(node), source.end(node), "pass")
    if whole:
        return Edit(*whole, "")
    if before is not None and source.line_of(source.end(before)) == source.line_of(source.start(node)):
        return Edit(source.end(before), source.end(node), "")
    return Edit(source.start(node), source.end(node), "pass")


def _goes(module: Module, statement: ImportStatement) -> bool:
    """Whether nothing of an import stays."""
    if not isinstance(statement.node, ast.ImportFrom):
        return False
    moves = [(a, module.rename(_dotted(module, statement.node, a))) for a in statement.node.names]
    return len(_extra(module, statement, moves)[0]) == len(moves)


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


def _bound_elsewhere(module: Module, statement: ImportStatement) -> dict[str, str]:
    """Local name -> dotted target of the `from` imports in the same block that need no rename."""
    found: dict[str, str] = {}
    for other in statement.block:
        if other is statement.node or not isinstance(other, ast.ImportFrom):
            continue
        for alias in other.names:
            dotted = _dotted(module, other, alias)
            if module.rename(dotted) is None:
                found[alias.asname or alias.name] = dotted
    return found


def _dotted(module: Module, node: ast.stmt, alias: ast.alias) -> str:
    assert isinstance(node, ast.ImportFrom)
    return f"{absolute(module.facts.package, node.level, node.module)}.{alias.name}"


def _whole_lines(module: Module, node: ast.stmt) -> tuple[int, int] | None:
    """The lines of a statement that stands alone on them, with the line end."""
    source = module.source
    start, end = source.line_start(source.start(node)), source.line_end(source.end(node))
    alone = not source.text[start : source.start(node)].strip() and not source.text[source.end(node) : end].strip()
    return (start, end) if alone else None
