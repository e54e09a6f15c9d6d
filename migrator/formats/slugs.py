"""Ids of models in configuration that begin with a slug of the gateway that is left: `model: "@openai/gpt-4o"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from migrator.formats.nested import keys
from migrator.planning.names import Names
from migrator.planning.providers import SLUGGED, new_id
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Status

_EACH = re.compile(rf"(?<![\w@./])(?<![\w@./]-){SLUGGED}")
_ABOUT = r"(?:model|portkey|llm|fallback)"
_HELD = rf"""["']?[ \t]*[:=]\s*(?:[&!][\w.!-]+[ \t]+)*
    (?P<held>["']?{SLUGGED}(?=["']?[ \t]*(?:[,}}\]\r\n#]|\Z))
    | \[[^\][]*\] | ["']?\$\{{+[^{{}}\r\n]*\}} | (?:\s*-[ \t]+["']?@[^\r\n]*)+)"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_HOLDER = re.compile(rf"(?<![\w.-])[\w.-]*{_ABOUT}[\w.-]*{_HELD}", _FLAGS)
_ENTRY = re.compile(rf"[\w.-]+{_HELD}", _FLAGS)
_SECTION = re.compile(rf"^\[[^\]\n]*{_ABOUT}[^\]\n]*\]", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(r"^\[", re.MULTILINE)
_SECTIONED = {".toml", ".ini", ".cfg"}
_DEPTH = 4  # of the keys that an entry is below


def find(text: str, names: Names, path: str) -> Iterator[Finding]:
    """A finding for each id that an entry about models, or about the gateway, holds alone, in a list or below it."""
    if not names.rules.clients or not _EACH.search(text):
        return
    ids = {match.start(): match for span in _spans(text, path) for match in _EACH.finditer(text, *span)}
    for client in names.rules.clients:
        yield from (_found(ids[start], names, client) for start in sorted(ids))


def _spans(text: str, path: str) -> Iterator[tuple[int, int]]:
    """Where the values of such entries stand."""
    yield from (holder.span("held") for holder in _HOLDER.finditer(text))
    suffix = PurePosixPath(path).suffix
    for key in keys(text, suffix, _DEPTH):
        entry = _ENTRY.match(text, key.start) if re.search(_ABOUT, " ".join(key.path[:-1]), re.IGNORECASE) else None
        if entry:
            yield entry.span("held")
    for section in _SECTION.finditer(text) if suffix in _SECTIONED else ():
        after = _NEXT.search(text, section.end())
        entries = _ENTRY.finditer(text, section.end(), after.start() if after else len(text))
        yield from (entry.span("held") for entry in entries)


def _found(match: re.Match[str], names: Names, client: Client) -> Finding:
    options = names.rules.options
    new = new_id(match[0], "", client, options.get("slugs", {}), options.get("models", {}))
    rule = next((row.id for row in names.rules.parameters if row.to == "provider"), client.id)
    said = f"{match[0]} → {new.text}" + (f": {new.message}" if new.message else "")
    if new.status is Status.MANUAL:
        return Finding(match.start(), rule, new.status, f"{match[0]}: {new.message}")
    return Finding(match.start(), rule, new.status, said, (Edit(*match.span(), new.text),))
