"""The client that one file has to itself: a function that makes it, and what it imports."""

from __future__ import annotations

from migrator.clients.filling import fill, template
from migrator.clients.module import Settings
from migrator.clients.table import load
from migrator.python.importing.new import Import
from migrator.python.library.own_client import Written

TARGET = "llm-gateway"  # calls of no other are written with the client alone
_IMPORTS = (Import("os"), Import("functools", "cache"), Import("openai", "OpenAI"), Import("openai", "OpenAIError"))


def written(name: str, settings: Settings, *, options: bool) -> Written:
    """The function `name`, which gives the client; with `options` it takes those of a copy of it."""
    table = load(TARGET)
    values = {
        "name": name,
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "url": settings.base_url or table.url,
    }
    text = fill(template("in_file"), {"options"} if options else set(), values).rstrip("\n")
    return Written(text, (*_IMPORTS, Import("typing", "Any")) if options else _IMPORTS)
