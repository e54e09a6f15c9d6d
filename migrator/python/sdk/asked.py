"""What is asked of a client that is left, wherever the project has the client from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from migrator.clients.table import load
from migrator.primitives.client import Client, Method
from migrator.providers import LOST, begins, new_id
from migrator.python.answers.values import Is
from migrator.python.expressions import callee_of, parts_of, text_value
from migrator.python.module import Module
from migrator.python.scopes import Scope
from migrator.python.sdk import arguments
from migrator.python.sdk.made import CLIENT, CLIENTS, COPIES
from migrator.python.sdk.options import Options, Result, is_plain
from migrator.python.sdk.spread import is_in_sight, names_given
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

_REST = "what the OpenAI SDK does not take goes into extra_body"
_PASSING = {
    "partial",
    "partialmethod",
    "submit",
    "to_thread",
    "run_sync",
}  # they give a function the arguments they get
_ALSO = {"extra_headers", "extra_query", "extra_body", "timeout", "metadata"}


class _Asked(NamedTuple):
    """A chain read off a client: what is behind the client, with dots."""

    path: str
    provider: str
    native: bool  # whether it is a client of the SDK that is left


class Asked:
    """The findings for calls of what is behind a client."""

    def __init__(self, module: Module, trace: Trace, client: Client, options: Options) -> None:
        self.module, self.trace, self.client, self.options = module, trace, client, options
        self.at = trace.see(module)
        functions = load("llm-gateway").functions.values()
        self.known = {f.method: {*f.keep, *f.takes, *_ALSO} for f in functions}
        self.known.update({f.parse: {*f.keep, *f.takes, *_ALSO} for f in functions if f.parse})

    def findings(self) -> Iterator[Finding]:
        if not self.trace.views.concerns(self.module):
            return
        told: set[int] = set()
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
                if its.path in self.known:
                    yield from self._kept(read, its)

    @cached_property
    def _calls(self) -> list[tuple[ast.Call, Scope, _Asked]]:
        if not self.trace.views.concerns(self.module):
            return []
        calls = self.module.found.calls
        return [(node, scope, asked) for node, scope in calls if (asked := self._asked(node.func))]

    @property
    def _passed(self) -> Iterator[tuple[ast.Call, Scope, ast.expr, _Asked]]:
        """Methods that something else calls: `pool.submit(client.chat.completions.create, model=…)`."""
        for node, scope in self.module.found.calls:
            for method in (each for each in node.args if isinstance(each, ast.Attribute)):
                asked = self._asked(method)
                if asked and asked.path in self.known:
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
                if theirs and len(given) == 1 and (provider := given.pop()) not in self._apart:
                    start = self.module.source.start(value)
                    yield Finding(start, self._rule, Status.REVIEW, begins(provider, self.client))

    @property
    def _apart(self) -> set[str]:
        """What is no provider that ids of models have to name."""
        return {"", LOST, self.client.itself}

    def _asked(self, node: ast.expr) -> _Asked | None:
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
            found = [v for v in self.trace.value(self.at, node) if isinstance(v, Is) and v.shape in CLIENTS]
            if found:
                providers = {v.of for v in found}
                native = all(v.shape == CLIENT for v in found)
                return _Asked(".".join(reversed(names)), providers.pop() if len(providers) == 1 else LOST, native)
        return None

    def _method(self, path: str) -> Method | None:
        rows = self.module.names.rules.methods
        return next((r for r in rows if any(path == n or path.startswith(f"{n}.") for n in r.names)), None)

    def _left(self, node: ast.expr, asked: _Asked) -> Iterator[Finding]:
        """What the new client has not, or has otherwise."""
        row = self._method(asked.path)
        if row and (asked.native or row.status == Status.REVIEW.value):
            start = self.module.source.end(node) - len(asked.path.rpartition(".")[2])
            yield Finding(start, row.id, Status(row.status), f"{asked.path}: {row.message}")

    def _call(self, node: ast.Call, scope: Scope, asked: _Asked) -> Iterator[Finding]:
        if asked.path in COPIES:
            if asked.native:
                yield from self._copy(node)
            return
        yield from self._left(node.func, asked)
        yield from self._arguments(node, scope, asked, sure=True)

    def _arguments(self, node: ast.Call, scope: Scope, asked: _Asked, *, sure: bool) -> Iterator[Finding]:
        """What a method is given: it is `sure` that all keywords of the call are the method's."""
        if self._method(asked.path) is None or asked.path.startswith("completions"):
            yield from self._model(node, asked)
            unknown = {k.arg for k in node.keywords if k.arg} - self.known.get(asked.path, set())
            if asked.native and sure:
                yield from self._unknown(node, scope, asked)
            elif asked.native and unknown:
                said = f"see whether {', '.join(sorted(unknown))} goes to {asked.path}: {_REST}"
                yield self._say(node, Status.REVIEW, said)

    def _kept(self, node: ast.expr, asked: _Asked) -> Iterator[Finding]:
        """A method by a name of its own: what calls it is not looked for."""
        yield from self._unseen(node, asked)
        if asked.native:
            yield self._say(node, Status.REVIEW, f"{asked.path}: where it is called, {_REST}")

    # -------------------------------------------------------------------------------------------------------- copies

    def _copy(self, node: ast.Call) -> Iterator[Finding]:
        """`with_options(metadata=…)`: the same method of the new client takes what its class takes."""
        said = f"{ast.unparse(node.func)[-60:].rpartition('.')[2]}(…)"
        if node.args or not is_plain(self.module.names.rules, node.keywords):
            message = (
                f"{said}: it is not written down here what it is given: give it default_headers, timeout, max_retries"
            )
            yield self._say(node, Status.MANUAL, message)
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
            yield self._say(node, result.status, "; ".join([said, *result.notes]), edits)

    # -------------------------------------------------------------------------------------------------------- models

    def _model(self, node: ast.Call, asked: _Asked) -> Iterator[Finding]:
        keyword = next((k for k in node.keywords if k.arg == "model"), None)
        opaque = any(k.arg is None for k in node.keywords) or bool(node.args)
        if keyword is None:
            if opaque:
                yield from self._unseen(node, asked)
            elif asked.path.startswith(("chat.completions.", "embeddings.")) and asked.path.endswith(
                ("create", "parse")
            ):
                said = f"{asked.path}(…): Portkey took the model from its config: name one here"
                yield self._say(node, Status.MANUAL, said)
            return
        model = text_value(keyword.value)
        rules = self.module.names.rules
        if model is None:
            if not isinstance(keyword.value, ast.Constant):
                yield from self._unseen(keyword.value, asked)
            return
        slugs = rules.options.get("slugs", {})
        new = new_id(model, asked.provider, self.client, slugs, rules.options.get("models", {}))
        if new.text == model and not new.message:
            return
        said = f"{model} → {new.text}" if new.text != model else model
        said += f": {new.message}" if new.message else ""
        place = self.module.source.inside(keyword.value, model)
        if new.status is Status.MANUAL or place is None:
            yield Finding(self.module.source.start(keyword.value), self._rule, Status.MANUAL, said)
            return
        edits = (Edit(*place, new.text),) if new.text != model else ()
        yield Finding(self.module.source.start(keyword.value), self._rule, new.status, said, edits)

    def _unseen(self, at: ast.expr, asked: _Asked) -> Iterator[Finding]:
        """What to do about the id of a model that is not written down in the call."""
        if asked.provider not in self._apart:
            said = begins(asked.provider, self.client)
        elif asked.provider != self.client.itself and self.client.vendors:
            said = f"model: ids at {self.client.called} begin with who made the model: see that this one does"
        else:
            return
        yield Finding(self.module.source.start(at), self._rule, Status.REVIEW, said)

    @property
    def _rule(self) -> str:
        return next((r.id for r in self.module.names.rules.parameters if r.to == "provider"), self.client.id)

    # ------------------------------------------------------------------------------------------ arguments unheard of

    def _unknown(self, node: ast.Call, scope: Scope, asked: _Asked) -> Iterator[Finding]:
        """Keywords that the new SDK's method does not take go into the body, where the old one put them."""
        known = self.known.get(asked.path) or self.known.get(asked.path.replace("beta.", "", 1))
        if known is None:
            return
        if spread := sorted(names_given(node, scope) - known):
            said = f"{', '.join(spread)}: the OpenAI SDK takes no such argument: put it into extra_body"
            yield self._say(node, Status.MANUAL, said)
        elif not is_in_sight(node, scope):
            yield self._say(node, Status.REVIEW, f"what ** brings is not in sight: {_REST}")
        unknown = [k for k in node.keywords if k.arg and k.arg not in known]
        if not unknown:
            return
        names = [k.arg or "" for k in unknown]
        said = f"{', '.join(names)} → extra_body"
        if any(k.arg == "extra_body" for k in node.keywords):
            yield self._say(node, Status.MANUAL, f"{said}: put them into the one that is there")
            return
        items = ", ".join(f'"{k.arg}": {self.module.source.segment(k.value)}' for k in unknown)
        edits = tuple(arguments.edits(self.module, node, {}, names, [f"extra_body={{{items}}}"]))
        yield self._say(node, Status.MIGRATED, said, edits)

    def _say(self, node: ast.AST, status: Status, message: str, edits: tuple[Edit, ...] = ()) -> Finding:
        start = edits[0].start if edits else self.module.source.start(node)
        return Finding(start, self.client.id, status, message, edits)
