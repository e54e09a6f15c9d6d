"""The documentation is true: its tables are made from the code, its commands are run, its links lead somewhere.

Run as a program, this module writes the generated tables anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from projects import HOUSE

from migrator.cli import main
from migrator.packs.schema import pack_schema
from migrator.primitives.keys import toml_keys
from migrator.primitives.tables import TABLES, Head
from migrator.tree.settings import Settings

PAGES = sorted([*HOUSE.glob("*.md"), *HOUSE.glob("docs/*.md")])
_GENERATED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FENCE = re.compile(r"^(```+)(\w*)[ ]?([^\n`]*)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
_MARKER = "\x1e"
_LEFT_OUT = "…"


# ------------------------------------------------------------------------------------------------------------ generated


def _commands(group: click.Group = main, name: str = "migrate") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, a group that does something by itself before its commands."""
    if group.invoke_without_command:
        yield name, group
    for part in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), part)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    said = (command.help or "").partition("\b")[0].strip()
    rows = [
        [f"`{', '.join(p.opts)}{_metavar(p, context)}`", p.help or ""]
        for p in command.params
        if isinstance(p, click.Option)
    ]
    return f"## {name}\n`{usage}`\n\n{said}\n\n{_table(['option', 'meaning'], rows)}"


def _metavar(option: click.Option, context: click.Context) -> str:
    return "" if option.is_flag else f" {option.make_metavar(context)}"


def _primitive(name: str, primitive: type) -> str:
    rows = [
        [f"`{key}`", f.metadata["check"].says, f.metadata["doc"], _default(f)]
        for key, f in toml_keys(primitive).items()
        if key != "id"
    ]
    return f"### {name}\n{primitive.__doc__}\n\n{_table(['key', 'takes', 'meaning', 'default'], rows)}"


def _default(spec: Field[Any]) -> str:
    if spec.default is MISSING and spec.default_factory is MISSING:
        return "required"
    return "" if spec.default is MISSING or spec.default == "" else f"`{json.dumps(spec.default)}`"


def _head() -> str:
    schema = pack_schema()
    rows = [
        [f"`{key}`", schema["properties"][key]["description"], "required" if key in schema["required"] else ""]
        for key in toml_keys(Head)
    ]
    return _table(["key", "meaning", ""], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def generated(name: str) -> str:
    """The text of a generated block. Raises KeyError for one that nobody generates."""
    if name == "commands":
        return "\n".join(_command(*named) for named in _commands())
    if name == "primitives":
        return "\n".join(_primitive(*named) for named in TABLES.items())
    return {"head": _head()}[name]


def fresh(page: str) -> str:
    """The page with its generated blocks as they should be."""
    return _GENERATED.sub(lambda block: f"{block[1]}{generated(block[2])}{block[3]}", page)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_generated_tables_are_what_the_code_says(page: Path) -> None:
    text = page.read_text()
    assert text == fresh(text), "write them anew: python tests/test_docs.py"


def test_every_generated_table_is_somewhere() -> None:
    named = [block[2] for page in PAGES for block in _GENERATED.finditer(page.read_text())]
    assert sorted(named) == ["commands", "head", "primitives"]


def test_the_settings_are_those_of_the_code() -> None:
    others = {"overrides", "line_length"}  # which the tables of packs and of formatters give
    text = (HOUSE / "docs/command-line.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| [^|]+ \|$", text.partition("## Settings")[2], re.MULTILINE)
    assert {key: _value(default) for key, default in rows} == {
        spec.name: getattr(Settings(), spec.name) for spec in fields(Settings) if spec.name not in others
    }


def _value(cell: str) -> object:
    value = None if cell == "none" else json.loads(cell.strip("`"))
    return tuple(value) if isinstance(value, list) else value


# ---------------------------------------------------------------------------------------------------------- understood


def _fences(page: Path, language: str) -> list[str]:
    return [fence[4] for fence in _FENCE.finditer(page.read_text()) if fence[2] == language]


def test_the_json_report_keeps_to_its_schema() -> None:
    [example] = _fences(HOUSE / "docs/command-line.md", "json")
    schema = json.loads((HOUSE / "migrator/schemas/report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(example))


def test_examples_in_toml_and_yaml_can_be_read() -> None:
    examples = [text for page in PAGES for text in _fences(page, "toml")]
    assert all(tomllib.loads(text) for text in examples)
    examples = [text for page in PAGES for text in _fences(page, "yaml")]
    assert all(yaml.safe_load(text) for text in examples)


def test_the_hooks_named_are_those_there_are() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((HOUSE / ".pre-commit-hooks.yaml").read_text())}
    assert hooks == set(re.findall(r"migrate-(?:check|fix)\b", (HOUSE / "docs/ci.md").read_text()))


def test_commands_in_the_docs_have_only_options_that_exist() -> None:
    known = {opt for _, command in _commands() for param in command.params for opt in param.opts} | {"--help", "-h"}
    shown = [
        (page.name, option)
        for page in PAGES
        for command in re.findall(r"(?:^|[\s`/])migrate ([^`\n|&>]*)", page.read_text())
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", command)
    ]
    assert shown
    assert [(page, option) for page, option in shown if option not in known] == []


def test_links_lead_to_files_and_headings() -> None:
    broken = [f"{page.name}: {link}" for page in PAGES for link in _links(page) if not _leads_somewhere(page, link)]
    assert broken == []


def _links(page: Path) -> list[str]:
    prose = _FENCE.sub("", page.read_text())
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if not link.startswith("https://")]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page have on a code host."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ----------------------------------------------------------------------------------------------------------------- run


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where a page is read: the root of a clone, a copy of the sample application, or an empty folder."""
    skipped = shutil.ignore_patterns("__pycache__")
    if request.param == "clone":
        (tmp_path / ".venv").symlink_to(sys.prefix)
        shutil.copytree(HOUSE / "fixtures", tmp_path / "fixtures", ignore=skipped)
    elif request.param == "application":
        shutil.copytree(HOUSE / "fixtures/agentcore_app/before", tmp_path, ignore=skipped, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("README.md", "clone"),
        ("docs/quick-start.md", "clone"),
        ("docs/packs.md", "empty"),
        ("docs/ci.md", "application"),
    ],
    indirect=["place"],
)
def test_commands_print_what_the_page_shows(page: str, place: Path) -> None:
    steps = list(_steps((HOUSE / page).read_text()))
    printed = _session([command for command, _ in steps], place)
    assert steps
    for (command, shown), output in zip(steps, printed, strict=True):
        missing = _first_missing(shown, output.splitlines())
        assert missing is None, f"{command!r} does not print {missing!r} where {page} has it"


def _steps(page: str) -> Iterator[tuple[str, list[str]]]:
    """What a reader does, in order, as shell commands: each with the lines that the page says it prints."""
    for _, _, info, body in _FENCE.findall(page):
        mark, _, path = info.partition(" ")
        if mark != "doctest":
            continue
        if path:
            yield f"mkdir -p {os.path.dirname(path) or '.'} && cat > {path} <<'END'\n{body}END", []
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield command, shown


def _session(commands: list[str], place: Path) -> list[str]:
    """What each command prints, all of them in one shell that starts in `place`; none may fail."""
    script = "set -euo pipefail\n" + "".join(f"printf '{_MARKER}'\n{command}\n" for command in commands)
    ended = subprocess.run(
        ["bash", "-c", script], cwd=place, env=_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout.split(_MARKER)[1:]


_ENVIRONMENT: Mapping[str, str] = {
    **{name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}},
    **{f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}


def _first_missing(shown: list[str], printed: list[str]) -> str | None:
    """The first line shown that is not printed; `…` stands for lines, or for a part of one, that are left out."""
    rest = iter(printed)
    skipping = False
    for line in shown:
        if line == _LEFT_OUT:
            skipping = True
            continue
        pattern = re.escape(line.rstrip()).replace(_LEFT_OUT, ".*")
        fits = (re.fullmatch(pattern, found.rstrip()) for found in rest)
        if not (any(fits) if skipping else next(fits, None)):
            return line
        skipping = False
    return None if skipping or not list(rest) or not shown else "end"


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(fresh(path.read_text()))
