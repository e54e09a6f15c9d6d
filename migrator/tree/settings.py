"""The user's settings: `[tool.migrate]` in the root's pyproject.toml, checked, with the line of whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrator.errors import MigrateError
from migrator.tree.defaults import BACKUP_DIR, RULES_PATH


@dataclass(frozen=True)
class Settings:
    """What holds when pyproject.toml says nothing. Paths are relative to the root, globs are those of .gitignore.

    `packs` is written as a list of names, or as tables `[tool.migrate.packs.NAME]` that name the packs and give each
    its `overrides`. What stands inside the tables of `overrides` and `sql` is for their users to check.
    """

    packs: tuple[str, ...] = ()
    overrides: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    rules_path: str = RULES_PATH
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    backup_dir: str = BACKUP_DIR
    text: bool = False
    safe_only: bool = False
    baseline: str | None = None
    sql: tuple[Mapping[str, object], ...] = ()
    line_length: int = 0  # of code, as a formatter is told; 0 where none is


def load(root: Path) -> Settings:
    """The settings of the project at `root`. Raises MigrateError on a key or a value that makes no sense."""
    source = root / "pyproject.toml"
    try:
        data = source.read_bytes() if source.is_file() else b""
    except OSError as error:
        raise MigrateError(f"pyproject.toml: cannot be read: {error.strerror}") from error
    if b"migrate" not in data:  # spares most runs the import of tomllib
        return Settings(line_length=_line_length(data))
    import tomllib

    try:
        text = data.decode()
        tool = tomllib.loads(text).get("tool")
    except ValueError as error:
        raise MigrateError(f"pyproject.toml: not valid TOML: {error}") from error
    table = tool.get("migrate", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise MigrateError(f"pyproject.toml:{_line(text, 'tool', 'migrate')}: [tool.migrate] must be a table")
    values: dict[str, object] = {}
    for key, value in table.items():
        try:
            values |= _fields(key, value)
        except ValueError as fault:
            line = _line(text, "tool", "migrate", key)
            raise MigrateError(f"pyproject.toml:{line}: [tool.migrate] {key}: {fault}") from fault
    return Settings(**values, line_length=_line_length(data))  # type: ignore[arg-type]  # `_fields` checked each value


def _line_length(data: bytes) -> int:
    """What ruff or black is told in pyproject.toml, or takes by itself where it is told other things."""
    found = re.search(
        rb"^\[tool\.(?:ruff|black)\](?:(?!^\[).)*?^line-length\s*=\s*(\d+)", data, re.DOTALL | re.MULTILINE
    )
    if found:
        return int(found[1])
    return _FORMATTERS if re.search(rb"^\[tool\.(?:ruff|black)\b", data, re.MULTILINE) else 0


_FORMATTERS = 88  # characters of a line
_KINDS = {
    "packs": "a list of names, or a table of tables",
    "rules_path": "a path",
    "include": "a list of globs",
    "exclude": "a list of globs",
    "backup_dir": "a path",
    "text": "true or false",
    "safe_only": "true or false",
    "baseline": "a path",
    "sql": "a list of tables",
}


def _fields(key: str, value: object) -> dict[str, object]:
    """The fields of Settings that one key fills. Raises ValueError saying what the key takes."""
    match key, value:
        case "packs", dict() if _all(value.values(), dict):
            return {"packs": tuple(value), "overrides": value}
        case (("packs" | "include" | "exclude"), list()) if _all(value, str):
            return {key: tuple(value)}
        case "sql", list() if _all(value, dict):
            return {key: tuple(value)}
        case (("text" | "safe_only"), bool()) | (("rules_path" | "backup_dir" | "baseline"), str()):
            return {key: value}
    raise ValueError(f"must be {_KINDS[key]}" if key in _KINDS else f"unknown key; known keys: {', '.join(_KINDS)}")


def _all(values: Iterable[object], kind: type) -> bool:
    return all(isinstance(value, kind) for value in values)


def _line(text: str, *keys: str) -> int:
    """The line where the statement begins that first sets `keys`: without it, the lines above do not set them."""
    import tomllib

    lines = text.split("\n")
    start = 1
    for end in range(1, len(lines) + 1):
        try:
            table: object = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:  # the cut is inside a statement of several lines
            continue
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if table is not None:
            break
        start = end + 1
    return start
