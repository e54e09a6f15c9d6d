"""Addresses that a `.http` file holds in a variable, and the requests that are made at them: `GET {{base}}/models`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from migrator.fates.endpoints import asked
from migrator.formats.headers import Headers
from migrator.sites import Edit, Finding, Status

_HOLDER = re.compile(r"^@(?P<name>[\w.-]+)[ \t]*=[ \t]*(?P<address>\S+)", re.MULTILINE)


class Shared(NamedTuple):
    """What is found of an address that a variable holds, None for the new one, and each request at it.

    Those are manual that ask for what is not there any more.
    """

    address: Finding | None
    requests: Sequence[Finding]


def find(text: str, addresses: Sequence[Finding], headers: Headers) -> list[Shared]:
    """The addresses that a variable holds and requests name: those that move, and the new one."""
    moving = {f.start: f for f in addresses if f.edits}
    shared = []
    for holder in _HOLDER.finditer(text):
        address = moving.get(holder.start("address"))
        if address or holder["address"].startswith(headers.address):
            shared.append(Shared(address, list(_requests(text, holder["name"], headers))))
    return [each for each in shared if each.requests]


def _requests(text: str, name: str, headers: Headers) -> Iterator[Finding]:
    """The requests at the address of a variable; those that move have an edit, which changes nothing itself."""
    client = headers.client
    longest = max(client.addresses, key=len)
    used = re.compile(rf"\{{\{{[ \t]*{re.escape(name)}[ \t]*\}}\}}(?P<path>[^\s\"'<>?#]*)")
    for match in used.finditer(text):
        start = match.start()
        differs = asked(f"{longest}{match['path']}", client, headers.names.rules.methods)
        if differs and differs.status is Status.MANUAL:
            yield Finding(start, differs.rule, differs.status, f"{match[0]}: {differs.message}")
        else:
            said = f"{match[0]}: {differs.message}" if differs else match[0]
            status, rule = (differs.status, differs.rule) if differs else (Status.MIGRATED, client.id)
            yield Finding(start, rule, status, said, (Edit(start, start, ""),))


def settled(shared: Sequence[Shared], found: Sequence[Finding]) -> list[Finding]:
    """The addresses, and what is told of the requests at them, by `found`, which has become of these."""
    now = {f.start: f for f in found}
    told: list[Finding] = []
    for address, requests in shared:
        each = [now[f.start] for f in requests]
        gone = [f for f in each if f.status is Status.MANUAL]
        told += [replace(f, edits=()) for f in each if f.status is not Status.MIGRATED]
        if address:
            told.append(_with(address, gone, alone=len(gone) == len(each)))
    return told


def _with(address: Finding, gone: Sequence[Finding], *, alone: bool) -> Finding:
    if not gone:
        return address
    asked_for = ", ".join(sorted({f.message.partition(": ")[0] for f in gone}))
    if alone:
        old = address.message.partition(" → ")[0]
        return replace(address, status=Status.MANUAL, message=f"{old}: it stays, as {asked_for} does", edits=())
    said = f"{address.message}; {asked_for} is asked at it too: give that an address of its own"
    return replace(address, status=Status.REVIEW, message=said)
