"""Clients of SDKs that send a bearer token by another name than a key, and that put `/v1` behind the address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ast_grep_py import SgNode

from migrator.javascript.clients import ADDRESSES, TOKEN, Clients
from migrator.javascript.objects import Property, properties
from migrator.javascript.source import string_of
from migrator.sites import Edit, Finding, Status


@dataclass(frozen=True)
class Bearers:
    """Such clients of one script, at the address that is left."""

    clients: Clients

    def findings(self) -> Iterator[Finding]:
        """A finding for each: its key is a bearer token, its address one without `/v1`."""
        for node in self.clients.script.all("new_expression"):
            arguments = node.field("arguments")
            literal = next(iter(arguments.named_children()), None) if arguments else None
            entries = properties(literal) if literal and self.clients.takes_bearer(literal) else []
            address = next((each for each in entries if each.name in ADDRESSES and each.value), None)
            value = address.value if address else None
            if value is None or not self._is_address(value):
                continue
            edits = [*self._addressed(value), *self._named(entries)]
            said = "the key is a bearer token, and the SDK adds /v1 to the address"
            start, rule = self.clients.script.start(node), self.clients.options.client.id
            yield Finding(start, rule, Status.REVIEW, said, tuple(edits))

    def _is_address(self, value: SgNode) -> bool:
        addresses = self.clients.options.client.addresses
        said = (string_of(each) or "" for each in (value, *self.clients.script.standing.values(value)))
        return self.clients.is_address(value) or any(each.rstrip("/") in addresses for each in said)

    def _addressed(self, value: SgNode) -> Iterator[Edit]:
        """The address without what the SDK adds; one by a name of the script's own goes on for other uses."""
        if string_of(value) is not None or self.clients.is_address(value):
            yield self.clients.script.edit(value, self.clients.options.root)

    def _named(self, entries: list[Property]) -> Iterator[Edit]:
        """The name of the key, but where the headers beside it are edited with it."""
        entry = next((each for each in entries if each.name == "apiKey"), None)
        key = entry.node.field("key") if entry else None
        if key:
            yield self.clients.script.edit(key, TOKEN)
        elif entry and all(each.name != "defaultHeaders" for each in entries):
            yield self.clients.script.edit(entry.node, f"{TOKEN}: {self.clients.options.said(entry.node)}")
