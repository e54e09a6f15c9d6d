"""Adds up what requests cost, by the price table, and holds it against budgets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from llm_gateway import replies
from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.settings import PriceTable
from llm_gateway.core.types import Provider, Reply
from llm_gateway.cost_models import BudgetAlert, BudgetConfig, CostMetrics, CostSummary
from llm_gateway.exceptions import LLMGatewayBudgetExceededError
from llm_gateway.models import LLMResponse, TokenTotal, Usage
from llm_gateway.pricing import Prices
from llm_gateway.providers import catalog

__all__ = ["BudgetConfig", "CostMetrics", "CostSummary", "CostTracker", "Dollars"]

_MOST = 10_000  # requests that are remembered one by one
_DIGITS = 12  # of sums, so that they do not show what binary fractions leave over
_OWNERS = ("tenant_id", "workflow_id", "agent_id")


class Dollars(float):
    """USD, there at once; awaiting it gives it again, for code written against an asynchronous tracker."""

    def __await__(self) -> Generator[None, None, float]:
        yield from ()
        return float(self)


class CostTracker:
    """Costs of requests, by provider, model and tenant.

    `prices` are the user's own, as in LLMGatewayConfig, whose environment is read where none are given; they come
    before the price table. At most 10,000 requests of the last `history_retention_days` are remembered one by one;
    the total has them all.
    """

    def __init__(
        self,
        history_retention_days: int = 90,
        alert_debounce_seconds: int = 300,
        *,
        prices: Mapping[str, PriceTable] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        own = LLMGatewayConfig().prices if prices is None else prices
        self.history_retention = timedelta(days=history_retention_days)
        self.alert_debounce = timedelta(seconds=alert_debounce_seconds)
        self._prices = Prices({name: (table.input, table.output) for name, table in own.items()})
        self._clock = clock
        self._total = 0.0
        self._history: deque[CostMetrics] = deque(maxlen=_MOST)
        self._budgets: dict[str, BudgetConfig] = {}
        self._alerts: list[BudgetAlert] = []
        self._alerted: dict[tuple[str, float], datetime] = {}

    def track_request(
        self,
        provider: str,
        model: str,
        cost: float | None = None,
        tokens: int | Mapping[str, Any] = 0,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        latency_ms: int | None = None,
        request_id: str | None = None,
        tenant_id: str | None = None,
        workflow_id: str | None = None,
        agent_id: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> Dollars:
        """Counts a request and returns its cost in USD, which may be awaited.

        Without `cost` the price table tells it: exactly for `tokens=response.usage.total_tokens`, for a whole usage
        object, or with `input_tokens` and `output_tokens`. A bare number is charged as output, the dearer kind: an
        upper bound. Raises LLMGatewayBudgetExceededError, the request being counted all the same.
        """
        usage = _usage(tokens, input_tokens, output_tokens)
        known = self._cost(provider, model, usage) if cost is None else cost
        metrics = CostMetrics(
            total_cost=known or 0.0,
            priced=known is not None,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            provider_id=provider,
            model=model,
            timestamp=self._clock(),
            latency_ms=latency_ms,
            request_id=request_id,
            tenant_id=tenant_id,
            workflow_id=workflow_id,
            agent_id=agent_id,
            tags=tags or {},
        )
        self.record_cost(metrics)
        return Dollars(metrics.total_cost)

    def record_cost(self, metrics: CostMetrics) -> None:
        """Counts a request. Raises LLMGatewayBudgetExceededError, the request being counted all the same."""
        self._history.append(metrics)
        self._total += metrics.total_cost
        oldest = self._clock() - self.history_retention
        while self._history and self._history[0].timestamp < oldest:
            self._history.popleft()
        budget = self._budgets.get(metrics.tenant_id or "")
        if budget is None or not budget.is_active(metrics.timestamp):
            return
        budget.current_spend += metrics.total_cost
        self._alert(budget)
        if budget.hard_limit and budget.current_spend > budget.limit_amount:
            spent = f"${budget.current_spend:.2f} of ${budget.limit_amount:.2f}"
            details = budget.model_dump(include={"tenant_id", "current_spend", "limit_amount", "period"})
            raise LLMGatewayBudgetExceededError(f"tenant {budget.tenant_id} has spent {spent}", details=details)

    def record_response(self, response: LLMResponse, context: Mapping[str, Any]) -> None:
        """Counts an answer of a client, at the cost that the gateway has told."""
        usage = response.usage or Usage()
        self.record_cost(
            CostMetrics(
                total_cost=response.cost or 0.0,
                priced=response.cost is not None,
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                provider_id=response.provider or "",
                model=response.model,
                timestamp=self._clock(),
                latency_ms=response.latency_ms,
                request_id=response.metadata.get("request_id"),
                **owners(context),
            )
        )

    def of_stream(self, model: str, usage: Usage, reply: Reply) -> CostMetrics:
        """What a stream has cost, by the usage in its last chunk; nothing is counted."""
        provider, cost = reply.headers["x-portkey-provider"], usage.get("cost")
        if cost is None:
            cost = 0.0 if replies.cached(reply) else self._cost(provider, model, usage)
        return CostMetrics(
            total_cost=cost or 0.0,
            priced=cost is not None,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            provider_id=provider,
            model=model,
            timestamp=self._clock(),
            request_id=reply.headers["x-request-id"],
        )

    def calculate_request_cost(
        self,
        provider_id: str,
        input_tokens: int,
        output_tokens: int,
        input_token_price: float,
        output_token_price: float,
        model: str,
        **of_request: Any,
    ) -> CostMetrics:
        """The cost at prices in USD for a thousand tokens; nothing is counted. The rest are fields of CostMetrics."""
        spent = input_tokens / 1000 * input_token_price, output_tokens / 1000 * output_token_price
        return CostMetrics(
            total_cost=sum(spent),
            input_cost=spent[0],
            output_cost=spent[1],
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            provider_id=provider_id,
            model=model,
            timestamp=self._clock(),
            **{name: value for name, value in of_request.items() if value is not None},
        )

    def get_total_cost(self) -> Dollars:
        """USD of all requests so far, which may be awaited."""
        return Dollars(round(self._total, _DIGITS))

    def get_summary(
        self,
        period_start: datetime | None = None,
        period_end: datetime | None = None,
        tenant_id: str | None = None,
        provider_id: str | None = None,
    ) -> CostSummary:
        """What the requests of a period come to; without a period, those of the last thirty days."""
        end = period_end or self._clock()
        start = period_start or end - timedelta(days=30)
        rows = self.get_cost_history(None, tenant_id, provider_id, start, end)
        summary = CostSummary(period_start=start, period_end=end)
        if not rows:
            return summary
        summary.total_cost = round(sum(row.total_cost for row in rows), _DIGITS)
        summary.total_requests = len(rows)
        summary.unpriced_requests = sum(not row.priced for row in rows)
        summary.total_input_tokens = sum(row.input_tokens for row in rows)
        summary.total_output_tokens = sum(row.output_tokens for row in rows)
        summary.average_cost_per_request = summary.total_cost / len(rows)
        if tokens := summary.total_input_tokens + summary.total_output_tokens:
            summary.average_cost_per_1k_tokens = summary.total_cost / tokens * 1000
        if latencies := [row.latency_ms for row in rows if row.latency_ms is not None]:
            summary.average_latency_ms = round(sum(latencies) / len(latencies))
        summary.provider_breakdown = _sums(rows, "provider_id")
        summary.model_breakdown = _sums(rows, "model")
        summary.tenant_breakdown = _sums(rows, "tenant_id")
        return summary

    def get_cost_history(
        self,
        limit: int | None = None,
        tenant_id: str | None = None,
        provider_id: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> list[CostMetrics]:
        """The requests that are remembered, oldest first; of more than `limit` the latest."""
        rows = [
            row
            for row in self._history
            if (tenant_id is None or row.tenant_id == tenant_id)
            and (provider_id is None or row.provider_id == provider_id)
            and (start_time is None or row.timestamp >= start_time)
            and (end_time is None or row.timestamp <= end_time)
        ]
        return rows if limit is None else rows[max(0, len(rows) - limit) :]

    def get_stats(self) -> dict[str, Any]:
        """Totals, and those of the last day and week."""
        found = {"total_requests": len(self._history), "total_cost": float(self.get_total_cost())}
        for name, days in (("last_24h", 1), ("last_7d", 7)):
            rows = self.get_cost_history(start_time=self._clock() - timedelta(days=days))
            found |= {f"{name}_requests": len(rows), f"{name}_cost": sum(row.total_cost for row in rows)}
        return found | {
            "active_budgets": len(self._budgets),
            "total_alerts": len(self._alerts),
            "unacknowledged_alerts": len(self.get_alerts(acknowledged=False)),
        }

    def set_budget(self, budget: BudgetConfig) -> None:
        """Puts a tenant's budget in force."""
        self._budgets[budget.tenant_id] = budget

    def get_budget(self, tenant_id: str) -> BudgetConfig | None:
        """A tenant's budget with what is spent of it."""
        return self._budgets.get(tenant_id)

    def get_all_budgets(self) -> list[BudgetConfig]:
        """Every budget, in the order they were set."""
        return list(self._budgets.values())

    def check_budget_available(self, tenant_id: str, estimated_cost: float) -> tuple[bool, str | None]:
        """Whether a tenant may spend so many USD more, and if not, why not."""
        budget = self._budgets.get(tenant_id)
        if budget is None or not budget.is_active(self._clock()) or not budget.hard_limit:
            return True, None
        after = budget.current_spend + estimated_cost
        if after <= budget.limit_amount:
            return True, None
        return False, f"${after:.2f} would exceed the budget of ${budget.limit_amount:.2f}"

    def get_alerts(self, tenant_id: str | None = None, acknowledged: bool | None = None) -> list[BudgetAlert]:
        """The alerts so far, oldest first."""
        return [
            alert
            for alert in self._alerts
            if (tenant_id is None or alert.budget_config.tenant_id == tenant_id)
            and (acknowledged is None or alert.acknowledged == acknowledged)
        ]

    def acknowledge_alert(self, alert_id: str) -> bool:
        """Marks an alert as seen; False if there is none of that id."""
        found = [alert for alert in self._alerts if alert.alert_id == alert_id]
        for alert in found:
            alert.acknowledged = True
        return bool(found)

    def _cost(self, provider: str, model: str, usage: Mapping[str, Any]) -> float | None:
        known = catalog.load().get(provider) or Provider(provider, "", prices="*")
        return self._prices.cost(known, model, dict(usage))

    def _alert(self, budget: BudgetConfig) -> None:
        now, percent = self._clock(), 100 * budget.current_spend / budget.limit_amount
        for threshold in budget.thresholds:
            mark = (budget.tenant_id, threshold.threshold_percent)
            last = self._alerted.get(mark)
            if percent < threshold.threshold_percent or (last is not None and now - last < self.alert_debounce):
                continue
            self._alerted[mark] = now
            self._alerts.append(
                BudgetAlert(
                    alert_id=str(uuid4()),
                    budget_config=budget,
                    threshold=threshold,
                    current_spend=budget.current_spend,
                    percent_consumed=percent,
                    timestamp=now,
                    message=f"tenant {budget.tenant_id} has spent {percent:.1f}% of ${budget.limit_amount:.2f}",
                )
            )


def _usage(tokens: int | Mapping[str, Any], input_tokens: int | None, output_tokens: int | None) -> Usage:
    if isinstance(tokens, Mapping):
        return Usage(tokens)
    if input_tokens is None and output_tokens is None:
        if isinstance(tokens, TokenTotal) and hasattr(tokens, "usage"):
            return tokens.usage
        return Usage(prompt_tokens=0, completion_tokens=int(tokens))
    first = tokens - (output_tokens or 0) if input_tokens is None else input_tokens
    second = tokens - first if output_tokens is None else output_tokens
    return Usage(prompt_tokens=max(0, first), completion_tokens=max(0, second))


def owners(context: Mapping[str, Any]) -> dict[str, Any]:
    """Whom a request is charged to, as far as its context tells."""
    return {name: str(context[name]) for name in _OWNERS if context.get(name) is not None}


def _sums(rows: Iterable[CostMetrics], field: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in rows:
        if name := getattr(row, field):
            sums[name] = sums.get(name, 0.0) + row.total_cost
    return {name: round(sums[name], _DIGITS) for name in sorted(sums)}
