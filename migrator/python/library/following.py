"""Functions that give a library: what takes it, and whether all who do can have the client module instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.module import Module
from migrator.python.reading import takers
from migrator.python.reading.expressions import given_by, parts_of
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index

_ASKING = (ast.Attribute, ast.Expr, ast.Compare, ast.If, ast.While, ast.Assert, ast.UnaryOp)  # what hands nothing on


def uncalled(module: Module) -> set[int]:
    """The ids of what public functions return that nothing in the project calls: others may, who are not seen."""
    called, public = module.facts.called, [each for each in module.found.getters if not (each.read or each.is_private)]
    lone = [each for each in public if called.isdisjoint(each.spelled)]
    lone = [each for each in lone if not takers.is_taken(module.index, module.facts, each.name)]
    return {id(node) for each in lone for node in each.returned}


def handed(module: Module) -> Iterator[ast.Call]:
    """The calls of such functions that hand the library on to what is not seen.

    A class may have what a method of its own gives for others that inherit from it.
    """
    for call, _ in module.found.calls:
        above = module.source.parents.get(id(call))
        if module.names.is_module(given_by(call, module.found.importers)) and not isinstance(above, _ASKING):
            is_own = parts_of(call.func)[:1] in (("self",), ("cls",))
            if id(call) not in module.found.stored or (not is_own and is_lost(module, call)):
                yield call


def is_lost(module: Module, value: ast.expr) -> bool:
    """Whether a value is given a name that is not seen to stand for it, so what that is read for is not."""
    given = module.found.stored[id(value)]
    if given is None:
        return False
    parts, scope = given
    is_inner = scope.kind == "class" and scope.parent is not module.found.scope
    return is_inner or not module.of_library(parts, scope)


def others_follow(module: Module) -> bool:
    """Whether the other modules that a library goes around in, from one to the next, can have the client module."""
    return all(_follows(module.index, facts) for facts in takers.together(module.index, module.facts))


def keeper(index: Index, dotted: str) -> Facts | None:
    """The module that has a name, or what it begins with, assigned, where that goes on being the library's."""
    assigner = _assigner(index, dotted)
    return assigner if assigner and not _goes(index, assigner) else None


def is_replaced(index: Index, dotted: str) -> bool:
    """Whether a name that is assigned in a module of the project stands for the client module from now on."""
    assigner = _assigner(index, dotted)
    return assigner is not None and _goes(index, assigner)


def _assigner(index: Index, dotted: str) -> Facts | None:
    """The module in which a name is given a library, be it by its full name or by one that begins with it."""
    name = index.module_of(dotted)
    name += "." + dotted[len(name) + 1 :].partition(".")[0]
    return index.assigner(name) if index.names.is_module(index.canonical(name)) else None


def _goes(index: Index, facts: Facts) -> bool:
    return all(_follows(index, each) for each in (facts, *takers.together(index, facts)))


def _follows(index: Index, facts: Facts) -> bool:
    """Whether a module by itself can have the client module in the place of a library."""
    from migrator.python.library.uses import follows_alone

    known = index.shared.get(("follows", facts.path))
    if known is None:
        parsed = index.parsed(facts.path)
        known = parsed is not None and not facts.frozen and follows_alone(Module(*parsed, facts, index))
        index.shared["follows", facts.path] = known
    return bool(known)
