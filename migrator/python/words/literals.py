"""The finding of a string literal whose whole value is a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.module import Module
from migrator.python.reading.outline import Text
from migrator.sites import Edit, Finding, Status


def whole(
    module: Module, text: Text, value: str, new: str, rule: str, status: Status = Status.MIGRATED, message: str = ""
) -> Iterator[Finding]:
    """The finding of a literal that is `value`, and nothing else, and becomes `new`."""
    yield spelled(module, text.node, value, new, rule, status, message or f"{value} → {new}")


def spelled(module: Module, node: ast.expr, name: str, new: str, rule: str, status: Status, message: str) -> Finding:
    """The finding of a literal that says `name`, by hand where it is not spelled in one piece."""
    start, place = module.source.start(node), module.source.inside(node, name)
    if place is None:
        return Finding(start, rule, Status.MANUAL, f"{message}; it is not spelled in one piece, write it by hand")
    return Finding(start, rule, status, message, (Edit(*place, new),))
