"""Costs: the quick arithmetic against the price table's own, and what is not known."""

import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot

from llm_gateway.core.types import Provider
from llm_gateway.pricing import Prices, cost
from llm_gateway.providers import catalog

OPENAI = Provider("openai", "")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

USAGES = [
    ({"prompt_tokens": 1000, "completion_tokens": 200}, Usage(input_tokens=1000, output_tokens=200)),
    ({"prompt_tokens": 7, "total_tokens": 7}, Usage(input_tokens=7)),
    ({"prompt_tokens": 700_001, "completion_tokens": 3}, Usage(input_tokens=700_001, output_tokens=3)),
    ({"prompt_tokens": 200_000, "completion_tokens": 3}, Usage(input_tokens=200_000, output_tokens=3)),
    (
        {"prompt_tokens": 1000, "completion_tokens": 200, "prompt_tokens_details": {"cached_tokens": 400}},
        Usage(input_tokens=1000, output_tokens=200, cache_read_tokens=400),
    ),
    (
        {"input_tokens": 50, "output_tokens": 9, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 80},
        Usage(input_tokens=430, output_tokens=9, cache_read_tokens=300, cache_write_tokens=80),
    ),
    (
        {"input_tokens": 500, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 300}},
        Usage(input_tokens=500, output_tokens=9, cache_read_tokens=300),
    ),
]


def models() -> list[tuple[str, str]]:
    return [(p.id, m.id) for p in get_snapshot().providers for m in p.models if p.find_model(m.id)]


@pytest.mark.parametrize(("usage", "reference"), USAGES, ids=range(len(USAGES)))
def test_every_model_costs_what_the_price_table_says(usage: dict[str, object], reference: Usage) -> None:
    prices = Prices(clock=NOON.timestamp)
    compared = 0
    for provider, model in models():
        expected = get_snapshot().calc(reference, model, provider, None, NOON).total_price
        found = prices.cost(Provider("named", "", prices=provider), model, usage)
        if found is None:
            assert expected == 0, (provider, model)
            continue
        assert found == pytest.approx(float(expected), rel=1e-9, abs=1e-12), (provider, model)
        compared += 1
    assert compared > 2000


def test_unknown_models_providers_and_usage_have_no_cost() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    assert cost(OPENAI, "no-such-model", usage) is None
    assert cost(Provider("openai-compatible", ""), "gpt-4o", usage) is None
    assert cost(Provider("my-openai-proxy", ""), "gpt-4o", usage) is None
    assert cost(OPENAI, "gpt-4o", {}) is None
    assert cost(OPENAI, "gpt-4o", {"prompt_tokens": "many", "completion_tokens": None}) is None
    assert cost(OPENAI, "gpt-4o", {"prompt_tokens": True}) is None
    assert cost(OPENAI, "whisper-1", usage) is None


def test_a_free_model_costs_nothing_rather_than_an_unknown_sum() -> None:
    free = next(m for p, m in models() if p == "openrouter" and m.endswith(":free"))
    assert cost(Provider("openrouter", ""), free, {"prompt_tokens": 5, "completion_tokens": 5}) == 0.0


def test_known_prices() -> None:
    assert cost(OPENAI, "gpt-4o", {"prompt_tokens": 1_000_000}) == pytest.approx(2.5)
    assert cost(OPENAI, "gpt-4o", {"completion_tokens": 1_000_000}) == pytest.approx(10)
    assert cost(OPENAI, "GPT-4o", {"completion_tokens": 1_000_000}) == pytest.approx(10)
    assert cost(OPENAI, "text-embedding-3-small", {"prompt_tokens": 1_000_000}) == pytest.approx(0.02)
    assert cost(OPENAI, "whisper-1", {"type": "duration", "seconds": 60}) == pytest.approx(0.006)
    anthropic = catalog.load()["anthropic"]
    long_lived = {
        "input_tokens": 0,
        "cache_creation_input_tokens": 1_000_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1_000_000},
    }
    assert cost(anthropic, "claude-3-5-haiku-latest", {"input_tokens": 1_000_000}) == pytest.approx(0.8)
    assert cost(anthropic, "claude-3-5-haiku-latest", long_lived) == pytest.approx(1.6)


def test_more_cached_tokens_than_tokens_cost_no_less_than_the_cached_ones() -> None:
    odd = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 1_000_000}}
    assert cost(OPENAI, "gpt-4o", odd) == pytest.approx(1.25)


def test_reasoning_is_paid_once() -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 900_000}}
    included = {"prompt_tokens": 0, "completion_tokens": 1_000_000, **details}
    apart = {"prompt_tokens": 0, "completion_tokens": 100_000, **details}
    assert cost(OPENAI, "o3", included) == cost(OPENAI, "o3", {"completion_tokens": 1_000_000})
    grok = catalog.load()["grok"]
    assert cost(grok, "grok-4", apart) == cost(grok, "grok-4", {"completion_tokens": 1_000_000}) is not None


def test_openrouter_says_itself_what_a_request_cost() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "cost": 0.25}
    assert cost(catalog.load()["openrouter"], "anything/at-all", usage) == 0.25
    assert cost(OPENAI, "gpt-4o", usage) == pytest.approx(35e-6)


def test_the_users_prices_come_first() -> None:
    prices = Prices({"openai/gpt-4o": (1, 2), "ollama/llama3": (0, 0)})
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
    assert prices.cost(OPENAI, "gpt-4o", usage) == pytest.approx(3)
    assert prices.cost(catalog.load()["ollama"], "llama3", usage) == 0
    assert prices.cost(OPENAI, "gpt-4o-mini", usage) == pytest.approx(0.75)


def test_the_mock_is_priced_as_the_model_it_plays() -> None:
    mock, usage = catalog.load()["mock"], {"prompt_tokens": 1000, "completion_tokens": 10}
    assert cost(mock, "gpt-4o", usage) == cost(OPENAI, "gpt-4o", usage) is not None
    assert cost(mock, "claude-3-5-haiku-latest", usage) is not None
    assert cost(mock, "mock-1", usage) is None


def test_prices_change_with_the_time_of_day_without_a_restart() -> None:
    timed = next(
        (provider, model)
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list) and any(hasattr(each.constraint, "end_time") for each in model.prices)
    )
    provider, model = timed[0].id, timed[1].id
    now = [datetime(2026, 11, 20, tzinfo=UTC).timestamp()]
    prices, seen = Prices(clock=lambda: now[0]), set()
    for _ in range(48):
        moment = datetime.fromtimestamp(now[0], UTC)
        expected = get_snapshot().calc(Usage(input_tokens=1000), model, provider, None, moment).total_price
        assert prices.cost(Provider(provider, ""), model, {"prompt_tokens": 1000}) == pytest.approx(float(expected))
        seen.add(expected)
        now[0] += 1800
    assert len(seen) > 1


def test_prices_change_on_their_date_without_a_restart() -> None:
    provider, model, start = next(
        (provider.id, model.id, each.constraint.start_date)
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for each in model.prices
        if hasattr(each.constraint, "start_date") and len({repr(p.prices) for p in model.prices}) > 1
    )
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()
    now = [midnight - 1]
    prices = Prices(clock=lambda: now[0])
    for at in (midnight - 1, midnight):
        now[0] = at
        moment = datetime.fromtimestamp(at, UTC)
        expected = get_snapshot().calc(Usage(input_tokens=10**6), model, provider, None, moment).total_price
        assert prices.cost(Provider(provider, ""), model, {"prompt_tokens": 10**6}) == pytest.approx(float(expected))


def test_names_from_requests_do_not_pile_up() -> None:
    prices = Prices()
    for number in range(5000):
        assert prices.cost(Provider("groq", ""), f"made-up-{number}", {"prompt_tokens": 1}) is None
    assert len(prices._known) <= 4096


def test_the_price_table_is_loaded_when_first_needed_and_then_costs_little() -> None:
    code = (
        "import sys; import llm_gateway.pricing; sys.exit('genai_prices' in sys.modules or 'pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 5}}
    cost(OPENAI, "gpt-4o", usage)
    best = min(_timed(lambda: cost(OPENAI, "gpt-4o", usage)) for _ in range(50))
    assert best < 50e-6


def _timed(action: object) -> float:
    start = time.perf_counter()
    action()  # type: ignore[operator]
    return time.perf_counter() - start
