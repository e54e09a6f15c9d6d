"""Configuration as plain text: YAML, JSON, shell, Docker, CI, Terraform, JavaScript, requirements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from migrator.fates.names import Names, Renamed, say_env
from migrator.formats import Context, embedded
from migrator.formats.deployment import is_deployment
from migrator.formats.nested import keys
from migrator.formats.search import apart, exact, line_of, packages_in, prose, renamed, settings_in
from migrator.primitives.project import Setting
from migrator.sites import Finding, Status

_STORED = re.compile(r"\b(secrets|vars)(?:\.|\[\s*['\"])([A-Za-z_]\w*)")
_ATTRIBUTE = re.compile(r"(?<=[\w)\]]\.)[A-Z][A-Z0-9_]*(?!\w)")
_SET = re.compile(r"(?<![\w${.-])([A-Z][A-Z0-9_]*)=(?!=)|(?<=name: )([A-Z][A-Z0-9_]*)[ \t]*\r?$", re.MULTILINE)
_INSTALLS = re.compile(r"\b(?:pip3?|pipx|uvx?|poetry|pdm|pipenv|rye|hatch|conda|mamba)\b")
_LIST_ITEM = re.compile(r"\s*-\s+[\"']?[\w.-]+[\"']?\s*(?:[\[<>=!~;#].*)?$")
_REQUIREMENTS = re.compile(r"(requirements|constraints)[\w./-]*\.(txt|in)$")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old names as they are spelt, in comments too, and Python in commands; what merely mentions the layer is prose."""
    code = list(embedded.in_shell(text, names, context))
    code += list(embedded.in_lines(text, names, context, code))
    others = (f for f in _spelt(text, names, context) if not any(_is_part(f, each) for each in code))
    return sorted([*others, *(f for _, _, found in code for f in found)], key=lambda f: f.start)


def _is_part(finding: Finding, code: embedded.Piece) -> bool:
    """Whether a name is one of a piece of code, which moves as a whole or stays so."""
    start, end, found = code
    return bool(found) and start <= finding.start < end


def _spelt(text: str, names: Names, context: Context) -> list[Finding]:
    outside = is_deployment(context.path, text)
    variables = _also_set((*exact(text, names), *_attributes(text, names)), text, names)
    return apart(
        _taken(text, names, context.path) if any(True for _ in names.in_config(text)) else (),
        _stored(text, names) if ".github/" in context.path else (),
        (_set_outside(f, names) for f in variables) if outside else variables,
        _sections(text, names, context.path),
        settings_in(text, names),
        _packages(text, names, context.path),
        prose(text, names, 0, edit=context.edit_prose),
    )


def _stored(text: str, names: Names) -> Iterator[Finding]:
    """`secrets.X` and `vars.X` of GitHub: the repository's settings hold them, under the old name until they change."""
    for match in _STORED.finditer(text):
        new = names.env(match[2])
        if new:
            said = f"{match[1]}.{match[2]}: add {new[0]} to the {match[1]} of the repository, then rename it here"
            yield Finding(match.start(2), new[1].id, Status.MANUAL, said)


def _attributes(text: str, names: Names) -> Iterator[Finding]:
    """Variables read as attributes: `process.env.X`, `env.X` in a workflow, `.Values.X`."""
    for match in _ATTRIBUTE.finditer(text):
        new = names.env(match[0])
        if new:
            yield renamed(match.span(), 0, new[0], new[1].id, Status(new[1].status), say_env(match[0], *new))


def _taken(text: str, names: Names, path: str) -> Iterator[Finding]:
    """Keys of a table that has the new name too: not renamed, or one of the two values would be lost."""
    tables: dict[int, dict[str, int]] = {}
    for start, key, table in keys(text, PurePosixPath(path).suffix, depth=1):
        if table is not None:
            tables.setdefault(table, {}).setdefault(key[-1], start)
    for places in tables.values():
        for old, start in list(places.items()):
            env = names.env(old)
            new = Renamed(env[0], env[1].id) if env else names.rename(old)
            if new and places.setdefault(new.new, start) != start:
                line = line_of(text, places[new.new])
                said = f"{new.new} is already set on line {line}: remove this one or that one"
                yield Finding(start, new.rule, Status.MANUAL, said)


def _also_set(found: Iterable[Finding], text: str, names: Names) -> Iterator[Finding]:
    """Variables set by `OLD=x` or `- name: OLD` in a text that sets the new name as well, perhaps for another part."""
    places: dict[str, int] = {}
    for match in _SET.finditer(text):
        places.setdefault(match[1] or match[2], match.start())
    for finding in found:
        edit = finding.edits[0] if finding.edits else None
        if edit and edit.text in places and _SET.match(text, edit.start) and names.env(text[edit.start : edit.end]):
            line = line_of(text, places[edit.text])
            said = f"{finding.message}; {edit.text} is set on line {line} as well: keep one of the two"
            yield replace(finding, status=Status.REVIEW, message=said)
        else:
            yield finding


def _set_outside(finding: Finding, names: Names) -> Finding:
    """Deployment files read variables that are set somewhere else as well."""
    if finding.rule not in {rule.id for rule in names.rules.envs}:
        return finding
    said = f"{finding.message}; rename it also where it is set outside this tree"
    return replace(finding, status=Status.REVIEW, message=said)


def _packages(text: str, names: Names, path: str) -> Iterator[Finding]:
    if _REQUIREMENTS.search(path):
        return packages_in(text, names, where=lambda line: not line.lstrip().startswith(("#", "-")))
    return packages_in(text, names, where=lambda line: bool(_INSTALLS.search(line) or _LIST_ITEM.match(line.rstrip())))


# ------------------------------------------------------------------------------------------------ nested sections


def _sections(text: str, names: Names, path: str) -> Iterator[Finding]:
    """Settings written as nested keys: reported, with what to write."""
    if not any(all(key in text for key in rule.old.split(".")) for rule in names.rules.settings):
        return
    depth = 1 + max(rule.old.count(".") + 1 for rule in names.rules.settings)
    for start, key, _ in keys(text, PurePosixPath(path).suffix, depth):
        rule = _setting(key, names)
        if rule:
            said = f"the section {rule.old} is {rule.new} now: move what stands below it under `{rule.new}`"
            yield Finding(start, rule.id, Status.MANUAL, said)


def _setting(key: tuple[str, ...], names: Names) -> Setting | None:
    """The rule whose old key the path ends with."""
    for rule in names.rules.settings:
        old = tuple(rule.old.split("."))
        if key == old or (len(old) > 1 and key[-len(old) :] == old):
            return rule
    return None
