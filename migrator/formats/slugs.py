"""Ids of models in configuration that begin with a slug of the gateway that is left: `model: "@openai/gpt-4o"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from migrator.formats.nested import keys
from migrator.planning.names import Names
from migrator.planning.providers import SLUGGED, meant, new_id
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Status

_EACH = re.compile(rf"(?<![\w@./])(?<![\w@./]-){SLUGGED}")
_ABOUT = r"(?:model|portkey|llm|fallback)"
_HELD = rf"""["']?[ \t]*[:=]\s*(?:[&!][\w.!-]+[ \t]+)*
    (?P<held>["']?{SLUGGED}(?=["']?[ \t]*(?:[,}}\]\r\n#]|\Z))
    | \[[^\][]*\] | ["']?\$\{{+[^{{}}\r\n]*\}} | (?:\s*-[ \t]+["']?@[^\r\n]*)+)"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_HOLDER = re.compile(rf"(?<![\w.-])(?P<key>[\w.-]*{_ABOUT}[\w.-]*){_HELD}", _FLAGS)
_ENTRY = re.compile(rf"[\w.-]+{_HELD}", _FLAGS)
_SECTION = re.compile(rf"^\[[^\]\n]*{_ABOUT}[^\]\n]*\]", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(r"^\[", re.MULTILINE)
_SECTIONED = {".toml", ".ini", ".cfg"}
_DEPTH = 4  # of the keys that an entry is below
_PACKAGES = re.compile(
    r"(^|/)(package|composer|bower|lerna|nx|turbo|deno|jsr|import_?map|components|[jt]sconfig[\w.-]*"
    r"|\.?renovate(rc)?)\.json[c5]?$|(^|/)((dependabot|pnpm-workspace)\.ya?ml|CODEOWNERS|\.renovaterc)$",
    re.IGNORECASE,
)  # files that name packages and people, which begin with an `@` too
_DIGIT = re.compile(r"/.*\d")


class _Id(NamedTuple):
    """An id where it stands, and what the key of its entry says: that it is a model, or is about one; "" neither."""

    match: re.Match[str]
    said: Literal["model", "about", ""]


def find(text: str, names: Names, path: str) -> Iterator[Finding]:
    """A finding for each id that an entry about models, or about the gateway, holds alone, in a list or below it.

    Edited only where the entry's own key says so: below it, a name may as well be that of a package or a team.
    """
    if not names.rules.clients or not _EACH.search(text) or _PACKAGES.search(path):
        return
    ids = {each.match.start(): each for each in (*_below(text, path), *_own(text))}
    for client in names.rules.clients:
        for start in sorted(ids):
            yield from _found(ids[start], names, client)


def _own(text: str) -> Iterator[_Id]:
    """Ids in entries whose own key is about models."""
    for holder in _HOLDER.finditer(text):
        says: Literal["model", "about"] = "model" if "model" in holder["key"].lower() else "about"
        yield from (_Id(match, says) for match in _EACH.finditer(text, *holder.span("held")))


def _below(text: str, path: str) -> Iterator[_Id]:
    """Ids in entries that stand below a key about models."""
    yield from (_Id(match, "") for span in _spans(text, path) for match in _EACH.finditer(text, *span))


def _spans(text: str, path: str) -> Iterator[tuple[int, int]]:
    """Where the values of the entries stand that are below such a key."""
    suffix = PurePosixPath(path).suffix
    for key in keys(text, suffix, _DEPTH):
        entry = _ENTRY.match(text, key.start) if re.search(_ABOUT, " ".join(key.path[:-1]), re.IGNORECASE) else None
        if entry:
            yield entry.span("held")
    for section in _SECTION.finditer(text) if suffix in _SECTIONED else ():
        after = _NEXT.search(text, section.end())
        entries = _ENTRY.finditer(text, section.end(), after.start() if after else len(text))
        yield from (entry.span("held") for entry in entries)


def _found(each: _Id, names: Names, client: Client) -> Iterator[Finding]:
    """Edited where the key says what it is and the provider is known, by hand where one of the two is likely."""
    options, match = names.rules.options, each.match
    slugs, models = options.get("slugs", {}), options.get("models", {})
    known = match[0] in models or meant(match[0][1:].partition("/")[0], client, slugs) != ""
    likely = _DIGIT.search(match[0]) is not None  # ids of models have digits, most names of packages have none
    if each.said != "model" and not (likely and (known or each.said)):
        return
    rule = next((row.id for row in names.rules.parameters if row.to == "provider"), client.id)
    new = new_id(match[0], "", client, slugs, models)
    if new.status is Status.MANUAL:
        yield Finding(match.start(), rule, new.status, f"{match[0]}: {new.message}")
    elif not known:
        said = "nothing tells the provider of its slug: say it with the setting slugs, or write the id by hand"
        yield Finding(match.start(), rule, Status.MANUAL, f"{match[0]}: {said}")
    elif not each.said:
        yield Finding(match.start(), rule, Status.MANUAL, f"{match[0]}: where it is a model's id, write {new.text}")
    else:
        said = f"{match[0]} → {new.text}" + (f": {new.message}" if new.message else "")
        yield Finding(match.start(), rule, new.status, said, (Edit(*match.span(), new.text),))
