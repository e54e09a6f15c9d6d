"""What a package.json says of a package beside asking for it: versions that it holds it to, and lists it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from migrator.fates.names import Names
from migrator.formats.dependencies.node import removed
from migrator.formats.nested import keys
from migrator.patterns import canonical
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.formats import Context

FILES = frozenset({"package.json", "pnpm-workspace.yaml"})

_PINS = frozenset({"overrides", "resolutions"})
_TABLES = frozenset({*_PINS, "catalog", "catalogs", "patchedDependencies", "peerDependenciesMeta", "dependenciesMeta"})
_LIST = re.compile(r'"\w*(?:[dD]ependencies|Packages)"\s*:\s*\[[^][]*\]')
_DEEP = 5  # keys above the name of a package
_PLAIN = re.compile(r'"\s*:\s*"[^"\\\n]*"')
_UNLESS = ", unless another package asks for"


class _Run(NamedTuple):
    """Pins side by side: the table they are in, where they begin and end, and what they name."""

    table: int
    start: int
    end: int
    names: tuple[str, ...]


def find(text: str, names: Names, context: Context) -> Iterator[Finding]:
    """The findings of each package that clients come from, but for those that a script goes on importing."""
    for client in names.rules.clients if PurePosixPath(context.path).name in FILES else ():
        rule = next((d.id for d in names.rules.dependencies if canonical(d.old) == canonical(client.package)), None)
        if rule and client.id not in context.imported.old:
            for package in sorted({client.package, *(factory.package for factory in names.rules.factories)}):
                yield from _of_package(text, PurePosixPath(context.path).suffix, rule, package)


def _of_package(text: str, suffix: str, rule: str, package: str) -> Iterator[Finding]:
    selects = re.compile(rf"(?:^|>|(?:^|/)(?!@)[^/>]+/){re.escape(package)}(?:@[^>]*)?(?=$|[>/])")
    runs: list[_Run] = []
    for key in keys(text, suffix, _DEEP):
        *above, name = key.path
        if _TABLES.isdisjoint(above) or not selects.search(name):
            continue
        value = _PLAIN.match(text, key.start + len(name)) if suffix == ".json" else None
        if value is None or key.table is None or _PINS.isdisjoint(above):
            yield Finding(key.start, rule, Status.MANUAL, f"{name}: take it out{_UNLESS} {package}")
        elif runs and not text[runs[-1].end : key.start - 1].strip(", \t\r\n"):
            runs[-1] = _Run(runs[-1].table, runs[-1].start, value.end(), (*runs[-1].names, name))
        else:
            runs.append(_Run(key.table, key.start - 1, value.end(), (name,)))
    for run in runs:
        said = f"{', '.join(run.names)}: {'go' if run.names[1:] else 'goes'}{_UNLESS} {package}"
        edit = Edit(*removed(text, (run.start, run.end), run.table + 1, len(text)), "")
        yield Finding(run.start + 1, rule, Status.REVIEW, said, (edit,))
    for table in _LIST.finditer(text) if suffix == ".json" else ():
        item = re.compile(re.escape(json.dumps(package))).search(text, *table.span())
        if item:
            yield Finding(item.start() + 1, rule, Status.MANUAL, f"{package}: take it out of this list")
