"""What the code of each distribution goes on importing once it is rewritten, for the lists of what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from migrator.formats.dependencies.node import importing
from migrator.formats.script import is_script
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import PYTHON, Candidates
from migrator.planning.distributions import Distributions
from migrator.primitives.project import Dependency
from migrator.sites import Change


def lists_dependencies(path: str) -> bool:
    """Whether a file is no code, or code that says what a project depends on."""
    return not (path.endswith(PYTHON) or is_script(path)) or PurePosixPath(path).name == "setup.py"


def still_used(
    rules: Rules, candidates: Candidates, parts: Distributions, changes: Iterable[Change]
) -> dict[str, frozenset[str]]:
    """By folder, what a distribution's code imports after these changes: rules' old packages, scripts' new ones."""
    after = {change.path: change.after or b"" for change in changes} if rules.dependencies else {}
    code: dict[str, list[bytes]] = {folder: [] for folder in parts.folders}
    for path, candidate in candidates.by_path.items() if rules.dependencies else ():
        if not lists_dependencies(path):
            code[parts.of(path)].append(after.get(path, candidate.data))
    wanted = [*(c.instead for c in rules.clients), *(f.instead for f in rules.factories)]
    return {
        folder: frozenset(
            [
                *(r.id for r in rules.dependencies if any(map(_using(r).search, code[folder]))),
                *(c.id for c in rules.clients if any(map(importing(c.package).search, code[folder]))),
                *(f.id for f in rules.factories if any(map(importing(f.package).search, code[folder]))),
                *(p for p in wanted if any(map(importing(p).search, code[folder]))),
            ]
        )
        for folder in parts.folders
    }


def _using(rule: Dependency) -> re.Pattern[bytes]:
    """Finds what shows in code that the old distribution of a rule, or its extra, is still used."""
    return re.compile(b"|".join(re.escape(use.encode()) for use in rule.uses)) if rule.uses else _importing(rule.old)


def _importing(distribution: str) -> re.Pattern[bytes]:
    """Finds an import of the module that a distribution is called after, also of one that is imported by its name."""
    module = re.escape(distribution.replace("-", "_").encode())
    statement = rb"^(?:\xef\xbb\xbf)?[ \t]*(?:from[ \t]+|import[ \t]+(?:[^\n#]*,[ \t]*)?)%b\b" % module
    return re.compile(rb"%b|(?:import_module|__import__|importorskip)\([\"']%b\b" % (statement, module), re.MULTILINE)
