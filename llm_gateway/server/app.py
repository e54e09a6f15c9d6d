"""The HTTP face: raw ASGI, so that nothing but the gateway's own work is done for a request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import orjson

from llm_gateway.core import openrouter
from llm_gateway.core.depth import MOST_DEPTH, too_deep
from llm_gateway.core.errors import Busy, GatewayError, InvalidKey, NotFound, TooLarge, Unsupported, UpstreamError
from llm_gateway.core.gateway import Gateway
from llm_gateway.core.types import JSON, Call, Reply, Stream
from llm_gateway.server import faces, models
from llm_gateway.server.access import admitted
from llm_gateway.server.live import Live
from llm_gateway.server.multipart import fields
from llm_gateway.server.protocol import WAITING

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = "application/json"
_ENDPOINTS = frozenset(
    {
        "audio/speech",
        "audio/transcriptions",
        "audio/translations",
        "chat/completions",
        "completions",
        "embeddings",
        "images/edits",
        "images/generations",
        "images/variations",
        "messages",
        "messages/count_tokens",
        "moderations",
        "rerank",
        "responses",
    }
)
_MULTIPART = frozenset({"audio/transcriptions", "audio/translations", "images/edits", "images/variations"})
_BASES = {"/v1/": "openai", "/api/v1/": "openrouter"}
_MODELS = re.compile(r"models(/(?!\.)[\w.:@+-]+)*", re.ASCII)  # no `..`, which would lead to other routes of a provider
_MOST_HEADERS = 200


class _HeadersTooMany(GatewayError):
    status = 431


class App:
    """The ASGI application over whatever gateway is live. Starting and stopping that is not its business."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path: str = scope["path"]
        base = next((base for base in _BASES if path.startswith(base)), None)
        if base is None:
            await _whole(send, await self._page(scope))
            return
        endpoint = path[len(base) :].rstrip("/")
        face = "anthropic" if endpoint.startswith("messages") else _BASES[base]
        if self._running >= self._live.settings.server.max_concurrent:
            await _whole(send, refused(Busy("Too many requests at once", headers={"retry-after": "1"}), face))
            return
        self._running += 1
        try:
            await self._api(scope, endpoint, face, receive, send)
        finally:
            self._running -= 1

    async def _page(self, scope: Scope) -> Reply:
        """One of the gateway's own pages. What tells of the callers' requests is for those who hold a key."""
        if scope["method"] not in ("GET", "HEAD"):
            return refused(_not_found(scope))
        path, known = scope["path"], True
        try:
            admitted(self._live.setup, _headers(scope))
        except GatewayError as error:
            if path != "/health":
                if isinstance(error, InvalidKey):
                    error.headers["www-authenticate"] = 'Basic realm="llm-gateway: any name, a gateway key"'
                return refused(error)
            known = False
        return await self._live.page(path, known) or refused(_not_found(scope))

    async def _api(self, scope: Scope, endpoint: str, face: str, receive: Receive, send: Send) -> None:
        """Answers a call, and gives it up as soon as the client has gone or the server ends."""
        gateway = self._live.gateway
        try:
            call = await self._call(gateway, scope, endpoint, face, receive)
            if isinstance(call, Reply):
                await _whole(send, call)
                return
        except GatewayError as error:
            await _whole(send, refused(error, face))
            return
        task = asyncio.current_task()
        assert task is not None
        waiting: set[asyncio.Task[Any]] = scope.get(WAITING, set())
        waiting.add(task)
        reply = None
        try:
            reply = await gateway.handle(call)
            if isinstance(reply.body, bytes):
                if reply.status >= 400:
                    reply.body = faces.error_body(face, reply.status, reply.body)
                await _whole(send, reply)
            else:
                with suppress(UpstreamError):  # a cut is all that a client can be told then
                    await _stream(send, reply, reply.body)
        except asyncio.CancelledError:
            if reply is None:
                await _whole(send, refused(Busy("The server is shutting down"), face))
        finally:
            waiting.discard(task)
            if reply is not None and not isinstance(reply.body, bytes):
                await reply.body.aclose()

    async def _call(self, gateway: Gateway, scope: Scope, endpoint: str, face: str, receive: Receive) -> Call | Reply:
        """What is asked for, or the answer where that takes no provider. Raises GatewayError."""
        if len(scope["headers"]) > _MOST_HEADERS:
            raise _HeadersTooMany(f"More than {_MOST_HEADERS} headers")
        headers = _headers(scope)
        caller = admitted(gateway.setup, headers)
        if scope["method"] == "GET":
            if _MODELS.fullmatch(endpoint) is None:
                raise _not_found(scope)
            if "x-portkey-config" in headers or "x-portkey-provider" in headers:
                return Call(endpoint, {}, headers, "GET", caller=caller)
            return models.listed(gateway.setup, caller, endpoint[7:])
        if endpoint not in _ENDPOINTS or scope["method"] != "POST":
            raise _not_found(scope)
        body, raw, kind = await self._body(endpoint, headers, receive)
        config = openrouter.own_route(body, headers, caller, gateway.setup) if face == "openrouter" else None
        query = scope["query_string"].decode("latin-1")
        return Call(endpoint, body, headers, "POST", query, raw, kind, caller, config)

    async def _body(self, endpoint: str, headers: dict[str, str], receive: Receive) -> tuple[JSON, bytes | None, str]:
        """The fields of the body, the bytes of a form, and the type. Raises GatewayError for what is not served."""
        kind = headers.get("content-type", _JSON)
        plain = kind.partition(";")[0].strip().lower()
        if headers.get("content-encoding", "identity") != "identity":
            raise Unsupported("Send the body uncompressed: Content-Encoding is not supported")
        limit = int(self._live.settings.server.max_body_mb * 1024 * 1024)
        if plain == _JSON:
            raw = await _read(headers, receive, limit)
            try:
                body = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                raise GatewayError(f"The body is not valid JSON: {error}") from error
            if not isinstance(body, dict):
                raise GatewayError("The body must be a JSON object")
            if too_deep(raw, body):
                raise GatewayError(f"The body is nested more than {MOST_DEPTH} deep")
            return body, None, _JSON
        if plain == "multipart/form-data" and endpoint in _MULTIPART:
            raw = await _read(headers, receive, limit)
            return fields(raw, kind), raw, kind
        raise GatewayError("Invalid content type passed")


def refused(error: GatewayError, face: str = "openai") -> Reply:
    """The reply to what never became a call."""
    body = faces.error_body(face, error.status, orjson.dumps(error.body()))
    return Reply(error.status, {"content-type": _JSON, **error.headers}, body)


def _not_found(scope: Scope) -> NotFound:
    path = scope["path"].encode("ascii", "backslashreplace").decode()[:200]
    return NotFound(f"Nothing is served at {scope['method']} {path}; routes are such as POST /v1/chat/completions")


async def _read(headers: dict[str, str], receive: Receive, limit: int) -> bytes:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(f"The body exceeds {limit} bytes")
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GatewayError("The client went away")
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body exceeds {limit} bytes")
        pieces.append(piece)
        if not message.get("more_body"):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _whole(send: Send, reply: Reply) -> None:
    assert isinstance(reply.body, bytes)
    headers = [*_encoded(reply.headers), (b"content-length", str(len(reply.body)).encode())]
    status = reply.status if reply.status < 600 else 502  # HTTP knows no others, whatever a provider answers
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _stream(send: Send, reply: Reply, pieces: Stream) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": _encoded(reply.headers)})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
