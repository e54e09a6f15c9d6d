"""A library that is left, by its name in a text: imported, probed for or replaced so, its loggers and its variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from migrator.fates.library import Fate, staying_for
from migrator.patterns import under
from migrator.primitives.library import Library
from migrator.python.library import handed_on, in_modules, variables
from migrator.python.library import modules as library_modules
from migrator.python.module import Module
from migrator.python.reading.calling import asked
from migrator.python.reading.expressions import (
    IMPORTING_CALLS,
    SPECS,
    Parts,
    attribute_asked,
    callee_of,
    imported_later,
    is_logger,
    parts_of,
    text_value,
)
from migrator.python.reading.outline import Text
from migrator.python.reading.scopes import FunctionNode
from migrator.python.reading.survey import is_importer
from migrator.sites import Edit, Finding, Status

_PROBES = {*SPECS, "importorskip"}
_VERSIONS = {"version", "distribution"}  # of importlib.metadata
# Functions that ask whether a package is there; not those of a registry, nor what gives the dependencies of something.
_ASKS = re.compile(
    r"(?i)^_*(?!get|list|set|add|register|mark|dependencies)\w*?(?:avail|install|missing|depend|requir|ensure)"
)
# What the project has by the name of a package, if the function itself does not tell.
_OWN = re.compile(r"(?i)backend|hook|model|provider")


class Texts:
    """What a module says of the library in texts.

    `follows` is whether what is imported so can be the client module, `stays` whether an import statement stays.
    """

    def __init__(self, module: Module, follows: bool, stays: bool) -> None:
        self.module, self.follows, self.stays = module, follows, stays

    def findings(self) -> Iterator[Finding]:
        for text in self.module.found.texts:
            value = text_value(text.node) if text.role == "plain" else None
            for library in self.module.names.rules.libraries if value else ():
                find = self._of_one_that_stays if library.stays else self._of
                yield from find(text, value or "", library)
        for library in self.module.names.rules.libraries:
            if not library.stays or library_modules.uses_moved(self.module.index):
                yield from in_modules.by_keywords(self.module, library.module)
        if any(not library.stays for library in self.module.names.rules.libraries):
            for keyword, rule in variables.by_keywords(self.module):
                start = self.module.source.start(keyword)
                yield Finding(start, rule.id, Status.REVIEW, f"{keyword.arg}: {rule.message}")

    def _of(self, text: Text, value: str, library: Library) -> Iterator[Finding]:
        call = self.module.call_given(text.node)
        callee = parts_of(call.func)[-1:] if call else ()
        if callee == ("getLogger",):
            if value in library.loggers:
                said = f"{value}: its logger says nothing any more: take this out, or name {library.instead}'s"
                yield self._finding(text, Status.REVIEW, said)
        elif under(value, library.module):
            if call and callee and callee[0] in (_PROBES | IMPORTING_CALLS):
                yield self._imported(text, value, library, call, callee[0])
            elif call and value == library.module and self._asks(call, callee):
                said = f"{callee[0]}({value!r}) is about the package: have it name {library.instead}"
                yield self._asked_as_well(text, library) or self._finding(text, Status.MANUAL, said)
            elif call and value == library.module and self._gives_module(call, callee) and text.node in call.args[:1]:
                if imported_later(call):
                    return  # it is only what the module is kept under
                said = f"{callee[0]}({value!r}): see what it gives, and have it give {self.module.names.client}"
                yield self._finding(text, Status.MANUAL, said)
            elif call and callee == ("multiple",) and value == library.module:
                yield self._patched(text, value, call)
            elif in_modules.is_key(self.module, text.node):
                yield in_modules.finding(self.module, text.node, library.module)
            elif self._is_of_class(text.node):
                said = f"{value}: classes say another `__module__` now, such as {library.instead}: see which are meant"
                yield self._finding(text, Status.MANUAL, said)
            elif call and callee and value == library.module and self._guards_import(call, library):
                said = f"{callee[0]}({value!r}) guards what is imported below: have it ask for {library.instead}"
                yield self._asked_as_well(text, library) or self._finding(text, Status.MANUAL, said)
            elif value == library.module and self._asks_by_name(text.node, callee):
                said = f"{value} is asked for by its name in a text: ask for {library.instead}, or take it out"
                yield self._finding(text, Status.MANUAL, said)
        elif (rule := self.module.names.variable(value)) and variables.is_left(self.module, text, value, rule):
            yield replace(self._finding(text, self.module.names.left, f"{value}: {rule.message}"), rule=rule.id)

    def _guards_import(self, call: ast.Call, library: Library) -> bool:
        """Whether a call is part of the test of an `if` around an import of the library."""
        test: ast.AST = call
        while isinstance(above := self.module.source.parents.get(id(test)), ast.expr):
            test = above
        if not isinstance(above, ast.If) or above.test is not test:
            return False
        inside = [node for statement in above.body for node in ast.walk(statement)]
        named = [node.module or "" for node in inside if isinstance(node, ast.ImportFrom) and not node.level]
        named += [alias.name for node in inside if isinstance(node, ast.Import) for alias in node.names]
        return any(under(name, library.module) for name in named)

    def _asks(self, call: ast.Call, callee: Parts) -> bool:
        """Whether a function of the project's own is asked for a package, and not for what it imports.

        Where it is in the project, it tells itself; one from elsewhere by its name.
        """
        above = self.module.source.parents.get(id(call))
        if self._gives_module(call, callee):
            return isinstance(above, ast.Expr | FunctionNode | ast.ClassDef)
        if self._given(call, callee) is not None:
            return True
        is_logged = isinstance(call.func, ast.Attribute) and is_logger(call.func.value)
        return bool(callee) and not is_logged and bool(_ASKS.search(callee[0])) and not _OWN.search(callee[0])

    def _is_of_class(self, node: ast.expr) -> bool:
        """Whether a text is compared with the module that a class says it is of."""
        listed = ast.Tuple | ast.List | ast.Set
        above = next((each for each in self.module.source.above(node) if not isinstance(each, listed)), None)
        if isinstance(above, ast.Compare) or (isinstance(above, ast.Call) and callee_of(above) == "startswith"):
            within = self._function_of(above)
            names = {(within, each.id) for each in ast.walk(above) if isinstance(each, ast.Name)}
            return _asks_for_module(above) or not names.isdisjoint(self._of_classes)
        return False

    @cached_property
    def _of_classes(self) -> set[tuple[int, str]]:
        """The variables that are given the module that a class says it is of, each with its function."""
        given = (node for node in self.module.source.nodes if isinstance(node, ast.Assign))
        asking = (node for node in given if _asks_for_module(node.value))
        return {(self._function_of(n), t.id) for n in asking for t in n.targets if isinstance(t, ast.Name)}

    def _function_of(self, node: ast.AST) -> int:
        """The id of the function that a node is in; 0 for none."""
        function = self.module.source.function(node)
        return id(function) if function else 0

    def _asked_as_well(self, text: Text, library: Library) -> Finding | None:
        """What is said where a text asks whether the library is there, which goes on being used, here or by others."""
        why = "it is used here" if self._lingers else in_modules.kept_for(self.module, library.module)
        if not why:
            return None
        said = f"{text_value(text.node)} stays, for {why}: ask for {library.instead} as well"
        return self._finding(text, Status.MANUAL, said)

    def _asks_by_name(self, node: ast.expr, callee: Parts) -> bool:
        """Whether a text is whose version is asked for, or one of those that a loop or a default imports or probes.

        Only the default is a matter where the library stays: other modules may get that by it.
        """
        parent = self.module.source.parents.get(id(node))
        if isinstance(parent, ast.arguments):
            function = self.module.source.parents.get(id(parent))
            return isinstance(function, FunctionNode) and bool(self.module.index.askers.gives(function))
        if self._lingers:
            return False
        if callee and callee[0] in _VERSIONS:
            return True
        above = (
            self.module.source.parents.get(id(parent)) if isinstance(parent, ast.Tuple | ast.List | ast.Set) else None
        )
        if not isinstance(above, ast.comprehension | ast.For) or above.iter is not parent:
            return False
        asking = _PROBES | IMPORTING_CALLS
        asked = [call.args[0] for call, _ in self.module.found.calls if callee_of(call) in asking and call.args]
        names = {a.id for a in asked if isinstance(a, ast.Name)}
        return isinstance(above.target, ast.Name) and above.target.id in names

    def _patched(self, text: Text, value: str, call: ast.Call) -> Finding:
        """`patch.multiple("litellm", completion=…)`: the client module has all of these by the same names, or not."""
        client = self.module.names.client
        if handed_on.are_clients(self.module, value, handed_on.named(call)):
            return self._finding(text, Status.MIGRATED, f"{value} → {client}", client)
        said = f"multiple({value!r}, …): see what has these now, and patch them there"
        return self._finding(text, Status.MANUAL, said)

    def _of_one_that_stays(self, text: Text, value: str, library: Library) -> Iterator[Finding]:
        """Only what it is imported by, or replaced with, for something that is elsewhere now."""
        call = self.module.call_given(text.node)
        callee = parts_of(call.func)[-1:] if call else ()
        if value == library.module and call and callee and callee[0] in IMPORTING_CALLS - _PROBES:
            parent = self.module.source.parents.get(id(call))
            fate = self.module.names.fate(f"{value}.{parent.attr}") if isinstance(parent, ast.Attribute) else None
            if not isinstance(parent, ast.Expr) and (fate is None or fate.kind != "stays"):
                yield self._imported(text, value, library, call, callee[0])
        elif (
            value == library.module
            and in_modules.is_key(self.module, text.node)
            and not isinstance(self.module.source.parents.get(id(text.node)), ast.Compare)
            and library_modules.uses_moved(self.module.index)
        ):
            yield in_modules.finding(self.module, text.node, library.module)

    def _finding(self, text: Text, status: Status, message: str, new: str = "") -> Finding:
        start = self.module.source.start(text.node)
        place = self.module.source.inside(text.node, text_value(text.node) or "") if new else None
        edits = (Edit(*place, new),) if place else ()
        return Finding(start, self.module.names.library_rule, status, message, edits)

    def _gives_module(self, call: ast.Call, callee: Parts) -> bool:
        """Whether a function of the project's own gives the module whose name it is given."""
        given = self._given(call, callee)
        return given if given is not None else bool(callee) and is_importer(callee[0])

    def _given(self, call: ast.Call, callee: Parts) -> bool | None:
        """Whether a call gives the module whose name it is given; None where no function of the project tells."""
        askers, parts = self.module.index.askers, parts_of(call.func)
        own = [node for node, _, _ in self.module.found.functions if (node.name,) == callee]
        if own:
            return askers.gives(own[-1])
        scope = next((where for each, where in self.module.found.calls if each is call), self.module.found.scope)
        dotted = self.module.dotted(parts, scope)
        if not callee or (len(parts) == 1 and not dotted):
            return None
        asker = askers.named(callee[0], is_method=len(parts) != 1)
        return asker.gives if asker and (not dotted or dotted.partition(".")[0] in asker.packages) else None

    @cached_property
    def _lingers(self) -> bool:
        """Whether the library is imported here afterwards as well, in a statement or by its name in a text."""
        return self.stays or any(map(self._stays, self.module.found.texts))

    def _stays(self, text: Text) -> bool:
        value = text_value(text.node) if text.role == "plain" else None
        call = self.module.call_given(text.node) if value else None
        if value is None or call is None or not self.module.names.is_module(value):
            return False
        callee = parts_of(call.func)[-1:]
        if self._gives_module(call, callee):
            return text.node in call.args[:1] and not self._asks(call, callee)
        is_read = not isinstance(self.module.source.parents.get(id(call)), ast.Expr)
        imports = is_read and bool(callee) and callee[0] in IMPORTING_CALLS
        return imports and self._following(value, call, callee[0]) is None

    def _imported(self, text: Text, value: str, library: Library, call: ast.Call, callee: str) -> Finding:
        """`importlib.import_module("litellm")`, `find_spec("litellm")` and their like."""
        following = self._following(value, call, callee)
        if following:
            fate, new = following
            return self._renamed(text, call, callee, fate, new)
        probes = callee in _PROBES and not self._is_stored(call)
        if probes or callee in SPECS or isinstance(self.module.source.parents.get(id(call)), ast.Expr):
            if caller := self.module.names.caller:
                return self._finding(text, Status.REVIEW, f"{value} {staying_for(caller, library)}")
            said = f"{value} → {library.instead}: asks for {library.instead} now"
            renamed = self._finding(text, Status.REVIEW, said, library.instead)
            return self._asked_as_well(text, library) or renamed
        names = [name for of, _, name in asked(self.module.found) if of is call]
        read = f", and {names[0]} read off it" if names else ""
        return self._finding(text, Status.MANUAL, f"{value} is imported by its name in a text{read}: write it by hand")

    def _is_stored(self, call: ast.Call) -> bool:
        """Whether what an import gives, now or when a function that is handed on is called, gets a name."""
        parent = self.module.source.parents.get(id(call))
        giving = self.module.source.parents.get(id(parent)) if isinstance(parent, ast.Lambda) else call
        return id(giving) in self.module.found.stored

    def _following(self, value: str, call: ast.Call, callee: str) -> tuple[Fate | None, str] | None:
        """What is read off what a call imports, if that is told, and the module it is in now; None where it stays."""
        names, parent = self.module.names, self.module.source.parents.get(id(call))
        if callee in SPECS or not names.is_module(value) or "." in value:
            return None
        if self._is_stored(call):
            return (None, names.client) if self.follows else None
        if callee == "importorskip" or not isinstance(parent, ast.Attribute):
            return None
        fate = names.fate(f"{value}.{parent.attr}")
        if fate and fate.kind == "moved" and fate.name == parent.attr and fate.to:
            return fate, fate.source or fate.to
        return None

    def _renamed(self, text: Text, call: ast.Call, callee: str, fate: Fate | None, new: str) -> Finding:
        """Another module in the text; `__import__` gives the package of a dotted one, if it is not told otherwise."""
        value = text_value(text.node) or ""
        said = f"{value}.{fate.name} → {fate.new}" if fate else f"{value} → {new}"
        found = self._finding(text, fate.status if fate else Status.MIGRATED, said, new)
        if callee != "__import__" or "." not in new or any(k.arg == "fromlist" for k in call.keywords):
            return found
        if len(call.args) + len(call.keywords) > 1:
            return replace(found, status=Status.MANUAL, message=f"{said}: write it by hand", edits=())
        end = self.module.source.end(text.node)
        return replace(found, edits=(*found.edits, Edit(end, end, ', fromlist=["*"]')))


def _asks_for_module(node: ast.AST) -> bool:
    """Whether a part of an expression asks a class for the module it is of."""
    parts = [*ast.walk(node)]
    asked = (attribute_asked(each, ("getattr",)) for each in parts)
    return any(isinstance(each, ast.Attribute) and each.attr == "__module__" for each in parts) or any(
        each and each[1] == "__module__" for each in asked
    )
