"""Packages of scripts: what a package.json asks for, and the lock files that follow it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.fates.names import Names
from migrator.javascript.specifiers import BEFORE, package, respelled
from migrator.patterns import canonical
from migrator.primitives.client import Client, Factory
from migrator.primitives.project import Dependency
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.fates.imported import Imported
    from migrator.formats import Context

MANIFESTS = frozenset({"package.json", "deno.json", "deno.jsonc", "import_map.json", "importmap.json"})
COMMANDS: Mapping[str, str] = {
    "package-lock.json": "`npm install`",
    "npm-shrinkwrap.json": "`npm install`",
    "pnpm-lock.yaml": "`pnpm install`",
    "yarn.lock": "`yarn install`",
    "bun.lock": "`bun install`",
    "deno.lock": "`deno install`",
}
"""Lock file -> the command that makes it anew."""

_TABLE = re.compile(
    r'"(?:dependencies|devDependencies|peerDependencies|optionalDependencies|imports)"\s*:\s*\{(?P<entries>[^{}]*)\}'
)
_ENTRY = re.compile(r'"([^"]*)"\s*:\s*"([^"]*)"')
_SCOPE = re.compile(r"@[\w.-]+/$")
_LONGEST = 200  # characters of a scope
_OLD = re.compile(r"[\^~=v]*[0-3]\.")


def importing(package: str) -> re.Pattern[bytes]:
    """Finds an import of a package in a script."""
    return re.compile(
        rb"(?:\bfrom|\bimport|(?:\brequire|\bimport|[mM]ock\w*|Actual)\s*(?:<[^<>]*>)?\s*\()\s*[\"'`](?:%b)?%b[\"'`/@?]"
        % (BEFORE.encode(), re.escape(package.encode()))
    )


def find(text: str, names: Names, context: Context) -> Iterator[Finding]:
    """The findings of the packages that clients come from."""
    for client in names.rules.clients:
        rule = next((d for d in names.rules.dependencies if canonical(d.old) == canonical(client.package)), None)
        if rule and PurePosixPath(context.path).name in COMMANDS:
            yield from _locked(text, rule, client, COMMANDS[PurePosixPath(context.path).name])
        elif rule:
            yield from _asked(text, rule.id, client, context.imported)
            for each in names.rules.factories:
                yield from _asked(text, rule.id, each, context.imported)


def _locked(text: str, rule: Dependency, client: Client, command: str) -> Iterator[Finding]:
    name = re.compile(rf"(?<![\w.@-]){re.escape(client.package)}(?=[\"'@:,\s])")
    match = next((m for m in name.finditer(text) if not _SCOPE.search(text[: m.start()][-_LONGEST:])), None)
    if match and _is_locked(text, client.package):
        said = f"stale: {client.package} is locked here; regenerate it with {command}"
        yield Finding(match.start(), rule.id, Status.MANUAL, said)


def _is_locked(text: str, package: str) -> bool:
    """Whether a lock file has a package, which others may only say that they can stand beside."""
    name = rf"(?<![\w.@-]){re.escape(package)}"
    return (
        re.search(rf"""node_modules/{re.escape(package)}["']|{name}(?:[@/]|"\s*:\s*{{\s*"version")""", text) is not None
    )


def _asked(text: str, rule: str, client: Client | Factory, used: Imported) -> Iterator[Finding]:
    for table in _TABLE.finditer(text):
        start, end = table.span("entries")
        entry = _entry(client.package).search(text, start, end)
        there = _entry(client.instead).search(text, start, end)
        yield from _aliased(text, rule, client, (start, end))
        if entry is None:
            continue
        asked = _versions(entry["versions"], client)
        if client.id in used.old:
            added = "" if there or client.id not in used.new else f'"{client.instead}": "{asked}"'
            said = f"{client.package} stays as long as a script imports it"
            edits = (
                (Edit(entry.start(), entry.start(), f"{added},{_gap(text, start, entry.start())}"),) if added else ()
            )
            yield Finding(entry.start(), rule, Status.REVIEW if added else Status.MANUAL, said, edits)
        elif there:
            wanted = there["versions"]
            old = (
                f"; {wanted} is too old, ask for {client.versions}"
                if isinstance(client, Client) and _OLD.match(wanted)
                else ""
            )
            said = f"{client.package}: {client.instead} is there already{old}"
            edit = Edit(*removed(text, entry.span(), start, end), "")
            yield Finding(entry.start(), rule, Status.REVIEW if old else Status.MIGRATED, said, (edit,))
        else:
            said = f"{client.package} → {client.instead} {client.versions}"
            edit = Edit(entry.start(), entry.end(), f'"{client.instead}": "{asked}"')
            yield Finding(entry.start(), rule, Status.MIGRATED, said, (edit,))


def _versions(old: str, client: Client | Factory) -> str:
    """What is asked for of the new package, spelled as for the old one: an import map has `npm:` and the name."""
    new = respelled(old, client.instead, client.versions)
    return client.versions if new == client.instead else new


def _aliased(text: str, rule: str, client: Client | Factory, entries: tuple[int, int]) -> Iterator[Finding]:
    """By hand, where scripts have the package under another name."""
    for match in _ENTRY.finditer(text, *entries):
        asked = match[2].replace("npm:/", "npm:")
        if (
            match[1] != client.package
            and asked != (named := package(asked))
            and named.partition("/")[0] == client.package
        ):
            said = "the package under a name of the project's own: move it and the scripts that import it by hand"
            yield Finding(match.start(), rule, Status.MANUAL, f"{client.package}: {said}")


def _entry(package: str) -> re.Pattern[str]:
    return re.compile(rf'"{re.escape(package)}"\s*:\s*"(?P<versions>[^"]*)"')


def _gap(text: str, start: int, at: int) -> str:
    """The space before an entry, as its neighbours have it."""
    before = text[start:at]
    return before[len(before.rstrip()) :] or " "


def removed(text: str, entry: tuple[int, int], start: int, end: int) -> tuple[int, int]:
    """The span of an entry of what stands from `start` to `end`, with the comma that goes with it."""
    after = re.compile(r"\s*,\s*").match(text, entry[1], end)
    if after:
        return entry[0], after.end()
    before = text[start : entry[0]].rstrip()
    if before.endswith(","):
        return start + len(before) - 1, entry[1]
    behind = re.compile(r"\s*(?=\})").match(text, entry[1])
    return (start, behind.end()) if behind and not before else entry
