"""The report as one page that needs nothing from elsewhere: what to look at first, then every site, then the diffs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from migrator.outcome import Plan
from migrator.reports import Report
from migrator.reports.diff import shown
from migrator.reports.masking import mask, visible
from migrator.sites import Change, Site, Status

_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --dim: #59636e; --add: #dafbe1; --delete: #ffebe9;
  --migrated: #1a7f37; --review: #9a6700; --manual: #cf222e; --ignored: #59636e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --dim: #9198a1; --add: #12361f;
  --delete: #45191c; --migrated: #3fb950; --review: #d29922; --manual: #f85149; --ignored: #9198a1; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } .dim { color: var(--dim); }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; list-style: none; }
.cards li { border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1.1rem; }
.cards b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.message { min-width: 18rem; } code, pre { font: 13px/1.45 ui-monospace, monospace; }
td code { overflow-wrap: break-word; } .migrated { color: var(--migrated); } .review { color: var(--review); }
.manual { color: var(--manual); } .ignored { color: var(--ignored); }
details { border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0; }
summary { cursor: pointer; padding: .5rem .9rem; background: var(--soft); border-radius: 8px; overflow-wrap: anywhere; }
pre { margin: 0; padding: .5rem 0; overflow-x: auto; } pre span { display: block; padding: 0 .9rem; width: fit-content;
  min-width: 100%; box-sizing: border-box; } .add { background: var(--add); } .delete { background: var(--delete); }
.file { font-weight: 600; } .hunk { color: var(--dim); background: var(--soft); }
"""


def render(report: Report) -> str:
    """The page. Its policy lets a browser run no script and fetch nothing."""
    plan = report.plan
    settled = [s for s in plan.sites if s.status in (Status.MIGRATED, Status.IGNORED)]
    title = "Migration" + (f" run {plan.run}" if plan.run else "")
    body = [
        f"<h1>{_text(title)}</h1>\n<p class='dim'>{_codes(plan.packs)}</p>\n",
        _cards(report),
        _section("By rule", _rules(plan), len(plan.counts_by_rule)),
        _section("For your eyes", _sites(report, plan.pending), len(plan.pending)),
        _section("Could not be handled", _problems(plan), len(plan.problems)),
        _section("Migrated and ignored", _sites(report, settled), len(settled)),
        _section("Notes", _sites(report, plan.noted), len(plan.noted)),
        _section("Prose mentions", _sites(report, plan.mentions), len(plan.mentions)),
        _section("Changes", "".join(map(_change, plan.changes)), len(plan.changes)),
    ]
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{''.join(body)}</body>\n</html>\n"
    )


def _section(title: str, content: str, count: int) -> str:
    return f"<section>\n<h2>{title} <span class='dim'>{count}</span></h2>\n{content}</section>\n" if count else ""


def _cards(report: Report) -> str:
    plan = report.plan
    changed = "files changed" if report.mode == "applied" else "files to change"
    files = [("files seen", plan.files_seen), ("files matched", plan.files_matched), (changed, len(plan.changes))]
    cards = [f"<li><b>{count}</b>{name}</li>\n" for name, count in files]
    cards += [f"<li class='{status}'><b>{count}</b>{status}</li>\n" for status, count in plan.counts.items()]
    return f"<ul class='cards'>\n{''.join(cards)}</ul>\n"


def _rules(plan: Plan) -> str:
    docs = {site.rule: plan.docs_of(site) for site in plan.sites}
    head = ["<th>Rule</th>", *(f"<th class='number'>{status}</th>" for status in Status)]
    rows = (
        [f"<td>{_rule(rule, docs[rule])}</td>", *(f"<td class='number'>{n or ''}</td>" for n in counts.values())]
        for rule, counts in plan.counts_by_rule.items()
    )
    return _table(head, rows)


def _sites(report: Report, sites: Sequence[Site]) -> str:
    return _table(
        ["<th>Place</th>", "<th>Status</th>", "<th>Rule</th>", "<th>What to know</th>"],
        (
            [
                f"<td>{_codes([str(report.plan.place(site, report.mode))])}</td>",
                f"<td class='{site.status}'>{site.status}</td>",
                f"<td>{_rule(site.rule, report.plan.docs_of(site))}</td>",
                f"<td class='message'>{_prose(site.message)}</td>",
            ]
            for site in sites
        ),
    )


def _problems(plan: Plan) -> str:
    rows = ([f"<td>{_codes([plan.located(p.path)])}</td>", f"<td>{_prose(p.reason)}</td>"] for p in plan.problems)
    return _table(["<th>File</th>", "<th>Reason</th>"], rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top, *body = (f"<tr>{''.join(cells)}</tr>\n" for cells in (head, *rows))
    return f"<div class='scroll'><table>\n<thead>{top}</thead>\n<tbody>\n{''.join(body)}</tbody>\n</table></div>\n"


def _change(change: Change) -> str:
    moved = f" → {_codes([change.new_path])}" if change.new_path not in (None, change.path) else ""
    lines = "".join(f"<span class='{kind}'>{escape(text)}</span>" for kind, text in shown(change))
    return (
        f"<details>\n<summary>{change.kind} {_codes([change.path])}{moved}</summary>\n<pre>{lines}</pre>\n</details>\n"
    )


def _rule(rule: str, docs: str) -> str:
    return f"<a href='{_text(docs)}'>{_codes([rule])}</a>" if docs.startswith("https://") else _codes([rule])


def _codes(texts: Iterable[str | None]) -> str:
    return ", ".join(f"<code>{escape(visible(text or ''))}</code>" for text in texts)


def _prose(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return escape(visible(mask(text)))
