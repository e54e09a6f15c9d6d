"""Import statements: moved modules, renamed names, relative imports, statements that must be split, new imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.names import Renamed
from migrator.python import statements
from migrator.python.facts import package_of
from migrator.python.module import Module
from migrator.python.outline import ImportStatement, Scope, absolute
from migrator.sites import Edit, Finding, Status

_FROM = re.compile(r"from(?P<gap>[\s\\]*)(?P<module>[.\w\s\\]*?)(?P<after>[\s\\]*)\bimport\b")


def find(module: Module) -> Iterator[Finding]:
    """Findings for every import statement that refers to the old layer or must follow the module's own move."""
    for statement in module.found.imports:
        if isinstance(statement.node, ast.Import):
            findings = list(_plain(module, statement.node, statement.scope))
        else:
            findings = list(_from(module, statement, statement.node))
        yield from [f for f in findings if module.suppresses(f)] or findings  # half an import would give nothing


def _plain(module: Module, node: ast.Import, scope: Scope) -> Iterator[Finding]:
    for alias in node.names:
        renamed = module.rename(alias.name)
        if renamed is None:
            continue
        start = module.source.start(alias)
        new = renamed.new if alias.asname else _spell_plain(module, alias.name, renamed.new, scope)
        if new is None:
            message = f"{alias.name} → {renamed.new}: the new name is taken in this file, import it by hand"
            yield Finding(start, renamed.rule, Status.MANUAL, message)
        else:
            edit = Edit(start, module.source.name_end(start, alias.name), new)
            yield Finding(start, renamed.rule, Status.MIGRATED, f"{alias.name} → {new}", (edit,))


def _spell_plain(module: Module, old: str, new: str, scope: Scope) -> str | None:
    """How `import old` is written afterwards; None where the new name is taken and an alias would not do."""
    here, there = old.partition(".")[0], new.partition(".")[0]
    if here == there:
        return new
    if not module.is_free(there):
        return f"{new} as {old}" if here == old else None
    if module.rename(here) is None and _is_used_besides(module, here, there, scope):
        return f"{here}, {new}"
    return new


def _is_used_besides(module: Module, here: str, there: str, scope: Scope) -> bool:
    """Whether uses of the package `here`, which only imports of its modules bind, do not go to `there`."""
    holder = scope.lookup(here) or scope
    if any(isinstance(b.node, ast.alias) and b.node.name == here for b in holder.bindings[here]):
        return False
    for reference in module.found.references:
        if reference.parts[0] == here and reference.scope.lookup(here) is holder:
            dotted = module.dotted(reference.parts, reference.scope)
            if dotted and module.index.new_name(dotted).partition(".")[0] != there:
                return True
    return False


def _from(module: Module, statement: ImportStatement, node: ast.ImportFrom) -> Iterator[Finding]:
    old = absolute(module.facts.package, node.level, node.module)
    if any(alias.name == "*" for alias in node.names):
        yield from _star(module, node, old)
        return
    moves = [(alias, module.rename(f"{old}.{alias.name}")) for alias in node.names]
    parents = {_parent(renamed, old) for _, renamed in moves}
    if len(parents) == 1 and "" not in parents:
        yield from _in_place(module, statement, node, old, moves)
    else:
        yield _split(module, node, old, moves)


def _parent(renamed: Renamed | None, old: str) -> str:
    return renamed.new.rpartition(".")[0] if renamed else old


def _star(module: Module, node: ast.ImportFrom, old: str) -> Iterator[Finding]:
    renamed = module.rename(old)
    edit = _module_edit(module, node, renamed.new if renamed else old)
    if edit:
        rule = renamed.rule if renamed else _own_move(module)
        message = f"{old} → {renamed.new}" if renamed else "relative import follows the module's move"
        yield Finding(module.source.start(node), rule, Status.MIGRATED, message, (edit,))


def _own_move(module: Module) -> str:
    renamed = module.names.rename(module.facts.name)
    return renamed.rule if renamed else ""


def _in_place(
    module: Module,
    statement: ImportStatement,
    node: ast.ImportFrom,
    old: str,
    moves: list[tuple[ast.alias, Renamed | None]],
) -> Iterator[Finding]:
    """The statement keeps its shape: its module and single names are replaced where they stand."""
    dropped = _dropped(module, statement, moves)
    if dropped:
        yield dropped
        return
    renamed = moves[0][1]
    new = _parent(renamed, old)
    edit = _module_edit(module, node, new)
    if edit:
        moved = module.names.rename(old)
        rule = (moved or renamed or Renamed("", _own_move(module))).rule
        message = f"{old} → {new}" if new != old else "relative import follows the module's move"
        yield Finding(module.source.start(node), rule, Status.MIGRATED, message, (edit,))
    for alias, target in moves:
        if target is not None and target.new.rpartition(".")[2] != alias.name:
            yield _name(module, alias, f"{old}.{alias.name}", target)


def _name(module: Module, alias: ast.alias, dotted: str, renamed: Renamed) -> Finding:
    """One imported name: `A` becomes `B`; `B as A` where the local name cannot follow."""
    start = module.source.start(alias)
    spelling = alias_spelling(module, alias, dotted, renamed)
    kept = alias.asname is None and " as " in spelling
    message = f"{alias.name} → {spelling}" + (": the local name has to stay" if kept else "")
    if alias.asname and " as " in spelling:
        edit = Edit(start, start + len(alias.name), spelling.partition(" ")[0])
        local = spelling.rpartition(" ")[2]
        edits = (edit,) if local == alias.asname else (Edit(start, module.source.end(alias), spelling),)
    else:
        edits = (Edit(start, module.source.end(alias), spelling),)
    return Finding(start, renamed.rule, Status.MIGRATED, message, edits)


def alias_spelling(module: Module, alias: ast.alias, dotted: str, renamed: Renamed) -> str:
    """How an imported name is written afterwards, with its `as` where it needs one."""
    leaf = renamed.new.rpartition(".")[2]
    local = module.index.local_name(module.facts, alias.asname or alias.name, dotted)
    if alias.asname == alias.name:
        return f"{leaf} as {local}"  # `X as X` is how a stub says that X is public
    return leaf if local == leaf else f"{leaf} as {local}"


def _dropped(
    module: Module, statement: ImportStatement, moves: list[tuple[ast.alias, Renamed | None]]
) -> Finding | None:
    """Names go that the same block imports under their new name already, and those that nothing uses."""
    there = _bound_elsewhere(module, statement)
    extra, unused = [], False
    for alias, renamed in moves:
        if renamed is None:
            continue
        local = module.index.local_name(module.facts, alias.asname or alias.name, _dotted(module, statement, alias))
        if there.get(local) == renamed.new:
            extra.append(alias)
        elif _is_unused(module, statement, alias):
            extra.append(alias)
            unused = True
    if not extra:
        return None
    source, node = module.source, statement.node
    start, end = source.start(node), source.end(node)
    names = ", ".join(a.name for a in extra)
    rule = next(r.rule for a, r in moves if a is extra[0] and r is not None)
    status = Status.REVIEW if unused else Status.MIGRATED
    message = f"{names}: imported but not used, so not carried over" if unused else f"{names}: imported already"
    if len(extra) == len(moves):
        whole = _whole_lines(module, node)
        replacement = Edit(*whole, "") if whole and _leaves_some(module, statement) else Edit(start, end, "pass")
        return Finding(start, rule, status, message, (replacement,))
    kept = statements.without_names(source.segment(node), {a.name for a in extra})
    module_edit = _rewritten(module, kept, moves, _dotted(module, statement, extra[0]).rpartition(".")[0])
    return Finding(start, rule, status, message, (Edit(start, end, module_edit),))


def _leaves_some(module: Module, statement: ImportStatement) -> bool:
    """Whether the block of an import that goes holds a statement that certainly stays."""
    gone = {
        id(other.node)
        for other in module.found.imports
        if other.block is statement.block and isinstance(other.node, ast.ImportFrom)
        if any(module.rename(_dotted(module, other, alias)) for alias in other.node.names)
    }
    return any(id(node) not in gone for node in statement.block)


def _is_unused(module: Module, statement: ImportStatement, alias: ast.alias) -> bool:
    """Whether an imported name can go: nothing uses it, no `noqa` keeps it, and no `try` probes for it."""
    if not module.index.droppable(module.facts, alias.asname or alias.name):
        return False
    source, start = module.source, module.source.start(alias)
    lines = source.text[source.line_start(start) : source.line_end(start)] + source.segment(statement.node)
    lines += source.text[source.end(statement.node) : source.line_end(source.end(statement.node))]
    return "noqa" not in lines and not any(statement.block is t.body for t in module.found.tries)


def _bound_elsewhere(module: Module, statement: ImportStatement) -> dict[str, str]:
    """Local name -> dotted target of the `from` imports in the same block that need no rename."""
    found: dict[str, str] = {}
    for other in module.found.imports:
        if other is statement or other.block is not statement.block or not isinstance(other.node, ast.ImportFrom):
            continue
        for alias in other.node.names:
            dotted = _dotted(module, other, alias)
            if module.rename(dotted) is None:
                found[alias.asname or alias.name] = dotted
    return found


def _dotted(module: Module, statement: ImportStatement, alias: ast.alias) -> str:
    node = statement.node
    assert isinstance(node, ast.ImportFrom)
    return f"{absolute(module.facts.package, node.level, node.module)}.{alias.name}"


def _split(module: Module, node: ast.ImportFrom, old: str, moves: list[tuple[ast.alias, Renamed | None]]) -> Finding:
    """Names that now live in different places need a statement each; the first keeps the layout of the old one."""
    source = module.source
    start, end = source.start(node), source.end(node)
    groups: dict[str, list[tuple[ast.alias, Renamed | None]]] = {}
    for alias, renamed in moves:
        groups.setdefault(_parent(renamed, old), []).append((alias, renamed))
    lines = []
    stays = old if old in groups else next((p for p in groups if p), None)
    if stays is not None:
        staying = {a.name for a, _ in groups[stays]}
        kept = statements.without_names(source.segment(node), {a.name for a, _ in moves} - staying)
        lines.append(_rewritten(module, kept, groups.pop(stays), old))
    for parent, members in groups.items():
        spelled = [
            alias_spelling(module, a, f"{old}.{a.name}", r or Renamed(f"{old}.{a.name}", "")) for a, r in members
        ]
        into = _spell_module(module, node, parent)
        lines.append(f"from {into} import {', '.join(spelled)}" if parent else f"import {', '.join(spelled)}")
    moved = next(r for _, r in moves if r is not None)
    text = _separator(module, node).join(lines)
    names = ", ".join(a.name for a, r in moves if r is not None)
    return Finding(start, moved.rule, Status.MIGRATED, f"{names} from {old} → {moved.new}", (Edit(start, end, text),))


def _separator(module: Module, node: ast.stmt) -> str:
    """What stands between two statements that take the place of one: a line end, or `;` where its line is shared."""
    source = module.source
    before = source.text[source.line_start(source.start(node)) : source.start(node)]
    after = source.text[source.end(node) : source.line_end(source.end(node))]
    return "; " if before.strip() or after.lstrip().startswith(";") else f"{source.newline}{source.indent(node)}"


def _rewritten(module: Module, segment: str, moves: list[tuple[ast.alias, Renamed | None]], old: str) -> str:
    """An import statement's text with its module and names replaced."""
    renamed = {a.name: (a, r) for a, r in moves if r is not None}
    new = _parent(moves[0][1], old)
    match = _FROM.match(segment)
    if match and new != old:
        level = len(match["module"]) - len(match["module"].lstrip(". \t\\\r\n"))
        segment = segment[: match.start("module")] + _spell(module, new, bool(level)) + segment[match.end("module") :]

    def spell(name: str) -> str:
        alias, target = renamed[name]
        return alias_spelling(module, alias, f"{old}.{name}", target)

    return statements.with_names(segment, {n: spell(n) for n in renamed if spell(n) != n})


def _module_edit(module: Module, node: ast.ImportFrom, new: str) -> Edit | None:
    """The edit of the part between `from` and `import`, if it has to change."""
    source = module.source
    match = _FROM.match(source.text, source.start(node))
    if match is None:
        return None
    written = "".join(match["module"].replace("\\", " ").split())
    wanted = _spell_module(module, node, new)
    return Edit(match.start("module"), match.end("module"), wanted) if wanted != written else None


def _spell_module(module: Module, node: ast.ImportFrom, new: str) -> str:
    return _spell(module, new, node.level > 0)


def _spell(module: Module, new: str, relative: bool) -> str:
    """How a module is written in a `from`: relative imports stay relative where they can."""
    package = package_of(module.new_name(), module.facts.is_package)
    return relative_to(new, package) if relative else new


def relative_to(target: str, package: str) -> str:
    """`target` as a relative module inside `package`; absolute where they share nothing.

    >>> relative_to("agentcore.llm_gateway", "agentcore.integration")
    '..llm_gateway'
    """
    here, there = package.split("."), target.split(".")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(there[shared:]) if shared else target


def _whole_lines(module: Module, node: ast.stmt) -> tuple[int, int] | None:
    """The lines of a statement that stands alone on them, with the line end."""
    source = module.source
    start, end = source.line_start(source.start(node)), source.line_end(source.end(node))
    alone = not source.text[start : source.start(node)].strip() and not source.text[source.end(node) : end].strip()
    return (start, end) if alone else None


def stars_of(module: Module) -> Iterator[tuple[ast.ImportFrom, str]]:
    """The `from … import *` statements, each with the module it imports from."""
    for statement in module.found.imports:
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield node, absolute(module.facts.package, node.level, node.module)


def explicit_import(module: Module, star: ast.ImportFrom, of: str, name: str) -> Edit | None:
    """The edit that imports one name from where a star imports it, under the name it had so far."""
    parent, _, leaf = module.index.new_name(f"{of}.{name}").rpartition(".")
    return added_above(module, star, f"from {_spell_module(module, star, parent)} import {leaf} as {name}")


def added_above(module: Module, node: ast.stmt, statement: str) -> Edit | None:
    """The edit that puts an import on a line of its own above a statement; None where that line is shared."""
    start = module.source.line_start(module.source.start(node))
    if module.source.text[start : module.source.start(node)].strip():
        return None
    return Edit(start, start, f"{module.source.indent(node)}{statement}{module.source.newline}")
