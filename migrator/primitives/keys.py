"""Tables of TOML files as dataclasses: each field is a key, with what it accepts and means."""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from typing import Any

from migrator.primitives.checks import Check


def key(check: Check, doc: str, default: Any = MISSING, toml: str = "") -> Any:
    """A field that is a key of the pack file; without a default it must be given."""
    metadata = {"check": check, "doc": doc, "toml": toml}
    if default is MISSING:
        return field(metadata=metadata)
    if isinstance(default, dict | list):
        return field(metadata=metadata, default_factory=type(default))
    return field(metadata=metadata, default=default)


def toml_keys(table: type) -> dict[str, Any]:
    """Key as a pack spells it -> the dataclass field behind it."""
    return {f.metadata["toml"] or f.name: f for f in fields(table)}


def required(table: type) -> list[str]:
    """The keys that must be given."""
    return [name for name, f in toml_keys(table).items() if f.default is MISSING and f.default_factory is MISSING]
