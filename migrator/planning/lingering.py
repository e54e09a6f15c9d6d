"""Words of the old layer in any line of any file: what the check of a whole route fails on, and a run tells of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from migrator.formats import format_of
from migrator.line_ends import LINE_END
from migrator.outcome import Plan, counted
from migrator.packs.ruleset import Rules
from migrator.placing import SUPPRESSION
from migrator.planning.candidates import Candidates
from migrator.planning.work import Work
from migrator.primitives.leaving import Lingering
from migrator.sites import Problem, Site, Status
from migrator.tree import project as tree
from migrator.tree.project import Project
from migrator.tree.textio import decode

_STEP = "rename it or take it out"


@dataclass(frozen=True, slots=True)
class Left:
    """The plan of a strict check with a site for every such line, and a line of summary for each thing looked for."""

    plan: Plan
    summary: tuple[str, ...]


def left(plan: Plan, rules: Rules, project: Project, files: Sequence[str]) -> Left:
    """What is left of the layer in the tree: a line that fails the check already gets no second site."""
    there, mentions = {*files}, {rule.id for rule in rules.mentions}
    sites = [site for site in plan.sites if site.path in there and site.rule not in mentions]
    plan = replace(plan, notes=frozenset(), strict=True, sites=tuple(sites))
    known = {(site.path, site.line) for site in plan.failing}
    found, problems = list[Site](), {problem.path: problem for problem in plan.problems}
    for path in files:
        try:
            data = tree.read(project.root, path)
            text = "" if b"\0" in data[:8192] else decode(data, path).text
        except OSError as error:
            problems.setdefault(path, Problem(path, error.strerror or str(error)))
        except ValueError:
            continue  # no text that a person reads
        else:
            found += _sites(path, text, rules)
    sites += [site for site in found if (site.path, site.line) not in known]
    whole = replace(plan, sites=tuple(sites), problems=tuple(problems.values()), docs=rules.docs).ordered()
    return Left(whole, tuple(_summed(rule, found) for rule in rules.lingering))


def unsaid(rules: Rules, candidates: Candidates, work: Work, *, text: bool) -> Work:
    """The work with a site for every line that keeps such a word and has no other, where a run does anything at all.

    They are names of the project's own and what documents say, and count as prose. With `text` what is for review was
    edited, so that such a line has something else in it.
    """
    if not rules.lingering or all(site.prose for site in work.sites):
        return work
    edited = {Status.MIGRATED, Status.REVIEW} if text else {Status.MIGRATED}
    told = {(site.new_path, site.new_line) for site in work.sites if site.status not in edited}
    changed = {change.path: change for change in work.changes}
    words = {word.strip("*") for rule in rules.lingering for word in rule.words}
    spelt = sorted({form.encode() for word in words for form in (word[1:], word.upper(), word.title()[1:])})
    root, found = candidates.project.root, list[Site]()
    for path in sorted({*tree.matching(root, candidates.files, spelt)[0], *candidates.by_path}):
        change, format = changed.get(path), format_of(path)
        if (change and change.after is None) or (format and format.name == "lock"):
            continue
        with suppress(OSError, ValueError):  # whoever reads the file tells of that
            before = tree.read(root, path)
            old, new = (decode(data or b"", path).text for data in (before, change.after if change else before))
            where = change.new_path if change else path
            left = [site for site in _sites(path, new, rules) if (where, site.line) not in told]
            lines = _lines_before(old, new) if left and old != new else {}
            found += [
                replace(s, line=lines.get(s.line, s.line), new_path=where, message=f"{s.message}; {_STEP}", prose=True)
                for s in left
            ]
    return Work(work.changes, [*work.sites, *found])


def _lines_before(old: str, new: str) -> dict[int, int]:
    """For the lines of a changed text those that they were."""
    matcher = SequenceMatcher(None, LINE_END.split(old), LINE_END.split(new), autojunk=False)
    return {
        at + 1: max(1, min(i1 + at - j1, max(i1, i2 - 1)) + 1)
        for _, i1, i2, j1, j2 in matcher.get_opcodes()
        for at in range(j1, j2)
    }


def _summed(rule: Lingering, found: Sequence[Site]) -> str:
    """`a reference to Portkey: 3 lines in 2 files`."""
    sites = [site for site in found if site.rule == rule.id]
    paths = {site.path for site in sites}
    return f"{rule.message}: " + (
        f"{counted(len(sites), 'line')} in {counted(len(paths), 'file')}" if sites else "none"
    )


def _sites(path: str, text: str, rules: Rules) -> Iterator[Site]:
    patterns = [(rule, _pattern(rule)) for rule in rules.lingering]
    if not any(pattern.search(text) for _, pattern in patterns):
        return
    for number, line in enumerate(LINE_END.split(text), 1):
        for rule, pattern in patterns:
            hidden = re.sub("|".join(map(re.escape, rule.but)), _blank, line, flags=re.IGNORECASE) if rule.but else line
            match = None if SUPPRESSION.search(line) else pattern.search(hidden)
            if match:
                docs = rules.docs.get(rule.id, "")
                said = f"{rule.message}: {match[0]}"
                yield Site(path, number, match.start() + 1, rule.id, Status.MANUAL, said, path, number, docs)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _pattern(rule: Lingering) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word).replace(r"\*", r"\w*") for word in rule.words), re.IGNORECASE)
