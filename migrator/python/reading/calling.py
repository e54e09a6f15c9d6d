"""What a module calls, and what it reads off whatever it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.reading.expressions import parts_of
from migrator.python.reading.outline import Outline


def called(found: Outline) -> Iterator[str]:
    """What is called, as it is spelled; of a method that is given nothing its name alone as well, as `.name`."""
    for call, _ in found.calls:
        parts = parts_of(call.func)
        yield from [".".join(parts)] if parts else []
        if isinstance(call.func, ast.Attribute) and not call.args and not call.keywords:
            yield f".{call.func.attr}"


def read_off(found: Outline) -> Iterator[str]:
    """Every attribute that is read or set."""
    for reference in found.references:
        yield from reference.parts[1:]
    yield from (attribute.attr for attribute, _ in found.loose)
    yield from (attribute.attr for attributes, _ in found.members for attribute in attributes)
