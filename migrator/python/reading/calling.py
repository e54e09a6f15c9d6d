"""What a module calls, and what it reads off whatever it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from migrator.python.reading.expressions import attribute_asked, callee_of, is_bare, parts_of, text_value
from migrator.python.reading.outline import Outline
from migrator.python.reading.scopes import Scope


def called(found: Outline) -> Iterator[str]:
    """What is called, as it is spelled; of a method that is given nothing, or is of what a call gives, as `.name`."""
    for call, _ in found.calls:
        parts = parts_of(call.func)
        yield from [".".join(parts)] if parts else []
        bare = not (call.args or call.keywords)
        if isinstance(call.func, ast.Attribute) and (bare or isinstance(call.func.value, ast.Call)):
            yield f".{call.func.attr}"


def uncalled(found: Outline) -> Iterator[str]:
    """The attributes that are read and not called."""
    called = {id(call.func) for call, _ in found.calls}
    yield from (each.parts[-1] for each in found.references if each.parts[1:] and id(each.nodes[-1]) not in called)
    yield from (node.attr for node, _ in found.loose if id(node) not in called)


def asked(found: Outline) -> Iterator[tuple[ast.Call, ast.expr, str]]:
    """What a function gives that is asked for a name which is written down, as in `getattr(_backend(), "cache")`.

    `vars(_backend())["cache"]` asks for it as well.
    """
    for call, _ in found.calls:
        if (by_name := attribute_asked(call)) and isinstance(by_name[0], ast.Call):
            yield by_name[0], call, by_name[1]
    for lookup, _ in found.lookups:
        match lookup:
            case ast.Subscript(value=ast.Call(func=ast.Name(id="vars"), args=[ast.Call() as of]), slice=name):
                yield of, lookup, text_value(name) or ""


def taken(found: Outline) -> dict[str, frozenset[str]]:
    """What is used of what a method gives that is given nothing, at once or by the name that it is given; by `.name`.

    That is what is called, set, looked up in, or named like a class; an attribute that is given it tells by its own
    name, whatever it is read off.
    """
    read: dict[str, set[str]] = {}
    of_names: dict[tuple[str, Scope | None], set[str]] = {}
    for name, scope, call in found.results:
        holder = scope.lookup(name[0]) if len(name) == 1 else None
        of_names.setdefault((name[-1], holder), set()).add(f".{callee_of(call)}")
    used = {id(call.func) for call, _ in found.calls}
    used |= {id(node.value) for node, _ in found.lookups if isinstance(node, ast.Subscript)}
    for attribute, _ in found.loose:
        of_call = attribute.value
        if isinstance(of_call, ast.Call) and is_bare(of_call) and _is_used(attribute, attribute.attr, used):
            read.setdefault(f".{callee_of(of_call)}", set()).add(attribute.attr)
    for call, _, asked_for in asked(found):
        read.setdefault(f".{callee_of(call)}", set()).add(asked_for)
    for reference in found.references if of_names else ():
        first = reference.scope.lookup(reference.parts[0])
        for index, (of, after) in enumerate(pairwise(reference.parts)):
            if _is_used(reference.nodes[index + 1], after, used):
                for method in of_names.get((of, None if index else first), ()):
                    read.setdefault(method, set()).add(after)
    return {method: frozenset(names) for method, names in read.items()}


def _is_used(node: ast.expr, name: str, used: set[int]) -> bool:
    return id(node) in used or name[:1].isupper() or isinstance(getattr(node, "ctx", None), ast.Store)


def read_off(found: Outline) -> Iterator[str]:
    """Every attribute that is read or set."""
    for reference in found.references:
        yield from reference.parts[1:]
    yield from (attribute.attr for attribute, _ in found.loose)
    yield from (attribute.attr for attributes, _ in found.members for attribute in attributes)
