"""Calls on a client: options given for one call, ids of models, and methods without a counterpart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ast_grep_py import SgNode

from migrator.fates.providers import asked_twice, vendor_unseen, vendor_untold
from migrator.javascript.clients import Clients
from migrator.javascript.meanings import Meaning
from migrator.javascript.models import is_straight, names_vendor
from migrator.javascript.objects import properties, written
from migrator.javascript.options import Given, Settled, given, snake
from migrator.javascript.source import Script, span, string_of
from migrator.javascript.standing import members
from migrator.primitives.client import Method
from migrator.sites import Edit, Finding, Status

_ASKED = frozenset({"chat.completions", "completions", "embeddings", "responses"})  # Portkey named a model for these
_WITH_MODEL = _ASKED | {"images", "audio.speech", "audio.transcriptions", "moderations"}
_OWN = frozenset({"headers", "timeout", "signal", "query", "idempotency_key", "http_agent", "fetch_options", "stream"})


@dataclass(frozen=True)
class Calls:
    """The calls of one script; `prefixes` has how ids of models begin for each client, by where it is built."""

    script: Script
    text: str
    clients: Clients
    prefixes: Mapping[tuple[int, int], str]

    def findings(self) -> Iterator[Finding]:
        """A finding for each call that changes or cannot be made any more."""
        for node in self.script.all("call_expression"):
            function, arguments = node.field("function"), node.field("arguments")
            paths = _paths(function) if function else []
            if arguments is None or not paths:
                continue
            known_as = ((root, names, self.clients.meanings.of(root)) for root, names in paths)
            found = next((each for each in known_as if self.clients.is_client(each[2])), None)
            root, names, meaning = found or (*paths[0], self.clients.meanings.of(paths[0][0]))
            ours = found is not None
            known = meaning is not None and meaning.made in self.prefixes
            if ours:
                yield from self._method(root, names)
            if names[-1:] in (["create"], ["generate"], ["edit"], ["parse"], ["stream"]) and len(names) > 1:
                prefix = self._prefix(meaning) if ours or known else None
                yield from self._call(root, arguments, names, ours, prefix)

        for node in self.script.all("member_expression"):
            above = node.parent()
            if above is not None and above.kind() not in {
                "member_expression",
                "call_expression",
                "non_null_expression",
            }:
                yield from self._attribute(node)
        for node in self.script.all("subscript_expression", "variable_declarator"):
            yield from self._looked_up(node)

    def _looked_up(self, node: SgNode) -> Iterator[Finding]:
        """The same by other means than a dot: `client["virtualKey"]`, `const { virtualKey } = client`."""
        client, taken = node.field("object") or node.field("value"), node.field("index") or node.field("name")
        if client is None or taken is None or not self.clients.is_client(self.clients.meanings.of(client)):
            return
        parts = taken.named_children() if taken.kind() == "object_pattern" else [taken]
        for part in parts:
            key = part.field("key") or part.field("left") or part
            name = string_of(key) or (key.text() if taken.kind() == "object_pattern" else "")
            if name:
                yield from self._method(key, [name])

    def _attribute(self, node: SgNode) -> Iterator[Finding]:
        """What is read of a client, or set there, that the new one has not."""
        for root, names in _paths(node):
            if self.clients.is_client(self.clients.meanings.of(root)):
                yield from self._method(root, names)
                return

    def method(self, names: list[str]) -> Method | None:
        """The rule of a method that is different or not there."""
        path = ".".join(map(snake, names))
        found = [
            (len(name), rule)
            for rule in self.clients.options.names.rules.methods
            if rule.of == self.clients.options.client.of
            for name in rule.names
            if path == name or path.startswith(f"{name}.")
        ]
        return max(found, key=lambda each: each[0])[1] if found else None

    def _method(self, root: SgNode, names: list[str]) -> Iterator[Finding]:
        rule = self.method(names)
        if rule:
            yield Finding(self.script.start(root), rule.id, Status(rule.status), f"{'.'.join(names)}: {rule.message}")

    # ------------------------------------------------------------------------------------------------- one call

    def _prefix(self, meaning: Meaning | None) -> str:
        """How ids of models begin for a client; where only its type is known, what all clients of the script have."""
        if meaning and meaning.made and meaning.made in self.prefixes:
            return self.prefixes[meaning.made]
        if meaning and meaning.prefix:
            return meaning.prefix
        every = set(self.prefixes.values())
        return every.pop() if len(every) == 1 else ""

    def _call(
        self, root: SgNode, arguments: SgNode, names: list[str], ours: bool, prefix: str | None
    ) -> Iterator[Finding]:
        parts = arguments.named_children()
        if prefix is not None and parts and ".".join(names[:-1]) in _WITH_MODEL and not self.method(names):
            yield from self._model(root, parts[0], prefix, ".".join(names[:-1]) in _ASKED)
        if len(parts) > 1:
            yield from self._second(parts, ours)

    def _model(self, root: SgNode, body: SgNode, prefix: str, needed: bool) -> Iterator[Finding]:
        client = self.clients.options.client
        entries = properties(body)
        entry = next((each for each in entries if each.name == "model"), None)
        if needed and client.vendors and not prefix:
            unseen = (each for each in self._given(body) if not names_vendor(self.clients, each))
            rule, said = self._provider_rule, vendor_unseen(client)
            yield from (Finding(self.script.start(each), rule, Status.REVIEW, said) for each in unseen)
        if body.kind() != "object":
            return
        if entry is None:
            if needed and all(each.is_known for each in entries):
                said = "no model is given, which Portkey took from its config: say which one"
                yield Finding(self.script.start(body), client.id, Status.MANUAL, said)
            return
        text = string_of(entry.value)
        if text and entry.value and "/" not in text and not text.startswith("@"):
            prefix = prefix or client.vendor(text)
            if not prefix:
                if client.vendors:
                    said, start = vendor_untold(text, client), self.script.start(entry.value)
                    yield Finding(start, self._provider_rule, Status.MANUAL, said)
                return
            if is_straight(self.clients, root):
                status, said = asked_twice(text, f"{prefix}/{text}", client)
                yield Finding(self.script.start(entry.value), self._provider_rule, status, said)
                return
            quote = entry.value.text()[0]
            edit = self.script.edit(entry.value, f"{quote}{prefix}/{text}{quote}")
            said = f"{text} → {prefix}/{text}: the model id names the provider"
            yield Finding(self.script.start(entry.value), self._provider_rule, Status.REVIEW, said, (edit,))

    def _given(self, body: SgNode) -> list[SgNode]:
        """The models of a call that are no texts in it; what it is given where that is not in sight."""
        if body.kind() == "object":
            entries = properties(body)
            models = [each.value for each in entries if each.name == "model" and each.value]
            given = models or ([] if all(each.is_known for each in entries) else [body])
            return [each for each in given if string_of(each) is None]
        owners = self.script.standing.owners(body)
        return [value for each in owners for name, value in members(each) if name == "model"] or [body]

    @property
    def _provider_rule(self) -> str:
        rule = self.clients.options.rule("provider")
        return rule.id if rule else self.clients.options.client.id

    def _second(self, parts: list[SgNode], ours: bool) -> Iterator[Finding]:
        """The second argument, in which the old SDK took options of its own."""
        second, options = parts[1], self.clients.options
        literal = second if second.kind() == "object" else None
        entries = properties(literal) if literal else []
        known = [each for each in given(entries) if each.name and each.name not in _OWN and not _is_retries(each)]
        if literal is None:
            if ours and second.text() not in {"undefined", "null"}:
                said = "options of one call, put together elsewhere: the OpenAI SDK takes them as `{ headers: … }`"
                yield Finding(self.script.start(second), options.client.id, Status.REVIEW, said)
            return
        if not known or not (ours or all(self._is_telling(each) for each in known)):
            return
        settled = options.settled(known, "call")
        yield from settled.notes
        if settled.faults or len(parts) > 2 or any(not e.is_known for e in entries):
            said = "options of one call: write them as `{ headers: … }`"
            yield from settled.faults or [Finding(self.script.start(second), options.client.id, Status.MANUAL, said)]
            return
        gone = {span(each.node) for each in known}
        stay = [each.node.text() for each in entries if span(each.node) not in gone]
        text = ", ".join([*_headers(settled), *(written(*each) for each in settled.entries.items()), *stay])
        edit = self.script.edit(second, f"{{ {text} }}")
        if not text:
            edit = Edit(self.script.end(parts[0]), self.script.end(second), "")
        said = "options of one call are headers of it"
        yield Finding(self.script.start(second), options.client.id, Status.MIGRATED, said, (edit,))

    def _is_telling(self, each: Given) -> bool:
        """Whether no other SDK takes such an option for a call."""
        rule = self.clients.options.rule(each.name)
        return rule is not None and each.name in rule.names and rule.to not in {"keyword", "key", "url"}


def _headers(settled: Settled) -> list[str]:
    return [f"headers: {{ {', '.join(settled.headers)} }}"] if settled.headers else []


def _is_retries(each: Given) -> bool:
    return each.name == "max_retries"


def _paths(function: SgNode) -> list[tuple[SgNode, list[str]]]:
    """What a method is called on, and the names from there: the first name alone, with the second, …; `this` last."""
    names: list[str] = []
    found: list[tuple[SgNode, list[str]]] = []
    node = function
    while node.kind() == "member_expression":
        name, above = node.field("property"), node.field("object")
        if name is None or above is None:
            break
        names = [name.text(), *names]
        node = above
        found.insert(len(found) if node.kind() == "this" else 0, (node, names))
    return found
