"""An instance for a JSON Schema, always the same one: what the mock answers where a schema binds it."""

from __future__ import annotations

import math
import re
from typing import Any

from llm_gateway.core.types import JSON

_DEPTH = 6  # below it only what is required is filled in, so that recursive schemas end
_LIMIT = 64  # below it a schema cannot be met
_OPTIONAL = 200  # values after which only what is required is filled in
_MOST = 10_000  # values, or characters of a text
_WORDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("allOf", "anyOf", "enum", "oneOf", "prefixItems", "required"), (list,)),
    **dict.fromkeys(("maxItems", "maxLength", "minItems", "minLength", "minProperties"), (int,)),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"), (int, float)),
    **dict.fromkeys(("$ref", "format", "pattern"), (str,)),
    "properties": (dict,),
    "type": (str, list),
}
_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "mock@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class NoInstance(ValueError):
    """The schema cannot be met, or only in a way that is not known here; the message says where and why."""


def instance(schema: Any) -> Any:
    """A value valid under `schema`. Raises NoInstance, for one for a `pattern` that no simple text matches."""
    return _Maker(schema).value(schema, "$", 0)


class _Maker:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._made = 0

    def value(self, schema: Any, place: str, depth: int) -> Any:
        self._made += 1
        if self._made > _MOST:
            raise NoInstance(f"{place}: more than {_MOST} values")
        if schema is True or schema == {}:
            return "mock"
        if not isinstance(schema, dict):
            raise NoInstance(f"{place}: {'nothing is valid here' if schema is False else 'not a schema'}")
        schema = self._flat(schema, place, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {key: value for key, value in schema.items() if key != word}
                return self._first(rest, schema[word], place, depth)
        kind = schema.get("type") or _implied(schema)
        kind = kind[0] if isinstance(kind, list) and kind else kind
        match kind:
            case "object":
                return self._object(schema, place, depth)
            case "array":
                return self._array(schema, place, depth)
            case "string":
                return _string(schema, place)
            case "integer" | "number":
                return _number(schema, place, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
        raise NoInstance(f"{place}: there is no type {kind!r}")

    def _flat(self, schema: Any, place: str, depth: int) -> Any:
        """The schema with its reference followed and its `allOf` merged in."""
        if depth > _LIMIT:
            raise NoInstance(f"{place}: the schema has no end")
        if not isinstance(schema, dict):
            return schema
        for word in schema.keys() & _WORDS.keys():
            if not isinstance(schema[word], _WORDS[word]):
                raise NoInstance(f"{place}: {word} has a wrong value")
        if not schema.keys() & {"$ref", "allOf"}:
            return schema
        parts = schema.get("allOf", [])
        merged = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        if "$ref" in schema:
            parts = [self._referred(schema["$ref"], place), *parts]
        for part in parts:
            merged = _merged(self._flat(part, place, depth + 1), merged)
        return merged

    def _referred(self, reference: str, place: str) -> Any:
        target = self._root
        if not reference.startswith("#"):
            raise NoInstance(f"{place}: $ref {reference} leads outside")
        for step in reference[1:].strip("/").split("/") if reference not in ("#", "#/") else ():
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, dict) or step not in target:
                raise NoInstance(f"{place}: $ref {reference} leads nowhere")
            target = target[step]
        return target

    def _first(self, rest: JSON, branches: list[Any], place: str, depth: int) -> Any:
        """The first branch that has an instance, of those deep down the shortest: that is what ends a recursion."""
        ordered = sorted(branches, key=lambda each: len(str(each))) if depth > _DEPTH else branches
        problem = NoInstance(f"{place}: no branch to choose from")
        for branch in ordered:
            try:
                return self.value(_merged(branch, rest) if isinstance(branch, dict) else branch, place, depth + 1)
            except NoInstance as error:
                problem = error
        raise problem

    def _object(self, schema: JSON, place: str, depth: int) -> JSON:
        properties: JSON = schema.get("properties", {})
        required = schema.get("required", [])
        made: JSON = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            if name in required or (depth < _DEPTH and self._made < _OPTIONAL):
                beyond = schema.get("additionalProperties", True)
                made[name] = self.value(properties.get(name, beyond), f"{place}.{name}", depth + 1)
        number = 0
        while len(made) < schema.get("minProperties", 0):
            number += 1
            made[f"mock{number}"] = self.value(schema.get("additionalProperties", True), place, depth + 1)
        return made

    def _array(self, schema: JSON, place: str, depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        made = [self.value(each, f"{place}[{number}]", depth + 1) for number, each in enumerate(first)]
        least = schema.get("minItems", 0)
        wanted = max(least, min(1, schema.get("maxItems", 1)) if depth < _DEPTH and "items" in schema else 0)
        items = schema.get("items", True)
        while len(made) < wanted:
            made.append(self.value(items, f"{place}[{len(made)}]", depth + 1))
        if schema.get("uniqueItems") and len(made) > 1:
            return _distinct(made, items if isinstance(items, dict) else {}, place)
        return made


def _merged(lower: Any, upper: JSON) -> JSON:
    """Both schemas together; where they say the same word, `upper` holds, but properties and required add up."""
    if not isinstance(lower, dict):
        return upper
    both = {**lower, **upper}
    if "properties" in lower and "properties" in upper:
        both["properties"] = {**lower["properties"], **upper["properties"]}
    if "required" in lower and "required" in upper:
        both["required"] = [*lower["required"], *(name for name in upper["required"] if name not in lower["required"])]
    return both


def _implied(schema: JSON) -> str:
    if schema.keys() & {"properties", "required", "additionalProperties", "minProperties"}:
        return "object"
    if schema.keys() & {"items", "prefixItems", "minItems"}:
        return "array"
    if schema.keys() & {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"}:
        return "number"
    return "string"


def _string(schema: JSON, place: str) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if least > _MOST:
        raise NoInstance(f"{place}: a text of more than {_MOST} characters")
    if "pattern" in schema:
        try:
            pattern = re.compile(schema["pattern"])
        except re.error as error:
            raise NoInstance(f"{place}: the pattern is no regular expression: {error}") from error
        tries = (
            "mock",
            "a",
            "A",
            "0",
            "1",
            "00",
            "000",
            "0000",
            "123",
            "12345",
            "AB",
            "ABC",
            "A1",
            *_FORMATS.values(),
            "",
        )
        for text in tries:
            if least <= len(text) <= most and pattern.search(text):
                return text
        raise NoInstance(f"{place}: no text is known for the pattern {schema['pattern']}")
    text = _FORMATS.get(schema.get("format", ""), "mock")
    text = text if len(text) >= least else text + "x" * (least - len(text))
    return text if len(text) <= most else text[: int(most)]


def _number(schema: JSON, place: str, *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or (1 if whole else None)
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    if step:
        near = max(low, min(1, high))
        tries = [round(near / step + more) * step for more in (0, 1, -1, 2, -2)]
    else:
        middle = (low + high) / 2 if math.isfinite(low) and math.isfinite(high) else 1.0
        tries = [1.0, low + 1, high - 1, middle, low, high]
    for number in tries:
        if low <= number <= high and number not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")):
            return int(number) if whole or float(number).is_integer() else number
    raise NoInstance(f"{place}: no number fits")


def _distinct(made: list[Any], items: JSON, place: str) -> list[Any]:
    if "enum" in items and len(items["enum"]) >= len(made):
        return list(items["enum"][: len(made)])
    if all(isinstance(each, str) for each in made) and not items.keys() & {"pattern", "format", "maxLength", "const"}:
        return [f"{each}{number}" for number, each in enumerate(made)]
    if all(type(each) is int for each in made) and not items.keys() & {"maximum", "exclusiveMaximum", "multipleOf"}:
        return [each + number for number, each in enumerate(made)]
    raise NoInstance(f"{place}: {len(made)} different items are more than is known here")
