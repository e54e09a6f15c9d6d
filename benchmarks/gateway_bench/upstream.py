"""A fake provider in a process of its own: `python upstream.py` prints its port and answers chat completions.

Whole replies are made of constant bytes; streams send CHUNKS events, PAUSE seconds apart, and the usage if asked for.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import httptools
import uvloop

CHUNKS = 50
PAUSE = 0.002
_USAGE = {"prompt_tokens": 17, "completion_tokens": CHUNKS, "total_tokens": 17 + CHUNKS}
_BASE = {"id": "chatcmpl-bench", "created": 1700000000, "model": "gpt-4o-mini"}
_TEXT = "The quick brown fox jumps over the lazy dog. " * 12


def _whole() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}
    body = json.dumps({**_BASE, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _event(data: Any) -> bytes:
    body = b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(body), body)


def _chunk(choices: list[Any], **more: Any) -> bytes:
    return _event({**_BASE, "object": "chat.completion.chunk", "choices": choices, **more})


WHOLE = _whole()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PIECE = _chunk([{"index": 0, "delta": {"role": "assistant", "content": "token "}, "finish_reason": None}])
LAST = _chunk([{"index": 0, "delta": {"content": "token "}, "finish_reason": "stop"}])
USAGE = _chunk([], usage=_USAGE)
END = _event(b"[DONE]") + b"0\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body += body

    def on_message_complete(self) -> None:
        """Called by the parser."""
        asked, self._body = self._body.replace(b" ", b""), b""
        if b'"stream":true' not in asked:
            self._transport.write(WHOLE)
            return
        self._transport.write(HEAD + PIECE)
        end = (USAGE if b'"include_usage":true' in asked else b"") + END
        self._loop.call_later(PAUSE, self._go_on, CHUNKS - 1, self._loop.time() + PAUSE, end)

    def _go_on(self, left: int, due: float, end: bytes) -> None:
        if self._transport.is_closing():
            return
        if left == 1:
            self._transport.write(LAST + end)
            return
        self._transport.write(PIECE)
        self._loop.call_at(due + PAUSE, self._go_on, left - 1, due + PAUSE, end)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
