"""The report as SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from migrator import __version__
from migrator.outcome import Plan
from migrator.reports import Report
from migrator.reports.masking import mask
from migrator.sites import Problem, Site, Status


def render(report: Report) -> str:
    """One log with one run; all ASCII."""
    plan = report.plan
    run = {
        "tool": {"driver": {"name": "migrate", "version": __version__, "rules": _rules(plan)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not plan.problems,
                "toolExecutionNotifications": [_notification(plan, problem) for problem in plan.problems],
            }
        ],
        "results": _results(report),
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rules(plan: Plan) -> list[dict[str, Any]]:
    """A descriptor for each rule that has a site; `helpUri` takes web addresses alone."""
    rules = []
    for rule, docs in sorted({site.rule: plan.docs_of(site) for site in plan.sites}.items()):
        described: dict[str, Any] = {"id": rule, "shortDescription": {"text": rule}}
        if docs.startswith("https://"):
            described["helpUri"] = docs
        elif docs:
            described["help"] = {"text": f"See {docs}"}
        rules.append(described)
    return rules


def _results(report: Report) -> list[dict[str, Any]]:
    numbers = {rule: number for number, rule in enumerate(report.plan.counts_by_rule)}
    seen: Counter[str] = Counter()
    results = []
    for site in report.plan.sites:
        same = f"{site.rule}\n{site.path}\n{site.message}"
        seen[same] += 1
        results.append(_result(report, site, numbers[site.rule], _fingerprint(f"{same}\n{seen[same]}")))
    return results


def _result(report: Report, site: Site, number: int, fingerprint: str) -> dict[str, Any]:
    place = report.plan.place(site, report.mode)
    region = {"startLine": place.line} | ({"startColumn": place.column} if place.column else {})
    result = {
        "ruleId": site.rule,
        "ruleIndex": number,
        "level": report.plan.level(site, report.mode),
        "message": {"text": mask(site.message) or site.rule},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(place.path)}, "region": region}}],
        "partialFingerprints": {"migrateSite/v1": fingerprint},
        "properties": {"status": site.status.value},
    }
    return result | ({"suppressions": [{"kind": "inSource"}]} if site.status is Status.IGNORED else {})


def _fingerprint(text: str) -> str:
    """The same for a site as long as its rule, file and message are, wherever in the file it moves."""
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _notification(plan: Plan, problem: Problem) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(plan.located(problem.path))}}}
    return {"level": "error", "message": {"text": mask(problem.reason)}, "locations": [location]}


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))
