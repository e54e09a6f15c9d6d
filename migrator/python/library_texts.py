"""A library that is left, by its name in a text: imported, probed for or replaced so, its loggers and its variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from migrator.patterns import under
from migrator.primitives.library import Library, Variable
from migrator.python import in_modules, library_modules
from migrator.python.expressions import imported_later, parts_of, text_value
from migrator.python.module import Module
from migrator.python.outline import Text
from migrator.python.survey import is_importer
from migrator.sites import Edit, Finding, Status

_PROBES = {"find_spec", "importorskip", "find_loader"}
_SETTERS = {"setdefault", "setenv", "putenv"}
_ATTRIBUTES = {"setattr", "getattr", "hasattr", "delattr", "object"}  # the last is that of patch
_IMPORTS = {"import_module", "importorskip", "__import__"}


class Texts:
    """What a module says of the library in texts; `follows` is whether what is imported so can be the client module."""

    def __init__(self, module: Module, follows: bool) -> None:
        self.module, self.follows = module, follows

    @cached_property
    def _parents(self) -> dict[int, ast.AST]:
        return {id(c): node for node in ast.walk(self.module.source.tree) for c in ast.iter_child_nodes(node)}

    def findings(self) -> Iterator[Finding]:
        for text in self.module.found.texts:
            value = text_value(text.node) if text.role == "plain" else None
            for library in self.module.names.rules.libraries if value else ():
                find = self._of_one_that_stays if library.stays else self._of
                yield from find(text, value or "", library)

    def _of(self, text: Text, value: str, library: Library) -> Iterator[Finding]:
        call = self.module.call_given(text.node)
        callee = parts_of(call.func)[-1:] if call else ()
        if callee == ("getLogger",):
            if value in library.loggers:
                said = f"{value}: its logger says nothing any more: take this out, or name {library.instead}'s"
                yield self._finding(text, Status.REVIEW, said)
        elif under(value, library.module):
            if call and callee and callee[0] in (_PROBES | _IMPORTS):
                yield self._imported(text, value, library, call, callee[0])
            elif call and callee and value == library.module and is_importer(callee[0]) and text.node in call.args[:1]:
                if imported_later(call):
                    return  # it is only what the module is kept under
                said = f"{callee[0]}({value!r}): see what it gives, and have it give {self.module.names.client}"
                yield self._finding(text, Status.MANUAL, said)
            elif call and callee == ("multiple",) and value == library.module:
                said = f"multiple({value!r}, …): see what has these now, and patch them there"
                yield self._finding(text, Status.MANUAL, said)
            elif (
                call and callee and value == library.module and callee[0] in _ATTRIBUTES and text.node in call.args[1:2]
            ):
                said = f"{callee[0]}(…, {value!r}): see what has a name like this now"
                yield self._finding(text, Status.MANUAL, said)
            elif in_modules.is_key(self._parents, text.node):
                yield in_modules.finding(self.module, self._parents, text.node, library.module)
        elif (rule := self.module.names.variable(value)) and self._is_left(text, value, rule):
            yield replace(self._finding(text, Status.REVIEW, f"{value}: {rule.message}"), rule=rule.id)

    def _is_left(self, text: Text, value: str, rule: Variable) -> bool:
        """Whether nothing reads a variable any more: one of another name than the library's, if it is set here."""
        if not rule.check or rule.templates:
            return False
        if value.startswith(f"{rule.of.upper()}_"):
            return True
        parent = self._parents.get(id(text.node))
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            return parent.func.attr in _SETTERS
        return isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)

    def _of_one_that_stays(self, text: Text, value: str, library: Library) -> Iterator[Finding]:
        """Only what it is imported by, or replaced with, for something that is elsewhere now."""
        call = self.module.call_given(text.node)
        callee = parts_of(call.func)[-1:] if call else ()
        if value == library.module and call and callee and callee[0] in _IMPORTS - _PROBES:
            parent = self._parents.get(id(call))
            fate = self.module.names.fate(f"{value}.{parent.attr}") if isinstance(parent, ast.Attribute) else None
            if not isinstance(parent, ast.Expr) and (fate is None or fate.kind != "stays"):
                yield self._imported(text, value, library, call, callee[0])
        elif (
            value == library.module
            and in_modules.is_key(self._parents, text.node)
            and not isinstance(self._parents.get(id(text.node)), ast.Compare)
            and library_modules.uses_moved(self.module.index)
        ):
            yield in_modules.finding(self.module, self._parents, text.node, library.module)

    def _finding(self, text: Text, status: Status, message: str, new: str = "") -> Finding:
        start = self.module.source.start(text.node)
        place = self.module.source.inside(text.node, text_value(text.node) or "") if new else None
        edits = (Edit(*place, new),) if place else ()
        return Finding(start, self.module.names.library_rule, status, message, edits)

    def _imported(self, text: Text, value: str, library: Library, call: ast.Call, callee: str) -> Finding:
        """`importlib.import_module("litellm")`, `find_spec("litellm")` and their like."""
        client, parent = self.module.names.client, self._parents.get(id(call))
        if value == library.module and self._is_stored(call, parent):
            if self.follows:
                found = self._finding(text, Status.MIGRATED, f"{value} → {client}", client)
                return self._with_leaf(found, call) if callee == "__import__" and "." in client else found
        elif value == library.module and isinstance(parent, ast.Attribute) and callee == "import_module":
            fate = self.module.names.fate(f"{value}.{parent.attr}")
            if fate and fate.kind == "moved" and fate.name == parent.attr and fate.to:
                return self._finding(text, fate.status, f"{value}.{parent.attr} → {fate.new}", fate.source or fate.to)
        elif callee in _PROBES or isinstance(parent, ast.Expr):
            said = f"{value} → {library.instead}: asks for {library.instead} now"
            return self._finding(text, Status.REVIEW, said, library.instead)
        return self._finding(text, Status.MANUAL, f"{value} is imported by its name in a text: write it by hand")

    def _is_stored(self, call: ast.Call, parent: ast.AST | None) -> bool:
        """Whether what an import gives, now or when a function that is handed on is called, gets a name."""
        giving = self._parents.get(id(parent)) if isinstance(parent, ast.Lambda) else call
        return id(giving) in self.module.found.stored

    def _with_leaf(self, found: Finding, call: ast.Call) -> Finding:
        """`__import__("a.b")` gives `a`, and the module itself where it is asked for names."""
        if call.keywords or len(call.args) != 1:
            said = f"{found.message}: it is given more than a name, write it by hand"
            return replace(found, status=Status.MANUAL, message=said, edits=())
        end = self.module.source.end(call.args[0])
        return replace(found, edits=(*found.edits, Edit(end, end, ', fromlist=["*"]')))
