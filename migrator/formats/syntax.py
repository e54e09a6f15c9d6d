"""Whether a text still parses as the kind of file it is."""

from __future__ import annotations

import ast
import json
import tomllib
from collections import Counter
from importlib import import_module


def validate(kind: str, text: str, suffix: str = "") -> None:
    """Raise ValueError, with one line, when `text` is no valid `kind`; kinds without a grammar are always valid."""
    if kind == "script":
        from migrator.javascript import source

        source.validate(text, f"script.{suffix}")
    checks = {
        "toml": _toml,
        "json": _json,
        "notebook": _notebook,
        "yaml": _yaml,
        "env": _env,
        "requirements": _requirements,
    }
    if kind in checks:
        checks[kind](text)


def _toml(text: str) -> None:
    tomllib.loads(text)


def _json(text: str) -> None:
    json.loads(text, object_pairs_hook=_once)


def _notebook(text: str) -> None:
    from migrator.formats.notebook import program

    _json(text)
    try:
        ast.parse(program(text).text)
    except SyntaxError as error:
        raise ValueError(f"its cells do not parse as one program: {error}") from error


def _once(pairs: list[tuple[str, object]]) -> None:
    """A key that is there twice is valid JSON, of which every reader drops a value."""
    counts = Counter(name for name, _ in pairs)
    if len(counts) < len(pairs):
        raise ValueError(f"the key {json.dumps(counts.most_common(1)[0][0])} is given twice")


def _yaml(text: str) -> None:
    try:
        yaml = import_module("yaml")
    except ImportError:
        return
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _requirements(text: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    from migrator.formats.dependencies.lines import requirements_of

    for line in requirements_of(text):
        try:
            Requirement(line)
        except InvalidRequirement as error:
            raise ValueError(f"{line} is no requirement") from error


def _env(text: str) -> None:
    from migrator.formats.env import parse

    fault = next((b for b in parse(text) if b.error), None)
    if fault:
        raise ValueError(f"line {fault.original.line} is no KEY=value")
