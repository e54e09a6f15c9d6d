"""Costs: prices by the table, sums, and budgets."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from llm_gateway import BudgetConfig, CostTracker, LLMGatewayBudgetExceededError, LLMGatewayClient, Usage
from llm_gateway.core.settings import PriceTable
from llm_gateway.cost_models import BudgetThreshold

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def budget(**more: object) -> BudgetConfig:
    day = timedelta(days=1)
    return BudgetConfig(tenant_id="acme", limit_amount=10, period_start=NOW - day, period_end=NOW + day, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> CostTracker:
    return CostTracker(prices={"openai/m": PriceTable(input=1, output=4)}, clock=clock)


def test_an_unknown_price_is_said_and_counts_nothing(tracker: CostTracker) -> None:
    assert tracker.track_request(provider="openai", model="no-such-model", tokens=5) == 0
    assert tracker.get_summary().unpriced_requests == 1


def test_a_hard_budget_raises_once_the_request_is_counted(tracker: CostTracker) -> None:
    tracker.set_budget(budget(hard_limit=True))
    tracker.track_request("openai", "m", cost=9.0, tenant_id="acme")
    assert tracker.check_budget_available("acme", 0.5) == (True, None)
    assert tracker.check_budget_available("acme", 2.0) == (False, "$11.00 would exceed the budget of $10.00")
    with pytest.raises(LLMGatewayBudgetExceededError, match=r"\$11\.00 of \$10\.00") as caught:
        tracker.track_request("openai", "m", cost=2.0, tenant_id="acme")
    assert (caught.value.status_code, caught.value.details["current_spend"]) == (402, 11.0)
    assert tracker.get_total_cost() == 11.0


def test_a_budget_is_for_its_tenant_and_its_period(tracker: CostTracker, clock: Clock) -> None:
    tracker.set_budget(budget(hard_limit=True))
    tracker.track_request("openai", "m", cost=99.0, tenant_id="other")
    tracker.track_request("openai", "m", cost=99.0)
    clock.now += timedelta(days=2)
    tracker.track_request("openai", "m", cost=99.0, tenant_id="acme")
    assert tracker.get_budget("acme").current_spend == 0
    assert tracker.check_budget_available("acme", 99.0) == (True, None)


def test_alerts_come_once_in_a_while(tracker: CostTracker, clock: Clock) -> None:
    tracker.set_budget(
        budget(thresholds=[BudgetThreshold(threshold_percent=50), BudgetThreshold(threshold_percent=90)])
    )
    for cost in (4.0, 1.5, 1.0):
        tracker.track_request("openai", "m", cost=cost, tenant_id="acme")
    assert [alert.percent_consumed for alert in tracker.get_alerts("acme")] == [55.0]
    clock.now += timedelta(seconds=301)
    tracker.track_request("openai", "m", cost=3.0, tenant_id="acme")
    assert [alert.threshold.threshold_percent for alert in tracker.get_alerts()] == [50, 50, 90]
    assert tracker.acknowledge_alert(tracker.get_alerts()[0].alert_id)
    assert not tracker.acknowledge_alert("none")
    assert len(tracker.get_alerts(acknowledged=False)) == 2


@pytest.mark.parametrize(
    ("given", "dollars"),
    [
        ({"tokens": MILLION}, 4.0),
        ({"tokens": Usage(prompt_tokens=MILLION, completion_tokens=MILLION).total_tokens}, 5.0),
        ({"tokens": {"prompt_tokens": MILLION, "completion_tokens": 0}}, 1.0),
        ({"tokens": 2 * MILLION, "input_tokens": MILLION}, 5.0),
        ({"tokens": 2 * MILLION, "output_tokens": 2 * MILLION}, 8.0),
        ({"input_tokens": MILLION, "output_tokens": MILLION}, 5.0),
        ({"tokens": MILLION, "cost": 0.5}, 0.5),
    ],
)
def test_what_a_request_costs(tracker: CostTracker, given: dict[str, object], dollars: float) -> None:
    assert tracker.track_request(provider="openai", model="m", **given) == pytest.approx(dollars)
    assert tracker.get_total_cost() == pytest.approx(dollars)


def test_the_price_table_is_for_a_million_and_agentcores_prices_for_a_thousand(tracker: CostTracker) -> None:
    listed = tracker.track_request("openai", "gpt-4o-mini", input_tokens=MILLION, output_tokens=MILLION)
    assert listed == pytest.approx(0.15 + 0.60)
    metrics = tracker.calculate_request_cost("openai", MILLION, MILLION, 0.00015, 0.0006, "gpt-4o-mini", latency_ms=3)
    assert metrics.total_cost == pytest.approx(listed)
    assert tracker.get_total_cost() == pytest.approx(listed)  # calculating counts nothing


def test_a_provider_without_prices_charges_as_the_models_maker(tracker: CostTracker) -> None:
    assert tracker.track_request("somebody", "gpt-4o-mini", input_tokens=MILLION) == pytest.approx(0.15)


def test_both_calls_can_be_awaited_and_need_not_be() -> None:
    async def run() -> None:
        tracker = CostTracker()
        assert await tracker.track_request(provider="openai", model="m", cost=1.5) == 1.5
        tracker.track_request(provider="openai", model="m", cost=0.1)
        tracker.track_request(provider="openai", model="m", cost=0.2)
        assert await tracker.get_total_cost() == tracker.get_total_cost() == 1.8

    asyncio.run(run())


def test_an_answers_total_is_priced_as_the_gateway_priced_it() -> None:
    async def run() -> None:
        async with LLMGatewayClient(mock=True) as client:
            response = await client.complete(prompt="Say hello [mock usage=1000/10]", model="gpt-5-mini")
        tracker = CostTracker(prices={})
        tracked = tracker.track_request(provider="openai", model="gpt-5-mini", tokens=response.usage.total_tokens)
        assert tracked == pytest.approx(response.cost) == pytest.approx(client.cost_tracker.get_total_cost())

    asyncio.run(run())


def test_a_client_charges_the_tenant_of_the_context() -> None:
    async def run() -> None:
        async with LLMGatewayClient(mock=True) as client:
            await client.complete(prompt="x", model="gpt-5-mini", context={"tenant_id": "acme"})
            async for _ in client.stream(prompt="x", model="gpt-5-mini", context={"tenant_id": "acme"}):
                pass
            assert list(client.cost_tracker.get_summary().tenant_breakdown) == ["acme"]
            assert len(client.cost_tracker.get_cost_history(tenant_id="acme")) == 2

    asyncio.run(run())


def test_a_summary_adds_up_what_is_asked_for(tracker: CostTracker, clock: Clock) -> None:
    tracker.track_request("openai", "m", cost=1.0, tokens=500, latency_ms=10)
    tracker.track_request("google", "g", cost=3.0, tokens=500, latency_ms=30, tenant_id="acme")
    clock.now += timedelta(days=40)
    tracker.track_request("openai", "m", cost=7.0, tokens=0)
    assert tracker.get_summary().total_cost == 7.0
    whole = tracker.get_summary(period_start=NOW, period_end=NOW)
    assert (whole.total_cost, whole.total_requests, whole.average_latency_ms) == (4.0, 2, 20)
    assert whole.average_cost_per_1k_tokens == 4.0
    assert whole.provider_breakdown == {"google": 3.0, "openai": 1.0}
    assert tracker.get_summary(NOW, NOW, provider_id="google").model_breakdown == {"g": 3.0}
    assert tracker.get_summary(tenant_id="nobody").total_requests == 0
    assert [row.total_cost for row in tracker.get_cost_history(limit=1)] == [7.0]
    assert tracker.get_cost_history(limit=0) == []
    assert tracker.get_stats()["last_7d_cost"] == 7.0


def test_old_requests_are_forgotten_and_stay_in_the_total(clock: Clock) -> None:
    tracker = CostTracker(history_retention_days=1, prices={}, clock=clock)
    tracker.track_request("openai", "m", cost=1.0)
    clock.now += timedelta(days=2)
    tracker.track_request("openai", "m", cost=1.0)
    assert len(tracker.get_cost_history()) == 1
    assert tracker.get_total_cost() == 2.0
