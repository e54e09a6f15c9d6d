"""The address of a client that is left, wherever a module has it: by the SDK's name for it, or in a text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.python.importing.imports import separator
from migrator.python.library.references import is_read
from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import ImportStatement, Reference
from migrator.python.reading.scopes import Definition
from migrator.python.sdk.urls import Urls
from migrator.sites import Edit, Finding, Status

_PRINTED = re.compile(r"\s*=(?!=)")  # `f"{name=}"` prints the name as well
_QUOTE = re.compile(r"""\w*("{3}|'{3}|"|')""")


class Addresses:
    """The addresses of one module; `held` is why they stay, "" where they do not."""

    def __init__(self, urls: Urls, held: str) -> None:
        self.urls, self.held = urls, held
        self.writer, self.module, self.client = urls.writer, urls.module, urls.client

    def findings(self) -> Iterator[Finding]:
        yield from self._imports()
        yield from self._constants()
        yield from self._texts()

    def _imports(self) -> Iterator[Finding]:
        """Each import of the address by a name that is given something else as well: it is assigned from now on."""
        for statement in self.module.found.imports:
            for alias in statement.node.names:
                name = alias.asname or alias.name
                holder = statement.scope.lookup(name)
                bindings = holder.told(name) if holder and self.module.varies(name, holder) else []
                own = next((b for b in bindings if b.node is alias), None)
                if own is None or not self._is_address(own.target) or self.module.left_alone(own):
                    continue
                if self.held:
                    yield self.writer.say(statement.node, Status.MANUAL, f"{alias.name}: {self.held}")
                    self.module.kept.add(id(alias))
                    continue
                said = f"{name} = the address of {self.client.called}"
                begins = self.module.source.text.rfind("\n", 0, self.module.source.start(statement.node)) + 1
                edit = self._assigned(statement, name)
                yield Finding(begins, self.client.id, Status.MIGRATED, said, (edit,))  # it outlasts the statement
                self.module.replaced.add(id(alias))

    def _is_address(self, target: str | None) -> bool:
        return bool(target and self.module.names.address(self.module.index.canonical(target)))

    def _assigned(self, statement: ImportStatement, name: str) -> Edit:
        """The edit that assigns the address to a name where a statement imports it."""
        node, source = statement.node, self.module.source
        text = f'{name} = "{self.writer.url}"'
        behind = statement.block[statement.block.index(node) + 1 :]
        following = next((s for s in behind if not isinstance(s, ast.Import | ast.ImportFrom)), None)
        if len(node.names) == 1 and (following is None or statement.block is not source.tree.body):
            self.module.handled = {*self.module.handled, id(node)}
            return Edit(source.start(node), source.end(node), text)
        start = source.start(following or node)
        if decorators := getattr(following, "decorator_list", []):
            start = source.text.rfind("@", 0, source.start(decorators[0]))
        if not isinstance(following, Definition) or start != source.line_start(start):
            return Edit(start, start, text + separator(self.module, following or node))
        while start and source.text.startswith("#", source.line_start(start - 1)):
            start = source.line_start(start - 1)  # what is said of a definition goes on standing before it
        return Edit(start, start, text + 3 * source.newline)

    def _constants(self) -> Iterator[Finding]:
        """Each other use of a constant that holds the address."""
        for reference in self.module.found.references:
            done = self.module.replaced | self.module.kept
            count = 0 if id(reference.nodes[-1]) in done else self._count(reference)
            if not count:
                continue
            constant, name = reference.nodes[count - 1], reference.parts[count - 1]
            if self.held:
                self.module.kept.add(id(reference.nodes[-1]))
                yield self.writer.say(constant, Status.MANUAL, f"{name}: {self.held}")
                continue
            said = f"{name} → the address of {self.client.called}"
            edits = self._written(reference, count)
            if not edits:
                yield self.writer.say(
                    constant, Status.MANUAL, f"{said}: write it by hand, an f-string stands around it"
                )
                continue
            self.module.replaced |= {id(n) for n in reference.nodes}
            inside = reference.inside
            note = self.urls.open(self.urls.of(inside) if inside is not None else None)
            said, status = (f"{said}: {note}", Status.REVIEW) if note else (said, Status.MIGRATED)
            yield self.writer.say(constant, status, said, edits)

    def _count(self, reference: Reference) -> int:
        """How many parts of a reference that is read, from the first, are the constant; 0 where it is none."""
        if not is_read(reference.nodes[-1]):
            return 0
        counts = range(1, len(reference.parts) + 1)
        constant = (n for n in counts if self.writer.is_constant(reference.nodes[n - 1], reference.scope))
        return next(constant, 0)

    def _written(self, reference: Reference, count: int) -> tuple[Edit, ...]:
        """The edits that write the address where a constant stands; none where that cannot be told."""
        place, joined = self.module.place(reference, count), reference.inside
        if place is None or joined is None:
            return (Edit(*place, f'"{self.writer.url}"'),) if place else ()
        start, end = place
        text = self.module.source.text
        if text[start - 1] == "{" and text[end : end + 1] == "}":
            return (*self._plain(joined), Edit(start - 1, end + 1, self.writer.url))
        quote = "" if _PRINTED.match(text, end) else _quote(self.module.source.segment(joined))
        other = "'" if quote.startswith('"') else '"'
        return (Edit(start, end, f"{other}{self.writer.url}{other}"),) if quote else ()

    def _plain(self, joined: ast.JoinedStr) -> tuple[Edit, ...]:
        """The edit that makes a text of an f-string whose only value goes."""
        values = [v for v in joined.values if isinstance(v, ast.FormattedValue)]
        segment, start = self.module.source.segment(joined), self.module.source.start(joined)
        whole = segment[:1] in ("f", "F") and segment.count(segment[1]) == 2 and "{{" not in segment
        return (Edit(start, start + 1, ""),) if whole and len(values) == 1 else ()

    def _texts(self) -> Iterator[Finding]:
        """Each text that is the address, or begins with it."""
        for text in self.module.found.texts:
            node = text.node
            if isinstance(node, ast.JoinedStr):
                yield from self._within(node)
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            old = text_value(parts[0]) if parts and text.role == "plain" else None
            new = self.writer.moved_address(old or "")
            if not old or not new or id(node) in self.module.replaced | self.module.kept:
                continue
            url = self.urls.around(node)
            urls = self.urls
            differs = url.differs if url else urls.gone
            place = self.module.source.inside(node, old)
            if differs and differs.status is Status.MANUAL:
                self._keep_variable(node)
                yield Finding(self.module.source.start(node), differs.rule, differs.status, f"{old}: {differs.message}")
            elif self.held:
                self._keep_variable(node)
                yield self.writer.say(node, Status.MANUAL, f"{old}: {self.held}")
            elif place:
                note = differs.message if differs else self.urls.open(url)
                said = f"{old} → {new}" + (f": {note}" if note else "")
                rule = differs.rule if differs else self.client.id
                status = Status.REVIEW if note else Status.MIGRATED
                yield Finding(self.module.source.start(node), rule, status, said, (Edit(*place, new),))
            else:
                yield self.writer.say(node, Status.MANUAL, f"{old} → {new}: write it by hand")

    def _keep_variable(self, default: ast.expr) -> None:
        """A variable whose default stays is the old one still: `getenv("PORTKEY_BASE_URL", "https://…")`."""
        above = self.module.source.parents.get(id(default))
        if isinstance(above, ast.BoolOp):
            self.module.kept |= {id(n) for n in ast.walk(above)}
        elif isinstance(above, ast.Call) and default in above.args[1:]:
            self.module.kept |= {id(n) for n in above.args[:1]}

    def _within(self, joined: ast.JoinedStr) -> Iterator[Finding]:
        """Addresses in what an f-string computes: `f"{getenv('URL', 'https://…')}/chat"`."""
        segment, start = self.module.source.segment(joined), self.module.source.start(joined)
        computed = [v.value for v in joined.values if isinstance(v, ast.FormattedValue)]
        for node in (n for value in computed for n in ast.walk(value)):
            old = text_value(node) or ""
            new = self.writer.moved_address(old)
            if not new or id(node) in self.module.replaced | self.module.kept:
                continue
            at = start + segment.find(old)
            if segment.count(old) == 1:
                yield Finding(at, self.client.id, Status.MIGRATED, f"{old} → {new}", (Edit(at, at + len(old), new),))
            else:
                yield self.writer.say(joined, Status.MANUAL, f"{old} → {new}: write it by hand")


def _quote(text: str) -> str:
    """The quotes that stand around an f-string; "" where it is joined of several, which may have others."""
    begun = _QUOTE.match(text)
    quote = begun[1] if begun else ""
    return quote if begun and quote not in text[begun.end() : -len(quote)] else ""
