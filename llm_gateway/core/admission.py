"""Whether a request may go out: budgets and rate limits of its key, its project and its integration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm_gateway.core.errors import BudgetExhausted, RateLimited
from llm_gateway.core.types import JSON, Budget, Call, Caller, Integration, Limit
from llm_gateway.state.limits import Limiter
from llm_gateway.state.spend import Spend

_NOTHING: tuple[tuple[str, Limit], ...] = ()


@dataclass(frozen=True)
class Admission:
    """Asks the shared counters; knows the projects, whose limits and budgets all of their keys share."""

    limiter: Limiter
    spend: Spend
    projects: Mapping[str, Caller]

    async def check_budget(self, caller: Caller) -> None:
        """Raises BudgetExhausted when key or project has spent what it may."""
        for name, budget in self._budgets(caller):
            if await self.spend.spent(name, budget) >= budget.usd:
                what = f"{budget.usd:g} USD" + ("" if budget.period == "total" else f" a {budget.period}")
                raise BudgetExhausted(f"{name.replace(':', ' ')} has spent its budget of {what}")

    async def admit(
        self, call: Call, integration: Integration | None, headers: dict[str, str]
    ) -> tuple[tuple[str, Limit], ...]:
        """Takes a request from every limit and returns the token limits that the usage is charged to.

        What is left of the tightest limit goes into `headers`. Raises RateLimited.
        """
        limits = self._limits(call.caller, integration)
        if not limits:
            return _NOTHING
        for name, limit in limits:
            needed = 1 if limit.kind == "requests" else _asked_tokens(call.body)
            verdict = await self.limiter.take(name, limit, needed)
            headers[f"x-ratelimit-limit-{limit.kind}"] = str(limit.value)
            headers[f"x-ratelimit-remaining-{limit.kind}"] = str(verdict.remaining)
            if not verdict.allowed:
                message = (
                    f"{name.replace(':', ' ')} Rate Limit Exceeded: {limit.value} {limit.kind} in {limit.seconds} s"
                )
                raise RateLimited(message, verdict.retry_after, headers=headers)
        return tuple((name, limit) for name, limit in limits if limit.kind == "tokens")

    async def settle(
        self, caller: Caller, charged: tuple[tuple[str, Limit], ...], tokens: int, cost: float | None
    ) -> None:
        """Counts what a request has used."""
        for name, limit in charged:
            await self.limiter.charge(name, limit, tokens)
        if cost:
            for name, budget in self._budgets(caller):
                await self.spend.add(name, budget, cost)

    def _budgets(self, caller: Caller) -> list[tuple[str, Budget]]:
        found = [("key:" + caller.key, caller.budget)] if caller.budget else []
        project = self.projects.get(caller.project)
        if project and project.budget:
            found.append(("project:" + caller.project, project.budget))
        return found

    def _limits(self, caller: Caller, integration: Integration | None) -> list[tuple[str, Limit]]:
        project = self.projects.get(caller.project)
        found = [("key:" + caller.key, limit) for limit in caller.limits]
        if project:
            found += [("project:" + project.key, limit) for limit in project.limits]
        if integration:
            found += [("integration:" + integration.slug, limit) for limit in integration.limits]
        return found


def _asked_tokens(body: JSON) -> int:
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    return asked if isinstance(asked, int) and asked > 0 else 1
