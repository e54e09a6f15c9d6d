"""The pytest fixtures of a module that are renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.fates.names import expand_any

if TYPE_CHECKING:
    from migrator.python.reading.definitions import Definitions
    from migrator.python.reading.facts import Facts


def renamed(project: Definitions, facts: Facts) -> dict[str, str]:
    """The fixtures of a module that are renamed, functions and asked names alike."""
    found = {}
    if facts.fixtures and (project.uses_old(facts) or any(project.names.env(c) for c in facts.constants)):
        for rule in project.names.rules.fixtures:
            for name in {*facts.fixtures, *facts.fixtures.values()}:
                new = expand_any(rule.names, name)
                if new and new not in facts.bound:
                    found[name] = new
    return found


def rule_of(project: Definitions, dotted: str) -> str:
    """The rule that renames a fixture by its full name; "" for anything else."""
    where, _, name = project.canonical(dotted).rpartition(".")
    if where not in project.by_name or name not in renamed(project, project.by_name[where]):
        return ""
    return next(rule.id for rule in project.names.rules.fixtures if expand_any(rule.names, name))
