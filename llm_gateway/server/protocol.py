"""HTTP as uvicorn speaks it, with a bound on the headers of a request: the parser itself has none."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WAITING = "llm_gateway.waiting"  # in a scope: the tasks to cancel when the client goes
MAX_HEAD = 1024 * 1024  # bytes of a request line with its headers; a config in a header may have 256 KiB


class BoundedProtocol(HttpToolsProtocol):
    """Answers 400 to a request whose headers do not end within MAX_HEAD bytes."""

    _head: int | None = None  # bytes so far of headers that have not ended

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waiting: set[asyncio.Task[Any]] = set()

    def connection_lost(self, exc: Exception | None) -> None:
        """As in asyncio.Protocol."""
        super().connection_lost(exc)
        for task in self._waiting:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """As in asyncio.Protocol."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MAX_HEAD and not self.transport.is_closing():
                self.send_400_response("The headers are too large")

    def on_message_begin(self) -> None:
        """The parser is at the start of a request."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser is at the end of a request's headers."""
        self._head = None
        self.scope[WAITING] = self._waiting  # type: ignore[literal-required]
        super().on_headers_complete()
