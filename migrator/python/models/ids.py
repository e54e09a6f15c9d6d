"""Model ids in a module of a project that uses a library: those that get to a call, and those named as such."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.clients.in_use import InUse, told
from migrator.patterns import under
from migrator.python.models.flow import Flow
from migrator.python.models.holders import Holder, Holders
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.facts import Facts
from migrator.sites import Edit, Finding, Status


@dataclass(frozen=True)
class _Spelled:
    """An id, or the beginning of one, and the expression that it is or begins."""

    node: ast.expr
    literal: ast.Constant | ast.JoinedStr
    text: str
    whole: bool


def find(module: Module) -> Iterator[Finding]:
    """Findings for the ids of models: edited, left for run time with the reason, or not served."""
    using = module.names.rules.ids
    if using is not None and any(True for _ in _spelled(module, using)):
        yield from _Rewriter(module, using).findings()


def imports_library(facts: Facts, using: InUse) -> bool:
    """Whether a module imports the library that the ids are of."""
    return any(under(target, using.rule.of) for targets in facts.bound.values() for target in targets)


def _spelled(module: Module, using: InUse) -> Iterator[_Spelled]:
    """The texts that are ids, and those that begin one, in an f-string or before a `+`."""
    sums = (n for n in module.source.nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add))
    joined: dict[int, ast.expr] = {id(_leftmost(node)): node for node in reversed([*sums])}
    for text in module.found.texts:
        if text.role != "plain":
            continue
        node, value = text.node, text_value(text.node)
        if isinstance(node, ast.JoinedStr):
            value = text_value(node.values[0]) if node.values else None
            if value and using.is_told(f"{value}x"):
                yield _Spelled(node, node, value, whole=False)
        elif value and id(node) in joined and using.is_told(f"{value}x"):
            yield _Spelled(joined[id(node)], node, value, whole=False)
        elif value and id(node) not in joined and using.is_id(value):
            yield _Spelled(node, node, value, whole=True)


def _leftmost(node: ast.BinOp) -> ast.expr:
    """The first operand of `a + b + …`."""
    at = node.left
    while isinstance(at, ast.BinOp):
        at = at.left
    return at


class _Rewriter:
    def __init__(self, module: Module, using: InUse) -> None:
        self.module, self.using = module, using
        self.flow = Flow(module, using.functions)
        self.flow.follow(using.given)
        self.holders = Holders(module, self.flow, using)
        self.imports = imports_library(module.facts, using)
        self.left: list[tuple[_Spelled, str]] = []
        self.unserved: list[_Spelled] = []

    def findings(self) -> Iterator[Finding]:
        for spelled in _spelled(self.module, self.using):
            yield from self._of(spelled)
        yield from self._together()

    def _of(self, spelled: _Spelled) -> Iterator[Finding]:
        if id(spelled.node) in self.flow.others:
            return
        traced = id(spelled.node) in self.flow.reached
        direct = id(spelled.node) in self.flow.direct
        holder = None if direct else self.holders.of(spelled.node)
        if not traced and not self._is_named(spelled, holder):
            return
        elsewhere = holder is not None and any(map(self.holders.leaves, holder.keys))
        searched = holder is not None and holder.is_one_of_many and any(map(self.holders.is_searched, holder.keys))
        if (elsewhere or searched) and not traced:
            return
        ids = self.using.ids
        new = ids.settled(spelled.text) if spelled.whole else ids.beginning(spelled.text)
        kept = self.using.kept_for(spelled.text, direct=direct, whole=spelled.whole)
        if new is None and traced:
            yield self._at(spelled, Status.MANUAL, self.using.say_unserved([spelled.text]))
        elif self.module.names.keeps_library:
            return  # what calls the library maps it
        elif new is None:
            self.unserved.append(spelled)
        elif new == spelled.text:
            if not spelled.whole:
                self.left.append((spelled, "what follows decides what it becomes"))
        elif kept:
            self.left.append((spelled, kept))
        elif elsewhere:
            self.left.append((spelled, "it is given to something else, too"))
        else:
            yield self._edited(spelled, new, traced=traced, direct=direct)

    def _is_named(self, spelled: _Spelled, holder: Holder | None) -> bool:
        """Whether what holds a text says that it is an id, and no other library is given it."""
        if holder is None or not holder.is_named or not (self.imports or "/" in spelled.text):
            return False
        return holder.call is None or self.holders.is_ours(holder.call)

    def _edited(self, spelled: _Spelled, new: str, *, traced: bool, direct: bool) -> Finding:
        place = self.module.source.inside(spelled.literal, spelled.text)
        said = f"{spelled.text} → {new}"
        if place is None:
            return self._at(spelled, Status.MANUAL, f"{said}; it is not spelled in one piece, write it by hand")
        apart = self.using.is_taken_apart and not direct
        status = Status.MIGRATED if traced and not apart else Status.REVIEW
        why = "code takes ids apart, see that it knows this one" if apart else ""
        said = f"{said}: {why if traced else self.using.rule.message}" if status is Status.REVIEW else said
        return Finding(place[0], self.using.rule.id, status, said, (Edit(*place, new),))

    def _at(self, spelled: _Spelled, status: Status, message: str) -> Finding:
        return Finding(self.module.source.start(spelled.literal), self.using.rule.id, status, message)

    def _together(self) -> Iterator[Finding]:
        """One finding for all ids that stay, and one for all that are not served."""
        if self.left:
            first, why = self.left[0]
            said = f"{told(s.text for s, _ in self.left)} stays, for {why}: the client module maps it at run time"
            yield self._at(first, Status.REVIEW, said)
        if self.unserved:
            said = self.using.say_unserved(s.text for s in self.unserved)
            yield self._at(self.unserved[0], Status.MANUAL, said)
