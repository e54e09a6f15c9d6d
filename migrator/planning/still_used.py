"""What the code of each distribution goes on importing once it is rewritten, for the lists of what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from migrator.tree import project as tree

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
    fresh = {folder: [each for each in changes if parts.of(each.path) == folder] for folder in code}
    found = {folder: imported_by(texts, rules, homes.get(folder, ""), fresh[folder]) for folder, texts in code.items()}
    kept = Imported(old=frozenset(rule.id for rule in rules.dependencies if not rule.uses))
    found |= {folder: with_own(found[folder], kept) for folder in map(parts.of, index.callers)}
    unused, run_ = _unused(rules, candidates, found.values())
    return {folder: replace(each, old=each.old | run_, unused=unused) for folder, each in found.items()}


def _unused(rules: Rules, candidates: Candidates, found: Iterable[Imported]) -> tuple[frozenset[str], frozenset[str]]:
    """The dependencies that no code imports, neither as they are nor as they become; and those that a command runs.

    Where there is no code, nothing says that.
    """
    python = [path for path in candidates.files if path.endswith(PYTHON)]
    used = frozenset[str]().union(*(each.old | each.new for each in found))
    idle = [rule for rule in rules.dependencies if python and rule.unused and rule.id not in used]
    unused, commands = set[str](), set[str]()
    for rule in idle:
        runs = re.compile(rb"\b%b\s+--\w" % re.escape(rule.old.encode()))  # `litellm --config`
        module = _module(_END.split(rule.new)[0]).encode()
        if any(runs.search(candidate.data) for candidate in candidates.by_path.values()):
            commands.add(rule.id)
        elif not tree.matching(candidates.project.root, python, [b"import %b" % module, b"from %b" % module])[0]:
            unused.add(rule.id)
    return frozenset(unused), frozenset(commands)


def imported_by(code: Sequence[bytes], rules: Rules, home: str, fresh: Sequence[Change] | None = None) -> Imported:
    """What some code imports, by itself or through the client module that is its home.

    Beside a library that stays, which brings along what code had from it before, only what `fresh` changes import anew
    counts, where they are given.
    """

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
    if fresh is not None and not calls and not rules.clients:
        new = [rule for rule in new if rule not in old or any(_brings(change, wanted[rule]) for change in fresh)]
    new += [each.id for each in packages if has(importing(each.instead))]
    return Imported(frozenset(old), frozenset(new))


def _brings(change: Change, module: str) -> bool:
    """Whether a file imports a module after a change, and not before it."""
    return imports(change.after or b"", module) and not imports(change.before or b"", module)


def with_own(imported: Imported, own: Imported) -> Imported:
    """What the code of a distribution imports, or that of a file in it which installs what it needs."""
    return replace(imported, old=imported.old | own.old, new=imported.new | own.new)


def left_by(used: Imported, before: Imported, after: Imported) -> Imported:
    """What counts for the commands in a file of code: what it imported itself and no longer does is gone for it.

    What stays is asked for as it is, with nothing beside it.
    """
    old = used.old - (before.old - after.old)
    return replace(used, old=old, new=(used.new | after.new) - old)


def _module(distribution: str) -> str:
    """The module that a distribution is called after."""
    return distribution.replace("-", "_")
