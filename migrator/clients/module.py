"""The text of a migrated project's client module: what `litellm.toml` says, as Python."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrator.clients.table import Destination, Function, Table, load
from migrator.errors import MigrateError

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 88  # the narrowest line length that the text is formatted for; it stays the same at wider ones


# What is generated only on demand: a name, and the arguments of LiteLLM it is about.
_ARGUMENTS = {
    "metadata": {"metadata", "litellm_metadata", "tags", "litellm_trace_id", "litellm_session_id"},
    "cache": {"cache", "caching"},
    "fallbacks": {"fallbacks"},
}
FEATURES = frozenset(_ARGUMENTS)


@dataclass(frozen=True)
class Settings:
    """What a project may decide about its client module."""

    providers: Mapping[str, str] = field(default_factory=dict)  # LiteLLM's provider -> the target's, over the table's
    models: Mapping[str, str] = field(default_factory=dict)  # whole model ids -> the target's
    base_url: str = ""  # the address without an environment variable; the public one by default
    config: Mapping[str, object] = field(default_factory=dict)  # Portkey's config of every call
    features: frozenset[str] = FEATURES  # which arguments are handled; those of the others are refused


# What a method answers, and where the name is imported from; the type of any other depends on its arguments.
_RETURNS = {
    "llm-gateway": {
        "embedding": ("CreateEmbeddingResponse", "openai.types"),
        "image_generation": ("ImagesResponse", "openai.types"),
        "image_edit": ("ImagesResponse", "openai.types"),
        "image_variation": ("ImagesResponse", "openai.types"),
        "moderation": ("ModerationCreateResponse", "openai.types"),
    },
    "portkey": {},  # its types say that nearly every attribute may be None
}
_TITLES = {"llm-gateway": "the LLM gateway", "portkey": "Portkey"}
_CLIENTS = {"llm-gateway": ("OpenAI", "AsyncOpenAI"), "portkey": ("Portkey", "AsyncPortkey")}


def render(target: str, functions_used: frozenset[str], settings: Settings) -> str:
    """The module for the functions of LiteLLM that the project uses, such as {"completion", "aembedding"}.

    It is formatted for lines of 88 characters and more. Raises MigrateError for an unknown target, and for a
    function that has no counterpart there.
    """
    table = load(target)
    functions = _functions(table, functions_used)
    flags = {target, *settings.features}
    flags |= {"transcription"} & {f.name for f in functions.values()}
    flags |= {"chat"} if any(f.parse for f in functions.values()) else set()
    parts = [_fill(_template("client"), flags, _values(table, functions, settings))]
    for name, function in functions.items():
        parts.append(_function(table, name, function, flags))
    if any(function.parse for function in functions.values()):
        parts.append(_template("parsed"))
    return _spaced("".join(parts))


def render_tests(target: str, functions_used: frozenset[str], settings: Settings, module: str) -> str:
    """The unit tests of what `render` makes, for pytest; `module` is its dotted name. Raises as `render` does."""
    table = load(target)
    functions = _functions(table, functions_used)
    package, _, name = module.rpartition(".")
    client, async_client = _CLIENTS[target]
    provider = next(p for p, new in table.models.providers.items() if p != new and p not in settings.providers)
    ids = {f"{p}/some-model": new for p, new in {**table.models.providers, **settings.providers}.items()}
    cases = {model: f"{table.models.prefix}{new}/some-model" for model, new in ids.items()} | dict(settings.models)
    flags = {target, *functions}
    flags |= {"chat", "some"} if flags & {"completion", "acompletion"} else set()
    flags |= {"embeddings", "some"} if flags & {"embedding", "aembedding"} else set()
    values = {
        "title": _TITLES[target],
        "import": (f"from {package} import {name}" if package else f"import {name}")
        + (" as llm" if name != "llm" else ""),
        "client": client,
        "async_client": async_client,
        "clients": f"{async_client}, {client}" if "some" in flags else async_client,
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "model_cases": "\n".join(f"        {_literal(case)}," for case in cases.items()),
        "unserved": f"{table.models.unserved[0]}some-model",
        "model": f"{provider}/some-model",
        "model_id": cases[f"{provider}/some-model"],
    }
    return _spaced(_fill(_template("tests"), flags, values))


def _functions(table: Table, names: Iterable[str]) -> dict[str, Function]:
    """In the order of the table, each asynchronous form after its function."""
    for name in sorted(names):
        if name not in table.functions:
            why = table.reason(name) or "it is not a function of LiteLLM that is known"
            raise MigrateError(f"{table.target}: `{name}` cannot be generated: {why}")
    return {name: function for name, function in table.functions.items() if name in names}


def _values(table: Table, functions: Mapping[str, Function], settings: Settings) -> dict[str, str]:
    distinct = {function.name: function for function in functions.values()}
    chat = "completion" in distinct
    client, async_client = _CLIENTS[table.target]
    sdk = [async_client, client]
    if chat and "acompletion" in functions:
        sdk.append("AsyncStream")
    if chat and "completion" in functions:
        sdk.append("Stream")
    providers = {**table.models.providers, **settings.providers}
    if not table.models.prefix:
        providers = {name: new for name, new in providers.items() if name != new}
    orders = {_order_name(name, f): f.order_of(name) for name, f in functions.items()}
    dropped = _rows(table, Destination.DROP)
    refused = _rows(table, Destination.MANUAL).union(*(_ARGUMENTS[name] for name in FEATURES - settings.features))
    keeps = {f"_{_keep_name(f)}": [*f.keep, *f.takes] for f in distinct.values()}
    return {
        "title": _TITLES[table.target],
        "errors": "openai" if table.package == "openai" else f"{table.package}.openai",
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "url": settings.base_url or table.url,
        "typing": "Any, Literal, overload" if chat and table.target == "llm-gateway" else "Any",
        "sdk": ", ".join(sorted(sdk)),
        "types": _type_imports(table, distinct),
        "client": client,
        "async_client": async_client,
        "config": _literal(dict(settings.config), exploded=True),
        "providers": _literal(providers, exploded=True),
        "bare": _literal(dict(table.models.bare), exploded=True),
        "models": _literal(dict(settings.models), exploded=True),
        "unserved": _words(table.models.unserved),
        "strip": _literal(tuple(table.models.strip)),
        "orders": "\n".join(_constant(name, names) for name, names in orders.items()),
        "keeps": "\n".join(_constant(name, sorted(names)) for name, names in keeps.items()),
        "ignored": _words(map(_pattern, sorted(dropped - refused)), between=" | "),
        "refused": _words(sorted(refused)),
        "aliases": "\n".join(f"{name} = {type_}" for name, type_ in _chunks(table, functions).items()),
    }


def _function(table: Table, name: str, function: Function, flags: set[str]) -> str:
    asynchronous = name == function.asynchronous
    returns, _ = _RETURNS[table.target].get(function.name, ("Any", ""))
    path, _, verb = function.method.rpartition(".")
    values = {
        "name": name,
        "NAME": _order_name(name, function).removeprefix("_"),
        "KEEP": _keep_name(function),
        "path": path,
        "verb": verb,
        "local": path.rpartition(".")[2],
        "def": "async def" if asynchronous else "def",
        "await": "await " if asynchronous else "",
        "client": "async_client" if asynchronous else "client",
        "chunks": "_AChunks" if asynchronous else "_Chunks",
        "more": _FALLBACKS if flags >= {"fallbacks", "llm-gateway"} else "",
        "returns": returns,
        "defaults": _literal(dict(function.defaults)),
    }
    own = {"defaults": bool(function.defaults), "typed": returns != "Any"}
    own["audio"] = table.target == "portkey" and function.name == "transcription"
    flags = flags | {name for name, holds in own.items() if holds}
    return _fill(_template("chat" if function.parse else "function"), flags, values)


_FALLBACKS = """

    Where it fails, each of `fallbacks` is called: a model, or arguments to change. The
    error of the last one is raised.
    """


def _chunks(table: Table, functions: Iterable[str]) -> dict[str, str]:
    """Alias -> type of what a streaming chat function gives, for those that are used; Portkey's are not typed."""
    if table.target == "portkey":
        return {}
    streams = {"completion": ("_Chunks", "Stream"), "acompletion": ("_AChunks", "AsyncStream")}
    return {alias: f"{type_}[ChatCompletionChunk]" for name, (alias, type_) in streams.items() if name in functions}


def _order_name(name: str, function: Function) -> str:
    """The constant that holds the order of `name`; the asynchronous form has its own only where it differs."""
    return f"_{(name if function.order_of(name) != function.order else function.name).upper()}"


def _keep_name(function: Function) -> str:
    return "CHAT" if function.parse else f"{function.name.upper()}_KEYWORDS"


def _type_imports(table: Table, functions: Mapping[str, Function]) -> str:
    wanted: dict[str, set[str]] = {}
    for name in functions:
        if name in _RETURNS[table.target]:
            type_, module = _RETURNS[table.target][name]
            wanted.setdefault(module, set()).add(type_)
        if functions[name].parse and table.target == "llm-gateway":
            wanted.setdefault("openai.types.chat", set()).update({"ChatCompletion", "ChatCompletionChunk"})
    return "\n".join(_import(module, sorted(names)) for module, names in sorted(wanted.items()))


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _rows(table: Table, to: Destination) -> frozenset[str]:
    """Names and patterns of the arguments of every function that go there."""
    rows = (row for row in table.arguments if row.to is to and not row.internal and not row.of)
    return frozenset(name for row in rows for name in row.names)


def _spaced(text: str) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", text)


def _pattern(name: str) -> str:
    return re.escape(name).replace(r"\*", ".*").replace(r"\-", "-")


def _words(names: Iterable[str], between: str = " ") -> str:
    text = between.join(names)
    return textwrap.fill(text, WIDTH - 4, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def _constant(name: str, names: Iterable[str]) -> str:
    return f'{name} = _names("""\n{_words(names)}\n""")'


def _literal(value: object, *, exploded: bool = False, indent: str = "") -> str:
    """A literal as ruff formats it: one item a line if `exploded`, which the last comma keeps at any line length."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    inner = indent + "    "
    if isinstance(value, Mapping):
        items = [f"{_literal(k)}: {_literal(v, exploded=exploded, indent=inner)}" for k, v in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list | tuple):
        items = [_literal(item, exploded=exploded, indent=inner) for item in value]
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    else:
        return repr(value)
    if exploded and items:
        return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + indent + closing
    comma = "," if isinstance(value, tuple) and len(items) == 1 else ""
    return f"{opening}{', '.join(items)}{comma}{closing}"


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")


_VALUE = re.compile(r"\{\{(\w+)\}\}")
_LINE = re.compile(rf"^{_VALUE.pattern}\n", re.MULTILINE)  # it goes when its value is empty
_BLOCK = re.compile(r"^\{\{([#^])([\w-]+)\}\}\n(.*?)^\{\{/\2\}\}\n", re.DOTALL | re.MULTILINE)


def _fill(template: str, flags: set[str], values: Mapping[str, str]) -> str:
    """`{{name}}` becomes its value; `{{#flag}}` lines `{{/flag}}` stay with the flag, `{{^flag}}` ones without it."""

    def block(match: re.Match[str]) -> str:
        stays = (match[2] in flags) == (match[1] == "#")
        return _BLOCK.sub(block, match[3]) if stays else ""

    text = _BLOCK.sub(block, template)
    text = _LINE.sub(lambda match: f"{values[match[1]]}\n" if values[match[1]] else "", text)
    return _VALUE.sub(lambda match: values[match[1]], text)
