"""From an upstream's answer to an outcome: errors in one shape, JSON with its cost, streams followed to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson

from llm_gateway.core.depth import too_deep
from llm_gateway.core.errors import UpstreamError
from llm_gateway.core.outcome import Outcome
from llm_gateway.core.sse import Tap, usage_of
from llm_gateway.core.types import JSON, Incoming
from llm_gateway.providers.exchange import Exchange, Translator

_KEPT = ("retry-after", "x-ms-retry-after-ms", "x-ratelimit-", "openai-", "anthropic-")
_BY_TYPE = {
    "authentication_error": 401,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
}
Priced = Callable[[JSON], float | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the answers to one request. `provider` is the name that errors tell, `priced` knows the cost of a usage."""

    exchange: Exchange
    body: JSON
    provider: str
    priced: Priced

    async def read(self, incoming: Incoming) -> Outcome:
        """The outcome of an answer whose headers are there.

        A broken, empty or non-JSON answer and an error under status 200 become what they mean, so that retries and
        fallbacks see them. Nothing is raised for what an upstream does.
        """
        kind = incoming.headers.get("content-type", "")
        try:
            if incoming.status == 200 and kind.startswith("text/event-stream"):
                outcome = await self._stream(incoming)
            elif incoming.status == 200 and self.exchange.opaque and kind and "json" not in kind:
                outcome = Outcome(200, b"", kind)
                outcome.body = _passed_on(incoming, outcome)
            else:
                outcome = self._whole(incoming.status, await incoming.read())
                incoming.close()
        except asyncio.CancelledError:
            incoming.close()
            raise
        except UpstreamError as error:
            incoming.close()
            return self.failed(error)
        if not isinstance(outcome.body, bytes):
            outcome.release = incoming.close
        for name, value in incoming.headers.items():
            lowered = name.lower()
            if lowered.startswith(_KEPT):
                outcome.headers[lowered] = value
        return outcome

    def failed(self, error: UpstreamError) -> Outcome:
        """The outcome of an upstream that gave no answer."""
        body = orjson.dumps(self.exchange.failure(error.status, error.body()["error"]))
        return Outcome(error.status, body, error=error.message)

    def _whole(self, status: int, raw: bytes) -> Outcome:
        try:
            data: Any = orjson.loads(raw)
            if too_deep(raw, data):
                data = None
        except orjson.JSONDecodeError:
            data = None
        if status == 200 and isinstance(data, dict):
            error = data.get("error")
            if not error or "choices" in data or "output" in data:
                return self._good(data, raw)
            status = _status_of(error)
        elif status < 400:
            what = "redirects" if 300 <= status < 400 else "sent a reply that is not a JSON object"
            return self._error(502, {"error": {"message": f"The provider {what}", "type": "upstream_error"}})
        if data is None:
            data = {"error": {"message": raw[:500].decode("utf-8", "replace") or "no further word"}}
        return self._error(status, data)

    def _good(self, data: JSON, raw: bytes) -> Outcome:
        usage = usage_of(data)
        cost = self.priced(usage) if usage else None
        if not self.exchange.identity:
            data = self.exchange.reply(data)
        passed = data.get("usage")
        if cost is not None and isinstance(passed, dict):
            passed["cost"] = cost
            raw = orjson.dumps(data)
        elif not self.exchange.identity:
            raw = orjson.dumps(data)
        model = data.get("model")
        return Outcome(200, raw, usage=usage, cost=cost, model=model if isinstance(model, str) else "")

    def _error(self, status: int, data: Any) -> Outcome:
        """An upstream's error, named after it, with every field that clients read."""
        found = data.get("error", data) if isinstance(data, dict) else data
        error = found if isinstance(found, dict) else {"message": str(found)}
        message = error.get("message") or error.get("detail") or "no further word"
        told = {
            "message": f"{self.provider} error: {message}",
            "type": error.get("type"),
            "param": error.get("param"),
            "code": error.get("code"),
        }
        body = self.exchange.failure(status, told) | {"provider": self.provider}
        return Outcome(status, orjson.dumps(body), error=str(message))

    async def _stream(self, incoming: Incoming) -> Outcome:
        """A stream's outcome, once its first events are there: an error in their place fails as a status would."""
        flow = _Flow(self.exchange, self.body, self.priced)
        chunks = incoming.chunks()
        first = b""
        async for chunk in chunks:
            first = flow.feed(chunk)
            if first or flow.tap.error:
                break
        if flow.tap.error:
            incoming.close()
            return self._error(_status_of(flow.tap.error), {"error": flow.tap.error})
        if not first and flow.tap.silent:
            raise UpstreamError("The provider sent an empty stream")
        outcome = Outcome(200, b"", "text/event-stream; charset=utf-8")
        outcome.body = self._pieces(flow, first, chunks, outcome)
        outcome.release = incoming.close
        return outcome

    async def _pieces(
        self, flow: _Flow, first: bytes, chunks: AsyncIterator[bytes], outcome: Outcome
    ) -> AsyncGenerator[bytes, None]:
        outcome.error = "the client went away"  # until the end is reached
        tap = flow.tap
        try:
            if first:
                yield first
            async for chunk in chunks:
                if passed := flow.feed(chunk):
                    yield passed
            if last := flow.end():
                yield last
            outcome.error = str(tap.error.get("message", "an error in the stream")) if tap.error else ""
        except UpstreamError as error:
            outcome.error = error.message
            yield self.exchange.broken_stream(error)
        finally:
            if outcome.release is not None:
                outcome.release()
            outcome.usage = tap.usage
            if tap.usage is None and tap.events:
                # Providers send a token an event, more or less; better a flagged estimate than nothing.
                outcome.usage, outcome.estimated = {"completion_tokens": tap.events}, True
            outcome.cost = self.priced(outcome.usage) if outcome.usage else None


def _status_of(error: Any) -> int:
    """The status that an error under 200 stands for."""
    if isinstance(error, dict):
        code = error.get("code") or error.get("status")
        if isinstance(code, str) and code.isdigit():
            code = int(code)
        if isinstance(code, int) and 400 <= code <= 599:
            return code
        return _BY_TYPE.get(str(error.get("type")), 502)
    return 502


async def _passed_on(incoming: Incoming, outcome: Outcome) -> AsyncGenerator[bytes, None]:
    """A body that the gateway does not look into, such as audio. Raises UpstreamError where it breaks off."""
    outcome.error = "the client went away"  # until the end is reached
    try:
        async for chunk in incoming.chunks():
            yield chunk
        outcome.error = ""
    except UpstreamError as error:
        outcome.error = error.message
        raise
    finally:
        incoming.close()


class _Flow:
    """An event stream on its way through: tapped, and translated where the exchange asks for it."""

    def __init__(self, exchange: Exchange, body: JSON, priced: Priced) -> None:
        self.tap = Tap(hide_usage=exchange.hides_usage(body), priced=priced)
        self._translator = exchange.translator(body)
        if self._translator is not None and exchange.prices_translated:
            self._translator = _Priced(self._translator, Tap(hide_usage=False, priced=priced))

    def feed(self, chunk: bytes) -> bytes:
        """What of the stream can be passed on now. Raises UpstreamError."""
        passed = self.tap.feed(chunk)
        return passed if self._translator is None or not passed else self._translator.feed(passed)

    def end(self) -> bytes:
        """What is left when the stream has ended. Raises UpstreamError for half an event."""
        passed = self.tap.end()
        if self._translator is None:
            return passed
        return (self._translator.feed(passed) if passed else b"") + self._translator.end()


class _Priced:
    """A translator whose stream then gets the cost that the provider's own had no room for."""

    def __init__(self, translator: Translator, tap: Tap) -> None:
        self._translator = translator
        self._tap = tap

    def feed(self, data: bytes) -> bytes:
        """As in Translator."""
        return self._tap.feed(self._translator.feed(data))

    def end(self) -> bytes:
        """As in Translator."""
        return self._tap.feed(self._translator.end())
