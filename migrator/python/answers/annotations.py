"""What annotations say of answers: `ModelResponse`, `"Optional[ModelResponse]"`, `AsyncIterator[Delta]`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrator.python.answers import fated, known
from migrator.python.answers.values import LOGGER, NONE, NOTHING, OTHER, Many, Object, Row, Values, union
from migrator.python.answers.view import View
from migrator.python.reading.expressions import alternatives, is_none, parts_of
from migrator.python.reading.scopes import Scope

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_ANYTHING = {"Any", "object", "Incomplete"}
_MANY = {
    "list", "List", "set", "Set", "frozenset", "Sequence", "Iterable", "Iterator", "Generator", "Collection",
    "AsyncIterable", "AsyncIterator", "AsyncGenerator", "deque", "Deque", "MutableSequence",
}  # fmt: skip


class Annotations:
    """Reads annotations, written as code or as text."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def read(self, at: View, node: ast.expr | None, scope: Scope) -> Values:
        """What an annotation says; nothing where there is none, or it leaves everything open."""
        said = [self._alternative(at, each, scope) for each in alternatives(node)]
        anything = OTHER if union(said) - NOTHING else NONE
        return union(each or anything for each in said)

    def _alternative(self, at: View, node: ast.expr, scope: Scope) -> Values:
        match node:
            case ast.Subscript():
                return self._generic(at, node, scope)
            case ast.Name() | ast.Attribute():
                return self._name(at, node, scope)
        return NOTHING if is_none(node) else OTHER

    def _generic(self, at: View, node: ast.Subscript, scope: Scope) -> Values:
        head = "".join(parts_of(node.value)[-1:])
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head in ("Awaitable", "Coroutine"):
            return self.read(at, arguments[-1], scope)
        is_tuple = head in ("tuple", "Tuple")
        if is_tuple and not any(isinstance(a, ast.Constant) and a.value is Ellipsis for a in arguments):
            return frozenset({Row(tuple(self.read(at, each, scope) or OTHER for each in arguments))})
        if head in _MANY or is_tuple:
            return frozenset({Many(self.read(at, arguments[0], scope) or OTHER)})
        return OTHER

    def _name(self, at: View, node: ast.Name | ast.Attribute, scope: Scope) -> Values:
        parts, index = parts_of(node), self.trace.index
        if parts[-1:] and parts[-1] in _ANYTHING:
            return frozenset()
        dotted = at.module.dotted(parts, scope) if parts else None
        canon = index.canonical(dotted) if dotted else ""
        if canon in known.LOGGER_CLASSES:
            return LOGGER
        fate = index.names.fate(canon) if canon else None
        if fate is not None:
            error = fated.error(self.trace.shapes, canon, fate)
            return frozenset({error}) if error else self.trace.shapes.given(canon.rpartition(".")[2]) or OTHER
        where = index.module_of(canon)
        name = canon[len(where) + 1 :] if where else ""
        if name in (index.by_name[where].classes if where else ()) and not self.is_of_keys(f"{where}.{name}"):
            return frozenset({Object(f"{where}.{name}")})
        return OTHER

    def is_of_keys(self, cls: str) -> bool:
        """Whether instances of a class of the project are plain dictionaries."""
        return any(each.rpartition(".")[2] == "TypedDict" for each in self.trace.index.lineage(cls))
