"""Where projects state what they depend on, and what a `dependency` rule makes of it.

`find` is for every kind of file but Python, `in_python` for that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.fates.names import Names
from migrator.formats.dependencies import node, pins
from migrator.sites import Finding

if TYPE_CHECKING:
    from migrator.formats import Context

_CONSTRAINTS = re.compile(r"constraints?[^/]*\.(txt|in)$|(^|/)constraints/[^/]+$")
_ELSEWHERE = frozenset({"markdown", "rst", "text", "sql", "env", "notebook"})


def find(text: str, kind: str, names: Names, context: Context) -> list[Finding]:
    """The findings of all dependency rules in a text of the file kind `kind`.

    Prose is left to `commands`; the cells of notebooks are texts of their own.
    """
    if names.rules.clients and PurePosixPath(context.path).name in {*node.MANIFESTS, *node.COMMANDS, *pins.FILES}:
        return [*node.find(text, names, context), *pins.find(text, names, context)]
    if kind in _ELSEWHERE or not any(spelling(rule.old).search(text) for rule in names.rules.dependencies):
        return []
    from migrator.formats.dependencies import commands, conda, lines, locks, node_commands, setup, toml
    from migrator.formats.search import apart

    path, kept = context.path, context.imported.old
    if PurePosixPath(path).name in locks.COMMANDS:
        return list(locks.find(text, names, path))
    installed = commands.find(text, names, kept, edit=context.edit_prose)
    installed = chain(installed, node_commands.find(text, names, context.imported, edit=context.edit_prose))
    if kind == "requirements":
        return apart(lines.find(text, names, kept, constraint=_CONSTRAINTS.search(path) is not None), installed)
    stated: Iterable[Finding] = ()
    if kind == "toml":
        stated = toml.find(text, names, kept, path)
    elif kind == "ini":
        stated = setup.in_options(text, names, kept)
    elif kind == "yaml":
        stated = conda.find(text, names, kept)
    return apart(stated, installed)


@lru_cache
def spelling(distribution: str) -> re.Pattern[str]:
    """A distribution's name in any spelling that means the same."""
    return re.compile("[-_.]+".join(map(re.escape, re.split(r"[-_.]+", distribution))), re.IGNORECASE)


def joined(found: list[Finding], others: list[Finding], names: Names) -> list[Finding]:
    """The findings of dependencies before the others, of which none is left that stands on the name of one."""
    from migrator.formats.search import apart

    sizes = {rule.id: len(rule.old) for rule in names.rules.dependencies}
    spans = sorted((finding.start, finding.start + sizes[finding.rule]) for finding in found)

    def covered(finding: Finding) -> bool:
        at = bisect_right(spans, finding.start, key=lambda span: span[0]) - 1
        return at >= 0 and finding.start < spans[at][1]

    return apart(found, (f for f in others if not covered(f))) if found else others


def in_python(text: str, path: str, names: Names, still_used: frozenset[str] = frozenset()) -> list[Finding]:
    """The findings of all dependency rules in a Python file: in the lists of a setup.py, in the metadata of a script.

    Raises SyntaxError where a setup.py is no Python.
    """
    if not any(spelling(rule.old).search(text) for rule in names.rules.dependencies):
        return []
    from migrator.formats.dependencies import scripts, setup

    if PurePosixPath(path).name == "setup.py":
        return list(setup.in_setup(text, names, still_used))
    return list(scripts.find(text, names, still_used))
