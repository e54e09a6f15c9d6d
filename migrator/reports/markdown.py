"""The report as Markdown for a pull request comment or a step summary: short, the details folded away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from urllib.parse import quote

from migrator.outcome import Plan
from migrator.reports import Report
from migrator.reports.masking import mask, visible
from migrator.sites import Change, Site, Status

_ROOM = 10_000  # characters that a list may take: there are six, and a comment holds 65,536


def render(report: Report) -> str:
    """The sections that have something to say, an empty line between them."""
    plan = report.plan
    manual, review = ([s for s in plan.pending if s.status is status] for status in (Status.MANUAL, Status.REVIEW))
    sections = [
        f"## Migration: {', '.join(map(_code, plan.packs)) or 'no pack'}",
        _facts(report),
        _rules(plan),
        _listed("To do by hand", [_site(report, site) for site in manual]),
        _listed("To review", [_site(report, site) for site in review]),
        _listed("Could not be handled", [f"{_code(plan.located(p.path))}: {_prose(p.reason)}" for p in plan.problems]),
        _folded("Changed files", [_change(change) for change in plan.changes]),
        _folded("Notes", [_site(report, site) for site in plan.noted]),
        _folded("Prose mentions", [_place(report, site) for site in plan.mentions]),
        _command(report),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(report: Report) -> str:
    plan = report.plan
    changed = "changed" if report.mode == "applied" else "to change"
    counts = ", ".join(f"{count} {status.value}" for status, count in plan.counts.items())
    files = f"Files: {plan.files_seen} seen, {plan.files_matched} matched, {len(plan.changes)} {changed}."
    return f"**{counts}.** {files}" + (f" Run {_code(plan.run)}." if plan.run else "")


def _rules(plan: Plan) -> str:
    """A row for each rule, a column for each status."""
    docs = {site.rule: plan.docs_of(site) for site in plan.sites}
    rows = [
        f"| {_linked(_code(rule), docs[rule])} | {' | '.join(str(n or '') for n in counts.values())} |"
        for rule, counts in plan.counts_by_rule.items()
    ]
    head = ["| Rule | " + " | ".join(status.value for status in Status) + " |", "|---|" + "---:|" * len(Status)]
    return "\n".join(head + rows) if rows else ""


def _site(report: Report, site: Site) -> str:
    return f"{_place(report, site)} {_linked(_code(site.rule), report.plan.docs_of(site))}: {_prose(site.message)}"


def _place(report: Report, site: Site) -> str:
    place = report.plan.place(site, report.mode)
    address = quote(place.path.encode("utf-8", "surrogateescape"))
    return f"[{_code(f'{place.path}:{place.line}')}]({address}#L{place.line})"


def _change(change: Change) -> str:
    moved = f" → {_code(change.new_path)}" if change.new_path not in (None, change.path) else ""
    return f"{change.kind} {_code(change.path)}{moved}"


def _linked(text: str, docs: str) -> str:
    return f"[{text}]({quote(docs, safe=':/#?&=%~')})" if docs.startswith("https://") else text


def _listed(title: str, items: Sequence[str]) -> str:
    return f"### {title} ({len(items)})\n\n{_items(items)}" if items else ""


def _folded(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return f"<details>\n<summary>{title} ({len(items)})</summary>\n\n{_items(items)}\n\n</details>"


def _items(items: Sequence[str]) -> str:
    """The items that there is room for, and how many there is none for."""
    ends = accumulate(len(item) + 3 for item in items)
    kept = sum(end <= _ROOM for end in ends)
    more = [f"and {len(items) - kept} more, which the JSON report names"] if kept < len(items) else []
    return "\n".join(f"- {item}" for item in [*items[:kept], *more])


def _command(report: Report) -> str:
    if report.mode == "applied" or not report.plan.changes:
        return ""
    return f"To migrate:\n\n```sh\n{visible(report.fix_command)}\n```"


# --------------------------------------------------------------------------------------------------------- escaping


def _code(text: str) -> str:
    """A code span that the text cannot end, in a table neither."""
    shown = visible(text).replace("|", "¦")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}" if len(fence) > 1 else f"`{shown}`"


def _prose(text: str) -> str:
    """Text that makes no markup, links, pictures or calls for people; its own code spans stay."""
    parts = re.split(r"`([^`]+)`", visible(mask(text)))
    return "".join(_code(part) if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()<>#|~!$&])", r"\\\1", text)
    return escaped.replace("@", "@\u200b").replace("://", ":\u200b//")
