"""The command line: parse, call, print. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator import __version__
from migrator.commands.options import UNDOING, Given, planning
from migrator.errors import MigrateError
from migrator.outcome import counted

if TYPE_CHECKING:
    from migrator.outcome import Mode, Plan
    from migrator.packs.selection import Selection
    from migrator.planning.task import Progress
    from migrator.tree.project import Project

FOUND, FAILED = 1, 2  # bits of the exit code


class _Group(click.Group):
    """Turns MigrateError into one line on stderr and exit code 2, and imports sub-commands when they are called."""

    lazy = {"rules": "migrator.commands.rules", "sql": "migrator.commands.sql"}  # noqa: RUF012 - read only

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.lazy])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.lazy:
            from importlib import import_module

            command: click.Command = import_module(self.lazy[cmd_name]).command
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MigrateError as error:
            click.echo(f"migrate: {error}", err=True)
            ctx.exit(FAILED)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@planning
@click.option("--dry-run", is_flag=True, help="Show what would change, as a diff and a summary; write nothing.")
@click.option(
    "--safe-only",
    is_flag=True,
    help="Leave sites alone that would behave differently, and a library whole of which some would.",
)
@click.option("--direct-only", is_flag=True, help="Leave calls alone that cannot be calls of the new SDK itself.")
@click.option("--delete-obsolete", is_flag=True, help="Delete files about the old layer that nothing uses any more.")
@click.option("--allow-dirty", is_flag=True, help="Apply even with uncommitted changes in git.")
@click.option("--backup", is_flag=True, help="Accepted for clarity: a backup is always made.")
@click.option("--backup-dir", metavar="DIR", help="Where backups go. Default: .migration_backup.")
@click.option("--restore", is_flag=True, help="Undo the last run, or the one --run names, byte for byte.")
@click.option("--run", metavar="ID", help="Which run to undo.")
@click.option("--force", is_flag=True, help="With --restore: overwrite files that were edited since.")
@click.option("--yes", is_flag=True, help="Do not ask before applying.")
@click.version_option(__version__, prog_name="migrate")
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Move a codebase from one LLM access layer to another; show it first, take it back if asked.

    \b
      migrate --dry-run --path .    what would change
      migrate --path .              apply it, with a backup
      migrate --restore             undo the last run
      migrate check                 exit 1 on any reference that is left
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without `→` must not stop a run
    given = Given(**options)
    typed = [p for p in options if ctx.get_parameter_source(p) is click.core.ParameterSource.COMMANDLINE]
    if ctx.invoked_subcommand:
        if typed:
            raise click.UsageError(f"options go after `{ctx.invoked_subcommand}`, not before it")
    elif given.restore:
        for param in ctx.command.params:
            if param.name in typed and param.name not in UNDOING:
                raise click.UsageError(f"{param.opts[0]} does not go with --restore")
        _restore(given)
    elif given.run or given.force:
        raise click.UsageError("--run and --force go with --restore")
    else:
        ctx.exit(_migrate(given))


def _migrate(given: Given) -> int:
    from migrator.packs import selection as choosing
    from migrator.tree.project import open_project

    project = open_project(given.path, given.backup_dir)
    _interrupted(project, given)
    selection, plan = _plan(project, given)
    choosing.one_route(plan, selection)
    if given.dry_run:
        _output(project, plan, given, "plan")
        return FAILED if plan.problems else 0
    _guard(project, plan, given)
    plan = _apply(project, plan, given)
    _output(project, plan, given, "applied")
    return FAILED if plan.problems else 0


def _interrupted(project: Project, given: Given) -> None:
    """Take an interrupted run back, or the plan would be one for half its files; a dry run only says so."""
    from migrator.backup import transaction

    if not given.dry_run:
        _tell_recovered(transaction.recover(project.root, project.backup_dir))
    elif any(run.halted for run in transaction.runs(project.root, project.backup_dir)):
        click.echo(f"an interrupted run left some files changed; to take it back: {given.undo}", err=True)


def _tell_recovered(run: str | None) -> None:
    if run:
        click.echo(f"an interrupted run, {run}, was taken back first", err=True)


def _plan(project: Project, given: Given) -> tuple[Selection, Plan]:
    """The plan that the options ask for, announced where the tree chose the packs."""
    from dataclasses import replace

    from migrator.packs.selection import select
    from migrator.plan import build
    from migrator.planning.task import Options

    selection = select(project, given.source, given.target, given.packs, given.mode)
    settings = project.settings
    options = Options(
        include=given.include,
        exclude=(*given.exclude, *_ours(project, given)),
        paths=given.paths,
        text=given.text or settings.text,
        safe_only=given.safe_only or settings.safe_only,
        direct_only=given.direct_only,
        delete_obsolete=given.delete_obsolete,
        choose=selection.open,
        jobs=given.jobs,
    )
    with _progress(given) as progress:
        plan = replace(build(project, selection.packs, options, progress), root=Path(given.path))
    if selection.open and plan.packs and not given.quiet:
        found = ", ".join(sorted({p.source for p in selection.packs if p.name in plan.packs}))
        click.echo(f"found {found}: using {', '.join(plan.packs)}", err=True)
    return selection, plan


def _ours(project: Project, given: Given) -> Iterator[str]:
    """Globs of what holds old names because it is about them: the project's packs, the baseline, the report."""
    settings = project.settings
    inside = [project.root / path for path in (settings.rules_path, settings.baseline) if path]
    named = [Path(file) for file in (given.baseline, given.report) if file]
    for path in (*inside, *named):
        real = path.resolve()
        if path.exists() and real != project.root and real.is_relative_to(project.root):
            yield "/" + re.sub(r"([\\*?\[\]!# ])", r"\\\1", real.relative_to(project.root).as_posix())


def _progress(given: Given) -> AbstractContextManager[Progress]:
    from migrator.commands.progress import stages

    return stages(enabled=not (given.no_progress or given.quiet))


def _guard(project: Project, plan: Plan, given: Given) -> None:
    """Refuse work that is not committed and might be mixed with the run's, and ask a person at a terminal."""
    if plan.changes and not given.allow_dirty:
        from migrator.tree.project import git_state

        git = git_state(project)
        dirty = sorted({*git.dirty, *(git.untracked & {change.path for change in plan.changes})})
        if dirty:
            named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
            raise MigrateError(f"uncommitted changes in {named}: commit or stash them, or pass --allow-dirty")
    asks = plan.changes and not given.yes and sys.stdin.isatty()
    todo = f"{counted(len(plan.pending), 'place')} to look at afterwards, " if plan.pending else ""
    question = f"Change {counted(len(plan.changes), 'file')} in {project.root}? ({todo}--dry-run shows it all)"
    if asks and not click.confirm(question, err=True):
        raise MigrateError("nothing was changed")


def _apply(project: Project, plan: Plan, given: Given) -> Plan:
    """The plan as it was written; one without changes leaves no trace."""
    if not plan.changes:
        return plan
    from dataclasses import replace
    from datetime import UTC, datetime

    from migrator.backup import transaction

    run = transaction.run_id(datetime.now(UTC))
    with _progress(given) as progress:
        recovered = transaction.apply(
            project.root,
            project.backup_dir,
            plan.changes,
            run=run,
            meta={"packs": list(plan.packs)},
            progress=lambda n: progress("writing", n, len(plan.changes)),
        )
    _tell_recovered(recovered)
    return replace(plan, run=run)


def _restore(given: Given) -> None:
    from migrator.backup import transaction
    from migrator.tree.project import open_project

    project = open_project(given.path, given.backup_dir)
    done = transaction.restore(project.root, project.backup_dir, given.run, force=given.force)
    _tell_recovered(done.recovered)
    if not given.quiet:
        click.echo(f"run {done.run} undone: {counted(done.files, 'file')} restored")


@main.command()
@click.argument("paths", nargs=-1, type=click.Path())
@planning
@click.option("--baseline", type=click.Path(dir_okay=False), metavar="FILE", help="References that may stay for now.")
@click.option("--update-baseline", is_flag=True, help="Write what is there now to the baseline and pass.")
@click.option("--route", metavar="PACK", help="Fail on every word of the layer that this pack leaves, prose included.")
@click.option("--strict", is_flag=True, help="Fail on notes as well: prose mentions and other libraries.")
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> None:
    """Exit 1 on any reference to an old layer, in PATHS or the whole tree. For CI and pre-commit.

    What a name in PATHS stands for, the whole tree decides.
    """
    from dataclasses import replace

    from migrator.tree.project import open_project

    given = Given(**options)
    project = open_project(given.path)
    named = given.baseline or project.settings.baseline
    if given.update_baseline and not named:
        raise click.UsageError("--update-baseline needs --baseline FILE or the setting `baseline`")
    given = replace(given, packs=(given.route,)) if given.route else given
    selection, plan = _plan(project, given)
    if given.strict:
        plan = replace(plan, notes=frozenset(), strict=True)
    if given.route:
        plan = _whole_route(project, given, selection, plan)
    if named:
        from migrator.reports import baseline

        file = Path(given.baseline) if given.baseline else project.root / named
        if given.update_baseline:
            count = baseline.write(file, plan)
            click.echo(f"{file}: {counted(count, 'reference')} may stay for now", err=True)
        plan = baseline.without(file, plan)
    _output(project, plan, given, "check")
    ctx.exit((FOUND if plan.failing else 0) | (FAILED if plan.problems else 0))


def _whole_route(project: Project, given: Given, selection: Selection, plan: Plan) -> Plan:
    """The plan with all that is left of the layer a route leaves, which is summed up."""
    from migrator.packs.ruleset import compose
    from migrator.planning import lingering
    from migrator.tree import project as tree

    rules = compose(selection.packs, project.settings.overrides)
    if not rules.lingering:
        raise click.UsageError(f"the pack {given.route} does not say what is to be looked for")
    files = tree.files(project, given.include, (*given.exclude, *_ours(project, given)), given.paths)
    left = lingering.left(plan, rules, project, files)
    if not given.quiet:
        click.echo("\n".join(left.summary), err=True)
    return left.plan


def _output(project: Project, plan: Plan, given: Given, mode: Mode) -> None:
    from migrator.reports import render

    if not given.quiet:
        text = render(
            plan,
            given.format_,
            colour=_wants_colour(),
            mode=mode,
            fix_command=given.command,
            restore_command=given.undo,
            backup=_shown(project, plan),
        )
        _print(text, plan)
    if given.report:
        _write(Path(given.report), render(plan, "json", colour=False, mode=mode))


def _shown(project: Project, plan: Plan) -> str:
    """Where the backups are, as seen from where the command was started."""
    root, backups = project.root, project.backup_dir
    return plan.located(backups.relative_to(root).as_posix()) if backups.is_relative_to(root) else str(backups)


def _print(text: str, plan: Plan) -> None:
    """Write a result to standard output; a reader that went away is no fault, a full disk is told."""
    try:
        click.echo(text, nl=False, color=True if _wants_colour() else None)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        done = f"; run {plan.run} was applied, migrate --restore undoes it" if plan.run else ""
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes it once more on its way out
        raise MigrateError(f"standard output cannot be written: {error.strerror}{done}") from error


def _wants_colour() -> bool:
    """As a terminal is, unless NO_COLOR or FORCE_COLOR says otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MigrateError(f"{path}: cannot be written: {error.strerror}") from error
