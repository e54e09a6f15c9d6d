"""Event streams between Anthropic's and OpenAI's shapes, translated as the bytes come.

A translator is fed whatever pieces the network gives, `feed(chunk)`, and told of the end, `end()`; both give the bytes
that can be passed on. How the stream was cut into pieces makes no difference to what comes out in all. A stream that
breaks off, is not JSON or reports an error ends with an error event, and anything after that is ignored.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar
from uuid import uuid4

import orjson

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic_events import EventStream, Nonsense, object_in, text_in
from llm_gateway.providers.anthropic_replies import ERROR_TYPES, FINISH_REASONS, chat_usage, message_usage, stop_reason
from llm_gateway.providers.anthropic_shapes import written_arguments


class ChatStream(EventStream):
    """Anthropic's event stream as a stream of chat completion chunks.

    The usage is sent on if `include_usage`. Thinking is sent as `reasoning_content`, and when a block of it is complete
    once more in `thinking_blocks`, with its signature.
    """

    def __init__(self, model: str, *, include_usage: bool = False, created: int | None = None) -> None:
        super().__init__()
        self._model = model
        self._include_usage = include_usage
        self._created = int(time.time()) if created is None else created
        self._head = b""
        self._counts: JSON = {}
        self._finish: str | None = None
        self._kind = ""  # of the block that is open
        self._calls = 0
        self._argued = False  # whether the open tool call has had a piece of its arguments
        self._thoughts = 0
        self._thought: JSON = {}

    @property
    def usage(self) -> JSON | None:
        """The usage so far, in OpenAI's shape; None before the provider has told any."""
        return chat_usage(self._counts) if self._counts else None

    def _event(self, event: JSON) -> None:
        match event.get("type"):
            case "content_block_delta":
                self._piece(object_in(event, "delta"))
            case "content_block_start":
                self._block(object_in(event, "content_block"))
            case "content_block_stop":
                self._block_end()
            case "message_start":
                self._start(object_in(event, "message"))
            case "message_delta":
                reason = object_in(event, "delta").get("stop_reason")
                self._finish = FINISH_REASONS.get(reason, "stop") if isinstance(reason, str) else self._finish
                self._count(event.get("usage"))
            case "message_stop":
                self._complete()

    def _start(self, message: JSON) -> None:
        given = message.get("id")
        identity = {
            "id": given if isinstance(given, str) and given else f"chatcmpl-{uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": text_in(message, "model", "") or self._model,
        }
        self._head = b"data: " + orjson.dumps(identity)[:-1]
        self._count(message.get("usage"))
        self._send({"role": "assistant", "content": ""})

    def _block(self, block: JSON) -> None:
        self._kind = text_in(block, "type")
        match self._kind:
            case "text":
                if text := block.get("text"):
                    self._piece({"type": "text_delta", "text": text})
            case "tool_use":
                function = {"name": text_in(block, "name"), "arguments": ""}
                call = {"index": self._calls, "id": text_in(block, "id"), "type": "function", "function": function}
                self._send({"tool_calls": [call]})
                self._argued = False
                if given := block.get("input"):
                    self._argue(_written(given))
            case "thinking":
                self._thought = {"type": "thinking", "thinking": text_in(block, "thinking", "")}
                self._thought["signature"] = text_in(block, "signature", "")
            case "redacted_thinking":
                self._thought = {"type": "redacted_thinking", "data": text_in(block, "data")}

    def _piece(self, delta: JSON) -> None:
        match delta.get("type"):
            case "text_delta":
                self._send({"content": text_in(delta, "text")})
            case "input_json_delta" if self._kind == "tool_use":
                if piece := text_in(delta, "partial_json"):
                    self._argue(piece)
            case "thinking_delta":
                thinking = text_in(delta, "thinking")
                self._thought["thinking"] = self._thought.get("thinking", "") + thinking
                self._send({"reasoning_content": thinking})
            case "signature_delta":
                self._thought["signature"] = text_in(delta, "signature")

    def _argue(self, piece: str) -> None:
        self._argued = True
        self._send({"tool_calls": [{"index": self._calls, "function": {"arguments": piece}}]})

    def _block_end(self) -> None:
        if self._kind == "tool_use":
            if not self._argued:
                self._argue("{}")
            self._calls += 1
        elif self._kind in ("thinking", "redacted_thinking"):
            self._send({"thinking_blocks": [{"index": self._thoughts, **self._thought}]})
            self._thoughts += 1
        self._kind = ""

    def _count(self, usage: Any) -> None:
        """Takes over the counts of an event: each is the total so far, and one that is absent stays as it was."""
        if isinstance(usage, dict):
            self._counts |= {name: count for name, count in usage.items() if count is not None}

    def _complete(self) -> None:
        if not self._head:
            raise Nonsense
        self._done = True
        self._send({"content": ""}, orjson.dumps(self._finish or "stop"))
        if self._include_usage:
            self._out.append(self._head + b',"choices":[],"usage":' + orjson.dumps(chat_usage(self._counts)) + b"}\n\n")
        self._out.append(b"data: [DONE]\n\n")

    def _send(self, delta: JSON, finish: bytes = b"null") -> None:
        if not self._head:
            raise Nonsense
        choice = b',"choices":[{"index":0,"delta":' + orjson.dumps(delta) + b',"finish_reason":' + finish
        self._out.append(self._head + choice + b"}]}\n\n")

    def _ended(self) -> None:
        if self._finish and self._head:
            self._complete()
        else:
            self._fail("api_error", "The provider's stream ended before the answer did")

    def _failure(self, error: JSON) -> bytes:
        return b"data: " + orjson.dumps({"error": {**error, "param": None, "code": None}}) + b"\n\n"


class MessageStream(EventStream):
    """A stream of chat completion chunks as Anthropic's event stream.

    The provider tells the usage only if asked with `include_usage`, as `to_chat` does. One block is open at a time.
    A piece of an earlier tool call that comes late is sent with that call's index.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model
        self._started = False
        self._blocks = 0
        self._open = ""  # the type of the block that is open; its index is the last one
        self._tools: dict[Any, tuple[int, Any]] = {}  # OpenAI's index of a call -> its block's index and its id
        self._finish: str | None = None
        self._refused = False
        self._counts: JSON = {}

    _KINDS: ClassVar[dict[str, tuple[JSON, str]]] = {
        "text": ({"type": "text", "text": ""}, "text_delta"),
        "thinking": ({"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta"),
    }

    @property
    def usage(self) -> JSON | None:
        """The usage so far, in Anthropic's shape; None before the provider has told any."""
        return message_usage(self._counts) if self._counts else None

    def _payload(self, data: bytes) -> None:
        if data.strip() == b"[DONE]":
            if not self._started:
                raise Nonsense
            self._complete()
        else:
            super()._payload(data)

    def _event(self, event: JSON) -> None:
        if isinstance(event.get("usage"), dict):
            self._counts = event["usage"]
        choices = event.get("choices")
        if not choices:  # the usage, or Azure's note on filters
            return
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise Nonsense
        if not self._started:
            self._start(event)
        choice = choices[0]
        delta = choice.get("delta") or {}
        if not isinstance(delta, dict):
            raise Nonsense
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self._say("thinking", reasoning)
        if content := delta.get("content"):
            self._say("text", content)
        if refusal := delta.get("refusal"):
            self._refused = True
            self._say("text", refusal)
        calls = delta.get("tool_calls") or []
        if not isinstance(calls, list):
            raise Nonsense
        for call in calls:
            self._call(call)
        if finish := choice.get("finish_reason"):
            self._finish = finish

    def _start(self, event: JSON) -> None:
        self._started = True
        given = event.get("id")
        message: JSON = {
            "id": given if isinstance(given, str) and given else f"msg_{uuid4().hex}",
            "type": "message",
            "role": "assistant",
            "model": text_in(event, "model", "") or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        self._send("message_start", {"message": message})

    def _say(self, kind: str, text: Any) -> None:
        if not isinstance(text, str):
            raise Nonsense
        empty, delta = self._KINDS[kind]
        if self._open != kind:
            self._open_block(kind, empty)
        self._send("content_block_delta", {"index": self._blocks - 1, "delta": {"type": delta, kind: text}})

    def _call(self, call: Any) -> None:
        if not isinstance(call, dict):
            raise Nonsense
        function = call.get("function") or {}
        if not isinstance(function, dict):
            raise Nonsense
        given = call.get("id") or None
        place = call.get("index")
        if place is None:  # some providers leave it out: then an id or a name begins a call
            place = len(self._tools) - (not given and not function.get("name"))
        if not isinstance(place, int):
            raise Nonsense
        block, known = self._tools.get(place, (-1, None))
        if block < 0 or (given is not None and known is not None and given != known and function.get("name")):
            block = self._blocks
            self._tools[place] = (block, given)
            identifier = given if isinstance(given, str) else f"toolu_{uuid4().hex}"
            used = {"type": "tool_use", "id": identifier, "name": text_in(function, "name", ""), "input": {}}
            self._open_block("tool_use", used)
        if piece := text_in(function, "arguments", ""):
            delta = {"type": "input_json_delta", "partial_json": piece}
            self._send("content_block_delta", {"index": block, "delta": delta})

    def _open_block(self, kind: str, block: JSON) -> None:
        self._close_block()
        self._open = kind
        self._send("content_block_start", {"index": self._blocks, "content_block": block})
        self._blocks += 1

    def _close_block(self) -> None:
        if self._open:
            self._send("content_block_stop", {"index": self._blocks - 1})
        self._open = ""

    def _complete(self) -> None:
        self._done = True
        self._close_block()
        usage = message_usage(self._counts)
        reason = stop_reason(self._finish, called=bool(self._tools), refused=self._refused)
        self._send("message_delta", {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage})
        self._send("message_stop", {})

    def _send(self, kind: str, event: JSON) -> None:
        self._out.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **event})))

    def _ended(self) -> None:
        if self._finish:
            self._complete()
        else:
            self._fail("api_error", "The provider's stream ended before the answer did")

    def _failure(self, error: JSON) -> bytes:
        known = error if error["type"] in ERROR_TYPES else {**error, "type": "api_error"}
        return b"event: error\ndata: " + orjson.dumps({"type": "error", "error": known}) + b"\n\n"


def _written(arguments: Any) -> str:
    try:
        return written_arguments(arguments, "input")
    except GatewayError:
        raise Nonsense from None
