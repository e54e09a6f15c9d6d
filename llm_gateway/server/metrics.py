"""What Prometheus reads at `/metrics`: counts and times of finished requests, and the condition of the stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from llm_gateway.core.types import Usage
from llm_gateway.state.tables import State

OTHER = "other"
_LONGEST = 200
_WHOLE = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_FIRST = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_Record = Callable[[Usage], None]


class Metrics:
    """Counts finished requests in a registry of its own. `most_models` names become labels; the rest is `other`."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, most_models: int = 200) -> None:
        self._registry = _Registry(auto_describe=True)
        counter = partial(Counter, namespace="llm_gateway", registry=self._registry)
        histogram = partial(Histogram, namespace="llm_gateway", registry=self._registry)
        place = ("endpoint", "provider", "model")
        self._requests = counter("requests", "Finished requests.", (*place, "status"))
        self._tokens = counter("tokens", "Tokens, by kind: prompt or completion.", ("provider", "model", "kind"))
        self._cost = counter("cost_usd", "US dollars, where a price is known.", ("provider", "model"))
        self._extra = counter(
            "extra_attempts", "Upstream requests beyond the first of a call, by who answered in the end.", ("provider",)
        )
        self._cache = counter("cache_results", "Requests whose config asks for a cache, by what it gave.", ("result",))
        self._seconds = histogram(
            "request_seconds", "From a request to the end of its reply.", ("endpoint", "provider"), buckets=_WHOLE
        )
        self._first = histogram(
            "first_token_seconds", "From a request to the first piece of its stream.", ("provider",), buckets=_FIRST
        )
        ProcessCollector(registry=self._registry)
        self._models, self._endpoints = _Names(most_models), _Names(50)
        self._records: dict[tuple[str, str, str, int, str], _Record] = {}

    def watch(self, state: State) -> None:
        """Adds the condition of the stores. Once only."""
        self._registry.register(_Stores(state))

    def observe(self, usage: Usage) -> None:
        """Counts a finished request."""
        # A name takes its place when it is first answered, so that nobody fills the places with what does not exist.
        answered = usage.status < 400
        model, endpoint = self._models.label(usage.model, answered), self._endpoints.label(usage.endpoint, answered)
        key = (endpoint, usage.provider, model, usage.status, usage.cache)
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = self._record(*key)
        record(usage)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def _record(self, endpoint: str, provider: str, model: str, status: int, cache: str) -> _Record:
        """What counts requests with these labels; looking labels up each time would cost more than counting."""
        requests = self._requests.labels(endpoint, provider, model, str(status))
        prompt = self._tokens.labels(provider, model, "prompt")
        completion = self._tokens.labels(provider, model, "completion")
        cost = self._cost.labels(provider, model)
        extra = self._extra.labels(provider)
        seconds = self._seconds.labels(endpoint, provider)
        first = self._first.labels(provider)
        result = self._cache.labels(cache) if cache != "DISABLED" else None

        def record(usage: Usage) -> None:
            requests.inc()
            if usage.prompt_tokens > 0:  # what a provider says may be nonsense, which a counter would refuse
                prompt.inc(usage.prompt_tokens)
            if usage.completion_tokens > 0:
                completion.inc(usage.completion_tokens)
            if usage.cost is not None and usage.cost > 0:
                cost.inc(usage.cost)
            if usage.attempts > 1:
                extra.inc(usage.attempts - 1)
            seconds.observe(usage.seconds)
            if usage.first_token is not None:
                first.observe(usage.first_token)
            if result is not None:
                result.inc()

        return record


class _Names:
    """The first `most` values of a label that clients choose, kept apart from all the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {"": ""}

    def label(self, name: str, admit: bool) -> str:
        """The label for `name`. A new one is made only if it may be admitted and there is room."""
        known = self._known.get(name)
        if known is not None:
            return known
        if not admit or len(self._known) > self._most or len(name) > _LONGEST:
            return OTHER
        label = self._known[name] = name.encode("utf-8", "replace").decode()
        return label


class _Registry(CollectorRegistry):
    """Without the time at which each series was made, which would nearly double them."""

    def collect(self) -> Iterator[Metric]:
        for family in super().collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class _Stores(Collector):
    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        state = self._state
        degraded = GaugeMetricFamily("llm_gateway_store_degraded", "1 while a store is degraded.", labels=["store"])
        for name, trouble in state.conditions().items():
            degraded.add_metric([name], trouble is not None)
        yield degraded
        waiting = "Rows of usage that are not yet written."
        yield GaugeMetricFamily("llm_gateway_usage_rows_waiting", waiting, state.usage.waiting)
        dropped = "Rows of usage that there was no room for."
        yield CounterMetricFamily("llm_gateway_usage_rows_dropped", dropped, state.usage.dropped)
