"""Which URLs headers are sent to: they stay with those that do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.fates.endpoints import Asked
from migrator.python.reading.addresses import ASKING
from migrator.python.reading.expressions import callee_of
from migrator.python.reading.outline import Variable
from migrator.python.reading.variables import calls_around
from migrator.python.sdk import others
from migrator.python.sdk.urls import Url, Urls
from migrator.python.sdk.writer import Writer, named

_DEEP = 3  # functions and variables between headers and what sends them


class Sending(NamedTuple):
    """Why headers stay, None where they move; and what to see to about those that do."""

    gone: Asked | None = None
    note: str = ""


class Sent:
    """What the headers of one module are sent to."""

    def __init__(self, urls: Urls) -> None:
        self.urls, self.variables, self.module = urls, urls.variables, urls.module
        self._known: dict[int, Sending] = {}

    def of(self, headers: ast.expr) -> Sending:
        """What becomes of a dict of headers where it stands, or of the variable that holds it."""
        if id(headers) not in self._known:
            self._known[id(headers)] = self._of(headers)
        return self._known[id(headers)]

    def _of(self, headers: ast.expr) -> Sending:
        found, unread = self._asked(headers)
        gone = [url for url in found if url and url.is_gone]
        shared = (gone or self.urls.gone) and self._is_shared(headers)
        if self.urls.gone and (unread or not found) and not shared:
            return Sending(self.urls.gone)
        if gone and len(gone) == len(found) and not unread and not shared:
            return Sending(gone[0].differs)
        others = [url for url in gone if self.urls.stays(url)] or (self._unread if unread or not found else [])
        if not others:
            return Sending()
        path = f"{self.urls.path(others[0])}, which stays"
        said = f"they are also sent to {path}: give that headers of its own"
        return Sending(note=said if gone else f"see that they are not sent to {path}")

    def _asked(self, headers: ast.expr, depth: int = 0) -> tuple[list[Url | None], bool]:
        """The URLs that headers are sent to, and whether anything asks with them for what is not written down."""
        asked = [(call, self.urls.asked_by(call)) for call in self.given(headers, depth)]
        return [url for _, urls in asked for url in urls], any(not urls and _asks(call) for call, urls in asked)

    def _is_shared(self, headers: ast.expr) -> bool:
        """Whether other modules have headers from here, and send them to more than what is gone."""
        index, facts = self.module.index, self.module.facts
        names = {*self._names(headers)} if facts.path in index.by_path else set[str]()
        for other in others.modules(index, facts) if names else ():
            sent = Sent(Urls(Writer(other)))
            for read in others.reads(other, names):
                found, unread = sent._asked(read, depth=1)
                if unread or not found or not all(url and url.is_gone for url in found):
                    return True
        return False

    def _names(self, headers: ast.expr) -> Iterator[str]:
        """The names by which other modules may have a dict of headers, or the variable that holds it."""
        parents = self.module.source.parents
        above: ast.AST | None = headers
        while isinstance(above, ast.expr) and (above is headers or not isinstance(above, ast.Call)):
            above = parents.get(id(above))
        targets = above.targets if isinstance(above, ast.Assign) else [getattr(above, "target", headers)]
        for variable in filter(None, map(self.variables.of, (*targets, headers))):
            if isinstance(variable.holder.node, ast.Module | ast.ClassDef):
                yield variable.name.rpartition(".")[2]
        function = self.urls.values.function(above) if isinstance(above, ast.Return) else None
        yield from [function.name] if function else []

    def session(self, call: ast.Call | ast.Dict) -> Asked | None:
        """Why a session stays, with its address: what it asks for is gone, and the headers it is given stay as well."""
        if not isinstance(call, ast.Call) or id(call) not in self.urls.sessions.asked:
            return None
        urls, headers = self.urls.asked_by(call), named(call).get("headers")
        given = [value for value in self.urls.values.of(headers) if value] if headers else []
        if not all(url and url.is_gone for url in urls) or not all(self.of(value).gone for value in given):
            return None
        return next(url.differs for url in urls if url)

    @cached_property
    def behind_what_stays(self) -> set[int]:
        """The ids of the paths that sessions which stay are asked for."""
        stay = (call for call in self.urls.sessions.made if self.session(call))
        return {id(path) for call in stay for path in self.urls.sessions.asked[id(call)]}

    @cached_property
    def _unread(self) -> list[Url]:
        """What is not there any more, and is asked for by nothing that is read."""
        calls = (call for call, _ in self.module.found.calls if callee_of(call) in ASKING)
        read = {id(url.node) for call in calls for url in self.urls.asked_by(call) if url}
        return [url for url in self.urls.all.values() if self.urls.stays(url) and id(url.node) not in read]

    def given(self, headers: ast.expr, depth: int = 0) -> Iterator[ast.Call | ast.Dict]:
        """The calls that are given headers, or anything else that is sent, and dicts of what a call is given."""
        parents = self.module.source.parents
        if isinstance(headers, ast.Name | ast.Attribute) and depth == 0:
            yield from self._held(headers)
            return
        for call in calls_around(parents, headers):
            yield call
            if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute):
                yield from self._of_session(call.func.value)  # `session.headers.update(…)`
        above: ast.AST | None = parents.get(id(headers))
        while isinstance(above, ast.expr | ast.keyword):
            if isinstance(above, ast.Dict) and "url" in named(above):
                yield above
            above = parents.get(id(above))
        targets = above.targets if isinstance(above, ast.Assign) else []
        targets = [above.target] if isinstance(above, ast.AnnAssign | ast.AugAssign) else targets
        targets = [above.optional_vars] if isinstance(above, ast.withitem) and above.optional_vars else targets
        for target in targets:
            yield from self._held(target)
        if isinstance(above, ast.Return) and depth < _DEEP:
            for use in self._uses(above):
                yield from self.given(use, depth + 1)

    def _held(self, target: ast.expr) -> Iterator[ast.Call]:
        """The calls that are given what a variable holds, or are asked of a session that does."""
        if variable := self.variables.of(target):
            yield from self.variables.calls_with(variable)
            yield from self._asked_of.get(variable, ())
        if isinstance(target, ast.Attribute):
            yield from self._of_session(target)

    def _of_session(self, headers: ast.Attribute) -> Iterator[ast.Call]:
        variable = self.variables.of(headers.value) if headers.attr == "headers" else None
        made = self.urls.sessions.held.get(variable) if variable else None
        yield from [made] if isinstance(made, ast.Call) else []
        yield from self._asked_of.get(variable, ()) if variable else ()

    @cached_property
    def _asked_of(self) -> dict[Variable, list[ast.Call]]:
        """What is asked for, by the session that is."""
        found: dict[Variable, list[ast.Call]] = {}
        for call, _ in self.module.found.calls:
            asks = isinstance(call.func, ast.Attribute) and call.func.attr in ASKING
            if asks and isinstance(call.func, ast.Attribute) and (variable := self.variables.of(call.func.value)):
                found.setdefault(variable, []).append(call)
        return found

    def _uses(self, returned: ast.Return) -> Iterator[ast.expr]:
        """What has what a function of the module returns: its calls, or the reads of a property."""
        function = self.urls.values.function(returned)
        for node in self.module.source.nodes if function else ():
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if function and name == function.name and isinstance(node, ast.Attribute | ast.Name):
                above = self.module.source.parents.get(id(node))
                yield above if isinstance(above, ast.Call) and above.func is node else node


def _asks(call: ast.Call | ast.Dict) -> bool:
    """Whether a call asks for a URL with headers of its own."""
    return isinstance(call, ast.Call) and callee_of(call) in ASKING and "headers" in named(call)
