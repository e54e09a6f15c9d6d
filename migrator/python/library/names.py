"""Names of a library that is left, imported one by one: those without a counterpart, and those that cannot follow."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.library import Fate
from migrator.fates.names import Renamed
from migrator.patterns import under
from migrator.primitives.library import Library
from migrator.python.calls import import_edit
from migrator.python.library import built_texts, construction
from migrator.python.library.built import Plan
from migrator.python.library.needless import Cuts
from migrator.python.library.references import Use, is_read
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.outline import ImportStatement, Reference
from migrator.python.reading.scopes import Scope
from migrator.sites import Edit, Finding, Status


def find(module: Module, cuts: Cuts) -> Iterator[Finding]:
    """What stays as it is, with the reason and the next step; `cuts` takes what goes with the statement it is for."""
    yield from _left(module, cuts)
    yield from _built(module)
    yield from _inherited(module)
    yield from _hiding(module)
    yield from _stars(module)
    yield from _raised(module)


def _left(module: Module, cuts: Cuts) -> Iterator[Finding]:
    """Names without a counterpart, imported one by one from the library or from a module that hands them on."""
    seen, gone = set[int](), set[int]()  # the imports of what stays, and of what goes
    for reference in module.found.references:
        if id(reference) in module.through or not is_read(reference.nodes[0]):
            continue
        bound = module.binding_of(reference.parts[0], reference.scope)
        meant = sorted(d for d in module.meanings(reference.parts, reference.scope) if d)
        fates = [(d, f) for d in meant if (f := module.names.fate(module.index.canonical(d)))]
        dotted, fate = next((each for each in fates if each[1].kind in ("gone", "unknown", "needless")), ("", None))
        if fate:
            imports = {id(b.node) for b in bound[1].told(reference.parts[0])} if bound else set()
            use = Use(reference, 0, module.index.canonical(dotted), fate)
            said = f"{use.text}: {fate.message}"
            finding = Finding(module.source.start(reference.nodes[0]), fate.rule, fate.standing, said)
            free, needless = not module.suppresses(finding), fate.kind == "needless"
            replaced = needless and id(reference.nodes[-1]) in module.replaced
            if free and (replaced or cuts.covers(use) or (needless and cuts.takes(use) and cuts.covers(use))):
                gone |= imports
                continue
            seen |= imports
            if id(reference.nodes[-1]) not in module.kept:
                yield finding
    for statement in module.found.imports:
        if isinstance(statement.node, ast.ImportFrom):
            if id(statement.node) in module.handled:
                continue
            gone |= {id(a) for a in statement.node.names if id(a) in module.replaced}
            gone |= {id(a) for a in statement.node.names if _is_unused(module, statement, a)}
            _drop(module, cuts, statement, [a for a in statement.node.names if id(a) in gone - seen])
            yield from _imported(module, statement, statement.node, seen, gone)


def _is_unused(module: Module, statement: ImportStatement, alias: ast.alias) -> bool:
    """Whether an import gives what a client is given, and nothing takes it."""
    name = alias.asname or alias.name
    holder = statement.scope.lookup(name)
    target = next((b.target for b in holder.told(name) if b.node is alias), None) if holder else None
    fate = module.names.fate(module.index.canonical(target)) if target else None
    ours = {c.id for c in module.names.rules.clients if alias.name not in c.classes}
    if fate is None or fate.rule not in ours or fate.kind != "needless" or module.facts.path.endswith("__init__.py"):
        return False
    line = module.source.text[module.source.start(statement.node) : module.source.line_end(module.source.end(alias))]
    used = any(r.parts[0] == name and r.scope.lookup(name) is holder for r in module.found.references)
    listed = any(t.role == "all" and text_value(t.node) == name for t in module.found.texts)
    return not (used or listed or "noqa" in line or module.index.is_wanted(module.facts, name))


def _drop(module: Module, cuts: Cuts, statement: ImportStatement, names: list[ast.alias]) -> None:
    """Have names go from an import statement: nothing uses them any more."""
    if names and len(names) == len(statement.node.names):
        module.handled = {*module.handled, id(statement.node)}
        cuts.cut(statement.node, statement.block, None)
    else:
        module.placed = {**module.placed, **{id(a): Renamed("", module.names.library_rule) for a in names}}


def _fate(module: Module, node: ast.expr, scope: Scope) -> Fate | None:
    dotted = module.meaning(parts_of(node), scope)
    return module.names.fate(module.index.canonical(dotted)) if dotted else None


def _built(module: Module) -> Iterator[Finding]:
    """Imported classes of which objects are built: with what the new ones want, or they stay."""
    caught = {id(e) for t in module.found.tries for h in t.handlers for e in _types(h.type)}
    for reference in module.found.references:
        node, name = reference.nodes[0], reference.parts[0]
        if id(reference) in module.through or not is_read(node):
            continue
        meant = sorted(d for d in module.meanings(reference.parts, reference.scope) if d)
        plan = module.builds.at(reference.nodes[-1]) if meant else None
        dotted = next((d for d in meant if construction.is_built(module.index, module.facts, name, d)), "")
        fate = module.names.fate(module.index.canonical(dotted))
        start = module.source.start(node)
        if plan and plan.reason:
            yield Finding(start, plan.fate.rule, Status.MANUAL, f"{name}(…): {plan.message}")
        elif plan:
            yield _with_new_arguments(module, plan, reference)
        elif fate and id(reference.nodes[-1]) not in module.replaced | module.kept:
            status = Status.MANUAL if id(node) in caught or name in module.facts.inherited else Status.REVIEW
            said = f"{name} stays, for it is built in this file; what takes its place is {fate.new}"
            yield Finding(start, fate.rule, status, said)


def _inherited(module: Module) -> Iterator[Finding]:
    """Classes of the project whose base another module of it has, which is another class there from now on."""
    for reference in module.found.references:
        above = module.source.parents.get(id(reference.nodes[-1]))
        dotted = module.meaning(reference.parts, reference.scope) if len(reference.parts) > 1 else None
        if not isinstance(above, ast.ClassDef) or not dotted or not module.index.module_of(dotted):
            continue
        fate = module.names.fate(module.index.canonical(dotted))
        if fate and fate.built and (module.rename(dotted) or module.index.let_go(dotted)):
            said = f"{'.'.join(reference.parts)} is {fate.new} from now on: see how a {above.name} is built"
            yield Finding(module.source.start(above), fate.rule, Status.MANUAL, said)


def _with_new_arguments(module: Module, plan: Plan, reference: Reference) -> Finding:
    """An object of an imported class, whose name the import changes: what it is given."""
    name, scope = reference.parts[0], reference.scope
    imported = [import_edit(module, each, plan.made.call, scope) for each in plan.imports]
    edits = [e for e in imported if e and e.text] + list(built_texts.edits(module.source, plan))
    said = f"{name}(…) → {plan.fate.new}(…)" + (f": {plan.message}" if plan.message else "")
    return Finding(module.source.start(reference.nodes[0]), plan.fate.rule, plan.status, said, tuple(edits))


def _hiding(module: Module) -> Iterator[Finding]:
    """A handler of an error that takes what a later one is there for."""
    for node, scope in module.found.handlers:
        caught = [
            (h, [f for e in _types(h.type) if (f := _fate(module, e, scope)) and f.kind == "moved"])
            for h in node.handlers
        ]
        for index, (handler, fates) in enumerate(caught):
            later = {f.name for _, more in caught[index + 1 :] for f in more}
            for fate in fates:
                hidden = sorted(n for n in later if n in fate.above or ("*" in fate.above and n != fate.name))
                if hidden:
                    said = f"{fate.name} catches {', '.join(hidden)} as well: put this handler after that of it"
                    yield Finding(module.source.start(handler), fate.rule, Status.MANUAL, said)


def _raised(module: Module) -> Iterator[Finding]:
    """Errors of another library that caught those of this one, and do not catch those in their place."""
    for library in module.names.rules.libraries:
        if not library.raised or not module.index.uses_old(module.facts):
            continue
        for reference in module.found.references:
            dotted = module.meaning(reference.parts, reference.scope) or ""
            name = dotted.rpartition(".")[2]
            if under(dotted, library.raised) and name.endswith("Error") and is_read(reference.nodes[0]):
                yield from _caught_too(module, reference, dotted, library)


def _caught_too(module: Module, reference: Reference, dotted: str, library: Library) -> Iterator[Finding]:
    """The error in its place is caught beside one that is caught; where it is meant for else, that is said."""
    node, source = reference.nodes[-1], module.source
    above = source.parents[id(node)]
    listed = isinstance(above, ast.Tuple)
    within = source.parents[id(above)] if listed else above
    types = within.type if isinstance(within, ast.ExceptHandler) else None
    local, instead = f"{library.instead.partition('_')[0]}_{library.raised}", f"{library.instead}.{dotted}"
    if any(_means(module, each, instead, reference.scope) for each in _types(types)):
        return
    start, text, end = source.start(node), source.segment(node), source.end(node)
    whose, top = f"{library.instead}.{library.raised}", dotted.count(".") == 1
    imported = import_edit(module, local, node, reference.scope, whose) if top and types in (node, above) else None
    said = f"{dotted} caught errors of {library.module}, and catches none of {library.instead}"
    if imported is None:
        yield Finding(start, library.id, Status.MANUAL, f"{said}: where those are meant, name {instead}")
        return
    beside = f"{local}.{dotted.rpartition('.')[2]}"
    edit = Edit(end, end, f", {beside}") if listed else Edit(start, end, f"({text}, {beside})")
    edits = (imported, edit) if imported.text else (edit,)
    yield Finding(start, library.id, Status.REVIEW, f"{said}: {beside} is caught beside it", edits)


def _means(module: Module, node: ast.expr, dotted: str, scope: Scope) -> bool:
    parts = parts_of(node)
    return bool(parts) and module.meaning(parts, scope) == dotted


def _imported(
    module: Module, statement: ImportStatement, node: ast.ImportFrom, seen: set[int], gone: set[int]
) -> Iterator[Finding]:
    """What an import statement gives that stays, and what it gives that nothing here uses."""
    for alias in node.names:
        if id(alias) in (gone - seen) | module.kept:
            continue
        holder = statement.scope.lookup(alias.asname or alias.name)
        bindings = holder.told(alias.asname or alias.name) if holder else []
        target = next((b.target for b in bindings if b.node is alias), None)
        fate = module.names.fate(module.index.canonical(target)) if target else None
        if fate and fate.kind in ("gone", "unknown", "needless"):
            used = id(alias) in seen
            if used and module.names.keeps_library:
                continue
            said = f"{alias.name} stays for what is left of it here" if used else f"{alias.name}: {fate.message}"
            status = Status.REVIEW if used else Status.MANUAL
            yield Finding(module.source.start(node), fate.rule, status, said, stays=alias.name)
        elif fate and target and construction.is_built(module.index, module.facts, alias.asname or alias.name, target):
            said = f"{alias.name} stays, for it is built here"
            yield Finding(module.source.start(node), fate.rule, Status.REVIEW, said, stays=alias.name)


def _stars(module: Module) -> Iterator[Finding]:
    """An import of everything, which does not tell what is used."""
    for statement in module.found.imports:
        node = statement.node
        if not isinstance(node, ast.ImportFrom) or node.level or node.names[0].name != "*":
            continue
        if node.module and module.names.is_module(node.module):
            said = f"from {node.module} import *: import by name what is used of it, then migrate again"
            yield Finding(module.source.start(node), module.names.library_rule, Status.MANUAL, said)


def _types(caught: ast.expr | None) -> list[ast.expr]:
    if isinstance(caught, ast.Tuple):
        return caught.elts
    return [caught] if caught else []
