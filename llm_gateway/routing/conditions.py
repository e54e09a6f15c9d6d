"""Conditional queries: MongoDB-like objects over a request, with the meaning that Portkey's router gives them.

A query maps keys to literals (strict equality) or to operators. A key is read as its first two segments, such as
`params.model`, `metadata.plan` or `url.pathname`. `$and` and `$or` decide alone: the keys after them are not looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.routing import patterns
from llm_gateway.routing.patterns import Patience

MOST_NESTED = 10
ROOTS = ("params", "metadata", "url")
_MISSING = object()  # JavaScript's undefined: equal to nothing that a config can hold, null included
_NUMBER = re.compile(r"\s*([+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))")

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "$gt": lambda left, right: left > right,
    "$gte": lambda left, right: left >= right,
    "$lt": lambda left, right: left < right,
    "$lte": lambda left, right: left <= right,
}
OPERATORS = frozenset({"$eq", "$ne", "$in", "$nin", "$regex", *_COMPARISONS})


def matches(
    query: Mapping[str, Any],
    *,
    params: object,
    metadata: object,
    path: str,
    patience: Patience | None = None,
) -> bool:
    """Whether a request with this body, metadata and URL path satisfies `query`.

    `patience` is the time left for patterns; several queries of one decision share it. Raises GatewayError for an
    operator that does not exist, once evaluation gets to it.
    """
    context = {"params": params, "metadata": metadata, "url": {"pathname": path}}
    return _true(query, context, patience or Patience())


def nested_too_deep(query: Mapping[str, Any], left: int = MOST_NESTED) -> bool:
    """Whether `$and` and `$or` stand in one another more than MOST_NESTED times."""
    return left < 0 or any(nested_too_deep(part, left - 1) for part in _parts(query))


def _parts(query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("$and", "$or"):
        listed = query.get(key)
        yield from (part for part in listed if isinstance(part, Mapping)) if isinstance(listed, list) else ()


def complaints(query: Mapping[str, Any]) -> Iterator[str]:
    """What in a query cannot work, with its mend, one line each."""
    for part in _parts(query):
        yield from complaints(part)
    for key, wanted in query.items():
        if key in ("$and", "$or") and isinstance(wanted, list):
            if not all(isinstance(part, Mapping) for part in wanted):
                yield f"what is no object in {key} is never true"
            continue
        segments = key.split(".")
        if len(segments) == 1 or segments[0] not in ROOTS:
            yield f"query key '{key}' is never true; write 'params.{key}', 'metadata.{key}' or 'url.pathname'"
        elif len(segments) > 2:
            yield f"query key '{key}' is read as '{'.'.join(segments[:2])}'"
        if isinstance(wanted, Mapping):
            yield from _operator_complaints(wanted)


def patterns_in(query: Mapping[str, Any]) -> Iterator[str]:
    """The regular expressions of a query."""
    for part in _parts(query):
        yield from patterns_in(part)
    for wanted in query.values():
        if isinstance(wanted, Mapping) and "$regex" in wanted:
            yield as_text(wanted["$regex"])


def _operator_complaints(operators: Mapping[str, Any]) -> Iterator[str]:
    for operator, operand in operators.items():
        if operator not in OPERATORS:
            yield f"operator '{operator}' is not supported; there are {', '.join(sorted(OPERATORS))}, $and, $or"
        elif operator in ("$in", "$nin") and not isinstance(operand, list):
            yield f"{operator} needs a list and is never true"


def _true(query: Mapping[str, Any], context: Mapping[str, Any], patience: Patience) -> bool:
    for key, wanted in query.items():
        if key in ("$or", "$and") and isinstance(wanted, list):
            parts = (isinstance(part, Mapping) and _true(part, context, patience) for part in wanted)
            return any(parts) if key == "$or" else all(parts)
        value = _value(key, context)
        if isinstance(wanted, Mapping):
            if not _satisfies(value, wanted, patience):
                return False
        elif isinstance(wanted, list) and wanted:
            raise _unsupported("0")  # a list is an object whose keys are its indexes
        elif not isinstance(wanted, list) and not _same(value, wanted):
            return False
    return True


def _satisfies(value: Any, operators: Mapping[str, Any], patience: Patience) -> bool:
    for operator, operand in operators.items():
        if operator == "$regex":
            return patterns.search(as_text(operand), as_text(value), patience)
        if not _holds(operator, value, operand):
            return False
    return True


def _holds(operator: str, value: Any, operand: Any) -> bool:
    match operator:
        case "$eq":
            return _same(value, operand)
        case "$ne":
            return not _same(value, operand)
        case "$in":
            return isinstance(operand, list) and any(_same(value, item) for item in operand)
        case "$nin":
            return isinstance(operand, list) and not any(_same(value, item) for item in operand)
        case _ if comparison := _COMPARISONS.get(operator):
            return comparison(_number(value), _number(operand))
        case _:
            raise _unsupported(operator)


def _value(key: str, context: Mapping[str, Any]) -> Any:
    """The value under the first two segments of a key. Segments after them are not read, as in Portkey."""
    segments = key.split(".")
    parent = context.get(segments[0])
    if len(segments) == 1 or not isinstance(parent, Mapping):
        return _MISSING
    return parent.get(segments[1], _MISSING)


def _same(left: Any, right: Any) -> bool:
    """JavaScript's `===`: no two objects are the same, and true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return isinstance(left, str | int | float | None) and isinstance(right, str | int | float | None) and left == right


def _number(value: Any) -> float:
    """JavaScript's parseFloat: the number at the start of the text, else NaN, which is neither more nor less."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    found = _NUMBER.match(as_text(value))
    return float(found[1].replace("Infinity", "inf")) if found else math.nan


def as_text(value: Any) -> str:
    """JavaScript's String() of a JSON value, one level deep."""
    if isinstance(value, list):
        return ",".join("" if item is None else _text_of_one(item) for item in value)
    return _text_of_one(value)


def _text_of_one(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        # An int of any length has a text this way, where str() would refuse.
        return str(int(value)) if abs(value) < 1e21 and value == int(value) else repr(float(min(value, 10**308)))
    return "undefined" if value is _MISSING else "[object Object]"


def _unsupported(operator: str) -> GatewayError:
    return GatewayError(f"Unsupported operator used in the query router: {operator}")
