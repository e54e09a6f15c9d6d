"""From the files that hold an old name to the changes and sites of a plan: which packs apply, what moves, each file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from migrator.fates import kept
from migrator.fates.holding import held, unsafe
from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.formats import Context, dependencies, format_of
from migrator.formats.cells import code_of
from migrator.formats.dependencies.scripts import lists_its_own
from migrator.formats.search import apply
from migrator.outcome import Plan
from migrator.packs.load import Pack
from migrator.packs.ruleset import Rules, compose
from migrator.patterns import under
from migrator.placing import File, Placed, place
from migrator.planning import leaving, lingering
from migrator.planning.agreeing import Read, Spoken, beside_code, read_after, reading_on, spoken, with_commands
from migrator.planning.agreeing import settled as agreeing
from migrator.planning.candidates import PYTHON, Candidate, Candidates
from migrator.planning.clients import in_project as client_module
from migrator.planning.clients.in_project import Place
from migrator.planning.clients.made import Client, Work, clients, with_clients
from migrator.planning.distributions import Distributions, distributions
from migrator.planning.model_ids import prepared, speaks
from migrator.planning.router.project import with_router
from migrator.planning.scripts import read_callers, with_handed
from migrator.planning.still_used import NOTEBOOK, imported, imported_by, lists_dependencies, with_own
from migrator.planning.task import Options, Task
from migrator.primitives.code import Module
from migrator.primitives.library import Library
from migrator.primitives.project import Flag
from migrator.python import rewrite
from migrator.python.library.staying import standing
from migrator.python.models.looks import given_by_others
from migrator.python.reading.facts import import_roots
from migrator.python.reading.index import Index
from migrator.python.reading.source import Source
from migrator.sites import Change, Finding, Kind, Problem, Site, Status
from migrator.tree import project as tree
from migrator.tree.parallel import in_order
from migrator.tree.project import Project
from migrator.tree.textio import encode

if TYPE_CHECKING:
    from migrator.formats import Format


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
        rules = replace(rules, ids=replace(rules.ids, given=given_by_others(candidates, index)))
        index.names.rules = rules
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
    ) -> list[_Result]:
        nonlocal done
        indexes = {folder: its[places[folder]].index if places else index for folder in parts.folders}
        in_use = _Parts(parts, indexes, imported(rules, candidates, parts, changes, homes, cells=cells), read)
        results = []
        for result in in_order(partial(_file, candidates, in_use, task.options, moves), group, task.options.jobs):
            done += 1
            task.progress("rewriting", done, len(paths))
            results.append(result)
        return results

    def listed(its: Mapping[Place, Client]) -> list[_Result]:
        told = rewritten(notebooks, its, changes, read)
        return [*told, *rewritten(lists, its, [*changes, *_changes(told)], read, cells=True)]

    code = rewritten(sorted({*paths} - {*texts}), clients(places, parts, index, ()), ())
    if (settled := reading_on(rules, (result.spoken for result in code), candidates)) is not rules:
        rules, done = beside_code(rules, settled, candidates), 0
        index = Index.build(settled, candidates.facts.values(), candidates.parsed, candidates.processes)
        code = rewritten(sorted({*paths} - {*texts}), clients(places, parts, index, ()), ())
        index = Index.build(rules, candidates.facts.values(), candidates.parsed, candidates.processes)
    changes = _changes(code)
    known = clients(places, parts, index, changes)
    sites = [site for result in code for site in result.sites]
    read = read_after(index.names, candidates, changes, sites, (result.spoken for result in code))
    rest = listed(known)
    sites = [site for result in rest for site in result.sites]
    if (all_read := with_commands(read, index.names, sites, (each.spoken for each in rest))) is not read:
        read, done = all_read, len(code)
        rest = listed(known)
    final = clients(places, parts, index, [*changes, *_changes(rest)])
    if any(final[home].needs != known[home].needs for home in final):  # what texts use is listed as well
        done = len(code)
        rest = listed(final)
    results = [*code, *rest]
    problems = [*candidates.problems, *blocked, *(result.problem for result in results if result.problem)]
    work = Work(_changes(results), [*moved, *(site for result in results for site in result.sites)])
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


# ------------------------------------------------------------------------------------------------------------ one file


class _Result(NamedTuple):
    """What planning makes of one file."""

    change: Change | None = None
    sites: tuple[Site, ...] = ()
    problem: Problem | None = None
    spoken: Spoken = Spoken()


def _changes(results: Iterable[_Result]) -> list[Change]:
    return [result.change for result in results if result.change]


class _Parts(NamedTuple):
    """The distributions, and what is known of each by its folder."""

    distributions: Distributions
    indexes: Mapping[str, Index]
    imported: Mapping[str, Imported]
    read: Read | None  # by the code afterwards; None where that is being worked out

    def index_of(self, path: str) -> Index:
        return self.indexes[self.distributions.of(path)]

    def imported_at(self, path: str) -> Imported:
        return self.imported[self.distributions.of(path)]


def _file(
    candidates: Candidates,
    parts: _Parts,
    options: Options,
    moves: dict[str, str],
    path: str,
) -> _Result:
    """The change and the sites of one file; a result that would not be valid is a problem and no change."""
    new_path = moves.get(path, path)
    candidate = candidates.by_path.get(path)
    if candidate is None:
        return _moved_only(candidates.project, path, new_path)
    index, used = parts.index_of(path), parts.imported_at(path)
    docs = index.names.rules.docs
    file = File(path, new_path, docs, options.safe_only, candidate.frozen, frozenset(docs), options.text)
    try:
        language, findings, validate = _findings(candidates, index, candidate, used, edit_prose=options.text)
        rules = index.names.rules
        document = language in ("markdown", "rst", "text")
        findings = agreeing(candidate.text.text, findings, rules, parts.read, document=document)
        placed = place(candidate.text.text, findings, file)
        after = _encoded(candidate, placed, validate)
    except RecursionError:
        return _Result(problem=Problem(path, "left as it was: nested too deeply"))
    except (SyntaxError, ValueError) as error:
        return _Result(problem=Problem(path, f"left as it was, the result would not be valid: {error}"))
    if after == candidate.data and path == new_path:
        return _Result(sites=placed.sites, spoken=spoken(path, findings, rules))
    kind: Kind = "modify" if path == new_path else "rename"
    mode = _mode(candidates.project, path)
    change = Change(path, new_path, kind, language, placed.edits, candidate.data, after, mode)
    return _Result(change, placed.sites, spoken=spoken(path, findings, rules))


def _encoded(candidate: Candidate, placed: Placed, validate: Callable[[str], object]) -> bytes:
    if placed.text == candidate.text.text:
        return candidate.data
    validate(placed.text)
    return encode(replace(candidate.text, text=placed.text))


def _moved_only(project: Project, path: str, new_path: str) -> _Result:
    """A file of a folder that moves, with nothing in it to edit."""
    try:
        data = tree.read(project.root, path)
    except OSError as error:
        return _Result(problem=Problem(path, error.strerror or str(error)))
    language = "python" if path.endswith(PYTHON) else PurePosixPath(path).suffix.lstrip(".") or "text"
    return _Result(Change(path, new_path, "rename", language, 0, data, data, _mode(project, path)))


def _mode(project: Project, path: str) -> int:
    return (project.root / path).stat().st_mode & 0o7777


def _findings(
    candidates: Candidates, index: Index, candidate: Candidate, used: Imported, *, edit_prose: bool
) -> tuple[str, Iterable[Finding], Callable[[str], object]]:
    """What is found in one file, with the name of its language and the way to tell whether a result is valid."""
    text, facts = candidate.text.text, candidates.facts.get(candidate.path)
    if facts and index.names.keeps_library and client_module.calls_library(text):
        return "python", (), ast.parse
    if facts:
        source, found = candidates.tree(candidate.path)
        valid = ast.parse if source.is_plain else Source  # what this Python could read it must be able to read again
        findings = rewrite.find(source, found, facts, index, edit_prose=edit_prose)
        left, why = standing(findings, index.names.rules)
        if left:
            staying = index.holding(why)
            told = {(f.start, f.rule) for f in left}
            others = rewrite.find(source, found, facts, staying, edit_prose=edit_prose)
            findings = [*left, *(f for f in others if (f.start, f.rule) not in told)]
        if lists_its_own(text):
            used = imported_by([apply(text, findings).encode()], index.names.rules, index.names.client)
        listed = dependencies.in_python(text, candidate.path, index.names.asking(used), used.old)
        return "python", dependencies.joined(listed, findings, index.names), valid
    format = format_of(candidate.path, text[:200])
    assert format is not None  # only Python has none
    in_snippet = partial(rewrite.find_in_snippet, index=index, edit_prose=edit_prose)
    context = Context(candidate.path, edit_prose, in_snippet, used)
    findings = format.find(text, index.names.asking(used), context)
    if format.name == "notebook" and findings:
        used = with_own(used, _in_cells(text, findings, index))
        if used != context.imported:
            findings = format.find(text, index.names.asking(used), replace(context, imported=used))
    return format.name, findings, _validation(format, text)


def _in_cells(text: str, findings: Iterable[Finding], index: Index) -> Imported:
    """What the cells of a notebook import afterwards."""
    return imported_by([code_of(apply(text, findings)).encode()], index.names.rules, index.names.client)


def _validation(format: Format, before: str) -> Callable[[str], object]:
    """A result must be valid only where the text was."""
    try:
        format.validate(before)
    except ValueError:
        return lambda _text: None
    return format.validate
