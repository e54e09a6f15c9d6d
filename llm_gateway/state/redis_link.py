"""One Redis server, shared by all that keep state in it, and what to do while it is gone."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from llm_gateway.state.urls import StateError, masked, without_passwords

Answer = TypeVar("Answer")

_TIMEOUT = 0.5  # seconds a request may wait for a connection, and then for the answer
_CONNECTIONS = 32  # at most; what comes on top waits for one to be free
_PAUSE = 1.0  # seconds between two looks at a Redis that is gone


class RedisLink:
    """Asks Redis, and a fallback while Redis is gone: then one question a second looks whether it is back.

    `degraded` says since the first failed question what is wrong, and is None again after the first answer.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Connects with the first question. Raises StateError if `url` makes no sense."""
        self.degraded: str | None = None
        self._url = url
        self._clock = clock
        self._next_look = 0.0
        try:
            # No retries: what failed may have been done all the same, and adding twice would be worse than falling
            # back. Protocol 2: with 3 the client does not look whether a connection was closed while it was idle.
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=_TIMEOUT,
                protocol=2,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise StateError(f"{masked(url)}: {without_passwords(str(error), url)}") from None
        self._client = Redis.from_pool(pool)

    async def check(self) -> None:
        """Raises StateError if Redis does not answer."""
        try:
            await self._client.ping()
        except (RedisError, OSError) as error:
            await self.aclose()
            reason = without_passwords(str(error), self._url)
            raise StateError(
                f"{masked(self._url)}: no answer from Redis ({reason}); start it or mend the URL"
            ) from None

    def script(self, text: str) -> Any:
        """A Lua script, sent by its hash: `await script(keys=[…], args=[…])` inside a question."""
        return self._client.register_script(text)

    async def ask(
        self, question: Callable[[Redis], Awaitable[Answer]], otherwise: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Redis' answer to `question`, or else `otherwise`."""
        if self.degraded is not None:
            now = self._clock()
            if now < self._next_look:
                return await otherwise()
            self._next_look = now + _PAUSE
        try:
            answer = await question(self._client)
        except (RedisError, OSError) as error:
            self._next_look = self._clock() + _PAUSE
            reason = without_passwords(str(error), self._url) or type(error).__name__
            self.degraded = f"{masked(self._url)}: Redis is gone, each process keeps its own state: {reason}"
            return await otherwise()
        self.degraded = None
        return answer

    async def look(self) -> None:
        """Learns whether Redis answers at present, which nobody else may ask for a long while."""
        await self.ask(lambda client: client.ping(), _nothing)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


async def _nothing() -> None:
    return None
