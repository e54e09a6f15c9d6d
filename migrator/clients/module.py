"""The text of a migrated project's client module: what `litellm.toml` says, as Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field

from migrator.clients import parts
from migrator.clients.filling import WIDTH, constant, fill, literal, pattern, spaced, template, words
from migrator.clients.ids import unserved
from migrator.clients.table import Destination, Function, Table, load
from migrator.errors import MigrateError

# What is generated only on demand: a name, and the arguments of LiteLLM it is about.
ARGUMENTS: Mapping[str, Set[str]] = {
    "metadata": {"metadata", "litellm_metadata", "tags", "litellm_trace_id", "litellm_session_id"},
    "cache": {"cache", "caching"},
    "fallbacks": {"fallbacks"},
    "custom_llm_provider": {"custom_llm_provider"},
}
# The same of arguments that the SDK takes without it: model classes, streams that are typed and may be None or False.
SDK_ARGUMENTS: Mapping[str, Set[str]] = {"parsed": {"response_format"}, "streamed": {"stream", "stream_options"}}
FEATURES = frozenset({*ARGUMENTS, *SDK_ARGUMENTS})


@dataclass(frozen=True)
class Settings:
    """What a project may decide about its client module."""

    providers: Mapping[str, str] = field(default_factory=dict)  # LiteLLM's provider -> the target's, over the table's
    models: Mapping[str, str] = field(default_factory=dict)  # whole model ids -> the target's
    base_url: str = ""  # the address without an environment variable; the public one by default
    config: Mapping[str, object] = field(default_factory=dict)  # Portkey's config of every call
    features: frozenset[str] = FEATURES  # which arguments are handled; others of ARGUMENTS are refused
    positional: int | None = None  # how many arguments are taken by position; None for all of them


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
TITLES = {"llm-gateway": "the LLM gateway", "portkey": "Portkey"}
CLIENTS = {"llm-gateway": ("OpenAI", "AsyncOpenAI"), "portkey": ("Portkey", "AsyncPortkey")}


def render(target: str, names: frozenset[str], settings: Settings) -> str:
    """The module for the names that the project uses, such as {"completion", "aembedding", "client"}.

    They are functions of LiteLLM that `litellm.toml` knows, or what parts of `templates/parts.toml` provide. It is
    formatted for lines of 88 characters and more. Raises MigrateError for an unknown target, and for a name that has no
    counterpart there.
    """
    table = load(target)
    wanted = with_needs(table, names)
    functions = {name: function for name, function in table.functions.items() if name in wanted}
    flags = {target, *settings.features, *wanted, *({"transcription"} & {f.name for f in functions.values()})}
    flags = flags | {"chat"} if any(f.parse for f in functions.values()) else flags - {"parsed"}
    values = _values(table, functions, settings, flags)
    texts = []
    for part in parts.of(target):
        if part.name in flags:
            texts.append(fill(template(part.name), flags, values))
        if part.name == "callbacks":
            texts += [_function(table, name, function, flags) for name, function in functions.items()]
    body = spaced(parts.joined(texts, WIDTH))
    return f"{fill(template('header'), flags, values)}\n{body}\n"


def provided(target: str) -> frozenset[str]:
    """The names that `render` takes."""
    return parts.provided(target) | load(target).functions.keys()


def with_needs(table: Table, names: Iterable[str]) -> frozenset[str]:
    """The names, and everything that they need; MigrateError for one that there is not."""
    there = provided(table.target)
    for name in sorted(names):
        if name not in there:
            why = table.reason(name) or "it is not a function of LiteLLM that is known"
            raise MigrateError(f"{table.target}: `{name}` cannot be generated: {why}")
    return parts.needed(table.target, names, {name: _needs(name, f) for name, f in table.functions.items()})


def _needs(name: str, function: Function) -> list[str]:
    client = "async_client" if name == function.asynchronous else "client"
    return ["arguments", client]


def _values(
    table: Table, functions: Mapping[str, Function], settings: Settings, flags: Collection[str]
) -> dict[str, str]:
    distinct = {function.name: function for function in functions.values()}
    client, async_client = CLIENTS[table.target]
    providers = {**table.models.providers, **settings.providers}
    served = {*providers, *table.models.strip}
    if not table.models.prefix:
        providers = {name: new for name, new in providers.items() if name != new}
    orders = {_order_name(name, f): f.order_of(name) for name, f in functions.items()}
    dropped = _rows(table, Destination.DROP)
    unhandled = (ARGUMENTS[name] for name in ARGUMENTS.keys() - settings.features)
    refused = _rows(table, Destination.MANUAL).union(*unhandled)
    keeps = {f"_{_keep_name(f)}": [*f.keep, *f.takes] for f in distinct.values()}
    return {
        "headline": _headline(table.target, flags),
        "close": "" if "connection" in flags else '"""',
        "errors": "openai" if table.package == "openai" else f"{table.package}.openai",
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "url": settings.base_url or table.url,
        "client": client,
        "async_client": async_client,
        "config": literal(dict(settings.config), exploded=True),
        "providers": literal(providers, exploded=True),
        "bare": literal(dict(table.models.bare), exploded=True),
        "models": literal(dict(settings.models), exploded=True),
        "unserved": words(unserved(table.models, settings.providers)),
        "served": words(sorted(served)),
        "strip": literal(tuple(table.models.strip)),
        "orders": "\n".join(_order(name, names, settings.positional) for name, names in orders.items()),
        "keeps": "\n".join(constant(name, sorted(names)) for name, names in keeps.items()),
        "ignored": words(map(pattern, sorted(dropped - refused)), between=" | "),
        "refused": words(sorted(refused)),
    }


def _function(table: Table, name: str, function: Function, flags: set[str]) -> str:
    asynchronous = name == function.asynchronous
    returns, module = _RETURNS[table.target].get(function.name, ("Any", ""))
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
        "in": "    " if "errors" in flags else "",
        "stream": "AsyncStream" if asynchronous else "Stream",
        "import": f"from {module} import {returns}" if module else "",
        "more": _FALLBACKS if flags >= {"fallbacks", "llm-gateway"} else "",
        "returns": returns,
        "answer": "Any" if "streamed" in flags or table.target == "portkey" else "ChatCompletion",
        "defaults": literal(dict(function.defaults)),
    }
    own = {"defaults": bool(function.defaults), "typed": returns != "Any"}
    own["attempts"] = flags >= {"fallbacks", "llm-gateway"}
    own["audio"] = table.target == "portkey" and function.name == "transcription"
    flags = flags | {name for name, holds in own.items() if holds}
    return fill(template("chat" if function.parse else "function"), flags, values)


_FALLBACKS = """

    Where it fails, each of `fallbacks` is called: a model, or arguments to change. The
    error of the last one is raised.
    """


def _headline(target: str, flags: Collection[str]) -> str:
    """What the module is, by which it is known again, too."""
    if "connection" not in flags:
        return "Counterparts of LiteLLM's functions and classes."
    if "arguments" not in flags:
        return f"The client of {TITLES[target]}."
    return f"The client of {TITLES[target]}, and functions that call it with LiteLLM's arguments."


def _order_name(name: str, function: Function) -> str:
    """The constant that holds the order of `name`; the asynchronous form has its own only where it differs."""
    return f"_{(name if function.order_of(name) != function.order else function.name).upper()}"


def _order(name: str, parameters: list[str], count: int | None) -> str:
    if count is None or count > 3:
        return constant(name, parameters[:count])
    return f"{name} = {literal(tuple(parameters[:count]))}"


def _keep_name(function: Function) -> str:
    return "CHAT" if function.parse else f"{function.name.upper()}_KEYWORDS"


def _rows(table: Table, to: Destination) -> frozenset[str]:
    """Names and patterns of the arguments of every function that go there."""
    rows = (row for row in table.arguments if row.to is to and not row.internal and not row.of)
    return frozenset(name for row in rows for name in row.names)
