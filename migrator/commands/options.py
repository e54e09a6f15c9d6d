"""What `migrate` and `migrate check` were given, and the command that says the same again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from migrator.reports import FORMATS

UNDOING = {"restore", "path", "backup_dir", "run", "force", "yes", "quiet", "no_progress"}  # what goes with --restore
_DECIDING = {  # what a command printed for the next step repeats
    "restore": "--restore",
    "path": "--path",
    "source": "--from",
    "target": "--to",
    "mode": "--mode",
    "packs": "--rules",
    "include": "--include",
    "exclude": "--exclude",
    "text": "--text",
    "safe_only": "--safe-only",
    "direct_only": "--direct-only",
    "delete_obsolete": "--delete-obsolete",
    "backup_dir": "--backup-dir",
}
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Given:
    """The value of each option, as the help of the command has it; an option the command lacks has its default."""

    path: str = "."
    source: str | None = None
    target: str | None = None
    mode: str | None = None
    packs: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    text: bool = False
    format_: str = "text"
    report: str | None = None
    jobs: int = 1
    no_progress: bool = False
    quiet: bool = False
    # to plan, apply and restore
    dry_run: bool = False
    safe_only: bool = False
    direct_only: bool = False
    delete_obsolete: bool = False
    allow_dirty: bool = False
    backup: bool = False
    backup_dir: str | None = None
    restore: bool = False
    run: str | None = None
    force: bool = False
    yes: bool = False
    # to check
    paths: tuple[str, ...] = ()
    baseline: str | None = None
    update_baseline: bool = False
    strict: bool = False
    route: str | None = None

    @property
    def command(self) -> str:
        """`migrate` with those of the options that decide what it does, as one types it."""
        words = ["migrate"]
        for name, option in _DECIDING.items():
            match getattr(self, name):
                case True:
                    words.append(option)
                case str(value) if value:
                    words += [option, value]
                case tuple(values):
                    words += [word for value in values for word in (option, value)]
        return shlex.join(words)

    @property
    def undo(self) -> str:
        """The command that undoes the last run."""
        path = "" if self.path == "." else self.path
        return Given(restore=True, path=path, backup_dir=self.backup_dir).command


def planning(command: Command) -> Command:
    """The options of every command that builds a plan."""
    options = [
        click.option("--path", default=".", metavar="DIR", help="Root of the tree. Default: this folder."),
        click.option(
            "--from",
            "source",
            metavar="LAYER",
            help="What to leave: agentcore, fastagentic, litellm, portkey, or a layer of your own pack.",
        ),
        click.option(
            "--to",
            "target",
            metavar="LAYER",
            help="Where to go: portkey, openrouter, or a layer of your own pack. Default: llm-gateway.",
        ),
        click.option("--mode", metavar="MODE", help="How to go there: proxy keeps LiteLLM and has it call the target."),
        click.option("--rules", "packs", multiple=True, metavar="PACK", help="A pack by name or folder. Repeatable."),
        click.option("--include", multiple=True, metavar="GLOB", help="Only files that match. Repeatable."),
        click.option("--exclude", multiple=True, metavar="GLOB", help="No files that match. Repeatable."),
        click.option("--text", is_flag=True, help="Edit words in prose, comments and docstrings as well."),
        click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="Form of the output."),
        click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Write a JSON report as well."),
        click.option("--jobs", type=click.IntRange(1), default=1, metavar="N", help="Processes for the rewriting."),
        click.option("--no-progress", is_flag=True, help="No progress bar."),
        click.option("--quiet", is_flag=True, help="Nothing on standard output; the exit code tells."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
