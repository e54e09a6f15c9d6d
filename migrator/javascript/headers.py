"""Headers that scripts write themselves, in one object or step by step, for `fetch` and its like; those they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ast_grep_py import SgNode

from migrator.fates.providers import doubled, stays
from migrator.javascript.beside import Beside, Told
from migrator.javascript.objects import Property, properties, with_more, without
from migrator.javascript.options import Given, Options
from migrator.javascript.order import Order
from migrator.javascript.removal import does_nothing, removal
from migrator.javascript.source import Script, span, string_of
from migrator.sites import Edit, Finding, Status

SETTERS = frozenset({"set", "append", "setRequestHeader", "setHeader", "header"})
_READERS = frozenset({"get", "has"})
_Stored = tuple[SgNode, str, SgNode, SgNode]


@dataclass(frozen=True)
class Headers:
    """The headers of one script."""

    script: Script
    text: str
    options: Options
    beside: Beside

    def sent(self) -> Iterator[Finding]:
        """A finding for each object and each statement that says what is sent."""
        for node in self.script.all("object"):
            entries = properties(node)
            if any(self._is_ours(each.name) for each in entries) or self._is_beside(node, entries):
                yield from self._object(node, entries)
        for node in self.script.all("assignment_expression"):
            yield from self._assignment(node)
        for node in self.script.all("call_expression"):
            yield from self._set(node)
        for node in self.script.all("array"):
            yield from self._pair(node)
        yield from self._other_keys()

    def read(self) -> Iterator[Finding]:
        """A finding for each header that is read, mostly of an answer."""
        for node in self.script.all("call_expression"):
            called = _called(node)
            if called and called.method in _READERS and len(called.parts) == 1 and self._is_ours(called.name):
                yield self._read(called.parts[0], called.name)
        for node in self.script.all("subscript_expression"):
            yield from self._read_by_key(node)

    def _is_ours(self, name: str) -> bool:
        return name.lower().startswith(self.options.client.prefix)

    def _of_provider(self, node: SgNode, status: Status, edits: Sequence[Edit], said: str = "") -> Finding:
        """The finding of a provider's key that was sent as a bearer token."""
        rule, client = self.options.rule("authorization"), self.options.client
        said = said or f"Authorization: {rule.message if rule else f'it belongs to {client.called}'}"
        return Finding(self.script.start(node), rule.id if rule else client.id, status, said, tuple(edits))

    def _stays(self, node: SgNode) -> Finding:
        """The finding of a provider's key that stays, where the gateway may be meant or not."""
        found = self._of_provider(node, Status.MANUAL, (), stays(self.options.client.called))
        return replace(found, alone=True)

    def _given(self, name: str, value: SgNode | None, node: SgNode) -> Given:
        return Given(name.lower()[len(self.options.client.prefix) :].replace("-", "_"), value, node)

    # --------------------------------------------------------------------------------------------------- objects

    def _is_beside(self, literal: SgNode, entries: list[Property]) -> bool:
        """Whether a bearer token stands beside headers of the SDK that is left, with which it is put together."""
        named = any(each.name.lower() == "authorization" for each in entries)
        if not named and all(each.name for each in entries):
            return False
        spread = self.beside.spread(literal)
        return spread.ours and (named or spread.bearer != "")

    def _object(self, literal: SgNode, entries: list[Property]) -> Iterator[Finding]:
        ours = [each for each in entries if self._is_ours(each.name)]
        settled = self.options.settled([self._given(e.name, e.value, e.node) for e in ours], "headers")
        yield from settled.notes
        if settled.faults:
            yield from settled.faults
            return
        spread = self.beside.spread(literal, unseen=bool(ours))
        told = Told.all_of([self.beside.of_entries(ours), spread])
        other = next((each for each in entries if each.name.lower() == "authorization"), None)
        other = other if other and (settled.key or self.beside.is_anothers(other.value, told)) else None
        lost = other is not None or (told.anothers and spread.bearer != "")
        if not ours and not lost:
            return
        if not ours and not spread.sure:
            yield self._stays(other.node if other else literal)
            return
        if spread.key and spread.bearer not in ("", "Authorization"):  # as two headers, both would be sent
            yield self._of_provider(literal, Status.MANUAL, (), doubled(spread.bearer))
            return
        keyed = settled.key or (self.options.key if lost and (spread.bearer or not spread.key) else "")
        added = list(settled.headers)
        own = _own_key(literal) if keyed and not spread.bearer else None
        if keyed and not own:
            quoted = (
                bool(ours) and ours[0].node.text()[:1] in "\"'" and any(_is_quoted(e) for e in entries if e not in ours)
            )
            called = spread.bearer or "Authorization"
            name = f"{self.options.quote}{called}{self.options.quote}" if quoted else called
            added.insert(0, f"{name}: {self.options.bearer(keyed)}")
        gone = [*ours, *([other] if other else [])]
        pair = literal.parent()
        if own and pair and not added and len(gone) == len(entries):
            edits = without(self.script, self.text, own.holder, [Property("", pair, None)])
        else:
            edits = with_more(self.script, self.text, literal, added, gone)
        if own:
            edits.append(self.beside.clients.keyed(own.holder, own.entry, keyed))
        if not ours:
            yield self._of_provider(gone[0].node if gone else literal, Status.REVIEW, edits)
            return
        rule, client = self.options.rule("api_key"), self.options.client
        said = f"{client.prefix}…: the key is {'that of the client' if own else 'sent as Authorization: Bearer'}"
        said = said if keyed else f"{', '.join(each.name for each in ours)}: {client.called} knows no such header"
        said += (
            f"; the key of a provider that was sent there belongs to {client.called}: store it there" if lost else ""
        )
        status, where = Status.REVIEW if lost else Status.MIGRATED, rule.id if rule and keyed else client.id
        yield Finding(self.script.start(ours[0].node), where, status, said, tuple(edits))

    # ---------------------------------------------------------------------------------------------- step by step

    def _assignment(self, node: SgNode) -> Iterator[Finding]:
        """`headers["x-portkey-api-key"] = key`."""
        left, right = node.field("left"), node.field("right")
        index = left.field("index") if left and left.kind() == "subscript_expression" else None
        name = string_of(index)
        if left is None or right is None or index is None or name is None or not self._is_ours(name):
            return
        yield from self._step(node, index, name, right)

    def _set(self, node: SgNode) -> Iterator[Finding]:
        """`headers.set("x-portkey-api-key", key)`."""
        called = _called(node)
        if called and called.method in SETTERS and len(called.parts) == 2 and self._is_ours(called.name):
            yield from self._step(node, called.parts[0], called.name, called.parts[1])

    def _pair(self, node: SgNode) -> Iterator[Finding]:
        """`["x-portkey-api-key", key]`, one of those that `new Headers` takes."""
        parts, above = node.named_children(), node.parent()
        name = string_of(parts[0]) if len(parts) == 2 else None
        if name and self._is_ours(name) and above and above.kind() == "array":
            yield from self._step(node, parts[0], name, parts[1])

    def _step(self, node: SgNode, written_at: SgNode, name: str, value: SgNode) -> Iterator[Finding]:
        given = self._given(name, value, node)
        rule = self.options.rule(given.name)
        start = self.script.start(written_at)
        quote = written_at.text()[0]
        if rule and rule.to == "key":
            edits = (
                self.script.edit(written_at, f"{quote}Authorization{quote}"),
                self.script.edit(value, self.options.bearer(self.options.said(value))),
            )
            yield Finding(start, rule.id, Status.MIGRATED, f"{name} → Authorization: Bearer", edits)
            return
        if rule and rule.to == "labels" and (edit := self._labelled(node, value)):
            yield Finding(start, rule.id, Status.MIGRATED, f"{name}: one header for each label", (edit,))
            return
        if rule and rule.to == "header":
            edits = (
                self.script.edit(written_at, f"{quote}{rule.called}{quote}"),
                self.script.edit(value, f"{quote}{rule.value}{quote}"),
            )
            if string_of(value) == "true":
                yield Finding(start, rule.id, Status.REVIEW, f"{name} → {rule.called}: {rule.message}", edits)
                return
        where = rule.id if rule else self.options.client.id
        message = rule.message if rule and rule.message else f"{self.options.client.called} does not know it"
        line = removal(self.script, self.text, node)
        if line is None or rule is None or rule.to in {"labels", "header", "manual"}:
            yield Finding(start, where, Status.MANUAL, f"{name}: {message}; take it out by hand")
        else:
            yield Finding(start, where, Status.REVIEW, f"{name}: {message}", (line,))

    def _labelled(self, node: SgNode, value: SgNode) -> Edit | None:
        """The edit that sets a header for each label of a JSON text; None where a statement cannot."""
        labels = self.options.labels(value)
        entries = f"{{ {', '.join(labels)} }}" if len(labels) != 1 else labels[0].removeprefix("...")
        entries = entries if entries.startswith(("{", "Object")) else f"{{ {entries} }}"
        left, function = node.field("left"), node.field("function")
        above = node.parent()
        if left and (owner := left.field("object")):
            return self.script.edit(node, f"Object.assign({owner.text()}, {entries})")
        if function is None or above is None or above.kind() != "expression_statement":
            return None
        loop = f"Object.entries({entries}).forEach(([name, value]) => {function.text()}(name, value))"
        return self.script.edit(node, loop)

    # -------------------------------------------------------------------------------------------------- other keys

    def _other_keys(self) -> Iterator[Finding]:
        """`headers.Authorization = …` with the key of a provider: the place of the gateway's own from now on."""
        stored = list(self._stored())
        for owner, header, value, node in stored:
            if header != "authorization" or self.beside.is_own(value):
                continue
            told = Told.all_of([self.beside.of(owner), *self._put(owner, stored, node)])
            if not told.ours or not self.beside.is_anothers(value, told):
                continue
            if not told.sure:
                yield self._stays(node)
                continue
            edit = removal(self.script, self.text, node) if told.key and does_nothing(value) else None
            if not told.key:
                edit = self.script.edit(value, self.options.bearer(self.options.key))
            yield self._of_provider(node, Status.REVIEW if edit else Status.MANUAL, [edit] if edit else [])

    def _put(self, owner: SgNode, stored: Sequence[_Stored], place: SgNode) -> Iterator[Told]:
        """What the statements tell that put something where `owner` is, for what stands at a `place`."""
        holder, found = self._order.holder(owner), list[tuple[SgNode, Told]]()
        for each, header, value, node in stored:
            if self._is_ours(header) and self._order.holder(each) == holder:
                found.append((node, self.beside.of_entries([Property(header, value, value)])))
        for node, parts in self._assigning:
            if self._order.holder(parts[0]) == holder:
                found.append((node, Told.all_of(self.beside.of(part) for part in parts[1:])))
        for node, told in found:
            yield told if self._order.runs(node, owner, place) else told.at_times()

    @cached_property
    def _assigning(self) -> list[tuple[SgNode, list[SgNode]]]:
        """The calls that put headers together into what they are given first, and what they are given."""
        calls = ((node, node.field("function"), node.field("arguments")) for node in self.script.all("call_expression"))
        return [
            (node, given)
            for node, function, arguments in calls
            if function and arguments and function.text() == "Object.assign" and (given := arguments.named_children())
        ]

    @cached_property
    def _order(self) -> Order:
        stored = ((owner, node) for owner, _, _, node in self._stored())
        return Order(self.script, [*stored, *((given[0], node) for node, given in self._assigning)])

    def _stored(self) -> Iterator[_Stored]:
        """Every header that a statement sets: what holds it, its name in lower case, the value and the expression."""
        for node in self.script.all("assignment_expression"):
            left, right = node.field("left"), node.field("right")
            owner = left.field("object") if left else None
            index, name = (left.field("index"), left.field("property")) if left else (None, None)
            said = string_of(index) if index else name.text() if name else None
            if owner and right and said:
                yield owner, said.lower(), right, node
        for node in self.script.all("call_expression"):
            function, arguments = node.field("function"), node.field("arguments")
            owner, method = (function.field("object"), function.field("property")) if function else (None, None)
            parts = arguments.named_children() if arguments else []
            said = string_of(parts[0]) if len(parts) == 2 else None
            if owner and method and method.text() in SETTERS and said:
                yield owner, said.lower(), parts[1], node

    # ----------------------------------------------------------------------------------------------------- answers

    def _read_by_key(self, node: SgNode) -> Iterator[Finding]:
        """`response.headers["x-portkey-cache-status"]`."""
        parent, index = node.parent(), node.field("index")
        name = string_of(index)
        assigned = (
            parent and parent.kind() == "assignment_expression" and span(parent.named_children()[0]) == span(node)
        )
        if index is not None and name is not None and self._is_ours(name) and not assigned:
            yield self._read(index, name)

    def _read(self, node: SgNode, name: str) -> Finding:
        client, start = self.options.client, self.script.start(node)
        rule, above = self.options.rule(self._given(name, None, node).name), node.parent()
        if rule and rule.to == "key" and above and above.kind() == "subscript_expression":
            said = f"{name} → Authorization, which begins with `Bearer`"
            edit = self.script.edit(node, f"{node.text()[0]}Authorization{node.text()[0]}")
            return Finding(start, rule.id, Status.REVIEW, said, (edit,))
        new = client.answered.get(name.lower(), "")
        if not new:
            said = f"{name}: {client.called} neither takes nor sends such a header: take out what reads it"
            return Finding(start, client.id, Status.MANUAL, said)
        quote = node.text()[0]
        said = f"{name} → {new}: see that its values are those that are looked for"
        return Finding(start, client.id, Status.REVIEW, said, (self.script.edit(node, f"{quote}{new}{quote}"),))


@dataclass(frozen=True, slots=True)
class _Called:
    """A method that is called with the name of a header first."""

    method: str
    name: str
    parts: list[SgNode]


def _called(node: SgNode) -> _Called | None:
    function, arguments = node.field("function"), node.field("arguments")
    method = function.field("property") if function and function.kind() == "member_expression" else None
    parts = arguments.named_children() if arguments else []
    name = string_of(parts[0]) if parts else None
    return _Called(method.text(), name, parts) if method and name else None


@dataclass(frozen=True, slots=True)
class _Own:
    """The key that a client is given beside its headers, and the options that have both."""

    holder: SgNode
    entry: Property


def _own_key(literal: SgNode) -> _Own | None:
    """The key of the client whose headers these are."""
    pair = literal.parent()
    key = pair.field("key") if pair and pair.kind() == "pair" else None
    holder = pair.parent() if pair else None
    if key is None or holder is None or key.text().strip("\"'") not in {"defaultHeaders", "headers"}:
        return None
    named = {each.name: each for each in properties(holder)}
    entry = named.get("apiKey")
    return _Own(holder, entry) if entry and entry.value and named.keys() & {"baseURL", "baseUrl"} else None


def _is_quoted(entry: Property) -> bool:
    return entry.node.text()[:1] in "\"'"
