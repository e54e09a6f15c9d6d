"""What keys and projects have spent, by the day, month or in all, to hold it against their budgets.

A name is `key:…` or `project:…`, as in the usage store, from which memory is filled at the start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from llm_gateway.core.types import Budget

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from llm_gateway.state.redis_link import RedisLink
    from llm_gateway.state.usage import UsageStore


class Spend(Protocol):
    """US dollars by name and period."""

    @property
    def degraded(self) -> str | None:
        """What is wrong with the store behind it, if anything is."""

    async def spent(self, name: str, budget: Budget) -> float:
        """US dollars spent in the budget's current period."""

    async def add(self, name: str, budget: Budget, usd: float) -> None:
        """Adds to the current period."""

    async def begin(self, name: str, budget: Budget, usd: float) -> None:
        """Says what the current period starts with, unless something is known of it already."""


def period(budget: Budget, now: float) -> str:
    """The name of the current period: 2026-11-20, 2026-11 or total."""
    return _named(budget.period, int(now // 86_400))


@lru_cache(maxsize=16)
def _named(kind: str, day: int) -> str:
    date = datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    return {"day": date, "month": date[:7], "total": "total"}[kind]


def period_start(budget: Budget, now: float) -> float | None:
    """The Unix time at which the current period began; None for `total`."""
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"day": midnight.timestamp(), "month": midnight.replace(day=1).timestamp(), "total": None}[budget.period]


async def restore(
    spend: Spend, usage: UsageStore, budgets: Mapping[str, Budget], *, clock: Callable[[], float] = time.time
) -> None:
    """Begins the current period of each name with what the usage store has of it. Raises StateError."""
    now = clock()
    for start in sorted({period_start(budget, now) for budget in budgets.values()}, key=lambda start: start or 0.0):
        rows = await asyncio.to_thread(usage.costs, start, ("key", "project"))
        for name, budget in sorted(budgets.items()):
            if period_start(budget, now) == start:
                kind, _, wanted = name.partition(":")
                place = ("key", "project").index(kind)
                await spend.begin(name, budget, sum(row.cost for row in rows if row.group[place] == wanted))


class MemorySpend:
    """What this process knows of."""

    degraded: str | None = None

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._spent: dict[tuple[str, str], tuple[str, float]] = {}  # (name, kind of period) -> (period, dollars)

    async def spent(self, name: str, budget: Budget) -> float:
        """As in Spend."""
        known, usd = self._spent.get((name, budget.period), ("", 0.0))
        return usd if known == period(budget, self._clock()) else 0.0

    async def add(self, name: str, budget: Budget, usd: float) -> None:
        """As in Spend."""
        total = await self.spent(name, budget) + usd
        self._spent[name, budget.period] = (period(budget, self._clock()), total)

    async def begin(self, name: str, budget: Budget, usd: float) -> None:
        """As in Spend."""
        now = period(budget, self._clock())
        if self._spent.get((name, budget.period), ("", 0.0))[0] != now:
            self._spent[name, budget.period] = (now, usd)


class RedisSpend:
    """What all gateways on one Redis have spent.

    While Redis is gone the last known sum counts, with what this process has spent since; that is added to Redis when
    it is back. An addition that Redis made without being able to say so is made twice.
    """

    def __init__(self, link: RedisLink, *, clock: Callable[[], float] = time.time) -> None:
        self._link = link
        self._clock = clock
        self._known: dict[str, float] = {}
        self._owed: dict[str, float] = {}

    @property
    def degraded(self) -> str | None:
        """As in Spend."""
        return self._link.degraded

    async def spent(self, name: str, budget: Budget) -> float:
        """As in Spend."""
        key = self._key(name, budget)

        async def ask(redis: Redis) -> float:
            await self._pay(redis)
            return float(await redis.get(key) or 0)

        async def otherwise() -> float:
            return self._known.get(key, 0.0) + self._owed.get(key, 0.0)

        usd = await self._link.ask(ask, otherwise)
        if self._link.degraded is None:
            self._keep(key, usd)
        return usd

    async def add(self, name: str, budget: Budget, usd: float) -> None:
        """As in Spend."""
        key = self._key(name, budget)
        self._owed[key] = self._owed.get(key, 0.0) + usd
        await self._link.ask(self._pay, _nothing)

    async def begin(self, name: str, budget: Budget, usd: float) -> None:
        """As in Spend."""
        key = self._key(name, budget)

        async def ask(redis: Redis) -> None:
            await redis.set(key, repr(usd), nx=True, ex=_lifetime(budget))

        async def otherwise() -> None:
            self._known.setdefault(key, usd)

        await self._link.ask(ask, otherwise)

    def _key(self, name: str, budget: Budget) -> str:
        return f"llm-gateway:spend:{budget.period}:{period(budget, self._clock())}:{name}"

    def _keep(self, key: str, usd: float) -> None:
        self._known.pop(key, None)
        self._known[key] = usd
        if len(self._known) > 100_000:
            del self._known[next(iter(self._known))]

    async def _pay(self, redis: Redis) -> None:
        while self._owed:
            key, usd = self._owed.popitem()  # so that nobody else pays it meanwhile
            total: float | None = None
            try:
                async with redis.pipeline(transaction=True) as both:
                    both.incrbyfloat(key, usd)
                    if ":total:" not in key:
                        both.expire(key, _LIFETIME)
                    total, *_ = await both.execute()
            finally:
                if total is None:
                    self._owed[key] = self._owed.get(key, 0.0) + usd
            self._keep(key, float(total))


_LIFETIME = 40 * 86_400  # seconds that a day's or month's sum is kept


def _lifetime(budget: Budget) -> int | None:
    return None if budget.period == "total" else _LIFETIME


async def _nothing() -> None:
    return None
