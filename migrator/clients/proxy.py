"""The text of a client module for a project that keeps LiteLLM: its functions call LiteLLM, which calls the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from migrator.clients import parts
from migrator.clients.filling import WIDTH, constant, fill, pattern, spaced, template, words
from migrator.clients.module import TITLES, Settings, id_values
from migrator.clients.table import Function, Table, load
from migrator.errors import MigrateError

_SENDS_NO_MODEL = "image_variation"  # LiteLLM leaves the model out of the request
_BATCH = Function("batch_completion", "", "", ["model", "messages"], [], [])
# Functions whose headers do not get through LiteLLM, or into the body.
_WITHOUT_HEADERS = {"image_generation", "transcription", "speech", "moderation"}
# How a function is called for arguments that LiteLLM refuses where it does not know the model.
_HOW = {
    "embedding": ', allowed=("dimensions",)',
    "image_generation": ", in_body=_IMAGE",
}
# These would lead past the gateway, too.
_BESIDE = {"client", "custom_llm_provider", "litellm_credential_name", "use_litellm_proxy"}


def provided(target: str) -> frozenset[str]:
    """The names that `render` takes."""
    return frozenset(_functions(load(target)))


def render(target: str, names: frozenset[str], settings: Settings) -> str:
    """The module for these functions of LiteLLM, formatted for lines of 88 characters and more.

    Raises MigrateError for an unknown target, and for a name that LiteLLM cannot call through the gateway.
    """
    table = load(target)
    there = _functions(table)
    if unknown := sorted(names - there.keys()):
        raise MigrateError(f"{target}: LiteLLM does not call `{unknown[0]}` through the gateway")
    functions = {name: function for name, function in there.items() if name in names}
    flags = {target, "of_provider", *({"chat"} if any(_is_chat(f) for f in functions.values()) else ())}
    flags |= {"images"} if any(f.name == "image_generation" for f in functions.values()) else set()
    values = _values(table, functions, settings)
    texts = [fill(template(name), flags, values) for name in ("model_id", "proxy")]
    texts += [_function(name, function, target) for name, function in functions.items()]
    header = fill(template("proxy_header"), flags, values | {"title": TITLES[target]})
    return f"{header}\n{spaced(parts.joined(texts, WIDTH))}\n"


def _functions(table: Table) -> dict[str, Function]:
    """What can be called through the gateway, by name."""
    known = {name: f for name, f in table.functions.items() if f.name != _SENDS_NO_MODEL}
    return {**known, _BATCH.name: _BATCH}


def _is_chat(function: Function) -> bool:
    return bool(function.parse) or function is _BATCH


def _values(table: Table, functions: Mapping[str, Function], settings: Settings) -> dict[str, str]:
    dropped = next(row for row in table.arguments if "api_key" in row.names)
    orders = {_order_name(name, f): f.order_of(name) for name, f in functions.items()}
    return {
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "url": settings.base_url or table.url,
        **id_values(table, settings),
        "orders": "\n".join(constant(name, names) for name, names in orders.items()),
        "ignored": words(map(pattern, sorted({*dropped.names, *_BESIDE})), between=" | "),
    }


def _order_name(name: str, function: Function) -> str:
    """The constant that holds the parameters by position, which the asynchronous form often shares."""
    own = function.order_of(name) != function.order
    return f"_{(name if own else function.name).upper()}"


def _function(name: str, function: Function, target: str) -> str:
    asynchronous = name == function.asynchronous
    header = ", header=False" if target == "portkey" and function.name in _WITHOUT_HEADERS else ""
    values = {
        "name": name,
        "NAME": _order_name(name, function).removeprefix("_"),
        "def": "async def" if asynchronous else "def",
        "await": "await " if asynchronous else "",
        "sent": "_chat" if _is_chat(function) else "_sent",
        "how": _HOW.get(function.name, "") + header,
    }
    return fill(template("proxied"), {"unstripped"} if name == "moderation" else set(), values)
