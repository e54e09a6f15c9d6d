"""The published JSON Schema of a pack file, made from the primitives so that the two cannot differ."""

from __future__ import annotations

from typing import Any

from migrator.primitives.keys import required, toml_keys
from migrator.primitives.tables import TABLES, Head


def pack_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `pack.toml`."""
    head = {**_table(Head), "required": required(Head)}
    tables: dict[str, Any] = {}
    for name, primitive in TABLES.items():
        row = {**_table(primitive), "required": ["id"], "description": (primitive.__doc__ or "").strip()}
        tables[name] = {"type": "array", "items": row}
    whole = {name: {"items": {"required": required(primitive)}} for name, primitive in TABLES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule pack of migrate",
        **head,
        "properties": {**head["properties"], **tables},
        # A rule that is inherited needs only the keys in which it differs.
        "if": {"not": {"required": ["extends"]}},
        "then": {"properties": whole},
    }


def _table(primitive: type) -> dict[str, Any]:
    keys = toml_keys(primitive)
    return {
        "type": "object",
        "properties": {n: {**f.metadata["check"].schema, "description": f.metadata["doc"]} for n, f in keys.items()},
        "additionalProperties": False,
    }
