"""What is asked of one plan: the tree, the packs that may apply, the user's options, and who watches the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from migrator.packs.load import Pack
from migrator.packs.ruleset import Rules, compose
from migrator.tree.project import Project

Progress = Callable[[str, int, int], None]  # what is going on, how far, of how many


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and `[tool.migrate]` say about one run."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    text: bool = False
    safe_only: bool = False
    direct_only: bool = False
    delete_obsolete: bool = False
    choose: bool = False  # keep only the packs whose old layer the tree really uses
    jobs: int = 1


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Task:
    """One plan to make."""

    project: Project
    packs: Sequence[Pack]
    options: Options
    progress: Progress

    def rules(self, packs: Sequence[Pack]) -> Rules:
        """What some of the packs say, with the project's settings. Raises MigrateError for a setting they have not."""
        settings = self.project.settings
        return replace(compose(packs, settings.overrides), line_length=settings.line_length)
