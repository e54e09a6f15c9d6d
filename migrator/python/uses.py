"""Uses of old names in code: definitions, plain names, attribute chains, and what another library's names say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from migrator.fates.names import Renamed
from migrator.patterns import under
from migrator.python.importing.imports import added_above, explicit_import, stars_of
from migrator.python.module import Module
from migrator.python.reading import fixture_names
from migrator.python.reading.expressions import is_loaded
from migrator.python.reading.outline import DEFINED, Reference
from migrator.python.reading.scopes import Binding, Scope, origin_of
from migrator.sites import Edit, Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """A finding for every definition and every use that resolves to the old layer or to a flagged library."""
    for scope in module.found.scopes:
        for bindings in scope.bindings.values():
            for binding in bindings:
                yield from _definition(module, binding, scope)
    for reference in module.found.references:
        if id(reference) not in module.through:
            yield from _reference(module, reference)
    for nodes, owner in module.found.members:
        if not module.names.is_module(owner):
            yield from _members(module, nodes, owner)
    yield from _declared(module)


def _definition(module: Module, binding: Binding, scope: Scope) -> Iterator[Finding]:
    if not isinstance(binding.node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    new = module.local_name(binding, scope) if binding.target else _sibling_name(module, binding, scope)
    if new != binding.name:
        match = DEFINED.match(module.source.text, module.source.start(binding.node))
        if match:
            edit = Edit(match.end(), match.end() + len(binding.name), new)
            rule = _rule(module, binding.target or "")
            yield Finding(match.end(), rule, Status.MIGRATED, f"{binding.name} → {new}", (edit,))
    elif binding.target:
        yield from _kept_definition(module, binding)


def _kept_definition(module: Module, binding: Binding) -> Iterator[Finding]:
    """A definition that a rule would rename, had it not to keep its name."""
    renamed = module.names.rename(binding.target or "")
    new = renamed.new.rpartition(".")[2] if renamed else binding.name
    match = DEFINED.match(module.source.text, module.source.start(binding.node))
    if renamed is None or new == binding.name or match is None:
        return
    start, message = match.end(), f"{binding.name} → {new}"
    if module.facts.frozen or module.suppresses(Finding(start, renamed.rule, Status.MIGRATED, message)):
        yield Finding(start, renamed.rule, Status.MIGRATED, message, (Edit(start, start + len(binding.name), new),))
    elif binding.name not in module.facts.kept:
        yield Finding(
            start, renamed.rule, Status.MANUAL, f"{message}: the new name is taken here, it keeps the old one"
        )


def _sibling_name(module: Module, binding: Binding, scope: Scope) -> str:
    """A fallback `class X` inside a function or `except` follows the import whose name it stands in for."""
    siblings = scope.bindings[binding.name]
    return next((module.local_name(b, scope) for b in siblings if b.target), binding.name)


def _rule(module: Module, dotted: str) -> str:
    renamed = module.rename(dotted)
    return fixture_names.rule_of(module.index, dotted) or (renamed.rule if renamed else "")


def _reference(module: Module, reference: Reference) -> Iterator[Finding]:
    bound = module.binding_of(reference.parts[0], reference.scope)
    dotted = module.meaning(reference.parts, reference.scope)
    if bound:
        yield from _before_it_is_bound(module, reference, bound)
    if dotted is None:
        return
    flag = module.names.flag(dotted)
    if flag:
        yield Finding(module.source.start(reference.nodes[0]), flag.id, Status.MANUAL, flag.message)
        return
    renamed = module.rename(dotted)
    if bound and module.left_alone(bound[0]):
        yield from _suppressed(module, reference, renamed)
        return
    base = dotted.removesuffix("".join(f".{p}" for p in reference.parts[1:]))
    written = module.written(reference.parts, base, bound)
    if bound and renamed and _is_ambiguous(module, reference, bound, written):
        message = (
            f"{'.'.join(reference.parts)} → {renamed.new}: {reference.parts[0]} has several meanings, write it by hand"
        )
        yield Finding(module.source.start(reference.nodes[0]), renamed.rule, Status.MANUAL, message)
        return
    if written is None and renamed:
        yield _through_new_import(module, reference, bound, dotted, renamed)
    elif bound is None and written and renamed and _means_else(module, reference.scope, written[0], base):
        yield _kept_name(module, reference, renamed)
    elif written == reference.parts:
        yield from _suppressed(module, reference, renamed)
        doubt = module.doubt(dotted, renamed) if len(reference.parts) > 1 else ""
        if doubt and renamed:
            of_library = module.names.fate(module.index.canonical(dotted))
            said = f"{'.'.join(reference.parts)}: {doubt}" if of_library else doubt
            yield Finding(module.source.start(reference.nodes[-1]), renamed.rule, Status.REVIEW, said)
    elif written is not None:
        count = _differing(reference.parts, written)
        old, new = ".".join(reference.parts[:count]), ".".join(written[: len(written) - len(reference.parts) + count])
        base = ".".join(dotted.split(".")[: len(dotted.split(".")) - len(reference.parts) + count])
        finding = _replaced(module, reference, count, old, new, _rule(module, base))
        doubt = module.doubt(dotted, renamed) if len(reference.parts) > 1 and finding.edits else ""
        yield replace(finding, status=Status.REVIEW, message=f"{finding.message}; {doubt}") if doubt else finding


def _means_else(module: Module, scope: Scope, name: str, base: str) -> bool:
    """Whether the new name of `base` is bound to anything else here."""
    if scope.lookup(name) is None:
        return False
    there = module.meaning((name,), scope)
    return there is None or module.index.new_name(there) != module.index.new_name(base)


def _is_ambiguous(
    module: Module, reference: Reference, bound: tuple[Binding, Scope], written: tuple[str, ...] | None
) -> bool:
    """Whether another binding of the first name would have the chain written in another way."""
    for other in bound[1].bindings[reference.parts[0]]:
        base = origin_of(other, bound[1]) if other is not bound[0] else None
        if base and module.written(reference.parts, base, (other, bound[1])) != written:
            return True
    return False


def _suppressed(module: Module, reference: Reference, renamed: Renamed | None) -> Iterator[Finding]:
    """A use that stays as it is needs no finding, unless a comment there asks for that."""
    first, dotted = reference.nodes[0], module.meaning(reference.parts, reference.scope) or ""
    if isinstance(first, ast.Name) and isinstance(first.ctx, ast.Store) and dotted.rpartition(".")[2] != first.id:
        return  # a name of the module's own that is given the old thing
    if renamed and module.facts.suppressed:
        start = module.source.start(reference.nodes[0])
        finding = Finding(start, renamed.rule, Status.MIGRATED, f"{'.'.join(reference.parts)} → {renamed.new}")
        if module.suppresses(finding):
            yield finding


def _differing(old: tuple[str, ...], new: tuple[str, ...]) -> int:
    """How many of the old parts, from the first, have to be replaced: all but the tail both have."""
    same = 0
    while same < min(len(old), len(new)) - 1 and old[-1 - same] == new[-1 - same]:
        same += 1
    return len(old) - same


def _replaced(module: Module, reference: Reference, count: int, old: str, new: str, rule: str) -> Finding:
    place = module.place(reference, count)
    start = module.source.start(reference.nodes[count - 1])
    if place is None:
        message = f"{old} → {new}: write it by hand, a comment or an f-string stands in the middle"
        return Finding(start, rule, Status.MANUAL, message)
    return Finding(place[0], rule, Status.MIGRATED, f"{old} → {new}", (Edit(*place, new),))


def _through_new_import(
    module: Module, reference: Reference, bound: tuple[Binding, Scope] | None, dotted: str, renamed: Renamed
) -> Finding:
    """`integration.portkey.X` where the package left what gave it: import the new module, name it in full."""
    modules = module.names.rules.modules
    rule = next((m for d in (dotted, module.index.canonical(dotted)) for m in modules if under(d, m.old)), None)
    old = ".".join(reference.parts)
    start = module.source.start(reference.nodes[0])
    place = module.place(reference, len(reference.parts))
    top = renamed.new.partition(".")[0]
    taken = reference.scope.lookup(top)
    free = taken is None or any(b.target == top for b in taken.bindings[top])
    holder = bound[1] if bound else module.found.scope
    statement = bound[0].statement if bound else _star_of(module, reference.parts[0])
    there = module.is_free(top) and rule and _imports(holder, (rule.old, rule.new))
    added = None if there or not rule or statement is None else added_above(module, statement, f"import {rule.new}")
    if place is None or not free or not (added or there):
        message = f"{old} → {renamed.new}: import it and write it by hand"
        return Finding(start, renamed.rule, Status.MANUAL, message)
    edits = (added, Edit(*place, renamed.new)) if added else (Edit(*place, renamed.new),)
    return Finding(start, renamed.rule, Status.MIGRATED, f"{old} → {renamed.new}", edits)


def _kept_name(module: Module, reference: Reference, renamed: Renamed) -> Finding:
    """A name from `import *` that cannot follow here: an import of its own keeps the old one."""
    old, start = reference.parts[0], module.source.start(reference.nodes[0])
    stars = sorted((of, node.lineno, node) for node, of in stars_of(module) if module.index.offers(of, old))
    nearest = stars and all(under(of, stars[0][0]) for of, _, _ in stars)  # a package offers what its modules do
    added = explicit_import(module, stars[0][2], stars[0][0], old) if nearest else None
    if added is None:
        message = f"{old} → {renamed.new}: the new name is taken here, import it under another and write that"
        return Finding(start, renamed.rule, Status.MANUAL, message)
    message = f"{old} is imported by this name, which cannot follow here"
    return Finding(start, renamed.rule, Status.MIGRATED, message, (added,))


def _before_it_is_bound(module: Module, reference: Reference, bound: tuple[Binding, Scope]) -> Iterator[Finding]:
    """What a module binds itself only further down can be what `import *` gives up to there: that keeps its name."""
    (binding, holder), name, node = bound, reference.parts[0], reference.nodes[0]
    if (
        holder is not module.found.scope
        or not holder.stars
        or not is_loaded(node)
        or node.lineno > _first(holder, name)
    ):
        return
    star, given = _star_of(module, name), module.from_star(name)
    renamed = module.rename(given) if given else None
    if star is None or renamed is None or star.lineno > node.lineno or star.lineno in module.facts.suppressed:
        return
    if renamed.new.rpartition(".")[2] != name and module.local_name(binding, holder) == name:
        yield _kept_name(module, reference, renamed)


def _first(holder: Scope, name: str) -> int:
    """The line up to which nothing in a scope has bound a name; a class or function is bound where it ends."""
    return min(getattr(b.node, "end_lineno", 0) or 0 for b in holder.bindings[name])


def _star_of(module: Module, name: str) -> ast.stmt | None:
    """The `from … import *` that gives a name."""
    return next((node for node, of in reversed([*stars_of(module)]) if module.index.offers(of, name)), None)


def _imports(scope: Scope, modules: tuple[str, ...]) -> bool:
    """Whether a plain `import` of one of the modules, or of one below it, stands in a scope."""
    plain = (b.node for bs in scope.bindings.values() for b in bs if b.kind == "import")
    return any(isinstance(node, ast.alias) and any(under(node.name, m) for m in modules) for node in plain)


def _members(module: Module, nodes: list[ast.Attribute], owner: str) -> Iterator[Finding]:
    """Attributes of a module that is imported by its text: `import_module("a.b").Name`."""
    for node in nodes:
        owner_renamed, dotted = module.rename(owner), f"{owner}.{node.attr}"
        renamed = module.rename(dotted)
        if renamed is None:
            owner = dotted
            continue
        start, leaf = module.source.end(node) - len(node.attr), renamed.new.rpartition(".")[2]
        in_place = module.source.text[start : module.source.end(node)] == node.attr
        if not in_place or renamed.new != f"{owner_renamed.new if owner_renamed else owner}.{leaf}":
            message = f"{dotted} → {renamed.new}: write it by hand"
            yield Finding(module.source.start(node), renamed.rule, Status.MANUAL, message)
            return
        if leaf != node.attr:
            edit = Edit(start, start + len(node.attr), leaf)
            yield Finding(start, renamed.rule, Status.MIGRATED, f"{node.attr} → {leaf}", (edit,))
        owner = dotted


def _declared(module: Module) -> Iterator[Finding]:
    """Names in `global` and `nonlocal` statements, which have no node of their own."""
    for node, scope in module.found.globals:
        for name in node.names:
            bound = module.binding_of(name, scope)
            new = module.local_name(*bound) if bound and bound[0].kind != "import" else name
            match = re.search(rf"\b{re.escape(name)}\b", module.source.segment(node))
            if new != name and match:
                start = module.source.start(node) + match.start()
                edit = Edit(start, start + len(name), new)
                rule = _rule(module, module.meaning((name,), scope) or "")
                yield Finding(start, rule, Status.MIGRATED, f"{name} → {new}", (edit,))


def flagged_imports(module: Module) -> Iterator[Finding]:
    """Import statements of libraries that a pack reports and leaves alone."""
    for statement in module.found.imports:
        node = statement.node
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            names = [node.module] if node.module and node.level == 0 else []
        for name in names:
            flag = module.names.flag(name)
            if flag:
                yield Finding(module.source.start(node), flag.id, Status.MANUAL, flag.message)
                break
