"""Where the command starts: a bare `migrate check` of a clean tree is answered before the command line is loaded.

That is what CI runs most, and loading click and the packs alone costs as much as searching thousands of files.
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
    """Whether git finds the tree of this folder clean, and that was said; everything else is left to the command.

    Settings or packs of the project's own may ask for more than the shipped packs do.
    """
    from migrator.errors import MigrateError
    from migrator.project import all_clean, open_project
    from migrator.settings import Settings
    from migrator.shipped import FOLDERS, NEEDLES, nothing_found

    try:
        project = open_project(".")
    except MigrateError:
        return False
    if project.settings != Settings() or (project.root / project.settings.rules_path).exists():
        return False
    files = all_clean(project, NEEDLES)
    if files is None or any(f"/{folder}/" in f"/{path}" for path in files for folder in FOLDERS):
        return False
    sys.stdout.write(nothing_found(len(files)))
    return True


if __name__ == "__main__":
    main()
