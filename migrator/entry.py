"""Where the command starts: a bare `migrate check` of a clean tree is answered before the command line is loaded.

That is what pre-commit and CI run most, and loading click alone costs as much as searching thousands of files.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The `migrate` command."""
    if sys.argv[1:] == ["check"] and _answered():
        return
    from migrator.cli import main as command

    command()


def _answered() -> bool:
    """Whether the tree of this folder was found clean and that was said; whatever else there is to say is not ours."""
    from migrator.errors import MigrateError
    from migrator.packs import compose
    from migrator.plan import Options, clean_plan
    from migrator.project import open_project
    from migrator.selection import select

    try:
        project = open_project(".")
        selection = select(project, None, None, ())
        rules = compose(selection.packs, project.settings.overrides)
    except MigrateError:
        return False
    plan = clean_plan(project, rules, Options(choose=selection.open))
    if plan is None:
        return False
    from migrator.reports import render

    sys.stdout.write(render(plan, "text", colour=False, mode="check"))
    return True


if __name__ == "__main__":
    main()
