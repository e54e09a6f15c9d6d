"""Calls of a library's functions that the client module has by the same name, and takes less than the library did."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.clients import signatures
from migrator.python.module import Module
from migrator.sites import Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """A finding for each call that the client module's function would refuse, as far as its arguments are told."""
    names = module.names
    for node, scope in module.found.calls if names.rules.libraries else ():
        for dotted in sorted({module.index.canonical(each) for each in module.value_of(node.func, scope) if each}):
            fate = names.fate(dotted)
            moved = fate if fate and fate.kind == "moved" and fate.to == names.client else None
            why = _misfit(names.rules.served, moved.name, node) if moved else ""
            if moved and why:
                said = f"{moved.name} of the client module does not take this call ({why}): change it, or keep LiteLLM"
                yield Finding(module.source.end(node.func), moved.rule, Status.MANUAL, said)


def _misfit(target: str, name: str, call: ast.Call) -> str:
    """What `inspect` says of the arguments of a call; "" where they fit, or nobody can tell."""
    signature = signatures.of(target, name)
    told = not any(isinstance(each, ast.Starred) for each in call.args) and all(each.arg for each in call.keywords)
    if signature is None or not told:
        return ""
    try:
        signature.bind(*call.args, **{each.arg: each.value for each in call.keywords if each.arg})
    except TypeError as error:
        return str(error)
    return ""
