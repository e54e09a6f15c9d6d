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
        new = another_name(module, use) or parts[-1]
        place, call = module.place(use.reference, len(parts)), calls.get(id(node))
        start, rule = module.source.start(use.reference.nodes[0]), use.fate.rule
        is_compared = isinstance(module.source.parents.get(id(node)), ast.Compare)
        is_passed = is_compared or id(node) in module.found.stored or id(node) in module.found.tested
        follows = is_passed or (call is not None and are_clients(module, use.dotted, named(call)))
        if place and new != parts[-1] and follows:
            edit = Edit(place[1] - len(parts[-1]), place[1], new)
            yield Finding(start, rule, Status.MIGRATED, f"{use.text} → {'.'.join((*parts[:-1], new))}", (edit,))
        elif is_passed and is_split(module.index, _name_in_module(module, use)):
            yield Finding(start, rule, Status.MANUAL, f"{use.text}: {SPLIT}")
        elif new != parts[-1] or not (call or is_passed):
            yield Finding(start, rule, Status.MANUAL, f"{use.text} {WHOLE}")


def _replaced(module: Module, use: Use) -> Iterator[Finding]:
    """What another module calls a library, assigned to: `app.llm.litellm = fake`."""
    parts, place = use.reference.parts, module.place(use.reference, len(use.reference.parts))
    dotted, new = _name_in_module(module, use), another_name(module, use)
    if place and new:
        status, message = fakes.said(module, use.text, ".".join((*parts[:-1], new)))
        yield Finding(place[0], use.fate.rule, status, message, (Edit(place[1] - len(parts[-1]), place[1], new),))
    elif place and is_split(module.index, dotted):
        yield Finding(place[0], use.fate.rule, Status.MANUAL, f"{dotted}: {SPLIT}")


def another_name(module: Module, use: Use) -> str:
    """What a module of the project calls a library from now on that a use is read off: `litellm` of `app.llm.litellm`.

    It is "" where that name stays, or where the use does not go through the module that has it.
    """
    dotted = _name_in_module(module, use)
    new = object_name(module.index, dotted)
    return new.rpartition(".")[2] if new != dotted else ""


def _name_in_module(module: Module, use: Use) -> str:
    """The full name that a use has the library by, where it is a name in another module; "" for any other."""
    parts, scope = use.reference.parts[: use.depth], use.reference.scope
    of = (module.meaning(parts[:-1], scope) if len(parts) > 1 and parts[0] else None) or ""
    return f"{of}.{parts[-1]}" if of in module.index.by_name else ""


def read_off(module: Module, use: Use, new: str) -> Finding | None:
    """What is read off what another module calls a library, which is called `new` there; None where it is no one piece.

    It is `llm.litellm.completion.return_value`, by what `another_name` says.
    """
    parts, place = use.reference.parts, use.place(module, use.depth)
    if place is None:
        return None
    said = f"{use.text} → {'.'.join((*parts[: use.depth - 1], new, *parts[use.depth :]))}"
    edit = Edit(place[1] - len(parts[use.depth - 1]), place[1], new)
    return Finding(place[0], use.fate.rule, Status.MIGRATED, said, (edit,))


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
