"""Whether a request may go out: budgets and rate limits of its key, its project and its integration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_gateway.core.errors import BudgetExhausted, RateLimited
from llm_gateway.core.types import JSON, Budget, Call, Caller, Integration, Limit
from llm_gateway.state.limits import Limiter
from llm_gateway.state.spend import Spend

Limits = tuple[tuple[str, Limit], ...]


@dataclass(slots=True)
class Ticket:
    """What a call has been let in with. Whichever targets it tries, its key and its project count it once."""

    admitted: bool = False
    headers: dict[str, str] = field(default_factory=dict)  # what is left of the limits of key and project
    shared: Limits = ()  # the token limits of key and project, which the usage is charged to
    charged: Limits = ()  # those, and the ones of the integration that was asked last


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

    async def admit(self, call: Call, integration: Integration | None, ticket: Ticket) -> dict[str, str]:
        """Takes a request from every limit that has not counted this call yet; from none of them if one refuses it.

        Returns the headers that tell what is left of each. Raises RateLimited.
        """
        shared = () if ticket.admitted else self._shared(call.caller)
        own = _limits("integration:" + integration.slug, integration.limits) if integration else ()
        if shared:
            ticket.headers = await self._take(shared, call.body)
        headers = ticket.headers
        if own:
            try:
                headers = {**headers, **await self._take(own, call.body)}
            except RateLimited:
                await self._give_back(shared)
                raise
        if not ticket.admitted:
            ticket.admitted = True
            ticket.shared = _of_tokens(shared)
        ticket.charged = ticket.shared + _of_tokens(own)
        return headers

    async def _take(self, limits: Limits, body: JSON) -> dict[str, str]:
        headers: dict[str, str] = {}
        for number, (name, limit) in enumerate(limits):
            needed = 1 if limit.kind == "requests" else _asked_tokens(body)
            verdict = await self.limiter.take(name, limit, needed)
            headers[f"x-ratelimit-limit-{limit.kind}"] = str(limit.value)
            headers[f"x-ratelimit-remaining-{limit.kind}"] = str(verdict.remaining)
            if not verdict.allowed:
                await self._give_back(limits[:number])
                message = (
                    f"{name.replace(':', ' ')} Rate Limit Exceeded: {limit.value} {limit.kind} in {limit.seconds} s"
                )
                raise RateLimited(message, verdict.retry_after, headers=headers)
        return headers

    async def _give_back(self, limits: Limits) -> None:
        for name, limit in limits:
            if limit.kind == "requests":
                await self.limiter.charge(name, limit, -1)

    async def settle(self, caller: Caller, ticket: Ticket, tokens: int, cost: float | None) -> None:
        """Counts what a request has used."""
        for name, limit in ticket.charged:
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

    def _shared(self, caller: Caller) -> Limits:
        """The limits of key and project, which hold wherever a call goes."""
        found = _limits("key:" + caller.key, caller.limits)
        project = self.projects.get(caller.project)
        return (*found, *_limits("project:" + project.key, project.limits)) if project else found


def _limits(name: str, limits: tuple[Limit, ...]) -> Limits:
    return tuple([(name, limit) for limit in limits]) if limits else ()


def _of_tokens(limits: Limits) -> Limits:
    return tuple([named for named in limits if named[1].kind == "tokens"]) if limits else ()


def _asked_tokens(body: JSON) -> int:
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    return asked if isinstance(asked, int) and asked > 0 else 1
