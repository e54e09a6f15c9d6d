"""The known providers: `catalog.toml` as `Provider` objects."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from llm_gateway.core.types import Provider


@cache
def load() -> dict[str, Provider]:
    """Every provider under its name and under each alias, by name; `Provider.name` is the name. Do not change it."""
    tables: dict[str, dict[str, Any]] = tomllib.loads(files(__package__).joinpath("catalog.toml").read_text("utf-8"))
    found: dict[str, Provider] = {}
    for name, table in tables.items():
        aliases = table.pop("aliases", [])
        provider = Provider(name, key_env=tuple(table.pop("key_env", [])), **table)
        for spelling in (name, *aliases):
            if spelling in found:
                raise ValueError(f"catalog.toml: {spelling} names both {found[spelling].name} and {name}")
            found[spelling] = provider
    return dict(sorted(found.items()))
