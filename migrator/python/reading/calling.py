"""What a module calls, and what it reads off whatever it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Outline


def called(found: Outline) -> Iterator[str]:
    """What is called, as it is spelled; of a method that is given nothing, or is of what a call gives, as `.name`."""
    for call, _ in found.calls:
        parts = parts_of(call.func)
        yield from [".".join(parts)] if parts else []
        bare = not (call.args or call.keywords)
        if isinstance(call.func, ast.Attribute) and (bare or isinstance(call.func.value, ast.Call)):
            yield f".{call.func.attr}"


def asked(found: Outline) -> Iterator[tuple[ast.Call, ast.Call, str]]:
    """What a function gives that is asked for a name which is written down, as in `getattr(_backend(), "cache")`."""
    for call, _ in found.calls:
        of, name = [*call.args, None, None][:2]
        if callee_of(call) in ("getattr", "hasattr") and isinstance(of, ast.Call) and (attribute := text_value(name)):
            yield of, call, attribute


def read_off(found: Outline) -> Iterator[str]:
    """Every attribute that is read or set."""
    for reference in found.references:
        yield from reference.parts[1:]
    yield from (attribute.attr for attribute, _ in found.loose)
    yield from (attribute.attr for attributes, _ in found.members for attribute in attributes)
