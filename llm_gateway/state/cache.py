"""Where answers are kept: in memory, in a SQLite file behind it, or in a Redis that several gateways share."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from llm_gateway.state.redis_link import RedisLink

_OVERHEAD = 200  # bytes that an entry costs besides its value


class Cache(Protocol):
    """Bytes by key. It may forget anything at any time; it never raises because its store is gone."""

    @property
    def degraded(self) -> str | None:
        """What is wrong with the store behind it, if anything is."""

    async def get(self, key: str) -> bytes | None:
        """The value, unless it is unknown or has expired."""

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keeps `value` for `ttl` seconds."""

    async def delete(self, key: str) -> None:
        """Forgets `key`."""

    async def aclose(self) -> None:
        """Writes what is still to be written and closes the store."""


class MemoryCache:
    """The values used last, of at most `max_bytes` in all."""

    degraded: str | None = None

    def __init__(self, max_bytes: int = 64 << 20, *, clock: Callable[[], float] = time.time) -> None:
        self._max = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes kept, the keys and an estimate of the overhead included."""
        return self._bytes

    async def get(self, key: str) -> bytes | None:
        """As in Cache."""
        return self.peek(key)

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """As in Cache. A value larger than the whole cache is not kept."""
        self.put(key, value, ttl)

    async def delete(self, key: str) -> None:
        """As in Cache."""
        self.drop(key)

    async def aclose(self) -> None:
        """Nothing to close."""

    def peek(self, key: str) -> bytes | None:
        """`get` for those who need not wait."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, value = entry
        if expires <= self._clock():
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """`set` for those who need not wait."""
        self.drop(key)
        cost = _cost(key, value)
        if ttl <= 0 or cost > self._max:
            return
        self._entries[key] = (self._clock() + ttl, value)
        self._bytes += cost
        while self._bytes > self._max:
            oldest, (_, gone) = self._entries.popitem(last=False)
            self._bytes -= _cost(oldest, gone)

    def drop(self, key: str) -> None:
        """`delete` for those who need not wait."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _cost(key, entry[1])


class RedisCache:
    """A cache that all gateways on one Redis share. Redis drops what has expired and, by its own settings, the rest.

    While Redis is gone the answers of this process are kept in memory.
    """

    def __init__(self, link: RedisLink, fallback: MemoryCache | None = None) -> None:
        self._link = link
        self._fallback = fallback or MemoryCache()
        self._outdated: dict[str, None] = {}  # what Redis has missed: its entries are older than they claim

    @property
    def degraded(self) -> str | None:
        """As in Cache."""
        return self._link.degraded

    async def get(self, key: str) -> bytes | None:
        """As in Cache."""

        async def ask(redis: Redis) -> bytes | None:
            await self._catch_up(redis)
            return cast("bytes | None", await redis.get(_name(key)))

        return await self._link.ask(ask, lambda: self._fallback.get(key))

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """As in Cache."""
        if ttl <= 0:
            return await self.delete(key)

        async def ask(redis: Redis) -> None:
            await self._catch_up(redis)
            await redis.set(_name(key), value, px=max(1, int(ttl * 1000)))

        async def otherwise() -> None:
            self._miss(key)
            self._fallback.put(key, value, ttl)

        return await self._link.ask(ask, otherwise)

    async def delete(self, key: str) -> None:
        """As in Cache."""

        async def ask(redis: Redis) -> None:
            await self._catch_up(redis)
            await redis.delete(_name(key))

        async def otherwise() -> None:
            self._miss(key)
            self._fallback.drop(key)

        return await self._link.ask(ask, otherwise)

    async def aclose(self) -> None:
        """Leaves the connections to who made the link."""

    def _miss(self, key: str) -> None:
        self._outdated[key] = None
        if len(self._outdated) > 100_000:
            del self._outdated[next(iter(self._outdated))]

    async def _catch_up(self, redis: Redis) -> None:
        if not self._outdated:
            return
        keys = list(self._outdated)
        await redis.delete(*map(_name, keys))
        for key in keys:
            self._outdated.pop(key, None)


def _cost(key: str, value: bytes) -> int:
    return len(key) + len(value) + _OVERHEAD


def _name(key: str) -> str:
    return f"llm-gateway:cache:{key}"
