"""The published JSON Schema of a pack file, made from the primitives so that the two cannot differ."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any

from migrator.primitives import TABLES, toml_keys

_TEXT = {"type": "string", "minLength": 1}
_HEAD: dict[str, Any] = {
    "name": {
        **_TEXT,
        "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
        "description": "the pack's name, its folder's name as well",
    },
    "title": {**_TEXT, "description": "what it does, in a line: Migrate to `new` from `old`"},
    "description": {**_TEXT, "description": "what is included, in full sentences"},
    "source": {**_TEXT, "description": "the layer it leaves, as --from names it"},
    "target": {**_TEXT, "description": "the layer it goes to, as --to names it"},
    "extends": {"type": "array", "items": _TEXT, "description": "packs whose rules and settings come first"},
    "disable": {"type": "array", "items": _TEXT, "description": "inherited rules, by id, to leave out"},
    "settings": {"type": "object", "description": "defaults of what [tool.migrate.packs.NAME] may override"},
}


def pack_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `pack.toml`."""
    tables = {name: {"type": "array", "items": _table(primitive)} for name, primitive in TABLES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule pack of migrate",
        "type": "object",
        "properties": {**_HEAD, **tables},
        "required": ["name", "title", "source", "target"],
        "additionalProperties": False,
    }


def _table(primitive: type) -> dict[str, Any]:
    keys = toml_keys(primitive)
    needed = [n for n, f in keys.items() if f.default is MISSING and f.default_factory is MISSING]
    return {
        "type": "object",
        "description": (primitive.__doc__ or "").strip(),
        "properties": {n: {**f.metadata["check"].schema, "description": f.metadata["doc"]} for n, f in keys.items()},
        "required": needed,
        "additionalProperties": False,
    }
