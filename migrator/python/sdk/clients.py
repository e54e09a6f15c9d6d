"""Rewrites the clients of one module: those of the SDK that is left, and those of others that speak through it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from migrator.fates.providers import LOST, WITH_CLIENTS, begins
from migrator.formats import servers
from migrator.python import answers
from migrator.python.calls import import_edit
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of
from migrator.python.reading.scopes import Scope
from migrator.python.sdk import asserted, leftover, raw, slugs, spreading
from migrator.python.sdk.addresses import Addresses
from migrator.python.sdk.asked import Requests
from migrator.python.sdk.options import Result
from migrator.python.sdk.plain import is_sure, routing
from migrator.python.sdk.spread import Spread, spread_of
from migrator.python.sdk.spreading import lacks
from migrator.python.sdk.staying import call_stays, client_stays
from migrator.python.sdk.through import Through
from migrator.python.sdk.writer import Writer
from migrator.sites import Edit, Finding, Status
from migrator.tree.aside import is_test

_ASKED = {"isinstance", "issubclass", "cast", "type"}
_ASKS = {"create", "parse", "generate", "edit", "stream"}  # methods that ask for a model
_WITH_CLIENT = "left with the client, which is to be moved by hand"
_WITH_HEADERS = "left with the headers of this module, which are to be written by hand"
_WITH_REQUESTS = "left with the requests of this module, which stay"


def find(module: Module) -> Iterator[Finding]:
    """Findings for a module, noting in `module.replaced` the names that go with what is written anew."""
    if module.names.rules.moving_clients:
        findings = list(Rewriter(module).findings())
        yield from findings
        yield from servers.find(module.source.text, module.names)
        yield from leftover.find(module, findings)


class Rewriter:
    """The findings of one module."""

    def __init__(self, module: Module) -> None:
        self.module, self.writer = module, Writer(module)
        self.client, self.options = self.writer.client, self.writer.options
        self.through = Through(self.writer)
        self.asked = Requests(module, answers.trace_of(module), self.client, self.options)

    def findings(self) -> Iterator[Finding]:
        module = self.module
        stays = any(self._stays(node, scope) for node, scope in module.found.calls)
        if stays:
            yield from self._asked_of_old()
        moves = False
        for node, scope in module.found.calls:
            for finding in self._call(node, scope) if id(node) not in self.writer.done else ():
                moves |= bool(finding.edits)
                yield finding
        for finding in raw.find(self.writer, self.through):
            moves |= bool(finding.edits)
            yield finding
        held = (
            WITH_CLIENTS if self.writer.rules.staying else _WITH_HEADERS if self.through.by_hand and not moves else ""
        )
        yield from self._handed_on()
        if self.through.urls.speaks:
            self.through.urls.hold()
        yield from Addresses(self.through.urls, held).findings()
        yield from self.through.urls.findings(self.through.sent.behind_what_stays)
        yield from self.asked.findings()
        yield from slugs.find(self.writer, self._held_back(stays=stays, moves=moves))
        yield from asserted.find(self.writer)

    def _held_back(self, *, stays: bool, moves: bool) -> str:
        """Why ids of models stay, where a client stays, or nothing of the module moves; "" where they do not."""
        if stays:
            return _WITH_CLIENT
        urls = self.through.urls
        if not moves and urls.speaks and urls.gone is not None:
            return _WITH_REQUESTS
        return WITH_CLIENTS if self.writer.rules.staying else ""

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        name = self.writer.name(node.func, scope)
        if name in self.client.classes:
            yield self._made(node, scope, name)
        elif name in self.client.headers:
            yield from self.through.headers(node, scope)
        elif not (self.writer.rules.staying and is_test(self.module.facts.path)):  # tests go with what stays
            yield from self.through.client_of(node, scope)

    # ---------------------------------------------------------------------------------------- clients of the SDK itself

    def _made(self, node: ast.Call, scope: Scope, name: str) -> Finding:
        if self._stays(node, scope):
            return self._by_hand(node, scope, name)
        spread = spread_of(node, scope)
        keywords = spread.keywords if spread else node.keywords
        told = self.options.made([(k.arg or "", k.value) for k in keywords])
        if told.provider not in {"", LOST, self.client.itself, *self.asked.providers}:
            told.say(Status.REVIEW, begins(told.provider, self.client))
        if note := self.through.urls.elsewhere(told.url):
            told.say(Status.REVIEW, note)
        replaced, gone, added = self._arguments(node, scope, told if spread is None else None)
        defaults = self._defaults(told, spread)
        imported = self.writer.imported(any("os.environ" in text for text in defaults.values()), node, scope)
        said = f"{name}(…) → {self.client.classes[name]}(…)"
        first = [f"{n}={text}" for n, text in defaults.items()] if spread is None else []
        finding = self.writer.edited(node, told, said, imported, replaced, gone, added, first)
        own = self._called_anew(node, scope, name)
        if finding.status is Status.MANUAL or own is None:
            return finding if own is not None else self._by_hand(node, scope, name)
        if spread is None:
            return replace(finding, edits=(*own, *finding.edits))
        beside = spreading.edits(self.module, self.options, spread, lambda v: self.writer.address(v, scope), defaults)
        return replace(finding, edits=(*own, *finding.edits, *beside))

    def _called_anew(self, node: ast.Call, scope: Scope, name: str) -> tuple[Edit, ...] | None:
        """The edits of the class's name, where it goes on meaning the old one; None where that cannot be written."""
        if not isinstance(node.func, ast.Name) or not client_stays(
            self.module.index, self.module.facts, (node.func.id,)
        ):
            return ()
        imported = import_edit(self.module, self.client.to, node, scope)
        if imported is None:
            return None
        self.module.replaced.add(id(node.func))
        start, end = self.module.source.start(node.func), self.module.source.end(node.func)
        new = Edit(start, end, f"{self.client.to}.{self.client.classes[name]}")
        return (imported, new) if imported.text else (new,)

    def _arguments(
        self, node: ast.Call, scope: Scope, told: Result | None
    ) -> tuple[dict[str, str], list[str], list[str]]:
        """The arguments that a call has otherwise from now on, by name, those that go, and those that come.

        `told` is what becomes of all options, where the call spells each of them.
        """
        named = {k.arg: self.module.source.segment(k.value) for k in node.keywords if k.arg}
        result = told or self.options.convert([(k.arg, k.value) for k in node.keywords if k.arg])
        replaced, added = dict[str, str](), list[str]()
        if result.url is not None and (url := self.writer.address(result.url, scope)):
            replaced["base_url"] = f"base_url={url}"
        if result.key and "api_key" in named and self.module.names.env_gone(self.client.old_key_variable):
            replaced["api_key"] = f"api_key={result.key}"
        for keyword, text in result.keywords.items():
            if keyword not in named:
                added.append(f"{keyword}={text}")
            elif named[keyword] != text:
                replaced[keyword] = f"{keyword}={text}"
        if headers := result.headers_text():
            added.append(f"default_headers={headers}")
        kept = {"api_key" if result.key else "", "base_url" if result.url is not None else "", *result.keywords}
        return replaced, [name for name in named if name not in kept], added

    def _defaults(self, result: Result, spread: Spread | None) -> dict[str, str]:
        """The address and the key, as Python text, where a client is made without."""
        found = dict[str, str]()
        if result.url is None or (spread and lacks(spread, "base_url")):
            found["base_url"] = f'"{self.writer.url}"'
        if not result.key or (spread and lacks(spread, "api_key") == "always"):
            found["api_key"] = self.writer.key
        elif spread and lacks(spread, "api_key"):
            found["api_key"] = f'os.environ.get("{self.client.key_variable}", "")'
        return found

    def _stays(self, node: ast.Call, scope: Scope) -> bool:
        """Whether a call makes a client of the SDK that has to stay one."""
        its = self.writer.name(node.func, scope) in self.client.classes
        return its and call_stays(self.writer.rules, self.module.facts, node, spread_of(node, scope))

    def _by_hand(self, node: ast.Call, scope: Scope, name: str) -> Finding:
        """A client that stays, and why."""
        self.module.kept.add(id(node.func))
        if name in self.module.facts.inherited:
            said = "a class here inherits from it: see what that has of Portkey's own"
        elif is_sure(self.writer.rules, node, spread_of(node, scope)):
            said = f"{self.client.to} is another thing here"
        else:
            spread = spread_of(node, scope)
            own = routing(self.writer.rules, spread.keywords if spread else node.keywords)
            said = own or "it is not written down here what it is given"
        said = f"{name}: {said}: write {self.client.classes[name]}(base_url=…, api_key=…) by hand"
        if self.module.names.env(self.client.old_key_variable):
            said = f"{said}; the key is read from {self.client.key_variable} now"
        return self.writer.say(node, Status.MANUAL, said)

    def _asked_of_old(self) -> Iterator[Finding]:
        """What calls are given where clients of this module stay: it stays with them, as does the rest of the call."""
        followed = {id(node) for node in self.asked.followed}
        for node, _ in self.module.found.calls:
            if not isinstance(node.func, ast.Attribute) or node.func.attr not in _ASKS or id(node) in followed:
                continue
            given = [k for k in node.keywords if k.arg in ("model", "extra_headers") and self._is_old(k.value)]
            if given:
                self.writer.done.add(id(node))
                self.module.kept |= {id(n) for k in given for n in ast.walk(k.value)}
                said = f"{', '.join(k.arg or '' for k in given)}: {_WITH_CLIENT}"
                yield self.writer.say(node, Status.MANUAL, said)

    def _is_old(self, value: ast.expr) -> bool:
        text = self.module.source.segment(value)
        return text[1:2] == "@" or self.client.prefix in text.lower()

    def _handed_on(self) -> Iterator[Finding]:
        """The class of a client given to a call, which makes it with options that nobody sees."""
        parents = self.module.source.parents
        for reference in self.module.found.references:
            node: ast.AST = reference.nodes[-1]
            name = self.writer.name(reference.nodes[-1], reference.scope)
            above = parents.get(id(node))
            if isinstance(above, ast.keyword):
                node, above = above, parents.get(id(above))
            given = isinstance(above, ast.Call) and node is not above.func and callee_of(above) not in _ASKED
            if name in self.client.classes and given:
                said = f"{name} is handed on: where it is made, give it the address and key of {self.client.called}"
                yield self.writer.say(reference.nodes[-1], Status.MANUAL, said)
