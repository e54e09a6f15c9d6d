"""What a handler catches, where two classes are one from now on: each is named once."""

from __future__ import annotations

import ast
from dataclasses import replace

from migrator.placing import SUPPRESSION, apply
from migrator.python import statements
from migrator.python.module import Module
from migrator.sites import Edit, Finding


def once(module: Module, findings: list[Finding]) -> list[Finding]:
    """The findings, with the edits of what a handler has repeated in the place of its own."""
    edits = sorted({edit for finding in findings for edit in finding.edits})
    for node in module.source.nodes if edits else ():
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Tuple):
            for item, places in _repeated(module, node.type, edits):
                findings = [_without(finding, item, places) for finding in findings]
    return findings


def _repeated(module: Module, node: ast.Tuple, edits: list[Edit]) -> list[tuple[Edit, list[Edit]]]:
    """The edit of each item that comes to what an earlier one does, with those that take it out."""
    source = module.source
    start, end = source.start(node), source.end(node)
    inside = [edit for edit in edits if start <= edit.start and edit.end <= end]
    segment = source.segment(node)
    plain = all(isinstance(item, ast.Name | ast.Attribute) for item in node.elts)
    if not inside or not plain or not segment.startswith("(") or SUPPRESSION.search(segment):
        return []
    before, after = list[str](), list[str]()
    found: dict[int, Edit] = {}
    for number, item in enumerate(node.elts):
        first, last = source.start(item), source.end(item)
        own = [edit for edit in inside if first <= edit.start and edit.end <= last]
        before.append(source.segment(item))
        after.append(apply(before[-1], [Edit(e.start - first, e.end - first, e.text) for e in own]))
        if len(own) == 1 and after[-1] in after[:-1] and before[-1] not in before[:-1]:
            found[number] = own[0]
    if not found:
        return []
    if len(node.elts) - len(found) == 1 and "#" not in segment:
        [kept] = (item for number, item in enumerate(node.elts) if number not in found)
        places = [Edit(start, source.start(kept), ""), Edit(source.end(kept), end, "")]
    else:
        spans, _ = statements.list_layout(segment)
        places = [Edit(start + a, start + b, "") for a, b in statements.cuts(segment, spans, sorted(found))]
    gone = list(found.values())
    return [(gone[0], places), *((edit, list[Edit]()) for edit in gone[1:])]


def _without(finding: Finding, item: Edit, places: list[Edit]) -> Finding:
    if item not in finding.edits:
        return finding
    return replace(finding, edits=(*(edit for edit in finding.edits if edit != item), *places))
