"""A cache of one's own values and answers, in memory and, where an address is given, in a Redis behind it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncGenerator
from functools import partial
from types import TracebackType
from typing import Any, Self, overload

import orjson
from pydantic import BaseModel, Field

from llm_gateway.exceptions import LLMGatewayConfigurationError
from llm_gateway.loops import PerLoop
from llm_gateway.models import LLMRequest, LLMResponse
from llm_gateway.state.cache import Cache, MemoryCache, RedisCache
from llm_gateway.state.urls import StateError, masked

__all__ = ["CacheConfig", "CacheService"]

log = logging.getLogger(__name__)


class CacheConfig(BaseModel):
    """How long values are kept, in seconds, and how many bytes of them in memory."""

    enabled: bool = True
    ttl_seconds: float = Field(default=3600, gt=0)
    max_bytes: int = Field(default=64 << 20, gt=0)
    redis_url: str | None = None


class CacheService:
    """Values by name, and answers by request.

    While Redis is gone, this process keeps what it is given (`degraded` says so, and a warning in the log). It works in
    any event loop; each loop has its own connections, closed when it ends. Raises LLMGatewayConfigurationError.
    """

    def __init__(self, config: CacheConfig | None = None, *, redis_url: str | None = None) -> None:
        self.config = config or CacheConfig()
        self.redis_url = redis_url or self.config.redis_url
        self._memory = MemoryCache(self.config.max_bytes)
        self._caches = PerLoop(partial(_lifetime, self.redis_url, self._memory)) if self.redis_url else None
        self._degraded: str | None = None
        self._stored: set[str] = set()

    @property
    def degraded(self) -> str | None:
        """What is wrong with Redis, as far as is known."""
        return self._degraded

    async def connect(self) -> None:
        """Opens the way to Redis, which the first use does otherwise."""
        await self._cache()

    @overload
    async def get(self, key: str) -> Any: ...

    @overload
    async def get(self, key: LLMRequest) -> tuple[LLMResponse | None, str | None]: ...

    async def get(self, key: str | LLMRequest) -> Any:
        """The value of a name, None where there is none. For a request, the answer and where it was: l1, l2 or None.

        l1 is memory and l2 Redis.
        """
        found = None
        if self.config.enabled:
            cache = await self._cache()
            found = await cache.get(self._name(key))
            self._note(cache)
        if isinstance(key, str):
            return None if found is None else orjson.loads(found)
        if found is None:
            return None, None
        level = "l2" if self.redis_url and not self.degraded else "l1"
        return LLMResponse.model_validate_json(found).model_copy(update={"cached": True}), level

    async def set(self, key: str | LLMRequest, value: Any, ttl: float | None = None) -> None:
        """Keeps a JSON value under a name, or the answer to a request, for `ttl` seconds."""
        if not self.config.enabled:
            return
        raw = value.model_dump_json().encode() if isinstance(value, BaseModel) else orjson.dumps(value)
        cache, name = await self._cache(), self._name(key)
        self._stored.add(name)
        await cache.set(name, raw, self.config.ttl_seconds if ttl is None else ttl)
        self._note(cache)

    async def invalidate(self, key: str | LLMRequest) -> None:
        """Forgets one entry."""
        name = self._name(key)
        self._stored.discard(name)
        await (await self._cache()).delete(name)

    async def clear(self) -> None:
        """Forgets all that this object has stored; what others have stored in the same Redis stays."""
        cache = await self._cache()
        while self._stored:
            await cache.delete(self._stored.pop())

    async def close(self) -> None:
        """Closes the connections of the running loop."""
        if self._caches is not None:
            await self._caches.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _cache(self) -> Cache:
        return self._memory if self._caches is None else await self._caches.get()

    def _note(self, cache: Cache) -> None:
        """Says it once when Redis is gone."""
        if cache.degraded and not self._degraded:
            log.warning("%s", cache.degraded)
        self._degraded = cache.degraded

    def _name(self, key: str | LLMRequest) -> str:
        if isinstance(key, str):
            return f"own:{key}"
        body = orjson.dumps(key.body(), option=orjson.OPT_SORT_KEYS)
        return f"answer:{hashlib.sha256(body).hexdigest()}"


async def _lifetime(url: str, memory: MemoryCache) -> AsyncGenerator[Cache, None]:
    """The cache of one loop, as PerLoop wants it."""
    try:
        from llm_gateway.state.redis_link import RedisLink

        link = RedisLink(url)
    except ModuleNotFoundError as error:
        if error.name != "redis":
            raise
        raise LLMGatewayConfigurationError(f"{masked(url)}: the package redis is missing; pip install redis") from None
    except StateError as error:
        raise LLMGatewayConfigurationError(str(error)) from error
    try:
        yield RedisCache(link, memory)
    finally:
        await link.aclose()
