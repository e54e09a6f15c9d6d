"""Where projects state what they depend on, and what a `dependency` rule makes of it.

`find` is for every kind of file but Python, `in_python` for that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.formats.dependencies import node, pins
from migrator.formats.search import apart, moved_by
from migrator.sites import Finding, Status

if TYPE_CHECKING:
    from migrator.formats import Context

_CONSTRAINTS = re.compile(r"constraints?[^/]*\.(txt|in)$|(^|/)constraints/[^/]+$")
_OF_VERSIONS = re.compile(r"[^\S\n]*['\"]?[^\S\n]*[,;\]]?[^\S\n]*#.*\d\.\d")
_ELSEWHERE = frozenset({"markdown", "rst", "text", "sql", "env", "notebook"})


def find(text: str, kind: str, names: Names, context: Context) -> list[Finding]:
    """The findings of all dependency rules in a text of the file kind `kind`.

    Prose is left to `commands`; the cells of notebooks are texts of their own.
    """
    if names.rules.clients and PurePosixPath(context.path).name in {*node.MANIFESTS, *node.COMMANDS, *pins.FILES}:
        packages = [*node.find(text, names, context), *pins.find(text, names, context)]
        return apart(packages, _installed(text, names, context.imported, edit=context.edit_prose))
    is_spec = PurePosixPath(context.path).suffix == ".spec"
    told = any(spelling(rule.old).search(text) for rule in names.rules.dependencies)
    if not told or (kind in _ELSEWHERE and not is_spec):
        return []
    from migrator.formats.dependencies import bundles, conda, lines, locks, setup, toml

    path, kept = context.path, context.imported.old
    if is_spec:
        return list(bundles.find(text, names, kept))
    if PurePosixPath(path).name in locks.COMMANDS:
        return list(locks.find(text, names, path))
    installed = _installed(text, names, context.imported, edit=context.edit_prose)
    stated: Iterable[Finding] = bundles.find(text, names, kept)
    if kind == "requirements":
        stated = lines.find(text, names, kept, constraint=_CONSTRAINTS.search(path) is not None)
    elif kind == "toml":
        stated = toml.find(text, names, kept, path)
    elif kind == "ini":
        stated = setup.in_options(text, names, kept)
    elif kind == "yaml":
        stated = conda.find(text, names, kept)
    return apart((_with_comment(text, finding) for finding in stated), installed)


def _with_comment(text: str, finding: Finding) -> Finding:
    """What was found, for review where a comment on versions stands behind what was replaced."""
    last = max((edit.end for edit in finding.edits if edit.text), default=None)
    if last is None or finding.status is not Status.MIGRATED or not _OF_VERSIONS.match(text, last):
        return finding
    said = f"{finding.message}; the comment behind it is about versions of the old one: take it out"
    return replace(finding, status=Status.REVIEW, message=said)


def may_install(text: str) -> bool:
    """Whether commands that install may stand in a text."""
    return "install" in text or " add " in text


def _installed(text: str, names: Names, used: Imported, *, prose: bool = False, edit: bool) -> Iterator[Finding]:
    """The findings of the commands that install, of distributions and of packages of scripts."""
    from migrator.formats.dependencies import commands, node_commands

    yield from commands.find(text, names, used.old, prose=prose, edit=edit)
    yield from node_commands.find(text, names, used, prose=prose, edit=edit)


@lru_cache
def spelling(distribution: str) -> re.Pattern[str]:
    """A distribution's name in any spelling that means the same."""
    return re.compile("[-_.]+".join(map(re.escape, re.split(r"[-_.]+", distribution))), re.IGNORECASE)


def joined(found: list[Finding], others: list[Finding], names: Names) -> list[Finding]:
    """The findings of dependencies before the others, of which none is left that stands on the name of one."""
    sizes = {rule.id: len(rule.old) for rule in names.rules.dependencies}
    spans = sorted((finding.start, finding.start + sizes[finding.rule]) for finding in found)

    def covered(finding: Finding) -> bool:
        start = finding.start if finding.edits else finding.start + 1  # behind the quote of a text that is one word
        at = bisect_right(spans, start, key=lambda span: span[0]) - 1
        return at >= 0 and start < spans[at][1]

    return apart(found, (f for f in others if not covered(f))) if found else others


def in_python(
    text: str,
    path: str,
    names: Names,
    used: Imported,
    own: frozenset[str] = frozenset(),
    prose: Iterable[tuple[int, int]] = (),
    *,
    edit_prose: bool = False,
) -> list[Finding]:
    """The findings of all dependency rules in a Python file: in a setup.py's lists, a script's metadata, in commands.

    `own` is what the file goes on importing itself: commands for that are as right as the import. `prose` are the spans
    of its docstrings. Raises SyntaxError where a setup.py is no Python.
    """
    if not any(spelling(rule.old).search(text) for rule in names.rules.dependencies):
        return []
    from migrator.formats.dependencies import scripts, setup

    find = setup.in_setup if PurePosixPath(path).name == "setup.py" else scripts.find
    installed, code = list[Finding](), text
    for start, end in prose:
        said = _installed(text[start:end], names, used, prose=True, edit=edit_prose)
        installed += [moved_by(finding, start) for finding in said]
        code = f"{code[:start]}{' ' * (end - start)}{code[end:]}"
    installed += _installed(code, names, used, edit=edit_prose)
    return apart(find(text, names, used.old), (f for f in installed if f.edits or f.rule not in own))
