"""What the names of a library that is left come to: its modules, its functions, the classes of its errors."""

from __future__ import annotations

from migrator.fates.library import Fate
from migrator.fates.names import Names
from migrator.python.answers.shapes import Shapes
from migrator.python.answers.values import NONE, OTHER, Error, Gives, Kind, Library, Values


def values(names: Names, shapes: Shapes, canon: str, fate: Fate) -> Values:
    """What a name of the library comes to, by what becomes of it."""
    if fate.kind == "module":
        return frozenset({Library(canon)})
    clients = {client.id for client in names.rules.clients}
    ours = fate.to == names.client or fate.rule in clients
    called = fate.kind == "moved" and ours and canon.count(".") + 1 == fate.count
    given = shapes.given(canon.rpartition(".")[2]) if called else NONE
    raised = error(shapes, canon, fate)
    return frozenset({Kind(raised)}) if raised else frozenset({Gives(given)}) if given else OTHER


def error(shapes: Shapes, canon: str, fate: Fate) -> Error | None:
    """The error that a name of the library is the class of; None for any other name, and one that stays."""
    moved = fate.kind == "moved" and canon.count(".") + 1 == fate.count
    return shapes.error(canon.rpartition(".")[2], fate.rule) if moved else None
