"""Token buckets: full at first with `value`, refilled evenly so that an empty one is full after `seconds`.

A request is taken up front. Of tokens nothing is taken before it is known how many there were: `take` asks whether the
bucket holds as many as may be needed, `charge` takes what was used, below zero if need be. What is refused costs
nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from math import floor
from typing import TYPE_CHECKING, NamedTuple, Protocol

from llm_gateway.core.types import Limit

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from llm_gateway.state.redis_link import RedisLink


class Verdict(NamedTuple):
    """`remaining` is what the bucket still holds, never below zero; `retry_after` is in seconds, 0 if allowed."""

    allowed: bool
    remaining: int
    retry_after: float


class Limiter(Protocol):
    """Buckets by name and limit."""

    @property
    def degraded(self) -> str | None:
        """What is wrong with the store behind it, if anything is."""

    async def take(self, name: str, limit: Limit, amount: int = 1) -> Verdict:
        """Whether `amount` is there; takes it if requests are counted."""

    async def charge(self, name: str, limit: Limit, amount: int) -> None:
        """Takes `amount`, whether it is there or not; a negative one is given back."""


class MemoryLimiter:
    """The buckets of this process. Beyond `max_buckets` those used longest ago are forgotten, and so full again."""

    degraded: str | None = None

    def __init__(self, max_buckets: int = 100_000, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max = max_buckets
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str, int, int], tuple[float, float]] = OrderedDict()

    async def take(self, name: str, limit: Limit, amount: int = 1) -> Verdict:
        """As in Limiter."""
        key = (name, limit.kind, limit.value, limit.seconds)
        now = self._clock()
        level = self._level(key, now)
        if level < amount:
            return _refused(level, limit, amount)
        if limit.kind == "requests":
            level -= amount
            self._put(key, level, now)
        return Verdict(True, max(0, floor(level)), 0.0)

    async def charge(self, name: str, limit: Limit, amount: int) -> None:
        """As in Limiter."""
        key = (name, limit.kind, limit.value, limit.seconds)
        now = self._clock()
        self._put(key, self._level(key, now) - amount, now)

    def _level(self, key: tuple[str, str, int, int], now: float) -> float:
        _, _, value, seconds = key
        bucket = self._buckets.get(key)
        if bucket is None or value <= 0:
            return float(max(0, value))
        level, at = bucket
        return min(float(value), level + max(0.0, now - at) * value / seconds)

    def _put(self, key: tuple[str, str, int, int], level: float, now: float) -> None:
        buckets = self._buckets
        buckets[key] = (level, now)
        buckets.move_to_end(key)
        if len(buckets) > self._max:
            buckets.popitem(last=False)


# The arithmetic of MemoryLimiter, in its order, so that both come to the same floating-point numbers. A bucket that
# is full again needs no storing: the key lives for a minute longer than the refill takes.
_SCRIPT = """
local value, seconds, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local checks, takes, now = ARGV[4] == '1', ARGV[5] == '1', tonumber(ARGV[6])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local level = math.max(0, value)
if value <= 0 then
  return {(not checks or level >= amount) and 1 or 0, '0'}
end
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
if bucket[1] then
  level = math.min(value, tonumber(bucket[1]) + math.max(0, now - tonumber(bucket[2])) * value / seconds)
end
local allowed = not checks or level >= amount
if allowed and takes then
  level = level - amount
  redis.call('HSET', KEYS[1], 'level', string.format('%.17g', level), 'at', string.format('%.17g', now))
  redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((value - level) * seconds / value * 1000)) + 60000)
end
return {allowed and 1 or 0, string.format('%.17g', level)}
"""


class RedisLimiter:
    """Buckets that all gateways on one Redis share, by Redis' own clock; while it is gone each has its own."""

    def __init__(
        self, link: RedisLink, fallback: MemoryLimiter | None = None, *, clock: Callable[[], float] | None = None
    ) -> None:
        self._link = link
        self._fallback = fallback or MemoryLimiter()
        self._clock = clock
        self._script = link.script(_SCRIPT)

    @property
    def degraded(self) -> str | None:
        """As in Limiter."""
        return self._link.degraded

    async def take(self, name: str, limit: Limit, amount: int = 1) -> Verdict:
        """As in Limiter."""

        async def ask(redis: Redis) -> Verdict:
            allowed, level = await self._run(name, limit, amount, checks=True, takes=limit.kind == "requests")
            return Verdict(True, max(0, floor(level)), 0.0) if allowed else _refused(level, limit, amount)

        return await self._link.ask(ask, lambda: self._fallback.take(name, limit, amount))

    async def charge(self, name: str, limit: Limit, amount: int) -> None:
        """As in Limiter."""

        async def ask(redis: Redis) -> None:
            await self._run(name, limit, amount, checks=False, takes=True)

        await self._link.ask(ask, lambda: self._fallback.charge(name, limit, amount))

    async def _run(self, name: str, limit: Limit, amount: int, *, checks: bool, takes: bool) -> tuple[bool, float]:
        key = f"llm-gateway:limit:{limit.kind}:{limit.value}:{limit.seconds}:{name}"
        now = "" if self._clock is None else repr(self._clock())
        args = [limit.value, limit.seconds, amount, int(checks), int(takes), now]
        allowed, level = await self._script(keys=[key], args=args)
        return bool(allowed), float(level)


def _refused(level: float, limit: Limit, amount: int) -> Verdict:
    """What exceeds the whole bucket can never be had; it is told when the bucket is full."""
    if limit.value <= 0:
        return Verdict(False, 0, float(limit.seconds))
    missing = min(amount, limit.value) - level
    return Verdict(False, max(0, floor(level)), max(0.0, missing * limit.seconds / limit.value))
