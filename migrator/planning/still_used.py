"""What the code of each distribution goes on importing once it is rewritten, for the lists of what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from migrator.fates.imported import Imported
from migrator.formats.cells import code_of
from migrator.formats.dependencies.node import importing
from migrator.formats.script import is_script
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import PYTHON, Candidates
from migrator.planning.distributions import Distributions
from migrator.primitives.client import Client, Factory
from migrator.primitives.project import Dependency
from migrator.python.reading.index import Index
from migrator.python.reading.running import imports, run
from migrator.sites import Change

NOTEBOOK = ".ipynb"
_END = re.compile(r"[^\w.-]")  # of a distribution's name in a requirement


def lists_dependencies(path: str) -> bool:
    """Whether a file is no code, or code that says what a project depends on."""
    return not (path.endswith(PYTHON) or is_script(path)) or PurePosixPath(path).name == "setup.py"


def imported(
    index: Index,
    candidates: Candidates,
    parts: Distributions,
    changes: Iterable[Change],
    homes: Mapping[str, str],
    *,
    cells: bool,
) -> dict[str, Imported]:
    """What each distribution's code imports after these changes; `homes` are the client modules, by folder as well.

    With `cells` that of notebooks counts, whose own changes have to be among these then.
    """
    rules, changes = index.names.rules, [*changes]
    after = {change.path: change.after or b"" for change in changes} if rules.dependencies else {}
    code: dict[str, list[bytes]] = {folder: [] for folder in parts.folders}
    for change in changes if rules.dependencies else ():
        if change.kind == "create" and not lists_dependencies(change.path):
            code[parts.of(change.path)].append(change.after or b"")
    for path, candidate in candidates.by_path.items() if rules.dependencies else ():
        if not lists_dependencies(path):
            code[parts.of(path)].append(after.get(path, candidate.data))
        elif cells and path.endswith(NOTEBOOK):
            text = after.get(path, candidate.data).decode("utf-8", "replace")
            code[parts.of(path)].append(code_of(text).encode())
    found = {folder: imported_by(texts, rules, homes.get(folder, "")) for folder, texts in code.items()}
    kept = Imported(old=frozenset(rule.id for rule in rules.dependencies if not rule.uses))
    return found | {folder: with_own(found[folder], kept) for folder in map(parts.of, index.callers)}


def imported_by(code: Sequence[bytes], rules: Rules, home: str) -> Imported:
    """What some code imports, by itself or through the client module that is its home."""

    def has(pattern: re.Pattern[bytes]) -> bool:
        return any(pattern.search(text) and pattern.search(run(text)) for text in code)

    def uses(rule: Dependency) -> bool:
        if rule.uses:
            return has(re.compile(b"|".join(re.escape(use.encode()) for use in rule.uses)))
        return any(imports(text, _module(rule.old)) for text in code)

    packages: list[Client | Factory] = [*rules.clients, *rules.factories]  # of scripts
    old = [rule.id for rule in rules.dependencies if uses(rule)]
    old += [each.id for each in packages if has(importing(each.package))]
    calls = bool(home) and has(re.compile(rb"\b%b\b" % re.escape(home.rpartition(".")[2]).encode()))
    wanted = {rule.id: _module(_END.split(rule.new)[0]) for rule in rules.dependencies if rule.new}
    new = [rule for rule, module in wanted.items() if calls or any(imports(text, module) for text in code)]
    new += [each.id for each in packages if has(importing(each.instead))]
    return Imported(frozenset(old), frozenset(new))


def with_own(imported: Imported, own: Imported) -> Imported:
    """What the code of a distribution imports, or that of a file in it which installs what it needs."""
    return Imported(imported.old | own.old, imported.new | own.new)


def left_by(used: Imported, before: Imported, after: Imported) -> Imported:
    """What counts for the commands in a file of code: what it imported itself and no longer does is gone for it.

    What stays is asked for as it is, with nothing beside it.
    """
    old = used.old - (before.old - after.old)
    return Imported(old, (used.new | after.new) - old)


def _module(distribution: str) -> str:
    """The module that a distribution is called after."""
    return distribution.replace("-", "_")
