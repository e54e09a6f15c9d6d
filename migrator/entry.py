"""Where the command starts: a bare `migrate check` of a clean tree is answered before the command line is loaded.

That is what CI runs most, and loading click and the packs alone costs as much as searching thousands of files.
"""

from __future__ import annotations

import gc
import os
import sys

_OBJECTS = 50_000  # that are made before some are looked through: those of syntax trees are there to stay


def main() -> None:
    """The `migrate` command."""
    if sys.argv[1:] == ["check"] and _answered():
        return
    from migrator.cli import main as command

    gc.set_threshold(_OBJECTS)
    command()


def _answered() -> bool:
    """Whether git finds the tree of this folder clean, and that was said; everything else is left to the command."""
    from migrator.packs.shipped import FOLDERS, NEEDLES, holds_folder, nothing_found
    from migrator.tree.glance import all_clean

    try:
        files = all_clean(os.getcwd(), NEEDLES) if _as_shipped() else None
    except OSError:
        return False
    if files is None or holds_folder(files, FOLDERS):
        return False
    sys.stdout.write(nothing_found(len(files)))
    return True


def _as_shipped() -> bool:
    """Whether this folder has no settings and no packs of its own, which may ask for more than the shipped packs do."""
    from migrator.tree.defaults import BACKUP_DIR, RULES_PATH

    if os.path.lexists(RULES_PATH) or os.path.islink(BACKUP_DIR):
        return False
    if not os.path.isfile("pyproject.toml"):
        return True
    with open("pyproject.toml", "rb") as file:
        if b"migrate" not in file.read():
            return True
    from pathlib import Path

    from migrator.errors import MigrateError
    from migrator.tree.settings import Settings, load

    try:
        return load(Path()) == Settings()
    except MigrateError:
        return False


if __name__ == "__main__":
    main()
