"""Imports from a library that stay beside what moved, for calls that are left: each is said where it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.placing import apply
from migrator.python.module import Module
from migrator.sites import Edit, Finding, Status


def find(module: Module, findings: list[Finding]) -> Iterator[Finding]:
    """A finding for every name that moves and is imported from where it was afterwards, of which nothing is said.

    What stays of a client SDK is said where it is used.
    """
    if module.names.keeps_library or module.names.rules.clients:
        return
    told = [f.start for f in findings if f.status is not Status.MIGRATED or module.suppresses(f)]
    edits = sorted({edit for finding in findings for edit in finding.edits})
    for statement in module.found.imports:
        node, start, end = statement.node, module.source.start(statement.node), module.source.end(statement.node)
        if not isinstance(node, ast.ImportFrom) or node.level or any(start <= at <= end for at in told):
            continue
        fates = {alias.name: module.names.fate(f"{node.module}.{alias.name}") for alias in node.names}
        inside = [  # what takes a statement out takes its line as well
            Edit(max(e.start, start) - start, min(e.end, end) - start, e.text)
            for e in edits
            if e.start <= end and e.end >= start
        ]
        left = _imported(apply(module.source.segment(node), inside), node.module or "")
        for name, fate in fates.items():
            if fate and fate.kind == "moved" and name in left:
                yield Finding(start, fate.rule, Status.REVIEW, f"{name} stays for what is left of it here", stays=name)


def _imported(text: str, module: str) -> set[str]:
    """The names that some import statements take from a module; none where they share their lines."""
    try:
        body = ast.parse("\n".join(line.strip() for line in text.splitlines())).body
    except SyntaxError:
        return set()
    return {a.name for node in body if isinstance(node, ast.ImportFrom) and node.module == module for a in node.names}
