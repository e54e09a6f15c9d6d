"""The text of a migrated project's client module: what `litellm.toml` says, as Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field

from migrator.clients import functions, parts
from migrator.clients.filling import WIDTH, fill, literal, packed, pattern, spaced, template, words
from migrator.clients.ids import unserved
from migrator.clients.table import Destination, Function, Table, load
from migrator.errors import MigrateError

# What is generated only on demand: a name, and the arguments of LiteLLM it is about.
ARGUMENTS: Mapping[str, Set[str]] = {
    "retries": {"num_retries", "max_retries"},
    "metadata": {"metadata", "litellm_metadata", "tags", "litellm_trace_id", "litellm_session_id"},
    "cache": {"cache", "caching"},
    "fallbacks": {"fallbacks"},
    "custom_llm_provider": {"custom_llm_provider"},
}
# The same of arguments that the SDK takes without it: model classes, streams that are typed and may be None or False.
SDK_ARGUMENTS: Mapping[str, Set[str]] = {"parsed": {"response_format"}, "streamed": {"stream", "stream_options"}}
# Flags of what Portkey is told by options of the client.
_OPTIONS = {"retries", "metadata", "cache", "config", "bare", "parsed"}
# Features and parts that ask for the id of a model with its provider beside it.
_WITH_PROVIDER = {"custom_llm_provider", "registry", "RerankResponse"}
FEATURE_ARGUMENTS = {**ARGUMENTS, **SDK_ARGUMENTS}
FEATURES = frozenset(FEATURE_ARGUMENTS)


@dataclass(frozen=True)
class Settings:
    """What a project may decide about its client module."""

    providers: Mapping[str, str] = field(default_factory=dict)  # LiteLLM's provider -> the target's, over the table's
    models: Mapping[str, str] = field(default_factory=dict)  # whole model ids -> the target's
    base_url: str = ""  # the address without an environment variable; the public one by default
    config: Mapping[str, object] = field(default_factory=dict)  # Portkey's config of every call
    features: frozenset[str] = FEATURES  # which arguments are handled; others of ARGUMENTS are refused
    ignored: frozenset[str] | None = None  # which of the arguments that concern LiteLLM alone are known; None for all
    positional: int | None = None  # how many arguments are taken by position; None for all of them


TITLES = {"llm-gateway": "the LLM gateway", "portkey": "Portkey"}


def render(target: str, names: frozenset[str], settings: Settings) -> str:
    """The module for the names that the project uses, such as {"completion", "aembedding", "client"}.

    They are functions of LiteLLM that `litellm.toml` knows, or what parts of `templates/parts.toml` provide. It is
    formatted for lines of 88 characters and more. Raises MigrateError for an unknown target, and for a name that has no
    counterpart there.
    """
    table = load(target)
    wanted = with_needs(table, names)
    its = {name: function for name, function in table.functions.items() if name in wanted}
    flags = _flags(table, wanted, its, settings)
    values = _values(table, its, settings, flags)
    texts = []
    for part in parts.of(target):
        if part.name in flags:
            texts.append(fill(template(part.name), flags, values))
        if part.name == "callbacks":
            texts += [functions.written(table, name, each, flags, settings.positional) for name, each in its.items()]
    body = spaced(parts.joined(texts, WIDTH))
    return f"{fill(template('header'), flags, values)}\n{body}\n"


def _flags(table: Table, wanted: Set[str], its: Mapping[str, Function], settings: Settings) -> Set[str]:
    flags = {table.target, *settings.features, *wanted, *({"transcription"} & {f.name for f in its.values()})}
    flags |= {"retries"} if "num_retries" in wanted else set()
    flags |= {"of_provider"} if flags & _WITH_PROVIDER else set()
    flags |= {"positions"} if functions.takes_positions(settings.positional) else set()
    flags = flags | {"chat"} if any(f.parse for f in its.values()) else flags - {"parsed"}
    if table.target == "portkey":
        bare = "fallbacks" in flags or not all(map(functions.takes_all, its.values()))
        flags |= {"bare"} if bare else set()
        flags |= {"milliseconds"} if bare or "parsed" in flags else set()
        flags |= {"config"} if flags & {"retries", "fallbacks", "caching"} else set()
    flags |= {"one"} if len({f.name for f in its.values()}) == 1 and "bare" not in flags else set()
    options = {"retries"} if table.target == "llm-gateway" else _OPTIONS
    return flags | ({"options"} if flags & options else set())


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
    table: Table, written: Mapping[str, Function], settings: Settings, flags: Collection[str]
) -> dict[str, str]:
    client, async_client = functions.CLIENTS[table.target]
    resources, known = functions.known(table, written, flags)
    unhandled = (ARGUMENTS[name] for name in ARGUMENTS.keys() - flags)
    refused = _rows(table, Destination.MANUAL).union(*unhandled)
    ignored = ignorable(table.target) if settings.ignored is None else settings.ignored | _of_providers(table)
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
        "resources": resources,
        "known": known,
        "orders": functions.orders(written),
        "ignored": words(map(pattern, sorted(ignored - refused)), between=" | "),
        "among": next(iter(functions.known_names(written)), "") if "one" in flags else "known",
        "chat_only": "" if "one" in flags else " if name in known",
        "of_chat": "" if "one" in flags else '"messages" in known and ',
        "split": _split_head(flags),
        "refused": packed("_REFUSED", frozenset(refused)),
        **id_values(table, settings),
    }


def _split_head(flags: Collection[str]) -> str:
    """The first line of the function that sorts arguments, or its lines."""
    known = "" if "one" in flags else "known: Collection[str]"
    if "options" not in flags:
        return f"def _split({', '.join(filter(None, ['given: _Arguments', known]))}) -> _Arguments:"
    if not known:
        return "def _split(given: _Arguments) -> tuple[_Arguments, _Arguments]:"
    return f"def _split(\n    given: _Arguments,\n    {known},\n) -> tuple[_Arguments, _Arguments]:"


def id_values(table: Table, settings: Settings) -> dict[str, str]:
    """What the part about model ids is filled with."""
    providers = {**table.models.providers, **settings.providers}
    served = {*providers, *table.models.strip}
    if not table.models.prefix:
        providers = {name: new for name, new in providers.items() if name != new}
    return {
        "providers": packed("PROVIDERS", providers),
        "bare": packed("_BARE", dict(table.models.bare)),
        "models": literal(dict(settings.models), exploded=True),
        "unserved": packed("_UNSERVED", unserved(table.models, settings.providers)),
        "served": f"provider_list = [*PROVIDERS, {', '.join(map(literal, table.models.strip))}]"
        if table.models.prefix
        else packed("provider_list", sorted(served)),
        "strip": literal(tuple(table.models.strip)),
    }


def _headline(target: str, flags: Collection[str]) -> str:
    """What the module is, by which it is known again, too."""
    if "connection" not in flags:
        return "Counterparts of LiteLLM's functions and classes."
    if "arguments" not in flags:
        return f"The client of {TITLES[target]}."
    return f"The client of {TITLES[target]}, and functions that call it with LiteLLM's arguments."


def ignorable(target: str) -> frozenset[str]:
    """The arguments, as `litellm.toml` names them, that concern LiteLLM alone."""
    return _rows(load(target), Destination.DROP)


def _of_providers(table: Table) -> frozenset[str]:
    """Those that are keys, addresses and accounts of providers, which never go anywhere."""
    return frozenset(next(row.names for row in table.arguments if "api_key" in row.names))


def _rows(table: Table, to: Destination) -> frozenset[str]:
    """Names and patterns of the arguments of every function that go there."""
    rows = (row for row in table.arguments if row.to is to and not row.internal and not row.of)
    return frozenset(name for row in rows for name in row.names)
