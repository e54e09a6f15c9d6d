"""Headers of the gateway that is left, spelled out: in dicts, put into dicts, and read from answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from migrator.fates.providers import doubled, new_id, stays, vendor_unseen
from migrator.primitives.client import Parameter
from migrator.python.library.needless import Cuts
from migrator.python.reading.expressions import text_value
from migrator.python.sdk.beside import Headers, is_merged
from migrator.python.sdk.options import Result
from migrator.python.sdk.plain import is_plain
from migrator.python.sdk.spread import Place, Stored, places
from migrator.python.sdk.spreading import cut
from migrator.python.sdk.through import Given, Through, item
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Edit, Finding, Status

_AS_TOKEN = "headers of the SDK → the key as a bearer token"
_SAID = ("key", "labels", "header", "manual", "config")  # options that stand for something from now on as well


def find(writer: Writer, through: Through) -> Iterator[Finding]:
    """A finding for each header that no call's finding has taken care of."""
    text = writer.module.source.text.lower()
    if writer.client.prefix in text or "authorization" in text:
        yield from _Raw(writer, through).findings()


class _Raw:
    def __init__(self, writer: Writer, through: Through) -> None:
        self.writer, self.through, self.prefix = writer, through, writer.client.prefix
        self.module = writer.module
        self.scopes = {id(t.node): t.scope for t in self.module.found.texts}
        self.scopes.update((id(call), scope) for call, scope in self.module.found.calls)
        self.told: set[int] = set()  # texts that a finding takes care of, by id

    def findings(self) -> Iterator[Finding]:
        tree = self.module.source.tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and not self._is_handled(node):
                yield from self._dict(node)
            elif isinstance(node, ast.Dict):
                self._tell(node)
            elif isinstance(node, ast.Call) and is_merged(node) and not self._is_handled(node):
                yield from self._dict(node)
        for place in places(tree):
            if isinstance(place.statement, ast.Assign) and len(place.statement.targets) == 1:
                yield from self._stored(Stored(place.statement, *(place.alone_in or (place.statement, place.block))))
            elif isinstance(place.statement, ast.Expr | ast.Delete):
                yield from self._changed(place)
        for place in places(tree):
            yield from self._other_key(place)
        yield from self._models()
        for text in self.module.found.texts:
            if text.role == "plain" and id(text.node) not in self.told and not self._is_handled(text.node):
                yield from self._text(text.node)

    def _is_handled(self, node: ast.AST) -> bool:
        return id(node) in self.module.replaced or id(node) in self.module.kept

    def _text(self, node: ast.Constant | ast.JoinedStr) -> Iterator[Finding]:
        """A text that is the name of a header, or has it in it."""
        name = text_value(node)
        if name and self._is_header(name):
            yield self._read(node, name)
            return
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        pattern = re.compile(rf"(?<![\w-]){re.escape(self.prefix)}[\w-]*\w", re.IGNORECASE)
        found = {match.lower() for part in parts for match in pattern.findall(text_value(part) or "")}
        if found:
            said = f"{self.writer.client.called} knows no such header, and takes the key as a bearer token"
            yield self.writer.say(node, Status.MANUAL, f"{', '.join(sorted(found))}: {said}")

    def _row(self, header: str) -> Parameter | None:
        """The row of the option that a header stands for."""
        return self.writer.rules.parameter(header.lower().removeprefix(self.prefix).replace("-", "_"))

    def _is_header(self, name: str) -> bool:
        return name.lower().startswith(self.prefix) and " " not in name

    def _tell(self, node: ast.AST) -> None:
        self.told |= {id(n) for n in ast.walk(node)}

    def _dict(self, node: Headers) -> Iterator[Finding]:
        """A dict with headers of the SDK, or with a bearer token that is sent with such."""
        keys = [*node.keys] if isinstance(node, ast.Dict) else []
        own = [k for k in keys if self._is_header(text_value(k) or "")]
        bearer = next((value for name, value in named(node).items() if name.lower() == "authorization"), None)
        if own and id(own[0]) in self.told:
            return
        if not own and (self.through.by_hand or not (bearer and self.through.beside.is_anothers(bearer, node))):
            if not self.through.by_hand and bearer is None:
                yield from self._spread(node)
            return
        self.told |= {id(k) for k in own}
        given = self.through.spelled(node)
        if given is None and own:
            self.through.by_hand = True
            said = "headers: it is not written down here what they are, or they route by a config: write them by hand"
            yield self.writer.say(node, Status.MANUAL, said)
        elif given is None:
            yield from self._to_see(node)
        else:
            scope = next(scope for each in (node, *keys) if (scope := self.scopes.get(id(each))))
            found = self.through.spelled_alone(node, scope, given)
            place = self._place(self._statement(node)) if self.through.beside.is_keyed(node) else None
            if place and found.edits and not self._leaves(node, given):
                cuts = Cuts(self.module)
                cuts.cut(place.statement, place.block, None)
                found = replace(found, edits=cuts.edits())
            yield found

    def _spread(self, node: Headers) -> Iterator[Finding]:
        """A dict into which headers of the SDK are spread, and the key of a provider."""
        beside = self.through.beside
        if beside.is_doubled(node):
            yield from self._to_see(node, doubled("authorization"))
        elif beside.is_overlaid(node):
            yield from [self._overlaid(node)] if beside.has_only_own(node) else self._to_see(node)

    def _overlaid(self, node: Headers) -> Finding:
        """A dict into which the key of a provider is spread: that of the new gateway goes over it."""
        gone, result = self.through.sent.of(node).gone, Result()
        if gone:
            return self.through.for_what_is_gone(node, gone)
        if row := self.writer.rules.parameter("authorization"):
            result.say(Status.REVIEW, f"authorization: {row.message}")
        added = [item(node, "Authorization", self.through.bearer_of(Given([], {})))]
        imported = self.writer.imported(True, node, self.module.found.scope)
        return self.writer.edited(node, result, _AS_TOKEN, imported, {}, [], added)

    def _to_see(self, node: ast.AST, said: str = "") -> Iterator[Finding]:
        """The key of a provider that stays, where the gateway may be meant or not."""
        if row := self.writer.rules.parameter("authorization"):
            yield self.writer.say(node, Status.MANUAL, said or stays(self.writer.client.called), row=row)

    def _statement(self, node: Headers) -> ast.AST | None:
        """What does nothing but put a dict into headers: `headers.update({…})`, `headers |= {…}`."""
        above = node if isinstance(node, ast.Call) else self.module.source.parents.get(id(node))
        if isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and above.func.attr == "update":
            above = self.module.source.parents.get(id(above))
        return above if isinstance(above, ast.Expr | ast.AugAssign) else None

    def _place(self, statement: ast.AST | None) -> Place | None:
        return next((p for p in places(self.module.source.tree) if p.statement is statement), None)

    def _leaves(self, node: Headers, given: Given) -> bool:
        """Whether anything is left of a dict that adds to headers, or comes in place of what goes."""
        rows = (self.writer.rules.parameter(name) for name, _ in given.options)
        values = node.values if isinstance(node, ast.Dict) else [*node.args, *(each.value for each in node.keywords)]
        idle = all(map(Cuts(self.module).is_plain, values)) and len(values) == len(given.options)
        return not idle or any(row and row.to in _SAID for row in rows)

    # ------------------------------------------------------------------------------------------------- put into dicts

    def _stored(self, stored: Stored) -> Iterator[Finding]:
        """`headers["x-portkey-…"] = value`."""
        statement, target = stored.statement, stored.statement.targets[0]
        name = text_value(target.slice) if isinstance(target, ast.Subscript) else None
        if not isinstance(target, ast.Subscript) or not name or not self._is_header(name):
            return
        self._tell(target)
        option, row = name.lower().removeprefix(self.prefix).replace("-", "_"), self._row(name)
        gone, note = self.through.sent.of(target.value)
        if gone:
            self.module.kept |= {id(n) for n in ast.walk(statement)}
            yield Finding(self.module.source.start(statement), gone.rule, gone.status, f"{name}: {gone.message}")
            return
        if row is None or not is_plain(self.writer.rules, [ast.keyword(arg=option, value=statement.value)]):
            yield self.writer.say(
                statement, Status.MANUAL, f"{name}: {row.message if row else 'see what it is for'}", row=row
            )
            return
        dict_ = self.module.source.segment(target.value)
        self.module.replaced |= {id(n) for n in ast.walk(statement)}
        if row.to == "key":
            text = f'{dict_}["Authorization"] = {self.through.bearer(statement.value)}'
            said = "; ".join(filter(None, [f"{name} → the key as a bearer token", note]))
            yield self._instead(statement, Status.REVIEW if note else Status.MIGRATED, said, text, row)
            return
        result = self.through.options.convert([(option, self.through.meant(option, statement.value))])
        self.through.asked.setdefault(self.scopes[id(target.slice)], set()).add(result.provider)
        said = "; ".join([name, *result.notes])
        if len(result.headers) == 1 and not next(iter(result.headers)).startswith("**"):
            header, text = next(iter(result.headers.items()))
            yield self._instead(statement, result.status, said, f'{dict_}["{header}"] = {text}', row)
            return
        if headers := result.headers_text():
            headers = headers[1:-1] if row.to == "header" else headers
            yield self._instead(statement, result.status, said, f"{dict_}.update({headers})", row)
            return
        cuts = Cuts(self.module)
        cut(self.module, cuts, stored)
        edits = cuts.edits()
        status = result.status if row.to != "provider" else Status.REVIEW
        said = said if row.to != "provider" else f"{name}: {row.message}"
        yield self.writer.say(statement, status, said, edits, row)

    def _changed(self, place: Place) -> Iterator[Finding]:
        """`headers.setdefault("x-portkey-…", value)`, `headers.pop("x-portkey-…")`, `del headers["x-portkey-…"]`."""
        match place.statement:
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(attr="pop" | "setdefault" as called), args=[name, *values])
            ):
                sets = called == "setdefault"
            case ast.Delete(targets=[ast.Subscript(slice=name)]):
                sets, values = False, []
            case _:
                return
        header = text_value(name)
        row = self._row(header or "")
        if not header or not self._is_header(header) or row is None:
            return
        self._tell(place.statement)
        cuts = Cuts(self.module)
        if self.through.urls.gone or (sets and row.to in _SAID) or not all(map(cuts.is_plain, values)):
            said = f"{header}: {row.message or 'write it by hand'}"
            yield self.writer.say(place.statement, Status.MANUAL, said, row=row)
            return
        self.module.replaced |= {id(n) for n in ast.walk(place.statement)}
        cuts.cut(place.statement, place.block, None)
        status = Status(row.status) if row.to == "drop" else Status.REVIEW
        said = f"{header}: {row.message}" if row.message else f"{header} is gone"
        yield self._cut(place.statement, cuts, status if sets else Status.MIGRATED, said, row)

    def _other_key(self, place: Place) -> Iterator[Finding]:
        """`headers["Authorization"] = …` with the key of a provider: the place of the gateway's own from now on."""
        match place.statement:
            case ast.Assign(targets=[ast.Subscript(value=holder, slice=ast.Constant() as name)], value=value):
                pass
            case _:
                return
        row = self.writer.rules.parameter("authorization")
        if (text_value(name) or "").lower() != "authorization" or row is None:
            return
        if not self.through.beside.has_key(holder):
            held = self.through.by_hand or id(value) in self.module.kept or self.through.sent.of(holder).gone
            if not held and self.through.beside.is_put(value, holder):
                yield from self._to_see(place.statement)
            return
        cuts = Cuts(self.module)
        if id(value) in self.module.replaced or not cuts.is_plain(value):
            if id(value) not in self.module.replaced:
                yield self.writer.say(place.statement, Status.MANUAL, f"Authorization: {row.message}", row=row)
            return
        self.module.replaced |= {id(n) for n in ast.walk(place.statement)}
        cuts.cut(place.statement, place.block, None)
        yield self._cut(place.statement, cuts, Status.REVIEW, f"Authorization: {row.message}", row)

    def _cut(self, statement: ast.stmt, cuts: Cuts, status: Status, said: str, row: Parameter) -> Finding:
        return self.writer.say(statement, status, said, cuts.edits(), row)

    def _models(self) -> Iterator[Finding]:
        """The ids of models in what is sent with these headers."""
        settings, client = self.writer.rules.options, self.writer.client
        for scope, models in self.through.bodies.items():
            if scope not in self.through.asked:
                if self.through.asked and client.vendors:
                    yield from (self._elsewhere(node, model) for node, model in models if "/" not in model)
                continue
            told = self.through.asked[scope] - {""}
            provider = next(iter(told)) if len(told) == 1 else ""
            for node, model in models:
                new = new_id(model, provider, client, settings.get("slugs", {}), settings.get("models", {}))
                place = self.module.source.inside(node, model)
                said = f"{model} → {new.text}" + (f": {new.message}" if new.message else "")
                if new.status is Status.MANUAL or (new.text != model and place is None):
                    yield self.writer.say(node, Status.MANUAL, said if new.text != model else f"{model}: {new.message}")
                elif new.text != model and place:
                    yield self.writer.say(node, new.status, said, (Edit(*place, new.text),))

        for node in self.through.unseen if client.vendors and self.through.asked else ():
            yield self.writer.say(node, Status.REVIEW, vendor_unseen(client))

    def _elsewhere(self, node: ast.expr, model: str) -> Finding:
        said = (
            f"{model}: ids at {self.writer.client.called} begin with who made the model: write it so if it goes there"
        )
        return self.writer.say(node, Status.MANUAL, said)

    def _instead(self, statement: ast.Assign, status: Status, said: str, text: str, row: Parameter) -> Finding:
        start, end = self.module.source.start(statement), self.module.source.end(statement)
        return self.writer.say(statement, status, said, (Edit(start, end, text),), row)

    # -------------------------------------------------------------------------------------------- read from answers

    def _read(self, node: ast.expr, name: str) -> Finding:
        """A header that is read, or that is named for whatever reason."""
        row = self._row(name) if name.lower() not in self.writer.client.answered else None
        new = self.writer.client.answered.get(name.lower())
        place = self.module.source.inside(node, name)
        if new and place:
            return self.writer.say(node, Status.MIGRATED, f"{name} → {new}", (Edit(*place, new),))
        if new is not None:
            said = f"{name}: answers of {self.writer.client.called} have no such header: take out what reads it"
        else:
            said = f"{name}: {self.writer.client.called} knows no such header, and takes the key as a bearer token"
        return self.writer.say(node, Status.MANUAL, said, row=row)
