"""What the check of a whole route looks for: words of the old layer in any line of any file of the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrator import project as tree
from migrator.outcome import Plan, counted
from migrator.placing import SUPPRESSION
from migrator.primitives.leaving import Lingering
from migrator.project import Project
from migrator.ruleset import Rules
from migrator.sites import Problem, Site, Status
from migrator.textio import decode


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
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
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
