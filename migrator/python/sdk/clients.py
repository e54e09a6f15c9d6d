"""Rewrites the clients of one module: those of the SDK that is left, and those of others that speak through it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from migrator.python import answers, construction
from migrator.python.calls import import_edit
from migrator.python.expressions import parts_of, text_value
from migrator.python.module import Module
from migrator.python.scopes import Scope
from migrator.python.sdk import arguments, leftover, spreading
from migrator.python.sdk.asked import Asked
from migrator.python.sdk.options import Options, Result, is_plain
from migrator.python.sdk.providers import LOST, new_id, unserved
from migrator.python.sdk.spread import Spread, spread_of
from migrator.python.sdk.spreading import lacks
from migrator.sites import Edit, Finding, Status

_URLS = ("base_url", "api_base", "openai_api_base", "anthropic_api_url", "azure_endpoint")
_HEADERS = ("default_headers", "extra_headers", "headers", "additional_headers")
_KEYS = ("api_key", "openai_api_key", "anthropic_api_key")


def find(module: Module) -> Iterator[Finding]:
    """Findings for a module, noting in `module.replaced` the names that go with what is written anew."""
    if module.names.rules.moving_clients:
        findings = list(Rewriter(module).findings())
        yield from findings
        yield from leftover.find(module, findings)


class _Headers(NamedTuple):
    """A call of the SDK's function that makes headers, and what it is given."""

    call: ast.Call
    given: list[tuple[str, ast.expr]]


class Rewriter:
    """The findings of one module."""

    def __init__(self, module: Module) -> None:
        self.module, self.rules = module, module.names.rules
        self.client = self.rules.moving_clients[0]
        self.options = Options(self.rules, self.client, self._text)
        self.url = str(self.rules.options.get("base-url") or "") or self.client.url
        self.done: set[int] = set()  # calls that another one's finding takes care of, by id
        self.kept: set[int] = set()  # expressions in calls that stay, by id

    def findings(self) -> Iterator[Finding]:
        module = self.module
        for node, scope in module.found.calls:
            if id(node) not in self.done:
                yield from self._call(node, scope)
        yield from self._addresses()
        yield from Asked(module, answers.trace_of(module), self.client, self.options).findings()

    def _text(self, node: ast.expr) -> str:
        """The text of an expression, its variables of the environment renamed."""
        text = self.module.source.segment(node)
        edits = [e for f in self.module.names.envs_in(text) for e in f.edits]
        for edit in sorted(edits, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        name = self._name(node.func, scope)
        if name in self.client.classes:
            yield self._made(node, scope, name)
        elif name in self.client.headers:
            headers = self._headers(node)
            yield self._alone(node, scope, headers) if headers else self._by_hand(node, "headers")
        else:
            yield from self._through(node, scope)

    def _name(self, func: ast.expr, scope: Scope) -> str:
        """The name that the SDK has for what is called; "" for anything else."""
        dotted = self.module.dotted(parts_of(func), scope)
        canon = self.module.index.canonical(dotted) if dotted else ""
        fate = self.module.names.fate(canon) if canon else None
        return canon.rpartition(".")[2] if fate and fate.rule == self.client.id else ""

    def _say(self, node: ast.AST, status: Status, message: str, edits: tuple[Edit, ...] = ()) -> Finding:
        return Finding(self.module.source.start(node), self.client.id, status, message, edits)

    # ---------------------------------------------------------------------------------------- clients of the SDK itself

    def _made(self, node: ast.Call, scope: Scope, name: str) -> Finding:
        if construction.client_stays(self.module.index, self.module.facts, parts_of(node.func)):
            return self._by_hand(node, name)
        spread = spread_of(node, scope)
        keywords = spread.keywords if spread else node.keywords
        told = self.options.made([(k.arg or "", k.value) for k in keywords])
        own = [(k.arg or "", k.value) for k in node.keywords if k.arg] if spread else None
        result = self.options.convert(own) if own is not None else told
        named = {k.arg for k in node.keywords}
        replaced, added = dict[str, str](), list[str]()
        if result.url is not None and (url := self._url_text(result.url, scope)):
            replaced["base_url"] = f"base_url={url}"
        for keyword, text in result.keywords.items():
            if keyword in named:
                same = any(k.arg == keyword and self.module.source.segment(k.value) == text for k in node.keywords)
                replaced.update({} if same else {keyword: f"{keyword}={text}"})
            else:
                added.append(f"{keyword}={text}")
        if headers := result.headers_text():
            added.append(f"default_headers={headers}")
        kept = {"api_key" if result.key else "", "base_url" if result.url is not None else "", *result.keywords}
        gone = [n for n in named if n and n not in kept]
        defaults = self._defaults(told, spread)
        imported: Edit | None = Edit(0, 0, "")
        if any("os.environ" in text for text in defaults.values()):
            imported = import_edit(self.module, "os", node, scope)
        said = f"{name}(…) → {self.client.classes[name]}(…)"
        if spread is None:
            first = [f"{n}={text}" for n, text in defaults.items()]
            return self._edited(node, told, said, imported, replaced, gone, added, first)
        finding = self._edited(node, told, said, imported, replaced, gone, added)
        if finding.status is Status.MANUAL:
            return finding
        beside = spreading.edits(self.module, self.options, spread, lambda v: self._url_text(v, scope), defaults)
        return replace(finding, edits=(*finding.edits, *beside))

    def _defaults(self, result: Result, spread: Spread | None) -> dict[str, str]:
        """The address and the key, as Python text, where a client is made without."""
        found = dict[str, str]()
        if result.url is None or (spread and lacks(spread, "base_url")):
            found["base_url"] = f'"{self.url}"'
        if not result.key or (spread and lacks(spread, "api_key") == "always"):
            found["api_key"] = f'os.environ["{self.client.key_variable}"]'
        elif spread and lacks(spread, "api_key"):
            found["api_key"] = f'os.environ.get("{self.client.key_variable}", "")'
        return found

    def _edited(
        self,
        node: ast.Call,
        result: Result,
        said: str,
        imported: Edit | None,
        replaced: dict[str, str],
        gone: list[str],
        added: list[str],
        first: Sequence[str] = (),
    ) -> Finding:
        if imported is None:
            said = f"{said}: import os and write {', '.join([*first, *added])}"
            return self._say(node, Status.MANUAL, said)
        self._replace(node, {*gone, *replaced})
        edits = [imported] if imported.text else []
        if not replaced and not gone and not added and not first:
            return self._say(node, result.status, _told(said, result), tuple(edits))
        edits += arguments.edits(self.module, node, replaced, gone, added, first)
        return self._say(node, result.status, _told(said, result), tuple(edits))

    def _replace(self, node: ast.Call, names: set[str]) -> None:
        """Note the names in arguments that go: they are used here no more."""
        for keyword in node.keywords:
            if keyword.arg in names:
                self.module.replaced |= {id(n) for n in ast.walk(keyword.value)}
                self.done |= {id(n) for n in ast.walk(keyword.value) if isinstance(n, ast.Call)}

    def _by_hand(self, node: ast.Call, name: str) -> Finding:
        said = "it is not written down here what it is given, or it routes by a config"
        new = self.client.classes.get(name)
        said = f"{name}: {said}: write {new}(base_url=…, api_key=…) by hand" if new else f"{name}: {said}"
        return self._say(node, Status.MANUAL, said)

    # ------------------------------------------------------------------------------------------------ clients of others

    def _through(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        """A client of another library that is given the address, headers or both."""
        by_name = {k.arg: k for k in node.keywords if k.arg}
        url = next((by_name[n] for n in _URLS if n in by_name and self._url_text(by_name[n].value, scope)), None)
        where = next(
            (by_name[n] for n in _HEADERS if n in by_name and self._makes_headers(by_name[n].value, scope)), None
        )
        if where is None or not isinstance(where.value, ast.Call):
            return
        headers = self._headers(where.value)
        if headers is None:
            return
        cls = "".join(parts_of(node.func)[-1:])
        result = self.options.convert(headers.given)
        if "Azure" in cls:
            said = f"{cls}(…): use the client without Azure, with base_url={self.url!r} and api_key, without headers"
            self.done.add(id(where.value))
            self.kept |= {id(n) for n in ast.walk(node)}
            yield self._say(node, Status.MANUAL, said)
            return
        replaced, gone, added = dict[str, str](), list[str](), list[str]()
        key_name = next((n for n in _KEYS if n in by_name), "api_key")
        address = self.url
        if cls in ("Anthropic", "AsyncAnthropic"):
            address = address.removesuffix("/v1")
            result.say(Status.REVIEW, "the key is a bearer token, and the SDK adds /v1 to the address")
        imported: Edit | None = Edit(0, 0, "")
        if not result.key:
            imported = import_edit(self.module, "os", node, scope)
        key = result.key or f'os.environ["{self.client.key_variable}"]'
        new_name = "auth_token" if cls in ("Anthropic", "AsyncAnthropic") else key_name
        if url is not None and url.arg:
            replaced[url.arg] = f'{url.arg}="{address}"'
        rest = result.headers_text()
        if key_name in by_name:
            replaced[key_name] = f"{new_name}={key}"
            gone = [] if rest else [where.arg or ""]
        elif rest:
            added = [f"{new_name}={key}"]
        else:
            replaced[where.arg or ""] = f"{new_name}={key}"
        if rest:
            replaced[where.arg or ""] = f"{where.arg}={rest}"
        for keyword, text in result.keywords.items():
            result.say(Status.REVIEW, f"{keyword}={text} of the headers: see whether {cls} takes it")
        if cls not in self.client.classes.values():
            replaced |= self._models(result, cls, by_name)
        yield self._edited(node, result, f"{cls}(…) speaks to {self.client.called}", imported, replaced, gone, added)

    def _models(self, result: Result, cls: str, by_name: dict[str, ast.keyword]) -> dict[str, str]:
        """The id of a model that a client of another library is given, with the provider that the headers named."""
        named = next((by_name[n] for n in ("model", "model_name") if n in by_name), None)
        model = text_value(named.value) if named else None
        if result.provider in ("", LOST):
            new = new_id(model or "/", "", self.client, {}, self.rules.options.get("models", {}))
            if named and named.arg and new.text != model and new.status is Status.REVIEW and "OpenAI" in cls:
                result.say(new.status, f"{model} → {new.text}: {new.message}")
                return {named.arg: f'{named.arg}="{new.text}"'}
            if new.message:
                result.say(Status.REVIEW, f"ids at {self.client.called} begin with who made the model")
            return {}
        if result.provider == self.client.itself:
            return {}
        prefix = self.client.providers.get(result.provider, result.provider)
        if named and named.arg and model and "/" not in model and prefix and "OpenAI" in cls:
            return {named.arg: f'{named.arg}="{prefix}/{model}"'}
        result.say(Status.REVIEW, self._begin(result.provider))
        return {}

    def _begin(self, provider: str) -> str:
        prefix = self.client.providers.get(provider, provider)
        if not prefix:
            return unserved(self.client, provider)
        return f"the provider was {provider}: begin ids of models with {prefix}/ to stay there"

    def _makes_headers(self, value: ast.expr, scope: Scope) -> bool:
        return isinstance(value, ast.Call) and self._name(value.func, scope) in self.client.headers

    def _headers(self, call: ast.Call) -> _Headers | None:
        if call.args or not is_plain(self.rules, call.keywords):
            return None
        return _Headers(call, [(k.arg or "", k.value) for k in call.keywords])

    def _alone(self, node: ast.Call, scope: Scope, headers: _Headers) -> Finding:
        """Headers that are made by themselves carry the key: `{"Authorization": f"Bearer {key}"}`."""
        result = self.options.convert(headers.given)
        imported: Edit | None = Edit(0, 0, "")
        if not result.key:
            imported = import_edit(self.module, "os", node, scope)
        key = result.key or f'os.environ["{self.client.key_variable}"]'
        literal = next((text_value(value) for name, value in headers.given if name == "api_key"), None)
        bearer = _bearer(key)
        if literal is not None and result.key:
            bearer = json.dumps(f"Bearer {literal}", ensure_ascii=False)
        result.headers = {"Authorization": bearer, **result.headers}
        for keyword, text in result.keywords.items():
            result.say(Status.REVIEW, f"give the client {keyword}={text}")
        if result.provider not in ("", LOST, self.client.itself):
            result.say(Status.REVIEW, self._begin(result.provider))
        if imported is None:
            return self._say(node, Status.MANUAL, "headers: import os and give the key as a bearer token")
        start, end = self.module.source.start(node), self.module.source.end(node)
        self.module.replaced |= {id(n) for n in ast.walk(node)}
        edits = (*([imported] if imported.text else []), Edit(start, end, result.headers_text()))
        said = "; ".join(["headers of the SDK → the key as a bearer token", *result.notes])
        return self._say(node, result.status, said, edits)

    # -------------------------------------------------------------------------------------------------------- addresses

    def _url_text(self, value: ast.expr | None, scope: Scope) -> str:
        """The new address as Python text, where an expression is the old one; "" for anything else."""
        if value is None:
            return ""
        text = text_value(value)
        if text is not None:
            return f'"{self.url}"' if text.rstrip("/") in self.client.addresses else ""
        return f'"{self.url}"' if self._name(value, scope) in self.client.address else ""

    def _addresses(self) -> Iterator[Finding]:
        """Each other use of a constant that holds the address."""
        for reference in self.module.found.references:
            last = reference.nodes[-1]
            if (
                id(last) in self.module.replaced | self.kept
                or self._name(last, reference.scope) not in self.client.address
            ):
                continue
            if isinstance(getattr(last, "ctx", None), ast.Store):
                continue
            place = self.module.place(reference, len(reference.parts))
            said = f"{reference.parts[-1]} → the address of {self.client.called}"
            if place is None or reference.inside is not None:
                yield self._say(last, Status.MANUAL, f"{said}: write it by hand, an f-string stands around it")
                continue
            self.module.replaced |= {id(n) for n in reference.nodes}
            yield self._say(last, Status.MIGRATED, said, (Edit(*place, f'"{self.url}"'),))


def _told(said: str, result: Result) -> str:
    return "; ".join([said, *result.notes]) if len(result.notes) != 1 else f"{said}: {result.notes[0]}"


def _bearer(key: str) -> str:
    """The header of a key that is an expression, in quotes that Python before 3.12 can read as well."""
    if "\n" in key or "\\" in key or ("'" in key and '"' in key) or "{" in key:
        return f'"Bearer " + {key}'
    return f'f"Bearer {{{key.replace(chr(34), chr(39))}}}"'
