"""A library, by the name that another module of the project has for it, given to a call such as `patch.object`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from migrator.python.library import fakes
from migrator.python.library.modules import SPLIT, is_split, object_name
from migrator.python.library.references import Use, is_read
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, text_value
from migrator.sites import Edit, Finding, Status

WHOLE = "is handed on as a whole: see what takes it"
_NAMING = {"object", "setattr", "delattr", "getattr", "hasattr"}  # the first is that of `patch`
_OF_PATCH = {"target", "spec", "create", "spec_set", "autospec", "new_callable"}  # what `patch.multiple` takes itself


def find(module: Module, uses: Iterable[Use]) -> Iterator[Finding]:
    """A finding for each: it follows where the call names attributes that the client module has, else it is told."""
    calls = {id(given): call for call, _ in module.found.calls for given in call.args}
    for use in uses:
        parts, node = use.reference.parts, use.reference.nodes[-1]
        if use.fate.kind != "module" or len(parts) < 2 or not parts[0]:
            continue
        if not is_read(node):
            yield from _replaced(module, use)
            continue
        if id(node) in module.found.stored or id(node) in module.found.tested:
            continue
        new = object_name(module.index, module.meaning(parts, use.reference.scope) or "").rpartition(".")[2]
        place, call = module.place(use.reference, len(parts)), calls.get(id(node))
        start, rule = module.source.start(use.reference.nodes[0]), use.fate.rule
        if place and new and new != parts[-1] and call and are_clients(module, use.dotted, named(call)):
            edit = Edit(place[1] - len(parts[-1]), place[1], new)
            yield Finding(start, rule, Status.MIGRATED, f"{use.text} → {'.'.join((*parts[:-1], new))}", (edit,))
        elif new != parts[-1] or not call:
            yield Finding(start, rule, Status.MANUAL, f"{use.text} {WHOLE}")


def _replaced(module: Module, use: Use) -> Iterator[Finding]:
    """What another module calls a library, assigned to: `app.llm.litellm = fake`."""
    parts, place = use.reference.parts, module.place(use.reference, len(use.reference.parts))
    of = module.meaning(parts[:-1], use.reference.scope) or ""
    dotted = f"{of}.{parts[-1]}"
    new, rule = object_name(module.index, dotted).rpartition(".")[2], use.fate.rule
    if of not in module.index.by_name or place is None:
        return
    if new != parts[-1]:
        status, message = fakes.said(module, use.text, ".".join((*parts[:-1], new)))
        yield Finding(place[0], rule, status, message, (Edit(place[1] - len(parts[-1]), place[1], new),))
    elif is_split(module.index, dotted):
        yield Finding(place[0], rule, Status.MANUAL, f"{dotted}: {SPLIT}")


def named(call: ast.Call) -> set[str]:
    """The attributes of its first argument that a call names, as a text or as keywords; none where it names none."""
    if callee_of(call) == "multiple":
        return {k.arg or "" for k in call.keywords} - _OF_PATCH
    name = text_value(call.args[1]) if callee_of(call) in _NAMING and len(call.args) > 1 else None
    return {name} if name else set()


def are_clients(module: Module, library: str, names: set[str]) -> bool:
    """Whether the client module has names of a library, some, all of them by the same name."""
    fates = [module.names.fate(f"{library}.{name}") for name in names]
    client = module.names.client
    return bool(names) and all(f and f.kind == "moved" and f.to == client and f.name in names for f in fates)
