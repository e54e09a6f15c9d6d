"""The cache service: in memory, with a real Redis, and while Redis is gone."""

import asyncio
import logging

import pytest
from servers import RedisServer, free_port, redis_server  # noqa: F401  # a fixture

from llm_gateway import CacheService, LLMGatewayConfigurationError, LLMRequest, LLMResponse
from llm_gateway.cache_service import CacheConfig

REQUEST = LLMRequest(model="gpt-5-mini", prompt="x")
ANSWER = LLMResponse(
    model="gpt-5-mini",
    choices=[{"message": {"content": "y"}}],
    usage={"prompt_tokens": 1, "completion_tokens": 2},
)


def test_a_url_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(LLMGatewayConfigurationError, match="ftp"):
        asyncio.run(CacheService(redis_url="ftp://x").get("a"))


def test_what_was_not_stored_or_was_dropped_is_not_found() -> None:
    async def use() -> None:
        async with CacheService() as cache:
            assert await cache.get("a") is None
            assert await cache.get(REQUEST) == (None, None)
            await cache.set("a", [1, {"b": None}])
            await cache.set("b", 2)
            assert await cache.get("a") == [1, {"b": None}]
            await cache.invalidate("a")
            assert (await cache.get("a"), await cache.get("b")) == (None, 2)
            await cache.clear()
            assert await cache.get("b") is None
            await cache.set("c", 1, ttl=-1)
            assert await cache.get("c") is None

    asyncio.run(use())


def test_a_cache_that_is_switched_off_keeps_nothing() -> None:
    async def use() -> None:
        cache = CacheService(CacheConfig(enabled=False))
        await cache.set("a", 1)
        assert await cache.get("a") is None

    asyncio.run(use())


def test_an_answer_is_found_by_an_equal_request_only() -> None:
    async def use() -> None:
        cache = CacheService()
        await cache.set(REQUEST, ANSWER)
        found, level = await cache.get(LLMRequest(messages=REQUEST.messages, model="gpt-5-mini"))
        assert found is not None
        assert (found.text, found.cached, found.usage.total_tokens, level) == ("y", True, 3, "l1")
        assert not ANSWER.cached
        assert await cache.get(LLMRequest(model="gpt-5-mini", prompt="x", temperature=0.5)) == (None, None)

    asyncio.run(use())


def test_without_redis_it_keeps_the_values_itself_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    cache = CacheService(redis_url=f"redis://:pass-word@127.0.0.1:{free_port()}/0")
    asyncio.run(cache.set("a", "kept"))
    assert asyncio.run(cache.get("a")) == "kept"  # in another loop
    (record,) = caplog.records
    assert "Redis is gone" in record.getMessage()
    assert "pass-word" not in caplog.text


def test_two_processes_share_a_redis(redis_server: RedisServer) -> None:  # noqa: F811
    async def use() -> None:
        async with CacheService(redis_url=redis_server.url) as one, CacheService(redis_url=redis_server.url) as two:
            await one.connect()
            await one.set("a", {"n": 1})
            await one.set(REQUEST, ANSWER)
            assert await two.get("a") == {"n": 1}
            assert (await two.get(REQUEST))[1] == "l2"
            await two.set("b", 1)
            await one.clear()
            assert (await two.get("a"), await two.get("b")) == (None, 1)
            assert one.degraded is None

    asyncio.run(use())
