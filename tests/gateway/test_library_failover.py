"""Failover in its three spellings, and the registry that chooses."""

import asyncio
import os
from pathlib import Path

import pytest
from library import Script, down

from llm_gateway import (
    CostTracker,
    FailoverConfig,
    FailoverManager,
    LLMGatewayAuthenticationError,
    LLMGatewayClient,
    LLMGatewayConfigurationError,
    LLMGatewayProviderError,
    LLMGatewayRateLimitError,
    LLMGatewayValidationError,
    LLMRequest,
    ProviderConfiguration,
    ProviderRegistry,
    get_provider_registry,
)
from llm_gateway.provider import ProviderPricing, ProviderSelectionCriteria

MODEL = "gpt-5-mini"
ALL = {"openai": down(500, "first"), "anthropic": down(429, "second"), "google": down(429, "third", retry_after="9")}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM_GATEWAY_", "PORTKEY_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


class Monitor:
    def __init__(self, *up: str) -> None:
        self.up = up

    def is_provider_available(self, provider_id: str) -> bool:
        return provider_id in self.up


def managers(script: Script) -> list[FailoverManager]:
    """The same providers in each of the spellings."""

    def client() -> LLMGatewayClient:
        return LLMGatewayClient(mock=script)

    config = FailoverConfig(primary_provider="openai", fallback_providers=["anthropic", "google"])
    return [
        FailoverManager(config=config, client=client()),
        FailoverManager(primary="openai", fallbacks=["anthropic", "google"], client=client()),
        FailoverManager(client(), ProviderRegistry(), Monitor("openai", "anthropic", "google")),
    ]


def run(manager: FailoverManager, **named: str) -> str:
    return asyncio.run(manager.execute_with_fallback(**({"prompt": "x", "model": MODEL} | named)))


def test_a_provider_that_nobody_knows_is_refused() -> None:
    with pytest.raises(LLMGatewayProviderError, match="unknown provider 'portkey'"):
        FailoverManager(primary="portkey", fallbacks=["openai"])
    with pytest.raises(LLMGatewayProviderError, match="not among the client's providers"):
        FailoverManager(LLMGatewayClient(providers=["openai"]), primary="google")


def test_two_spellings_at_once_are_refused() -> None:
    with pytest.raises(LLMGatewayConfigurationError, match="not both"):
        FailoverManager(config=FailoverConfig(), primary="openai")


@pytest.mark.parametrize("spelling", range(3))
def test_when_all_fail_the_last_ones_error_is_raised(spelling: int) -> None:
    script = Script(ALL)
    with pytest.raises(LLMGatewayRateLimitError, match="third") as caught:
        run(managers(script)[spelling])
    assert (caught.value.provider, caught.value.retry_after) == ("google", 9.0)
    assert [name for name, _ in script.asked] == ["openai", "anthropic", "google"]  # each asked once


def test_a_request_that_says_nothing_asks_nobody() -> None:
    script = Script()
    with pytest.raises(LLMGatewayValidationError):
        asyncio.run(managers(script)[0].execute_with_fallback(prompt="x"))
    assert not script.asked


def test_providers_that_are_down_are_not_asked() -> None:
    script = Script()
    manager = FailoverManager(LLMGatewayClient(mock=script), ProviderRegistry(), Monitor("google"))
    run(manager)
    assert [name for name, _ in script.asked] == ["google"]
    assert manager.get_available_providers_count() == 1
    manager.health_monitor = Monitor()
    with pytest.raises(LLMGatewayProviderError, match="no provider is available"):
        run(manager)


def test_without_any_key_the_error_says_what_is_missing() -> None:
    with pytest.raises(LLMGatewayAuthenticationError, match="GEMINI_API_KEY"):
        run(FailoverManager(primary="openai", fallbacks=["google"]))


@pytest.mark.parametrize("spelling", range(3))
@pytest.mark.parametrize(
    ("failing", "asked"),
    [
        ((), [("openai", MODEL)]),
        (("openai",), [("openai", MODEL), ("anthropic", "claude-haiku-4-5")]),
        (
            ("openai", "anthropic"),
            [("openai", MODEL), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash")],
        ),
    ],
)
def test_the_first_that_answers_is_taken(spelling: int, failing: tuple[str, ...], asked: list[tuple[str, str]]) -> None:
    script = Script({name: ALL[name] for name in failing})
    assert run(managers(script)[spelling]) == "Mock reply to: x"
    assert script.asked == asked


def test_the_whole_answer_says_whose_it_is() -> None:
    manager = managers(Script({"openai": down(500)}))[2]
    manager.cost_tracker = CostTracker(prices={})
    request = LLMRequest(model=MODEL, prompt="x", context={"tenant_id": "acme"})
    response = asyncio.run(manager.execute_with_failover(request))
    assert (response.provider, response.model) == ("anthropic", "claude-haiku-4-5")
    assert manager.cost_tracker.get_total_cost() == pytest.approx(response.cost)
    assert manager.cost_tracker.get_summary().tenant_breakdown.keys() == {"acme"}
    only = asyncio.run(manager.execute_with_specific_provider(request, "google"))
    assert (only.provider, only.model) == ("google", "gemini-2.5-flash")


def test_the_model_in_place_of_another_can_be_named() -> None:
    script = Script({"openai": down(500)})
    client = LLMGatewayClient(mock=script, default_models={"anthropic": "claude-a", "google": "gemini-a"})
    config = FailoverConfig(fallback_providers=["anthropic"], models={"anthropic": "claude-b"})
    run(FailoverManager(client, config=config))
    run(FailoverManager(client, primary="openai", fallbacks=["google"]))
    run(FailoverManager(client, primary="openai", fallbacks=["google"], models={"google": "gemini-b"}))
    asked = [model for _, model in script.asked if model != MODEL]
    assert asked == ["claude-b", "gemini-a", "gemini-b"]


def test_a_manager_alone_takes_its_client_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_GATEWAY_MOCK", "1")
    manager = FailoverManager(FailoverConfig(primary_provider="google"))
    assert run(manager) == "Mock reply to: x"
    asyncio.run(manager.close())


def test_the_registry_refuses_what_is_no_provider(tmp_path: Path) -> None:
    registry = ProviderRegistry()
    with pytest.raises(LLMGatewayConfigurationError, match="unknown provider 'nobody'"):
        registry.register_provider("nobody")
    with pytest.raises(LLMGatewayProviderError, match="no provider meets"):
        registry.select_provider(ProviderSelectionCriteria(tags=["eu"]))
    with pytest.raises(LLMGatewayConfigurationError, match="No such file"):
        registry.load_from_file(tmp_path / "none.json")
    for text in ("{", "[]", "{}", '{"providers": [{}]}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(LLMGatewayConfigurationError, match=r"bad\.json"):
            registry.load_from_file(tmp_path / "bad.json")


def test_the_registry_lists_names() -> None:
    registry = ProviderRegistry()
    names = registry.list_providers()
    assert ", ".join(names) == "openai, anthropic, google"
    assert [name.provider_id for name in names] == [name.config.provider_id for name in names]
    registry.register_provider(ProviderConfiguration(provider_id="groq", enabled=False, tags=["fast"]))
    assert registry.list_providers() == names
    assert registry.list_providers(enabled_only=False, tags=["fast"]) == ["groq"]
    assert registry.get_provider("none") is None
    assert registry.get_stats() == {"total_providers": 4, "enabled_providers": 3}
    assert get_provider_registry() is get_provider_registry()


def test_the_registry_chooses_by_wish_then_priority_and_price(tmp_path: Path) -> None:
    registry = ProviderRegistry()
    dear = ProviderPricing(input_token_price=1, output_token_price=3)
    registry.register_provider(ProviderConfiguration(provider_id="groq", priority=200, pricing=dear))
    registry.save_to_file(tmp_path / "providers.json")
    again = ProviderRegistry(())
    again.load_from_file(tmp_path / "providers.json")

    def chosen(**criteria: object) -> list[str]:
        found = again.select_provider(ProviderSelectionCriteria(**criteria))
        return [found.provider.provider_id, *(each.provider_id for each in found.fallback_providers)]

    assert chosen() == ["groq", "openai", "anthropic", "google"]
    assert chosen(preferred_providers=["google"]) == ["google", "groq", "openai", "anthropic"]
    assert chosen(max_cost_per_1k_tokens=1.9, excluded_providers=["openai"]) == ["anthropic", "google"]
