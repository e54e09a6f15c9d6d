"""The report as GitHub workflow commands, which annotate the lines of a pull request."""

from __future__ import annotations

from migrator.outcome import Level
from migrator.reports import Report
from migrator.reports.masking import mask, visible_lines
from migrator.sites import Site, Status

_COMMANDS: dict[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """One command a line: what the user has not ignored, then what could not be handled."""
    plan = report.plan
    sites = [_site(report, site) for site in plan.sites if site.status is not Status.IGNORED]
    problems = [
        _command("error", {"file": plan.located(p.path), "title": "could not be handled"}, p.reason)
        for p in plan.problems
    ]
    return "".join(sites + problems)


def _site(report: Report, site: Site) -> str:
    place = report.plan.place(site, report.mode)
    properties = {"file": place.path, "line": str(place.line)}
    if place.column:
        properties["col"] = str(place.column)
    properties["title"] = site.rule
    return _command(_COMMANDS[report.plan.level(site, report.mode)], properties, site.message)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    return (
        f"::{name} {','.join(f'{key}={_property(text)}' for key, text in properties.items())}::{_data(mask(message))}\n"
    )


def _data(text: str) -> str:
    return visible_lines(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
