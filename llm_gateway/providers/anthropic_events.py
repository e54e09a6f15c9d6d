"""Cutting a stream of bytes into events, for a translator that must not care how the network cut it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import orjson

from llm_gateway.core.types import JSON

MAX_EVENT = 16 * 1024 * 1024  # bytes of a line; a stream that never ends one is cut


class Nonsense(Exception):
    """An event that is JSON but not of a shape that any provider sends."""


class EventStream(ABC):
    """Cuts bytes into events, and hands the JSON of each to `_event` until the stream is `_done`."""

    def __init__(self) -> None:
        self.error: JSON | None = None  # what the stream broke off with
        self._rest = b""
        self._data: list[bytes] = []
        self._done = False
        self._out: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        """What can be passed on now that `chunk` has come."""
        if self._done:
            return b""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line.rstrip(b"\r"))
        if len(self._rest) > MAX_EVENT:
            self._fail("api_error", "The provider's stream has an event without end")
        return self._taken()

    def end(self) -> bytes:
        """What is left to say when the provider has closed the stream."""
        self._line(self._rest.rstrip(b"\r"))
        self._rest = b""
        with suppress(orjson.JSONDecodeError, Nonsense):  # half an event is no event
            self._finish_event()
        if not self._done:
            self._ended()
        return self._taken()

    def _line(self, line: bytes) -> None:
        if line:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            return
        shown = self._data[:1]
        try:
            self._finish_event()
        except (orjson.JSONDecodeError, Nonsense):
            said = shown[0].strip()[:100].decode("utf-8", "replace")
            self._fail("api_error", f"The provider sent an event that makes no sense: {said}")

    def _finish_event(self) -> None:
        """Hands over the event whose lines have come, if there are any."""
        data, self._data = self._data, []
        if data and not self._done:
            self._payload(data[0] if len(data) == 1 else b"\n".join(data))

    def _payload(self, data: bytes) -> None:
        event = orjson.loads(data)
        if not isinstance(event, dict):
            raise Nonsense
        if error := event.get("error"):
            said = error if isinstance(error, dict) else {"message": error}
            self._fail(said.get("type"), said.get("message"))
        else:
            self._event(event)

    def _fail(self, kind: Any, message: Any) -> None:
        """Ends the stream with an error event."""
        if self._done:
            return
        self._done = True
        self.error = {
            "type": kind if isinstance(kind, str) and kind else "api_error",
            "message": message if isinstance(message, str) and message else "The provider's stream failed",
        }
        self._out.append(self._failure(self.error))

    def _taken(self) -> bytes:
        out = b"".join(self._out)
        self._out.clear()
        return out

    @abstractmethod
    def _event(self, event: JSON) -> None: ...

    @abstractmethod
    def _ended(self) -> None: ...

    @abstractmethod
    def _failure(self, error: JSON) -> bytes: ...


def object_in(event: JSON, name: str) -> JSON:
    """The object of this name. Raises Nonsense if there is none."""
    value = event.get(name)
    if isinstance(value, dict):
        return value
    raise Nonsense


def text_in(event: JSON, name: str, default: str | None = None) -> str:
    """The string of this name, or `default` where it is null or absent. Raises Nonsense."""
    value = event.get(name)
    if isinstance(value, str):
        return value
    if value is None and default is not None:
        return default
    raise Nonsense
