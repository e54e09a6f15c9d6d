"""Requests that scripts make themselves: an address and the headers that are sent there move together, or stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ast_grep_py import SgNode

from migrator.javascript.asking import asks, makes_request
from migrator.javascript.behind import Behind
from migrator.javascript.headers import SETTERS
from migrator.javascript.options import Options
from migrator.javascript.source import Script, span, string_of, within
from migrator.javascript.standing import NAMES
from migrator.javascript.uses import uses
from migrator.sites import Finding, Span, Status

_FUNCTIONS = ("arrow_function", "function_expression")
_READING = frozenset({*_FUNCTIONS, "function_declaration", "method_definition", "generator_function_declaration"})
_DEEP = 5  # names on the way from a request to what it is made of
_WHY = "it stays, as what is asked for with it has to"


@dataclass(frozen=True)
class Requests:
    """The requests of a script, with the findings of what is sent and of the addresses, as if all of it could move."""

    script: Script
    options: Options
    sent: Sequence[Finding]
    addresses: Sequence[Finding]
    behind: Behind

    def findings(self) -> Iterator[Finding]:
        """What was found; manual where something else of the same request has to stay."""
        for finding in (*self.sent, *self.addresses, *self.behind.held):
            yield from self.held(finding)
        yield from self.behind.told

    def held(self, finding: Finding) -> Iterator[Finding]:
        """A finding as it is; one that is not edited where its request has to stay, and no notes on such an edit."""
        if finding.status is Status.MANUAL or not self.holds(finding.start):
            yield finding
        elif finding.edits:
            said = f"{finding.message.partition(' → ')[0].partition(': ')[0]}: {_WHY}"
            yield replace(finding, status=Status.MANUAL, message=said, edits=())

    def holds(self, start: int) -> bool:
        """Whether what stands at a place is part of a request that has to stay."""
        return within(start, self._kept)

    def keys(self) -> Iterator[Finding]:
        """The variables that are read for requests that stay, and for none that moves: they keep their names."""
        moving = [part for spans in self._made if not set(spans) & {*self._kept} for part in spans]
        for node in self.script.all("property_identifier", "string") if self._kept else ():
            said = string_of(node) or node.text()
            start = self.script.start(node) + (node.kind() == "string")
            renamed = self.options.names.env(said)
            if renamed and self.holds(start) and not within(start, moving):
                why = f"{said}: it stays as long as what is sent with it here"
                yield Finding(start, renamed[1].id, Status.MANUAL, why, stays=said)
                yield from self._said_of(node, said, renamed[1].id)

    def _said_of(self, read: SgNode, variable: str, rule: str) -> Iterator[Finding]:
        """What the function around says of a variable that it reads only for what stays: it means that one."""
        around = next((each for each in read.ancestors() if each.kind() in _READING), None)
        inside = [self._span(around)] if around else []
        nodes = self.script.all("property_identifier", "string_fragment") if around else []
        named = [each for each in nodes if variable in each.text() and within(self.script.start(each), inside)]
        if any(each.text() == variable and not self.holds(self.script.start(each)) for each in named):
            return
        for each in named:
            for match in re.finditer(rf"(?<!\w){re.escape(variable)}(?!\w)", each.text()):
                start = self.script.start(each) + match.start()
                if not self.holds(start):
                    said = f"{variable}: it is named for what stays here"
                    yield Finding(start, rule, Status.MANUAL, said, stays=variable)

    def models(self) -> Iterator[SgNode]:
        """The entries that name the model for what is asked of the new place, where nothing told its provider."""
        moving = [*self.behind.constants, *(f.start for f in (*self.sent, *self.addresses) if f.edits)]
        rule = self.options.rule("provider")
        told = [f.start for f in self.sent if rule and f.rule == rule.id]
        made = [spans for spans in self._made if not set(spans) & {*self._kept}]
        made = [spans for spans in made if any(within(at, spans) for at in moving)]
        spans = [span for spans in made if not any(within(at, spans) for at in told) for span in spans]
        for node in self.script.all("pair", "shorthand_property_identifier") if spans else ():
            name = node.field("key") or node
            if name.text().strip("\"'") == "model" and within(self.script.start(node), spans):
                yield node

    @cached_property
    def _made(self) -> list[list[Span]]:
        """What each request is made of: its arguments, and what the names in them stand for.

        A function of the project's own makes a request where it is given an address together with headers, or has them.
        """
        made = []
        for node in self.script.all("call_expression", "new_expression"):
            function, arguments = node.field("function"), node.field("arguments")
            if arguments is None:
                continue
            told = self._span(node) in self.behind.gone
            if node.kind() == "new_expression" or (function and (told or makes_request(function))):
                asked = (function.field("object") or function) if function else None
                made.append([self._span(each) for each in self._reached(arguments, *([asked] if asked else []))])
            elif not any(arguments.find(kind=kind) for kind in _FUNCTIONS):
                own = self.script.scopes.resolve(function) if function and function.kind() == "identifier" else None
                asking = [own.node] if own and asks(own.node) else []
                spans = [self._span(each) for each in (*self._reached(arguments), *asking)]
                both = (self.addresses, self.sent)
                made += [spans] if all(any(within(f.start, spans) for f in each) for each in both) else []
        return made

    @cached_property
    def _kept(self) -> list[Span]:
        """The parts of all requests that have to stay."""
        staying = {f.start for f in (*self.sent, *self.behind.held) if f.status is Status.MANUAL and not f.alone}
        staying |= {*self.behind.staying}
        staying |= {f.start for f in self.addresses if f.status is Status.MANUAL and self._is_whole(f.start)}
        staying |= {
            at for at in (*(f.start for f in self.addresses), *self.behind.constants) if within(at, self.behind.fixed)
        }
        places = staying | {f.start for f in (*self.sent, *self.addresses)} | {*self.behind.constants}
        groups = [(spans, {at for at in places if within(at, spans)}) for spans in self._made] if staying else []
        kept: set[int] = set()
        while new := {at for _, group in groups if group & (staying | kept) for at in group} - kept:
            kept |= new
        return [*self.behind.fixed, *(span for spans, group in groups if group & kept for span in spans)]

    def _is_whole(self, start: int) -> bool:
        """Whether a text begins at a place, rather than before it."""
        nodes = self.script.all("string", "template_string")
        return any(self.script.start(node) + 1 == start for node in nodes)

    # -------------------------------------------------------------------------------------------------- what is used

    def _span(self, node: SgNode) -> Span:
        return self.script.start(node), self.script.end(node)

    def _reached(self, *nodes: SgNode) -> Iterator[SgNode]:
        """Nodes, and what declares or fills the names in them."""
        seen, told = set[tuple[int, int, str]](), set[tuple[int, int]]()
        for _ in range(_DEEP):
            new = list({span(each): each for each in nodes if span(each) not in seen}.values())
            seen |= {span(each) for each in new}
            yield from new
            nodes = tuple(named for each in new for named in self._named(each, told))

    def _named(self, node: SgNode, told: set[tuple[int, int]]) -> Iterator[SgNode]:
        """What declares or fills the names in a node, but those that were `told` of before."""
        for name in (n for kind in NAMES for n in ([node] if node.kind() == kind else node.find_all(kind=kind))):
            binding = self.script.scopes.resolve(name)
            if binding and binding.kind == "class" and (member := name.parent()):
                yield from self.script.standing.values(member)
            elif binding and span(binding.name) != span(name) and binding.key not in told and not asks(binding.node):
                told.add(binding.key)
                if binding.kind == "function":
                    yield binding.node
                elif binding.kind == "variable":
                    yield binding.node
                    yield from (filled for use in uses(self.script, binding.name) if (filled := _filling(use)))
                elif binding.kind == "parameter":
                    yield from self.script.standing.values(name)
        for this in [node] if node.kind() == "this" else node.find_all(kind="this"):
            above = this.parent()
            name_of = above.field("property") if above else None
            yield from self._attributes.get(name_of.text(), ()) if name_of else ()
            yield from self.script.standing.values(above) if above else ()

    @cached_property
    def _attributes(self) -> dict[str, list[SgNode]]:
        """What fills or gives each attribute of the script's classes."""
        found: dict[str, list[SgNode]] = {}
        for node in self.script.all("assignment_expression"):
            left = node.field("left")
            owner = left.field("object") if left else None
            name = left.field("property") if left else None
            if owner and name and owner.kind() == "this":
                found.setdefault(name.text(), []).append(node)
        for node in self.script.all("public_field_definition", "field_definition", "method_definition"):
            name = node.field("name") or node.field("property")
            if name and not asks(node):
                found.setdefault(name.text(), []).append(node)
        return found


def _filling(use: SgNode) -> SgNode | None:
    """The statement that puts something into what a name stands for, or adds to it."""
    above = use.parent()
    if above and above.kind() in {"assignment_expression", "augmented_assignment_expression"}:
        left = above.field("left")
        return above if left and span(left) == span(use) else None
    if above is None or above.kind() not in {"member_expression", "subscript_expression"}:
        return None
    filling = above.parent()
    if filling is None or filling.kind() not in {"assignment_expression", "call_expression"}:
        return None
    first = filling.field("left") or filling.field("function")
    name = above.field("property")
    sets = filling.kind() == "assignment_expression" or (name is not None and name.text() in SETTERS)
    return filling if first and sets and span(first) == span(above) else None
