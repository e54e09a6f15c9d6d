"""The names of a library that the setting `keep` has stay: those that can stay by themselves, and are there."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from migrator.clients.table import load
from migrator.errors import MigrateError
from migrator.fates.library import fate_of
from migrator.packs.ruleset import Rules
from migrator.patterns import expand
from migrator.primitives.library import Library


def check(rules: Rules) -> None:
    """Raises MigrateError for a dotted name, one that no rule knows, and a call, which does not stay by itself."""
    for library in rules.libraries if rules.options.get("keep") else ():
        for name in rules.options["keep"]:
            if said := _refused(rules, library, name):
                raise MigrateError(f"pyproject.toml: [tool.migrate.packs.{rules.packs[0]}] keep: {name!r} {said}")


def _refused(rules: Rules, library: Library, name: str) -> str:
    if "." in name:
        return f"is dotted: write {name.rpartition('.')[2]!r}, the name itself"
    calls = sorted(c for c in (load(library.client).functions if library.client else ()) if _matches(name, c))
    if calls:
        what = "is" if calls == [name] else f"has {calls[0]}, which is"
        return (
            f"{what} a call, whose errors, settings and answers would have to stay too: "
            f"put `# migrate: ignore` behind it, or leave its file out with `exclude`"
        )
    if _is_known(rules, library, name):
        return ""
    near = get_close_matches(name, sorted(_names(rules, library)), 1)
    meant = f"; is {near[0]!r} meant?" if near else ""
    return f"is no name of {library.module} that this pack knows, and what it does not know stays anyway{meant}"


def _matches(pattern: str, name: str) -> bool:
    return expand(pattern, pattern, name) is not None


def _is_known(rules: Rules, library: Library, name: str) -> bool:
    if "*" in name:
        return any(_matches(name, known.replace("*", "_")) for known in _names(rules, library))
    fate = fate_of(replace(rules, options={}), f"{library.module}.{name}")
    return fate is not None and fate.kind not in ("unknown", "module")


def _names(rules: Rules, library: Library) -> set[str]:
    """Every name of the library that a rule speaks of, and patterns of such."""
    its = [rule for group in (rules.moved, rules.needless, rules.gone) for rule in group if rule.of == library.module]
    renamed = (name for rule in rules.moved if rule.of == library.module for name in rule.renames)
    return {*(name for rule in its for name in rule.names), *renamed}
