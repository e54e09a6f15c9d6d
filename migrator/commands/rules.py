"""`migrate rules`: look at packs, check them, test them, start one of your own."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.errors import MigrateError
from migrator.outcome import counted
from migrator.packs import load as packs
from migrator.packs.load import Pack
from migrator.packs.ruleset import compose


@click.group(name="rules")
def command() -> None:
    """List, show, validate and test rule packs, or start one of your own."""


_path = click.option("--path", default=".", metavar="DIR", help="Root of the project, for its own packs.")


def _folders(path: str) -> dict[str, Path]:
    from migrator.tree.project import open_project

    project = open_project(path)
    return packs.available([project.root / project.settings.rules_path])


def _chosen(names: tuple[str, ...], path: str) -> list[Pack]:
    folders = _folders(path)
    return packs.load_named(names or sorted(folders), folders)


@command.command(name="list")
@_path
def list_(path: str) -> None:
    """Every pack: its name, its route, and what it does."""
    chosen = _chosen((), path)
    width = max((len(p.name) for p in chosen), default=0)
    for pack in chosen:
        click.echo(f"{pack.name:<{width}}  {pack.source} → {pack.route}  {pack.title}")


@command.command()
@click.argument("pack")
@_path
def show(pack: str, path: str) -> None:
    """The page of a pack in Markdown, with every rule's cases."""
    from migrator.packs.pages import page

    click.echo(page(_chosen((pack,), path)[0]), nl=False)


@command.command()
@click.argument("names", nargs=-1, metavar="[PACK]...")
@_path
def validate(names: tuple[str, ...], path: str) -> None:
    """Check packs (default: all) for keys, names and settings that make no sense."""
    for pack in _chosen(names, path):
        compose([pack])
        click.echo(f"{pack.name}: {counted(len(pack.rules), 'rule')}, valid")


@command.command()
@click.argument("names", nargs=-1, metavar="[PACK]...")
@_path
@click.option("--verbose", "-v", is_flag=True, help="Name the cases that pass, too.")
@click.pass_context
def test(ctx: click.Context, /, names: tuple[str, ...], path: str, verbose: bool) -> None:
    """Run the rule tests of packs (default: all); exit 1 where one fails."""
    from migrator.packs.rule_tests import run, suites

    passed, failed = 0, 0
    for pack in _chosen(names, path):
        for suite in suites(pack):
            for case in suite.cases:
                bad = [result for result in run(pack, case) if result.verdict != "ok"]
                failed += bool(bad)
                passed += not bad
                for result in bad:
                    click.echo(f"{result.verdict}: {suite.rule}: {case.name} ({result.variant})\n{result.detail}\n")
                if verbose and not bad:
                    click.echo(f"ok: {suite.rule}: {case.name}")
    click.echo(f"{passed} passed, {failed} failed")
    ctx.exit(1 if failed else 0)


@command.command()
@click.argument("name")
@click.option("--from-module", "old", required=True, metavar="MODULE", help="The module's dotted name so far.")
@click.option("--to-module", "new", required=True, metavar="MODULE", help="Its dotted name from now on.")
@_path
def new(name: str, old: str, new: str, path: str) -> None:
    """Start a pack of your own that renames a module, with a test, in the project's rules folder."""
    from migrator.packs.scaffold import files
    from migrator.tree.project import open_project

    project = open_project(path)
    folder = project.root / project.settings.rules_path / name
    if folder.exists():
        raise MigrateError(f"{folder}: exists already; choose another name")
    for relative, text in files(name, old, new).items():
        target = folder / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise MigrateError(f"{target}: cannot be written: {error.strerror}") from error
        click.echo(target.relative_to(project.root).as_posix())
    packs.load(folder)
    click.echo(f"try it: migrate rules test {name} && migrate --dry-run --rules {name}")
