"""Clients of other libraries that speak through the gateway that is left: what gives its address, or its headers."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from migrator.patterns import under
from migrator.providers import LOST, NewId, begins, new_id
from migrator.python.expressions import is_none, parts_of, text_value
from migrator.python.scopes import Scope
from migrator.python.sdk.options import Result, is_plain, spelled
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Edit, Finding, Status

_URLS = ("base_url", "api_base", "openai_api_base", "anthropic_api_url", "azure_endpoint")
_HEADERS = ("default_headers", "extra_headers", "headers", "additional_headers")
_KEYS = ("api_key", "openai_api_key", "anthropic_api_key")
_MODELS = ("model", "model_name", "model_id")
_JSON = ("config", "labels", "retries", "timeout", "header")  # options that are JSON in a header
_BODIES = ("messages", "input", "prompt")  # what is sent beside a model
_BEARER = ("Anthropic", "AsyncAnthropic")  # these take a bearer token by another name, and add `/v1` themselves


class Given(NamedTuple):
    """Headers as options of the SDK, and those that are none of its own."""

    options: list[tuple[str, ast.expr]]
    others: dict[str, ast.expr]


class Through:
    """The findings for what such clients are given in one module."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.client, self.options = writer, writer.client, writer.options
        self.asked: dict[Scope, set[str]] = {}  # the providers of the models that are asked for, where headers are

    @cached_property
    def bodies(self) -> Mapping[Scope, list[tuple[ast.expr, str]]]:
        """The models in what is sent, by where it is written: `{"model": "gpt-4o", "messages": …}`."""
        scopes = {id(text.node): text.scope for text in self.writer.module.found.texts}
        found: dict[Scope, list[tuple[ast.expr, str]]] = {}
        for node in ast.walk(self.writer.module.source.tree):
            by_name = named(node) if isinstance(node, ast.Dict) else {}
            model = text_value(by_name.get("model"))
            if model and any(each in by_name for each in _BODIES):
                found.setdefault(scopes[id(by_name["model"])], []).append((by_name["model"], model))
        return found

    def headers(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        """Headers that the SDK makes, apart from a client's call."""
        given = self._given(node, scope)
        above = self.writer.module.source.parents.get(id(node))
        if given is None:
            said = "headers: it is not written down here what it is given, or it routes by a config"
            yield self.writer.say(node, Status.MANUAL, said)
        elif isinstance(above, ast.Dict) and self._is_clients(above, node, scope):
            yield from self.client_of(above, scope)
        else:
            yield self._alone(node, scope, given)

    def _is_clients(self, above: ast.Dict, node: ast.Call, scope: Scope) -> bool:
        """Whether a dict holds what a client is given: the address, a key and these headers."""
        by_name = named(above)
        its = any(by_name.get(n) is node for n in _HEADERS[:2]) and any(n in by_name for n in _KEYS)
        return its and any(self.writer.address(by_name.get(n), scope) for n in _URLS)

    def _given(self, value: ast.expr | None, scope: Scope) -> Given | None:
        """What the SDK's function that makes headers is given there; None where that is not written down."""
        if isinstance(value, ast.Dict):
            return self.spelled(value)
        if not isinstance(value, ast.Call) or self.writer.name(value.func, scope) not in self.client.headers:
            return None
        if value.args or not is_plain(self.writer.rules, value.keywords):
            return None
        return Given([(k.arg or "", k.value) for k in value.keywords], {})

    def spelled(self, value: ast.Dict) -> Given | None:
        """Headers that a dict spells out: `{"x-portkey-api-key": key}`."""
        by_name, own = named(value), spelled(self.client, value)
        given = [(n, self.meant(n, v)) for n, v in own.values()]
        others = {n: v for n, v in by_name.items() if n not in own}
        told = any(n == "api_key" for n, _ in given)
        bearers = [n for n in others if n.lower() == "authorization" and (told or not self._is_ours(others[n]))]
        given += [("authorization", others.pop(n)) for n in bearers]
        plain = is_plain(self.writer.rules, [ast.keyword(arg=n, value=v) for n, v in given])
        return Given(given, others) if own and plain else None

    def _is_ours(self, value: ast.expr) -> bool:
        """Whether a key is called after the gateway that is left: it is the one that stays."""
        return self.client.of.partition("_")[0] in ast.unparse(value).lower()

    def meant(self, option: str, value: ast.expr) -> ast.expr:
        """What the text of a header stands for, where the option is JSON in a header."""
        row = self.writer.rules.parameter(option)
        return _meant(value) if row and row.to in _JSON else value

    def bearer(self, key: ast.expr) -> str:
        """The header's value for a key."""
        literal = text_value(key)
        if literal is not None:
            return json.dumps(f"Bearer {self.writer.renamed(literal, whole=True)}", ensure_ascii=False)
        return _bearer(self.writer.text(key))

    def client_of(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Finding]:
        """A client that is given the address, headers or both, by keywords or in a dict."""
        by_name = named(node)
        url = next((n for n in _URLS if self.writer.address(by_name.get(n), scope)), "")
        where = next((n for n in _HEADERS if self._given(by_name.get(n), scope) is not None), "")
        cls = "".join(parts_of(node.func)[-1:]) if isinstance(node, ast.Call) else ""
        said = f"{cls}(…) speaks to" if cls else "a client's options: it speaks to"
        said = f"{said} {self.client.called}"
        given = self._given(by_name.get(where), scope)
        if given is None:
            if url and where not in by_name and not any(n in by_name for n in _HEADERS):
                result = Result()
                written = {url: f"{url}={self.writer.address(by_name[url], scope)}"} | self._models(result, node, scope)
                yield self.writer.edited(node, result, said, Edit(0, 0, ""), written, [], [])
            return
        result = self.options.convert(given.options)
        key_name = next((n for n in _KEYS if n in by_name), "api_key")
        if not any(n in by_name for n in (*_KEYS, *_URLS)) or (where == "headers" and key_name not in by_name):
            spelled = by_name[where]
            if isinstance(spelled, ast.Dict):
                yield self.spelled_alone(spelled, scope, given)
            return
        spelled_out = by_name[where]
        if isinstance(spelled_out, ast.Dict) and len(named(spelled_out)) < len(spelled_out.keys):
            yield self.spelled_alone(spelled_out, scope, given)
            return
        result.headers.update((n, self.writer.text(v)) for n, v in given.others.items())
        if "Azure" in cls:
            yield self._azure(node, cls, by_name[where])
            return
        replaced, gone, added = dict[str, str](), list[str](), list[str]()
        form = "{}={}" if cls else '"{}": {}'
        if cls in _BEARER:
            result.say(Status.REVIEW, "the key is a bearer token, and the SDK adds /v1 to the address")
        key, rest = result.key or self.writer.key, result.headers_text()
        new_key = form.format("auth_token" if cls in _BEARER else key_name, key)
        if url:
            address = self.writer.url.removesuffix("/v1") if cls in _BEARER else self.writer.url
            replaced[url] = form.format(url, f'"{address}"')
        if key_name in by_name:
            replaced[key_name] = new_key
            gone = [] if rest else [where]
        elif rest:
            added = [new_key]
        else:
            replaced[where] = new_key
        if rest:
            replaced[where] = form.format(where, rest)
        for keyword, text in result.keywords.items():
            result.say(Status.REVIEW, f"{keyword}={text} of the headers: see whether {cls or 'the client'} takes it")
        replaced |= self._models(result, node, scope)
        imported = self.writer.imported(not result.key, node, scope)
        yield self.writer.edited(node, result, said, imported, replaced, gone, added)

    def _azure(self, node: ast.Call | ast.Dict, cls: str, headers: ast.expr) -> Finding:
        url = self.writer.url
        said = f"{cls}(…): use the client without Azure, with base_url={url!r} and api_key, without headers"
        self.writer.done.add(id(headers))
        self.writer.kept |= {id(n) for n in ast.walk(node)}
        return self.writer.say(node, Status.MANUAL, said)

    # -------------------------------------------------------------------------------------------------------- models

    def _models(self, result: Result, node: ast.Call | ast.Dict, scope: Scope) -> dict[str, str]:
        """The id of a model that such a client is given, with the provider that the headers named."""
        dotted = self.writer.dotted(node.func, scope) if isinstance(node, ast.Call) else ""
        if dotted.rpartition(".")[2] in self.client.classes.values() and under(dotted, self.client.to):
            return self._of_sdk(result, node, scope)
        taken = next((b for m, b in sorted(self.client.models.items(), reverse=True) if under(dotted, m)), "")
        by_name = named(node)
        name = next((n for n in _MODELS if n in by_name), "")
        model = text_value(by_name[name]) if name else None
        if result.provider == self.client.itself != "":
            return {}
        if model is None or taken == "-":
            if result.provider in ("", LOST):
                if self.client.vendors and not (name or taken):
                    result.say(Status.REVIEW, f"ids at {self.client.called} begin with who made the model")
            else:
                own = "" if taken != "-" else f"; {dotted.rpartition('.')[2]} takes only names it knows"
                result.say(Status.REVIEW, begins(result.provider, self.client) + own)
            return {}
        new = self._new_id(model, taken, result.provider)
        result.say(new.status if new.status is not Status.MANUAL else Status.REVIEW, new.message)
        written = '{}="{}"' if isinstance(node, ast.Call) else '"{}": "{}"'
        return {name: written.format(name, new.text)} if new.text != model else {}

    def _new_id(self, model: str, taken: str, provider: str) -> NewId:
        """The id of a model for a client that takes the beginning `taken` off it."""
        settings, root = self.writer.rules.options, model.removeprefix(taken)
        if taken and root == model and "/" in model and not model.startswith("@"):
            its, _, root = model.partition("/")
            provider = its if provider in ("", LOST) else provider
            if provider not in self.client.providers:
                said = f"{model}: begin it with {taken} and the gateway's name of the provider"
                return NewId(model, Status.REVIEW, said)
        new = new_id(root, provider, self.client, settings.get("slugs", {}), settings.get("models", {}))
        return new._replace(text=f"{taken}{new.text}") if (new.text, root) != (model, model) else new

    def _of_sdk(self, result: Result, node: ast.Call | ast.Dict, scope: Scope) -> dict[str, str]:
        """A client of the SDK itself: its calls name models, as far as they are in sight."""
        above = self.writer.module.source.parents.get(id(node))
        while isinstance(above, ast.keyword | ast.Starred):
            above = self.writer.module.source.parents.get(id(above))
        handed = isinstance(above, ast.Call) and above.func is not node
        dotted = self.writer.dotted(above.func, scope) if isinstance(above, ast.Call) else ""
        traced = dotted in self.client.patches or bool(self.writer.module.index.module_of(dotted))
        sought = self.writer.module.index.uses_old(self.writer.module.facts)
        if ((handed and not traced) or not sought) and result.provider not in ("", LOST, self.client.itself):
            result.say(Status.REVIEW, begins(result.provider, self.client))
        return {}

    # ------------------------------------------------------------------------------------------------- headers alone

    def spelled_alone(self, node: ast.Dict, scope: Scope, given: Given, *, more: bool = False) -> Finding:
        """The same for headers that a dict spells out: the others stay where they are.

        They are `more` where a dict that has the key already gets them: then the key of a provider goes.
        """
        if row := self.writer.asked_otherwise:
            return Finding(self.writer.module.source.start(node), row.id, Status.MANUAL, f"headers: {row.message}")
        result, prefix = self.options.convert(given.options), self.client.prefix
        own = [n for n in named(node) if n not in given.others]
        for keyword, text in result.keywords.items():
            result.say(
                Status.REVIEW, f"wait {text} s where it is called" if keyword == "timeout" else f"{keyword}: {text}"
            )
        if result.provider not in ("", LOST, self.client.itself) and scope not in self.bodies:
            result.say(Status.REVIEW, begins(result.provider, self.client))
        self.asked.setdefault(scope, set()).add(result.provider)
        bearers = (f"{prefix}api-key",) if more else (f"{prefix}api-key", "authorization")
        key = next((n for n in own if n.lower() in bearers), "")
        bearer = self._bearer_of(given)
        added = [f'"{n}": {v}' if not n.startswith("**") else n for n, v in result.headers.items()]
        imported = self.writer.imported(bool(key) and not result.key, node, scope)
        said = "headers of the SDK → the key as a bearer token" if key else "headers of the SDK"
        replaced, gone = {key: f'"Authorization": {bearer}'} if key else {}, [n for n in own if n != key]
        return self.writer.edited(node, result, said, imported, replaced, gone, added)

    def _bearer_of(self, given: Given) -> str:
        key = next((value for name, value in given.options if name == "api_key" and not is_none(value)), None)
        return self.bearer(key) if key is not None else _bearer(self.writer.key)

    def _alone(self, node: ast.Call, scope: Scope, given: Given) -> Finding:
        """Headers that are made by themselves carry the key: `{"Authorization": f"Bearer {key}"}`."""
        module, result = self.writer.module, self.options.convert(given.options)
        imported = self.writer.imported(not result.key, node, scope)
        result.headers = {"Authorization": self._bearer_of(given), **result.headers}
        for keyword, text in result.keywords.items():
            result.say(Status.REVIEW, f"give the client {keyword}={text}")
        if result.provider not in ("", LOST, self.client.itself):
            result.say(Status.REVIEW, begins(result.provider, self.client))
        if imported is None:
            return self.writer.say(node, Status.MANUAL, "headers: import os and give the key as a bearer token")
        start, end = module.source.start(node), module.source.end(node)
        module.replaced |= {id(n) for n in ast.walk(node)}
        edits = (*([imported] if imported.text else []), Edit(start, end, result.headers_text()))
        said = "; ".join(["headers of the SDK → the key as a bearer token", *result.notes])
        return self.writer.say(node, result.status, said, edits)


def _meant(value: ast.expr) -> ast.expr:
    """What the text of a header stands for: JSON, or what `json.dumps` makes JSON of."""
    if isinstance(value, ast.Call) and parts_of(value.func)[-1:] == ("dumps",) and value.args:
        return value.args[0]
    try:
        told = json.loads(text_value(value) or "")
    except ValueError:
        return value
    meant = ast.parse(repr(told), mode="eval").body
    for node in ast.walk(meant):
        if isinstance(node, ast.expr):
            del node.lineno
    return meant


def _bearer(key: str) -> str:
    """The header of a key that is an expression, in quotes that Python before 3.12 can read as well."""
    if "\n" in key or "\\" in key or ("'" in key and '"' in key) or "{" in key:
        return f'"Bearer " + {key}'
    return f'f"Bearer {{{key.replace(chr(34), chr(39))}}}"'
