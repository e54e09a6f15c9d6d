"""What becomes of the names of a library that is left."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from migrator.packs.ruleset import Rules
from migrator.patterns import expand, under
from migrator.primitives.library import Library
from migrator.sites import Status


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a name of a library that is left.

    `count` is how many parts of it, from the first, are the library's own name for it; what follows is an attribute.
    """

    kind: Literal["module", "moved", "needless", "gone", "unknown", "stays"]
    rule: str
    count: int
    message: str = ""
    status: Status = Status.MANUAL
    to: str = ""  # the module that has it now; "" where it is a module itself
    name: str = ""  # by this name
    above: tuple[str, ...] = ()  # new names of the errors that it catches as well
    built: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # old name -> how one is built, see `built.Recipe`
    library: str = ""
    variable: bool = False  # whether it may be set from outside
    texts: str = ""  # why a statement goes that only puts texts into it
    source: str = ""  # the module that an import takes it from, where `to` is none

    @property
    def standing(self) -> Status:
        """What a use is that stays as it is: for review where the user wants that, else manual."""
        return Status.REVIEW if self.kind == "gone" and self.status is Status.REVIEW else Status.MANUAL

    @property
    def new(self) -> str:
        """The dotted name from now on, as one imports it."""
        return f"{self.source or self.to}.{self.name}" if self.to else self.name


class Caller(NamedTuple):
    """What a project has of another library that calls one that is left, and whether the project never calls it."""

    name: str
    alone: bool


def fate_of(rules: Rules, dotted: str, caller: Caller | None = None) -> Fate | None:
    """What becomes of a name of a library that is left, or of the library or a module of it; None for any other.

    What only sets the library stays for a `caller` of it; what moves with calls does where that is the only one.
    """
    library = next((each for each in rules.libraries if under(dotted, each.module)), None)
    if library is None:
        return None
    fate = _fate(rules, library, dotted)
    if caller is None or not library.callers or not (fate.kind == "needless" or fate.variable):
        return fate
    if fate.kind == "needless" or caller.alone:
        return Fate("gone", fate.rule, fate.count, staying_for(caller, library), Status.REVIEW)
    also = f"; {caller.name} goes on calling {library.module} itself: set it there as well"
    return replace(fate, message=f"{fate.message}{also}", texts=f"{fate.texts}{also}" if fate.texts else "")


def _fate(rules: Rules, library: Library, dotted: str) -> Fate:
    parts = dotted.split(".")
    top = len(library.module.split("."))
    for count, part in enumerate(parts[top:], top + 1):
        below = count > top + 1
        borrowed = part in sys.stdlib_module_names  # `litellm.utils.json`
        inside = below and count < len(parts) and part == part.lower() and not borrowed  # of the name of a function
        fate = None if inside else _kept_or_ruled(rules, library, part, count, ".".join(parts[top : count - 1]))
        if fate and fate.kind == "gone" and part.startswith("_") and count < len(parts):  # a module of its own
            last = _ruled(rules, library, parts[-1], len(parts), part)
            fate = last if last and last.kind == "needless" else fate
        if fate and (fate.to or fate.kind != "moved" or not below or borrowed):
            return fate
        inner = part in library.modules or (part == part.lower() and count < len(parts))
        if not inner and part != library.module and library.stays:
            return Fate("stays", library.id, count)
        if not inner and part != library.module:
            return Fate("unknown", library.id, count, f"this pack does not know {part}: {library.message}")
    return Fate("module", library.id, len(parts))


def _kept_or_ruled(rules: Rules, library: Library, name: str, count: int, module: str) -> Fate | None:
    """What becomes of a name of a library; what the user keeps goes before what the rules make of it."""
    fate = _ruled(rules, library, name, count, module)
    keep = rules.options.get("keep", ())
    if _listed(name, keep, exact=True) or _listed(name, keep, exact=False):
        said = f"stays on {library.module}, as the setting `keep` says"
        return Fate("gone", fate.rule if fate else library.id, count, said, Status.REVIEW)
    return fate


def _ruled(rules: Rules, library: Library, name: str, count: int, module: str) -> Fate | None:
    """What the rules make of a name of a library, read off its `module`; exact names go before patterns."""
    for exact in (True, False):
        for moved in rules.moved:
            named = moved.renames if exact else {}
            new = named.get(name) or (name if _listed(name, moved.names, exact) else None)
            if new and moved.of == library.module:
                to = {".": "", "{client}": rules.client}.get(moved.to, moved.to)
                differs = moved.differs.get(module, "")
                status = Status.REVIEW if differs else Status(moved.status)
                said = (differs or moved.message, status, to, new, tuple(moved.above), moved.built)
                return Fate("moved", moved.id, count, *said, moved.of, moved.variable, moved.texts, moved.source)
        for client in (c for c in rules.moving_clients if exact and c.of == library.module):
            if name in client.classes:
                return Fate("moved", client.id, count, "", Status.MIGRATED, client.to, client.classes[name])
            if name in (*client.headers, *client.address):
                return Fate("needless", client.id, count, "write what it gives by hand", Status.MANUAL)
        for needless in rules.needless:
            if needless.of == library.module and _listed(name, needless.names, exact):
                return Fate("needless", needless.id, count, needless.message, Status(needless.status))
        for gone in rules.gone:
            if gone.of == library.module and _listed(name, gone.names, exact):
                return Fate("gone", gone.id, count, gone.message)
    return None


def staying_for(caller: Caller, library: Library) -> str:
    """What to say of what stays for another library's sake."""
    return f"stays for {caller.name}, which goes on calling {library.module} itself"


def _listed(name: str, patterns: Iterable[str], exact: bool) -> bool:
    return any(p == name if exact else "*" in p and expand(p, p, name) is not None for p in patterns)
