"""What the methods of a client are given: ids of models, and arguments that the new SDK does not take."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from migrator.clients.table import load
from migrator.fates.providers import LOST, SLUGGED, NewId, asked_twice, begins, new_id, vendor_unseen
from migrator.primitives.client import Client
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk import arguments
from migrator.python.sdk.built_ids import slug_of
from migrator.python.sdk.constants import Constants
from migrator.python.sdk.spread import is_in_sight, names_given
from migrator.sites import Edit, Finding, Status, gravest

REST = "what the OpenAI SDK does not take goes into extra_body"
_ALSO = {"extra_headers", "extra_query", "extra_body", "timeout", "metadata"}


class Asked(NamedTuple):
    """A chain read off a client: what is behind the client, with dots."""

    path: str
    provider: str
    native: bool  # whether it is a client of the SDK that is left
    route: tuple[tuple[str, str], ...] = ()  # providers and models that its config has the call ask, in order
    straight: bool = False  # whether it may be a client as well that goes straight to a provider


class _More(NamedTuple):
    """What a call is given besides, as Python text: arguments, and items of its `extra_body`."""

    arguments: Sequence[str]
    items: Sequence[str]


_NOTHING = _More((), ())
_SLUGGED = re.compile(SLUGGED)


class Arguments:
    """The findings for what calls in one module are given."""

    def __init__(self, module: Module, client: Client) -> None:
        self.module, self.client, self.rules = module, client, module.names.rules
        self.rule = next((r.id for r in self.rules.parameters if r.to == "provider"), client.id)
        functions = load("llm-gateway").functions.values()
        self.begin({})
        self.known = {f.method: {*f.keep, *f.takes, *_ALSO} for f in functions}
        self.known.update({f.parse: {*f.keep, *f.takes, *_ALSO} for f in functions if f.parse})

    def begin(self, asked: Mapping[int, Asked]) -> None:
        """Note what the calls of the module ask, by their ids, before the first of them is looked at."""
        self.asked = asked
        self._told: set[int] = set()  # constants

    @property
    def apart(self) -> set[str]:
        """What is no provider that ids of models have to name."""
        return {"", LOST, self.client.itself}

    def takes(self, asked: Asked) -> set[str]:
        """The arguments that the new SDK's method has; none for a method that is not one of a model."""
        return self.known.get(asked.path) or self.known.get(asked.path.replace("beta.", "", 1), set())

    def findings(self, node: ast.Call, scope: Scope, asked: Asked, *, sure: bool) -> Iterator[Finding]:
        """A call that gives a method its arguments: it is `sure` that all its keywords are the method's."""
        more = _NOTHING
        if asked.route:
            more = yield from self._routed(node, asked)
        else:
            yield from self._model(node, asked)
        known = self.takes(asked)
        unknown = [k for k in node.keywords if known and asked.native and k.arg and k.arg not in known]
        if unknown and not sure:
            said = f"see whether {', '.join(sorted(k.arg or '' for k in unknown))} goes to {asked.path}: {REST}"
            yield self.say(node, Status.REVIEW, said)
        elif known and asked.native:
            yield from self._spread(node, scope, known)
        yield from self._into_body(node, unknown if sure else [], more)

    def unseen(self, at: ast.expr, asked: Asked) -> Iterator[Finding]:
        """What to do about the id of a model that is not written down in the call."""
        if asked.provider not in self.apart:
            said = begins(asked.provider, self.client)
        elif asked.provider != self.client.itself and self.client.vendors:
            said = vendor_unseen(self.client)
        else:
            return
        yield Finding(self.module.source.start(at), self.rule, Status.REVIEW, said)

    def say(self, node: ast.AST, status: Status, message: str, edits: tuple[Edit, ...] = ()) -> Finding:
        """A finding of the client's rule, where the first edit is or the node begins."""
        start = edits[0].start if edits else self.module.source.start(node)
        return Finding(start, self.client.id, status, message, edits)

    # -------------------------------------------------------------------------------------------------------- models

    def _model(self, node: ast.Call, asked: Asked) -> Iterator[Finding]:
        keyword = next((k for k in node.keywords if k.arg == "model"), None)
        if keyword is None:
            if node.args or any(k.arg is None for k in node.keywords):
                yield from self.unseen(node, asked)
            elif _names_model(asked):
                said = f"{asked.path}(…): Portkey took the model from its config: name one here"
                yield self.say(node, Status.MANUAL, said)
            return
        held = self._constants.held(keyword.value, lambda call: self._is_same(call, asked))
        value = keyword.value if held is None else held
        model = text_value(value)
        if id(held) in self._told:
            return
        if model is None:
            told = isinstance(keyword.value, ast.Constant) or slug_of(keyword.value) is not None
            if not told and not self._names_provider(keyword.value):
                yield from self.unseen(keyword.value, asked)
            return
        self._told |= {id(held)} if held is not None else set()
        new = self._new_id(model, asked.provider)
        if asked.straight and new.text != model and not _SLUGGED.fullmatch(model):
            status, said = asked_twice(model, new.text, self.client)
            yield Finding(self.module.source.start(keyword.value), self.rule, status, said)
        elif new.text != model or new.message:
            found = self._renamed(value, model, new)
            yield _seen_to(found) if self._constants.is_global(held) and found.edits else found

    def _is_same(self, call: ast.Call, asked: Asked) -> bool:
        """Whether a call asks for models as another one does, so that they may have the id from one variable."""
        its = self.asked.get(id(call))
        return its is not None and its._replace(path="", native=True) == asked._replace(path="", native=True)

    def _names_provider(self, model: ast.expr) -> bool:
        """Whether every id that an expression may be is written down, and begins with a slug."""
        if "@" not in self.module.source.text:
            return False
        ids = [text_value(value) or "" for value in self.module.values.of(model)]
        return bool(ids) and all(_SLUGGED.fullmatch(each) for each in ids)

    @cached_property
    def _constants(self) -> Constants:
        return Constants(self.module)

    def _renamed(self, value: ast.expr, model: str, new: NewId) -> Finding:
        said = f"{model} → {new.text}" if new.text != model else model
        said += f": {new.message}" if new.message else ""
        start, place = self.module.source.start(value), self.module.source.inside(value, model)
        if new.status is Status.MANUAL or place is None:
            return Finding(start, self.rule, Status.MANUAL, said)
        return Finding(start, self.rule, new.status, said, (Edit(*place, new.text),) if new.text != model else ())

    def _new_id(self, model: str, provider: str) -> NewId:
        settings: Mapping[str, Mapping[str, str]] = self.rules.options
        return new_id(model, provider, self.client, settings.get("slugs", {}), settings.get("models", {}))

    def _routed(self, node: ast.Call, asked: Asked) -> Generator[Finding, None, _More]:
        """A call whose client's config says whom to ask: it names these models itself."""
        keyword = next((k for k in node.keywords if k.arg == "model"), None)
        model = text_value(keyword.value) if keyword else None
        place = self.module.source.inside(keyword.value, model) if keyword and model is not None else None
        wanted = [(provider, own or model or "") for provider, own in asked.route]
        ids = [self._new_id(own, provider) for provider, own in wanted if own]
        notes = list(dict.fromkeys(new.message for new in ids if new.message))
        sure = place is not None or (keyword is None and all(k.arg for k in node.keywords))
        served = asked.path.startswith("chat.") and all(new.status is not Status.MANUAL for new in ids)
        if len(ids) < len(wanted) or not served or not sure:
            said = f"{asked.path}(…): name the models that its config asks for, `{self.client.fallback}` in extra_body"
            yield self.say(node, Status.MANUAL, "; ".join([said, *notes]))
            return _NOTHING
        first, *rest = dict.fromkeys(new.text for new in ids)
        status = gravest(*(new.status for new in ids))
        said = "; ".join([f"its config asks for {', then for '.join([first, *rest])}", *notes])
        edits = (Edit(*place, first),) if place and first != model else ()
        yield Finding(self.module.source.start(keyword.value if keyword else node), self.rule, status, said, edits)
        items = [f'"{self.client.fallback}": {json.dumps(rest)}'] if rest else []
        return _More([] if keyword else [f'model="{first}"'], items)

    # ------------------------------------------------------------------------------------------ arguments unheard of

    def _spread(self, node: ast.Call, scope: Scope, known: set[str]) -> Iterator[Finding]:
        """What a call is given with `**`."""
        if unknown := sorted(names_given(node, scope) - known):
            said = f"{', '.join(unknown)}: the OpenAI SDK takes no such argument: put it into extra_body"
            yield self.say(node, Status.MANUAL, said)
        elif not is_in_sight(node, scope):
            yield self.say(node, Status.REVIEW, f"what ** brings is not in sight: {REST}")

    def _into_body(self, node: ast.Call, unknown: Sequence[ast.keyword], more: _More) -> Iterator[Finding]:
        """Keywords that the new SDK's method does not take go into the body, where the old one put them."""
        headers = [k for k in unknown if self.client.prefix in self.module.source.segment(k.value).lower()]
        for each in headers:
            said = f"{each.arg}: such headers did nothing in the body, where they went: give them as extra_headers"
            yield self.say(each, Status.MANUAL, said)
        unknown = [k for k in unknown if k not in headers]
        names = [k.arg or "" for k in unknown]
        items = [*(f'"{k.arg}": {self.module.source.segment(k.value)}' for k in unknown), *more.items]
        if items and any(k.arg == "extra_body" for k in node.keywords):
            said = f"{', '.join([*names, *more.items])} → extra_body: put them into the one that is there"
            yield self.say(node, Status.MANUAL, said)
            if more.arguments:
                edits = tuple(arguments.edits(self.module, node, {}, (), more.arguments))
                yield self.say(node, Status.MIGRATED, ", ".join(more.arguments), edits)
        elif items or more.arguments:
            edits = tuple(self._in_place(node, unknown, more))
            if not edits:
                body = [f"extra_body={{{', '.join(items)}}}"] if items else []
                edits = tuple(arguments.edits(self.module, node, {}, names, [*more.arguments, *body]))
            said = f"{', '.join([*names, *more.items])} → extra_body" if items else ", ".join(more.arguments)
            yield self.say(node, Status.MIGRATED, said, edits)

    def _in_place(self, node: ast.Call, unknown: Sequence[ast.keyword], more: _More) -> Iterator[Edit]:
        """Edits around the values of keywords that follow one another: what is edited inside these stays so."""
        first = next((n for n, k in enumerate(node.keywords) if k in unknown), len(node.keywords))
        if not unknown or list(unknown) != node.keywords[first : first + len(unknown)]:
            return
        for number, keyword in enumerate(unknown):
            start = self.module.source.start(keyword)
            named = re.match(r"\w+\s*=\s*", self.module.source.text[start:])
            assert named is not None
            yield Edit(start, start + named.end(), ("" if number else "extra_body={") + f'"{keyword.arg}": ')
        end = self.module.source.end(unknown[-1])
        closed = "".join([*(f", {item}" for item in more.items), "}", *(f", {each}" for each in more.arguments)])
        yield Edit(end, end, closed)


def _seen_to(found: Finding) -> Finding:
    """The finding of an id in a constant, which other modules may have."""
    said = f"{found.message}{'; ' if ': ' in found.message else ': '}see that nothing else reads it as it was"
    return replace(found, status=Status.REVIEW, message=said)


def _names_model(asked: Asked) -> bool:
    """Whether a method asks a model for something."""
    return asked.path.startswith(("chat.completions.", "embeddings.")) and asked.path.endswith(("create", "parse"))
