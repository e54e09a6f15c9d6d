"""Which kind a file is, and whether its text parses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migrator.formats import format_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("app/main.py", None),
        ("app/main.pyi", None),
        ("settings.env.py", None),
        (".env", "env"),
        (".env.production", "env"),
        ("deploy/prod.env", "env"),
        (".envrc", "env"),
        ("env.example", "env"),
        ("environment.txt", "text"),
        ("pyproject.toml", "toml"),
        ("Pipfile", "toml"),
        ("setup.cfg", "ini"),
        ("conf/app.properties", "ini"),
        ("README.md", "markdown"),
        ("docs/index.rst", "rst"),
        ("NOTES.txt", "text"),
        ("LICENSE", "text"),
        ("requirements-dev.txt", "requirements"),
        ("requirements/base.txt", "requirements"),
        ("constraints.txt", "requirements"),
        ("Dockerfile", "config"),
        ("Dockerfile.dev", "config"),
        (".github/workflows/ci.yml", "yaml"),
        ("package.json", "json"),
        ("tsconfig.jsonc", "config"),
        ("web/src/app.tsx", "script"),
        ("App.vue", "script"),
        ("main.tf", "config"),
        ("uv.lock", "lock"),
        ("pixi.lock", "lock"),
        ("package-lock.json", "lock"),
        ("pnpm-lock.yaml", "lock"),
        ("migrations/001.sql", "sql"),
        ("demo.ipynb", "notebook"),
    ],
)
def test_a_path_is_of_a_kind(path: str, kind: str | None) -> None:
    found = format_of(path)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    ("head", "kind"), [("#!/bin/sh\n", "config"), ("#!/usr/bin/env python3\npython\n", None), ("Dear all\n", "text")]
)
def test_a_name_without_suffix_is_told_by_its_first_line(head: str, kind: str | None) -> None:
    found = format_of("bin/run", head)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("a.toml", "a = 1\n", "a = \n"),
        ("a.json", '{"a": 1}', '{"a": 1'),
        ("b.json", '{"a": {"b": 1}, "b": 2}', '{"c": [{"a": 1, "b\\n": {"a": 1}, "b\\n": 2}]}'),
        ("a.yaml", "a: !custom [1]\n---\nb: 2\n", "a: [1\n"),
        (".env", "A=1\n", "A='1\n"),
        ("a.ipynb", "{}", "{"),
    ],
)
def test_a_text_that_does_not_parse_is_refused_in_one_line(path: str, good: str, bad: str) -> None:
    kind = format_of(path)
    assert kind is not None
    kind.validate(good)
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        kind.validate(bad)


def test_a_text_without_a_grammar_is_always_valid() -> None:
    kind = format_of("a.sh")
    assert kind is not None
    kind.validate("if [ \n")


def test_telling_kinds_apart_loads_no_parser() -> None:
    code = (
        "import sys, migrator.formats as f; f.format_of('a.toml'); f.format_of('a.md')\n"
        "print([m for m in ('tomlkit', 'dotenv', 'markdown_it', 'yaml', 'libcst') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
