"""From the files that hold an old name to a plan: which packs apply, and what moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from migrator.fates import kept
from migrator.fates.holding import held, unsafe
from migrator.fates.names import Names
from migrator.outcome import Plan
from migrator.packs.load import Pack
from migrator.packs.ruleset import Rules, compose
from migrator.patterns import under
from migrator.planning import leaving, lingering
from migrator.planning.candidates import Candidates
from migrator.planning.clients import in_project as client_module
from migrator.planning.clients.in_project import Place
from migrator.planning.clients.made import with_clients
from migrator.planning.distributions import Distributions, distributions
from migrator.planning.file import changes_of
from migrator.planning.model_ids import prepared, speaks
from migrator.planning.owned import set_aside
from migrator.planning.rounds import Rounds
from migrator.planning.router.project import with_router
from migrator.planning.scripts import read_callers, with_handed
from migrator.planning.task import Options, Task
from migrator.planning.work import Work
from migrator.primitives.code import Module
from migrator.primitives.library import Library
from migrator.primitives.project import Flag
from migrator.python.models.looks import given_by_others
from migrator.python.reading.index import Index
from migrator.python.reading.roots import import_roots
from migrator.sites import Problem, Site, Status


def assemble(task: Task, files: list[str], matched: list[str]) -> Plan:
    """The plan with everything that the matched ones of the tree's files ask for, in no order yet."""
    libraries = {rule.module: rule for pack in task.packs for rule in pack.rules if isinstance(rule, Library)}
    roots = import_roots(files, {module: each.modules for module, each in libraries.items()})
    candidates = Candidates(task.project, files, roots)
    candidates.read(matched)
    owned = tuple(set_aside(libraries.values(), candidates))
    packs = [*task.packs]
    if task.options.choose:
        packs = _left_alone_by_none([p for p in packs if _is_used(compose([p]), candidates)])
    problems = tuple(candidates.problems)
    plan = Plan(task.project.root, (), owned, (), problems, len(files), files_matched=len(matched), seconds=0.0)
    return _filled(plan, task, candidates, _without_own(task.rules(packs), files)) if packs else plan


def _filled(plan: Plan, task: Task, candidates: Candidates, rules: Rules) -> Plan:
    """The plan with what the rules make of the candidates."""
    rules, parts, places = _placed(task, candidates, rules)
    index = _indexed(candidates, rules)
    moves, moved, blocked = _moves(candidates, index.names.rules)
    rounds = Rounds(task, candidates, index, parts, places, moves)
    results, final = rounds.results()
    rules = rounds.index.names.rules
    problems = [*candidates.problems, *blocked, *(result.problem for result in results if result.problem)]
    work = Work(changes_of(results), [*moved, *(site for result in results for site in result.sites)])
    work = with_clients(work, final, places, parts, candidates)
    work = leaving.without_obsolete(rules, candidates, work, delete=task.options.delete_obsolete)
    work = lingering.unsaid(rules, candidates, with_router(rules, candidates, work), text=task.options.text)
    return replace(
        plan,
        packs=rules.packs,
        sites=(*plan.sites, *work.sites),
        changes=tuple(work.changes),
        problems=tuple(problems),
        files_matched=len(candidates.by_path),
        docs=rules.docs,
        notes=rules.notes,
    )


def _placed(task: Task, candidates: Candidates, rules: Rules) -> tuple[Rules, Distributions, dict[str, Place]]:
    """The rules as the tree and the options narrow them, its distributions, and where their client modules go."""
    kept.check(rules)
    if rules.clients:
        read_callers(rules, candidates)
    candidates.read_naming({each for library in rules.libraries for each in library.callers})
    rules = leaving.settled(prepared(rules, candidates), candidates)
    parts = distributions(rules, candidates)
    places = client_module.placed(rules, candidates, parts)
    rules = _held_back(replace(rules, client=places[""].dotted if places else ""), task.options)
    return with_handed(rules, candidates) if rules.clients else rules, parts, places


def _indexed(candidates: Candidates, rules: Rules) -> Index:
    """The index of the candidates, those read as well that use what they give; its rules know who gives ids on."""
    index = candidates.index(rules)
    while candidates.read_users(index):
        index = candidates.index(rules)
    if rules.ids:
        index.names.rules = replace(index.names.rules, ids=replace(rules.ids, given=given_by_others(candidates, index)))
    return index


def _held_back(rules: Rules, options: Options) -> Rules:
    """The rules as the options narrow them."""
    if options.direct_only:
        rules = replace(rules, options={**rules.options, "form": "direct"})
    if not options.safe_only:
        return rules
    return replace(held(rules, unsafe(rules), "--safe-only, and some of what moves with it is for review"), wary=True)


# ---------------------------------------------------------------------------------------------------- what is in play


def _is_used(rules: Rules, candidates: Candidates) -> bool:
    """Whether the tree holds the old layer, or refers to it by an import, a full dotted name or a settings section."""
    vague = [m.old for m in rules.modules if not m.detect]
    symbols = tuple(s for s in rules.symbols if not any(under(s.module, v) for v in vague))
    rules = replace(rules, modules=tuple(m for m in rules.modules if m.detect), symbols=symbols)
    if any(True for rule in rules.modules for _ in _moved_by(rule, candidates)):
        return True
    old = {m.old for m in rules.modules} | {s.module for s in rules.symbols} | {each.module for each in rules.libraries}
    for facts in candidates.facts.values():
        targets = (t for ts in facts.bound.values() for t in ts)
        if any(under(t, o) for t in (*targets, *facts.stars) for o in old):
            return True
    if rules.clients and any(speaks(p, c.text.text, rules) for p, c in candidates.by_path.items()):
        return True
    names, sections = Names(rules), [f"[{s.old}]" for s in rules.settings]
    texts = [c.text.text for c in candidates.by_path.values()]
    return any(next(names.dotted_in(t), None) or any(s in t for s in sections) for t in texts)


def _left_alone_by_none(packs: list[Pack]) -> list[Pack]:
    """The packs without those whose library another one of them reports and leaves alone."""
    flagged = {rule.module for pack in packs for rule in pack.rules if isinstance(rule, Flag)}
    return [p for p in packs if not any(isinstance(r, Library) and r.module in flagged for r in p.rules)]


def _without_own(rules: Rules, files: Iterable[str]) -> Rules:
    """The rules without flags for modules of whose name the project has one itself."""
    own = {PurePosixPath(path.removesuffix("/__init__.py")).stem for path in files if path.endswith(".py")}
    return replace(rules, flags=tuple(f for f in rules.flags if f.module.partition(".")[0] not in own))


def _moves(candidates: Candidates, rules: Rules) -> tuple[dict[str, str], list[Site], list[Problem]]:
    """Old path -> new path of every file of a package that moves, and a site a package.

    A file whose new place is taken stays, and is a problem.
    """
    there = set(candidates.files)
    moves, sites, blocked = dict[str, str](), list[Site](), list[Problem]()
    for rule in sorted(rules.modules, key=lambda m: -len(m.old)):
        for folder, path, new_path in _moved_by(rule, candidates):
            if new_path in there:
                blocked.append(Problem(path, f"should move to {new_path}, which exists: merge them by hand"))
            elif path not in moves:
                moves[path] = new_path
                message = f"{rule.old} → {rule.new}: {folder} moves with all of its files"
                if message not in {s.message for s in sites}:
                    docs = rules.docs.get(rule.id, "")
                    sites.append(Site(path, 1, 1, rule.id, Status.MIGRATED, message, new_path, 1, docs))
    return moves, sites, blocked


def _moved_by(rule: Module, candidates: Candidates) -> Iterator[tuple[str, str, str]]:
    """The old folder, the old path and the new path of every file below a module that moves."""
    old, new = rule.old.replace(".", "/"), rule.new.replace(".", "/")
    inside = re.compile(rf"(?:(?P<root>.*?)/)?{re.escape(old)}(?P<rest>/.*|\.py[iw]?)", re.DOTALL)
    for path in candidates.files:
        match = inside.fullmatch(path)
        root = (match["root"] or "") if match else None
        if match and root in candidates.roots:
            base = f"{root}/" if root else ""
            yield base + old, path, base + new + match["rest"]
