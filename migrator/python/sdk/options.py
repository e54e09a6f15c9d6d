"""What becomes of the options of a client that is left: the keywords of the new one, and what is to be said."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrator.fates.providers import LOST, key_to_change
from migrator.primitives.client import Client, Parameter
from migrator.python.module import Module
from migrator.python.reading.expressions import is_none, text_value
from migrator.python.sdk.configs import is_text, laid_out, meant
from migrator.python.sdk.fallback import SAID, Target, details, route
from migrator.python.sdk.providers import provider_of
from migrator.sites import Noted, Status

_SLUGS = "say it with the setting slugs, or begin ids of models with it"


@dataclass(slots=True)
class Result(Noted):
    """What a call is given from now on: `keywords` by name, as Python text, and `headers`, item by item."""

    key: str = ""
    url: ast.expr | None = None
    provider: str = ""  # of the models that are asked for: "" where none was named, LOST where nothing tells which
    keywords: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # name, or `**` and text, -> value
    lost: str = ""  # why the provider is lost
    route: tuple[Target, ...] = ()  # whom calls have to ask, in order, where a config says it

    def headers_text(self) -> str:
        """The headers as a dict; "" for none."""
        if len(self.headers) == 1 and next(iter(self.headers)).startswith("**"):
            return next(iter(self.headers))[2:]
        items = [k if k.startswith("**") else f'"{k}": {v}' for k, v in self.headers.items()]
        return f"{{{', '.join(items)}}}" if items else ""


def spelled(client: Client, headers: ast.Dict) -> dict[str, tuple[str, ast.expr]]:
    """The headers of the SDK in a dict, by their name there, as options: name and value."""
    named = [(text_value(key) or "", value) for key, value in zip(headers.keys, headers.values, strict=True)]
    own = [(n, n.lower().removeprefix(client.prefix), v) for n, v in named if n.lower().startswith(client.prefix)]
    return {name: (bare.replace("-", "_"), value) for name, bare, value in own}


class Options:
    """Converts the options of one client in a module: `text` gives the source of an expression."""

    def __init__(self, module: Module, client: Client, text: Callable[[ast.expr], str]) -> None:
        self.module, self.rules, self.client, self.text = module, module.names.rules, client, text
        self.slugs: Mapping[str, str] = self.rules.options.get("slugs", {})

    def convert(self, given: Sequence[tuple[str, ast.expr]]) -> Result:
        """What becomes of options that `is_plain` let through."""
        result = Result()
        for name, value in given:
            row = self.rules.parameter(name)
            if row and not is_none(value) and not (row.to == "header" and _is_false(value)):
                self._one(result, name, value, row)
        if result.headers and "default_headers" in result.keywords:
            result.headers = {f"**{result.keywords.pop('default_headers')}": "", **result.headers}
        if result.lost:
            result.say(Status.REVIEW, result.lost)
        return result

    def made(self, given: Sequence[tuple[str, ast.expr]]) -> Result:
        """What becomes of the options of a client that is made anew, and what it does otherwise if not told."""
        result = self.convert(given)
        if not {"timeout", "max_retries"} <= {*result.keywords}:
            result.say(Status.REVIEW, self.client.differs)
        return result

    def _one(self, result: Result, name: str, value: ast.expr, row: Parameter) -> None:
        status = Status(row.status)
        match row.to:
            case "key":
                result.key = self.text(value)
                if note := self._key_to_change(value, result.key):
                    result.say(Status.REVIEW, f"{name}: {note}")
            case "url":
                result.url = value
            case "provider":
                self._provider(result, name, value)
            case "config":
                self._config(result, value, row)
            case "labels":
                self._labels(result, value)
            case "timeout":
                result.keywords[row.called or name] = seconds(value, self.text(value))
            case "retries":
                self._retries(result, value, row)
            case "header":
                self._header(result, value, row)
            case "keyword":
                result.keywords[row.called or name] = self.text(value)
        if row.to not in ("provider", "config"):
            result.say(status, f"{name}: {row.message}" if row.message and status is not Status.MIGRATED else "")

    def _key_to_change(self, value: ast.expr, written: str) -> str:
        """What to see to about a key, which is `written` from now on: the writer may name its variable anew alone.

        One that the module puts into a variable is what that is given.
        """
        held = [each for each in self.module.laid_out.values(value) if each is not value]
        texts = [text_value(each) or "" for part in (held or [value]) for each in ast.walk(part)]
        read = [given for part in (held or [value]) for given in _read(part)]
        names = self.module.names
        return key_to_change(
            read, texts, lambda text: bool(names.env(text)) or (not held and text not in written), self.client
        )

    def _provider(self, result: Result, name: str, value: ast.expr) -> None:
        held = self.module.laid_out.values(value) if isinstance(value, ast.Name) else []
        meanings = [*(held if len(held) == 1 else []), value]
        told = (provider_of(each, self.client, self.slugs) for each in meanings)
        found = next((each for each in told if each != LOST), LOST)
        if found != LOST or not result.provider:
            result.provider = found
        text = (text_value(meanings[0]) or "").removeprefix("@")
        if text and found != LOST and text not in self.slugs and (name == "virtual_key" or text != found):
            said = f"{name}: {text} is taken for the provider {found}: say another with the setting slugs"
            result.say(Status.REVIEW, said)
        lost = result.provider == LOST
        result.lost = (
            f"{name}: nothing tells which provider it stands for, so {self.client.called} chooses: {_SLUGS}"
            if lost
            else ""
        )

    def _config(self, result: Result, value: ast.expr, row: Parameter) -> None:
        config = laid_out(value, self.module)
        if not isinstance(config, ast.Dict):
            result.say(Status.REVIEW, f"config: {row.message}")
            result.provider = result.provider or LOST
            return
        if isinstance(held := meant(value), ast.Name):
            result.say(Status.REVIEW, f"config: see what needs {held.id} now")
        if found := route(config, self.rules):
            self._route(result, found, config)
        for key, inner in zip(config.keys, config.values, strict=True):
            name = text_value(key) or ""
            its = self.rules.parameter(name)
            if its is None or its.to == "key" or (found and (name in SAID or its.to == "provider")):
                continue
            if its.to == "manual":
                result.say(Status.REVIEW, f"config: {its.message}")
            else:
                self._one(result, name, inner, its)

    def _route(self, result: Result, found: tuple[Target, ...], config: ast.Dict) -> None:
        result.route, result.provider = found, found[0].provider
        further = f": `{self.client.fallback}` in extra_body" if len(found) > 1 else ""
        result.say(Status.REVIEW, f"config: calls in sight name the models that it asks for, others have to{further}")
        named = details(config)
        if "on_status_codes" in named:
            result.say(Status.REVIEW, "it falls back after any error")
        if (row := self.rules.parameter("authorization")) and "api_key" in named:
            result.say(Status.REVIEW, row.message)

    def _labels(self, result: Result, value: ast.expr) -> None:
        text, value = is_text(value, self.module), meant(value)
        if isinstance(value, ast.Dict) and all(text_value(k) for k in value.keys):
            for key, inner in zip(value.keys, value.values, strict=True):
                header = re.sub(r"[^A-Za-z0-9]+", "-", text_value(key) or "").strip("-")
                written = self.text(inner)
                result.headers[f"{self.client.labels}{header}"] = written if _makes_text(inner) else f"str({written})"
            return
        if text:
            result.say(
                Status.REVIEW, f"metadata: it is a text, so it goes: write a header {self.client.labels}… for each key"
            )
            return
        labels = _enclosed(value, self.text(value))
        result.headers[f'**{{f"{self.client.labels}{{key}}": str(value) for key, value in {labels}.items()}}'] = ""
        result.say(
            Status.REVIEW,
            f"metadata: see that {self.text(value)} is a dict, whose keys can be parts of names of headers",
        )

    def _retries(self, result: Result, value: ast.expr, row: Parameter) -> None:
        attempts = value
        if isinstance(value, ast.Dict):
            named = {text_value(k): v for k, v in zip(value.keys, value.values, strict=True)}
            attempts = named.get("attempts", value)
            if len(named) > 1:
                result.say(Status.REVIEW, "retry: the SDK chooses which errors it tries again after")
        if attempts is not value or isinstance(value, ast.Constant):
            result.keywords[row.called] = self.text(attempts)
        else:
            result.say(Status.REVIEW, "retry: give the client max_retries")

    def _header(self, result: Result, value: ast.expr, row: Parameter) -> None:
        if isinstance(value, ast.Constant):
            result.headers[row.called] = f'"{row.value}"' if row.value else self.text(value)
            return
        match value:
            case ast.Compare(left=said) if not hasattr(value, "lineno"):
                told = f'{_enclosed(said, self.text(said))} == "true"'
            case _:
                told = _enclosed(value, self.text(value))
        result.headers[f'**({{"{row.called}": "{row.value}"}} if {told} else {{}})'] = ""


def _makes_text(node: ast.expr) -> bool:
    """Whether it is written down that an expression makes a text: `f"{a}"`, `str(a)`, `str(a)[:8]`."""
    match node:
        case ast.Subscript(value=inner, slice=ast.Slice()):
            return _makes_text(inner)
        case ast.JoinedStr() | ast.Call(func=ast.Name(id="str")):
            return True
    return text_value(node) is not None


def seconds(value: ast.expr, text: str) -> str:
    """Milliseconds as seconds: `30000` is `30`, `limit` is `limit / 1000`."""
    if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
        number = value.value / 1000
        return str(int(number)) if number == int(number) else str(number)
    return f"{_enclosed(value, text)} / 1000"


def _read(value: ast.expr) -> Iterator[list[str]]:
    """The texts that each call and key in an expression is given, not what stands in for it: `read("NAME") or "none"`.

    >>> list(_read(ast.parse("vault.get(scope='llm', key='TEAM_KEY')['value'] or 'none'", mode="eval").body))
    [['value'], ['llm', 'TEAM_KEY']]
    """
    for node in ast.walk(value):
        match node:
            case ast.Call():
                given = [*node.args, *(each.value for each in node.keywords)]
                inner = [each.values if isinstance(each, ast.Dict) else [each] for each in given]
                yield [text_value(each) or "" for parts in inner for each in parts]
            case ast.Subscript():
                yield [text_value(node.slice) or ""]


def _enclosed(node: ast.expr, text: str) -> str:
    """The text of an expression for what is asked of it, or done with it."""
    return text if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) else f"({text})"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
