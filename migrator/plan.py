"""Builds the plan: every change and every site, a pure function of the tree, the packs and the settings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from migrator.fates.names import Names
from migrator.outcome import Plan
from migrator.packs.load import Pack
from migrator.packs.ruleset import Rules
from migrator.packs.shipped import holds_folder
from migrator.planning.task import Options, Progress, Task, silent
from migrator.sites import Site, Status
from migrator.tree import project as tree
from migrator.tree.project import Project

__all__ = ["Options", "build"]


def build(project: Project, packs: Sequence[Pack], options: Options, progress: Progress = silent) -> Plan:
    """The plan for a tree. Raises MigrateError for settings or paths that make no sense."""
    started = time.perf_counter()
    task = Task(project, packs, options, progress)
    rules = task.rules(packs)
    clean = _clean(task, rules)
    plan = _searched(task, rules) if clean is None else _empty(task, rules, clean)
    return replace(plan, seconds=time.perf_counter() - started).ordered()


def _clean(task: Task, rules: Rules) -> list[str] | None:
    """The files of a tree in which git finds nothing at once; None where it takes a closer look."""
    options, settings = task.options, task.project.settings
    narrowed = (options.include, options.exclude, options.paths, settings.include, settings.exclude)
    clean = None if any(narrowed) else tree.all_clean(task.project, Names(rules).needles)
    return None if clean is None or _moves(clean, rules) else clean


def _searched(task: Task, rules: Rules) -> Plan:
    """The plan by a search of its own. PATHS narrow what it tells: what names mean, the whole tree decides."""
    options = task.options
    files = tree.files(task.project, options.include, options.exclude)
    if options.paths:
        named = tree.files(task.project, options.include, options.exclude, options.paths)
        return _over(task, rules, sorted({*files, *named})).only(named)
    plan = _over(task, rules, files)
    return replace(plan, sites=(*plan.sites, *_passed_over(task, rules)))


def _passed_over(task: Task, rules: Rules) -> list[Site]:
    """What Python files refer to that only a .gitignore keeps out, as in a download of a repository without its git."""
    files = tree.passed_over(task.project, task.options.include, task.options.exclude)
    sites = _over(replace(task, progress=silent), rules, files).sites if files else ()
    said = "left alone: a .gitignore names this file, and there is no git to say that it is tracked"
    told = (s for s in sites if s.path in files and not s.prose)
    return [replace(s, status=Status.IGNORED, message=said, new_path=s.path, new_line=s.line) for s in told]


def _over(task: Task, rules: Rules, files: list[str]) -> Plan:
    matched, unreadable = tree.matching(
        task.project.root, files, Names(rules).needles, lambda done: task.progress("searching", done, len(files))
    )
    if matched or _moves(files, rules):
        from migrator.planning.assembly import assemble  # a clean tree needs none of it

        plan = assemble(task, files, matched)
    else:
        plan = _empty(task, rules, files)
    return replace(plan, problems=(*unreadable, *plan.problems))


def _empty(task: Task, rules: Rules, files: Sequence[str]) -> Plan:
    names = () if task.options.choose else rules.packs
    return Plan(task.project.root, names, (), (), (), files_seen=len(files), files_matched=0, seconds=0.0)


def _moves(files: Sequence[str], rules: Rules) -> bool:
    """Whether a package that moves is itself in the tree, even if no file in it says its name."""
    return holds_folder(files, [module.old.replace(".", "/") for module in rules.modules])
