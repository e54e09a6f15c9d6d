"""Ids of models in configuration that begin with a slug of the gateway that is left: `model: "@openai/gpt-4o"`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple

from migrator.fates.names import Names
from migrator.fates.providers import SLUGGED, WITH_CLIENTS, Said, is_id, says_model, slugged
from migrator.formats.nested import above
from migrator.formats.search import in_comment
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Status

_EACH = re.compile(rf"(?<![\w@./])(?:(?<=:-)|(?<![\w@./-])){SLUGGED}")
_ALONE = re.compile(
    rf"""(?P<quote>\\?["'`]){SLUGGED}(?P=quote)
      | (?:^|[=:,\[(>-]|(?<!\S)--?[\w-]+)[ \t]*{SLUGGED}(?=[\s,\])}};]|$)""",
    re.VERBOSE | re.MULTILINE,
)
_HELD = rf"""["']?[ \t]*[:=]-?\s*(?:[&!][\w.!-]+[ \t]+)*
    (?P<held>["']?{SLUGGED}(?=["']?[ \t]*(?:[,}}\]\r\n#]|\Z))
    | \[[^\][]*\] | ["']?\$\{{+[^{{}}\r\n]*\}} | (?:\s*-[ \t]+["']?@[^\r\n]*)+)"""
_HOLDER = re.compile(
    rf"(?<![\w.-])(?P<key>[\w.-]*(?:model|portkey|llm|fallback)[\w.-]*){_HELD}", re.IGNORECASE | re.VERBOSE
)
_ENTRY = re.compile(
    rf"""\bname["']?[ \t]*:[ \t]*["']?(?P<key>[\w.-]*(?:model|portkey|llm|fallback)[\w.-]*)["']?[ \t]*,?\s*
    ["']?value{_HELD}""",
    re.IGNORECASE | re.VERBOSE,
)  # of a list of variables, as those of containers are
_PACKAGES = re.compile(
    r"(^|/)(package|composer|bower|lerna|nx|turbo|deno|jsr|import_?map|components|[jt]sconfig[\w.-]*"
    r"|\.?renovate(rc)?)\.json[c5]?$|(^|/)((dependabot|pnpm-workspace)\.ya?ml|CODEOWNERS|\.renovaterc)$",
    re.IGNORECASE,
)  # files that name packages and people, which begin with an `@` too


class _Id(NamedTuple):
    """An id where it stands, and what the key of its entry says: that it is a model, or is about one; "" neither."""

    match: re.Match[str]
    said: Said


def find(text: str, names: Names, path: str, sent: Callable[[int], bool] = lambda _: False) -> Iterator[Finding]:
    """A finding for each id that an entry about models, or about the gateway, holds alone or in a list.

    Elsewhere one that stands alone has to read as a model's: a name may as well be that of a package or a team.
    Where the code stays, so do ids, but for those in requests that are `sent` to the new gateway.
    """
    if not names.rules.clients or not _EACH.search(text) or _PACKAGES.search(path):
        return
    for client in names.rules.clients:
        ids = {each.match.start(): each for each in (*_alone(text, path), *_own(text))}
        for start in sorted(ids):
            stays = names.rules.staying and not sent(start)
            yield from _found(ids[start], names, client, WITH_CLIENTS if stays else "")


def prose(text: str, names: Names, offset: int, *, edit: bool) -> Iterator[Finding]:
    """The ids that prose names, which `edit` (`--text`) has changed where their providers are known."""
    for client in names.rules.clients:
        for match in _EACH.finditer(text):
            if is_id(match[0], "", client):
                held = WITH_CLIENTS if names.rules.staying else ""
                each = next(_found(_Id(match, "about"), names, client, held))
                edits = tuple(Edit(e.start + offset, e.end + offset, e.text) for e in each.edits if edit)
                said = f"prose: {each.message}" if edit else f"prose: {each.message}; edited only with --text"
                yield Finding(each.start + offset, each.rule, Status.REVIEW, said, edits, prose=True)


def _own(text: str) -> Iterator[_Id]:
    """Ids in entries whose own key is about models."""
    for holder in chain(_HOLDER.finditer(text), _ENTRY.finditer(text)):
        says: Said = "model" if says_model(holder["key"]) else "" if "model" in holder["key"].lower() else "about"
        yield from (_Id(match, says) for match in _EACH.finditer(text, *holder.span("held")))


def _alone(text: str, path: str) -> Iterator[_Id]:
    """Ids that stand alone, with what the keys and sections around them say."""
    found = (_EACH.search(text, alone.start(), alone.end()) for alone in _ALONE.finditer(text))
    ids = [match for match in found if match and not in_comment(text, match.start())]
    keys = above(text, PurePosixPath(path).suffix.lower(), [match.start() for match in ids])
    yield from (
        _Id(match, "model" if any(map(says_model, names)) else "") for match, names in zip(ids, keys, strict=True)
    )


def _found(each: _Id, names: Names, client: Client, held: str) -> Iterator[Finding]:
    """Edited where the provider is known; by hand where it is not, or `held` says why."""
    options, match = names.rules.options, each.match
    if not is_id(match[0], each.said, client):
        return
    rule = next((row.id for row in names.rules.parameters if row.to == "provider"), client.id)
    new = slugged(match[0], each.said, client, options.get("slugs", {}), options.get("models", {}), held)
    edits = () if new.status is Status.MANUAL else (Edit(*match.span(), new.text),)
    yield Finding(match.start(), rule, new.status, new.message, edits)
