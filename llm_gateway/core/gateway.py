"""The gateway itself: from a call to a reply, by way of the targets of its config, with a record of what happened."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from llm_gateway.core import openrouter
from llm_gateway.core.admission import Ticket
from llm_gateway.core.attempt import Attempts
from llm_gateway.core.errors import GatewayError, InvalidConfig, UpstreamError
from llm_gateway.core.outcome import Outcome, tokens
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import Call, Reply, Target, Usage
from llm_gateway.routing import choose
from llm_gateway.routing import config as configs
from llm_gateway.state.breaker import Breaker

COST_HEADER = "x-llm-gateway-cost"
WARNING_HEADER = "x-llm-gateway-warning"
_PLAIN = Target()
_LONGEST = 1000  # characters of a header of ours


@dataclass(slots=True)
class _Trip:
    """What one call knows on its way."""

    call: Call
    started: float
    request_id: str
    trace_id: str
    metadata_text: str
    ticket: Ticket = field(default_factory=Ticket)
    warnings: tuple[str, ...] = ()
    config: str = ""  # the id of a stored config, or the text of another

    def place(self, path: str) -> str:
        """A target's path, with what tells its config from others. It is hashed: configs may hold keys."""
        return f"{sha256(self.config.encode('utf-8', 'surrogateescape')).hexdigest()}:{path}"

    def metadata(self) -> dict[str, Any]:
        """Raises InvalidConfig where the header is no JSON object."""
        if not self.metadata_text:
            return {}
        try:
            found = orjson.loads(self.metadata_text)
        except orjson.JSONDecodeError as error:
            raise InvalidConfig("x-portkey-metadata takes a JSON object") from error
        if not isinstance(found, dict):
            raise InvalidConfig("x-portkey-metadata takes a JSON object")
        return found


@dataclass(frozen=True)
class Gateway:
    """One core for both faces. `observers` get each finished request; they must not block."""

    setup: Setup
    attempts: Attempts
    breaker: Breaker
    observers: Sequence[Callable[[Usage], object]] = ()
    clock: Callable[[], float] = time.perf_counter
    draw: Callable[[], float] = random.random

    async def handle(self, call: Call) -> Reply:
        """The reply, whatever happens: what the gateway refuses is an error reply with its status."""
        given = call.headers
        trip = _Trip(
            call,
            self.clock(),
            _new_id(),
            _printable(given.get("x-portkey-trace-id")) or _new_id(),
            given.get("x-portkey-metadata", ""),
        )
        try:
            outcome = await self._walk(self._config(trip), trip)
        except GatewayError as error:
            outcome = refusal(error)
        except asyncio.CancelledError:  # what was sent upstream may have to be paid for
            await self._settle(trip, Outcome(499, b"", error="the client went away"))
            raise
        return await self._reply(trip, outcome)

    async def aclose(self, timeout: float = 5.0) -> None:
        """Waits, at most `timeout` seconds, for what is still to be kept. The gateway answers on."""
        if self.attempts.caching.semantic is not None:
            await self.attempts.caching.semantic.settle(timeout)

    def _config(self, trip: _Trip) -> Target:
        """The config that a call asks for: its own, a stored one, the default one. Raises InvalidConfig."""
        call = trip.call
        config = call.config
        given = call.headers.get("x-portkey-config")
        if config is None and given:
            trip.config = given
            config = self.setup.stored_config(given) if given.startswith("pc-") else configs.from_header(given)
        if config is None and self.setup.settings.default_config:
            trip.config = self.setup.settings.default_config
            config = self.setup.configs[trip.config]
        if config is not None:
            trip.warnings = config.warnings
        if "models" in call.body and isinstance(call.body["models"], list):
            call.body, config = openrouter.fallbacks(call.body, config or _PLAIN, self.setup)
        return config or _PLAIN

    async def _walk(self, node: Target, trip: _Trip) -> Outcome:
        if not node.targets:
            return await self._leaf(node, trip)
        if node.mode == "fallback":
            return await self._fall_back(node, trip)
        if node.mode == "single":
            return await self._walk(node.targets[0], trip)
        call = trip.call
        path, body, metadata = f"/v1/{call.endpoint}", call.body, trip.metadata()
        if node.mode == "loadbalance" and node.breaker:
            node = replace(node, targets=await self._closed(node, trip))
        chosen = choose.pick(
            node, params=body, metadata=metadata, path=path, caller_key=call.caller.key, draw=self.draw
        )
        return await self._walk(chosen, trip)

    async def _fall_back(self, node: Target, trip: _Trip) -> Outcome:
        targets = await self._closed(node, trip) if node.breaker else node.targets
        outcome, sent = await self._walk(targets[0], trip), 0
        for child in targets[1:]:
            if choose.stops(node, outcome.status, outcome.refused is not None):
                break
            sent += outcome.sent
            await outcome.discard()
            outcome = await self._walk(child, trip)
        outcome.sent += sent
        return outcome

    async def _leaf(self, node: Target, trip: _Trip) -> Outcome:
        try:
            outcome = await self.attempts.run(node, trip.call, trip.ticket)
        except UpstreamError as error:  # as if the provider had answered so: a fallback goes on
            body = orjson.dumps(error.body())
            outcome = Outcome(error.status, body, path=node.path, provider=error.provider, error=error.message)
        except GatewayError as error:
            outcome = refusal(error)
            outcome.path = node.path
        if node.breaker and outcome.sent:  # what the cache answers, or the gateway refuses, tells nothing of a target
            failed = outcome.status in node.breaker.on_status_codes
            try:
                await self.breaker.record(trip.place(node.path), node.breaker, failed)
            except asyncio.CancelledError:
                await outcome.discard()
                raise
        return outcome

    async def _closed(self, node: Target, trip: _Trip) -> tuple[Target, ...]:
        """The targets that no breaker holds back; all of them where it holds back every one."""
        policy = node.breaker
        assert policy is not None
        closed = [child for child in node.targets if not await self.breaker.is_open(trip.place(child.path), policy)]
        return tuple(closed) or node.targets

    async def _reply(self, trip: _Trip, outcome: Outcome) -> Reply:
        headers = outcome.headers
        headers["content-type"] = outcome.content_type
        headers["x-request-id"] = trip.request_id
        headers["x-portkey-trace-id"] = trip.trace_id
        headers["x-portkey-last-used-option-index"] = outcome.path
        headers["x-portkey-retry-attempt-count"] = str(outcome.retries)
        headers["x-portkey-cache-status"] = outcome.cache
        if outcome.provider:
            headers["x-portkey-provider"] = outcome.provider
        if outcome.status >= 400 and outcome.sent > 1:
            headers["x-should-retry"] = "false"  # the clients' own retries would come on top of ours
        if outcome.cost is not None:
            headers[COST_HEADER] = f"{outcome.cost:.10g}"
        warnings = (*trip.warnings, *outcome.warnings)
        if warnings:
            headers[WARNING_HEADER] = _printable("; ".join(warnings)) or ""
        if isinstance(outcome.body, bytes):
            await self._settle(trip, outcome)
            return Reply(outcome.status, headers, outcome.body)
        pieces = self._followed(trip, outcome, outcome.body)
        return Reply(outcome.status, headers, _Pieces(pieces, partial(self._unread, trip, outcome)))

    async def _unread(self, trip: _Trip, outcome: Outcome) -> None:
        await outcome.discard()
        outcome.error = "the client went away"
        await self._settle(trip, outcome)

    async def _followed(
        self, trip: _Trip, outcome: Outcome, stream: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The stream; when it has ended, or its reader has gone, the request is settled."""
        try:
            async for piece in stream:
                if outcome.first_token is None:
                    outcome.first_token = self.clock() - trip.started
                yield piece
        finally:
            await stream.aclose()
            await self._settle(trip, outcome)

    async def _settle(self, trip: _Trip, outcome: Outcome) -> None:
        """Counts the request against limits and budgets and tells the observers."""
        call = trip.call
        prompt, completion = tokens(outcome.usage)
        usage = Usage(
            at=time.time(),
            request_id=trip.request_id,
            trace_id=trip.trace_id,
            key=call.caller.key,
            project=call.caller.project,
            endpoint=call.endpoint,
            provider=outcome.provider,
            model=outcome.model,
            status=outcome.status,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=outcome.cost,
            estimated=outcome.estimated,
            cache=outcome.cache,
            seconds=self.clock() - trip.started,
            first_token=outcome.first_token,
            attempts=outcome.sent,
            error=outcome.error[:500],
            metadata=trip.metadata_text,
        )
        for observer in self.observers:  # first, since the client may leave while a store keeps us waiting
            observer(usage)
        await self.attempts.admission.settle(call.caller, trip.ticket, prompt + completion, outcome.cost)


class _Pieces:
    """A stream that is settled even if nobody begins it: to close a generator that has not begun runs none of it."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], unread: Callable[[], Awaitable[None]]) -> None:
        self._pieces = pieces
        self._unread: Callable[[], Awaitable[None]] | None = unread

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._unread = None
        return self._pieces

    async def aclose(self) -> None:
        unread, self._unread = self._unread, None
        await self._pieces.aclose()
        if unread is not None:
            await unread()


def refusal(error: GatewayError) -> Outcome:
    """The outcome of a request that the gateway itself turns down."""
    body = orjson.dumps(error.body())
    return Outcome(error.status, body, headers=dict(error.headers), error=error.message, refused=error)


def _new_id() -> str:
    """An id that nothing secret depends on; the system's own randomness would take ten times as long."""
    return f"{random.getrandbits(128):032x}"


def _printable(text: str | None) -> str | None:
    """Text for a header of a reply: printable ASCII, and not too much of it."""
    if not text:
        return None
    return "".join(character for character in text if " " <= character <= "~")[:_LONGEST]
