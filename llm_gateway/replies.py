"""The core's replies as the library shows them: responses, the events of a stream, exceptions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson

from llm_gateway.core.gateway import COST_HEADER, WARNING_HEADER
from llm_gateway.core.sse import payload
from llm_gateway.core.types import Reply
from llm_gateway.exceptions import LLMGatewayProviderError, from_event, from_reply
from llm_gateway.models import Fields, LLMResponse

_HITS = ("HIT", "SEMANTIC HIT")


async def response(reply: Reply, asked: str, latency_ms: int) -> LLMResponse:
    """A whole chat completion; `asked` is the model as it was asked for. Raises LLMGatewayError."""
    body = await whole(reply)
    data = orjson.loads(body)
    headers = reply.headers
    named = str(data.get("model") or asked)
    metadata = {
        "model": named,
        "trace_id": headers["x-portkey-trace-id"],
        "request_id": headers["x-request-id"],
        "cache_status": headers["x-portkey-cache-status"],
        "target": headers["x-portkey-last-used-option-index"],
    }
    if warning := headers.get(WARNING_HEADER):
        metadata["warning"] = warning
    return LLMResponse(
        id=str(data.get("id") or ""),
        # Providers answer with a dated name: gpt-5-mini-2025-08-07 is the gpt-5-mini that was asked for.
        model=asked if named.startswith(asked) else named,
        provider=headers.get("x-portkey-provider") or None,
        choices=data.get("choices") or [],
        usage=data.get("usage"),
        cost=cost(reply),
        latency_ms=latency_ms,
        cached=cached(reply),
        metadata=metadata,
    )


async def events(reply: Reply) -> AsyncGenerator[dict[str, Any], None]:
    """The payloads of an event stream, to its `[DONE]`. Raises LLMGatewayError, also for an error on the way."""
    if reply.status >= 400:
        raise from_reply(reply.status, reply.headers, await _joined(reply))
    if not reply.headers["content-type"].startswith("text/event-stream"):
        await _joined(reply)
        raise LLMGatewayProviderError("the provider answered a stream with something else", 502)
    rest = b""
    async with aclosing(_pieces(reply)) as pieces:
        async for piece in pieces:
            *whole_events, rest = (rest + piece.replace(b"\r\n", b"\n")).split(b"\n\n")
            for event in whole_events:
                data = payload(event)
                if data is None:
                    continue
                if error := data.get("error"):
                    told = error if isinstance(error, dict) else {"message": str(error)}
                    raise from_event(told, reply.headers.get("x-portkey-provider") or None)
                yield Fields(data)


async def whole(reply: Reply) -> bytes:
    """The body of a good reply. Raises LLMGatewayError for a bad one."""
    body = await _joined(reply)
    if reply.status >= 400:
        raise from_reply(reply.status, reply.headers, body)
    return body


def cost(reply: Reply) -> float | None:
    """USD; None where no price is known, or not yet, as for a stream."""
    told = reply.headers.get(COST_HEADER)
    return None if told is None else float(told)


def cached(reply: Reply) -> bool:
    """Whether the reply comes out of the cache."""
    return reply.headers["x-portkey-cache-status"] in _HITS


async def _joined(reply: Reply) -> bytes:
    if isinstance(reply.body, bytes):
        return reply.body
    return b"".join([piece async for piece in reply.body])


async def _pieces(reply: Reply) -> AsyncGenerator[bytes, None]:
    if isinstance(reply.body, bytes):
        yield reply.body
        return
    async with aclosing(reply.body) as pieces:
        async for piece in pieces:
            yield piece
