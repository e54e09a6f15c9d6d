"""What the expressions of a script say that are texts, as far as that is written down: mostly addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode

from migrator.fates.endpoints import address_in
from migrator.javascript.clients import Clients
from migrator.javascript.imports import THROUGH
from migrator.javascript.source import span, string_of
from migrator.javascript.standing import MEMBERS, NAMES
from migrator.javascript.taking import Taking
from migrator.primitives.client import Client

COMPUTED = "\0"
"""Stands in a text for what only a run tells."""
_CALLS = frozenset({"new_expression", "call_expression"})
_CHOICES = frozenset({"||", "??", "&&"})
_SAME = frozenset({"replace", "toString", "trim"})  # methods that leave an address what it is
_DEEP = 40  # names, and parts of a sum, that lead to one another
_LONG = 1000  # characters of an address that tell anything


@dataclass(frozen=True)
class Texts:
    """The texts of one script; the SDK's constant and what other scripts hand on are the old address."""

    clients: Clients

    @cached_property
    def taking(self) -> Taking:
        """The addresses that come from other scripts."""
        return Taking(self.clients.script, self.clients.meanings)

    @property
    def _client(self) -> Client:
        return self.clients.options.client

    @cached_property
    def _texts(self) -> dict[tuple[int, int, str], str]:
        return {}

    def of(self, node: SgNode | None, depth: int = 0) -> str:
        """What an expression says, as far as it is written down."""
        if node is None or depth > _DEEP:
            return COMPUTED
        place = span(node)
        if place not in self._texts:
            self._texts[place] = COMPUTED  # there before it is worked out: it may be made of itself
            self._texts[place] = self._written(node, depth)[:_LONG]
        return self._texts[place]

    def _written(self, node: SgNode, depth: int) -> str:
        kind = node.kind()
        if kind == "string":
            return node.text()[1:-1]
        if kind == "template_string":
            return self._template(node, depth)
        if kind in THROUGH:
            return self.of(next(iter(node.named_children()), None), depth + 1)
        if self.clients.is_address(node) or self.taking.of(node):
            return self.longest
        if kind == "binary_expression":
            return self._sum(node, depth)
        if kind == "ternary_expression":
            return self._chosen([node.field("consequence"), node.field("alternative")], depth)
        if kind == "augmented_assignment_expression" and "+=" in node.text():
            return self.of(node.field("left"), depth + 1) + self.of(node.field("right"), depth + 1)
        if kind in _CALLS:
            return self._called(node, depth)
        if kind in (*NAMES, *MEMBERS):
            return self._chosen(self.clients.script.standing.values(node), depth)
        return COMPUTED

    @property
    def longest(self) -> str:
        """The old address as clients are given it."""
        return max(self._client.addresses, key=len)

    def _template(self, node: SgNode, depth: int) -> str:
        said, at = "", node.range().start.index + 1
        for part in (each for each in node.children() if each.kind() == "template_substitution"):
            begin, end = part.range().start.index, part.range().end.index
            base = node.range().start.index
            said += node.text()[at - base : begin - base]
            said += self.of(next(iter(part.named_children()), None), depth + 1)
            at = end
        return said + node.text()[at - node.range().start.index : -1]

    def _sum(self, node: SgNode, depth: int) -> str:
        left, right, operator = node.field("left"), node.field("right"), node.field("operator")
        sign = operator.text() if operator else ""
        if sign in _CHOICES:
            return self._chosen([left, right], depth)
        return self.of(left, depth + 1) + self.of(right, depth + 1) if sign == "+" else COMPUTED

    def _chosen(self, parts: Iterable[SgNode | None], depth: int) -> str:
        """What an expression says that is one of several: the old address, where one is."""
        texts = [self.of(each, depth + 1) for each in parts]
        ours = next((each for each in texts if address_in(each, self._client)), COMPUTED)
        return texts[0] if len(set(texts)) == 1 else ours

    def _called(self, node: SgNode, depth: int) -> str:
        """What `new URL(path, base)`, `base.concat(path)`, `[base, path].join("/")` and own functions give."""
        function, arguments = node.field("function") or node.field("constructor"), node.field("arguments")
        given = arguments.named_children() if arguments else []
        if function is None:
            return COMPUTED
        if node.kind() == "new_expression":
            if function.text() != "URL" or not given:
                return COMPUTED
            texts = [self.of(each, depth + 1) for each in reversed(given)]
            return "/".join([texts[0].rstrip("/"), *(each.lstrip("/") for each in texts[1:])])
        if self.taking.of(function):
            return self.longest
        own = self.clients.script.standing.values(node)
        if own:
            return self._result(own, given, depth)
        method, owner = function.field("property"), function.field("object")
        if owner is None or method is None:
            return self.of(given[0], depth + 1) if function.text() == "String" and given else COMPUTED
        if method.text() in _SAME:
            return self.of(owner, depth + 1)
        if method.text() == "concat":
            return "".join(self.of(each, depth + 1) for each in (owner, *given))
        if method.text() == "join" and owner.kind() == "array" and len(given) == 1 and string_of(given[0]) == "/":
            return "/".join(self.of(each, depth + 1).rstrip("/") for each in owner.named_children())
        return COMPUTED

    def _result(self, own: list[SgNode], given: list[SgNode], depth: int) -> str:
        """What a function of the script's own gives, with its argument where it has one that ends the text."""
        text = self._chosen(own, depth)
        open_end = text.endswith(COMPUTED) and text.count(COMPUTED) == len(given) == 1
        return text.removesuffix(COMPUTED) + self.of(given[0], depth + 1) if open_end else text
