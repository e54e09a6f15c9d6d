"""The distributions of a tree: folders of code with a dependency list of their own, each installed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from migrator.formats import format_of
from migrator.formats.dependencies import spelling
from migrator.formats.script import is_script
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import PYTHON, Candidates

_LISTS = re.compile(r"pyproject\.toml|setup\.(py|cfg)|Pipfile|environment\.ya?ml")
# What is installed for them comes beside what they test, or describe.
_BESIDE = frozenset({"test", "tests", "testing", "doc", "docs"})


class Distributions:
    """The folders of a tree's distributions; what lies in none of them belongs to the root, ""."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = sorted({"", *folders}, key=lambda folder: (-len(folder), folder))

    def of(self, path: str) -> str:
        """The folder of the distribution that a file belongs to, the innermost one."""
        return next(folder for folder in self.folders if not folder or path.startswith(f"{folder}/"))


def folder_of(path: str) -> str:
    """The folder that a file or a folder is in; "" for the root."""
    return path.rpartition("/")[0]


def distributions(rules: Rules, candidates: Candidates) -> Distributions:
    """Those whose dependency lists name what the rules replace.

    A list that lies with no code, such as that of an image, is for the code around it.
    """
    holding = {str(each) for path in candidates.files if _is_code(path) for each in PurePosixPath(path).parents}
    folders = _folders(rules, candidates)
    return Distributions(each for each in folders if not each or each in holding or _has_script(candidates, each))


def _folders(rules: Rules, candidates: Candidates) -> Iterator[str]:
    for path, candidate in candidates.by_path.items():
        if not is_list(path):
            continue
        folder = PurePosixPath(path).parent
        folder = folder.parent if folder.name == "requirements" else folder
        if not _BESIDE & {*folder.parts} and any(
            spelling(r.old).search(candidate.text.text) for r in rules.dependencies
        ):
            yield "" if folder == PurePosixPath(".") else str(folder)


def _is_code(path: str) -> bool:
    return path.endswith((*PYTHON, ".ipynb")) or is_script(path)


def _has_script(candidates: Candidates, folder: str) -> bool:
    """Whether a file of a folder is Python by its first line, which takes reading it."""
    inside = (path for path in candidates.files if path.startswith(f"{folder}/") and not PurePosixPath(path).suffix)
    return any(candidates.python_text(path) is not None for path in inside)


def is_list(path: str) -> bool:
    """Whether a file lists what a distribution, or an environment, depends on."""
    kind = format_of(path)
    return _LISTS.fullmatch(PurePosixPath(path).name) is not None or (kind is not None and kind.name == "requirements")
