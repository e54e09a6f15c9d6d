"""Addresses that a `.http` file holds in a variable, and the requests that are made at them: `GET {{base}}/models`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from migrator.fates.endpoints import Asked, asked
from migrator.formats.headers import Headers
from migrator.formats.search import overlaps
from migrator.formats.together import WHY
from migrator.sites import Finding, Span, Status

_HOLDER = re.compile(r"^@(?P<name>[\w.-]+)[ \t]*=[ \t]*(?P<address>\S+)", re.MULTILINE)


class Request(NamedTuple):
    """A request at the address of a variable; `differs` is what has become of what it asks for."""

    start: int
    called: str
    differs: Asked | None

    @property
    def is_gone(self) -> bool:
        return self.differs is not None and self.differs.status is Status.MANUAL


class Shared(NamedTuple):
    """What is found of an address that a variable holds, None for the new one, and the requests at it."""

    address: Finding | None
    old: str
    requests: Sequence[Request]


def find(text: str, addresses: Sequence[Finding], headers: Headers, carried: Sequence[Span]) -> list[Shared]:
    """The addresses that a variable holds and requests name: those that move, and the new one.

    What stands in one of the spans that requests only carry makes none.
    """
    moving = {f.start: f for f in addresses if f.edits}
    shared = []
    for holder in _HOLDER.finditer(text):
        address, old = moving.get(holder.start("address")), holder["address"]
        if address or old.startswith(headers.address.removesuffix("/v1")):
            names = {holder["name"]: "", **_made_of(text, holder["name"])}
            asked_for = (each for name, path in names.items() for each in _requests(text, name, path, headers))
            made = [each for each in asked_for if not overlaps(carried, each.start, each.start + 1)]
            shared.append(Shared(address, old, made))
    return [each for each in shared if each.requests]


def _made_of(text: str, name: str) -> dict[str, str]:
    """The variables that hold the address of another one and a path, and these paths: `@base = {{host}}/v1`."""
    begun = re.compile(rf"\{{\{{[ \t]*{re.escape(name)}[ \t]*}}}}(?P<path>\S*)")
    found = ((each["name"], begun.fullmatch(each["address"])) for each in _HOLDER.finditer(text))
    return {holder: match["path"] for holder, match in found if match}


def _requests(text: str, name: str, begins: str, headers: Headers) -> Iterator[Request]:
    """The requests at the address of a variable, by the lines that make them: comments and scripts make none."""
    longest = max(headers.client.addresses, key=len)
    line = rf"^[ \t]*(?:(?:[A-Z]+|url:)[ \t]+)?(?P<url>\{{\{{[ \t]*{re.escape(name)}[ \t]*}}}}(?P<path>[^\s\"'<>?#]*))"
    for match in re.finditer(line, text, re.MULTILINE):
        url = f"{longest}/{(begins + match['path']).lstrip('/')}"
        differs = asked(url, headers.client, headers.names.rules.methods)
        yield Request(match.start("url"), match["url"], differs)


def findings(shared: Sequence[Shared], kept: Collection[int], rule: str) -> Iterator[Finding]:
    """The addresses, and what is told of the requests at them, where those stay that begin at a place of `kept`."""
    for address, old, requests in shared:
        for each in requests:
            if each.differs:
                said = f"{each.called}: {each.differs.message}"
                yield Finding(each.start, each.differs.rule, each.differs.status, said)
            elif each.start in kept:
                yield Finding(each.start, rule, Status.MANUAL, f"{each.called}: {WHY}")
        stay = [each.called for each in requests if each.start in kept]
        called = ", ".join(sorted({*stay}))
        if address and len(stay) == len(requests):
            yield replace(address, status=Status.MANUAL, message=f"{old}: it stays, as {called} does", edits=())
        elif address and stay:
            said = f"{address.message}; {called} is asked at it too: give that an address of its own"
            yield replace(address, status=Status.REVIEW, message=said)
        elif address:
            yield address
