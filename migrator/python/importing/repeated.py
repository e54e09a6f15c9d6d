"""What a handler catches and `__all__` lists, where two names are one from now on: each stands once."""

from __future__ import annotations

import ast
from dataclasses import replace

from migrator.placing import SUPPRESSION, apply
from migrator.python import statements
from migrator.python.module import Module
from migrator.sites import Edit, Finding


def once(module: Module, findings: list[Finding]) -> list[Finding]:
    """The findings, with the edits of what a handler or `__all__` has repeated in the place of its own."""
    edits = sorted({edit for finding in findings for edit in finding.edits})
    for node in module.source.nodes if edits else ():
        listed = _listed(node)
        for item, places in _repeated(module, node, listed, edits) if listed else ():
            findings = [_without(finding, item, places) for finding in findings]
    return findings


def _listed(node: ast.AST) -> ast.Tuple | ast.List | None:
    """The classes of a handler, the entries of `__all__`; None for anything else."""
    match node:
        case ast.ExceptHandler(type=ast.Tuple() as listed):
            return listed
        case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as listed):
            return listed
    return None


def _repeated(
    module: Module, above: ast.AST, node: ast.Tuple | ast.List, edits: list[Edit]
) -> list[tuple[Edit, list[Edit]]]:
    """The edit of each item that comes to what another one is, or an earlier one does, with those that take it out.

    A handler can do with one class by itself; `__all__` stays a tuple, with a comma.
    """
    source = module.source
    start, end = source.start(node), source.end(node)
    inside = [edit for edit in edits if start <= edit.start and edit.end <= end]
    segment = source.segment(node)
    plain = all(isinstance(item, ast.Name | ast.Attribute | ast.Constant) for item in node.elts)
    if not inside or not plain or not segment.startswith(("(", "[")) or SUPPRESSION.search(segment):
        return []
    before, after, new = list[str](), list[str](), dict[int, Edit]()
    for number, item in enumerate(node.elts):
        first, last = source.start(item), source.end(item)
        own = [edit for edit in inside if first <= edit.start and edit.end <= last]
        before.append(source.segment(item))
        after.append(apply(before[-1], [Edit(e.start - first, e.end - first, e.text) for e in own]))
        new.update({number: own[0]} if len(own) == 1 and before[-1] not in before[:-1] else {})
    there = {text for number, text in enumerate(after) if number not in new}
    found = {number: edit for number, edit in new.items() if after[number] in (*there, *after[:number])}
    if not found:
        return []
    is_lone = isinstance(node, ast.Tuple) and len(node.elts) - len(found) == 1
    if is_lone and isinstance(above, ast.ExceptHandler) and "#" not in segment:
        [kept] = (item for number, item in enumerate(node.elts) if number not in found)
        places = [Edit(start, source.start(kept), ""), Edit(source.end(kept), end, "")]
    else:
        spans, _ = statements.list_layout(segment)
        cuts = statements.cuts(segment, spans, sorted(found))
        left = next(span for number, span in enumerate(spans) if number not in found)
        places = [Edit(start + a, start + b, "") for a, b in cuts if not is_lone or (a, b) != (left.end, left.comma)]
        places += [Edit(start + left.end, start + left.end, ",")] if is_lone and left.end == left.comma else []
    gone = list(found.values())
    return [(gone[0], places), *((edit, list[Edit]()) for edit in gone[1:])]


def _without(finding: Finding, item: Edit, places: list[Edit]) -> Finding:
    if item not in finding.edits:
        return finding
    return replace(finding, edits=(*(edit for edit in finding.edits if edit != item), *places))
