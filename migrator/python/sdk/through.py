"""Clients of other libraries that speak through the gateway that is left: what gives its address, or its headers."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from migrator.fates.endpoints import Asked
from migrator.fates.providers import LOST, begins, of_provider
from migrator.patterns import under
from migrator.python.reading.expressions import callee_of, is_none, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk import anthropic, arguments, models
from migrator.python.sdk.beside import Beside, Headers
from migrator.python.sdk.built_ids import names_vendor
from migrator.python.sdk.configs import flag, meant
from migrator.python.sdk.options import Result, spelled
from migrator.python.sdk.plain import is_plain, routing
from migrator.python.sdk.sent import Sent
from migrator.python.sdk.sessions import base_of
from migrator.python.sdk.urls import Urls
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Edit, Finding, Status

_URLS = ("base_url", "api_base", "openai_api_base", "anthropic_api_url", "azure_endpoint")
_HEADERS = ("default_headers", "extra_headers", "headers", "additional_headers")
_FOR_ALL = ("default_headers", "extra_headers")  # of SDKs: plain HTTP has `headers`
_KEYS = ("api_key", "openai_api_key", "anthropic_api_key")
_JSON = ("config", "retries", "timeout")  # options that are JSON in a header; of labels texts are told apart
_JOINING = "aiohttp"  # its sessions join a path that begins with a slash to the host alone
_BODIES = ("messages", "input", "prompt")  # what is sent beside a model
_WITH_HEADERS = "left with its headers, which are to be written by hand"


class Given(NamedTuple):
    """Headers as options of the SDK, and those that are none of its own."""

    options: list[tuple[str, ast.expr]]
    others: dict[str, ast.expr]


class Through:
    """The findings for what such clients are given in one module."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.client, self.options = writer, writer.client, writer.options
        self.urls = Urls(writer)
        self.sent = Sent(self.urls)
        self.beside = Beside(self.urls)
        self.by_hand = False  # some headers of requests stay, until they are written by hand
        self.asked: dict[Scope, set[str]] = {}  # the providers of the models that are asked for, where headers are

    @cached_property
    def bodies(self) -> Mapping[Scope, list[tuple[ast.expr, str]]]:
        """The models in what is sent, by where it is written: `{"model": "gpt-4o", "messages": …}`."""
        found: dict[Scope, list[tuple[ast.expr, str]]] = {}
        for scope, node, _ in self._sent_models:
            if model := text_value(node):
                found.setdefault(scope, []).append((node, model))
        return found

    @property
    def unseen(self) -> Iterator[ast.expr]:
        """The models in what is sent to the address that do not stand there, and are nowhere seen to name a vendor.

        Where headers name the provider that is asked, that is said with them.
        """
        for scope, node, body in self._sent_models:
            hidden = not text_value(node) and not all(map(names_vendor, self.urls.values.of(node)))
            if hidden and self.asked.get(scope, {""}) == {""}:
                urls = [url for call in self.sent.given(body) for url in self.urls.asked_by(call)]
                if any(url and not url.is_gone for url in urls) or (not urls and scope in self.asked):
                    yield node

    @cached_property
    def _sent_models(self) -> list[tuple[Scope, ast.expr, ast.Dict]]:
        found = list[tuple[Scope, ast.expr, ast.Dict]]()
        scopes = {id(text.node): text.scope for text in self.writer.module.found.texts}
        for node in self.writer.module.source.nodes:
            by_name = named(node) if isinstance(node, ast.Dict) else {}
            if isinstance(node, ast.Dict) and "model" in by_name and any(each in by_name for each in _BODIES):
                key = next(k for k in node.keys if k and text_value(k) == "model")
                found.append((scopes[id(key)], by_name["model"], node))
        return found

    def headers(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        """Headers that the SDK makes, apart from a client's call."""
        given = self._given(node, scope)
        above = self.writer.module.source.parents.get(id(node))
        if given is None:
            self.by_hand = True
            said = routing(self.writer.rules, node.keywords) or "it is not written down here what it is given"
            yield self.writer.say(node, Status.MANUAL, f"headers: {said}: write them by hand")
        elif isinstance(above, ast.Dict) and self._is_clients(above, node, scope):
            yield from self.client_of(above, scope)
        else:
            yield self._alone(node, scope, given)

    def _is_clients(self, above: ast.Dict, node: ast.Call, scope: Scope) -> bool:
        """Whether a dict holds what a client is given: the address, a key and these headers."""
        by_name = named(above)
        its = any(by_name.get(n) is node for n in _HEADERS[:2]) and any(n in by_name for n in _KEYS)
        return its and any(self.writer.address(by_name.get(n), scope) for n in _URLS)

    def _given(self, value: ast.expr | None, scope: Scope, *, routes: bool = False) -> Given | None:
        """What the SDK's function that makes headers is given there; None where that is not written down."""
        if isinstance(value, ast.Dict):
            return self.spelled(value)
        if not isinstance(value, ast.Call) or self.writer.name(value.func, scope) not in self.client.headers:
            return None
        if value.args or not is_plain(self.writer.rules, value.keywords, routes=routes):
            return None
        return Given([(k.arg or "", k.value) for k in value.keywords], {})

    def spelled(self, value: Headers) -> Given | None:
        """Headers that a dict spells out: `{"x-portkey-api-key": key}`; the key of a provider beside others is one."""
        by_name, own = named(value), spelled(self.client, value) if isinstance(value, ast.Dict) else {}
        given = [(n, self.meant(n, v)) for n, v in own.values()]
        others = {n: v for n, v in by_name.items() if n not in own}
        told = any(n == "api_key" for n, _ in given)
        bearers = [
            n
            for n, key in others.items()
            if n.lower() == "authorization"
            and (told or (self.beside.is_anothers(key, value) and self.beside.is_sure(value)))
        ]
        given += [("authorization", others.pop(n)) for n in bearers]
        plain = is_plain(self.writer.rules, [ast.keyword(arg=n, value=v) for n, v in given])
        return Given(given, others) if (own or bearers) and plain else None

    def _is_anothers(self, key: ast.expr | None, given: Given) -> bool:
        """Whether a client's key is that of a provider, and not the gateway's."""
        ours = [ast.unparse(value) for name, value in given.options if name == "api_key"]
        if key is None or is_none(key) or ast.unparse(key) in ours:
            return False
        return of_provider(ast.unparse(key), text_value(key), self.client)

    def meant(self, option: str, value: ast.expr) -> ast.expr:
        """What the text of a header stands for, where the option is JSON in a header, or a flag."""
        row = self.writer.rules.parameter(option)
        if row and row.to == "header":
            return flag(value)
        return meant(value) if row and row.to in _JSON else value

    def bearer(self, key: ast.expr) -> str:
        """The header's value for a key."""
        literal = text_value(key)
        if literal is not None:
            return json.dumps(f"Bearer {self.writer.renamed(literal, whole=True)}", ensure_ascii=False)
        return _bearer(self.writer.text(key))

    def client_of(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Finding]:
        """A client that is given the address, headers or both, by keywords or in a dict."""
        base = base_of(node)
        if base is not None and self.urls.variables.value(base) is None and (gone := self.sent.session(node)):
            yield self.for_what_is_gone(base, gone, text_value(base) or self.writer.module.source.segment(base))
            return
        by_name = named(node)
        yield from self._joined(node, scope)
        routes = self.writer.makes_new(node, scope)
        found = ((n, self._given(by_name.get(n), scope, routes=routes)) for n in _HEADERS)
        where, given = next((each for each in found if each[1] is not None), ("", None))
        headers = by_name.get(where)
        if given is None or headers is None:
            if "Azure" in _class(node) and self._url(node, scope)[0]:
                yield self._azure(node)
            elif any(self._makes_headers(by_name.get(n), scope) for n in _HEADERS):
                yield from self._address_held(node, scope)
            elif not any(n in by_name for n in _HEADERS) or not self._adds_path(node, scope):
                yield from self._address_alone(node, scope)
            return
        of_request = not any(n in by_name for n in (*_KEYS, *_URLS))
        without_key = where == "headers" and not any(n in by_name for n in _KEYS) and not self._takes_model(node, scope)
        if of_request or without_key or (isinstance(headers, ast.Dict) and None in headers.keys):
            if isinstance(headers, ast.Dict):
                alone = self.spelled_alone(headers, scope, given)
                empty = not given.others and None not in headers.keys and not any(e.text for e in alone.edits)
                if where == "extra_headers" and alone.edits and empty:  # which the SDK takes for none as well
                    alone = replace(alone, edits=tuple(arguments.edits(self.writer.module, node, {}, [where], [])))
                yield alone
        elif "Azure" in _class(node):
            yield self._azure(node)
        else:
            yield self._client(node, scope, where, given)

    def _adds_path(self, node: ast.Call | ast.Dict, scope: Scope) -> bool:
        """Whether what is given the host alone may add `/v1` itself: a class of the project, a client of plain HTTP.

        Clients that are given a key, headers for all requests or a model are those of SDKs, as OpenAI's, which do not.
        """
        if isinstance(node, ast.Dict):
            return False
        if self.writer.module.index.module_of(self.writer.dotted(node.func, scope)):
            return True
        of_sdk = any(name in named(node) for name in (*_KEYS, *_FOR_ALL, *models.NAMES))
        return not (of_sdk or self.writer.makes_new(node, scope) or self._takes_model(node, scope))

    def _takes_model(self, node: ast.Call | ast.Dict, scope: Scope) -> bool:
        """Whether a call makes a client of another library that is given a model."""
        return models.beginning(self.client, self._dotted(node, scope)) is not None

    def _dotted(self, node: ast.Call | ast.Dict, scope: Scope) -> str:
        """The full name of what is called; "" for a dict, and where nothing tells it."""
        return self.writer.dotted(node.func, scope) if isinstance(node, ast.Call) else ""

    def _joined(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Finding]:
        """A session that puts the paths of requests in the place of the address's own, which it had none of so far."""
        base = base_of(node)
        old = text_value(base) or ""
        new = self.writer.moved_address(old.rstrip("/"))
        if (
            base is None
            or not under(self._dotted(node, scope), _JOINING)
            or urlsplit(old).path.strip("/")
            or not urlsplit(new).path
        ):
            return
        self.writer.module.kept.add(id(base))
        where = urlsplit(new)
        said = f"{old}: write {where.scheme}://{where.netloc}, and begin the paths of requests with {where.path}"
        yield self.writer.say(base, Status.MANUAL, f"{said}: aiohttp takes no path here")

    def _address_alone(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Finding]:
        url, text = self._url(node, scope)
        if url:
            if (text_value(named(node)[url]) or "").endswith("/"):  # what paths are joined to goes on ending so
                text = f'{text[:-1]}/"'
            result, by_name = Result(), named(node)
            replaced = {url: item(node, url, text)}
            if anthropic.adds_path(_class(node), self._dotted(node, scope)):
                own = anthropic.takes_token(_class(node), self._dotted(node, scope))
                result.say(Status.REVIEW, anthropic.AS_TOKEN if own else anthropic.PATH_ADDED)
                replaced[url] = item(node, url, f'"{self.writer.url.removesuffix("/v1")}"')
                if own and "api_key" in by_name:
                    replaced["api_key"] = item(node, "auth_token", self.writer.text(by_name["api_key"]))
            said, more = self._said(node), models.edits(self.writer, result, node, scope)
            finding = self.writer.edited(node, result, said, Edit(0, 0, ""), replaced, [], [])
            yield replace(finding, edits=(*finding.edits, *more))

    def _makes_headers(self, value: ast.expr | None, scope: Scope) -> bool:
        return isinstance(value, ast.Call) and self.writer.name(value.func, scope) in self.client.headers

    def _address_held(self, node: ast.Call | ast.Dict, scope: Scope) -> Iterator[Finding]:
        """The address that is given beside headers which stay."""
        url, _ = self._url(node, scope)
        if url:
            value = named(node)[url]
            self.writer.module.kept |= {id(n) for n in ast.walk(value)}
            yield self.writer.say(value, Status.MANUAL, f"{url}: {_WITH_HEADERS}")

    def _client(self, node: ast.Call | ast.Dict, scope: Scope, where: str, given: Given) -> Finding:
        """A client that is given headers by the name `where`: they carry no key any more, its own argument does."""
        by_name, result = named(node), self.options.convert(given.options)
        result.headers.update((n, self.writer.text(v)) for n, v in given.others.items())
        straight = anthropic.adds_path(_class(node), self._dotted(node, scope))
        bearer = anthropic.takes_token(_class(node), self._dotted(node, scope))
        if straight:
            result.say(Status.REVIEW, anthropic.AS_TOKEN if bearer else anthropic.WITH_TOKEN)
        if straight and not bearer:
            result.headers = {"Authorization": self.bearer_of(given), **result.headers}
        key_name = next((n for n in _KEYS if n in by_name), "api_key")
        row = self.writer.rules.parameter("authorization")
        if row and self._is_anothers(by_name.get(key_name), given):
            result.say(Status.REVIEW, f"{key_name}: {row.message}")
        key = item(node, "auth_token" if bearer else key_name, result.key or self.writer.key)
        replaced, gone, added = dict[str, str](), list[str](), list[str]()
        url, text = self._url(node, scope)
        if url:
            replaced[url] = item(node, url, f'"{self.writer.url.removesuffix("/v1")}"' if straight else text)
        elif note := next(filter(None, (self.urls.elsewhere(by_name.get(n)) for n in _URLS)), ""):
            result.say(Status.REVIEW, note)
        rest = result.headers_text()
        if rest:
            replaced[where] = item(node, where, rest)
        if key_name in by_name:
            replaced[key_name] = key
            gone = [] if rest else [where]
        elif rest:
            added = [key]
        else:
            replaced[where] = key
        for keyword, value in result.keywords.items():
            its = f"see whether {_class(node) or 'the client'} takes it"
            result.say(Status.REVIEW, f"{keyword}={value} of the headers: {its}")
        more = models.edits(self.writer, result, node, scope)
        imported = self.writer.imported(not result.key, node, scope)
        finding = self.writer.edited(node, result, self._said(node), imported, replaced, gone, added)
        return replace(finding, edits=(*finding.edits, *more)) if finding.edits else finding

    def _said(self, node: ast.Call | ast.Dict) -> str:
        its = f"{_class(node)}(…) speaks" if _class(node) else "a client's options: it speaks"
        return f"{its} to {self.client.called}"

    def _url(self, node: ast.Call | ast.Dict, scope: Scope) -> tuple[str, str]:
        """The argument that is the address so far, and the address from now on as Python text; "" for none."""
        kept = self.writer.module.kept
        urls = ((n, value) for n, value in named(node).items() if n in _URLS and id(value) not in kept)
        found = ((n, value, self.writer.address(value, scope)) for n, value in urls)
        name, value, text = next((each for each in found if each[2]), ("", None, ""))
        if (old := text_value(value)) and self._adds_path(node, scope):
            text = f'"{self.writer.moved_address(old.rstrip("/"))}"'
        return name, text

    def _azure(self, node: ast.Call | ast.Dict) -> Finding:
        url = self.writer.url
        said = f"{_class(node)}(…): use the client without Azure, with base_url={url!r} and api_key, without headers"
        self.writer.done |= {id(n) for n in ast.walk(node)}
        self.writer.module.kept |= {id(n) for n in ast.walk(node)}
        return self.writer.say(node, Status.MANUAL, said)

    # ------------------------------------------------------------------------------------------------- headers alone

    def spelled_alone(self, node: Headers, scope: Scope, given: Given) -> Finding:
        """The same for headers that a dict spells out: the others stay where they are.

        The key of a provider goes where what they are sent with has that of the gateway already.
        """
        sending = self.sent.of(node)
        if sending.gone:
            return self.for_what_is_gone(node, sending.gone)
        result, prefix = self.options.convert(given.options), self.client.prefix
        if sending.note:
            result.say(Status.REVIEW, sending.note)
        own = [n for n in named(node) if n not in given.others]
        for keyword, text in result.keywords.items():
            result.say(
                Status.REVIEW, f"wait {text} s where it is called" if keyword == "timeout" else f"{keyword}: {text}"
            )
        if result.provider not in ("", LOST, self.client.itself) and scope not in self.bodies:
            result.say(Status.REVIEW, begins(result.provider, self.client))
        self.asked.setdefault(scope, set()).add(result.provider)
        bearers = (f"{prefix}api-key", *([] if self.beside.is_keyed(node) else ["authorization"]))
        key = next((n for n in own if n.lower() in bearers), "")
        bearer = self.bearer_of(given)
        added = [f'"{n}": {v}' if not n.startswith("**") else n for n, v in result.headers.items()]
        imported = self.writer.imported(bool(key) and not result.key, node, scope)
        beside = all(name == "authorization" for name, _ in given.options)
        said = f"headers {'beside those ' if beside else ''}of the SDK"
        said = f"{said} → the key as a bearer token" if key else said
        replaced, gone = {key: item(node, "Authorization", bearer)} if key else {}, [n for n in own if n != key]
        return self.writer.edited(node, result, said, imported, replaced, gone, added)

    def for_what_is_gone(self, node: ast.expr, gone: Asked, called: str = "headers") -> Finding:
        self.writer.module.kept |= {id(n) for n in ast.walk(node)}
        return Finding(self.writer.module.source.start(node), gone.rule, gone.status, f"{called}: {gone.message}")

    def bearer_of(self, given: Given) -> str:
        key = next((value for name, value in given.options if name == "api_key" and not is_none(value)), None)
        return self.bearer(key) if key is not None else _bearer(self.writer.key)

    def _alone(self, node: ast.Call, scope: Scope, given: Given) -> Finding:
        """Headers that are made by themselves carry the key: `{"Authorization": f"Bearer {key}"}`."""
        module, result, sending = self.writer.module, self.options.convert(given.options), self.sent.of(node)
        if sending.gone:
            return self.for_what_is_gone(node, sending.gone)
        if sending.note:
            result.say(Status.REVIEW, sending.note)
        imported = self.writer.imported(not result.key, node, scope)
        result.headers = {"Authorization": self.bearer_of(given), **result.headers}
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


def _class(node: ast.Call | ast.Dict) -> str:
    """The last part of the name of what is called; "" for a dict."""
    return callee_of(node) if isinstance(node, ast.Call) else ""


def item(node: ast.Call | ast.Dict, name: str, text: str) -> str:
    """An argument of a call, or an item of a dict."""
    return f"{name}={text}" if isinstance(node, ast.Call) else f'"{name}": {text}'


def _bearer(key: str) -> str:
    """The header of a key that is an expression, in quotes that Python before 3.12 can read as well."""
    if "\n" in key or "\\" in key or ("'" in key and '"' in key) or "{" in key:
        return f'"Bearer " + {key}'
    return f'f"Bearer {{{key.replace(chr(34), chr(39))}}}"'
