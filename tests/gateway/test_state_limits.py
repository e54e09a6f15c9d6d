"""Token buckets: their arithmetic, and that Redis does the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import RedisServer, redis_server  # noqa: F401  (fixture)

from llm_gateway.core.types import Limit
from llm_gateway.state import redis_link
from llm_gateway.state.limits import Limiter, MemoryLimiter, RedisLimiter, Verdict
from llm_gateway.state.redis_link import RedisLink

REQUESTS = Limit("requests", 3, 60)
TOKENS = Limit("tokens", 100, 60)


class Clock:
    """Time as the test tells it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


Scenario = Callable[[Limiter, Clock], Any]


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    """Runs a scenario on a limiter of either kind."""
    clock = Clock()
    if request.param == "memory":
        return lambda scenario: asyncio.run(scenario(MemoryLimiter(clock=clock), clock))
    url = request.getfixturevalue("redis_server").url

    async def on_redis(scenario: Scenario) -> None:
        link = RedisLink(url)
        await scenario(RedisLimiter(link, clock=clock), clock)
        assert link.degraded is None
        await link.aclose()

    return lambda scenario: asyncio.run(on_redis(scenario))


def test_refused_requests_cost_nothing_and_say_when_to_come_back(play: Callable[[Scenario], None]) -> None:
    async def scenario(limiter: Limiter, clock: Clock) -> None:
        taken = [await limiter.take("a", REQUESTS) for _ in range(5)]
        assert taken[:3] == [Verdict(True, 2, 0), Verdict(True, 1, 0), Verdict(True, 0, 0)]
        assert taken[3:] == [Verdict(False, 0, 20)] * 2
        assert (await limiter.take("b", REQUESTS)).allowed
        clock.now += 19.99
        assert not (await limiter.take("a", REQUESTS)).allowed
        clock.now += 0.02
        assert (await limiter.take("a", REQUESTS)).allowed
        clock.now += 1_000
        assert await limiter.take("a", REQUESTS) == Verdict(True, 2, 0)

    play(scenario)


def test_tokens_are_asked_for_first_and_charged_later_even_below_zero(play: Callable[[Scenario], None]) -> None:
    async def scenario(limiter: Limiter, clock: Clock) -> None:
        assert await limiter.take("a", TOKENS, 100) == Verdict(True, 100, 0)
        assert await limiter.take("a", TOKENS, 100) == Verdict(True, 100, 0)
        await limiter.charge("a", TOKENS, 220)
        assert await limiter.take("a", TOKENS, 10) == Verdict(False, 0, pytest.approx(78))
        clock.now += 79
        assert (await limiter.take("a", TOKENS, 10)).allowed

    play(scenario)


def test_more_than_a_bucket_holds_is_never_allowed(play: Callable[[Scenario], None]) -> None:
    async def scenario(limiter: Limiter, clock: Clock) -> None:
        assert await limiter.take("a", TOKENS, 101) == Verdict(False, 100, 0)
        for limit in (Limit("requests", 0, 60), Limit("tokens", 0, 60)):
            await limiter.charge("a", limit, 5)
            assert await limiter.take("a", limit) == Verdict(False, 0, 60)

    play(scenario)


def test_limits_of_one_name_do_not_touch_each_other(play: Callable[[Scenario], None]) -> None:
    async def scenario(limiter: Limiter, clock: Clock) -> None:
        for limit in (REQUESTS, Limit("requests", 3, 3600), Limit("requests", 4, 60), Limit("tokens", 3, 60)):
            assert (await limiter.take("a", limit, 3)).allowed

    play(scenario)


def test_clock_that_goes_back_gives_nothing_and_takes_nothing(play: Callable[[Scenario], None]) -> None:
    async def scenario(limiter: Limiter, clock: Clock) -> None:
        await limiter.take("a", REQUESTS, 3)
        clock.now -= 1_000
        assert not (await limiter.take("a", REQUESTS)).allowed
        assert (await limiter.take("fresh", REQUESTS)).allowed
        await limiter.charge("a", REQUESTS, 0)
        clock.now += 20.1
        assert await limiter.take("a", REQUESTS) == Verdict(True, 0, 0)

    play(scenario)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "charge"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([REQUESTS, TOKENS, Limit("tokens", 1_000_000, 86_400), Limit("requests", 7, 1)]),
        st.integers(0, 150),
        st.floats(-1, 100),
    ),
    max_size=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_memory_and_redis_agree(
    redis_server: RedisServer,  # noqa: F811
    steps: list[tuple[str, str, Limit, int, float]],
) -> None:
    clock = Clock()

    async def scenario() -> None:
        link = RedisLink(redis_server.url)
        memory, redis = MemoryLimiter(clock=clock), RedisLimiter(link, clock=clock)
        await link.ask(lambda client: client.flushall(), _fail)
        for action, name, limit, amount, pause in steps:
            clock.now += pause
            answers = [await getattr(limiter, action)(name, limit, amount) for limiter in (memory, redis)]
            assert answers[0] == answers[1]
        assert link.degraded is None
        await link.aclose()

    asyncio.run(scenario())


async def _fail() -> None:
    raise AssertionError("Redis did not answer")


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 30)), max_size=60))
def test_never_more_than_the_bucket_and_its_refill(steps: list[tuple[int, float]]) -> None:
    clock = Clock()

    async def scenario() -> None:
        limiter = MemoryLimiter(clock=clock)
        begin, taken = clock.now, 0
        for amount, pause in steps:
            clock.now += pause
            taken += amount * (await limiter.take("a", REQUESTS, amount)).allowed
            assert taken <= 3 + (clock.now - begin) * 3 / 60 + 1e-6

    asyncio.run(scenario())


def test_buckets_are_bounded() -> None:
    async def scenario() -> None:
        limiter = MemoryLimiter(2)
        for name in "abc":
            assert (await limiter.take(name, REQUESTS, 3)).allowed
        assert not (await limiter.take("b", REQUESTS)).allowed
        assert (await limiter.take("a", REQUESTS)).allowed

    asyncio.run(scenario())


def test_many_at_once_share_one_bucket_by_redis_own_clock(
    redis_server: RedisServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_link, "_TIMEOUT", 60.0)  # on a busy machine so many at once take their time

    async def scenario() -> None:
        links = [RedisLink(redis_server.url) for _ in range(3)]
        limiters = [RedisLimiter(link, MemoryLimiter(0)) for link in links]
        limit = Limit("requests", 500, 86_400)
        verdicts = await asyncio.gather(*(limiters[number % 3].take("a", limit) for number in range(1500)))
        assert sum(verdict.allowed for verdict in verdicts) == 500
        assert [link.degraded for link in links] == [None] * 3
        for link in links:
            await link.aclose()

    asyncio.run(scenario())


def test_limits_hold_in_each_process_while_redis_is_gone(redis_server: RedisServer) -> None:  # noqa: F811
    clock = Clock()

    async def scenario() -> None:
        link = RedisLink(redis_server.url, clock=clock)
        limiter = RedisLimiter(link)
        assert (await limiter.take("a", REQUESTS, 3)).allowed
        await asyncio.to_thread(redis_server.kill)
        verdicts = [await limiter.take("a", REQUESTS) for _ in range(4)]
        assert [verdict.allowed for verdict in verdicts] == [True, True, True, False]
        assert limiter.degraded is not None and "\n" not in limiter.degraded
        await asyncio.to_thread(redis_server.start)
        clock.now += 2
        assert await limiter.take("a", REQUESTS) == Verdict(True, 2, 0)
        assert limiter.degraded is None
        await link.aclose()

    asyncio.run(scenario())


def test_redis_that_hangs_delays_one_request_a_second(redis_server: RedisServer) -> None:  # noqa: F811
    clock = Clock()

    async def scenario() -> None:
        link = RedisLink(redis_server.url, clock=clock)
        limiter = RedisLimiter(link)
        await limiter.take("a", REQUESTS)
        with redis_server.frozen():
            assert (await limiter.take("a", REQUESTS)).allowed
            assert limiter.degraded is not None
            async with asyncio.timeout(0.25):  # less than one request may wait
                for _ in range(100):
                    await limiter.take("a", Limit("requests", 100, 60))
        clock.now += 2
        await limiter.take("a", REQUESTS)
        assert limiter.degraded is None
        await link.aclose()

    asyncio.run(scenario())
