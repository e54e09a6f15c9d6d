"""The yardstick: the least that a gateway in Python does, raw ASGI on uvicorn and aiohttp, in a process of its own.

`python passthrough.py UPSTREAM_PORT PORT` parses the body, rewrites the model, forwards it, reads the usage and sets
headers.
"""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
import orjson
import uvicorn

_CLOSED = aiohttp.ClientTimeout(total=None)


class Passthrough:
    """An ASGI application that sends everything to one upstream."""

    def __init__(self, upstream: int) -> None:
        self._url = f"http://127.0.0.1:{upstream}/v1/chat/completions"
        self._headers = {"content-type": "application/json", "authorization": "Bearer bench"}
        self._session: aiohttp.ClientSession | None = None
        self.tokens = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=_CLOSED)
        pieces = []
        while True:
            message = await receive()
            pieces.append(message["body"])
            if not message.get("more_body"):
                break
        body = orjson.loads(b"".join(pieces))
        body["model"] = "gpt-4o-mini"
        headers = [(b"x-portkey-provider", b"openai"), (b"x-portkey-retry-attempt-count", b"0")]
        async with self._session.post(self._url, data=orjson.dumps(body), headers=self._headers) as reply:
            if body.get("stream"):
                headers.append((b"content-type", b"text/event-stream"))
                await send({"type": "http.response.start", "status": reply.status, "headers": headers})
                async for piece in reply.content.iter_any():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
                return
            raw = await reply.read()
        self.tokens += orjson.loads(raw)["usage"]["total_tokens"]
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})


if __name__ == "__main__":
    uvicorn.run(
        Passthrough(int(sys.argv[1])),
        port=int(sys.argv[2]),
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
