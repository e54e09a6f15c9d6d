"""Tests that replace a package: what stands in its place has to look like the package that takes it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ast_grep_py import SgNode

from migrator.javascript.clients import Clients
from migrator.javascript.objects import Property, properties, without
from migrator.javascript.source import Script, string_of
from migrator.sites import Edit, Finding, Status

_REPLACING = frozenset({"mock", "doMock", "unstable_mockModule"})
_OTHER = frozenset({"unmock", "dontMock", "doUnmock", "requireMock", "importMock", "requireActual", "importActual"})
_ASKED = frozenset({"toHaveBeenCalledWith", "toHaveBeenLastCalledWith", "toHaveBeenNthCalledWith", "toBeCalledWith"})


@dataclass(frozen=True)
class Mocks:
    """The mocks of one script."""

    script: Script
    text: str
    clients: Clients

    def findings(self) -> Iterator[Finding]:
        """A finding for each replacement of the package, and each expectation of what its class is given."""
        package = self.clients.options.client.package
        for node in self.script.all("call_expression"):
            function, arguments = node.field("function"), node.field("arguments")
            if function is None or arguments is None or function.kind() == "import" or function.text() == "require":
                continue
            parts = [part for part in arguments.named_children() if part.kind() != "comment"]
            if parts and string_of(parts[0]) == package:
                yield self._replaced(function, parts)
            else:
                yield from self._asked(function)

    def _replaced(self, function: SgNode, parts: list[SgNode]) -> Finding:
        client, start = self.clients.options.client, self.script.start(parts[0])
        method = function.field("property")
        name, quote = method.text() if method else "", parts[0].text()[0]
        source = self.script.edit(parts[0], f"{quote}{client.instead}{quote}")
        done = f"{client.package} → {client.instead} in what a test replaces"
        if (name in _REPLACING and len(parts) == 1) or name in _OTHER - {"requireActual", "importActual"}:
            return Finding(start, client.id, Status.MIGRATED, done, (source,))
        literal = _made(parts[1]) if name in _REPLACING and len(parts) == 2 else None
        edits = self._exports(literal, function) if literal else None
        if edits is None:
            said = (
                f"{client.package} is replaced in a test: put {client.instead} there, whose class is its default export"
            )
            return Finding(start, client.id, Status.MANUAL, said)
        said = f"{done}, whose class is the default export: see that the test looks for nothing else of the old package"
        return Finding(start, client.id, Status.REVIEW, said, (source, *edits))

    def _exports(self, literal: SgNode, function: SgNode) -> list[Edit] | None:
        """The edits of the object that stands for the package; None where it has no class that is known."""
        client = self.clients.options.client
        entries = properties(literal)
        named = {each.name: each for each in entries if each.name}
        ours = [named[name] for name in client.classes if name in named]
        needless = [named[name] for name in (*client.headers, *client.address) if name in named]
        gone = without(self.script, self.text, literal, needless) if needless else []
        if "default" in named:
            rename = [self._renamed(each, client.classes[each.name]) for each in ours]
            return [
                *(e for e in rename if e),
                *(without(self.script, self.text, literal, needless) if needless else []),
            ]
        if len(ours) != 1 or ours[0].value is None:
            return None
        required = not self.script.all("import_statement") and not function.text().startswith("vi.")
        new = client.classes[ours[0].name] if required else "default"
        lead = (
            "" if required or "__esModule" in named or not function.text().startswith("jest") else "__esModule: true, "
        )
        edit = self._renamed(ours[0], new, lead)
        return [edit, *gone] if edit else None

    def _renamed(self, entry: Property, new: str, lead: str = "") -> Edit | None:
        key = entry.node.field("key") or entry.node.field("name")
        if entry.node.kind().startswith("shorthand"):
            return self.script.edit(entry.node, f"{lead}{new}: {entry.name}")
        return self.script.edit(key, f"{lead}{new}") if key else None

    def _asked(self, function: SgNode) -> Iterator[Finding]:
        """`expect(Portkey).toHaveBeenCalledWith({…})`, which says the old options."""
        method, owner = function.field("property"), function.field("object")
        if method is None or owner is None or method.text() not in _ASKED:
            return
        while owner.kind() == "member_expression" and (inner := owner.field("object")):
            owner = inner
        arguments = owner.field("arguments")
        first = arguments.named_children()[:1] if arguments else []
        while first and (mocked := first[0].field("arguments")):
            first = mocked.named_children()[:1]
        if first and self.clients.is_class(self.clients.meanings.of(first[0])):
            said = "a client is built from other options now: expect those"
            yield Finding(self.script.start(method), self.clients.options.client.id, Status.MANUAL, said)


def _made(factory: SgNode) -> SgNode | None:
    """The object literal that a function gives and does nothing else; None where it does."""
    body = factory.field("body") if factory.kind() in {"arrow_function", "function_expression"} else None
    if body is None:
        return None
    if body.kind() == "statement_block":
        last = body.named_children()[-1:]
        given = last[0].named_children() if last and last[0].kind() == "return_statement" else []
    else:
        given = [body]
    node = given[0] if given else None
    while node and node.kind() in {"parenthesized_expression", "as_expression"}:
        inner = node.named_children()
        node = inner[0] if inner else None
    return node if node and node.kind() == "object" else None
