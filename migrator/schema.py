"""The published JSON Schema of a pack file, made from the primitives so that the two cannot differ."""

from __future__ import annotations

from typing import Any

from migrator.primitives import TABLES, Head, required, toml_keys


def pack_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `pack.toml`."""
    head = _table(Head)
    tables = {
        name: {"type": "array", "items": {**_table(primitive), "description": (primitive.__doc__ or "").strip()}}
        for name, primitive in TABLES.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule pack of migrate",
        **head,
        "properties": {**head["properties"], **tables},
    }


def _table(primitive: type) -> dict[str, Any]:
    keys = toml_keys(primitive)
    return {
        "type": "object",
        "properties": {n: {**f.metadata["check"].schema, "description": f.metadata["doc"]} for n, f in keys.items()},
        "required": required(primitive),
        "additionalProperties": False,
    }
