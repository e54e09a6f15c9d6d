"""Functions that give a library: what takes it, and whether all who do can have the client module instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from migrator.python.direct.looks import is_look
from migrator.python.module import Module
from migrator.python.reading.around import around
from migrator.python.reading.calling import asked
from migrator.python.reading.expressions import callee_of, given_by, is_bare, parts_of
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.scopes import Scope
from migrator.python.reading.takers import takers

_ASKING = (ast.Attribute, ast.Expr, ast.Compare)  # what hands nothing on
# What only asks about the function that it is given first.
_ASKED = {"callable", "getattr", "hasattr", "isinstance", "iscoroutinefunction", "isfunction", "signature", "type"}


def uncalled(module: Module) -> set[int]:
    """The ids of what public functions return that nothing in the project calls: others may, who are not seen."""
    called, public = module.facts.called, [each for each in module.found.getters if not (each.read or each.is_private)]
    lone = [each for each in public if called.isdisjoint(each.spelled)]
    lone = [each for each in lone if not takers(module.index).is_taken(module.facts, each.name)]
    return {id(node) for each in lone for node in each.returned}


def handed(module: Module) -> Iterator[ast.expr]:
    """The calls of such functions that hand the library on to what is not seen, and where one is handed on itself.

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
    yield from _uncalled(module)


def _uncalled(module: Module) -> Iterator[ast.expr]:
    """Where such a function is not called but handed on, as in `Depends(get_llm)`, given another name, or kept."""
    known = takers(module.index)
    if not known.functions:
        return
    scopes = {id(call): scope for call, scope in module.found.calls}
    read = [(each.nodes[-1], each.scope) for each in module.found.references]
    read += [(node, scopes.get(id(node.value), module.found.scope)) for node, _ in module.found.loose]
    for node, scope in read:
        parts = parts_of(node)
        full = module.index.canonical(module.dotted(parts, scope) or "") if parts else ""
        gives = full in known.functions or (isinstance(node, ast.Attribute) and _is_likely(module, node, scope))
        if gives and isinstance(getattr(node, "ctx", None), ast.Load) and _is_handed(module, node, full, scope):
            yield node


def _is_handed(module: Module, node: ast.expr, full: str, scope: Scope) -> bool:
    """Whether a function is neither called nor only asked for or shown, nor a key that something else is kept by."""
    above = module.source.parents.get(id(node))
    if isinstance(above, _ASKING) or id(node) in module.found.tested or is_look(node, above):
        return False
    match above:
        case ast.Subscript(slice=key) if key is node:
            return False
        case ast.Call(func=func, args=args):
            is_asked = callee_of(above) in _ASKED and args[:1] == [node]
            return func is not node and not is_asked
        case ast.Assign(targets=[ast.Name(id=name)]):
            return not _is_only_put_back(module, name, full, scope)
    return not _is_put_back(module, above, full, scope)


def _is_only_put_back(module: Module, name: str, full: str, scope: Scope) -> bool:
    """Whether a function has another name for no more than to be put back in its place, as a test does."""
    holder = scope.lookup(name)
    if holder is None or holder.kind != "function":
        return False
    read = [r for r in module.found.references if r.parts[0] == name and r.scope.lookup(name) is holder]
    read = [r for r in read if isinstance(getattr(r.nodes[0], "ctx", None), ast.Load)]
    above = [module.source.parents.get(id(r.nodes[-1])) for r in read]
    return bool(above) and all(_is_put_back(module, each, full, scope) for each in above)


def _is_put_back(module: Module, above: ast.AST | None, full: str, scope: Scope) -> bool:
    """Whether a statement gives a function the name that it has anyway."""
    parts = parts_of(above.targets[0]) if isinstance(above, ast.Assign) and len(above.targets) == 1 else ()
    return bool(parts and full) and module.index.canonical(module.dotted(parts, scope) or "") == full


def _is_anothers(module: Module, call: ast.Call, scope: Scope) -> bool:
    """Whether a method is of another class than those that give the library, or nothing tells that it is of one."""
    if not isinstance(call.func, ast.Attribute) or ".".join(parts_of(call.func)) in module.facts.told:
        return False
    known, gives = takers(module.index), _gives(module, call.func, scope)
    if gives is not None:
        return not gives
    return not (known.knows(module.facts) or known.sounds(ast.unparse(call.func.value), call.func.attr))


def _is_likely(module: Module, method: ast.Attribute, scope: Scope) -> bool:
    """Whether a method gives the library by the class of its object, or by what that is called where nothing tells."""
    known = takers(module.index)
    if method.attr not in known.leaves:
        return False
    gives = _gives(module, method, scope)
    return known.sounds(ast.unparse(method.value), method.attr) if gives is None else gives


def _gives(module: Module, method: ast.Attribute, scope: Scope) -> bool | None:
    """Whether the class that an object is of has a method that gives the library; None where nothing tells."""
    cls = module.class_of(method.value, scope)
    is_told = cls and module.index.defines_member(cls, method.attr)
    return takers(module.index).gives(cls, method.attr) if is_told else None


def is_anothers(module: Module, name: str, scope: Scope) -> bool:
    """Whether a variable is given nothing but what such a method of another class gives."""
    holder = scope.lookup(name)
    above = [module.source.parents.get(id(b.node)) for b in holder.told(name)] if holder else []
    given = [node.value if isinstance(node, ast.Assign) else None for node in above]
    return bool(given) and all(isinstance(v, ast.Call) and is_bare(v) and _is_anothers(module, v, scope) for v in given)


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
    return all(path == module.facts.path for path, _ in _staying(module.index, module.facts))


def holder(module: Module) -> str:
    """The place that keeps a library from being the client module here, or in a module that has it from this one."""
    index, facts = module.index, module.facts
    own = [(facts.path, line)] if (line := _held_at(index, facts)) else []
    return next((f"{path}:{line}" for path, line in (*own, *_staying(index, facts))), "")


def keeper(index: Index, dotted: str) -> Facts | None:
    """The module that assigns what a name begins with, be it in a class, where that goes on being the library's."""
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
    """The module in which a name, or the attribute of a class, is given a library; what follows that is read off it."""
    where = index.module_of(dotted)
    first, *rest = dotted[len(where) + 1 :].split(".")
    name = f"{where}.{first}"
    if index.names.is_module(index.canonical(name)):
        return index.assigner(name)
    attribute = rest[0] if rest else ""
    classes = index.lineage(name) if index.names.is_module(index.canonical(index.member(name, attribute))) else ()
    owner = next((cls for cls in classes if (known := index.class_named(cls)) and attribute in known.members), "")
    return index.by_name.get(index.module_of(owner))


def _goes(index: Index, facts: Facts) -> bool:
    return not (_held_at(index, facts) or _staying(index, facts))


def _staying(index: Index, facts: Facts) -> tuple[tuple[str, int], ...]:
    """The first two of the modules a library goes around in, with this one, that cannot have the client module.

    Each is its path, and the line that keeps it from that.
    """
    group = around(index, facts)
    known = index.shared.get(("staying", group))
    if not isinstance(known, tuple):
        lines = ((path, _held_at(index, index.by_path[path])) for path in sorted(group))
        known = index.shared["staying", group] = tuple(islice((each for each in lines if each[1]), 2))
    return known


def _held_at(index: Index, facts: Facts) -> int:
    """The line that keeps a module by itself from having the client module in the place of a library; 0 for none."""
    from migrator.python.library.uses import held_at

    known = index.shared.get(("held at", facts.path))
    if not isinstance(known, int):
        parsed = index.parsed(facts.path) if not facts.frozen else None
        known = index.shared["held at", facts.path] = held_at(Module(*parsed, facts, index)) if parsed else 1
    return known
