"""What becomes of the objects that a module makes of a library's classes, and of the names of these classes with it."""

from __future__ import annotations

from functools import partial

from migrator.python.library.built import Builds, Made, Plan
from migrator.python.reading.definitions import Definitions
from migrator.python.reading.facts import Facts
from migrator.python.sdk.staying import client_stays


def builds(project: Definitions, facts: Facts) -> Builds:
    """What becomes of the objects that a module builds of a library's classes."""
    if project.by_path.get(facts.path) is not facts:
        return _built(project, facts)  # a piece of code that belongs to no file
    if facts.path not in project.builds:
        project.builds[facts.path] = _built(project, facts)
    return project.builds[facts.path]


def _built(project: Definitions, facts: Facts) -> Builds:
    def meanings(made: Made) -> set[str]:
        first, *rest = made.parts
        bases = made.targets or {project.through_star(facts, first) or ""}
        return {project.canonical(".".join((base, *rest))) if base else "" for base in bases}

    return Builds(project.names, facts.made, meanings, partial(_held, facts), facts.path)


def _held(facts: Facts, plan: Plan) -> str:
    """Why an object has to be built as it was; "" for no reason."""
    name, rules = plan.made.parts[0], {plan.fate.rule}
    comments = [facts.suppressed.get(plan.made.call.lineno), facts.kept.get(name) if facts.suppressed else None]
    if any(c is not None and (not c or c & rules) for c in comments):
        return "a comment keeps it"
    if name in facts.inherited:
        return "a class inherits from it"
    taken = [m for m in plan.imports if facts.bound.get(m, frozenset({m})) - {"", m}]
    return f"{taken[0]} is another thing here" if taken else ""


def is_built(project: Definitions, facts: Facts, name: str, target: str) -> bool:
    """Whether a module uses a class of a library in a way that the class in its place would not bear."""
    if client_stays(project, facts, (name,), target):
        return True
    if name in facts.inherited:
        fate = project.names.fate(project.canonical(target))
        return fate is not None and bool(fate.built)
    return bool(facts.made) and name in builds(project, facts).staying
