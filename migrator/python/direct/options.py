"""Arguments that become options of the client for one call: as they are, or converted where their value is laid out."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from migrator.python.direct.request import NotKnownError

_AS_THEY_ARE = {"max_retries", "trace_id"}
_PLAIN = re.compile(r"([!-~]([ -~]*[!-~])?)?")  # what a header can hold as it is


def option(name: str, called: str, value: ast.expr) -> str | None:
    """The Python text of an option that is converted, "" where there is nothing to set; None for one that is not.

    Raises NotKnownError where the value is not laid out, or the option is not one of those that are converted.
    """
    if called in _AS_THEY_ARE:
        return None
    known = laid_out(name, value)
    match called:
        case "request_timeout" if isinstance(known, int | float) and known:
            return str(int(1000 * known))
        case "cache_force_refresh":
            return "True" if opts_out(known) else ""
        case "metadata":
            return json.dumps(labels(name, known), ensure_ascii=False)
    raise NotKnownError(f"{name}: the client would have to be told more than its value")


def laid_out(name: str, value: ast.expr) -> object:
    """The value of a literal. Raises NotKnownError for anything else."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise NotKnownError(f"{name}: only run time knows what it becomes") from None


def opts_out(value: object) -> bool:
    """Whether `cache` or `caching` says that an answer must not come from a cache."""
    return value is False or (isinstance(value, dict) and bool(value.get("no-cache")))


def labels(name: str, value: object) -> dict[str, str]:
    """The labels of metadata, or of tags, each as a text that a header can hold."""
    given: Mapping[str, Any] = value if name != "tags" else {"tags": value}  # type: ignore[assignment]
    if not isinstance(given, dict) or not all(isinstance(label, str) for label in given):
        raise NotKnownError(f"{name}: it is no dict of labels")
    return {label: _text(each) for label, each in given.items()}


def _text(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, default=str)
