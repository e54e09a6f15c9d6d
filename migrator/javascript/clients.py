"""Clients that scripts build: of the SDK that is left, and of others that speak through its headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ast_grep_py import SgNode

from migrator.fates.providers import of_provider
from migrator.javascript import classes
from migrator.javascript.meanings import Meaning, Meanings
from migrator.javascript.objects import Property, properties, with_more, written
from migrator.javascript.options import Options, Settled, given
from migrator.javascript.source import Script, span, string_of
from migrator.javascript.standing import NAMES
from migrator.primitives.client import Factory
from migrator.sites import Edit, Finding, Status

CLASSES = frozenset({"default"})
TOKEN = "authToken"
ADDRESSES = frozenset({"baseURL", "basePath"})
_TAKES_TOKEN = frozenset({"@anthropic-ai/sdk"})
_KEYS = ("apiKey", "openAIApiKey", "openaiApiKey")
_NESTED = frozenset({"configuration", "clientOptions"})
_TYPED = frozenset({"as_expression", "satisfies_expression"})
_KEPT = frozenset({"key", "url", "keyword"})


@dataclass(frozen=True, slots=True)
class Built:
    """One client as it is built: what it becomes, or why it stays."""

    node: SgNode
    settled: Settled
    edits: tuple[Edit, ...]
    imports: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        return bool(self.settled.faults)

    @property
    def made(self) -> tuple[int, int]:
        """Where the client is built, in the code of its program."""
        above = (node for node in self.node.ancestors() if node.kind() == "new_expression")
        node = self.node if self.node.kind() == "new_expression" else next(above, self.node)
        return span(node)[:2]


@dataclass(frozen=True)
class Clients:
    """The clients of one script."""

    script: Script
    text: str
    meanings: Meanings
    options: Options

    def is_class(self, meaning: Meaning | None) -> bool:
        """Whether an expression is a class of the SDK."""
        client = self.options.client
        ours = meaning is not None and meaning.package == client.package
        if meaning is None or not ours:
            return False
        return meaning.kind == "module" or (meaning.kind == "name" and meaning.name in {*client.classes, *CLASSES})

    def is_client(self, meaning: Meaning | None) -> bool:
        """Whether an expression is a client of the SDK."""
        names = {*self.options.client.classes, *CLASSES, "", "*"}
        ours = meaning is not None and meaning.package == self.options.client.package
        return meaning is not None and ours and meaning.kind == "instance" and meaning.name in names

    def built(self) -> Iterator[Built]:
        """Every client of the SDK that the script builds, in order."""
        made = [n for n in self.script.all("new_expression") if self.is_class(self.meanings.of(n.field("constructor")))]
        for declared in self.script.all("class_declaration", "abstract_class_declaration", "class"):
            calls = classes.building(declared) if classes.is_class(declared) else []
            if calls and self.is_class(self.meanings.of(classes.extended(declared))):
                made += calls
        yield from (self._built(node) for node in sorted(made, key=self.script.start))

    def factories(self, rule: Factory) -> Iterator[Built]:
        """Every client that a function of another package makes."""
        for node in self.script.all("call_expression"):
            meaning = self.meanings.of(node.field("function"))
            if meaning and meaning.package == rule.package and meaning.name == rule.name:
                yield self._built(node, rule)

    def _built(self, node: SgNode, rule: Factory | None = None) -> Built:
        arguments = node.field("arguments")
        first = arguments.named_children() if arguments else []
        if not first:
            place = arguments or node
            text = f"({{ {', '.join(self._missing(Settled(), rule))} }})"
            at = self.script.end(place)
            edit = self.script.edit(place, text) if arguments else Edit(at, at, text)
            return Built(node, Settled(), (edit,))
        literal = self.options.literal(first[0])
        if first[0].kind() in _TYPED and first[0].children()[-1].text() not in {"any", "const"}:
            return self._unknown(node, "its options have a type of their own")
        if literal is None or self._is_changed(first[0]):
            return self._unknown(node, "its options are put together elsewhere")
        entries = properties(literal)
        if not all(entry.is_known for entry in entries):
            return self._unknown(node, "it takes over options of something else")
        settled = self.options.settled(given(entries), "client" if rule is None else "headers")
        if settled.faults:
            return Built(node, settled, ())
        return Built(node, settled, tuple(self._rewritten(literal, entries, settled, rule)))

    def _unknown(self, node: SgNode, why: str) -> Built:
        client = self.options.client
        said = f"{why}: build the client of {client.instead} from apiKey and baseURL by hand"
        fault = Finding(self.script.start(node), client.id, Status.MANUAL, said)
        return Built(node, Settled(faults=[fault]), ())

    def _is_changed(self, node: SgNode) -> bool:
        """Whether some statement gives a variable's object further options."""
        if node.kind() == "object":
            return False
        for each in self.script.all("assignment_expression"):
            left = each.field("left")
            owner = (
                left.field("object") if left and left.kind() in {"member_expression", "subscript_expression"} else None
            )
            if owner and owner.text() == node.text():
                return True
        return False

    def _rewritten(
        self, literal: SgNode, entries: Sequence[Property], settled: Settled, rule: Factory | None
    ) -> list[Edit]:
        stay = [entry for entry in entries if self._destination(entry) in _KEPT]
        gone = [entry for entry in entries if self._destination(entry) not in _KEPT]
        there = {entry.name for entry in stay}
        missing = [text for text in self._missing(settled, rule) if text.partition(":")[0] not in there]
        edits = with_more(self.script, self.text, literal, missing, gone)
        if not stay:
            return edits
        return [*edits, *(e for entry in stay if (e := self._kept(entry)))]

    def _destination(self, entry: Property) -> str:
        rule = self.options.rule(given([entry])[0].name)
        return rule.to if rule else "drop"

    def _kept(self, entry: Property) -> Edit | None:
        """The edit of an option that stays, where the address is a constant of the SDK."""
        if entry.value and self._destination(entry) == "url" and self.is_address(entry.value):
            return self.script.edit(entry.node, written(entry.name, self.options.url))
        return None

    def is_address(self, node: SgNode) -> bool:
        """Whether an expression is the constant that holds the address; a name of the script's own goes on for it."""
        while node.kind() in _TYPED:
            node = node.named_children()[0]
        binding = self.script.scopes.resolve(node) if node.kind() in NAMES else None
        pattern = binding.node.field("name") if binding and binding.kind == "variable" else None
        if node.kind() not in {*NAMES, "member_expression"} or (pattern and pattern.kind() == "identifier"):
            return False
        meaning = self.meanings.of(node)
        client = self.options.client
        return meaning is not None and meaning.package == client.package and meaning.name in client.address

    def _missing(self, settled: Settled, rule: Factory | None) -> list[str]:
        """The properties that the new client needs besides those that stay."""
        quote = self.options.quote
        added = [written(name, f"{quote}{text}{quote}") for name, text in (rule.adds if rule else {}).items()]
        added += [] if settled.key else [written("apiKey", self.options.key)]
        added += [] if settled.url else [written("baseURL", self.options.url)]
        if rule is None:
            added += _patience(settled)
        if settled.headers:
            added.append(f"{rule.headers if rule else 'defaultHeaders'}: {{ {', '.join(settled.headers)} }}")
        return added

    # ------------------------------------------------------------------------------------- clients of other SDKs

    def headers(self) -> Iterator[Built]:
        """Every call of a function that makes headers, with what becomes of the client around it."""
        for node in self.script.all("call_expression"):
            meaning = self.meanings.of(node.field("function"))
            client = self.options.client
            if meaning and meaning.package == client.package and meaning.name in client.headers:
                yield self._with_headers(node)

    def _with_headers(self, node: SgNode) -> Built:
        arguments = node.field("arguments")
        first = arguments.named_children() if arguments else []
        literal = self.options.literal(first[0]) if first else None
        entries = properties(literal) if literal else []
        if literal is None or not all(entry.is_known for entry in entries):
            return self._unknown(node, "its headers are put together elsewhere")
        settled = self.options.settled(given(entries), "client")
        if settled.faults:
            return Built(node, settled, ())
        pair = node.parent()
        key = pair.field("key") if pair and pair.kind() == "pair" else None
        holder = pair.parent() if pair else None
        name = key.text().strip("\"'") if key else ""
        keyed = name == "headers" and holder is not None and any(e.name == "apiKey" for e in properties(holder))
        if holder and pair and (name == "defaultHeaders" or keyed) and self._has_key(holder):
            return Built(node, settled, tuple(self._held(holder, pair, settled)))
        said = "the headers of a client: the key is a header of its own now"
        settled.notes.append(Finding(self.script.start(node), self.options.client.id, Status.REVIEW, said))
        authorization = written("Authorization", self.options.bearer(settled.key or self.options.key))
        entries_said = ", ".join([authorization, *settled.headers])
        if pair and pair.kind() == "spread_element":
            return Built(node, settled, (self.script.edit(pair, entries_said),))
        return Built(node, settled, (self.script.edit(node, f"{{ {entries_said} }}"),))

    def _held(self, holder: SgNode, headers: SgNode, settled: Settled) -> list[Edit]:
        """The edits of the options around the headers: the key, the address, the headers that are left."""
        around = properties(holder)
        outer = self._outer(holder)
        keyed = [
            (where, entry) for where in (holder, outer) if where for entry in properties(where) if entry.name in _KEYS
        ]
        key = settled.key or self.options.key
        added = _patience(settled)
        edits: list[Edit] = []
        if keyed:
            for where, entry in keyed:
                settled.notes += self._of_provider(entry, settled)
                edits.append(self.keyed(where, entry, key))
        elif outer is None:
            added.insert(0, written(TOKEN if self.takes_bearer(holder) else "apiKey", key))
        else:
            edits += with_more(self.script, self.text, outer, [written("apiKey", key)])
        for entry in around:
            if entry.name in ADDRESSES and not self.takes_bearer(holder) and (change := self._addressed(entry)):
                edits.append(change)
        ours = next(entry for entry in around if span(entry.node) == span(headers))
        if settled.headers:
            value = headers.field("value")
            assert value is not None
            edits.append(self.script.edit(value, f"{{ {', '.join(settled.headers)} }}"))
            return edits + (with_more(self.script, self.text, holder, added) if added else [])
        return edits + with_more(self.script, self.text, holder, added, [ours])

    def _has_key(self, holder: SgNode) -> bool:
        """Whether options have the key of their client, or may: those that others are put over may lose it again."""
        if any(entry.name in _KEYS for where in (holder, self._outer(holder)) if where for entry in properties(where)):
            return True
        above = (self._outer(holder) or holder).parent()
        return above is not None and above.kind() == "arguments"

    def takes_bearer(self, literal: SgNode) -> bool:
        """Whether options are those of a client that sends a bearer token by another name than a key."""
        call = literal.parent()
        made = call.parent() if call and call.kind() == "arguments" else None
        meaning = self.meanings.of(made.field("constructor")) if made and made.kind() == "new_expression" else None
        return meaning is not None and meaning.package in _TAKES_TOKEN

    def keyed(self, holder: SgNode, entry: Property, key: str) -> Edit:
        """The edit that gives a client another key; a bearer token has a name of its own, which is edited by itself."""
        if not self.takes_bearer(holder):
            return self.script.edit(entry.node, f"{entry.name}: {key}" if entry.name != key else key)
        if entry.node.kind() == "pair" and entry.value:
            return self.script.edit(entry.value, key)
        return self.script.edit(entry.node, f"{TOKEN}: {key}")

    def _of_provider(self, entry: Property, settled: Settled) -> Iterator[Finding]:
        """What to see to where the key of a client is that of a provider: the gateway's takes its place."""
        rule, value = self.options.rule("Authorization"), entry.value
        ours = value is None or self.options.said(value) == settled.key
        if rule and value and not ours and of_provider(value.text(), string_of(value), self.options.client):
            yield Finding(self.script.start(entry.node), rule.id, Status.REVIEW, f"{entry.name}: {rule.message}")

    def _addressed(self, entry: Property) -> Edit | None:
        if entry.value is not None and self.is_address(entry.value):
            return self.script.edit(entry.node, written(entry.name, self.options.url))
        return None

    def _outer(self, holder: SgNode) -> SgNode | None:
        """The options that hold those with the headers, as LangChain has them."""
        pair = holder.parent()
        key = pair.field("key") if pair and pair.kind() == "pair" else None
        outer = pair.parent() if pair else None
        return outer if key and key.text() in _NESTED else None


def _patience(settled: Settled) -> list[str]:
    """How long a client waits and how often it tries, as properties."""
    return [written(name, value) for name, value in settled.entries.items() if name in {"timeout", "maxRetries"}]
