"""What is asked of a client that is left, wherever the project has the client from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from migrator.fates.endpoints import asked as endpoint
from migrator.fates.providers import LOST, begins
from migrator.primitives.client import Client, Method
from migrator.python.answers.values import Else, Is
from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked, callee_of, parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk import arguments
from migrator.python.sdk.given import REST, Arguments, Asked
from migrator.python.sdk.made import CLIENT, CLIENTS, COPIES
from migrator.python.sdk.options import Options, Result
from migrator.python.sdk.pieces import COMPUTED, together
from migrator.python.sdk.plain import is_plain
from migrator.python.sdk.writer import named
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_PASSING = {"partial", "partialmethod", "submit", "to_thread", "run_sync"}  # all their keywords are the function's
_VERBS = ("get", "post", "put", "patch", "delete")
_BY_NAME = ("getattr", "hasattr", "setattr", "delattr")


class Requests:
    """The findings for calls of what is behind a client."""

    def __init__(self, module: Module, trace: Trace, client: Client, options: Options) -> None:
        self.module, self.trace, self.client, self.options = module, trace, client, options
        self.at = trace.see(module)
        self.arguments = Arguments(module, client)

    def findings(self) -> Iterator[Finding]:
        if not self.trace.views.concerns(self.module):
            return
        told: set[int] = set()
        self.arguments.begin({id(node): asked for node, _, asked in self._calls})
        for node, scope, asked in self._calls:
            told |= {id(n) for n in ast.walk(node.func)}
            yield from self._call(node, scope, asked)
        yield from self._handed()
        for node, scope, method, asked in self._passed:
            told.add(id(method))
            yield from self._left(method, asked)
            yield from self._arguments(node, scope, asked, sure=callee_of(node) in _PASSING)
        loose = [reference for reference, _ in self.module.found.loose]
        for read in (*loose, *(each.nodes[-1] for each in self.module.found.references)):
            if id(read) not in told and (its := self._asked(read)):
                yield from self._left(read, its)
                if self.arguments.takes(its):
                    yield from self._kept(read, its)
        for place, held, name in self._looked_up:
            row = self._method(name)
            found = [v for v in self.trace.value(self.at, held) if isinstance(v, Is)] if row else []
            if row and any(v.shape == CLIENT for v in found):
                yield Finding(self.module.source.start(place), row.id, Status(row.status), f"{name}: {row.message}")

    @property
    def _looked_up(self) -> Iterator[tuple[ast.expr, ast.expr, str]]:
        """Names that are looked up as texts, and what of: `getattr(client, "config")`, `vars(client)["config"]`."""
        for node in self.module.source.nodes if self.trace.views.concerns(self.module) else ():
            if isinstance(node, ast.Call) and (asked := attribute_asked(node, _BY_NAME)):
                yield node, *asked
            elif isinstance(node, ast.Subscript):
                held = node.value
                if isinstance(held, ast.Attribute) and held.attr == "__dict__":
                    yield node, held.value, text_value(node.slice) or ""
                elif isinstance(held, ast.Call) and callee_of(held) == "vars" and held.args:
                    yield node, held.args[0], text_value(node.slice) or ""

    @cached_property
    def _calls(self) -> list[tuple[ast.Call, Scope, Asked]]:
        if not self.trace.views.concerns(self.module):
            return []
        calls = self.module.found.calls
        return [(node, scope, asked) for node, scope in calls if (asked := self._asked(node.func))]

    @property
    def _passed(self) -> Iterator[tuple[ast.Call, Scope, ast.expr, Asked]]:
        """Methods that something else calls: `pool.submit(client.chat.completions.create, model=…)`."""
        for node, scope in self.module.found.calls:
            for method in (each for each in node.args if isinstance(each, ast.Attribute)):
                asked = self._asked(method)
                if asked and self.arguments.takes(asked):
                    yield node, scope, method, asked

    @property
    def followed(self) -> list[ast.Call]:
        """The calls whose client is known."""
        return [node for node, _, _ in self._calls]

    @cached_property
    def providers(self) -> frozenset[str]:
        """The providers of the clients that are asked for something in this module."""
        asked = [asked for _, _, asked in self._calls] + [asked for *_, asked in self._passed]
        return frozenset(each.provider for each in asked if each.path not in COPIES)

    def _handed(self) -> Iterator[Finding]:
        """Clients that something outside the project is given: it asks them for models."""
        index = self.module.index
        for node, scope in self.module.found.calls:
            for value in (*node.args, *(k.value for k in node.keywords if k.arg)):
                if not isinstance(value, ast.Name | ast.Attribute):
                    continue
                given = {v.of for v in self.trace.value(self.at, value) if isinstance(v, Is) and v.shape in CLIENTS}
                dotted = self.module.dotted(parts_of(node.func), scope) if given else None
                theirs = dotted and dotted not in self.client.patches and not index.module_of(index.canonical(dotted))
                if theirs and len(given) == 1 and (provider := given.pop()) not in self.arguments.apart:
                    start = self.module.source.start(value)
                    yield Finding(start, self.arguments.rule, Status.REVIEW, begins(provider, self.client))

    def _asked(self, node: ast.expr) -> Asked | None:
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
            values = self.trace.value(self.at, node)
            found = [v for v in values if isinstance(v, Is) and v.shape in CLIENTS]
            if found:
                straight = Else.STRAIGHT in values
                providers = {v.of for v in found}
                native = all(v.shape == CLIENT for v in found)
                routes = {v.route for v in found}
                one = len(providers) == len(routes) == 1
                path = ".".join(reversed(names))
                provider, route = (providers.pop(), routes.pop()) if one else (LOST, ())
                return Asked(path, provider, native, route, straight)
        return None

    def _method(self, path: str) -> Method | None:
        rows = self.module.names.rules.methods
        return next((r for r in rows if any(path == n or path.startswith(f"{n}.") for n in r.names)), None)

    def _left(self, node: ast.expr, asked: Asked) -> Iterator[Finding]:
        """What the new client has not, or has otherwise."""
        row = self._method(asked.path)
        if row and (asked.native or row.status == Status.REVIEW.value):
            start = self.module.source.end(node) - len(asked.path.rpartition(".")[2])
            yield Finding(start, row.id, Status(row.status), f"{asked.path}: {row.message}")

    def _call(self, node: ast.Call, scope: Scope, asked: Asked) -> Iterator[Finding]:
        if asked.path in COPIES:
            if asked.native:
                yield from self._copy(node)
            return
        yield from self._left(node.func, asked)
        yield from self._path(node, asked)
        yield from self._arguments(node, scope, asked, sure=True)

    def _path(self, node: ast.Call, asked: Asked) -> Iterator[Finding]:
        """A path that a client is asked for by hand, and that is not there any more: `client.post("/prompts/…")`."""
        given = named(node).get("path") or next(iter(node.args), None)
        path = together(given).strip("/") if given is not None and asked.path in _VERBS else ""
        differs = endpoint(f"{self.client.addresses[0]}/{path}", self.client, self.module.names.rules.methods)
        if given is not None and path and differs and differs.status is Status.MANUAL:
            said = f"/{path.replace(COMPUTED, '…')}: {differs.message}"
            yield Finding(self.module.source.start(given), differs.rule, differs.status, said)

    def _arguments(self, node: ast.Call, scope: Scope, asked: Asked, *, sure: bool) -> Iterator[Finding]:
        if self._method(asked.path) is None or asked.path.startswith("completions"):
            yield from self.arguments.findings(node, scope, asked, sure=sure)

    def _kept(self, node: ast.expr, asked: Asked) -> Iterator[Finding]:
        """A method by a name of its own: what calls it is not looked for."""
        yield from self.arguments.unseen(node, asked)
        if asked.native:
            yield self.arguments.say(node, Status.REVIEW, f"{asked.path}: where it is called, {REST}")

    # -------------------------------------------------------------------------------------------------------- copies

    def _copy(self, node: ast.Call) -> Iterator[Finding]:
        """`with_options(metadata=…)`: the same method of the new client takes what its class takes."""
        said = f"{ast.unparse(node.func)[-60:].rpartition('.')[2]}(…)"
        if node.args or not is_plain(self.module.names.rules, node.keywords, routes=True):
            message = (
                f"{said}: it is not written down here what it is given: give it default_headers, timeout, max_retries"
            )
            yield self.arguments.say(node, Status.MANUAL, message)
            return
        result: Result = self.options.convert([(k.arg or "", k.value) for k in node.keywords])
        named = {k.arg for k in node.keywords}
        kept = {"api_key" if result.key else "", "base_url" if result.url is not None else ""}
        added = [f"{name}={text}" for name, text in result.keywords.items()]
        if headers := result.headers_text():
            added.append(f"default_headers={headers}")
        gone = [n for n in named if n and n not in kept]
        for keyword in node.keywords:
            if keyword.arg in gone:
                self.module.replaced |= {id(n) for n in ast.walk(keyword.value)}
        edits = tuple(arguments.edits(self.module, node, {}, gone, added)) if gone else ()
        if len(gone) == len(node.keywords) and not added and isinstance(node.func, ast.Attribute):
            edits = (Edit(self.module.source.end(node.func.value), self.module.source.end(node), ""),)
        if edits:
            yield self.arguments.say(node, result.status, "; ".join([said, *result.notes]), edits)
