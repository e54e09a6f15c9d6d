"""What the code of each distribution goes on importing once it is rewritten, for the lists of what it depends on."""

from __future__ import annotations

import ast
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
from migrator.sites import Change

NOTEBOOK = ".ipynb"
_END = re.compile(r"[^\w.-]")  # of a distribution's name in a requirement


def lists_dependencies(path: str) -> bool:
    """Whether a file is no code, or code that says what a project depends on."""
    return not (path.endswith(PYTHON) or is_script(path)) or PurePosixPath(path).name == "setup.py"


def imported(
    rules: Rules,
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
    after = {change.path: change.after or b"" for change in changes} if rules.dependencies else {}
    code: dict[str, list[bytes]] = {folder: [] for folder in parts.folders}
    for path, candidate in candidates.by_path.items() if rules.dependencies else ():
        if not lists_dependencies(path):
            code[parts.of(path)].append(after.get(path, candidate.data))
        elif cells and path.endswith(NOTEBOOK):
            text = after.get(path, candidate.data).decode("utf-8", "replace")
            code[parts.of(path)].append(code_of(text).encode())
    found = {folder: imported_by(texts, rules, homes.get(folder, "")) for folder, texts in code.items()}
    kept = Imported(old=frozenset(rule.id for rule in rules.dependencies if not rule.uses))
    return found | {folder: with_own(found[folder], kept) for folder in map(parts.of, rules.callers)}


def imported_by(code: Sequence[bytes], rules: Rules, home: str) -> Imported:
    """What some code imports, by itself or through the client module that is its home."""

    def has(pattern: re.Pattern[bytes]) -> bool:
        return any(pattern.search(text) and pattern.search(_run(text)) for text in code)

    packages: list[Client | Factory] = [*rules.clients, *rules.factories]  # of scripts
    old = [rule.id for rule in rules.dependencies if has(_using(rule))]
    old += [each.id for each in packages if has(importing(each.package))]
    calls = bool(home) and has(re.compile(rb"\b%b\b" % re.escape(home.rpartition(".")[2]).encode()))
    wanted = [rule for rule in rules.dependencies if rule.new]
    new = [rule.id for rule in wanted if calls or has(_importing(_END.split(rule.new)[0]))]
    new += [each.id for each in packages if has(importing(each.instead))]
    return Imported(frozenset(old), frozenset(new))


def _run(code: bytes) -> bytes:
    """Code without its docstrings, the examples in which import nothing; as it is where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(code))) if b'"""' in code or b"'''" in code else []
    except (SyntaxError, ValueError):
        return code
    lines = code.splitlines(keepends=True)
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            rest = lines[last][node.end_col_offset :]
            lines[first : last + 1] = [lines[first][: node.col_offset] + rest, *[b""] * (last - first)]
    return b"".join(lines)


def with_own(imported: Imported, own: Imported) -> Imported:
    """What the code of a distribution imports, or that of a file in it which installs what it needs."""
    return Imported(imported.old | own.old, imported.new | own.new)


def left_by(used: Imported, before: Imported, after: Imported) -> Imported:
    """What counts for the commands in a file of code: what it imported itself and no longer does is gone for it.

    What stays is asked for as it is, with nothing beside it.
    """
    old = used.old - (before.old - after.old)
    return Imported(old, (used.new | after.new) - old)


def _using(rule: Dependency) -> re.Pattern[bytes]:
    """Finds what shows in code that the old distribution of a rule, or its extra, is still used."""
    return re.compile(b"|".join(re.escape(use.encode()) for use in rule.uses)) if rule.uses else _importing(rule.old)


def _importing(distribution: str) -> re.Pattern[bytes]:
    """Finds an import of the module that a distribution is called after, also of one that is imported by its name."""
    module = re.escape(distribution.replace("-", "_").encode())
    before = rb"(?:[^\n#]*;|(?:try|else|finally|(?:if|elif|except|for|while|with)\b[^\n#]*)[ \t]*:)?"  # on its line
    statement = rb"^(?:\xef\xbb\xbf)?[ \t]*%b[ \t]*(?:from[ \t]+|import[ \t]+(?:[^\n#]*,[ \t]*)?)%b\b" % (
        before,
        module,
    )
    return re.compile(rb"%b|(?:import_module|__import__|importorskip)\([\"']%b\b" % (statement, module), re.MULTILINE)
