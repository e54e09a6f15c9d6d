"""What the translations to and from Anthropic share: reading JSON that may be anything, and what a model's name says.

Each reader gives the value as its name says, or raises `GatewayError` with one line that names the place.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON

# Thinking tokens for each of OpenAI's levels, on models that want a budget. Anthropic's least is 1024.
THINKING_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16000, "xhigh": 24000, "max": 32000}

_VERSION = re.compile(r"claude(?:-[a-z]+)*-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")


def an_object(value: Any, where: str) -> JSON:
    """`value`, if it is a JSON object."""
    if isinstance(value, dict):
        return value
    raise _wrong(where, "an object", value)


def a_list(value: Any, where: str) -> list[Any]:
    """`value`, if it is a list."""
    if isinstance(value, list):
        return value
    raise _wrong(where, "a list", value)


def objects(value: Any, where: str) -> list[JSON]:
    """`value`, if it is a list of JSON objects."""
    return [an_object(item, f"{where}[{i}]") for i, item in enumerate(a_list(value, where))]


def a_string(value: Any, where: str) -> str:
    """`value`, if it is a string."""
    if isinstance(value, str):
        return value
    raise _wrong(where, "a string", value)


def a_name(value: Any, where: str) -> str:
    """`value`, if it is a string with something in it."""
    if isinstance(value, str) and value:
        return value
    raise _wrong(where, "a string that is not empty", value)


def a_count(value: Any, where: str) -> int:
    """`value`, if it is a whole number above 0."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise _wrong(where, "a whole number above 0", value)


def a_number(value: Any, where: str) -> float:
    """`value`, if it is a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _wrong(where, "a number", value)


def tokens(usage: JSON, name: str) -> int:
    """A count of tokens in a usage object: 0 where it is absent, null or no whole number."""
    count = usage.get(name)
    return count if isinstance(count, int) else 0


def parsed_arguments(arguments: Any, where: str) -> JSON:
    """A tool call's arguments, from the JSON string that OpenAI has for them. An empty string is no arguments."""
    written = a_string(arguments, where)
    try:
        value = orjson.loads(written) if written.strip() else {}
    except orjson.JSONDecodeError:
        raise GatewayError(f"{where} must be a JSON object written as a string; this is not JSON") from None
    return an_object(value, f"{where}, as JSON,")


def written_arguments(arguments: Any, where: str) -> str:
    """The opposite of `parsed_arguments`."""
    try:
        return orjson.dumps(an_object(arguments, where)).decode()
    except TypeError:
        raise GatewayError(f"{where} holds a value that JSON cannot") from None


@lru_cache(maxsize=1024)
def version(model: str) -> tuple[int, int] | None:
    """(4, 5) of `claude-sonnet-4-5-20250929`, also with a prefix before it; None of names without a number."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def _wrong(where: str, wanted: str, value: Any) -> GatewayError:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null or missing"}
    shown = str(value) if type(value) in (int, float) else kinds.get(type(value), type(value).__name__)
    return GatewayError(f"{where} must be {wanted}, not {'an empty string' if value == '' else shown}")
