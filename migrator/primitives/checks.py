"""What a key of a pack file accepts, as JSON Schema, and how to say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from migrator.sites import Status


class Check(NamedTuple):
    """What a key accepts: its JSON Schema, and how to say so in a sentence."""

    schema: Mapping[str, Any]
    says: str


_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_DOTTED = rf"{_NAME}(\.{_NAME})*"
_DISTRIBUTION = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = rf"(\[{_DISTRIBUTION}(,{_DISTRIBUTION})*\])?"
_CLAUSE = r"(===?|~=|!=|<=?|>=?)[A-Za-z0-9.*+!_-]+"
_GLOB = r"(?=.)[A-Za-z0-9_]*(\*[A-Za-z0-9_]*){0,3}"

TEXT = Check({"type": "string", "minLength": 1}, "text")
BOOL = Check({"type": "boolean"}, "true or false")
ID = Check({"type": "string", "pattern": r"^[a-z0-9]+([.-][a-z0-9]+)*$"}, "a rule id such as `agentcore.module`")
PACK_NAME = Check(
    {"type": "string", "minLength": 1, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}, "lower-case words joined by `-`"
)
TEXTS = Check({"type": "array", "items": TEXT.schema}, "a list of text")
TABLE = Check({"type": "object"}, "a table")
NAME = Check({"type": "string", "pattern": rf"^{_NAME}$"}, "a Python name")
DOTTED = Check({"type": "string", "pattern": rf"^{_DOTTED}$"}, "a dotted name such as `package.module`")
DOTTED_LIST = Check({"type": "array", "items": DOTTED.schema, "minItems": 1}, "a list of dotted names")
GLOB = Check({"type": "string", "pattern": rf"^{_GLOB}$"}, "a name in which up to three `*` stand for any text")
NAME_MAP = Check(
    {
        "type": "object",
        "patternProperties": {rf"^{_GLOB}$": GLOB.schema},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "a table of old name = new name, in which up to three `*` stand for any text",
)
NAMES = Check({"type": "array", "items": NAME.schema}, "a list of Python names")
TEXT_MAP = Check({"type": "object", "additionalProperties": {"type": "string"}}, "a table of text = text")
FIELDS = Check(
    {"type": "object", "additionalProperties": TEXT_MAP.schema, "minProperties": 1}, "a table of tables of text = text"
)
STATUS = Check({"enum": [s.value for s in (Status.MIGRATED, Status.REVIEW)]}, "`migrated` or `review`")
DISTRIBUTION = Check(
    {"type": "string", "pattern": rf"^{_DISTRIBUTION}$"}, "the name of a distribution, as a package index has it"
)
REQUIREMENT = Check(
    {"type": "string", "pattern": rf"^({_DISTRIBUTION}{_EXTRAS}({_CLAUSE}(,{_CLAUSE})*)?)?$"},
    "a requirement such as `openai>=2,<4`, with neither marker nor URL",
)
REQUIREMENTS = Check({"type": "array", "items": REQUIREMENT.schema}, "a list of requirements")
GLOBS = Check({"type": "array", "items": GLOB.schema, "minItems": 1}, "a list of names, where `*` stands for any text")
MATCH = Check({"enum": ["equals", "contains"]}, "`equals` or `contains`")
BUILT = Check(
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "message": TEXT.schema,
                **{
                    k: NAMES.schema
                    for k in ("order", "needs", "drop", "by-hand", "imports", "takes", "fields", "configs", "as-json")
                },
                **{k: TEXT_MAP.schema for k in ("given", "invented", "nested", "allowed", "values", "within", "named")},
                "first": NAME.schema,
                "validates": BOOL.schema,
                "differs": TEXT.schema,
            },
            "required": ["message"],
            "additionalProperties": False,
        },
    },
    "a table of old name = how one is built, as docs/packs.md says",
)
DESTINATION = Check(
    {
        "enum": [
            *("key", "url", "provider", "config", "labels", "timeout", "retries", "header", "keyword", "drop"),
            "manual",
        ]
    },
    "`key`, `url`, `provider`, `config`, `labels`, `timeout`, `retries`, `header`, `keyword`, `drop` or `manual`",
)
STANDING = Check({"enum": [s.value for s in (Status.MIGRATED, Status.REVIEW, Status.MANUAL)]}, "a status")
MENDS = Check(
    {"enum": ["conditions", "targets", "statuses", "weights", "slugs", "cache", "unread", "elsewhere"]},
    "`conditions`, `targets`, `statuses`, `weights`, `slugs`, `cache`, `unread` or `elsewhere`",
)
FOR_EACH = Check(
    {
        "type": "object",
        "properties": {k: {"type": "string"} for k in ("setting", "name", "value")},
        "required": ["setting", "name", "value"],
        "additionalProperties": False,
    },
    "a table with `setting`, `name` and `value`",
)


def accepts(schema: Mapping[str, Any], value: object) -> bool:
    """Whether `value` fits the few words of JSON Schema that the primitives use."""
    if not schema:
        return True
    if "enum" in schema:
        return value in schema["enum"]
    kind = {"string": str, "boolean": bool, "array": list, "object": dict}[schema["type"]]
    if not isinstance(value, kind):
        return False
    if isinstance(value, str):
        fits = "pattern" not in schema or re.fullmatch(schema["pattern"], value)  # a `$` alone lets a newline follow
        return len(value) >= schema.get("minLength", 0) and bool(fits)
    if isinstance(value, list):
        return len(value) >= schema.get("minItems", 0) and all(accepts(schema["items"], item) for item in value)
    return not isinstance(value, dict) or _accepts_table(schema, value)


def _accepts_table(schema: Mapping[str, Any], value: Mapping[str, object]) -> bool:
    if len(value) < schema.get("minProperties", 0) or any(name not in value for name in schema.get("required", ())):
        return False
    named, patterns, others = (schema.get(k, {}) for k in ("properties", "patternProperties", "additionalProperties"))
    for name, item in value.items():
        fitting = named.get(name) or next((s for p, s in patterns.items() if re.fullmatch(p, name)), others)
        if fitting is False or not accepts(fitting, item):
            return False
    return True
