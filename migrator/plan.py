"""Builds the plan: every change and every site, a pure function of the tree, the packs and the settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from migrator import project as tree
from migrator.names import Names
from migrator.outcome import Plan
from migrator.packs import Pack, Rules, compose
from migrator.project import Project

Progress = Callable[[str, int, int], None]  # what is going on, how far, of how many


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and `[tool.migrate]` say about one run."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    text: bool = False
    safe_only: bool = False
    choose: bool = False  # keep only the packs whose old layer the tree really uses
    jobs: int = 1


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def build(project: Project, packs: Sequence[Pack], options: Options, progress: Progress = silent) -> Plan:
    """The plan for a tree. Raises MigrateError for settings or paths that make no sense."""
    started = time.perf_counter()
    rules = compose(packs, project.settings.overrides)
    plan = _clean_plan(project, rules, options)
    if plan is None:
        files = tree.files(project, options.include, options.exclude, options.paths)
        matched, unreadable = tree.matching(
            project.root, files, Names(rules).needles, lambda done: progress("searching", done, len(files))
        )
        plan = _empty(project, rules, options, len(files))
        plan = replace(plan, problems=tuple(unreadable), files_matched=len(matched))
        if matched or _holds_folder(files, rules):
            from migrator.assembly import assemble  # a clean tree needs none of it

            plan = assemble(project, packs, options, progress, plan, files, matched)
    return replace(plan, seconds=time.perf_counter() - started).ordered()


def _clean_plan(project: Project, rules: Rules, options: Options) -> Plan | None:
    """The plan of a tree in which git finds nothing at once; None where it takes a closer look."""
    narrowed = (options.include, options.exclude, options.paths, project.settings.include, project.settings.exclude)
    clean = None if any(narrowed) else tree.all_clean(project, Names(rules).needles)
    if clean is None or _holds_folder(clean, rules):
        return None
    return _empty(project, rules, options, len(clean))


def _empty(project: Project, rules: Rules, options: Options, files_seen: int) -> Plan:
    names = () if options.choose else rules.packs
    return Plan(project.root, names, (), (), (), files_seen=files_seen, files_matched=0, seconds=0.0)


def _holds_folder(files: Sequence[str], rules: Rules) -> bool:
    """Whether a package that moves is itself in the tree, even if no file in it says its name."""
    folders = [f"/{module.old.replace('.', '/')}/" for module in rules.modules]
    return any(folder in f"/{path}" for path in files for folder in folders)
