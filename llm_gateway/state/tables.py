"""Opens the stores that a gateway's settings name by URL."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from llm_gateway.state.breaker import Breaker, MemoryBreaker, RedisBreaker
from llm_gateway.state.cache import Cache, MemoryCache, RedisCache
from llm_gateway.state.cache_sqlite import SqliteCache
from llm_gateway.state.limits import Limiter, MemoryLimiter, RedisLimiter
from llm_gateway.state.spend import MemorySpend, RedisSpend, Spend
from llm_gateway.state.urls import StateError, masked, sqlite_path
from llm_gateway.state.usage import UsageStore
from llm_gateway.state.usage_sqlite import MemoryUsage, SqliteUsage

if TYPE_CHECKING:
    from llm_gateway.state.redis_link import RedisLink
    from llm_gateway.state.semantic import SemanticCache

_REDIS = ("redis", "rediss", "unix")
_POSTGRES = ("postgresql", "postgres")


@dataclass(slots=True)
class State:
    """All that a gateway keeps between requests."""

    cache: Cache
    limiter: Limiter
    breaker: Breaker
    spend: Spend
    usage: UsageStore
    links: tuple[RedisLink, ...] = ()
    semantic: SemanticCache | None = None  # there is one only where the settings ask for it

    def conditions(self) -> dict[str, str | None]:
        """What is wrong with each store, by its name; None where nothing is."""
        found = {
            "cache": self.cache.degraded,
            "limiter": self.limiter.degraded,
            "breaker": self.breaker.degraded,
            "spend": self.spend.degraded,
            "usage": self.usage.degraded,
        }
        return found if self.semantic is None else {**found, "semantic": self.semantic.degraded}

    def degraded(self) -> list[str]:
        """What is wrong with any of the stores, each said once."""
        return sorted(by_trouble(self.conditions()))

    async def aclose(self, timeout: float = 10.0) -> bool:
        """Writes what is still to be written and closes all. False if usage could not be written in time."""
        try:  # usage first: of all that is here it alone cannot be had again
            return await asyncio.to_thread(self.usage.close, timeout)
        finally:
            await self.cache.aclose()
            for link in self.links:
                await link.aclose()


def by_trouble(conditions: Mapping[str, str] | Mapping[str, str | None]) -> dict[str, list[str]]:
    """The names of the stores that have a trouble in common, by what it is."""
    found: dict[str, list[str]] = {}
    for name, trouble in conditions.items():
        if trouble is not None:
            found.setdefault(trouble, []).append(name)
    return found


async def open_state(
    cache_url: str = "memory:", limits_url: str = "memory:", usage_url: str = "memory:", *, cache_bytes: int = 64 << 20
) -> State:
    """Opens the stores; `limits_url` is for limits, circuit breakers and budgets. Raises StateError.

    The cache is `memory:`, `sqlite:///file` or `redis://…`, limits `memory:` or `redis://…`, usage `memory:`,
    `sqlite:///file` or `postgresql://…`. `cache_bytes` is for the part of the cache in memory.
    """
    cache_kind = _kind("cache", cache_url, ("memory", "sqlite", *_REDIS))
    limits_kind = _kind("limits", limits_url, ("memory", *_REDIS))
    usage_kind = _kind("usage", usage_url, ("memory", "sqlite", *_POSTGRES))
    links: dict[str, RedisLink] = {}
    opened: Cache | None = None
    try:
        for url, kind in ((cache_url, cache_kind), (limits_url, limits_kind)):
            if kind in _REDIS and url not in links:
                links[url] = await _redis(url)
        memory = MemoryCache(cache_bytes)
        cache: Cache = memory
        if cache_kind == "sqlite":
            cache = opened = await asyncio.to_thread(SqliteCache, sqlite_path(cache_url), memory=memory)
        elif cache_kind in _REDIS:
            cache = RedisCache(links[cache_url], memory)
        usage = await asyncio.to_thread(_usage, usage_url, usage_kind)
    except StateError:
        if opened is not None:
            await opened.aclose()
        for link in links.values():
            await link.aclose()
        raise
    if limits_kind == "memory":
        return State(cache, MemoryLimiter(), MemoryBreaker(), MemorySpend(), usage, tuple(links.values()))
    link = links[limits_url]
    return State(cache, RedisLimiter(link), RedisBreaker(link), RedisSpend(link), usage, tuple(links.values()))


def _kind(store: str, url: str, kinds: tuple[str, ...]) -> str:
    kind, colon, _ = url.partition(":")
    if not colon or kind not in kinds:
        raise StateError(
            f"{masked(url) or 'an empty URL'}: the {store} cannot be kept there; write one of "
            + ", ".join("memory:" if kind == "memory" else f"{kind}://…" for kind in kinds)
        )
    return kind


async def _redis(url: str) -> RedisLink:
    link: RedisLink = _extra("redis_link", "redis", url).RedisLink(url)
    await link.check()
    return link


def _usage(url: str, kind: str) -> UsageStore:
    if kind == "memory":
        return MemoryUsage()
    if kind == "sqlite":
        return SqliteUsage(sqlite_path(url))
    usage: UsageStore = _extra("usage_postgres", "psycopg", url).PostgresUsage(url)
    return usage


def _extra(module: str, package: str, url: str) -> ModuleType:
    """The module of this package that needs an optional package."""
    try:
        return importlib.import_module(f"llm_gateway.state.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        extra = {"psycopg": "psycopg[binary]"}.get(package, package)
        raise StateError(f"{masked(url)}: the package {package} is missing; pip install '{extra}'") from None
