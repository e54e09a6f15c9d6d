"""Which packs a run uses: the ones asked for, or those whose old layer the tree is found to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.errors import MigrateError
from migrator.outcome import Plan
from migrator.packs import Pack, available, load, load_named
from migrator.project import Project

DEFAULT_TARGET = "llm-gateway"


@dataclass(frozen=True, slots=True)
class Selection:
    """The packs to plan with; `open` when the tree decides which of them stay."""

    packs: tuple[Pack, ...]
    open: bool


def select(project: Project, source: str | None, target: str | None, names: Sequence[str]) -> Selection:
    """The packs for `--from`, `--to` and `--rules`, or the settings' `packs`; else every pack to the default target.

    Raises MigrateError where nothing fits, saying what there is.
    """
    own = project.root / project.settings.rules_path
    folders = available([own])
    if names or (project.settings.packs and not source and not target):
        return Selection(tuple(load_named(names or project.settings.packs, folders)), open=False)
    packs = [load(folder, folders) for folder in folders.values()]
    wanted = [p for p in packs if p.target == (target or DEFAULT_TARGET) or (not target and p.folder.parent == own)]
    if source:
        wanted = [p for p in (wanted if target else packs) if p.source == source and p in wanted]
    if not wanted:
        routes = sorted(f"{p.source} → {p.target} ({p.name})" for p in packs)
        asked = f"from {source or 'anything'} to {target or DEFAULT_TARGET}"
        raise MigrateError(f"no pack goes {asked}; there are: {', '.join(routes)}")
    return Selection(tuple(wanted), open=source is None)


def one_route(plan: Plan, selection: Selection) -> None:
    """Raise MigrateError where the tree uses several old layers and nobody said which to leave."""
    used = [p for p in selection.packs if p.name in plan.packs]
    if selection.open and len(used) > 1:
        found = ", ".join(f"{p.source} ({p.name})" for p in used)
        raise MigrateError(
            f"the tree uses several layers: {found}; choose with --from and --to, or name packs with --rules"
        )
