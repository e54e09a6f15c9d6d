"""When targets are left alone, and that Redis counts as memory does."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from servers import RedisServer, redis_server  # noqa: F401  (fixture)

from llm_gateway.core.types import BreakerPolicy
from llm_gateway.state.breaker import Count, MemoryBreaker, RedisBreaker, after, opens
from llm_gateway.state.redis_link import RedisLink

COUNTED = BreakerPolicy(failures=3)
SHARED = BreakerPolicy(percentage=50)


def count(policy: BreakerPolicy, outcomes: str) -> Count:
    """What `outcomes`, a cross for each failure, come to, one in each second from 100 on."""
    counted = Count()
    for number, outcome in enumerate(outcomes):
        counted = after(counted, policy, outcome == "x", 100 + number)
    return counted


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [
        (COUNTED, ""),
        (COUNTED, "..."),
        (COUNTED, "xx......"),
        (SHARED, "xxxx"),  # too few to judge
        (SHARED, "xx..."),
        (BreakerPolicy(), "xxxxxxxxxx"),
    ],
)
def test_closed(policy: BreakerPolicy, outcomes: str) -> None:
    assert not opens(count(policy, outcomes), policy, 110)


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [
        (COUNTED, "xxx"),
        (COUNTED, "x.x.x"),
        (SHARED, "xxxxx"),
        (SHARED, "...xxx"),
        (BreakerPolicy(percentage=50, minimum_requests=1), "x"),
        (BreakerPolicy(failures=9, percentage=50), "xxxxx"),
    ],
)
def test_open_until_the_cooldown_since_the_first_failure_is_over(policy: BreakerPolicy, outcomes: str) -> None:
    counted = count(policy, outcomes)
    first = 100 + outcomes.index("x")
    assert opens(counted, policy, first + 30)
    assert not opens(counted, policy, first + 30.1)
    assert after(counted, policy, True, first + 30.1) == Count(1, 1, first + 30.1)


STEPS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([COUNTED, SHARED]), st.booleans(), st.floats(0, 20)),
    max_size=25,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example([("a", COUNTED, True, pause) for pause in (0.0, 31.0, 1.0, 4.0)])  # anew after the cooldown, then open
def test_memory_and_redis_agree(
    redis_server: RedisServer,  # noqa: F811
    steps: list[tuple[str, BreakerPolicy, bool, float]],
) -> None:
    now = 1_000_000.0

    async def scenario() -> None:
        nonlocal now
        link = RedisLink(redis_server.url)
        memory, redis = MemoryBreaker(clock=lambda: now), RedisBreaker(link, clock=lambda: now)
        await link.ask(lambda client: client.flushall(), _fail)
        for path, policy, failed, pause in steps:
            now += pause
            for breaker in (memory, redis):
                await breaker.record(path, policy, failed)
            now += pause / 2
            states = [await breaker.is_open(path, policy) for breaker in (memory, redis)]
            assert states[0] == states[1]
        assert link.degraded is None
        await link.aclose()

    asyncio.run(scenario())


async def _fail() -> None:
    raise AssertionError("Redis did not answer")


def test_paths_are_bounded() -> None:
    async def scenario() -> None:
        breaker = MemoryBreaker(2)
        for path in "abc":
            for _ in range(3):
                await breaker.record(path, COUNTED, True)
        assert [await breaker.is_open(path, COUNTED) for path in "abc"] == [False, True, True]

    asyncio.run(scenario())


def test_redis_shares_counts_by_its_own_clock_and_may_go(redis_server: RedisServer) -> None:  # noqa: F811
    now = 100.0

    async def scenario() -> None:
        nonlocal now
        links = [RedisLink(redis_server.url, clock=lambda: now) for _ in range(2)]
        one, other = (RedisBreaker(link) for link in links)
        for _ in range(3):
            assert not await other.is_open("a", COUNTED)
            await one.record("a", COUNTED, True)
        assert await other.is_open("a", COUNTED)
        await asyncio.to_thread(redis_server.kill)
        assert not await one.is_open("a", COUNTED)
        for _ in range(3):
            await one.record("a", COUNTED, True)
        assert await one.is_open("a", COUNTED)
        assert one.degraded is not None
        await asyncio.to_thread(redis_server.start)
        now += 2
        assert not await one.is_open("a", COUNTED)
        assert one.degraded is None
        for link in links:
            await link.aclose()

    asyncio.run(scenario())
