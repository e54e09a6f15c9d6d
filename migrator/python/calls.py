"""Arguments of calls to the old layer: replaced, promoted, or looked up in a table of values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrator.packs.ruleset import Rules
from migrator.patterns import under
from migrator.primitives.code import Call, Promote
from migrator.python import statements
from migrator.python.importing.imports import added_above
from migrator.python.module import Module
from migrator.python.reading.expressions import Parts, parts_of, text_value
from migrator.python.reading.scopes import Binding, Scope
from migrator.sites import Edit, Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """Findings for calls whose arguments mean something else in the new layer.

    A class that the project itself defines keeps its signature when it moves, so calls of it are left alone.
    """
    rules = module.names.rules
    uses_old = bool(rules.literals) and module.index.uses_old(module.facts)
    derived = _derived(module, rules)
    for cls, rule in derived.values():
        message = f"a subclass: see that neither it nor a call of it passes on {', '.join(rule.remove)}; {rule.message}"
        yield Finding(module.source.start(cls), rule.id, Status.MANUAL, message)
    for node, scope in module.found.calls:
        callees = {module.index.canonical(d) if d else "" for d in module.value_of(node.func, scope)}
        found = list(_passed_on(module, rules, derived, node, scope))
        found += _of_rules(module, rules, callees, node, scope)
        if uses_old and not any(module.index.defines(c) for c in callees) and _may_read_it(module, node, scope):
            found += _literals(module, rules, node)
        inside = module.found.inside.get(id(node))
        yield from (f if inside is None else _in_f_string(module, f, inside) for f in found)


def _derived(module: Module, rules: Rules) -> dict[int, tuple[ast.ClassDef, Call]]:
    """The classes of a module that inherit from a callable of a rule, at one remove or several, by id."""
    derived: dict[int, tuple[ast.ClassDef, Call]] = {}
    for cls, scope in module.found.classes if rules.calls else ():
        rule = next((r for base in cls.bases if (r := _rule_for(module, rules, derived, parts_of(base), scope))), None)
        if rule:
            derived[id(cls)] = cls, rule
    return derived


def _rule_for(
    module: Module, rules: Rules, derived: Mapping[int, tuple[ast.ClassDef, Call]], parts: Parts, scope: Scope
) -> Call | None:
    """The rule whose callable, not defined by the project itself, a chain means: directly or as a class below it."""
    bound = module.binding_of(parts[0], scope) if len(parts) == 1 else None
    if bound and id(bound[0].node) in derived:
        return derived[id(bound[0].node)][1]
    dotted = module.dotted(parts, scope)
    return _inherited(module, rules, module.index.canonical(dotted)) if dotted else None


def _inherited(module: Module, rules: Rules, callee: str) -> Call | None:
    """The rule for a callable or for a class that it inherits from, wherever in the project that is done."""
    known = [c for c in module.index.lineage(callee) if not module.index.defines(c)]
    return next((r for r in rules.calls if any(is_of(c, r.of) for c in known)), None)


def _passed_on(
    module: Module, rules: Rules, derived: Mapping[int, tuple[ast.ClassDef, Call]], node: ast.Call, scope: Scope
) -> Iterator[Finding]:
    """Arguments that go, in a call of a subclass or a method of the callable, or one that is given the callable."""
    given = {k.arg for k in node.keywords}
    parts = parts_of(node.func)
    bound = module.binding_of(parts[0], scope) if len(parts) == 1 else None
    dotted = module.dotted(parts, scope) if parts else None
    callee = module.index.canonical(dotted) if dotted else ""
    is_subclass = bool(bound and id(bound[0].node) in derived) or module.index.defines(callee)
    if not any(given.intersection(r.remove) for r in rules.calls):
        unseen = is_subclass and (node.args or None in given) and not module.index.defines_member(callee, "__init__")
        inherited = _rule_for(module, rules, derived, parts, scope) if unseen else None
        if inherited:
            yield Finding(module.source.start(node), inherited.id, Status.MANUAL, _unseen(inherited, node))
        return
    if _is_opaque(node.func, scope):
        rule = next((r for r in rules.calls if given.intersection(r.remove) and _is_around(module, r)), None)
        if rule:
            lost = ", ".join(name for name in rule.remove if name in given)
            what = f"{ast.unparse(node.func)} may be {rule.of[0].rpartition('.')[2]}, which loses {lost}"
            message = f"{what}: see what is called here; {rule.message}"
            yield Finding(module.source.start(node), rule.id, Status.MANUAL, message)
            return
    chains = [parts] if is_subclass else [parts[:-1]]
    chains += [parts_of(a) for a in (*node.args, *(k.value for k in node.keywords))]
    for rule in (r for chain in chains if chain and (r := _rule_for(module, rules, derived, chain, scope))):
        passed = [name for name in rule.remove if name in given]
        if passed:
            message = f"{', '.join(passed)}: see where this is passed on to and write it by hand; {rule.message}"
            yield Finding(module.source.start(node), rule.id, Status.MANUAL, message)
            return


def _is_opaque(func: ast.expr, scope: Scope) -> bool:
    """Whether nothing tells what is called: a parameter, a variable of no known value, `made["a"](…)`, `make()(…)`."""
    holder = scope.lookup(func.id) if isinstance(func, ast.Name) else None
    if holder is None or not isinstance(func, ast.Name):
        return isinstance(func, ast.Subscript | ast.Call)
    variables = (ast.Name, ast.arg)
    return all(isinstance(b.node, variables) and b.kind in ("definition", "other") for b in holder.told(func.id))


def _is_around(module: Module, rule: Call) -> bool:
    """Whether a module imports or names a callable of a rule, which may so reach a call that does not."""
    names = {of.rpartition(".")[2] for of in rule.of}
    targets = {t for ts in module.facts.bound.values() for t in ts}
    chains = (r for r in module.found.references if r.parts[-1] in names)
    targets |= {module.meaning(r.parts, r.scope) or "" for r in chains}
    return any(is_of(module.index.canonical(t), rule.of) for t in targets)


def _may_read_it(module: Module, node: ast.Call, scope: Scope) -> bool:
    """Whether a call may be one of the old layer or the project's, as one of a library that is neither is not."""
    parts = parts_of(node.func)
    dotted = module.dotted(parts, scope) if parts else None
    return dotted is None or module.index.tracked(dotted) or bool(module.index.module_of(dotted))


def _in_f_string(module: Module, finding: Finding, inside: ast.JoinedStr) -> Finding:
    """A finding in an f-string, by hand where Python before 3.12 would not read the quotes that it brings along."""
    quoted = any('"' in e.text and e.start >= module.source.start(inside) for e in finding.edits)
    if not quoted or not re.search(r"""(?i)(?<!\w)r?fr?"(?!"")""", module.source.segment(inside)):
        return finding
    return replace(
        finding, status=Status.MANUAL, edits=(), message=f"in an f-string, write it by hand: {finding.message}"
    )


def _of_rules(module: Module, rules: Rules, callees: set[str], node: ast.Call, scope: Scope) -> Iterator[Finding]:
    """What the rules make of a call of one of their callables; by hand where it can be one of something else."""
    of_all: list[Call | Promote] = [*rules.calls, *rules.promotes]
    for rule in of_all:
        meant = {c for c in callees if is_of(c, rule.of) and not module.index.defines(c)}
        if callees - meant - {module.index.new_name(c) for c in meant} and meant:
            names = rule.remove if isinstance(rule, Call) else [rule.argument, rule.list]
            if node.args or any(k.arg is None or k.arg in names for k in node.keywords):
                what = f"{ast.unparse(node.func)} has several meanings: see what it is given here"
                yield Finding(module.source.start(node), rule.id, Status.MANUAL, f"{what}; {rule.message}")
        elif meant:
            yield from (_replace(module, rule, node, scope) if isinstance(rule, Call) else _promote(module, rule, node))


def is_of(callee: str, of: list[str]) -> bool:
    """Whether `callee` is one of the callables, in their module or below it."""
    module, _, name = callee.rpartition(".")
    return any(o.rpartition(".")[2] == name and under(module, o.rpartition(".")[0]) for o in of)


def _replace(module: Module, rule: Call, node: ast.Call, scope: Scope) -> Iterator[Finding]:
    start = module.source.start(node)
    given = {k.arg for k in node.keywords}
    if not given & set(rule.remove):
        if node.args or None in given:
            yield Finding(start, rule.id, Status.MANUAL, _unseen(rule, node))
        return
    added = [f"{name}={value}" for name, value in rule.add.items() if name not in given]
    edits = _argument_edits(module, node, set(rule.remove), added)
    imported = [import_edit(module, name, node, scope) for name in rule.imports] if added else []
    if None in imported:
        yield Finding(
            start,
            rule.id,
            Status.MANUAL,
            f"import {', '.join(rule.imports)} and write {', '.join(added)}; {rule.message}",
        )
        return
    splat = next((k for k in node.keywords if k.arg is None), None)
    if splat is not None:
        message = f"arguments from `**`: see that {', '.join(rule.remove)} are not among them; {rule.message}"
        yield Finding(module.source.start(splat), rule.id, Status.MANUAL, message)
    removed = ", ".join(name for name in rule.remove if name in given)
    message = f"{removed} → {', '.join(rule.add)}: {rule.message}"
    yield Finding(start, rule.id, Status(rule.status), message, (*(e for e in imported if e and e.text), *edits))


def _unseen(rule: Call, node: ast.Call) -> str:
    what = "positional arguments" if node.args else "arguments from `**`"
    return f"{what}: see that {', '.join(rule.remove)} are not among them; {rule.message}"


def _argument_edits(module: Module, node: ast.Call, remove: set[str], added: list[str]) -> Iterator[Edit]:
    """Put `added` where the first removed argument stands, in its layout, and take out the others."""
    base, segment = module.source.start(node), module.source.segment(node)
    layout = statements.call_layout(segment)
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    arguments.sort(key=lambda a: (a.lineno, a.col_offset))
    gone = [i for i, a in enumerate(arguments) if isinstance(a, ast.keyword) and a.arg in remove]
    if added:
        first = layout.items[gone.pop(0)]
        yield Edit(base + first.start, base + first.end, layout.separator.join(added))
    for start, end in statements.cuts(segment, layout.items, gone):
        yield Edit(base + start, base + end, "")


def import_edit(module: Module, name: str, node: ast.expr, scope: Scope, of: str = "") -> Edit | None:
    """The edit that imports `name`: empty where it is there already, None where it cannot be placed.

    `of` is the module's member that it is a name for, such as `a.b` of `from a import b as name`.
    """
    holder = scope.lookup(name)
    there = [b for b in holder.bindings[name] if not _is_for_types(module, b)] if holder else []
    if there:
        return Edit(0, 0, "") if any(b.target == (of or name) for b in there) else None
    package, _, member = of.rpartition(".")
    line = f"from {package} import {member} as {name}" if of else f"import {name}"
    parts = parts_of(node.func) if isinstance(node, ast.Call) else ()
    bound = module.binding_of(parts[0], scope) if parts else None
    if bound and bound[0].statement is not None:
        return _in_body(module, bound[1], bound[0].statement, line)
    top = (i.node for i in module.found.imports if i.scope is module.found.scope)
    first = next((n for n in top if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")), None)
    return _in_body(module, module.found.scope, first, line) if first else None


def _is_for_types(module: Module, binding: Binding) -> bool:
    """Whether an import stands under `if TYPE_CHECKING:`, where nothing runs."""
    above = next((each for each in module.source.above(binding.statement) if isinstance(each, ast.If)), None)
    return above is not None and parts_of(above.test)[-1:] == ("TYPE_CHECKING",)


def _in_body(module: Module, holder: Scope, statement: ast.stmt, line: str) -> Edit | None:
    """The edit that puts an import above what holds `statement`, whatever branch of an `if` or `try` that is in."""
    body: list[ast.stmt] = getattr(holder.node, "body", [])
    whole = next((s for s in body if (s.end_lineno or 0) >= statement.lineno), None)
    return added_above(module, whole, line) if whole is not None else None


def _promote(module: Module, rule: Promote, node: ast.Call) -> Iterator[Finding]:
    given = {k.arg: k.value for k in node.keywords}
    named, listed = given.get(rule.argument), given.get(rule.list)
    items = _texts(listed) if listed is not None else []
    leaves = named is not None and text_value(named) == rule.value
    blind = _blind(rule, node, given)
    if items is None and leaves:
        blind = f"{rule.list} is not a literal here, name the provider by hand"
    if blind:
        yield Finding(module.source.start(node), rule.id, Status.MANUAL, f"{blind}; {rule.message}")
    elif leaves or rule.value in (items or ()):
        yield _promoted(module, rule, named, listed, items or [])


def _blind(rule: Promote, node: ast.Call, given: Mapping[str | None, ast.expr]) -> str:
    """Why what a call is given cannot be told; empty where it can."""
    if any(text_value(a) == rule.value for a in node.args):
        return f"{rule.value!r} is a positional argument"
    if None in given and (rule.argument not in given or rule.list not in given):
        return f"arguments from `**`: see that {rule.value!r} is not among them"
    return ""


def _promoted(
    module: Module, rule: Promote, named: ast.expr | None, listed: ast.expr | None, items: list[str]
) -> Finding:
    """The first of the items, or of those that fill them up, takes the place of the value that names the old layer."""
    fill = [str(item) for item in json.loads(rule.fill)] if rule.fill else []
    start = next(module.source.start(e) for e in (named, listed) if e is not None)
    leaves = named is not None and text_value(named) == rule.value
    primary = next((i for i in (*items, *fill) if i != rule.value), None) if leaves else text_value(named)
    if leaves and primary is None:
        said = f"{rule.argument}={rule.value!r} names no provider any more; {rule.message}"
        return Finding(start, rule.id, Status.MANUAL, said)
    edits = []
    if leaves and named is not None and primary is not None:
        edits.append(inner_edit(module, named, rule.value, primary))
    if listed is not None and items:
        added = [p for p in fill if p not in (*items, primary)]
        places = [i for i, item in enumerate(items) if item == rule.value or (leaves and item == primary)]
        text = statements.relisted(module.source.segment(listed), places, added)
        edits.append(Edit(module.source.start(listed), module.source.end(listed), text))
    return Finding(start, rule.id, Status(rule.status), f"{rule.value} → {primary}: {rule.message}", tuple(edits))


def _texts(node: ast.expr) -> list[str] | None:
    """The items of a literal list or tuple of texts."""
    values = [text_value(e) for e in node.elts] if isinstance(node, ast.List | ast.Tuple) else [None]
    return None if None in values else [v for v in values if v is not None]


def _literals(module: Module, rules: Rules, node: ast.Call) -> Iterator[Finding]:
    for keyword in node.keywords:
        value = text_value(keyword.value)
        for rule in rules.literals:
            new = rule.values.get(value) if keyword.arg == rule.argument and value is not None else None
            if new is not None and value is not None:
                edit = inner_edit(module, keyword.value, value, new)
                start = module.source.start(keyword.value)
                yield Finding(start, rule.id, Status(rule.status), f"{value} → {new}: {rule.message}", (edit,))


def inner_edit(module: Module, node: ast.expr, old: str, new: str) -> Edit:
    """Replace the text of a literal, or the whole literal where it is spelled with escapes."""
    place = module.source.inside(node, old)
    if place is None:
        return Edit(module.source.start(node), module.source.end(node), json.dumps(new, ensure_ascii=False))
    return Edit(*place, new)
