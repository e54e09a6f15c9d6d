"""What a project's tree decides about what goes: which variables have a counterpart, which files nothing uses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from migrator.formats.script import is_script
from migrator.packs.ruleset import Rules
from migrator.patterns import under
from migrator.planning.candidates import Candidate, Candidates, language_of
from migrator.planning.work import Work
from migrator.primitives.leaving import EnvGone, Obsolete
from migrator.sites import Change, Site, Status
from migrator.tree import project as tree

_ROUTES = {"pages", "routes", "api", "functions", "middleware", "plugins", "composables", "components"}
_PROSE = {".md", ".markdown", ".mdx", ".rst", ".txt"}


def settled(rules: Rules, candidates: Candidates) -> Rules:
    """The rules where a variable goes, instead of being renamed, if the tree has its new name for something already."""
    there = [rule for rule in rules.envs if rule.yields and _is_named(rule.new, candidates)]
    gone = [
        EnvGone(rule.id, [rule.old], f"{rule.new} is there already: read that instead, or take out what reads this")
        for rule in there
    ]
    return replace(
        rules, envs=tuple(rule for rule in rules.envs if rule not in there), env_gone=(*rules.env_gone, *gone)
    )


def _is_named(variable: str, candidates: Candidates) -> bool:
    found, _ = tree.matching(candidates.project.root, candidates.files, [variable.encode()])
    return bool(found)


# ------------------------------------------------------------------------------------------------------ obsolete files


def without_obsolete(rules: Rules, candidates: Candidates, work: Work, *, delete: bool) -> Work:
    """The work with files that nothing uses any more: each is proposed for deletion, or deleted."""
    mentions = {rule.id for rule in rules.mentions}
    about = {site.path for site in work.sites if site.rule not in mentions}  # a word may be another thing's name
    for rule in rules.obsolete:
        for path in sorted(about & candidates.by_path.keys()):
            candidate = candidates.by_path[path]
            if candidate.frozen or not _is_about(rule, candidate, work.changes) or _is_used(path, candidates):
                continue
            docs = rules.docs.get(rule.id, "")
            if not delete:
                said = f"{rule.message}: delete it, or pass --delete-obsolete"
                work = Work(work.changes, [*work.sites, Site(path, 1, 1, rule.id, Status.MANUAL, said, path, 1, docs)])
                continue
            mode = tree.mode(candidates.project.root, path)
            gone = Change(path, None, "delete", language_of(path), 0, candidate.data, None, mode)
            site = Site(path, 1, 1, rule.id, Status.MIGRATED, f"{rule.message}: deleted", None, None, docs)
            others = [change for change in work.changes if change.path != path]
            work = Work([*others, gone], [*(each for each in work.sites if each.path != path), site])
    return work


def _is_about(rule: Obsolete, candidate: Candidate, changes: list[Change]) -> bool:
    """Whether a file is called after the old layer, or nothing is set in it once the variables are gone."""
    path = PurePosixPath(candidate.path)
    if any(word in path.stem.lower() for word in rule.words):
        return True
    if path.suffix != ".env":
        return False
    after = next((c.after for c in changes if c.path == candidate.path), None)
    return after is not None and b"=" in candidate.data and not re.search(rb"(?m)^[^#\n]*=", after)


def _is_used(path: str, candidates: Candidates) -> bool:
    """Whether another file of the tree, prose apart, names this one: by import, by its path or by its dotted name."""
    facts = candidates.facts.get(path)
    if facts and any(under(m, n) for n in facts.names for m in _mentioned(candidates, path)):
        return True
    if is_script(path):
        return _is_route(path) or any(_imports(other.text.text, path) for other in _others(candidates, path))
    name = PurePosixPath(path).name
    texts = [name, *(facts.names if facts else ())]
    return any(_holds(other.text.text, texts) for other in _others(candidates, path))


def _imports(text: str, path: str) -> bool:
    """Whether a text has, between quotes, what an import of a script may call it: by an alias, without its suffix."""
    stem = PurePosixPath(path).stem
    return bool(re.search(rf"""["'`](?:[^"'`\n]*/)?{re.escape(stem)}(?:\.\w+)?["'`]""", text))


def _is_route(path: str) -> bool:
    """Whether a framework may serve a script by its path, so that nothing imports it."""
    return bool(_ROUTES & {*PurePosixPath(path).parts[:-1]})


def _mentioned(candidates: Candidates, path: str) -> Iterator[str]:
    for other, facts in candidates.facts.items():
        if other != path:
            yield from facts.mentioned
            yield from (target for targets in facts.bound.values() for target in targets)


def _others(candidates: Candidates, path: str) -> Iterator[Candidate]:
    for other, candidate in candidates.by_path.items():
        if other != path and PurePosixPath(other).suffix not in _PROSE:
            yield candidate


def _holds(text: str, names: Collection[str]) -> bool:
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?!\w)", text) for name in names)
