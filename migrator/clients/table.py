"""What becomes of LiteLLM's calls and arguments at a target: a pack's `litellm.toml`, read, validated, looked up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from migrator.errors import MigrateError
from migrator.packs.load import builtin_folder
from migrator.primitives.checks import BOOL, NAME, NAMES, TEXT, TEXT_MAP, TEXTS, Check, accepts
from migrator.primitives.keys import key, required, toml_keys

TABLE_FILE = "litellm.toml"
TARGETS = ("llm-gateway", "portkey")


class Destination(StrEnum):
    """Where an argument goes."""

    KEYWORD = "keyword"  # of the SDK's method, under its name or another
    EXTRA_BODY = "extra_body"  # a field of the body that the SDK's method does not name
    OPTION = "option"  # of the client, for this call: `with_options`
    HEADER = "header"  # a header of the request
    CONFIG = "config"  # a path in Portkey's config
    FALLBACK = "fallback"  # the call is made again, with another model
    MODEL = "model"  # part of the model id
    DROP = "drop"
    MANUAL = "manual"


DESTINATION = Check({"enum": [d.value for d in Destination]}, f"one of {', '.join(Destination)}")


@dataclass(frozen=True)
class Argument:
    """One row: names of arguments (each may end or begin with `*`) and where they go."""

    names: list[str] = key(TEXTS, "the arguments")
    to: Destination = key(DESTINATION, "where they go")
    called: str = key(TEXT, "what they are called there; the same name by default", "", "as")
    of: list[str] = key(NAMES, "the functions it is about; all by default", [])
    note: str = key(TEXT, "what differs, or what to do instead", "")
    differs: bool = key(BOOL, "whether a call that gives it behaves otherwise, as the note says", False)
    internal: bool = key(BOOL, "whether only LiteLLM itself passes it on, so that a client need not know it", False)

    def covers(self, name: str) -> bool:
        """Whether `name` is one of its names."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)


@dataclass(frozen=True)
class Function:
    """A public callable of LiteLLM and the SDK's method it becomes."""

    name: str = key(NAME, "its name")
    asynchronous: str = key(NAME, "the name of its asynchronous form", toml="async")
    method: str = key(TEXT, "the SDK's method, dotted from the client")
    order: list[str] = key(NAMES, "its parameters by position")
    keep: list[str] = key(NAMES, "arguments that the method takes under the same name and puts into the body")
    takes: list[str] = key(NAMES, "which of timeout, extra_headers, extra_query, extra_body the method takes")
    async_order: list[str] = key(NAMES, "those of its asynchronous form, where they differ", [], "async-order")
    defaults: Mapping[str, str] = key(TEXT_MAP, "arguments the method needs to answer as LiteLLM does", {})
    parse: str = key(TEXT, "the method that takes a model class as response_format", "")
    otherwise: list[str] = key(NAMES, "keywords of the method that are something else for LiteLLM", [])
    alone: bool = key(BOOL, "whether the method can be called on any client of the SDK", True)

    def order_of(self, name: str) -> list[str]:
        """The parameters by position of the callable `name`, which is this function or its asynchronous form."""
        return self.async_order or self.order if name == self.asynchronous else self.order


@dataclass(frozen=True)
class Models:
    """How LiteLLM's model ids are spelled at the target."""

    providers: Mapping[str, str] = key(TEXT_MAP, "LiteLLM's provider = the target's")
    unserved: list[str] = key(TEXTS, "beginnings of ids that the target cannot serve under another name")
    unserved_note: str = key(TEXT, "why", toml="unserved-note")
    prefix: str = key(Check({"type": "string"}, "text"), "what a migrated id begins with", "")
    strip: list[str] = key(TEXTS, "providers that only stand before another id", [])
    bare: Mapping[str, str] = key(TEXT_MAP, "beginning of an id without provider = its provider for LiteLLM", {})
    limited: Mapping[str, str] = key(TEXT_MAP, "a part of ids = max_tokens of chats that have no limit", {})


@dataclass(frozen=True)
class _Head:
    target: str = key(Check({"enum": list(TARGETS)}, f"one of {', '.join(TARGETS)}"), "the target")
    package: str = key(NAME, "the package of its SDK")
    key_variable: str = key(NAME, "the environment variable of its key", toml="key-variable")
    url_variable: str = key(NAME, "that of its address", toml="url-variable")
    url: str = key(TEXT, "its public address")
    unknown: str = key(DESTINATION, "where an argument goes that no row names")
    models: Mapping[str, Any] = key(Check({"type": "object"}, "a table"), "see Models")
    manual: Mapping[str, str] = key(TEXT_MAP, "callables that have no counterpart = what to do instead")
    function: list[Any] = key(Check({"type": "array", "items": {}}, "written [[function]]"), "see Function")
    argument: list[Any] = key(Check({"type": "array", "items": {}}, "written [[argument]]"), "see Argument")


@dataclass(frozen=True)
class Table:
    """Everything that is known of one target."""

    target: str
    package: str
    key_variable: str
    url_variable: str
    url: str
    unknown: Destination
    models: Models
    functions: Mapping[str, Function]  # by the names of both forms
    arguments: tuple[Argument, ...]
    manual: Mapping[str, str]

    def argument(self, function: str, name: str) -> Argument:
        """Where the argument `name` of a call of `function` goes; a row is made up for what only the function tells.

        Raises KeyError for a function without a counterpart.
        """
        its = self.functions[function]
        rows = [row for row in self.arguments if row.covers(name)]
        for row in rows:
            if its.name in row.of:
                return row
        if name in its.keep or name in its.takes:
            return Argument([name], Destination.KEYWORD)
        return next((row for row in rows if not row.of), Argument([name], self.unknown))

    def reason(self, function: str) -> str | None:
        """Why `function` has no counterpart, and what to do; None when it has one or is not known at all."""
        return next((note for name, note in self.manual.items() if fnmatchcase(function, name)), None)


@cache
def load(target: str) -> Table:
    """The table of a target that ships; MigrateError for an unknown one."""
    if target not in TARGETS:
        raise MigrateError(f"LiteLLM is not migrated to {target!r}; targets are: {', '.join(TARGETS)}")
    return read(builtin_folder() / f"litellm-to-{target}" / TABLE_FILE)


def read(path: Path) -> Table:
    """The table in a file; MigrateError with file, row and key in one sentence where it is not a valid one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MigrateError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MigrateError(f"{path}: not valid TOML: {error}") from error
    faults = _faults(data)
    if fault := next(faults, None):
        raise MigrateError(f"{path}: {fault}")
    functions = [Function(**_values(Function, row)) for row in data["function"]]
    head = _values(_Head, data)
    return Table(
        target=head["target"],
        package=head["package"],
        key_variable=head["key_variable"],
        url_variable=head["url_variable"],
        url=head["url"],
        unknown=Destination(head["unknown"]),
        models=Models(**_values(Models, data["models"])),
        functions={name: f for f in functions for name in (f.name, f.asynchronous)},
        arguments=tuple(_argument(row) for row in data["argument"]),
        manual=head["manual"],
    )


def _argument(row: Mapping[str, Any]) -> Argument:
    values = _values(Argument, row)
    return Argument(**{**values, "to": Destination(values["to"])})


def _values(table: type, row: Mapping[str, Any]) -> dict[str, Any]:
    keys = toml_keys(table)
    return {keys[name].name: value for name, value in row.items()}


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong, in the order of the file's parts; later checks rest on earlier ones, so the first one counts."""
    yield from _row_faults(_Head, data, "")
    yield from _row_faults(Models, data["models"], "[models] ")
    for kind, table in (("function", Function), ("argument", Argument)):
        for number, row in enumerate(data[kind], 1):
            yield from _row_faults(table, row, f"[[{kind}]] {number}: ")
    names = [name for row in data["function"] for name in (row["name"], row["async"])]
    yield from (f"function {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1}))
    yield from (f"[manual] {name}: it is a function, too" for name in sorted(data["manual"].keys() & set(names)))
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(data["argument"], 1):
        where = f"[[argument]] {number}: "
        yield from (f"{where}of: no function is called {name!r}" for name in row.get("of", ()) if name not in names)
        for pair in ((name, of) for name in row["names"] for of in row.get("of") or ("",)):
            if pair in seen:
                yield f"{where}{pair[0]!r} is given twice"
            seen.add(pair)
        if row["to"] in ("option", "header", "config") and "as" not in row:
            yield f"{where}key `as` is missing: {row['to']} needs to be called something"
        if row["to"] == "manual" and "note" not in row:
            yield f"{where}key `note` is missing: say what to do instead"


def _row_faults(table: type, row: object, where: str) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{where}must be a table"
        return
    keys = toml_keys(table)
    for name, value in row.items():
        if name not in keys:
            yield f"{where}unknown key `{name}`; it has {', '.join(keys)}"
        elif not accepts(keys[name].metadata["check"].schema, value):
            yield f"{where}{name}: {value!r} is not {keys[name].metadata['check'].says}"
    yield from (f"{where}key `{name}` is missing" for name in required(table) if name not in row)
