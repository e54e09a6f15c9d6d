"""Reading untrusted JSON objects: every fault is noted where it stands, in the words of Portkey's validator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Step = str | int
Steps = tuple[Step, ...]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_ERRORS = 20
_MOST_WARNINGS = 10
_LONGEST_WARNING = 160  # warnings travel in a header


class Notes:
    """What a config is told: errors end it, warnings go along with it."""

    def __init__(self) -> None:
        self._errors: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    @property
    def errors(self) -> tuple[str, ...]:
        """Lines like `path: strategy,mode, message: …`, the first twenty of them."""
        return tuple(self._errors)[:_MOST_ERRORS]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Short lines of printable ASCII. Where there are too many, the last one counts the rest."""
        lines = tuple(self._warnings)
        if len(lines) <= _MOST_WARNINGS:
            return lines
        return (*lines[: _MOST_WARNINGS - 1], f"and {len(lines) - _MOST_WARNINGS + 1} more")

    def error(self, path: Steps, message: str) -> None:
        """Note a fault at a path of keys and indexes."""
        self._errors[f"path: {','.join(map(str, path))}, message: {message}"] = None

    @property
    def faults(self) -> int:
        """How many errors there are, also where `errors` leaves some out."""
        return len(self._errors)

    def warn(self, path: Steps, message: str) -> None:
        """Note what will not do what it seems to, at the node that `path` leads to or into."""
        line = f"{node_path(path)}: {message}".encode("ascii", "backslashreplace").decode("ascii")
        self._warnings[_CONTROL.sub("?", line)[:_LONGEST_WARNING]] = None


class Fields:
    """An object with its keys in snake_case. Each reader returns None where the key is absent or wrong."""

    def __init__(self, values: Mapping[str, Any], known: frozenset[str], path: Steps, notes: Notes) -> None:
        self.path = path
        self.notes = notes
        self._values = _in_snake_case(values, known)
        if unknown := sorted(set(self._values).difference(known)):
            part = "" if not path or (isinstance(path[-1], int) and path[-2] == "targets") else f" in {path[-1]}"
            self.warn(f"unknown keys ignored{part}: {', '.join(unknown[:8])}")

    @classmethod
    def of(cls, value: Any, known: frozenset[str], path: Steps, notes: Notes) -> Fields | None:
        """As the constructor, of anything; what is no object is a fault."""
        if (kind := kind_of(value)) == "object":
            return cls(value, known, path, notes)
        notes.error(path, f"Expected object, received {kind}")
        return None

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str, message: str) -> None:
        """Note a fault of one key."""
        self.notes.error((*self.path, key), message)

    def warn(self, message: str) -> None:
        """Note what will not do what it seems to."""
        self.notes.warn(self.path, message)

    def require(self, key: str) -> None:
        """Note it where the key is absent."""
        if key not in self._values:
            self.error(key, "Required")

    def string(self, key: str) -> str | None:
        """Any text."""
        value: str | None = self._of_kind(key, "string")
        return value

    def header(self, key: str) -> str | None:
        """A text that may be part of a header or a URL: control characters are a fault."""
        value = self.string(key)
        if value is not None and _CONTROL.search(value):
            self.error(key, "Control characters are not allowed")
            return None
        return value

    def choice(self, key: str, choices: Iterable[str], label: str) -> str | None:
        """One of `choices`; `label` is what the message calls the key."""
        value = self.string(key)
        if value is not None and value not in choices:
            self.error(key, f"Invalid '{label}' value. Must be one of: {', '.join(choices)}")
            return None
        return value

    def number(self, key: str) -> float | None:
        """A finite number."""
        value: float | None = self._of_kind(key, "number")
        return value

    def at_least(self, key: str, minimum: float) -> float | None:
        """A number that is not below `minimum`."""
        value = self.number(key)
        if value is not None and value < minimum:
            self.error(key, f"Number must be greater than or equal to {minimum}")
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        """True or false."""
        value: bool | None = self._of_kind(key, "boolean")
        return value

    def mapping(self, key: str) -> dict[str, Any] | None:
        """An object, as it is."""
        value: dict[str, Any] | None = self._of_kind(key, "object")
        return value

    def array(self, key: str) -> list[Any] | None:
        """A list of anything."""
        value: list[Any] | None = self._of_kind(key, "array")
        return value

    def strings(self, key: str) -> tuple[str, ...] | None:
        """A list of texts without control characters."""
        items = self._items(key, "string")
        if items is not None and any(_CONTROL.search(item) for item in items):
            self.error(key, "Control characters are not allowed")
            return None
        return None if items is None else tuple(items)

    def codes(self, key: str) -> frozenset[int] | None:
        """A list of HTTP status codes. Numbers that are no status can never be met and are left out."""
        items = self._items(key, "number")
        return (
            None if items is None else frozenset(int(item) for item in items if item == int(item) and abs(item) < 1e6)
        )

    def fields(self, key: str, known: frozenset[str]) -> Fields | None:
        """An object whose keys are read in turn."""
        value = self.mapping(key)
        return None if value is None else Fields(value, known, (*self.path, key), self.notes)

    def _of_kind(self, key: str, kind: str) -> Any:
        if key not in self._values:
            return None
        return self._values[key] if self._is(kind, self._values[key], (*self.path, key)) else None

    def _items(self, key: str, kind: str) -> list[Any] | None:
        items = self.array(key)
        if items is None:
            return None
        sound = [self._is(kind, item, (*self.path, key, index)) for index, item in enumerate(items)]
        return items if all(sound) else None

    def _is(self, kind: str, value: Any, path: Steps) -> bool:
        found = kind_of(value)
        if found != kind:
            self.notes.error(path, f"Expected {kind}, received {found}")
        return found == kind


def node_path(path: Steps) -> str:
    """The node that a path leads to or into, as Portkey writes it: `config.targets[1].targets[0]`."""
    node = "config"
    for key, index in zip(path[::2], path[1::2], strict=False):
        if key != "targets":
            break
        node += f".targets[{index}]"
    return node


def kind_of(value: Any) -> str:
    """The name that JSON, and Portkey's messages, have for a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _in_snake_case(values: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Known keys as we spell them; where both spellings are there, snake_case counts."""
    spellings = _spellings(known)
    camel = {spellings[key]: value for key, value in values.items() if key in spellings}
    return camel | {key: value for key, value in values.items() if key not in spellings or spellings[key] == key}


@lru_cache
def _spellings(known: frozenset[str]) -> dict[str, str]:
    return {camel_case(key): key for key in known}


def camel_case(key: str) -> str:
    """`override_params` -> `overrideParams`."""
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)
