"""The tables of a pack file as primitives, or the fault and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from migrator.errors import MigrateError
from migrator.primitives.checks import accepts
from migrator.primitives.keys import required, toml_keys
from migrator.primitives.rule import Rule
from migrator.primitives.tables import TABLES, Head


class Fault:
    """Raises MigrateError at the line of a key: tomllib keeps no positions, so the text is searched for it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def __call__(self, what: str, *, table: str = "", index: int = 0, key: str = "") -> NoReturn:
        raise MigrateError(f"{self.path}:{self._line(table, index, key)}: {what}")

    def _line(self, table: str, index: int, key: str) -> int:
        start = 0
        if table:
            headers = [n for n, line in enumerate(self.lines) if re.match(rf"\s*\[\[?\s*{table}\s*\]", line)]
            start = headers[index] if index < len(headers) else 0
        for number in range(start, len(self.lines)):
            if number > start and self.lines[number].startswith("["):
                break
            if key and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", self.lines[number]):
                return number + 1
        return start + 1


def read_head(data: Mapping[str, Any], fault: Fault) -> Head:
    """What the file says before its rules, in which no key is unknown."""
    keys = (*toml_keys(Head), *TABLES)
    for name in data:
        if name not in keys:
            fault(f"unknown key `{name}`; a pack has {', '.join(keys)}", table=name, key=name)
    head: Head = _read_table(Head, {name: value for name, value in data.items() if name not in TABLES}, fault)
    return head


def read_rules(data: Mapping[str, Any], inherited: Mapping[str, Rule], fault: Fault) -> Iterator[Rule]:
    """The pack's own rules; one that is inherited as well needs only the keys in which it differs."""
    seen: set[str] = set()
    for table, primitive in TABLES.items():
        rows = data.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            fault(f"`{table}` must be written [[{table}]]", table=table, key=table)
        for index, row in enumerate(rows):
            base = inherited.get(str(row.get("id")))
            if base is not None and type(base) is not primitive:
                what = next(name for name, each in TABLES.items() if type(base) is each)
                fault(
                    f"rule {base.id!r} is inherited as [[{what}]]: disable that one", table=table, index=index, key="id"
                )
            rule = _read_table(primitive, row, fault, table, index, base)
            if rule.id in seen:
                fault(f"rule id {rule.id!r} is given twice", table=table, index=index, key="id")
            seen.add(rule.id)
            yield rule


def _read_table(
    primitive: type, row: Mapping[str, Any], fault: Fault, table: str = "", index: int = 0, base: Any = None
) -> Any:
    """An instance of `primitive`: of the head of a pack, or of the row `index` of `table`, over its `base`."""
    keys, where = toml_keys(primitive), f"[[{table}]]: " if table else ""
    values = {}
    for name, value in row.items():
        if name not in keys:
            fault(f"{where}unknown key `{name}`; it has {', '.join(keys)}", table=table, index=index, key=name)
        check = keys[name].metadata["check"]
        if not accepts(check.schema, value):
            fault(f"{where}{name}: {value!r} is not {check.says}", table=table, index=index, key=name)
        values[keys[name].name] = value
    if base is not None:
        return replace(base, **values)
    for name in required(primitive):
        if name not in row:
            fault(f"{where}key `{name}` is missing", table=table, index=index)
    return primitive(**values)
