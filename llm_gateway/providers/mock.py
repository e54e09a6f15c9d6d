"""The built-in provider: it answers every endpoint without a network, and equal requests with equal bytes.

It takes any model and key and knows the shapes of OpenAI's API and of Anthropic's `messages`. What it says, how tokens
are counted and how a schema is met stand in `mock_answer`; scripts (errors, delays, broken streams) in `mock_script`.
In tests of one's own a function can decide instead:

    MockTransport(script=lambda outgoing: MockReply(status=500) if b"gpt-4o" in outgoing.body else None)
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import blake2b
from urllib.parse import urlsplit

import orjson
from multidict import CIMultiDict

from llm_gateway.core.errors import UpstreamTimeout, UpstreamUnreachable
from llm_gateway.core.types import JSON, Incoming, Outgoing
from llm_gateway.providers import mock_media, mock_messages
from llm_gateway.providers.mock_answer import Refused, read_messages
from llm_gateway.providers.mock_chat import chat, completions, read_prompts
from llm_gateway.providers.mock_responses import responses
from llm_gateway.providers.mock_script import BadScript, Fault, MockReply, parse

__all__ = ["MockReply", "MockTransport"]

Script = Callable[[Outgoing], MockReply | None]
_Handler = Callable[[JSON, MockReply, str], JSON | list[bytes] | bytes]

_ANTHROPIC: dict[str, _Handler] = {
    "messages": mock_messages.messages,
    "messages/count_tokens": mock_messages.count_tokens,
}
_HANDLERS: dict[str, _Handler] = {
    "chat/completions": chat,
    "completions": completions,
    "responses": responses,
    "embeddings": mock_media.embeddings,
    "images/generations": mock_media.images,
    "moderations": mock_media.moderations,
    "rerank": mock_media.rerank,
    "audio/speech": mock_media.speech,
    **_ANTHROPIC,
}
# What the mock does whatever the model, in the words of a gateway's list of models.
ABILITIES = {"tools": True, "vision": True, "reasoning": False}
_FORMS = {"audio/transcriptions": False, "audio/translations": True}
_MODEL_OPTIONAL = frozenset({"images/generations", "moderations"})
_SAID_IN = ("prompt", "query", "input")
_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "rate_limit_error",
}
_SEQUENCES = 10_000  # of which the place is remembered
_SILENCE = 600.0  # seconds that a stalled reply takes to be given up


class MockTransport:
    """Answers requests as a provider would. `silence` is how many seconds a stalled reply is waited for."""

    def __init__(self, script: Script | None = None, silence: float = _SILENCE) -> None:
        self._script = script
        self._silence = silence
        self._places: OrderedDict[tuple[str, tuple[int, ...]], int] = OrderedDict()

    async def send(self, outgoing: Outgoing) -> Incoming:
        """The answer, once its headers are due. Raises UpstreamTimeout and UpstreamUnreachable as a script says."""
        request = _Request(outgoing)
        try:
            reply = (self._script(outgoing) if self._script else None) or request.script()
        except BadScript as error:
            return _sent(400, request.error(400, str(error)), request.seed, MockReply())
        limit = outgoing.timeout
        if limit is not None and reply.delay > limit:
            await asyncio.sleep(limit)
            raise UpstreamTimeout(f"Request exceeded the timeout sent in the request: {round(limit * 1000)}ms")
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.fault == "unreachable":
            raise UpstreamUnreachable("The provider cannot be reached: scripted")
        status = self._next_status(request.key, reply)
        if reply.body is not None:
            return _sent(status, reply.body, request.seed, reply, self._silence)
        if status >= 400:
            return _sent(status, request.error(status, f"mock error {status}"), request.seed, reply, self._silence)
        try:
            body = request.answer(reply)
        except Refused as error:
            return _sent(400, request.error(400, str(error), error.param), request.seed, reply)
        except LookupError:
            return _sent(404, request.error(404, f"there is no {outgoing.method} {request.path}"), request.seed, reply)
        return _sent(status, _spoilt(body, reply.fault, request), request.seed, reply, self._silence)

    async def close(self) -> None:
        """Forgets the places in sequences."""
        self._places.clear()

    def _next_status(self, key: str, reply: MockReply) -> int:
        if not reply.statuses:
            return reply.status
        mark = (key, reply.statuses)
        place = self._places.pop(mark, 0)
        self._places[mark] = place + 1
        if len(self._places) > _SEQUENCES:
            self._places.popitem(last=False)
        return reply.statuses[min(place, len(reply.statuses) - 1)]


class _Request:
    """What was sent, taken apart."""

    def __init__(self, outgoing: Outgoing) -> None:
        self.method = outgoing.method.upper()
        self.path = urlsplit(outgoing.url).path.strip("/")
        self.endpoint = self._endpoint()
        headers = {name.lower(): value for name, value in outgoing.headers.items()}
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        self.key = bearer or headers.get("x-api-key") or headers.get("api-key", "")
        self.header = headers.get("x-mock-script", "")
        self.file = b""
        self.body, self._problem = self._read(outgoing.body, headers.get("content-type", ""))
        digest = blake2b(self.endpoint.encode(), digest_size=12)
        digest.update(self.file or outgoing.body)
        self.seed = digest.hexdigest()

    def script(self) -> MockReply:
        """The reply that the scripts in the request ask for. Raises BadScript."""
        return parse(_said(self.body), str(self.body.get("model", "")), self.key, self.header)

    def error(self, status: int, message: str, param: str | None = None) -> JSON:
        """An error body in the dialect of the endpoint."""
        if self.endpoint in _ANTHROPIC:
            return mock_messages.error(status, message)
        kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": param, "code": None}}

    def answer(self, reply: MockReply) -> JSON | list[bytes] | bytes | str:
        """The body of a good reply; a list is a stream. Raises Refused, or LookupError for an unknown endpoint."""
        if self.method == "GET":
            return self._models()
        if self.method != "POST" or self.endpoint not in _HANDLERS | _FORMS:
            raise LookupError(self.path)
        if self._problem:
            raise Refused(self._problem)
        model = self.body.get("model")
        if not (isinstance(model, str) and model) and not (model is None and self.endpoint in _MODEL_OPTIONAL):
            raise Refused("you must provide a model parameter", "model")
        if self.endpoint in _FORMS:
            return mock_media.transcription(self.body, self.file, reply, translated=_FORMS[self.endpoint])
        return _HANDLERS[self.endpoint](self.body, reply, self.seed)

    def _models(self) -> JSON:
        if self.endpoint == "models":
            return mock_media.models()
        place, found, name = self.path.partition("models/")
        if found and name and (not place or place.endswith("/")):
            return mock_media.model(name)
        raise LookupError(self.path)

    def _endpoint(self) -> str:
        """The longest known endpoint that the path ends with; whatever stands before it, as Azure's deployments do."""
        known = [name for name in (*_HANDLERS, *_FORMS, "models") if f"/{self.path}".endswith(f"/{name}")]
        return max(known, key=len, default="")

    def _read(self, raw: bytes, content_type: str) -> tuple[JSON, str]:
        if self.method == "GET" or not self.endpoint:
            return {}, ""
        try:
            if self.endpoint in _FORMS:
                fields, self.file = mock_media.form_fields(raw, content_type)
                return fields, ""
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return {}, "the body is not JSON"
        except Refused as error:
            return {}, str(error)
        return (body, "") if isinstance(body, dict) else ({}, "the body must be a JSON object")


class _Reply:
    """An Incoming whose pieces are known. A fault breaks it off, or leaves it hanging, inside its second piece."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        pieces: list[bytes],
        fault: Fault | None,
        pause: float,
        silence: float,
    ) -> None:
        self.status = status
        self.headers = headers
        self._pieces = pieces
        self._fault = fault
        self._pause = pause
        self._silence = silence
        self._closed = asyncio.Event()

    async def read(self) -> bytes:
        """The whole body. Raises UpstreamUnreachable when it breaks off, UpstreamTimeout when it stalls."""
        return b"".join([piece async for piece in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body piece by piece. Raises as `read` does."""
        breaks = min(1, len(self._pieces) - 1) if self._fault in ("cut", "stall") else -1
        for place, piece in enumerate(self._pieces):
            await asyncio.sleep(self._pause)
            if place == breaks:
                yield piece[: len(piece) // 2]
                await self._break()
            yield piece

    def close(self) -> None:
        """Ends a stall."""
        self._closed.set()

    async def _break(self) -> None:
        if self._fault == "stall":
            try:
                async with asyncio.timeout(self._silence):
                    await self._closed.wait()
            except TimeoutError:
                raise UpstreamTimeout("The provider's reply stalled") from None
        raise UpstreamUnreachable("The provider's reply broke off: scripted")


def _sent(status: int, body: object, seed: str, reply: MockReply, silence: float = _SILENCE) -> _Reply:
    """`body` as it travels: a list is a stream, bytes and text go as they are, the rest as JSON."""
    if isinstance(body, list) and all(isinstance(piece, bytes) for piece in body) and body:
        pieces, kind = body, "text/event-stream; charset=utf-8"
    elif isinstance(body, bytes):
        pieces, kind = [body], "audio/wav" if body.startswith(b"RIFF") else "application/octet-stream"
    elif isinstance(body, str):
        pieces, kind = [body.encode()], "text/plain; charset=utf-8"
    else:
        pieces, kind = [orjson.dumps(body)], "application/json"
    if reply.fault == "invalid-json" and status < 400:
        pieces = (
            [pieces[0], b'data: {"id": \n\n', *pieces[2:]] if len(pieces) > 1 else [pieces[0][: len(pieces[0]) // 2]]
        )
    headers = CIMultiDict({"content-type": kind, "x-request-id": f"req_{seed}", **reply.headers})
    return _Reply(status, headers, pieces, reply.fault, reply.chunk_delay, silence)


def _spoilt(body: object, fault: Fault | None, request: _Request) -> object:
    """The body, or an error in its place; in a stream after the first piece, as OpenRouter has late errors."""
    if fault != "error-in-200":
        return body
    error = request.error(500, "mock error in a reply with status 200")
    if not isinstance(body, list):
        return error
    name = b"event: error\n" if request.endpoint in _ANTHROPIC else b""
    return [body[0], name + b"data: " + orjson.dumps(error) + b"\n\n"]


def _said(body: JSON) -> str:
    """Where a script may stand: what the user said last, the prompt, the query or the input."""
    try:
        if "messages" in body:
            return read_messages(body["messages"])[1]
        given = next((body[name] for name in _SAID_IN if name in body), "")
        if isinstance(given, list) and given and isinstance(given[0], dict):
            return read_messages(given)[1]
        return " ".join(read_prompts(given))
    except Refused:  # it is answered as what it is, later
        return ""
