"""Lock files: never edited, only said to be stale."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from migrator.fates.names import Names
from migrator.formats.dependencies import spelling
from migrator.formats.dependencies.stated import warned
from migrator.sites import Finding, Status

COMMANDS: Mapping[str, str] = {
    "uv.lock": "`uv lock`",
    "poetry.lock": "`poetry lock`",
    "pdm.lock": "`pdm lock`",
    "Pipfile.lock": "`pipenv lock`",
    "pylock.toml": "the command that wrote it",
    "pixi.lock": "`pixi lock`",
    "conda-lock.yml": "`conda-lock`",
}
"""Lock file -> the command that makes it anew."""

_ASKED = re.compile(
    r"^requires-dist = \[[^\n]*\]$|^requires-dist = \[.*?^\]|^\[package\.metadata\.requires-dev\].*?(?=^\[|\Z)",
    re.DOTALL | re.MULTILINE,
)


def find(text: str, names: Names, path: str) -> Iterator[Finding]:
    """One finding for each old distribution that the file has locked, with a warning for a malicious release."""
    name = PurePosixPath(path).name
    for rule in names.rules.dependencies:
        locked = list(_locked(text, rule.old))
        warnings = sorted({w for _, version in locked if (w := warned(rule, version))})
        asked = not rule.stays and (name != "uv.lock" or _asked_for(text, rule.old))
        asked = asked and (not rule.extra or name == "poetry.lock" or _has_extra(text, rule.old, rule.extra))
        if not locked or not (warnings or asked):
            continue
        said = f"stale: {rule.old} is locked here; regenerate it with {COMMANDS[name]}"
        yield Finding(locked[0][0], rule.id, Status.MANUAL, "; ".join([*warnings, said]))


def _locked(text: str, old: str) -> Iterator[tuple[int, str]]:
    """Where a distribution is locked, and at which version."""
    name = spelling(old).pattern
    entry = re.compile(
        rf"""^name\ =\ "(?P<a>{name})"\s+version\ =\ "(?P<v>[^"]+)"
        | "(?P<b>{name})":\ *\{{
        | ^[\s-]*name:\ (?P<c>{name})\s*$""",
        re.IGNORECASE | re.MULTILINE | re.VERBOSE,
    )
    for match in entry.finditer(text):
        start = next(match.start(g) for g in "abc" if match[g])
        version = match["v"] or _version_after(text[match.end() : match.end() + 2000])
        yield start, version


def _asked_for(text: str, old: str) -> bool:
    """Whether a uv.lock has a distribution for the project itself, not only for another one that needs it."""
    name = re.compile(rf'name = "{spelling(old).pattern}"', re.IGNORECASE)
    return any(name.search(match[0]) for match in _ASKED.finditer(text))


def _has_extra(text: str, old: str, extra: str) -> bool:
    """Whether a distribution is locked with an extra, which poetry.lock alone does not say."""
    quoted = rf'name = "{spelling(old).pattern}"|"{spelling(old).pattern}": \{{'
    return re.search(rf'(?:{quoted})[^}}]{{0,400}}?"{spelling(extra).pattern}"', text, re.IGNORECASE) is not None


def _version_after(text: str) -> str:
    """The version that follows the name in a JSON or YAML entry."""
    match = re.search(r"""["']?version["']?:\s*["']?(?:==)?([\w.!+]+)""", text)
    return match[1] if match else ""
