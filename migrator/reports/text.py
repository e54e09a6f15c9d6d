"""The report for people at a terminal: the diff, what needs their eyes, a summary, and what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from migrator.outcome import Plan, counted
from migrator.packs.shipped import nothing_found
from migrator.reports import Report
from migrator.sites import Site, Status

_COLOURS = {Status.MIGRATED: "green", Status.REVIEW: "yellow", Status.MANUAL: "red", Status.IGNORED: "bright_black"}
Paint = Callable[..., str]


def render(report: Report) -> str:
    """In a check, a line for each site that fails it; otherwise the sections that have something to say."""
    if report.mode == "check":
        return _check(report)
    paint = _painter(report.colour)
    sections = [
        _diff(report),
        _pending(report, paint),
        _asides(report),
        _problems(report.plan, paint),
        _summary(report, paint),
        _next(report, paint),
    ]
    return "\n".join(section for section in sections if section)


def _painter(colour: bool) -> Paint:
    if not colour:
        return lambda text, **_: str(text)
    from click import style

    return style


def visible(text: str) -> str:
    """`masking.visible`, whose patterns a clean check never compiles."""
    from migrator.reports import masking

    return masking.visible(text)


def _clean(text: str) -> str:
    from migrator.reports.masking import mask

    return visible(mask(text))


# ------------------------------------------------------------------------------------------------------------ check


def _check(report: Report) -> str:
    plan = report.plan
    sites = [f"{visible(str(plan.place(s, report.mode)))}: {s.rule}: {_clean(s.message)}\n" for s in plan.failing]
    return "".join([*sites, *_problem_lines(plan), _asides(report), _verdict(report)])


def _verdict(report: Report) -> str:
    failing = report.plan.failing
    if not failing:
        return nothing_found(report.plan.files_seen)
    found = f"{counted(len(failing), 'reference')} in {counted(len({s.path for s in failing}), 'file')}"
    by_hand = sum(s.status is Status.MANUAL for s in failing)
    if by_hand == len(failing):
        return f"{found}, to be changed by hand as the messages say\n"
    rest = f" ({by_hand} to be changed by hand)" if by_hand else ""
    return f"{found}{rest}; to migrate: {visible(report.fix_command)}\n"


# --------------------------------------------------------------------------------------------------------- sections


def _diff(report: Report) -> str:
    if report.mode != "plan":
        return ""
    from migrator.reports.diff import unified

    return unified(report.plan.changes, colour=report.colour)


def _pending(report: Report, paint: Paint) -> str:
    """The sites that need a person, a paragraph for each rule; advice that several messages end with is said once."""
    advice = Counter((site.rule, _advice(site)) for site in report.plan.pending)

    def heading(site: Site) -> tuple[str, str]:
        return site.rule, _advice(site) if advice[site.rule, _advice(site)] > 1 else ""

    paragraphs = []
    for (rule, shared), group in groupby(sorted(report.plan.pending, key=heading), key=heading):
        sites = list(group)
        tail = f": {shared}" if shared else ""
        rows = _aligned([_site_row(report, site, tail) for site in sites])
        head = f"{paint(rule, bold=True)} ({len(sites)}){_broken(_clean(tail), 4)}\n"
        lines = [
            f"  {place}  {paint(status, fg=_COLOURS[site.status])}  {_broken(what, 6)}".rstrip() + "\n"
            for site, (place, status, what) in zip(sites, rows, strict=True)
        ]
        paragraphs.append("".join([head, *lines]))
    return paint("For your eyes", bold=True) + "\n" + "\n".join(paragraphs) if paragraphs else ""


def _broken(message: str, indent: int) -> str:
    """A message of more than two clauses with a line for each."""
    return message.replace("; ", ";\n" + " " * indent) if message.count("; ") > 1 else message


def _advice(site: Site) -> str:
    """Messages read `what it is: what to do about it`."""
    return site.message.partition(": ")[2]


def _site_row(report: Report, site: Site, shared: str) -> list[str]:
    place = visible(str(report.plan.place(site, report.mode)))
    return [place, site.status.value, _clean(site.message.removesuffix(shared))]


def _asides(report: Report) -> str:
    """What is there and needs nobody: other libraries that stay, and prose."""
    plan = report.plan
    lines = [
        f"{counted(count, 'note')} of {rule}: {_clean(message)}\n"
        for (rule, message), count in sorted(Counter((s.rule, s.message) for s in plan.noted).items())
    ]
    mentions = plan.mentions
    if mentions:
        # A tree that is migrated does not show which pack it was: the command has to name it.
        named = "--rules" in report.fix_command or "--from" in report.fix_command
        packs = "" if named else "".join(f" --rules {pack}" for pack in plan.packs)
        files = counted(len({site.path for site in mentions}), "file")
        said = f"to edit them: {visible(f'{report.fix_command}{packs} --text')}"
        said = "edited" if "--text" in report.fix_command.split() else said
        lines.append(f"{counted(len(mentions), 'prose mention')} in {files}; {said}\n")
    if plan.lingering:
        said = f"{counted(len(plan.lingering), 'line')} in {counted(len({s.path for s in plan.lingering}), 'file')}"
        lines.append(
            f"{said} keep the old name: what is the project's own, and prose; a report lists them (--report FILE)\n"
        )
    return "".join(lines)


def _problems(plan: Plan, paint: Paint) -> str:
    return "".join([paint("Could not be handled", bold=True) + "\n", *_problem_lines(plan)]) if plan.problems else ""


def _problem_lines(plan: Plan) -> list[str]:
    return [f"{visible(plan.located(p.path))}: {_clean(p.reason)}\n" for p in plan.problems]


def _summary(report: Report, paint: Paint) -> str:
    plan = report.plan
    changed = "changed" if report.mode == "applied" else "to change"
    files = f"{counted(plan.files_seen, 'file')} seen, {plan.files_matched} matched, {len(plan.changes)} {changed}\n"
    rows = plan.counts_by_rule
    cells = [["rule", *(status.value for status in Status)]]
    cells += [
        [rule, *(str(n or "-") for n in counts.values())] for rule, counts in {**rows, "total": plan.counts}.items()
    ]
    table = "".join("  ".join(line) + "\n" for line in _aligned(cells, right=True)) if rows else ""
    return paint("Summary", bold=True) + "\n" + files + table


def _next(report: Report, paint: Paint) -> str:
    """What the reader can type now."""
    plan = report.plan
    if not plan.changes:
        return "Nothing to write: by hand is all that is left.\n" if plan.pending else "Nothing to write.\n"
    if report.mode == "applied":
        head = f"Applied as run {plan.run}; the files as they were are in {report.backup}"
        steps = [["undo", f"{report.restore_command} --run {plan.run}"]]
    else:
        head = f"Nothing has been written yet; a backup will be kept in {report.backup}"
        steps = [
            ["apply", report.fix_command],
            ["read", f"{report.fix_command} --dry-run --format html > ~/migrate.html"],
            ["undo", report.restore_command],
        ]
    lines = "".join(f"  {paint(name, bold=True)}  {visible(command)}\n" for name, command in _aligned(steps))
    todo = (
        f"  then go through the {counted(len(plan.pending), 'place')} under `For your eyes`\n" if plan.pending else ""
    )
    return visible(head) + "\n" + lines + todo


def _aligned(rows: Sequence[Sequence[str]], *, right: bool = False) -> list[list[str]]:
    """The cells padded to the width of their column; if asked, all but the first column to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if right:
        return [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows]
    return [[*map(str.ljust, row[:-1], widths), row[-1]] for row in rows]
