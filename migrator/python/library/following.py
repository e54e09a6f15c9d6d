"""Functions that give a library: what takes it, and whether all who do can have the client module instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from migrator.python.module import Module
from migrator.python.reading.around import around
from migrator.python.reading.calling import asked
from migrator.python.reading.expressions import given_by, parts_of
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.scopes import Scope
from migrator.python.reading.takers import takers

_ASKING = (ast.Attribute, ast.Expr, ast.Compare)  # what hands nothing on


def uncalled(module: Module) -> set[int]:
    """The ids of what public functions return that nothing in the project calls: others may, who are not seen."""
    called, public = module.facts.called, [each for each in module.found.getters if not (each.read or each.is_private)]
    lone = [each for each in public if called.isdisjoint(each.spelled)]
    lone = [each for each in lone if not takers(module.index).is_taken(module.facts, each.name)]
    return {id(node) for each in lone for node in each.returned}


def handed(module: Module) -> Iterator[ast.Call]:
    """The calls of such functions that hand the library on to what is not seen.

    A class may have what a method of its own gives for others that inherit from it.
    """
    asking = module.found.tested | {id(of) for of, *_ in asked(module.found)}
    for call, scope in module.found.calls:
        above = module.source.parents.get(id(call))
        is_given = module.names.is_module(given_by(call, module.found.importers))
        is_handed = is_given and id(call) not in asking and not isinstance(above, _ASKING)
        if is_handed and not _is_anothers(module, call, scope):
            is_own = parts_of(call.func)[:1] in (("self",), ("cls",))
            if id(call) not in module.found.stored or (not is_own and is_lost(module, call)):
                yield call


def _is_anothers(module: Module, call: ast.Call, scope: Scope) -> bool:
    """Whether a method is of another class than those that give the library, or nothing tells that it is of one."""
    if not isinstance(call.func, ast.Attribute) or ".".join(parts_of(call.func)) in module.facts.told:
        return False
    known, method, cls = takers(module.index), call.func.attr, module.class_of(call.func.value, scope)
    if cls and module.index.defines_member(cls, method):
        return not known.gives(cls, method)
    return not (known.knows(module.facts) or known.sounds(ast.unparse(call.func.value), method))


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
    return _staying(module.index, module.facts) <= {module.facts.path}


def keeper(index: Index, dotted: str) -> Facts | None:
    """The module that has a name, or what it begins with, assigned, where that goes on being the library's."""
    assigner = _assigner(index, dotted)
    return assigner if assigner and not _goes(index, assigner) else None


def is_replaced(index: Index, dotted: str) -> bool:
    """Whether a name that is assigned in a module of the project stands for the client module from now on."""
    assigner = _assigner(index, dotted)
    return assigner is not None and _goes(index, assigner)


def is_let_go(index: Index, dotted: str) -> bool:
    """Whether a module of the project imports a library by a name, and has no such name afterwards."""
    from migrator.python.library.uses import keeps

    where = index.module_of(dotted)
    facts, name = index.by_name.get(where), dotted[len(where) + 1 :]
    if facts is None or facts.frozen or not index.names.is_module(index.canonical(dotted)) or index.is_assigned(dotted):
        return False
    key = ("let go", facts.path, name)
    if key not in index.shared:
        index.shared[key] = False  # what a circle of imports comes back to
        parsed = index.parsed(facts.path)
        index.shared[key] = parsed is not None and not keeps(Module(*parsed, facts, index), name)
    return bool(index.shared[key])


def _assigner(index: Index, dotted: str) -> Facts | None:
    """The module in which a name is given a library, be it by its full name or by one that begins with it."""
    name = index.module_of(dotted)
    name += "." + dotted[len(name) + 1 :].partition(".")[0]
    return index.assigner(name) if index.names.is_module(index.canonical(name)) else None


def _goes(index: Index, facts: Facts) -> bool:
    return _follows(index, facts) and not _staying(index, facts)


def _staying(index: Index, facts: Facts) -> frozenset[str]:
    """The first two of the modules a library goes around in, with this one, that cannot have the client module."""
    group = around(index, facts)
    known = index.shared.get(("staying", group))
    if not isinstance(known, frozenset):
        known = frozenset(islice((path for path in sorted(group) if not _follows(index, index.by_path[path])), 2))
        index.shared["staying", group] = known
    return known


def _follows(index: Index, facts: Facts) -> bool:
    """Whether a module by itself can have the client module in the place of a library."""
    from migrator.python.library.uses import follows_alone

    known = index.shared.get(("follows", facts.path))
    if known is None:
        parsed = index.parsed(facts.path)
        known = parsed is not None and not facts.frozen and follows_alone(Module(*parsed, facts, index))
        index.shared["follows", facts.path] = known
    return bool(known)
