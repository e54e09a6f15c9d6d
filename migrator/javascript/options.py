"""The options of a client that is left: what each becomes in a script, for a client, for one call, or as headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ast_grep_py import SgNode

from migrator.fates.endpoints import elsewhere
from migrator.fates.names import Names
from migrator.fates.providers import key_to_change, meant
from migrator.formats.headers import label
from migrator.javascript.objects import Property, properties, written
from migrator.javascript.runtime import Runtime
from migrator.javascript.source import Script, string_of
from migrator.patterns import expand
from migrator.primitives.client import Client, Parameter
from migrator.sites import Edit, Finding, Status

Place = Literal["client", "call", "headers"]
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VARIABLE = re.compile(r"(?<![\w$])[A-Z][A-Z0-9_]+(?![\w$])")
_READ = re.compile(r"(?<=env\.)\w+")
_JSON = re.compile(r"JSON\s*\.\s*stringify")
_WHOLE = frozenset({"identifier", "member_expression", "subscript_expression", "call_expression"})
_DEEP = 12  # steps from an expression to the object that it is
_QUOTED = re.compile(r"""(?<=["'`])[^"'`]*""")


@dataclass(frozen=True, slots=True)
class Given:
    """One option as it is given: its name in lower case with `_`, its value, and where it stands."""

    name: str
    value: SgNode | None
    node: SgNode


@dataclass(slots=True)
class Settled:
    """What options become, as expressions and properties of a script.

    `key` is the expression of the key, `provider` how ids of models begin where that is known, `entries` have other
    options by their names. `notes` name what is lost or differs, `faults` what keeps the whole from being edited.
    """

    key: str = ""
    url: SgNode | None = None
    provider: str = ""
    headers: list[str] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    notes: list[Finding] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)


def snake(name: str) -> str:
    """The name of an option as rules write it.

    >>> snake("cacheForceRefresh"), snake("traceID"), snake("baseURL")
    ('cache_force_refresh', 'trace_id', 'base_url')
    """
    return _WORD_END.sub("_", name).lower() if name != "Authorization" else name


def camel(name: str) -> str:
    """The name of an option as scripts write it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def given(entries: Iterable[Property]) -> list[Given]:
    """The properties of an object as options."""
    return [Given(snake(each.name), each.value, each.node) for each in entries]


class Options:
    """What the rules make of the options of one client SDK in one script."""

    def __init__(
        self, names: Names, client: Client, script: Script, quote: str = '"', runtime: Runtime = "node"
    ) -> None:
        self.names, self.client, self.script, self.quote = names, client, script, quote
        self._runtime = runtime
        self._parameters = [rule for rule in names.rules.parameters if rule.of == client.of]

    def rule(self, name: str) -> Parameter | None:
        """The rule of an option: an exact name goes before a pattern, a longer pattern before a shorter."""
        found = [(len(p), "*" not in p, rule) for rule in self._parameters for p in rule.names if _is(p, name)]
        return max(found, key=lambda each: (each[1], each[0]))[2] if found else None

    # ------------------------------------------------------------------------------------------------- new text

    def said(self, node: SgNode) -> str:
        """The text of an expression, with the variables of the environment under their new names."""
        return self.renamed(node.text())

    def renamed(self, text: str) -> str:
        """A text with the variables of the environment in it under their new names."""
        return _VARIABLE.sub(lambda match: renamed[0] if (renamed := self.names.env(match[0])) else match[0], text)

    def _is_named_anew(self, variable: str) -> bool:
        return self.names.env(variable) is not None

    @property
    def url(self) -> str:
        """The expression of the address: the project's setting, or a variable with the gateway's own behind it."""
        base = self.names.rules.options.get("base-url", "")
        literal = f"{self.quote}{base or self.client.url}{self.quote}"
        return (
            literal
            if base or self._runtime in ("browser", "worker")
            else f"{self._read(self.client.url_variable)} ?? {literal}"
        )

    @property
    def root(self) -> str:
        """The address for an SDK that puts `/v1` behind it."""
        base = str(self.names.rules.options.get("base-url", "") or self.client.url)
        return f"{self.quote}{base.removesuffix('/v1')}{self.quote}"

    @property
    def key(self) -> str:
        """The expression of the key where the script says none."""
        return self._read(self.client.key_variable)

    def _read(self, variable: str) -> str:
        """The expression that reads a variable of the environment."""
        if self._runtime == "browser":
            return f"import.meta.env.VITE_{variable}"
        return (
            f"Deno.env.get({self.quote}{variable}{self.quote})"
            if self._runtime == "deno"
            else f"process.env.{variable}"
        )

    def bearer(self, key: str) -> str:
        """The value of the header that carries a key."""
        if re.fullmatch(r"""(["'])(?:(?!\1)[^\\])*\1""", key):
            return f"{key[0]}Bearer {key[1:]}"
        return f"`Bearer ${{{key}}}`"

    # ------------------------------------------------------------------------------------------------- settling

    def settled(self, options: Sequence[Given], place: Place) -> Settled:
        """What these options become together."""
        result = Settled()
        for each in options:
            rule = self.rule(each.name)
            if rule is None:
                self._note(result, each, self.client.id, f"{each.name}: no rule knows it", Status.REVIEW)
            else:
                self._settle(result, each, rule, place)
        return result

    def _settle(self, result: Settled, each: Given, rule: Parameter, place: Place) -> None:
        value, to = each.value, rule.to
        if value is None or to == "manual":
            said = rule.message or "write it by hand"
            result.faults.append(self._found(each, rule.id, f"{each.name}: {said}", Status.MANUAL))
        elif to == "key":
            result.key = self.said(value)
            held = self._held(value) or value
            read = [*_texts_read(held), *([name] for name in _READ.findall(held.text()))]
            if note := key_to_change(read, _QUOTED.findall(held.text()), self._is_named_anew, self.client):
                self._note(result, each, rule.id, f"{each.name}: {note}", Status.REVIEW)
        elif to == "url":
            result.url = value
            new = str(self.names.rules.options.get("base-url") or self.client.url)
            if note := elsewhere(_QUOTED.findall(self.said(value)), self.client, new):
                self._note(result, each, self.client.id, note, Status.REVIEW)
        elif to == "provider":
            self._provider(result, each, rule)
        elif to == "config":
            self._config(result, each, rule, place)
        elif to == "labels":
            result.headers += self.labels(value)
        elif to == "timeout" and place != "headers":
            result.entries["timeout"] = self.said(value)  # milliseconds in both
        elif to == "retries" and place != "headers":
            self._retries(result, each, rule)
        elif to == "header":
            result.headers += self._flag(rule, value, place)
            if rule.status != Status.MIGRATED:
                said = f"{each.name} → {rule.called}: {rule.message}"
                self._note(result, each, rule.id, said, Status.REVIEW)
        elif to == "keyword" and place != "headers":
            result.entries[camel(each.name)] = self.said(value)
            if rule.status != Status.MIGRATED and place == "client":
                self._note(result, each, rule.id, f"{each.name}: {rule.message}", Status.REVIEW)
        elif to != "drop" or rule.status != Status.MIGRATED:
            said = rule.message or f"a header cannot say it at {self.client.called}"
            self._note(result, each, rule.id, f"{each.name}: {said}", Status.REVIEW)

    def _provider(self, result: Settled, each: Given, rule: Parameter) -> None:
        assert each.value is not None
        prefix = self.prefix(each.value)
        if prefix:
            result.provider = prefix
            slug, slugs = (string_of(each.value) or "").removeprefix("@"), self.names.rules.options.get("slugs", {})
            said = f"{each.name}: ids of models that are not edited here have to begin with {prefix}/ to stay there"
            if slug and slug not in slugs and (each.name == "virtual_key" or slug not in self.client.providers):
                said = f"{said}; {slug} is taken for that provider: say another with the setting slugs"
        else:
            said = (
                f"{each.name}: {rule.message}; say with the setting `slugs` which one {_short(each.value)} is, "
                "or write provider/model yourself"
            )
        self._note(result, each, rule.id, said, Status.REVIEW)

    def prefix(self, node: SgNode) -> str:
        """How ids of models begin for a virtual key, a slug or a provider; "" where it is not known."""
        slugs: Mapping[str, str] = self.names.rules.options.get("slugs", {})
        text = string_of(node)
        said = [text.removeprefix("@")] if text is not None else re.findall(r"\w+", node.text().rpartition(".")[2])
        known = next((provider for name in said if (provider := meant(name, self.client, slugs))), "")
        return self.client.providers.get(known, known)

    def _config(self, result: Settled, each: Given, rule: Parameter, place: Place) -> None:
        assert each.value is not None
        literal = self.literal(each.value)
        if literal is None:
            self._note(result, each, rule.id, f"{each.name} {_short(each.value)}: {rule.message}", Status.REVIEW)
            return
        for part in given(properties(literal)):
            inner = self.rule(part.name)
            if inner and inner.to == "key":
                said = f"keys of providers belong to {self.client.called}: store it there"
                self._note(result, part, rule.id, f"config.{part.name}: {said}", Status.REVIEW)
            elif inner:
                self._settle(result, part, inner, place)
            else:
                self._note(result, part, rule.id, f"config.{part.name}: {rule.message}", Status.REVIEW)

    def literal(self, node: SgNode, depth: int = 0) -> SgNode | None:
        """The object literal that an expression is: itself, as JSON, or what a constant of the script holds."""
        kind = node.kind() if depth < _DEEP else ""  # a constant may be made of one that has its name
        if kind == "object":
            return node
        if kind in {"as_expression", "satisfies_expression", "parenthesized_expression"}:
            inner = node.named_children()
            return self.literal(inner[0], depth + 1) if inner else None
        if kind == "call_expression":
            function, arguments = node.field("function"), node.field("arguments")
            if function and arguments and _JSON.fullmatch(function.text()):
                first = arguments.named_children()
                return self.literal(first[0], depth + 1) if first else None
        value = self._held(node)
        return self.literal(value, depth + 1) if value and value.kind() != "identifier" else None

    def _held(self, node: SgNode) -> SgNode | None:
        """What the variable that a node is was made with."""
        named = node.kind() in {"identifier", "shorthand_property_identifier"}
        binding = self.script.scopes.resolve(node) if named else None
        return binding.node.field("value") if binding and binding.kind == "variable" else None

    def labels(self, value: SgNode) -> list[str]:
        """The headers that metadata becomes, as properties; `value` is an object or JSON text of one."""
        literal = value if value.kind() == "object" else None
        if literal is None and value.kind() == "call_expression":
            literal = self.literal(value)
        entries = properties(literal) if literal else []
        if literal and all(each.is_known and each.value for each in entries):
            return [
                written(f"{self.client.labels}{label(each.name)}", self._text_of(each.value), self.quote)
                for each in entries
                if each.value
            ]
        said = self.said(value)
        function, arguments = value.field("function"), value.field("arguments")
        if function and arguments and _JSON.fullmatch(function.text()) and len(arguments.named_children()) == 1:
            said = self.said(arguments.named_children()[0])
        name = f"name.replace(/^_+/, {self.quote * 2}).replace(/_/g, {self.quote}-{self.quote})"
        pairs = f"([name, value]) => [`{self.client.labels}${{{name}}}`, String(value)]"
        return [f"...Object.fromEntries(Object.entries({said} ?? {{}}).map({pairs}))"]

    def _text_of(self, value: SgNode) -> str:
        said = self.said(value)
        if value.kind() in {"number", "true", "false"}:
            return f"{self.quote}{said}{self.quote}"
        return said if value.kind() in {"string", "template_string"} else f"String({said})"

    def _retries(self, result: Settled, each: Given, rule: Parameter) -> None:
        assert each.value is not None
        literal = self.literal(each.value)
        entries = properties(literal) if literal else []
        attempts = next((e.value for e in entries if e.name == "attempts" and e.value), None)
        if attempts is None:
            self._note(
                result, each, rule.id, f"{each.name}: {rule.message or 'say how often with maxRetries'}", Status.REVIEW
            )
            return
        result.entries["maxRetries"] = self.said(attempts)
        if any(e.name != "attempts" for e in entries):
            said = "the OpenAI SDK chooses by itself which answers it tries again"
            self._note(result, each, rule.id, f"{each.name}: {said}", Status.REVIEW)

    def _flag(self, rule: Parameter, value: SgNode, place: Place) -> list[str]:
        name, text = rule.called, f"{self.quote}{rule.value}{self.quote}"
        if value.kind() == "true" or string_of(value) == "true":
            return [written(name, text, self.quote)]
        if value.kind() in {"false", "null", "undefined"} or string_of(value) == "false":
            return []
        said = self._condition(value) if place == "headers" else _enclosed(value, self.said(value))
        return [f"...({said} ? {{ {written(name, text, self.quote)} }} : {{}})"]

    def _condition(self, value: SgNode) -> str:
        """What says whether a header is set that is a text: of `String(x)` it is x, of others that they are "true"."""
        if value.kind() == "ternary_expression":
            parts = {name: node for name in ("condition", "consequence", "alternative") if (node := value.field(name))}
            either = [string_of(parts[name]) for name in ("consequence", "alternative")]
            if sorted(filter(None, either)) == ["false", "true"]:
                said = _enclosed(parts["condition"], self.said(parts["condition"]))
                return said if either[0] == "true" else f"!{said}"
        if (flag := _made_text(value)) is not None:
            return _enclosed(flag, self.said(flag))
        return f"{_enclosed(value, self.said(value))} === {self.quote}true{self.quote}"

    def _note(self, result: Settled, each: Given, rule: str, said: str, status: Status) -> None:
        result.notes.append(self._found(each, rule, said, status))

    def _found(self, each: Given, rule: str, said: str, status: Status, edits: tuple[Edit, ...] = ()) -> Finding:
        return Finding(self.script.start(each.node), rule, status, said, edits)


def _is(pattern: str, name: str) -> bool:
    return pattern == name or ("*" in pattern and expand(pattern, pattern, name) is not None)


def _made_text(node: SgNode) -> SgNode | None:
    """What a text is made of: `String(x)`, `x.toString()`, `JSON.stringify(x)`, `${x}`; None for anything else."""
    if node.kind() == "template_string":
        parts = node.named_children()
        whole = len(parts) == 1 and parts[0].kind() == "template_substitution" and parts[0].text() == node.text()[1:-1]
        return parts[0].named_children()[0] if whole else None
    function, arguments = node.field("function"), node.field("arguments")
    if node.kind() != "call_expression" or function is None or arguments is None:
        return None
    given = arguments.named_children()
    if len(given) == 1 and (function.text() == "String" or _JSON.fullmatch(function.text())):
        return given[0]
    named = function.field("property") if function.kind() == "member_expression" else None
    return function.field("object") if named and named.text() == "toString" and not given else None


def _enclosed(node: SgNode, text: str) -> str:
    """The text of an expression for what is asked of it."""
    return text if node.kind() in _WHOLE else f"({text})"


def _short(node: SgNode) -> str:
    text = " ".join(node.text().split())
    return text if len(text) <= 40 else f"{text[:37]}…"


def _texts_read(value: SgNode) -> Iterator[list[str]]:
    """The texts that each call and key in a value is given, not what stands in for it: `env["NAME"] ?? "none"`."""
    for node in value.find_all(any=[{"kind": "arguments"}, {"kind": "subscript_expression"}]):
        index = node.field("index")
        given = [index] if index else node.named_children()
        inner = [[e.value for e in properties(each)] if each.kind() == "object" else [each] for each in given]
        yield [string_of(each) or "" for parts in inner for each in parts]
