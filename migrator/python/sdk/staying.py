"""Whether a module has to go on making clients of the SDK that is left."""

from __future__ import annotations

import ast

from migrator.packs.ruleset import Rules
from migrator.patterns import under
from migrator.python.reading.definitions import Definitions
from migrator.python.reading.expressions import Parts, callee_of
from migrator.python.reading.facts import Facts
from migrator.python.sdk.plain import is_sure
from migrator.python.sdk.spread import Spread


def client_stays(project: Definitions, facts: Facts, parts: Parts, target: str = "") -> bool:
    """Whether a module makes objects of a client's class, by the chain `parts`, that only the old one makes."""
    fate = project.names.fate(project.canonical(target)) if target and project.names.rules.clients else None
    if not project.names.rules.clients or (target and (fate is None or fate.rule != project.names.rules.clients[0].id)):
        return False
    made = [each for each in facts.made if each.parts == parts]
    held = any(call_stays(project.names.rules, facts, each.call, each.spread) for each in made)
    return held or parts[-1] in facts.inherited


def keeper(project: Definitions, dotted: str) -> str:
    """The path of a module that goes on making objects of a client's class; "" for none."""
    for path, facts in sorted(project.by_path.items()) if project.names.rules.clients else ():
        for name, targets in facts.bound.items():
            held = {project.canonical(target) for target in targets if target}
            parts = (tuple(f"{name}{dotted[len(each) :]}".split(".")) for each in held if under(dotted, each))
            if any(client_stays(project, facts, each, dotted) for each in parts):
                return path
    return ""


def call_stays(rules: Rules, facts: Facts, call: ast.Call, spread: Spread | None) -> bool:
    """Whether a call makes a client that only the old class makes."""
    return callee_of(call) in facts.inherited or not is_sure(rules, call, spread)
