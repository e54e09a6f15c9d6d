"""Imports of the old layer that are there to fail, in tests that it is gone: they keep the old name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from migrator.python.module import Module
from migrator.python.reading.expressions import RAISING, parts_of
from migrator.sites import Finding, Status

_MISSING = {"ImportError", "ModuleNotFoundError"}


def hold(module: Module, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, those that stand where an import is expected to fail without their edits."""
    blocks = [(module.source.start(body[0]), module.source.end(body[-1])) for body in _bodies(module)]
    for finding in findings:
        if finding.edits and any(start <= finding.start < end for start, end in blocks):
            message = f"{finding.message}; left alone: this is expected to fail, decide what the test is to say now"
            yield replace(finding, status=Status.MANUAL, edits=(), message=message)
        else:
            yield finding


def _bodies(module: Module) -> Iterator[list[ast.stmt]]:
    for node in module.found.withs:
        calls = [i.context_expr for i in node.items if isinstance(i.context_expr, ast.Call)]
        if any(parts_of(c.func)[-1:] and parts_of(c.func)[-1] in RAISING and catches(c.args[:1]) for c in calls):
            yield node.body
    for attempt in module.found.tries:
        caught = any(catches([h.type]) for h in attempt.handlers)
        if caught and (_complains(attempt.body[-1]) or (attempt.orelse and _complains(attempt.orelse[-1]))):
            yield attempt.body


def catches(types: Iterable[ast.expr | None]) -> bool:
    """Whether exception types, a tuple of them included, are those of a missing module and no others."""
    each = [e for t in types for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return bool(each) and all(e is not None and "".join(parts_of(e)) in _MISSING for e in each)


def _complains(statement: ast.stmt) -> bool:
    """`raise …`, `pytest.fail(…)`, `self.fail(…)` or `assert False`: what comes before should not have worked."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return parts_of(statement.value.func)[-1:] == ("fail",)
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant) and not statement.test.value
    return isinstance(statement, ast.Raise)
