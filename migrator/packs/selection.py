"""Which packs a run uses: the ones asked for, or those whose old layer the tree is found to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.errors import MigrateError
from migrator.outcome import Plan
from migrator.packs.load import Pack, available, load, load_named
from migrator.tree.project import Project

DEFAULT_TARGET = "llm-gateway"


@dataclass(frozen=True, slots=True)
class Selection:
    """The packs to plan with; `open` when the tree decides which of them stay."""

    packs: tuple[Pack, ...]
    open: bool


def select(
    project: Project, source: str | None, target: str | None, names: Sequence[str], mode: str | None = None
) -> Selection:
    """The packs for `--from`, `--to`, `--mode` and `--rules`, or the settings' `packs`; else all to the default target.

    Raises MigrateError where nothing fits, saying what there is.
    """
    own = project.root / project.settings.rules_path
    folders = available([own])
    if names or (project.settings.packs and not (source or target or mode)):
        return Selection(tuple(load_named(names or project.settings.packs, folders)), open=False)
    packs = [load(folder, folders) for folder in folders.values()]
    targets = {target} if target else {DEFAULT_TARGET, *(p.target for p in packs if p.folder.parent == own)}
    wanted = [p for p in packs if p.target in targets and source in (None, p.source) and p.mode == (mode or "")]
    if not wanted:
        routes = sorted(f"{p.source} → {p.route} ({p.name})" for p in packs)
        asked = f"from {source or 'anything'} to {target or DEFAULT_TARGET}" + (f" in mode {mode}" if mode else "")
        raise MigrateError(f"no pack goes {asked}; there are: {', '.join(routes)}")
    return Selection(tuple(wanted), open=source is None or len(wanted) > 1)


def one_route(plan: Plan, selection: Selection) -> None:
    """Raise MigrateError where several packs fit the tree and nobody said which to take."""
    used = [p for p in selection.packs if p.name in plan.packs]
    if selection.open and len(used) > 1:
        found = ", ".join(f"{p.source} ({p.name})" for p in used)
        raise MigrateError(
            f"the tree uses several layers, or one that several packs leave: {found}; "
            "choose with --from and --to, or name packs with --rules"
        )
