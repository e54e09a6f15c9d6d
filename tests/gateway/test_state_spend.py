"""Budgets: what was spent in which period, in memory and in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from servers import RedisServer, redis_server  # noqa: F401  (fixture)

from llm_gateway.core.types import Budget, Usage
from llm_gateway.state.redis_link import RedisLink
from llm_gateway.state.spend import MemorySpend, RedisSpend, Spend, period, period_start, restore
from llm_gateway.state.usage_sqlite import MemoryUsage

DAY, MONTH, TOTAL = Budget(1, "day"), Budget(10), Budget(100, "total")


class Clock:
    """Time as the test tells it."""

    def __init__(self, year: int, month: int, day: int, hour: int = 0) -> None:
        self.now = datetime(year, month, day, hour, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


Scenario = Callable[[Spend, Clock], Any]


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    """Runs a scenario on either kind, at the end of a November."""
    clock = Clock(2026, 11, 29, 23)
    if request.param == "memory":
        return lambda scenario: asyncio.run(scenario(MemorySpend(clock=clock), clock))
    url = request.getfixturevalue("redis_server").url

    async def on_redis(scenario: Scenario) -> None:
        link = RedisLink(url)
        await scenario(RedisSpend(link, clock=clock), clock)
        assert link.degraded is None
        await link.aclose()

    return lambda scenario: asyncio.run(on_redis(scenario))


def test_periods_are_those_of_the_utc_calendar() -> None:
    last = Clock(2026, 12, 1).now - 0.001
    assert [period(budget, last) for budget in (DAY, MONTH, TOTAL)] == ["2026-11-30", "2026-11", "total"]
    assert period_start(DAY, last) == Clock(2026, 11, 30).now
    assert period_start(MONTH, last) == Clock(2026, 11, 1).now
    assert period_start(TOTAL, last) is None


def test_each_period_begins_with_nothing(play: Callable[[Scenario], None]) -> None:
    async def scenario(spend: Spend, clock: Clock) -> None:
        async def seen() -> list[float]:
            return [round(await spend.spent("key:a", budget), 9) for budget in (DAY, MONTH, TOTAL)]

        async def add(usd: float) -> None:
            for budget in (DAY, MONTH, TOTAL):
                await spend.add("key:a", budget, usd)

        assert await seen() == [0, 0, 0]
        await add(0.1)
        await add(0.2)
        assert await seen() == [0.3, 0.3, 0.3]
        assert await spend.spent("project:a", DAY) == 0
        clock.now += 3600
        assert await seen() == [0, 0.3, 0.3]
        await add(0.4)
        clock.now += 86_400
        assert await seen() == [0, 0, 0.7]

    play(scenario)


def test_start_is_what_the_usage_store_knows_and_not_twice(play: Callable[[Scenario], None]) -> None:
    async def scenario(spend: Spend, clock: Clock) -> None:
        usage = MemoryUsage()
        for days, key, project, cost in [
            (0, "a", "p", 1.0), (0, "b", "p", 2.0), (1, "a", "p", 4.0), (40, "a", "p", 8.0), (0, "p", "q", 16.0),
            (0, "a", "p", None),
        ]:  # fmt: skip
            usage.add(Usage(clock.now - days * 86_400, "", "", key, project, "", "", "", 200, cost=cost))
        budgets = {"key:a": DAY, "key:b": MONTH, "project:p": MONTH, "project:q": TOTAL, "key:none": TOTAL}
        for _ in range(2):
            await restore(spend, usage, budgets, clock=clock)
            assert {name: await spend.spent(name, budget) for name, budget in budgets.items()} == {
                "key:a": 1.0, "key:b": 2.0, "project:p": 7.0, "project:q": 16.0, "key:none": 0.0
            }  # fmt: skip

    play(scenario)


def test_what_is_spent_while_redis_is_gone_is_added_when_it_is_back(redis_server: RedisServer) -> None:  # noqa: F811
    looks = 0.0

    async def scenario() -> None:
        nonlocal looks
        clock = Clock(2026, 11, 20)
        links = [RedisLink(redis_server.url, clock=lambda: looks) for _ in range(2)]
        one, other = (RedisSpend(link, clock=clock) for link in links)
        await one.add("key:a", MONTH, 1.0)
        await other.add("key:a", MONTH, 2.0)
        assert await one.spent("key:a", MONTH) == 3.0
        await asyncio.to_thread(redis_server.kill)
        await one.add("key:a", MONTH, 4.0)
        await one.add("key:a", MONTH, 8.0)
        assert one.degraded is not None
        assert await one.spent("key:a", MONTH) == 15.0
        await asyncio.to_thread(redis_server.start)  # it has forgotten the first three dollars
        looks += 2
        assert await one.spent("key:a", MONTH) == 12.0
        assert await other.spent("key:a", MONTH) == 12.0
        assert one.degraded is None
        for link in links:
            await link.aclose()

    asyncio.run(scenario())


def test_many_additions_at_once_are_all_counted_once(redis_server: RedisServer) -> None:  # noqa: F811
    async def scenario() -> None:
        link = RedisLink(redis_server.url)
        spend = RedisSpend(link)
        await asyncio.gather(*(spend.add("key:a", TOTAL, 0.25) for _ in range(80)))
        assert await spend.spent("key:a", TOTAL) == 20.0
        await link.aclose()

    asyncio.run(scenario())
