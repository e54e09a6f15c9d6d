"""Which provider an expression of Python names."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from migrator.fates.providers import LOST, meant, named
from migrator.primitives.client import Client
from migrator.python.reading.expressions import text_value


def provider_of(value: ast.expr, client: Client, slugs: Mapping[str, str]) -> str:
    """The provider that an expression names; LOST where neither the settings nor a name tells it."""
    text = text_value(value)
    if text is not None:
        return meant(text.removeprefix("@"), client, slugs) or LOST
    for name in _names(value):
        found = slugs.get(name) or named(name, client)
        if found:
            return found
    return LOST


def _names(value: ast.expr) -> list[str]:
    """What an expression is called: the variable of the environment, the key, the variable, in that order."""
    texts = [t for n in ast.walk(value) if (t := text_value(n))]
    last = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return [*texts[:1], *([last] if last else [])]
