"""Targets that are left alone for a while because they failed too often.

Successes and failures of a target are counted until `cooldown` seconds after the first failure; then counting starts
anew, and with it the target is tried again. There is no half-open state.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from llm_gateway.core.types import BreakerPolicy

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from llm_gateway.state.redis_link import RedisLink

_IDLE = 86_400  # seconds after which Redis forgets a target that nobody asks


class Count(NamedTuple):
    """What happened to a target; `since` is the time of the first failure."""

    requests: int = 0
    failures: int = 0
    since: float | None = None


_NOTHING = Count()


def current(count: Count, policy: BreakerPolicy, now: float) -> Count:
    """`count`, or nothing once the cooldown is over."""
    return _NOTHING if count.since is not None and now - count.since > policy.cooldown else count


def after(count: Count, policy: BreakerPolicy, failed: bool, now: float) -> Count:
    """`count` with one more request."""
    requests, failures, since = current(count, policy, now)
    if failed:
        return Count(requests + 1, failures + 1, now if since is None else since)
    return Count(requests + 1, failures, since)


def opens(count: Count, policy: BreakerPolicy, now: float) -> bool:
    """Whether a target with this count is left alone: too many failures, or too great a share of enough requests."""
    requests, failures, _ = current(count, policy, now)
    if not failures:
        return False
    if policy.failures is not None and failures >= policy.failures:
        return True
    share = 100 * failures / requests
    return policy.percentage is not None and requests >= policy.minimum_requests and share >= policy.percentage


class Breaker(Protocol):
    """Counts by the path of a target, which begins with what tells its config from others."""

    @property
    def degraded(self) -> str | None:
        """What is wrong with the store behind it, if anything is."""

    async def is_open(self, path: str, policy: BreakerPolicy) -> bool:
        """Whether the target is to be left alone."""

    async def record(self, path: str, policy: BreakerPolicy, failed: bool) -> None:
        """Counts a request."""


class MemoryBreaker:
    """The counts of this process. Beyond `max_paths` those counted longest ago are forgotten."""

    degraded: str | None = None

    def __init__(self, max_paths: int = 10_000, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max = max_paths
        self._clock = clock
        self._counts: OrderedDict[str, Count] = OrderedDict()

    async def is_open(self, path: str, policy: BreakerPolicy) -> bool:
        """As in Breaker."""
        count = self._counts.get(path)
        return count is not None and opens(count, policy, self._clock())

    async def record(self, path: str, policy: BreakerPolicy, failed: bool) -> None:
        """As in Breaker."""
        self._counts[path] = after(self._counts.get(path, _NOTHING), policy, failed, self._clock())
        self._counts.move_to_end(path)
        if len(self._counts) > self._max:
            self._counts.popitem(last=False)


# `current` and `after`, in one step. The answer is the count and the time it was asked at.
_SCRIPT = """
local cooldown, event, now = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local since = redis.call('HGET', KEYS[1], 'since')
if since and now - tonumber(since) > cooldown then
  redis.call('DEL', KEYS[1])
  since = false
end
if event ~= '' then
  redis.call('HINCRBY', KEYS[1], 'requests', 1)
  if event == 'failed' then
    redis.call('HINCRBY', KEYS[1], 'failures', 1)
    if not since then
      redis.call('HSET', KEYS[1], 'since', string.format('%.17g', now))
    end
  end
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
local count = redis.call('HMGET', KEYS[1], 'requests', 'failures', 'since')
return {count[1] or '0', count[2] or '0', count[3] or '', string.format('%.17g', now)}
"""


class RedisBreaker:
    """Counts that all gateways on one Redis share, by Redis' own clock; while it is gone each has its own."""

    def __init__(
        self, link: RedisLink, fallback: MemoryBreaker | None = None, *, clock: Callable[[], float] | None = None
    ) -> None:
        self._link = link
        self._fallback = fallback or MemoryBreaker()
        self._clock = clock
        self._script = link.script(_SCRIPT)

    @property
    def degraded(self) -> str | None:
        """As in Breaker."""
        return self._link.degraded

    async def is_open(self, path: str, policy: BreakerPolicy) -> bool:
        """As in Breaker."""

        async def ask(redis: Redis) -> bool:
            return opens(*await self._run(path, policy, ""))

        return await self._link.ask(ask, lambda: self._fallback.is_open(path, policy))

    async def record(self, path: str, policy: BreakerPolicy, failed: bool) -> None:
        """As in Breaker."""

        async def ask(redis: Redis) -> None:
            await self._run(path, policy, "failed" if failed else "answered")

        await self._link.ask(ask, lambda: self._fallback.record(path, policy, failed))

    async def _run(self, path: str, policy: BreakerPolicy, event: str) -> tuple[Count, BreakerPolicy, float]:
        now = "" if self._clock is None else repr(self._clock())
        idle = max(_IDLE, 2 * int(policy.cooldown))
        requests, failures, since, at = await self._script(
            keys=[f"llm-gateway:breaker:{path}"], args=[policy.cooldown, event, now, idle]
        )
        return Count(int(requests), int(failures), float(since) if since else None), policy, float(at)
