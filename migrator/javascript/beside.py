"""Whose key a bearer token is among headers of the gateway that is left: its own, or that of a provider."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ast_grep_py import SgNode

from migrator.fates.providers import BESIDE_ANOTHERS, named
from migrator.javascript.clients import Clients
from migrator.javascript.imports import THROUGH
from migrator.javascript.objects import Property, properties
from migrator.javascript.source import span
from migrator.javascript.standing import MEMBERS, NAMES, inner
from migrator.javascript.taking import Taking

_CHOICES = frozenset({"||", "??"})
_CHOOSING = frozenset({"ternary_expression", "binary_expression"})
_MADE = frozenset({"Object.assign", "Headers"})
_WORD = re.compile(r"\w+")
_DEEP = 12  # names that lead to one another


class Told(NamedTuple):
    """What headers tell: whether some are of the gateway that is left, and whose a bearer token beside them is.

    It is `anothers` beside its key or what chooses a provider; the `key` itself is the bearer token from now on.
    `bearer` is what they call one that they have. Where the code is `sure` of it, some of the gateway are sent.
    """

    ours: bool = False
    anothers: bool = False
    key: bool = False
    bearer: str = ""
    sure: bool = False

    @classmethod
    def all_of(cls, parts: Iterable[Told]) -> Told:
        """What headers tell that are put together."""
        ours, anothers, key, bearer, sure = zip(*[cls(), *parts], strict=True)
        return cls(any(ours), any(anothers), any(key), next(filter(None, bearer), ""), any(sure))

    @classmethod
    def one_of(cls, parts: Iterable[Told]) -> Told:
        """What headers tell that are one of several."""
        found = [*parts]
        key, sure = (bool(found) and all(each) for each in ([t.key for t in found], [t.sure for t in found]))
        return cls.all_of(found)._replace(key=key, sure=sure)

    def at_times(self) -> Told:
        """What headers tell that are not sent everywhere."""
        return self._replace(key=False, sure=False)


@dataclass(frozen=True)
class Beside:
    """What the headers of one script are sent with."""

    clients: Clients

    @cached_property
    def _taking(self) -> Taking:
        return Taking(self.clients.script, self.clients.meanings, "headers")

    @cached_property
    def _known(self) -> dict[tuple[int, int, str], Told]:
        return {}

    def spread(self, literal: SgNode, *, unseen: bool = False) -> Told:
        """What an object is put together with; `unseen`, it may be anything where it is not in sight."""
        return Told.all_of([self._within(literal, unseen=unseen), self._around(literal)])

    def _within(self, literal: SgNode, *, unseen: bool = False, but: SgNode | None = None) -> Told:
        """What is spread into an object, `but` one."""
        spread = [
            each.node for each in properties(literal) if each.node.kind() == "spread_element" and each.node != but
        ]
        return Told.all_of(self.of(part, unseen=unseen) for each in spread for part in each.named_children()[:1])

    def _around(self, literal: SgNode) -> Told:
        """What an object is spread into, or assigned to together with others."""
        node, above = literal, literal.parent()
        while above and above.kind() in (*THROUGH, *_CHOOSING):
            node, above = above, above.parent()
        holder = above.parent() if above else None
        if above is None or holder is None:
            return Told()
        if above.kind() == "spread_element" and holder.kind() == "object":
            own = self.of_entries(properties(holder))
            return Told.all_of([own, self._within(holder, but=above), self._around(holder)])
        if above.kind() == "arguments" and _is_made(holder):
            return Told.all_of(self.of(each) for each in above.named_children() if each != node)
        return Told()

    def of(self, node: SgNode, depth: int = 0, *, unseen: bool = False) -> Told:
        """What an expression tells that is headers."""
        node = inner(node)
        if depth > _DEEP:
            return Told()
        if span(node) not in self._known:
            self._known[span(node)] = Told()  # there before it is worked out: it may be made of itself
            found = self._of(node, depth)
            self._known[span(node)] = found or Told()
            if found is None and unseen:
                return Told(anothers=True)
        return self._known[span(node)]

    def of_entries(self, entries: Iterable[Property]) -> Told:
        """What entries of an object tell by their names."""
        prefix, names = self.clients.options.client.prefix, [each.name for each in entries]
        ours = {low.removeprefix(prefix).replace("-", "_") for n in names if (low := n.lower()).startswith(prefix)}
        bearer = next((name for name in names if name.lower() == "authorization"), "")
        telling = not ours.isdisjoint({*BESIDE_ANOTHERS, "api_key"})
        return Told(bool(ours), telling, "api_key" in ours, bearer, bool(ours))

    def is_anothers(self, key: SgNode | None, told: Told) -> bool:
        """Whether a bearer token is the key of a provider: its name says so, or what it is sent with does."""
        return not self.is_own(key) and (told.anothers or (key is not None and self._is_providers(key)))

    def is_own(self, value: SgNode | None) -> bool:
        """Whether a value holds the key of the SDK that is left: it is called so, or is a variable that has it."""
        if value is None or self._says_own(value):
            return value is not None
        names = value.find_all(kind="identifier") if value.kind() != "identifier" else [value]
        bound = (self.clients.script.scopes.resolve(name) for name in names)
        values = (each.node.field("value") for each in bound if each and each.kind == "variable")
        return any(self._says_own(each) for each in values if each)

    def _says_own(self, value: SgNode) -> bool:
        options = self.clients.options
        return options.client.key_variable in options.said(value) or options.client.name in value.text().lower()

    def _is_providers(self, value: SgNode) -> bool:
        """Whether a key is called after a provider: `process.env.OPENAI_API_KEY`."""
        client = self.clients.options.client
        return any(named(word, client) not in ("", client.itself) for word in _WORD.findall(value.text()))

    def _of(self, node: SgNode, depth: int) -> Told | None:
        """What an expression tells; None where it is not in sight."""
        kind = node.kind()
        if kind == "object":
            return self._of_object(node)
        if kind == "ternary_expression":
            parts = [node.field("consequence"), node.field("alternative")]
            return Told.one_of(self.of(each, depth + 1) for each in parts if each)
        if kind == "binary_expression":
            return self._chosen(node, depth)
        if kind in ("call_expression", "new_expression"):
            arguments = node.field("arguments")
            given = arguments.named_children() if arguments else []
            if _is_made(node):
                return Told.all_of(self.of(each, depth + 1) for each in given)
            meaning = self.clients.meanings.of(node.field("function"))
            client = self.clients.options.client
            if meaning and meaning.package == client.package and meaning.name in client.headers:
                return Told(ours=True, anothers=True, key=True, sure=True)
        if kind not in (*NAMES, *MEMBERS, "call_expression"):
            return None
        if taken := self._taking.of(node):
            return Told(True, taken.of in ("key", "anothers"), taken.of == "key", sure=True)
        values = [self.of(each, depth + 1) for each in self.clients.script.standing.values(node)]
        return Told.one_of(values) if values else None

    def _of_object(self, literal: SgNode) -> Told:
        """What an object tells, as it is once a bearer token of a provider is none of its own any more."""
        entries = properties(literal)
        told = Told.all_of([self.of_entries(entries), self._within(literal)])
        key = next((each.value for each in entries if each.name.lower() == "authorization"), None)
        around = Told.all_of([told, self._around(literal)])
        if self.is_own(key) or (key and around.ours and self.is_anothers(key, around)):
            return told._replace(key=True, bearer="")
        return told

    def _chosen(self, node: SgNode, depth: int) -> Told | None:
        left, right, operator = node.field("left"), node.field("right"), node.field("operator")
        if left is None or right is None or operator is None:
            return None
        if operator.text() == "&&":
            return self.of(right, depth + 1).at_times()
        either = Told.one_of(self.of(each, depth + 1) for each in (left, right))
        return either if operator.text() in _CHOICES else None


def _is_made(node: SgNode) -> bool:
    """Whether headers are made of others: `Object.assign({}, COMMON)`, `new Headers(COMMON)`."""
    made = node.field("function") or node.field("constructor")
    return made is not None and made.text() in _MADE
