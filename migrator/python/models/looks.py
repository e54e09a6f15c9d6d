"""What the modules of a project do with model ids: look at them, ask a library about them, give them to a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrator.clients.in_use import ASKED, ASUNDER, PROVIDER, InUse
from migrator.fates.names import Names
from migrator.packs.ruleset import Rules
from migrator.patterns import expand
from migrator.python.models.flow import Flow
from migrator.python.models.ids import imports_library
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.scopes import target_of

if TYPE_CHECKING:
    from migrator.planning.candidates import Candidates
    from migrator.python.reading.index import Index
    from migrator.python.reading.outline import Outline
    from migrator.python.reading.source import Source

_SEARCHES = {"startswith", "endswith", "removeprefix", "removesuffix", "replace", "find", "index", "count", "lstrip"}
_SPLITS = {"split", "rsplit", "partition", "rpartition"}
_READS = {"get", "pop", "setdefault"}


class Looks:
    """What modules compare ids with or search them for, and whether they take them apart or ask about them: `seen`."""

    def __init__(self, using: InUse, rules: Rules) -> None:
        ids = using.ids
        changed = {p for p, new in ids.known.items() if ids.table.prefix or p != new}
        self.seen: set[str] = set()
        self._using, self._names = using, Names(rules)
        self._known = changed.union(ids.table.strip, [PROVIDER])

    def see(self, source: Source, found: Outline) -> None:
        """Look at one more module."""
        looks = (text for node in source.nodes for text in _looks(node))
        self.seen.update(text for text in looks if "/" in text or text in self._known)
        if _is_asked(found, self._using, self._names):
            self.seen.add(ASKED)


def given_by_others(candidates: Candidates, index: Index) -> frozenset[str]:
    """The dotted names of the variables that a module of the project gives to a call and another one has."""
    using, given = index.names.rules.ids, set[str]()
    for path, facts in candidates.facts.items():
        if using is not None and imports_library(facts, using):
            given |= Flow(Module(*candidates.tree(path), facts, index), using.functions).imported
    return frozenset(given)


def _looks(node: ast.AST) -> Iterator[str]:
    texts: list[ast.expr | None] = []
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        texts = [*sides]
    elif isinstance(node, ast.Dict):
        texts = list(node.keys)
    elif isinstance(node, ast.Subscript):
        texts = [node.slice]
    elif isinstance(node, ast.MatchValue):
        texts = [node.value]
    elif isinstance(node, ast.keyword) and node.arg == PROVIDER:
        yield PROVIDER
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        name = node.func.attr
        texts = list(node.args[:1]) if name in _SEARCHES | _SPLITS | _READS else []
        if name in _SPLITS and text_value(node.args[0]) == "/" and _is_model(node.func.value):
            yield ASUNDER
    for item in (i for t in texts if t for i in (t.elts if isinstance(t, ast.Tuple | ast.List | ast.Set) else [t])):
        text = text_value(item)
        if text and 1 < len(text) < 200:
            yield text


def _is_model(node: ast.expr) -> bool:
    """Whether an expression is called what a model id is called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _is_model(node.func.value)
    if isinstance(node, ast.BoolOp):
        return any(_is_model(value) for value in node.values)
    key = text_value(node.slice) if isinstance(node, ast.Subscript) else None
    name = key or (node.attr if isinstance(node, ast.Attribute) else "".join(parts_of(node)))
    return "model" in name.lower()


def _is_asked(found: Outline, using: InUse, names: Names) -> bool:
    """Whether something of the library that stays is given an id not spelled out there, or is built, as a router is."""
    for call, scope in found.calls:
        dotted = target_of(parts_of(call.func), scope)
        fate = names.fate(dotted) if dotted else None
        name = dotted.split(".")[fate.count - 1] if dotted and fate and fate.kind == "gone" else ""
        if name and any(expand(p, p, name) is not None for p in using.rule.asked):
            if name[0].isupper():
                return True
            given = [*call.args[:1], *(k.value for k in call.keywords if k.arg and using.names_model(k.arg))]
            if any(text_value(value) is None for value in given):
                return True
    return False
