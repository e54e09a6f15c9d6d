"""Errors of a library that are built of a class that a parameter holds, as helpers of tests build them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from migrator.patterns import under
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.scopes import Scope
from migrator.sites import Finding, Status

_SAID = "message"  # what each error is given, beside what only the library's know


def find(module: Module) -> Iterator[Finding]:
    """A finding for each call of a parameter that is given what the library's errors take, and no others do."""
    lost = {name for rule in module.names.rules.answers for name in rule.lost}
    if not lost or not _names_library(module):
        return
    dicts = _dicts(module)
    for call, scope in module.found.calls:
        keys = set(_keys(call, dicts))
        if (
            _SAID in keys
            and len(keys & lost) > 1
            and isinstance(call.func, ast.Name)
            and _is_given(call.func.id, scope)
        ):
            named = ", ".join(sorted(keys & lost))
            said = f"{call.func.id}(…): the SDK's errors take no {named}: give them message, response and body"
            yield Finding(module.source.start(call), module.names.rules.answers[0].id, Status.MANUAL, said)


def _names_library(module: Module) -> bool:
    libraries = [each.module for each in module.names.rules.libraries if not each.stays]
    return any(under(t, library) for ts in module.facts.bound.values() for t in ts for library in libraries)


def _is_given(name: str, scope: Scope) -> bool:
    """Whether a name is a parameter, and nothing else."""
    holder = scope.lookup(name)
    return holder is not None and all(isinstance(each.node, ast.arg) for each in holder.bindings[name])


def _keys(call: ast.Call, dicts: Mapping[str, list[ast.Dict]]) -> Iterator[str]:
    """The names of what a call is given, also those of dictionaries that are laid out in the module."""
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg
            continue
        value = keyword.value
        merged = dicts.get(value.id, []) if isinstance(value, ast.Name) else []
        merged = [value] if isinstance(value, ast.Dict) else merged
        yield from (text for each in merged for key in each.keys if key and (text := text_value(key)))


def _dicts(module: Module) -> dict[str, list[ast.Dict]]:
    """The dictionaries that a module lays out, by the variables that are given them."""
    found: dict[str, list[ast.Dict]] = {}
    for node in module.source.nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as made)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as made)
            ):
                found.setdefault(name, []).append(made)
    return found
