"""A library, by the name that another module of the project has for it, given to a call such as `patch.object`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from migrator.python.library import fakes
from migrator.python.library.modules import SPLIT, is_split, object_name
from migrator.python.library.references import Use, is_read
from migrator.python.module import Module
from migrator.python.reading.expressions import BY_NAME, attribute_asked, callee_of
from migrator.sites import Edit, Finding, Status

WHOLE = "is handed on as a whole: see what takes it"
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
        new, count = another_name(module, use) or parts[-1], _name_at(module, use)
        place, call = _place(module, use), calls.get(id(node))
        start, rule = module.source.start(use.reference.nodes[0]), use.fate.rule
        is_compared = isinstance(module.source.parents.get(id(node)), ast.Compare)
        is_passed = is_compared or id(node) in module.found.stored or id(node) in module.found.tested
        follows = (is_passed and count == len(parts)) or (
            call is not None and are_clients(module, use.dotted, named(call))
        )
        if place and new != parts[-1] and follows:
            said = f"{use.text} → {'.'.join((*parts[: count - 1], new))}"
            yield Finding(start, rule, Status.MIGRATED, said, (Edit(*place, new),))
        elif is_passed and is_split(module.index, _name_in_module(module, use)):
            yield Finding(start, rule, Status.MANUAL, f"{use.text}: {SPLIT}")
        elif new != parts[-1] or not (call or is_passed):
            yield Finding(start, rule, Status.MANUAL, f"{use.text} {WHOLE}")


def _replaced(module: Module, use: Use) -> Iterator[Finding]:
    """What another module calls a library, assigned to: `app.llm.litellm = fake`."""
    parts, place, new = use.reference.parts, _place(module, use), another_name(module, use)
    start, dotted = module.source.start(use.reference.nodes[0]), _name_in_module(module, use)
    if place and new and _name_at(module, use) == len(parts):
        status, message = fakes.said(module, use.text, ".".join((*parts[:-1], new)))
        yield Finding(start, use.fate.rule, status, message, (Edit(*place, new),))
    elif place and is_split(module.index, dotted):
        yield Finding(start, use.fate.rule, Status.MANUAL, f"{dotted}: {SPLIT}")


def another_name(module: Module, use: Use) -> str:
    """What a module of the project calls a library from now on that a use is read off: `litellm` of `app.llm.litellm`.

    It is "" where that name stays, or where the use does not go through the module that has it.
    """
    dotted = _name_in_module(module, use)
    new = object_name(module.index, dotted)
    return new.rpartition(".")[2] if new != dotted else ""


def _name_in_module(module: Module, use: Use) -> str:
    """The full name that a use has the library by, where it is a name in another module; "" for any other."""
    count = _name_at(module, use)
    return (module.meaning(use.reference.parts[:count], use.reference.scope) or "") if count else ""


def _name_at(module: Module, use: Use) -> int:
    """How many parts of a use are such a name, which a module of the library may follow; 0 for none."""
    parts, index = use.reference.parts, module.index
    for count in range(2, use.depth + 1) if parts[0] else ():
        of = module.meaning(parts[: count - 1], use.reference.scope) or ""
        if of in index.by_name and index.names.is_module(index.canonical(f"{of}.{parts[count - 1]}")):
            return count
    return 0


def _place(module: Module, use: Use) -> tuple[int, int] | None:
    """Where the name that such a use has the library by stands, with what follows it of the library's modules."""
    whole, count = use.place(module, use.depth), _name_at(module, use) or use.depth
    name = whole if count == use.depth else use.place(module, count)
    return (name[1] - len(use.reference.parts[count - 1]), whole[1]) if whole and name else None


def read_off(module: Module, use: Use, new: str) -> Finding | None:
    """What is read off what another module calls a library, which is called `new` there; None where it is no one piece.

    It is `llm.litellm.completion.return_value`, by what `another_name` says.
    """
    parts, place = use.reference.parts, _place(module, use)
    if place is None:
        return None
    said = f"{use.text} → {'.'.join((*parts[: _name_at(module, use) - 1], new, *parts[use.depth :]))}"
    start = module.source.start(use.reference.nodes[0])
    return Finding(start, use.fate.rule, Status.MIGRATED, said, (Edit(*place, new),))


def named(call: ast.Call) -> set[str]:
    """The attributes of its first argument that a call names, as a text or as keywords; none where it names none."""
    if callee_of(call) == "multiple":
        return {k.arg or "" for k in call.keywords} - _OF_PATCH
    asked = attribute_asked(call, BY_NAME)
    return {asked[1]} if asked else set()


def are_clients(module: Module, library: str, names: set[str]) -> bool:
    """Whether the client module has names of a library, some, all of them by the same name."""
    fates = [module.names.fate(f"{library}.{name}") for name in names]
    client = module.names.client
    return bool(names) and all(f and f.kind == "moved" and f.to == client and f.name in names for f in fates)
