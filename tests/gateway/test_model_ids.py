"""What a model's name says of its provider."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_gateway.core.errors import GatewayError
from llm_gateway.providers import catalog
from llm_gateway.routing.model_ids import Route, Table, default_table, read_table, split

PROVIDERS = {"openai", "anthropic", "google", "openrouter", "mock"}
SLUGS = {"openai-prod", "a"}


def route(model: str) -> Route:
    return split(model, PROVIDERS, SLUGS, default_table())


@pytest.mark.parametrize("model", ["@nobody/gpt-4o", "@", "@/gpt-4o", "@nobody"])
def test_unknown_slugs_are_refused(model: str) -> None:
    with pytest.raises(GatewayError) as refused:
        route(model)
    assert refused.value.message == f"Following keys are not valid: {model[1:].split('/')[0]}"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("", Route(None, None, "")),
        ("portkey-default", Route(None, None, "")),
        ("@openai-prod/portkey-default", Route(None, "openai-prod", "")),
        ("@openai-prod", Route(None, "openai-prod", "")),
        ("@openai-prod/gpt-4o", Route(None, "openai-prod", "gpt-4o")),
        ("@a/openai/gpt-4o", Route(None, "a", "openai/gpt-4o")),
        ("@cf/meta/llama-3", Route(None, None, "@cf/meta/llama-3")),
        ("@hf/x/y", Route(None, None, "@hf/x/y")),
        ("openai/gpt-4o", Route("openai", None, "gpt-4o")),
        ("openrouter/openai/gpt-4o", Route("openrouter", None, "openai/gpt-4o")),
        ("openai/", Route(None, None, "openai/")),
        ("meta-llama/Llama-3", Route(None, None, "meta-llama/Llama-3")),
        ("OpenAI/gpt-4o", Route(None, None, "OpenAI/gpt-4o")),
        ("gpt-5.2", Route("openai", None, "gpt-5.2")),
        ("o3", Route("openai", None, "o3")),
        ("o300", Route(None, None, "o300")),
        ("claude-opus-4-5", Route("anthropic", None, "claude-opus-4-5")),
        ("gemini-3-flash", Route("google", None, "gemini-3-flash")),
        ("text-embedding-3-small", Route("openai", None, "text-embedding-3-small")),
        ("text-embedding-004", Route("google", None, "text-embedding-004")),
        ("grok-4", Route(None, None, "grok-4")),  # the provider is not among the known ones
        ("llama-3.3-70b", Route(None, None, "llama-3.3-70b")),
        ("a/b", Route(None, None, "a/b")),  # a slug needs its @
    ],
)
def test_names(model: str, expected: Route) -> None:
    assert route(model) == expected


def test_an_exact_id_beats_prefixes_and_of_these_the_longest_wins() -> None:
    table = read_table('[prefixes]\n"g" = "short"\n"gpt-" = "long"\n[exact]\n"gpt-0" = "exact"')
    assert [table.provider(model) for model in ("gpt-0", "gpt-1", "gx", "x")] == ["exact", "long", "short", None]


def test_an_empty_table_knows_nothing() -> None:
    assert read_table("") == Table({}, ())
    assert split("gpt-4o", PROVIDERS, SLUGS, read_table("")) == Route(None, None, "gpt-4o")


def test_the_table_names_providers_that_there_are() -> None:
    table = default_table()
    assert {*table.exact.values(), *dict(table.prefixes).values()} <= set(catalog.load())


@given(st.text() | st.from_regex(r"[@a/]{0,6}", fullmatch=True))
def test_nothing_of_a_name_is_lost(model: str) -> None:
    try:
        found = route(model)
    except GatewayError:
        assert model.startswith("@")
        return
    head = f"@{found.integration_slug}/" if found.integration_slug else f"{found.provider}/"
    assert model in (found.model, head + found.model, head[:-1]) or model == "portkey-default"
