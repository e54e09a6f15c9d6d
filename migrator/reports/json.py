"""The report for programs: version 1, as `schemas/report.schema.json` has it."""

from __future__ import annotations

import json
from typing import Any

from migrator.outcome import Plan
from migrator.reports import Report
from migrator.reports.masking import mask
from migrator.sites import Change, Problem, Site

VERSION = 1


def render(report: Report) -> str:
    """The document; all ASCII, so that no control character reaches a terminal and odd file names survive."""
    return json.dumps(document(report.plan), indent=2) + "\n"


def document(plan: Plan) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "run": plan.run,
        "root": plan.root.as_posix(),
        "packs": list(plan.packs),
        "summary": {
            "files_seen": plan.files_seen,
            "files_matched": plan.files_matched,
            "files_changed": len(plan.changes),
            "seconds": round(plan.seconds, 3),
            "sites": {status.value: count for status, count in plan.counts.items()},
        },
        "sites": [_site(plan, site) for site in plan.sites],
        "changes": [_change(c) for c in sorted(plan.changes, key=lambda c: (c.path, c.new_path or ""))],
        "errors": [_error(problem) for problem in plan.problems],
    }


def _site(plan: Plan, site: Site) -> dict[str, Any]:
    return {
        "path": site.path,
        "line": site.line,
        "column": site.column,
        "new_path": site.new_path,
        "new_line": site.new_line,
        "rule": site.rule,
        "status": site.status.value,
        "message": mask(site.message),
        "docs": plan.docs_of(site),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "new_path": change.new_path,
        "kind": change.kind,
        "language": change.language,
        "edits": change.edits,
    }


def _error(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "reason": mask(problem.reason)}
