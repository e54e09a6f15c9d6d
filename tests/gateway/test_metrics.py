"""What Prometheus reads, as its own parser understands it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from llm_gateway.core.types import Usage
from llm_gateway.server.metrics import OTHER, Metrics
from llm_gateway.state.tables import State, open_state

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
PLACE = {"endpoint": "chat/completions", "provider": "openai", "model": "gpt-4o-mini"}


def usage(**fields: Any) -> Usage:
    given: dict[str, Any] = {
        "at": 1_000_000.0,
        "request_id": "r",
        "trace_id": "t",
        "key": "a-gateway-key",
        "project": "p",
        "status": 200,
        **PLACE,
        **fields,
    }
    return Usage(**given)


def read(metrics: Metrics) -> Samples:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return read(metrics).get((f"llm_gateway_{name}", frozenset(labels.items())))


def models(metrics: Metrics) -> set[str]:
    return {dict(labels)["model"] for name, labels in read(metrics) if name == "llm_gateway_requests_total"}


def test_nothing_is_counted_before_the_first_request() -> None:
    assert not [name for name, _ in read(Metrics()) if name.startswith("llm_gateway")]


def test_two_of_them_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.observe(usage())
    assert value(one, "requests_total", **PLACE, status="200") == 1
    assert value(other, "requests_total", **PLACE, status="200") is None


def test_nonsense_of_a_provider_neither_raises_nor_counts() -> None:
    metrics = Metrics()
    metrics.observe(usage(prompt_tokens=-5, completion_tokens=-1, cost=-3.0))
    metrics.observe(usage(cost=float("nan")))
    assert value(metrics, "requests_total", **PLACE, status="200") == 2
    assert value(metrics, "tokens_total", provider="openai", model="gpt-4o-mini", kind="prompt") == 0
    assert value(metrics, "cost_usd_total", provider="openai", model="gpt-4o-mini") == 0


def test_models_that_nobody_answers_become_no_labels() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.observe(usage(model=f"made-up-{number}", status=404))
    metrics.observe(usage(model="real"))
    assert models(metrics) == {OTHER, "real"}
    metrics.observe(usage(model="real", status=500))
    assert value(metrics, "requests_total", **{**PLACE, "model": "real"}, status="500") == 1


def test_labels_are_bounded() -> None:
    metrics = Metrics(most_models=200)
    for number in range(1000):
        metrics.observe(usage(model=f"model-{number}", endpoint=f"models/{number}"))
    metrics.observe(usage(model="x" * 10_000))
    assert models(metrics) == {OTHER, *(f"model-{number}" for number in range(200))}
    endpoints = {dict(labels).get("endpoint") for name, labels in read(metrics) if name == "llm_gateway_requests_total"}
    assert len(endpoints) == 51
    assert len(metrics._records) == 201


@pytest.mark.parametrize("model", ['"} 1\nforged{a="', "back\\slash", "\ud800", "", "übergroß 模型", "a\0b\rc"])
def test_any_name_of_a_model_can_be_read_back(model: str) -> None:
    metrics = Metrics()
    metrics.observe(usage(model=model))
    names = {name for name, _ in read(metrics)}
    assert not [name for name in names if name.startswith("forged")]
    assert models(metrics) == {model.encode("utf-8", "replace").decode()}


def test_a_request_counts_everywhere_it_should() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.observe(
            usage(prompt_tokens=10, completion_tokens=4, cost=0.25, cache="HIT", seconds=0.2, first_token=0.03)
        )
    metrics.observe(usage(status=500, seconds=40.0))
    of = {"provider": "openai", "model": "gpt-4o-mini"}
    assert value(metrics, "requests_total", **PLACE, status="200") == 2
    assert value(metrics, "requests_total", **PLACE, status="500") == 1
    assert value(metrics, "tokens_total", **of, kind="prompt") == 20
    assert value(metrics, "tokens_total", **of, kind="completion") == 8
    assert value(metrics, "cost_usd_total", **of) == 0.5
    assert value(metrics, "cache_results_total", result="HIT") == 2
    assert value(metrics, "cache_results_total", result="DISABLED") is None
    where = {"endpoint": "chat/completions", "provider": "openai"}
    assert value(metrics, "request_seconds_count", **where) == 3
    assert value(metrics, "request_seconds_sum", **where) == pytest.approx(40.4)
    assert value(metrics, "request_seconds_bucket", **where, le="0.25") == 2
    assert value(metrics, "first_token_seconds_count", provider="openai") == 2
    assert value(metrics, "first_token_seconds_bucket", provider="openai", le="0.025") == 0
    assert value(metrics, "first_token_seconds_bucket", provider="openai", le="0.05") == 2


def test_requests_beyond_the_first_are_counted() -> None:
    metrics = Metrics()
    metrics.observe(usage(attempts=0, cache="HIT"))
    metrics.observe(usage(attempts=1))
    assert value(metrics, "extra_attempts_total", provider="openai") == 0
    metrics.observe(usage(attempts=4, status=500))
    metrics.observe(usage(attempts=2))
    assert value(metrics, "extra_attempts_total", provider="openai") == 4


def test_no_gateway_key_and_no_time_of_making_is_shown() -> None:
    metrics = Metrics()
    metrics.observe(usage())
    text = metrics.text().decode()
    assert "a-gateway-key" not in text and "_created" not in text
    assert metrics.content_type.startswith("text/plain; version=0.0.4")


def test_the_condition_of_the_stores() -> None:
    async def opened() -> State:
        return await open_state()

    state = asyncio.run(opened())
    metrics = Metrics()
    metrics.watch(state)
    assert value(metrics, "store_degraded", store="limiter") == 0
    assert value(metrics, "usage_rows_dropped_total") == 0
    assert value(metrics, "usage_rows_waiting") == 0
    assert value(metrics, "store_degraded", store="semantic") is None
    state.limiter.degraded = "redis://cache: not reachable"  # type: ignore[misc]  # a plain attribute in memory
    assert value(metrics, "store_degraded", store="limiter") == 1
    assert value(metrics, "store_degraded", store="usage") == 0
