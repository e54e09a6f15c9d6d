"""Import statements: moved modules, renamed names, relative imports, statements that must be split, new imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrator.fates.names import Renamed
from migrator.python import statements
from migrator.python.importing.dropping import Dropping, is_unused
from migrator.python.importing.spelling import Moves, alias_spelling, module_edit, parent_of, rewritten, spell_module
from migrator.python.library import construction
from migrator.python.module import Module
from migrator.python.reading.expressions import absolute
from migrator.python.reading.outline import ImportStatement
from migrator.python.reading.scopes import Scope
from migrator.python.reading.source import Source
from migrator.sites import Edit, Finding, Status

_LONG = 88  # columns, as Black has it


def find(module: Module) -> Iterator[Finding]:
    """Findings for every import statement that refers to the old layer or must follow the module's own move."""
    dropping = Dropping(module)
    for statement in module.found.imports:
        if id(statement.node) in module.handled:
            continue
        if isinstance(statement.node, ast.Import):
            findings = list(_plain(module, statement.node, statement.scope))
        else:
            findings = list(_from(module, statement, statement.node, dropping))
        yield from [f for f in findings if module.suppresses(f)] or findings  # half an import would give nothing


def _plain(module: Module, node: ast.Import, scope: Scope) -> Iterator[Finding]:
    for alias in node.names:
        renamed = module.rename(alias.name)
        if renamed is None:
            continue
        start, place = module.source.start(alias), module.source.name_end(module.source.start(alias), alias.name)
        new = renamed.new if alias.asname else _spell_plain(module, alias.name, renamed.new, scope)
        line = _line_that_holds(module, alias, scope)
        if new is None:
            message = f"{alias.name} → {renamed.new}: the new name is taken in this file, import it by hand"
            yield Finding(start, renamed.rule, Status.MANUAL, message)
        elif line and not alias.asname and " as " not in new:
            message = f"{alias.name} stays for line {line}, where a comment suppresses its use"
            plain = (i.node.names for i in module.found.imports if isinstance(i.node, ast.Import) and i.scope is scope)
            there = any(a.name == new and not a.asname for names in plain for a in names)
            edits = () if there else (Edit(place, place, f", {new}"),)
            yield Finding(start, renamed.rule, Status.IGNORED if there else Status.REVIEW, message, edits)
        else:
            edit = Edit(start, place, new)
            yield _noting(line, Finding(start, renamed.rule, Status.MIGRATED, f"{alias.name} → {new}", (edit,)))


def _line_that_holds(module: Module, alias: ast.alias, scope: Scope) -> int:
    """The line of a use that a comment keeps, of a name that what `alias` imports no longer has; 0 for none."""
    local = alias.asname or alias.name.partition(".")[0]
    for reference in module.found.references if module.facts.suppressed else ():
        if reference.parts[0] != local or reference.scope.lookup(local) is not scope.lookup(local):
            continue
        renamed = module.rename(module.meaning(reference.parts, reference.scope) or "")
        bound, base = module.binding_of(local, scope), module.base(reference.parts, reference.scope)
        written = module.written(reference.parts, base, bound) if renamed and base else reference.parts
        start = module.source.start(reference.nodes[0])
        gone = renamed and (written or ())[1:] != reference.parts[1:]
        if renamed and gone and module.suppresses(Finding(start, renamed.rule, Status.MIGRATED, "")):
            return module.source.line_of(start)
    return 0


def _doubting(doubt: str, finding: Finding) -> Finding:
    """A finding with what differs, if anything does."""
    return replace(finding, status=Status.REVIEW, message=f"{finding.message}: {doubt}") if doubt else finding


def _noting(line: int, finding: Finding) -> Finding:
    """A finding that says which line goes on using what it takes away."""
    if not line:
        return finding
    message = f"{finding.message}: line {line} goes on using an old name through it, as a comment there asks for"
    return replace(finding, status=Status.REVIEW, message=message)


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


def _from(module: Module, statement: ImportStatement, node: ast.ImportFrom, dropping: Dropping) -> Iterator[Finding]:
    old = absolute(module.facts.package, node.level, node.module)
    if any(alias.name == "*" for alias in node.names):
        yield from _star(module, node, old)
        return
    moves = [(a, module.placed.get(id(a)) or _moved(module, a, f"{old}.{a.name}")) for a in node.names]
    for beside in module.beside.get(id(node), ()):
        place = len(moves) if parent_of(beside, old) == module.names.client else 0
        moves.insert(place, (ast.alias(beside.local), beside))
    if len({parent_of(renamed, old) for _, renamed in moves}) > 1:  # it is written anew, without what is there already
        there = dropping.already(statement, moves)
        moves = [(a, Renamed("", r.rule) if r and id(a) in there else r) for a, r in moves]
    parents = {parent_of(renamed, old) for _, renamed in moves}
    if len(parents) > 1:
        moves = [(a, Renamed("", r.rule) if r and is_unused(module, statement, a) else r) for a, r in moves]
    if all(r and not r.new for _, r in moves):
        yield dropping.whole(statement, moves)
    elif len(parents) == 1 and "" not in parents:
        found, gone = dropping.names(statement, moves)
        yield from found
        yield from _in_place(module, statement, node, old, [m for m in moves if id(m[0]) not in gone])
    else:
        yield from _split(module, statement, node, old, moves)


def _moved(module: Module, alias: ast.alias, dotted: str) -> Renamed | None:
    """What becomes of an imported name: where objects are built of it that only the old class makes, it stays.

    It comes from the library itself then, where the module that handed it on does so no more.
    """
    if not construction.is_built(module.index, module.facts, alias.asname or alias.name, dotted):
        return module.rename(dotted)
    renamed, defined = module.rename(dotted) or module.index.let_go(dotted), module.index.canonical(dotted)
    handed_on = module.index.module_of(dotted) and defined != dotted
    return Renamed(defined, renamed.rule) if renamed and handed_on else None


def _star(module: Module, node: ast.ImportFrom, old: str) -> Iterator[Finding]:
    renamed = module.rename(old)
    edit = module_edit(module, node, renamed.new if renamed else old)
    if edit:
        rule = renamed.rule if renamed else _own_move(module)
        message = f"{old} → {renamed.new}" if renamed else "relative import follows the module's move"
        yield Finding(module.source.start(node), rule, Status.MIGRATED, message, (edit,))


def _own_move(module: Module) -> str:
    renamed = module.names.rename(module.facts.name)
    return renamed.rule if renamed else ""


def _in_place(
    module: Module, statement: ImportStatement, node: ast.ImportFrom, old: str, moves: Moves
) -> Iterator[Finding]:
    """The statement keeps its shape: its module and single names are replaced where they stand."""
    if not moves:
        return
    renamed = moves[0][1]
    new = parent_of(renamed, old)
    edit = module_edit(module, node, new)
    if edit:
        moved = module.names.rename(old)
        rule = (moved or renamed or Renamed("", _own_move(module))).rule
        message = f"{old} → {new}" if new != old else "relative import follows the module's move"
        yield Finding(module.source.start(node), rule, Status.MIGRATED, message, (edit,))
    for alias, target in moves:
        doubt = module.doubt(f"{old}.{alias.name}", target)
        if target is not None and target.new.rpartition(".")[2] != alias.name:
            line = _line_that_holds(module, alias, statement.scope)
            yield _noting(line, _doubting(doubt, _name(module, alias, f"{old}.{alias.name}", target)))
        elif target is not None and doubt:
            yield Finding(module.source.start(alias), target.rule, Status.REVIEW, f"{alias.name}: {doubt}")


def _name(module: Module, alias: ast.alias, dotted: str, renamed: Renamed) -> Finding:
    """One imported name: `A` becomes `B`; `B as A` where the local name cannot follow."""
    start = module.source.start(alias)
    spelling = alias_spelling(module, alias, dotted, renamed)
    kept = alias.asname is None and " as " in spelling and not renamed.local
    message = f"{alias.name} → {spelling}" + (": the local name has to stay" if kept else "")
    if alias.asname and " as " in spelling and not renamed.local:
        edit = Edit(start, start + len(alias.name), spelling.partition(" ")[0])
        local = spelling.rpartition(" ")[2]
        edits = (edit,) if local == alias.asname else (Edit(start, module.source.end(alias), spelling),)
    else:
        edits = (Edit(start, module.source.end(alias), spelling),)
    return Finding(start, renamed.rule, Status.MIGRATED, message, edits)


def _split(
    module: Module, statement: ImportStatement, node: ast.ImportFrom, old: str, moves: Moves
) -> Iterator[Finding]:
    """Names that now live in different places need a statement each; the first keeps the layout of the old one."""
    source = module.source
    start, end = source.start(node), source.end(node)
    groups: dict[str, Moves] = {}
    for alias, renamed in moves:
        if renamed and not renamed.new:
            continue  # it only goes
        groups.setdefault(parent_of(renamed, old), []).append((alias, renamed))
    lines, comments = [], list[str]()
    own = (p for p, members in groups.items() if p and any(alias in node.names for alias, _ in members))
    stays = old if old in groups else next(own, None)
    for parent in sorted(groups, key=lambda parent: (not module.names.is_module(parent), parent != old)):
        members = groups[parent]
        if parent == stays:
            staying = {a.name for a, _ in members}
            kept, comments = statements.without_names(source.segment(node), {a.name for a, _ in moves} - staying)
            lines.append(rewritten(module, kept, members, old))
            continue
        spelled = [
            alias_spelling(module, a, f"{old}.{a.name}", r or Renamed(f"{old}.{a.name}", "")) for a, r in members
        ]
        into = spell_module(module, node, parent)
        spelled = list(dict.fromkeys(spelled))
        lines.append(_laid_out(source, node, into, spelled) if parent else f"import {', '.join(spelled)}")
    moved = next(r for _, r in sorted(moves, key=lambda m: not (m[1] and m[1].new)) if r is not None)
    between = separator(module, node)
    message = _told(old, groups)
    unused = [a for a, r in moves if r and not r.new and is_unused(module, statement, a)]
    message += f"; {', '.join(a.name for a in unused)}: imported but not used, so not carried over" if unused else ""
    text, edits = between.join(lines) or "pass", list[Edit]()
    if between == "; ":  # other statements may follow on the line, so comments go above it
        above = source.line_start(start)
        edits = [Edit(above, above, f"{source.indent(node)}{comment}{source.newline}") for comment in comments]
    else:
        text = "  ".join([text, *comments])
    line = next((n for a, r in moves if r and (n := _line_that_holds(module, a, statement.scope))), 0)
    doubts = _doubts(module, old, [(a, r) for a, r in moves if a not in unused])
    (rule, doubt), *others = doubts.items() or [(moved.rule, "")]
    status = Status.REVIEW if doubts or unused else Status.MIGRATED
    message += f"; {doubt}" if doubt else ""
    yield _noting(line, Finding(start, rule, status, message, (*edits, Edit(start, end, text))))
    for rule, doubt in others:
        yield Finding(start, rule, Status.REVIEW, doubt)


def _laid_out(source: Source, node: ast.ImportFrom, into: str, names: list[str]) -> str:
    """An import on one line, or with a line for each name where that is long and the old one had such lines."""
    line, indent = f"from {into} import {', '.join(names)}", source.indent(node)
    first = source.start(node.names[0])
    before = source.text[source.line_start(first) : first]
    if before.strip() or first < source.line_end(source.start(node)) or len(indent) + len(line) <= _LONG:
        return line
    rows = "".join(f"{source.newline}{before}{name}," for name in names)
    return f"from {into} import ({rows}{source.newline}{indent})"


def _told(old: str, groups: Mapping[str, Moves]) -> str:
    """Where the names of an import have gone, by where they are imported from now."""
    named = ((parent, ", ".join(a.name for a, r in members if r)) for parent, members in groups.items())
    went = "; ".join(f"{names} → {parent or 'imported itself'}" for parent, names in named if names)
    return f"from {old}: {went or 'nothing'}"


def _doubts(module: Module, old: str, moves: Moves) -> dict[str, str]:
    """Rule -> the names of an import that it speaks of, with what differs."""
    told: dict[str, dict[str, list[str]]] = {}
    for alias, renamed in moves:
        doubt = module.doubt(f"{old}.{alias.name}", renamed) if renamed else ""
        if renamed and doubt:
            told.setdefault(renamed.rule, {}).setdefault(doubt, []).append(alias.name)
    return {rule: "; ".join(f"{', '.join(n)}: {d}" for d, n in doubts.items()) for rule, doubts in told.items()}


def separator(module: Module, node: ast.stmt) -> str:
    """What stands between two statements that take the place of one: a line end, or `;` where its line is shared."""
    source = module.source
    before = source.text[source.line_start(source.start(node)) : source.start(node)]
    after = source.text[source.end(node) : source.line_end(source.end(node))]
    return "; " if before.strip() or after.lstrip().startswith(";") else f"{source.newline}{source.indent(node)}"


def stars_of(module: Module) -> Iterator[tuple[ast.ImportFrom, str]]:
    """The `from … import *` statements, each with the module it imports from."""
    for statement in module.found.imports:
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield node, absolute(module.facts.package, node.level, node.module)


def explicit_import(module: Module, star: ast.ImportFrom, of: str, name: str) -> Edit | None:
    """The edit that imports one name from where a star imports it, under the name it had so far."""
    parent, _, leaf = module.index.new_name(f"{of}.{name}").rpartition(".")
    return added_above(module, star, f"from {spell_module(module, star, parent)} import {leaf} as {name}")


def added_above(module: Module, node: ast.stmt, statement: str) -> Edit | None:
    """The edit that puts an import on a line of its own above a statement; None where that line is shared."""
    start = module.source.line_start(module.source.start(node))
    if module.source.text[start : module.source.start(node)].strip():
        return None
    return Edit(start, start, f"{module.source.indent(node)}{statement}{module.source.newline}")
