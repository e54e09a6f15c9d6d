"""Headers of the gateway that is left, spelled out: in dicts, put into dicts, and read from answers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.expressions import text_value
from migrator.python.needless import Cuts
from migrator.python.sdk.options import is_plain, parameter
from migrator.python.sdk.spread import Stored, places
from migrator.python.sdk.spreading import cut
from migrator.python.sdk.through import Through
from migrator.python.sdk.writer import Writer
from migrator.sites import Edit, Finding, Status


def find(writer: Writer, through: Through) -> Iterator[Finding]:
    """A finding for each header that no call's finding has taken care of."""
    if writer.client.prefix in writer.module.source.text.lower():
        yield from _Raw(writer, through).findings()


class _Raw:
    def __init__(self, writer: Writer, through: Through) -> None:
        self.writer, self.through, self.prefix = writer, through, writer.client.prefix
        self.module = writer.module
        self.scopes = {id(t.node): t.scope for t in self.module.found.texts}
        self.told: set[int] = set()  # texts that a finding takes care of, by id

    def findings(self) -> Iterator[Finding]:
        tree = self.module.source.tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and id(node) not in self.module.replaced:
                yield from self._dict(node)
            elif isinstance(node, ast.Dict):
                self._tell(node)
        for place in places(tree):
            if isinstance(place.statement, ast.Assign) and len(place.statement.targets) == 1:
                yield from self._stored(Stored(place.statement, *(place.alone_in or (place.statement, place.block))))
        for text in self.module.found.texts:
            name = text_value(text.node) if isinstance(text.node, ast.Constant) and text.role == "plain" else None
            if name and self._is_header(name) and id(text.node) not in self.told:
                yield self._read(text.node, name)

    def _is_header(self, name: str) -> bool:
        return name.lower().startswith(self.prefix) and " " not in name

    def _tell(self, node: ast.AST) -> None:
        self.told |= {id(n) for n in ast.walk(node)}

    def _dict(self, node: ast.Dict) -> Iterator[Finding]:
        own = [k for k in node.keys if self._is_header(text_value(k) or "")]
        if not own or id(own[0]) in self.told:
            return
        self.told |= {id(k) for k in own}
        given = self.through.spelled(node)
        if given is None:
            said = "headers: it is not written down here what they are, or they route by a config: write them by hand"
            yield self.writer.say(node, Status.MANUAL, said)
        else:
            yield self.through.spelled_alone(node, self.scopes[id(own[0])], given)

    # ------------------------------------------------------------------------------------------------- put into dicts

    def _stored(self, stored: Stored) -> Iterator[Finding]:
        """`headers["x-portkey-…"] = value`."""
        statement, target = stored.statement, stored.statement.targets[0]
        name = text_value(target.slice) if isinstance(target, ast.Subscript) else None
        if not isinstance(target, ast.Subscript) or not name or not self._is_header(name):
            return
        self._tell(target)
        option = name.lower().removeprefix(self.prefix).replace("-", "_")
        row = parameter(self.writer.rules, option)
        if beside := self.writer.asked_otherwise:
            yield Finding(self.module.source.start(statement), beside.id, Status.MANUAL, f"{name}: {beside.message}")
            return
        if row is None or not is_plain(self.writer.rules, [ast.keyword(arg=option, value=statement.value)]):
            yield self.writer.say(statement, Status.MANUAL, f"{name}: {row.message if row else 'see what it is for'}")
            return
        dict_ = self.module.source.segment(target.value)
        self.module.replaced |= {id(n) for n in ast.walk(statement)}
        if row.to == "key":
            text = f'{dict_}["Authorization"] = {self.through.bearer(statement.value)}'
            yield self._instead(statement, Status.MIGRATED, f"{name} → the key as a bearer token", text)
            return
        result = self.through.options.convert([(option, self.through.meant(option, statement.value))])
        said = "; ".join([name, *result.notes])
        if len(result.headers) == 1 and not next(iter(result.headers)).startswith("**"):
            header, text = next(iter(result.headers.items()))
            yield self._instead(statement, result.status, said, f'{dict_}["{header}"] = {text}')
            return
        if headers := result.headers_text():
            yield self._instead(statement, result.status, said, f"{dict_}.update({headers})")
            return
        cuts = Cuts(self.module)
        cut(self.module, cuts, stored)
        edits = tuple(e for f in cuts.findings() for e in f.edits)
        status = result.status if row.to != "provider" else Status.REVIEW
        said = said if row.to != "provider" else f"{name}: {row.message}"
        yield self.writer.say(statement, status, said, edits)

    def _instead(self, statement: ast.Assign, status: Status, said: str, text: str) -> Finding:
        start, end = self.module.source.start(statement), self.module.source.end(statement)
        return self.writer.say(statement, status, said, (Edit(start, end, text),))

    # -------------------------------------------------------------------------------------------- read from answers

    def _read(self, node: ast.expr, name: str) -> Finding:
        """A header that is read, or that is named for whatever reason."""
        new = self.writer.client.answered.get(name.lower())
        place = self.module.source.inside(node, name)
        if new and place:
            return self.writer.say(node, Status.MIGRATED, f"{name} → {new}", (Edit(*place, new),))
        if new is not None:
            said = f"{name}: answers of {self.writer.client.called} have no such header: take out what reads it"
        else:
            said = f"{name}: {self.writer.client.called} knows no such header, and takes the key as a bearer token"
        return self.writer.say(node, Status.MANUAL, said)
