"""Renders a plan for people and machines; each format is a module, imported when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from migrator.outcome import Mode, Plan

FORMATS = ("text", "json", "github", "markdown", "sarif", "html")


@dataclass(frozen=True, slots=True)
class Report:
    """A plan, what it is shown for, and what the reader can type next. `backup` is the folder undoing needs."""

    plan: Plan
    mode: Mode
    colour: bool
    fix_command: str
    restore_command: str
    backup: str


def render(
    plan: Plan,
    format: str,
    *,
    colour: bool,
    mode: Mode,
    fix_command: str = "migrate --path .",
    restore_command: str = "migrate --restore",
    backup: str = ".migration_backup",
) -> str:
    """The plan in one of FORMATS: newline-terminated or empty, free of secrets and of raw control characters."""
    module = import_module(f"migrator.reports.{format}")
    return str(module.render(Report(plan.ordered(), mode, colour, fix_command, restore_command, backup)))
