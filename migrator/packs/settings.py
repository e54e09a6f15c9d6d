"""The settings of a pack: as the user overrides them, and filled into its rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from migrator.errors import MigrateError
from migrator.primitives.code import Call, Literal_, Promote
from migrator.primitives.rule import Rule

_TYPE_NAMES = {list: "a list", dict: "a table", str: "text", bool: "true or false", int: "a number", float: "a number"}
_OPEN = {"config"}  # a config of Portkey's: JSON of whatever shape
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\[(\d+)\])?\}")


def overridden(pack: str, defaults: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a pack as pyproject.toml has them. Raises MigrateError for one it lacks, or of another type."""
    settings = dict(defaults)
    for name, value in overrides.items():
        where = f"pyproject.toml: [tool.migrate.packs.{pack}] {name}"
        if name not in settings:
            raise MigrateError(
                f"{where}: the pack has no such setting; it has: {', '.join(sorted(settings)) or 'none'}"
            )
        default = settings[name]
        if type(value) is not type(default):
            raise MigrateError(f"{where}: must be {_TYPE_NAMES[type(default)]}, as in the pack")
        if isinstance(value, list) and (not value or not all(isinstance(v, str) for v in value)):
            raise MigrateError(f"{where}: must be a list with at least one text")
        if isinstance(value, dict) and name not in _OPEN and not all(isinstance(v, str) for v in value.values()):
            raise MigrateError(f"{where}: must be a table of text = text")
        settings[name] = value
    return settings


def fill(rule: Rule, settings: Mapping[str, Any]) -> Rule:
    """The rule with its `{setting}` placeholders and `for each` tables resolved."""
    if isinstance(rule, Call):
        add = {name: _text(value, settings) for name, value in rule.add.items()}
        if rule.add_for_each:
            name, value = rule.add_for_each["name"], rule.add_for_each["value"]
            for item in settings[rule.add_for_each["setting"]]:
                add[_each(name, re.sub(r"\W", "_", item))] = _each(value, item)
        return replace(rule, add=add, add_for_each={})
    if isinstance(rule, Promote):
        return replace(rule, fill=_text(rule.fill, settings))
    if isinstance(rule, Literal_):
        values = {k: _text(v, settings) for k, v in rule.values.items()}
        return replace(rule, values={**values, **(settings[rule.setting] if rule.setting else {})})
    return rule


def _each(template: str, item: str) -> str:
    return template.replace("{item}", item).replace("{ITEM}", re.sub(r"\W", "_", item).upper())


def _text(template: str, settings: Mapping[str, Any]) -> str:
    """`{name}` becomes the setting, a list or table as a Python literal; `{name[0]}` one item, as bare text."""

    def value(match: re.Match[str]) -> str:
        setting = settings[match[1]]
        if match[2] is not None:
            return str(setting[int(match[2])])
        return setting if isinstance(setting, str) else json.dumps(setting, ensure_ascii=False)

    return _PLACEHOLDER.sub(value, template)
