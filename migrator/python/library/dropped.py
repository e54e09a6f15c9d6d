"""Arguments of a call in LiteLLM's form that the client module leaves out: each is said where it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from migrator.clients.table import Argument, Destination, Table, load
from migrator.fates.library import Fate
from migrator.python.direct.plan import Plan
from migrator.python.direct.returned import returned
from migrator.python.module import Module
from migrator.python.reading.expressions import is_none, parts_of
from migrator.python.reading.laid_out import Entry, LaidOut
from migrator.python.reading.outline import Reference
from migrator.sites import Finding, Status

_HANDING_ON = {"partial", "to_thread", "partialmethod"}  # their keywords are those of what they are given first
_OF_DEPLOYMENT = "api_key"  # one of the arguments of a deployment that the gateway has itself
_ROUTER = "Router"


def find(module: Module, plan: Plan) -> Iterator[Finding]:
    """A finding for what is dropped of each call that is not one of `plan`, once for each dict."""
    rules = module.names.rules
    if rules.served and rules.client:
        yield from _Finder(module, plan, load(rules.served)).findings()


@dataclass
class _Finder:
    module: Module
    plan: Plan
    table: Table
    said: set[int] = field(default_factory=set)  # entries that have been told, by the id of where they stand

    @cached_property
    def laid_out(self) -> LaidOut:
        return LaidOut(self.module.source, self.module.found, self._returned)

    def _returned(self, call: ast.Call) -> list[ast.expr]:
        """What a function of the module gives, where that is in sight."""
        scope = self.module.found.scope_of(call.func)
        made = returned(self.module, parts_of(call.func), scope) if scope else None
        return made.values if made else []

    def findings(self) -> Iterator[Finding]:
        calls = {id(call.func): call for call, _ in self.module.found.calls}
        for reference in self.module.found.references:
            node = reference.nodes[-1]
            fate = self._function(reference)
            if fate is None or id(node) in self.plan.calls or self._stays(node):
                continue
            call, skipped = calls.get(id(node)), 0
            if call is None:
                handing = self.module.call_given(node)
                if (
                    handing is None
                    or parts_of(handing.func)[-1:] == ()
                    or parts_of(handing.func)[-1] not in _HANDING_ON
                ):
                    continue
                call, skipped = handing, 1
            entries = self._of_router(call) if fate.name == _ROUTER else self._of_call(call, fate.name, skipped)
            yield from self._told(fate, [e for e in entries if id(e.at) not in self.said])

    def _stays(self, node: ast.expr) -> bool:
        return id(node) in self.module.staying or bool(self.plan.refusal(node))

    def _function(self, reference: Reference) -> Fate | None:
        """What becomes of a function that a reference means, where it is one of the client module afterwards."""
        module = self.module
        dotted = module.dotted(reference.parts, reference.scope)
        fate = module.names.fate(module.index.canonical(dotted)) if dotted else None
        if fate is None or fate.kind != "moved" or fate.to != module.names.client:
            return None
        known = fate.name in self.table.functions or fate.name == _ROUTER
        whole = module.of_library(reference.parts, reference.scope) + 1 == len(reference.parts)
        return fate if known and whole else None

    def _told(self, fate: Fate, entries: list[Entry]) -> Iterator[Finding]:
        groups: dict[tuple[int, str], list[Entry]] = {}
        for entry in entries:
            row = self._row(fate, entry.name)
            if row and not is_none(entry.value):
                groups.setdefault((id(entry.within), row.note), []).append(entry)
                self.said.add(id(entry.at))
        for (_, note), group in groups.items():
            names = ", ".join(dict.fromkeys(entry.name for entry in group))
            said = f"{names}: not sent any more, can be taken out here: {note}"
            yield Finding(self.module.source.start(group[0].at), fate.rule, Status.REVIEW, said)

    def _row(self, fate: Fate, name: str) -> Argument | None:
        """The row of an argument that does not reach the gateway; None for one that does."""
        if fate.name == _ROUTER or self.module.names.keeps_library:
            row = next(row for row in self.table.arguments if _OF_DEPLOYMENT in row.names)
            return row if row.covers(name) else None
        row = self.table.argument(fate.name, name)
        return row if row.to is Destination.DROP else None

    # ------------------------------------------------------------------------------------------------- what is given

    def _of_call(self, call: ast.Call, name: str, skipped: int) -> Iterator[Entry]:
        order = self.table.functions[name].order_of(name)
        positional = call.args[skipped:]
        if not any(isinstance(argument, ast.Starred) for argument in positional):
            yield from (Entry(n, value, value, call) for n, value in zip(order, positional, strict=False))
        yield from self._keywords(call)

    def _keywords(self, call: ast.Call) -> Iterator[Entry]:
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.laid_out.items(keyword.value)
            else:
                yield Entry(keyword.arg, keyword.value, keyword, call)

    def _of_router(self, call: ast.Call) -> Iterator[Entry]:
        given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "model_list")]
        for deployment in (item for value in given for each in self.laid_out.values(value) for item in _elements(each)):
            for entry in self.laid_out.items(deployment):
                if entry.name == "litellm_params":
                    yield from self.laid_out.items(entry.value)
        for keyword in call.keywords:
            if keyword.arg == "default_litellm_params":
                yield from self.laid_out.items(keyword.value)


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []
