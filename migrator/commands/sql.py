"""`migrate sql`: rename what a database stores, by script or directly, and take it back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.backup.transaction import run_id
from migrator.errors import MigrateError
from migrator.outcome import counted
from migrator.packs.ruleset import Rules, compose
from migrator.packs.selection import select
from migrator.tree.project import open_project

if TYPE_CHECKING:
    from migrator.database import Column
    from migrator.tree.settings import Settings

_KEYS = {"table", "column", "match", "old", "new", "key"}


@click.command(name="sql")
@click.option("--path", default=".", metavar="DIR", help="Root of the project, for its settings.")
@click.option("--from", "source", metavar="LAYER", help="What to leave; default: every pack's columns.")
@click.option("--to", "target", metavar="LAYER", help="Where to go. Default: llm-gateway.")
@click.option("--rules", "packs", multiple=True, metavar="PACK", help="A pack by name or folder. Repeatable.")
@click.option("--dialect", default="postgres", help="Of the printed script: postgres, mysql or sqlite.")
@click.option(
    "--output", type=click.Path(file_okay=False), metavar="DIR", help="Write forward.sql and inverse.sql there."
)
@click.option("--apply", "apply_url", metavar="URL", help="Rename in this database: sqlite:///FILE or postgresql://…")
@click.option("--restore", "restore_url", metavar="URL", help="Take the last run in this database back.")
@click.option("--discover", "discover_url", metavar="URL", help="Look for columns that hold old names.")
@click.option("--run", metavar="ID", help="With --restore: which run.")
def command(
    path: str,
    source: str | None,
    target: str | None,
    packs: tuple[str, ...],
    dialect: str,
    output: str | None,
    apply_url: str | None,
    restore_url: str | None,
    discover_url: str | None,
    run: str | None,
) -> None:
    """Rename old names in database rows. Without a URL: print the script that does it, with its inverse."""
    if sum(url is not None for url in (apply_url, restore_url, discover_url)) > 1:
        raise click.UsageError("--apply, --restore and --discover exclude each other")
    if run and not restore_url:
        raise click.UsageError("--run goes with --restore")
    if output and (apply_url or restore_url or discover_url):
        raise click.UsageError("--output is for the script: it goes with no URL")
    if restore_url:
        _restore(restore_url, run)
        return
    project = open_project(path)
    rules = compose(select(project, source, target, packs).packs, project.settings.overrides)
    if discover_url:
        _discover(discover_url, rules)
        return
    columns = list(_columns(rules, project.settings))
    if not columns:
        raise MigrateError("no column to rename: name some in [[tool.migrate.sql]], or try --discover URL")
    if apply_url:
        _apply(apply_url, columns)
    else:
        _script(columns, dialect, output)


def _columns(rules: Rules, settings: Settings) -> Iterator[Column]:
    """The columns of the packs, then those of the settings; a setting for the same column replaces the pack's."""
    from migrator.database import Column

    own = [_of_setting(table, number) for number, table in enumerate(settings.sql, 1)]
    named = {(c.table, c.column) for c in own}
    for rule in rules.columns:
        if (rule.table, rule.column) not in named:
            yield Column(rule.table, rule.column, rule.match, rule.old, rule.new, rule=rule.id)
    yield from own


def _of_setting(table: Mapping[str, Any], number: int) -> Column:
    from migrator.database import Column

    where = f"pyproject.toml: [[tool.migrate.sql]] number {number}"
    unknown, missing = set(table) - _KEYS, _KEYS - {"key"} - set(table)
    if unknown or missing:
        fault = f"unknown key `{min(unknown)}`" if unknown else f"key `{min(missing)}` is missing"
        raise MigrateError(f"{where}: {fault}; it has {', '.join(sorted(_KEYS))}")
    key = table.get("key", ["id"])
    texts = [table[name] for name in ("table", "column", "match", "old", "new")]
    if (
        not all(isinstance(t, str) for t in texts)
        or not isinstance(key, list)
        or not all(isinstance(k, str) for k in key)
    ):
        raise MigrateError(f"{where}: every value must be text, and `key` a list of text")
    return Column(table["table"], table["column"], table["match"], table["old"], table["new"], tuple(key))


def _script(columns: list[Column], dialect: str, output: str | None) -> None:
    from migrator.database import script

    made = script(columns, dialect, run_id(datetime.now(UTC)))
    if output is None:
        undo = "".join(f"-- {line}".rstrip() + "\n" for line in made.inverse.splitlines())
        click.echo(f"{made.forward.rstrip()}\n\n-- To undo it (--output DIR writes this to a file):\n{undo}", nl=False)
        return
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("forward.sql", made.forward), ("inverse.sql", made.inverse)):
            (folder / name).write_text(text, encoding="utf-8")
            click.echo(f"{folder / name}")
    except OSError as error:
        raise MigrateError(f"{folder}: cannot be written: {error.strerror}") from error


def _apply(url: str, columns: list[Column]) -> None:
    from migrator.database import apply

    run = run_id(datetime.now(UTC))
    touched = apply(url, columns, run)
    for item in touched:
        click.echo(f"{item.table}.{item.column}: {counted(item.rows, 'row')} renamed")
    shown = shlex.quote(url) if url.startswith("sqlite:") else "URL"  # others may hold a password
    click.echo(f"run {run}; to undo: migrate sql --restore {shown} --run {run}")


def _restore(url: str, run: str | None) -> None:
    from migrator.database import restore

    for item in restore(url, run):
        left = f", {item.edited} left alone: edited or removed since" if item.edited else ""
        click.echo(f"{item.table}.{item.column}: {counted(item.rows, 'row')} restored{left}")


def _discover(url: str, rules: Rules) -> None:
    from migrator.database import discover

    needles = sorted({c.old for c in rules.columns} | {m.old for m in rules.modules})
    new = {**{m.old: m.new for m in rules.modules}, **{c.old: c.new for c in rules.columns}}
    proposals = discover(url, needles)
    for found in proposals:
        note = f"  # {found.note}" if found.note else ""
        click.echo(f"# {counted(found.rows, 'row')}, such as {found.sample!r}{note}")
        click.echo("[[tool.migrate.sql]]")
        for key, value in (("table", found.table), ("column", found.column), ("match", found.match)):
            click.echo(f"{key} = {_toml(value)}")
        click.echo(f"old = {_toml(found.old)}\nnew = {_toml(new[found.old])}\n")
    if not proposals:
        click.echo("no column holds an old name")


def _toml(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
