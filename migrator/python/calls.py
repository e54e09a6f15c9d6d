"""Arguments of calls to the old layer: replaced, promoted, or looked up in a table of values."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import NamedTuple

from migrator.names import under
from migrator.packs import Rules
from migrator.primitives import Call, Promote
from migrator.python import statements
from migrator.python.imports import added_above
from migrator.python.module import Module
from migrator.python.outline import Scope, parts_of, text_value
from migrator.sites import Edit, Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """Findings for calls whose arguments mean something else in the new layer.

    A class that the project itself defines keeps its signature when it moves, so calls of it are left alone.
    """
    rules = module.names.rules
    uses_old = bool(rules.literals) and module.index.uses_old(module.facts)
    for node, scope in module.found.calls:
        callee = _callee(module, node, scope)
        if callee is not None and not module.index.defines(callee):
            yield from _of_rules(module, rules, callee, node, scope)
        if uses_old and (callee is None or not module.index.defines(callee)):
            yield from _literals(module, rules, node)


def _callee(module: Module, node: ast.Call, scope: Scope) -> str | None:
    parts = parts_of(node.func)
    dotted = module.dotted(parts, scope) if parts else None
    return module.index.canonical(dotted) if dotted else None


def _of_rules(module: Module, rules: Rules, callee: str, node: ast.Call, scope: Scope) -> Iterator[Finding]:
    for rule in rules.calls:
        if _is_of(callee, rule.of):
            yield from _replace(module, rule, node, scope)
    for promote in rules.promotes:
        if _is_of(callee, promote.of):
            yield from _promote(module, promote, node)


def _is_of(callee: str, of: list[str]) -> bool:
    """Whether `callee` is one of the callables, in their module or below it."""
    module, _, name = callee.rpartition(".")
    return any(o.rpartition(".")[2] == name and under(module, o.rpartition(".")[0]) for o in of)


def _replace(module: Module, rule: Call, node: ast.Call, scope: Scope) -> Iterator[Finding]:
    start = module.source.start(node)
    given = {k.arg for k in node.keywords}
    if not given & set(rule.remove):
        if node.args or None in given:
            what = "positional arguments" if node.args else "arguments from `**`"
            yield Finding(
                start,
                rule.id,
                Status.MANUAL,
                f"{what}: see that {', '.join(rule.remove)} are not among them; {rule.message}",
            )
        return
    added = [f"{name}={value}" for name, value in rule.add.items() if name not in given]
    edits = _argument_edits(module, node, set(rule.remove), added)
    imported = [_import_edit(module, name, node, scope) for name in rule.imports] if added else []
    if None in imported:
        yield Finding(
            start,
            rule.id,
            Status.MANUAL,
            f"import {', '.join(rule.imports)} and write {', '.join(added)}; {rule.message}",
        )
        return
    removed = ", ".join(name for name in rule.remove if name in given)
    message = f"{removed} → {', '.join(rule.add)}: {rule.message}"
    yield Finding(start, rule.id, Status(rule.status), message, (*(e for e in imported if e and e.text), *edits))


def _argument_edits(module: Module, node: ast.Call, remove: set[str], added: list[str]) -> Iterator[Edit]:
    """Put `added` where the first removed argument stands, in its layout, and take out the others."""
    base = module.source.start(node)
    layout = statements.layout_of(module.source.segment(node))
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    arguments.sort(key=lambda a: (a.lineno, a.col_offset))
    gone = [i for i, a in enumerate(arguments) if isinstance(a, ast.keyword) and a.arg in remove]
    if added:
        first = layout.arguments[gone.pop(0)]
        yield Edit(base + first.start, base + first.end, layout.separator.join(added))
    for start, end in _cuts(layout, gone, replaced=bool(added)):
        yield Edit(base + start, base + end, "")


class _Cut(NamedTuple):
    start: int
    end: int


def _cuts(layout: statements.Layout, gone: list[int], *, replaced: bool) -> Iterator[_Cut]:
    """The spans to delete so that no comma is left over."""
    spans = layout.arguments
    kept = [i for i in range(len(spans)) if i not in gone]
    tail = [i for i in gone if not kept or i > kept[-1]]
    for index in gone:
        if index not in tail:
            yield _Cut(spans[index].start, spans[index].next)
    if tail and kept and not layout.comma_last:
        yield _Cut(spans[kept[-1]].end, spans[tail[-1]].end)
    elif tail:
        yield _Cut(spans[tail[0]].start, spans[tail[-1]].next)


def _import_edit(module: Module, name: str, node: ast.Call, scope: Scope) -> Edit | None:
    """The edit that makes `name` importable here: empty where it is already, None where it cannot be placed."""
    holder = scope.lookup(name)
    if holder is not None:
        bound = any(b.kind == "import" and b.target == name for b in holder.bindings[name])
        return Edit(0, 0, "") if bound else None
    bound_at = module.binding_of(parts_of(node.func)[0], scope)
    statement = bound_at[0].statement if bound_at else None
    if statement is None:
        stars = (
            i.node for i in module.found.imports if isinstance(i.node, ast.ImportFrom) and i.node.names[0].name == "*"
        )
        statement = next(stars, None)
    return added_above(module, statement, name) if statement is not None else None


def _promote(module: Module, rule: Promote, node: ast.Call) -> Iterator[Finding]:
    keywords = {k.arg: k.value for k in node.keywords}
    named = keywords.get(rule.argument)
    if named is None or text_value(named) != rule.value:
        return
    fill = [str(item) for item in json.loads(rule.fill)] if rule.fill else []
    listed = keywords.get(rule.list)
    start = module.source.start(named)
    if listed is not None and not _is_literal_list(listed):
        message = f"{rule.list} is not a literal here, name the provider by hand; {rule.message}"
        yield Finding(start, rule.id, Status.MANUAL, message)
        return
    items = [v for e in listed.elts if (v := text_value(e))] if isinstance(listed, ast.List | ast.Tuple) else []
    primary = next(iter(items or fill), None)
    if primary is None:
        yield Finding(
            start, rule.id, Status.MANUAL, f"{rule.argument}={rule.value!r} names no provider any more; {rule.message}"
        )
        return
    edits = [_inner_edit(module, named, rule.value, primary)]
    if listed is not None and items:
        more = [p for p in fill if p not in items]
        text = statements.moved_up(module.source.segment(listed), more)
        edits.append(Edit(module.source.start(listed), module.source.end(listed), text))
    yield Finding(start, rule.id, Status(rule.status), f"{rule.value} → {primary}: {rule.message}", tuple(edits))


def _is_literal_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and all(text_value(e) is not None for e in node.elts)


def _literals(module: Module, rules: Rules, node: ast.Call) -> Iterator[Finding]:
    for keyword in node.keywords:
        value = text_value(keyword.value)
        for rule in rules.literals:
            new = rule.values.get(value) if keyword.arg == rule.argument and value is not None else None
            if new is not None and value is not None:
                edit = _inner_edit(module, keyword.value, value, new)
                start = module.source.start(keyword.value)
                yield Finding(start, rule.id, Status(rule.status), f"{value} → {new}: {rule.message}", (edit,))


def _inner_edit(module: Module, node: ast.expr, old: str, new: str) -> Edit:
    """Replace the text of a literal, or the whole literal where it is spelled with escapes."""
    start, raw = module.source.start(node), module.source.segment(node)
    at = raw.find(old)
    if at < 0:
        return Edit(start, module.source.end(node), json.dumps(new, ensure_ascii=False))
    return Edit(start + at, start + at + len(old), new)
