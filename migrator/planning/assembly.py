"""From the files that hold an old name to a plan: which packs apply, what moves, and in which rounds files are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
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
from migrator.planning.clients.made import Client, Work, clients, with_clients
from migrator.planning.distributions import distributions
from migrator.planning.file import Parts, Result, changes_of, planned
from migrator.planning.model_ids import prepared, speaks
from migrator.planning.router.project import with_router
from migrator.planning.scripts import read_callers, with_handed
from migrator.planning.spoken import Read, Spoken, is_code, read_after, reading_on
from migrator.planning.still_used import NOTEBOOK, imported, lists_dependencies
from migrator.planning.task import Options, Task
from migrator.primitives.code import Module
from migrator.primitives.library import Library
from migrator.primitives.project import Flag
from migrator.python.models.looks import given_by_others
from migrator.python.reading.facts import import_roots
from migrator.python.reading.index import Index
from migrator.sites import Change, Problem, Site, Status
from migrator.tree.parallel import in_order


def assemble(task: Task, files: list[str], matched: list[str]) -> Plan:
    """The plan with everything that the matched ones of the tree's files ask for, in no order yet."""
    candidates = Candidates(task.project, files, import_roots(files))
    candidates.read(matched)
    packs = [*task.packs]
    if task.options.choose:
        packs = _left_alone_by_none([p for p in packs if _is_used(compose([p]), candidates)])
    plan = Plan(
        task.project.root, (), (), (), tuple(candidates.problems), len(files), files_matched=len(matched), seconds=0.0
    )
    if not packs:
        return plan
    rules = _without_own(task.rules(packs), files)
    kept.check(rules)
    if rules.clients:
        read_callers(rules, candidates)
    rules = leaving.settled(prepared(rules, candidates), candidates)
    parts = distributions(rules, candidates)
    places = client_module.placed(rules, candidates, parts)
    rules = _held_back(replace(rules, client=places[""].dotted if places else ""), task.options)
    if rules.clients:
        rules = with_handed(rules, candidates)
    index = Index.build(rules, candidates.facts.values(), candidates.parsed, candidates.processes)
    while candidates.read_users(index):
        index = Index.build(rules, candidates.facts.values(), candidates.parsed, candidates.processes)
    if rules.ids:
        ids = replace(rules.ids, given=given_by_others(candidates, index))
        rules = index.names.rules = replace(index.names.rules, ids=ids)
    moves, moved, blocked = _moves(candidates, rules)
    paths, done = sorted({*candidates.by_path, *moves}), 0
    homes = {folder: place.dotted for folder, place in places.items()}
    # What lists dependencies waits for what the code goes on using.
    texts = [path for path in paths if rules.dependencies and lists_dependencies(path)]
    notebooks = [path for path in texts if path.endswith(NOTEBOOK)]
    lists = sorted({*texts} - {*notebooks})

    def rewritten(
        group: Sequence[str],
        its: Mapping[Place, Client],
        changes: Iterable[Change],
        read: Read | None = None,
        *,
        cells: bool = False,
    ) -> list[Result]:
        nonlocal done
        indexes = {folder: its[places[folder]].index if places else index for folder in parts.folders}
        in_use = Parts(
            parts, indexes, imported(index.names.rules, candidates, parts, changes, homes, cells=cells), read
        )
        results = []
        for result in in_order(partial(planned, candidates, in_use, task.options, moves), group, task.options.jobs):
            done += 1
            task.progress("rewriting", done, len(paths))
            results.append(result)
        return results

    def listed(its: Mapping[Place, Client]) -> list[Result]:
        told = rewritten(notebooks, its, changes, read)
        return [*told, *rewritten(lists, its, [*changes, *changes_of(told)], read, cells=True)]

    def of_notebooks() -> Iterator[Spoken]:
        return (each.spoken for each in rewritten(notebooks, clients(places, parts, index, ()), ()))

    code = rewritten(sorted({*paths} - {*texts}), clients(places, parts, index, ()), ())
    attempts = [rules]
    settled = reading_on(rules, (result.spoken for result in code), of_notebooks, candidates)
    if settled is not rules:
        done, attempts = 0, [replace(rules, staying=True), settled]
        index = Index.build(settled, candidates.facts.values(), candidates.parsed, candidates.processes)
        code = rewritten(sorted({*paths} - {*texts}), clients(places, parts, index, ()), ())
    if late := _installing(code, rules):  # which waits, too
        done -= len(late)
        again = rewritten(late, clients(places, parts, index, ()), changes_of(code))
        code = [*(result for result in code if result.spoken.path not in late), *again]
    changes = changes_of(code)
    for rules in attempts:  # what is no code moves on its own where some of it sends requests
        if len(attempts) > 1:
            index = Index.build(rules, candidates.facts.values(), candidates.parsed, candidates.processes)
        known, done = clients(places, parts, index, changes), len(code)
        read = read_after(index.names, candidates, changes, [result.spoken for result in code])
        rest = listed(known)
        if any(result.spoken.sends for result in rest):
            break
    told = [result.spoken for result in (*code, *rest)]
    all_read = read_after(
        index.names, candidates, changes_of([*code, *rest]), told, lambda path: is_code(path) or path in notebooks
    )
    if all_read != read:
        read, done = all_read, len(code)
        rest = listed(known)
    final = clients(places, parts, index, [*changes, *changes_of(rest)])
    if any(final[home].needs != known[home].needs for home in final):  # what texts use is listed as well
        done = len(code)
        rest = listed(final)
    results = [*code, *rest]
    problems = [*candidates.problems, *blocked, *(result.problem for result in results if result.problem)]
    work = Work(changes_of(results), [*moved, *(site for result in results for site in result.sites)])
    work = with_clients(work, final, places, parts, candidates)
    work = leaving.without_obsolete(rules, candidates, work, delete=task.options.delete_obsolete)
    work = lingering.unsaid(rules, candidates, with_router(rules, candidates, work), text=task.options.text)
    return replace(
        plan,
        packs=rules.packs,
        sites=tuple(work.sites),
        changes=tuple(work.changes),
        problems=tuple(problems),
        files_matched=len(candidates.by_path),
        docs=rules.docs,
        notes=rules.notes,
    )


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


def _installing(code: Iterable[Result], rules: Rules) -> list[str]:
    """The paths of code that has commands for what some code imports, or did."""
    its = {rule.id for rule in rules.dependencies}
    return sorted({site.path for result in code for site in result.sites if site.rule in its})


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
