"""Whether a module has to go on making clients of the SDK that is left."""

from __future__ import annotations

from migrator.python.definitions import Definitions
from migrator.python.expressions import Parts
from migrator.python.facts import Facts
from migrator.python.sdk.plain import is_sure


def client_stays(project: Definitions, facts: Facts, parts: Parts, target: str = "") -> bool:
    """Whether a module makes objects of a client's class, by the chain `parts`, that only the old one makes."""
    fate = project.names.fate(project.canonical(target)) if target and project.names.rules.clients else None
    if not project.names.rules.clients or (target and (fate is None or fate.rule != project.names.rules.clients[0].id)):
        return False
    made = [each for each in facts.made if each.parts == parts]
    sure = all(is_sure(project.names.rules, each.call, each.spread) for each in made)
    return not sure or parts[-1] in facts.inherited
