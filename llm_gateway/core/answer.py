"""From an upstream's answer to an outcome: errors in one shape, JSON with its cost, streams followed to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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


async def read(incoming: Incoming, exchange: Exchange, body: JSON, provider: str, priced: Priced) -> Outcome:
    """The outcome of an answer whose headers are there. `priced` tells the cost of a usage.

    A broken, empty or non-JSON answer and an error under status 200 become what they mean, so that retries and
    fallbacks see them. Nothing is raised for what an upstream does.
    """
    kind = incoming.headers.get("content-type", "")
    streams = incoming.status == 200 and kind.startswith("text/event-stream")
    try:
        if streams:
            outcome = await _stream(incoming, exchange, body, provider, priced)
        elif incoming.status == 200 and "json" not in kind and kind:
            outcome = Outcome(200, _passed_on(incoming), kind)
        else:
            outcome = _whole(incoming.status, await incoming.read(), exchange, provider, priced)
            incoming.close()
    except asyncio.CancelledError:
        incoming.close()
        raise
    except UpstreamError as error:
        incoming.close()
        return failed(error, exchange)
    if not isinstance(outcome.body, bytes):
        outcome.release = incoming.close
    for name, value in incoming.headers.items():
        lowered = name.lower()
        if lowered.startswith(_KEPT):
            outcome.headers[lowered] = value
    return outcome


def failed(error: UpstreamError, exchange: Exchange) -> Outcome:
    """The outcome of an upstream that gave no answer."""
    body = orjson.dumps(exchange.failure(error.status, error.body()["error"]))
    return Outcome(error.status, body, error=error.message)


def _whole(status: int, raw: bytes, exchange: Exchange, provider: str, priced: Priced) -> Outcome:
    try:
        data: Any = orjson.loads(raw)
        if too_deep(raw, data):
            data = None
    except orjson.JSONDecodeError:
        data = None
    if status == 200 and isinstance(data, dict):
        error = data.get("error")
        if not error or "choices" in data or "output" in data:
            return _good(data, raw, exchange, priced)
        status = _status_of(error)
    elif status < 400:
        what = "redirects" if 300 <= status < 400 else "sent a reply that is not a JSON object"
        return _error(502, {"error": {"message": f"The provider {what}", "type": "upstream_error"}}, exchange, provider)
    if data is None:
        data = {"error": {"message": raw[:500].decode("utf-8", "replace") or "no further word"}}
    return _error(status, data, exchange, provider)


def _good(data: JSON, raw: bytes, exchange: Exchange, priced: Priced) -> Outcome:
    usage = usage_of(data)
    cost = priced(usage) if usage else None
    if not exchange.identity:
        data = exchange.reply(data)
    passed = data.get("usage")
    if cost is not None and isinstance(passed, dict):
        passed["cost"] = cost
        raw = orjson.dumps(data)
    elif not exchange.identity:
        raw = orjson.dumps(data)
    model = data.get("model")
    return Outcome(200, raw, usage=usage, cost=cost, model=model if isinstance(model, str) else "")


def _error(status: int, data: Any, exchange: Exchange, provider: str) -> Outcome:
    """An upstream's error, named after it, with every field that clients read."""
    found = data.get("error", data) if isinstance(data, dict) else data
    error = found if isinstance(found, dict) else {"message": str(found)}
    message = error.get("message") or error.get("detail") or "no further word"
    told = {
        "message": f"{provider} error: {message}",
        "type": error.get("type"),
        "param": error.get("param"),
        "code": error.get("code"),
    }
    return Outcome(status, orjson.dumps(exchange.failure(status, told) | {"provider": provider}), error=str(message))


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


async def _passed_on(incoming: Incoming) -> AsyncIterator[bytes]:
    """A body that the gateway does not look into, such as audio."""
    try:
        async for chunk in incoming.chunks():
            yield chunk
    finally:
        incoming.close()


async def _stream(incoming: Incoming, exchange: Exchange, body: JSON, provider: str, priced: Priced) -> Outcome:
    """A stream's outcome, once its first events are there: an error in their place fails as a status would."""
    tap = Tap(hide_usage=exchange.hides_usage(body), priced=priced)
    translator = exchange.translator(body)
    if translator is not None and exchange.prices_translated:
        translator = _Priced(translator, Tap(hide_usage=False, priced=priced))
    chunks = incoming.chunks()
    first = b""
    async for chunk in chunks:
        first = _through(tap.feed(chunk), translator)
        if first or tap.error:
            break
    if tap.error:
        incoming.close()
        return _error(_status_of(tap.error), {"error": tap.error}, exchange, provider)
    outcome = Outcome(200, b"", "text/event-stream; charset=utf-8")
    outcome.body = _pieces(first, chunks, tap, translator, incoming, exchange, outcome, priced)
    return outcome


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


async def _pieces(
    first: bytes,
    chunks: AsyncIterator[bytes],
    tap: Tap,
    translator: Translator | None,
    incoming: Incoming,
    exchange: Exchange,
    outcome: Outcome,
    priced: Priced,
) -> AsyncIterator[bytes]:
    outcome.error = "the client went away"  # until the end is reached
    try:
        if first:
            yield first
        async for chunk in chunks:
            passed = tap.feed(chunk)
            if translator is not None:
                passed = translator.feed(passed)
            if passed:
                yield passed
        last = _through(tap.end(), translator) + (translator.end() if translator is not None else b"")
        if last:
            yield last
        outcome.error = str(tap.error.get("message", "an error in the stream")) if tap.error else ""
    except UpstreamError as error:
        outcome.error = error.message
        yield exchange.broken_stream(error)
    finally:
        incoming.close()
        outcome.usage = tap.usage
        if tap.usage is None and tap.events:
            # Providers send a token an event, more or less; better a flagged estimate than nothing.
            outcome.usage, outcome.estimated = {"completion_tokens": tap.events}, True
        outcome.cost = priced(outcome.usage) if outcome.usage else None


def _through(data: bytes, translator: Translator | None) -> bytes:
    return data if translator is None or not data else translator.feed(data)
