"""Ids of models in configuration that begin with a slug of the gateway that is left: `model: "@openai/gpt-4o"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.planning.names import Names
from migrator.planning.providers import new_id
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Status

_ID = r"@(?!(?:cf|hf)/)[\w-]+/[\w.:/@-]*\w"
_BEFORE = r"(?<![\w@./-])"
_HOLDER = re.compile(
    rf"""(?<![\w.-])(?P<key>[\w.-]*(?:model|portkey)[\w.-]*)["']?[ \t]*[:=]\s*
    (?P<held>["']?{_ID}(?=["']?[ \t]*(?:[,}}\]\r\n#]|\Z)) | \[[^\][]*\] | (?:\s*-[ \t]+["']?@[^\r\n]*)+)""",
    re.IGNORECASE | re.VERBOSE,
)
_EACH = re.compile(rf"{_BEFORE}{_ID}")


def find(text: str, names: Names) -> Iterator[Finding]:
    """A finding for each id that an entry about models, or about the gateway, holds alone or in a list."""
    for client in names.rules.clients if "@" in text else ():
        for holder in _HOLDER.finditer(text):
            for match in _EACH.finditer(text, *holder.span("held")):
                yield _found(match, names, client)


def _found(match: re.Match[str], names: Names, client: Client) -> Finding:
    options = names.rules.options
    new = new_id(match[0], "", client, options.get("slugs", {}), options.get("models", {}))
    rule = next((row.id for row in names.rules.parameters if row.to == "provider"), client.id)
    said = f"{match[0]} → {new.text}" + (f": {new.message}" if new.message else "")
    if new.status is Status.MANUAL:
        return Finding(match.start(), rule, new.status, f"{match[0]}: {new.message}")
    return Finding(match.start(), rule, new.status, said, (Edit(*match.span(), new.text),))
