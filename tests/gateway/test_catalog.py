"""The providers' data: complete, consistent, and spelled as other gateways spell it."""

from urllib.parse import urlsplit

import pytest

from llm_gateway.providers import catalog

GIVEN_IN_SETTINGS = {"azure-openai", "openai-compatible"}
LOCAL = {"lmstudio", "ollama", "vllm"}


@pytest.mark.parametrize("name", sorted({provider.name for provider in catalog.load().values()}))
def test_each_provider_can_be_called(name: str) -> None:
    provider = catalog.load()[name]
    assert provider.name == name
    if name in GIVEN_IN_SETTINGS:
        assert provider.base_url == ""
        return
    if name == "mock":
        assert (provider.dialect, provider.base_url, provider.key_env) == ("mock", "mock:", ())
        return
    url = urlsplit(provider.base_url)
    assert url.scheme == ("http" if name in LOCAL else "https")
    assert (url.hostname == "localhost") == (name in LOCAL)
    assert not provider.base_url.endswith("/")
    assert not url.query
    assert not url.path.endswith(("/chat", "/completions"))
    assert provider.auth == "none" or provider.key_env


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("gemini", "google"),
        ("azure", "azure-openai"),
        ("mistral", "mistral-ai"),
        ("mistralai", "mistral-ai"),
        ("xai", "x-ai"),
        ("grok", "x-ai"),
        ("together", "together-ai"),
        ("together_ai", "together-ai"),
        ("fireworks_ai", "fireworks-ai"),
        ("perplexity", "perplexity-ai"),
        ("nvidia_nim", "nvidia"),
        ("moonshotai", "moonshot"),
        ("aiml", "aimlapi"),
        ("hosted_vllm", "vllm"),
        ("lm_studio", "lmstudio"),
        ("custom_openai", "openai-compatible"),
    ],
)
def test_other_spellings(spelling: str, name: str) -> None:
    assert catalog.load()[spelling] is catalog.load()[name]


def test_anthropic_is_spoken_to_in_its_own_dialect() -> None:
    provider = catalog.load()["anthropic"]
    assert (provider.dialect, provider.auth) == ("anthropic", "x-api-key")
    assert provider.headers == {"anthropic-version": "2023-06-01"}


def test_keys_go_to_one_provider_only() -> None:
    owners: dict[str, str] = {}
    for provider in {id(p): p for p in catalog.load().values()}.values():
        for name in provider.key_env:
            assert owners.setdefault(name, provider.name) == provider.name


def test_the_price_table_knows_the_providers_that_it_is_said_to_know() -> None:
    from genai_prices.data_snapshot import get_snapshot

    priced = {provider.id for provider in get_snapshot().providers}
    for provider in catalog.load().values():
        if provider.prices:
            assert provider.prices in priced | {"*"}, provider.name
    assert {p.prices or p.name for p in catalog.load().values()} - priced == {
        "*",
        "aimlapi",
        "dashscope",
        "deepinfra",
        "lmstudio",
        "nvidia",
        "ollama",
        "openai-compatible",
        "sambanova",
        "vllm",
    }


def test_the_catalog_is_read_once_and_sorted() -> None:
    assert catalog.load() is catalog.load()
    assert list(catalog.load()) == sorted(catalog.load())
