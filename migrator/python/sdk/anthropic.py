"""Clients of Anthropic's API, its own and those of frameworks: how they take an address and a key."""

from __future__ import annotations

from migrator.patterns import under

AS_TOKEN = "the key is a bearer token, and the SDK adds /v1 to the address"
WITH_TOKEN = "the key is sent as a bearer token too, and Anthropic's SDK adds /v1 to the address"
PATH_ADDED = "Anthropic's SDK adds /v1 to the address"
_NAME = "Anthropic"
_WITHIN = ("anthropic", "langchain_anthropic", "langchain_community", "llama_index", "pydantic_ai", "autogen_ext")


def adds_path(name: str, dotted: str) -> bool:
    """Whether a class, by its name and its full one, has Anthropic's SDK inside: that adds `/v1` to the address."""
    return takes_token(name, dotted) or (_NAME in name and any(under(dotted, each) for each in _WITHIN))


def takes_token(name: str, dotted: str) -> bool:
    """Whether a class, by its name and its full one, is the SDK's own: that takes a bearer token as `auth_token`."""
    return name.removeprefix("Async") == _NAME and ("." not in dotted or under(dotted, "anthropic"))
