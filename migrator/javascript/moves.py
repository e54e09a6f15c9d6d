"""The names that a script imports from a package that is left: renamed where they are used, and imported anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode

from migrator.fates.names import Names
from migrator.javascript import exports
from migrator.javascript.clients import CLASSES, Clients
from migrator.javascript.imports import Import, Name, imports
from migrator.javascript.objects import properties, without
from migrator.javascript.source import Script, span, string_of
from migrator.javascript.specifiers import respelled
from migrator.javascript.uses import uses
from migrator.line_ends import newline_of
from migrator.sites import Edit, Finding, Status

_BLANK = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")


@dataclass(frozen=True)
class Moves:
    """What becomes of the imports of one package, `stays` where its clients cannot move.

    `taken` are the starts of nodes that other edits replace, so that a name in them needs no import any more, `holds`
    says what is part of a request that stays.
    """

    script: Script
    text: str
    names: Names
    clients: Clients
    imports: Sequence[Import]
    stays: bool
    taken: frozenset[tuple[int, int]]
    holds: Callable[[int], bool] = lambda _: False

    @property
    def _client(self) -> str:
        return self.clients.options.client.id

    def findings(self) -> Iterator[Finding]:
        """The findings of every import and every use of a name."""
        package = self.clients.options.client.package
        for each in self.imports:
            if each.package == package:
                yield from self._moved(each)
            elif each.package.startswith(f"{package}/"):
                yield from self._deep(each)
        for each in imports(self.script) if not self.stays else ():
            yield from self._passed_on(each)

    # ----------------------------------------------------------------------------------------------------- the class

    @cached_property
    def _there(self) -> str:
        """What the script calls the new class already; "" where it does not import it."""
        client = self.clients.options.client
        wanted = {"default", *client.classes.values()}
        found = (
            name.local.text()
            for each in self.imports
            if each.package == client.instead and not each.types
            for name in each.names
            if self.script.scopes.resolve(name.local) == self.script.scopes.top.get(name.local.text())
            if name.imported in wanted or (name.imported == "*" and each.form == "require")  # a CommonJS module is it
        )
        return next(found, "")

    @property
    def new_class(self) -> str:
        """The name of the new class in the script: as it is imported already, else its own or one that is free."""
        own = next(iter(self.clients.options.client.classes.values()))
        return self._there or (own if own not in self.script.scopes.top else f"{own}Client")

    def _is_class(self, name: Name) -> bool:
        return name.imported in {*self.clients.options.client.classes, *CLASSES}

    def _local(self, name: Name) -> str:
        """What a class is called from now on: a name of the user's own stays."""
        old = name.local.text()
        if old not in self.clients.options.client.classes and not self._there:
            return old
        return self.new_class

    def _uses(self, name: Name) -> list[SgNode]:
        return uses(self.script, name.local)

    def _is_taken(self, node: SgNode) -> bool:
        start, end = self.script.start(node), self.script.end(node)
        return any(a <= start and end <= b for a, b in self.taken)

    def _is_held(self, node: SgNode) -> bool:
        return self.holds(self.script.start(node))

    # ----------------------------------------------------------------------------------------------------- imports

    def _moved(self, each: Import) -> Iterator[Finding]:
        start = self.script.start(each.source)
        package, instead = self.clients.options.client.package, self.clients.options.client.instead
        if each.form == "export" and not self.stays and (handed := self._handed_on(each)):
            yield Finding(
                start, self._client, Status.MIGRATED, f"{package} → {instead}, by the names so far", tuple(handed)
            )
            return
        known = {**self.clients.options.client.classes, **dict.fromkeys(CLASSES, "")}
        if each.read and each.read.text() in known and not self.stays:
            new = known[each.read.text()]
            read = (self.script.edit(each.read, new),) if new else ()
            both = (self.script.edit(each.source, self._source(each)), *read)
            yield Finding(start, self._client, Status.MIGRATED, f"{package} → {instead}", both)
            return
        if each.form == "export" or (each.form == "other" and not _is_bare(each)):
            whose = "what is exported from it" if each.form == "export" else "what it is used for"
            said = f"{package}: {whose} is for you to move to {instead}"
            yield Finding(start, self._client, Status.MANUAL, said)
            return
        if self.stays:
            key = self.clients.options.client.key_variable
            said = f"{package} stays as long as the client in this file does, whose key is in {key} from now on"
            yield Finding(start, self._client, Status.MANUAL, said)
            return
        if any(name.imported == "*" for name in each.names):
            yield from self._whole(each)
        else:
            yield from self._by_names(each)

    def _by_names(self, each: Import) -> Iterator[Finding]:
        """An import of names: of classes, of the address, and of what has no counterpart."""
        start, client = self.script.start(each.source), self.clients.options.client
        left: list[Name] = []
        moved: list[Name] = []
        edits: list[Edit] = []
        addressed: list[SgNode] = []
        held: list[Name] = []
        for name in each.names:
            if self._is_class(name):
                moved.append(name)
                edits += self._renamed(name)
            elif all(self._is_taken(use) for use in self._uses(name)):
                continue
            elif self._is_address(name):
                addressed += [use for use in self._uses(name) if not self._is_taken(use) and not self._is_held(use)]
                held += [name] if any(self._is_held(use) for use in self._uses(name)) else []
            else:
                left.append(name)
        edits += [*self._addressed(addressed), *self._statement(each, moved, [*left, *held])]
        package = client.package
        said = f"{package} → {client.instead}" if moved else f"{package}: nothing of it is needed any more"
        yield Finding(start, self._client, Status.MIGRATED, said, tuple(edits))
        for name in held:
            said = f"{name.imported}: it stays, as what is asked for with it has to"
            yield Finding(self.script.start(name.local), self._client, Status.MANUAL, said)
        for name in left:
            said = f"{name.imported} of {package} has no counterpart: {self._message}"
            yield Finding(self.script.start(name.local), self._client, Status.MANUAL, said)

    def _handed_on(self, each: Import) -> list[Edit]:
        """The edits of `export { … } from`: what is new by the names that others know; none where more is exported."""
        client = self.clients.options.client
        clauses = [c for c in each.statement.named_children() if c.kind() == "export_clause"]
        found = [(s, name) for c in clauses for s in c.named_children() if (name := s.field("name"))]
        given = [name for _, name in found if name.text() in client.address]
        classes = [(s, name) for s, name in found if name.text() in {*client.classes, *CLASSES}]
        if len(given) + len(classes) < len(found) or not found:
            return []
        edits = [*exports.with_values(self.clients.options, self.text, each.statement, given)] if given else []
        for specifier, name in classes:
            new = client.classes.get(name.text(), name.text())
            said = new if specifier.field("alias") else f"{new} as {name.text()}"
            edits += [self.script.edit(name, said)] if new != name.text() else []
        return [*edits, self.script.edit(each.source, self._source(each))] if classes else edits

    def _source(self, each: Import) -> str:
        """The string that names the new package where an import names the old one."""
        client, quote = self.clients.options.client, each.source.text()[0]
        return f"{quote}{respelled(each.source.text()[1:-1], client.instead, client.versions)}{quote}"

    @property
    def _message(self) -> str:
        module = self.clients.options.client.of
        return next((each.message for each in self.names.rules.libraries if each.module == module), "write it by hand")

    def _is_address(self, name: Name) -> bool:
        return name.imported in self.clients.options.client.address

    def _addressed(self, uses: Sequence[SgNode]) -> Iterator[Edit]:
        """The edits by which the new address stands where the constant does; what is exported keeps its name."""
        exported = [use for use in uses if _exporting(use)]
        yield from (self.script.edit(use, self._address(use)) for use in uses if not _exporting(use))
        for statement in {span(each): each for use in exported if (each := _exporting(use))}.values():
            yield from exports.with_values(self.clients.options, self.text, statement, exported)

    def _address(self, use: SgNode) -> str:
        url = self.clients.options.url
        if use.kind() == "shorthand_property_identifier":
            return f"{self.clients.options.renamed(use.text())}: {url}"
        parent = use.parent()
        plain = parent is None or parent.kind() in {"pair", "variable_declarator", "arguments"}
        return url if plain or "??" not in url else f"({url})"

    def _renamed(self, name: Name) -> list[Edit]:
        new = self._local(name)
        if new == name.local.text():
            return []
        edits = []
        for use in self._uses(name):
            parent = use.parent()
            if use.kind() == "shorthand_property_identifier":
                edits.append(self.script.edit(use, f"{use.text()}: {new}"))
            elif parent and parent.kind() == "export_specifier" and parent.field("alias") is None:
                edits.append(self.script.edit(use, f"{new} as {use.text()}"))
            elif not self._is_taken(use):
                edits.append(self.script.edit(use, new))
        return edits

    def _statement(self, each: Import, moved: list[Name], left: list[Name]) -> list[Edit]:
        """The edits of the statement itself: another package, a statement more, or none any more."""
        script = self.script
        needed = [] if self._there or not moved else moved[:1]
        source = script.edit(each.source, self._source(each))
        clause = each.clause
        if clause is None:
            return [source]
        if not left and not needed:
            return [self._line(_statement_of(each))]
        if not left:
            return [script.edit(clause, self._clause(each, needed[0])), source]
        edits = self._without(each, left)
        if needed:
            new = self._clause(each, needed[0])
            word = "import type" if each.types else "import"
            said = f"{word} {new} from {self._source(each)}"
            if each.form == "require":
                said = f"const {new} = {self._value(each, self._source(each))}"
            outer = _statement_of(each)
            end = ";" if self.text[script.end(outer) - 1] == ";" else ""
            newline = newline_of(self.text)
            at = script.start(outer)
            indent = self.text[self.text.rfind("\n", 0, at) + 1 : at]
            edits.append(Edit(at, at, f"{said}{end}{newline}{indent}"))
        return edits

    def _value(self, each: Import, source: str) -> str:
        value = each.statement.field("value")
        return value.text().replace(each.source.text(), source) if value else source

    def _clause(self, each: Import, name: Name) -> str:
        new, own = self._local(name), next(iter(self.clients.options.client.classes.values()))
        if each.form == "import":
            single = name.entry is not None and name.entry.node.text().startswith("type ") and not each.types
            return f"{'type ' if single else ''}{new}"
        return f"{{ {own} }}" if new == own else f"{{ {own}: {new} }}"

    def _without(self, each: Import, left: list[Name]) -> list[Edit]:
        """The edits that leave only some names to a statement, of which others may edit these."""
        clause, script, kept = each.clause, self.script, {span(name.local) for name in left}
        assert clause is not None
        parts = [clause] if each.form == "require" else clause.named_children()
        places = [(part, script.start(part), script.end(part)) for part in parts]
        held = [each for each in places if any(each[1] <= script.start(name.local) < each[2] for name in left)]
        edits = []
        if len(held) < len(places):  # a default name, and braces or the name of all behind it
            (_, start, middle), (_, behind, end) = places[0], places[-1]
            edits.append(Edit(start, behind, "") if held[0][1] == behind else Edit(middle, end, ""))
        for part, *_ in held:
            gone = [entry for entry in properties(part) if entry.value and span(entry.value) not in kept]
            edits += without(script, self.text, part, gone)
        return edits

    def _line(self, node: SgNode) -> Edit:
        """The edit that takes out a statement with its line."""
        start, end = self.script.start(node), self.script.end(node)
        first = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
        rest = _LINE.match(self.text, end)
        if rest and not self.text[first:start].strip() and not rest[0].strip("; \t\r\n"):
            above = self.text[:first].lstrip("\ufeff").strip()
            blank = _BLANK.match(self.text, rest.end()) if not above else None
            return Edit(first, blank.end() if blank else rest.end(), "")
        return Edit(start, end, "")

    def _whole(self, each: Import) -> Iterator[Finding]:
        """An import of the whole module: what is read off it is renamed."""
        name = next(n for n in each.names if n.imported == "*")
        client = self.clients.options.client
        edits, left = [], list[SgNode]()
        edits.append(self.script.edit(each.source, self._source(each)))
        for use in self._uses(name):
            parent = use.parent()
            read = parent.field("property") or parent.field("name") if parent else None
            if parent is None or read is None or self._is_taken(use):
                left += [] if self._is_taken(use) or (parent and parent.kind() == "new_expression") else [use]
            elif read.text() in client.classes:
                edits.append(self.script.edit(read, client.classes[read.text()]))
            elif read.text() in client.address and self._is_held(parent):
                left.append(use)
            elif read.text() in client.address:
                edits.append(self.script.edit(parent, self._address(parent)))
            elif read.text() != "default":
                left.append(use)
        if left:
            said = f"{client.package}: a name of it that is read here has no counterpart: {self._message}"
            yield from (Finding(self.script.start(use), self._client, Status.MANUAL, said) for use in left)
            return
        yield Finding(
            self.script.start(each.source),
            self._client,
            Status.MIGRATED,
            f"{client.package} → {client.instead}",
            tuple(edits),
        )

    def _passed_on(self, each: Import) -> Iterator[Finding]:
        """An import of a function of the SDK that makes headers, by way of another script: it has no use any more."""
        client, source = self.clients.options.client, string_of(each.source) or ""
        found = ((name, self.clients.meanings.exported(source, name.imported)) for name in each.names)
        gone = [n for n, meant in found if each.package != client.package and meant and meant.name in client.headers]
        gone = [name for name in gone if (uses := self._uses(name)) and all(self._is_taken(use) for use in uses)]
        left = [name for name in each.names if name not in gone]
        if gone and each.clause:
            edits = self._without(each, left) if left else [self._line(_statement_of(each))]
            said = f"{', '.join(name.imported for name in gone)}: it is not needed any more"
            yield Finding(self.script.start(each.source), self._client, Status.MIGRATED, said, tuple(edits))

    # ------------------------------------------------------------------------------------------- other mentions

    def _deep(self, each: Import) -> Iterator[Finding]:
        """Errors are imported from a file of the package: the new one has them, by the same names."""
        client, start = self.clients.options.client, self.script.start(each.source)
        known = {n for rule in self.names.rules.moved if rule.of == client.of for n in rule.names}
        known |= {"APIUserAbortError", "APIConnectionTimeoutError"}
        names = {name.imported for name in each.names}
        if names and names <= known:
            edit = self.script.edit(each.source, self._source(each))
            yield Finding(start, self._client, Status.MIGRATED, f"{each.package} → {client.instead}", (edit,))
            return
        said = f"{each.package}: a file inside the package, which {client.instead} has not: {self._message}"
        yield Finding(start, self._client, Status.MANUAL, said)


def _exporting(use: SgNode) -> SgNode | None:
    """The statement `export { … }` that a name stands in."""
    specifier = use.parent()
    clause = specifier.parent() if specifier and specifier.kind() == "export_specifier" else None
    return clause.parent() if clause else None


def _is_bare(each: Import) -> bool:
    return each.statement.kind() == "import_statement"


def _statement_of(each: Import) -> SgNode:
    """The whole statement: a declaration where a `require` stands in one."""
    if each.form != "require":
        return each.statement
    parent = each.statement.parent()
    return parent if parent and len(parent.named_children()) == 1 else each.statement
