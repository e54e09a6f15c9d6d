"""The cache of replies as a request sees it: whether, under which key, for how long."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import orjson

from llm_gateway.core.destination import Destination
from llm_gateway.core.outcome import Outcome
from llm_gateway.core.outgoing import meant
from llm_gateway.core.sse import Tap
from llm_gateway.core.types import JSON, CachePolicy, CacheStatus, Call, Target
from llm_gateway.state import cache_key
from llm_gateway.state.cache import Cache
from llm_gateway.state.semantic import SemanticCache

_DEFAULT_AGE = 7 * 86400.0
_LONGEST = 90 * 86400.0
_SHORTEST = 60.0
_UNCACHED = ("audio/", "images/edits", "images/variations", "models", "moderations")
_MAX_AGE = re.compile(r"max-age\s*=\s*(\d+)", re.IGNORECASE)
# The last event of a whole stream, in each of the dialects. Without it a provider may have hung up between two events.
_LAST = re.compile(
    rb'data:\s*\[DONE\]\s*$|"type"\s*:\s*"(?:message_stop|response\.(?:completed|incomplete)|image_\w+\.completed)"'
)
MAX_ENTRY = 4 * 1024 * 1024  # bytes; larger replies are not worth their room


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the cache said. `key` is where a fresh reply goes; None leaves it out."""

    status: CacheStatus
    found: bytes | None = None
    content_type: str = "application/json"
    key: str | None = None
    age: float = 0.0
    body: JSON | None = None  # of a request that is cached by meaning
    partition: str = ""


_DISABLED = Lookup("DISABLED")


@dataclass(frozen=True)
class Caching:
    """Looks up and keeps replies. Without `semantic`, a semantic policy finds exact matches only."""

    cache: Cache
    semantic: SemanticCache | None = None

    async def look_up(self, target: Target, call: Call, body: JSON, destination: Destination) -> Lookup:
        """What is known of this request at this destination."""
        policy = target.cache
        if policy is None or call.endpoint.startswith(_UNCACHED) or call.headers.get("x-portkey-debug") == "false":
            return _DISABLED
        headers = call.headers
        scope = _scope(target, call, destination)
        metadata, namespace = headers.get("x-portkey-metadata"), headers.get("x-portkey-cache-namespace")
        key = cache_key.key(call.endpoint, body, metadata, namespace, scope)
        age = _age(policy, headers.get("cache-control", ""))
        if headers.get("x-portkey-cache-force-refresh", "").lower() == "true":
            await self.cache.delete(key)
            return Lookup("REFRESH", key=key, age=age)
        found = await self.cache.get(key)
        if found is not None:
            kind, _, reply = found.partition(b"\n")
            return Lookup("HIT", reply, kind.decode())
        if policy.mode == "semantic" and self.semantic is not None and call.endpoint == "chat/completions":
            partition = cache_key.partition(call.endpoint, body, metadata, namespace, scope)
            found = await self.semantic.find(body, partition)
            if found is not None:
                kind, _, reply = found.partition(b"\n")
                return Lookup("SEMANTIC HIT", reply, kind.decode())
            return Lookup("SEMANTIC MISS", key=key, age=age, body=body, partition=partition)
        return Lookup("MISS", key=key, age=age)

    async def keep(self, lookup: Lookup, content_type: str, reply: bytes) -> None:
        """Keeps a fresh reply where `lookup` found none."""
        if lookup.key is None or len(reply) > MAX_ENTRY:
            return
        entry = content_type.encode() + b"\n" + reply
        await self.cache.set(lookup.key, entry, lookup.age)
        if lookup.body is not None and self.semantic is not None:
            self.semantic.store_later(lookup.body, lookup.partition, entry, lookup.age)

    async def recorded(
        self, lookup: Lookup, outcome: Outcome, stream: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The stream of `outcome`, kept as it passes; only if it reaches its end without an error."""
        passed: list[bytes] = []
        size = 0
        try:
            async for piece in stream:
                size += len(piece)
                if size <= MAX_ENTRY:
                    passed.append(piece)
                yield piece
        finally:
            await stream.aclose()
        if size <= MAX_ENTRY and not outcome.error and _is_whole(reply := b"".join(passed)):
            await self.keep(lookup, outcome.content_type, reply)

    def warning(self, policy: CachePolicy | None) -> str | None:
        """What a client should know about a policy that this gateway cannot follow."""
        if policy is not None and policy.mode == "semantic" and self.semantic is None:
            return "no embedding model is configured: the semantic cache finds exact matches only"
        return None


def _scope(target: Target, call: Call, destination: Destination) -> str:
    """What else an answer depends on: the project, where the request goes, and what comes along in headers."""
    brought = destination.key if destination.integration is None else None
    place = (destination.provider.name, destination.model, destination.base_url)
    return repr((call.caller.project, *place, brought, meant(call, target)))


def _is_whole(stream: bytes) -> bool:
    last = stream.replace(b"\r\n", b"\n").rstrip().rpartition(b"\n\n")[2]
    return _LAST.search(last) is not None


def _age(policy: CachePolicy, cache_control: str) -> float:
    """Seconds: config, then Cache-Control, then seven days, which also replaces what is out of bounds."""
    age = policy.max_age
    if age is None and (asked := _MAX_AGE.search(cache_control)):
        age = float(asked[1])
    return age if age is not None and _SHORTEST <= age <= _LONGEST else _DEFAULT_AGE


def without_cost(reply: bytes, content_type: str) -> bytes:
    """A reply out of the cache costs nothing."""
    if b'"cost"' not in reply:
        return reply
    if content_type.startswith("text/event-stream"):
        tap = Tap(hide_usage=False, priced=lambda usage: 0.0)
        return tap.feed(reply) + tap.end()
    try:
        data = orjson.loads(reply)
    except orjson.JSONDecodeError:
        return reply
    usage = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(usage, dict) or "cost" not in usage:
        return reply
    usage["cost"] = 0.0
    return orjson.dumps(data)
