"""Event streams in OpenAI's dialect: whole events, the usage they report, and errors that come after a 200."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from llm_gateway.core.depth import too_deep
from llm_gateway.core.errors import UpstreamError
from llm_gateway.core.types import JSON

MAX_EVENT = 16 * 1024 * 1024  # bytes of one event; a stream that never ends one is cut
_NOTEWORTHY = re.compile(rb'"usage"\s*:\s*\{|"error"\s*:\s*[{"]')
_DONE = re.compile(rb"data:\s*\[DONE\]\s*$")
_END = re.compile(rb"\r?\n\r?\n")


class Tap:
    """Passes an event stream on as it comes, and notes usage and errors.

    `hide_usage` takes out the usage event that the gateway asked for and the client did not. What `priced` says of the
    usage so far is added to the usage that is passed on.
    """

    def __init__(self, *, hide_usage: bool, priced: Callable[[JSON], float | None]) -> None:
        self.usage: JSON | None = None
        self.error: JSON | None = None
        self.events = 0
        self._hide_usage = hide_usage
        self._priced = priced
        self._rest = b""

    @property
    def silent(self) -> bool:
        """Whether no event has come, not even the beginning of one."""
        return not self.events and b"data:" not in self._rest

    def feed(self, chunk: bytes) -> bytes:
        """What of the stream can be passed on now that `chunk` has come: always whole events. Raises UpstreamError."""
        data = self._rest + chunk if self._rest else chunk
        if not data.endswith(b"\n\n"):
            cut = _last_end(data)
            if cut < 0:
                if len(data) > MAX_EVENT:
                    raise UpstreamError("The provider's stream has an event without end")
                self._rest = data
                return b""
            data, self._rest = data[:cut], data[cut:]
        else:
            self._rest = b""
        self.events += data.count(b"data:")
        if _NOTEWORTHY.search(data) is None:
            return data
        return b"".join(map(self._event, _events(data)))

    def end(self) -> bytes:
        """What is left when the stream has ended: an event that lacks its blank line.

        Raises UpstreamError for half an event, which clients would stumble over.
        """
        rest, self._rest = self._rest, b""
        if b"data:" not in rest:
            return b""
        if payload(rest) is None and not _DONE.search(rest):
            raise UpstreamError("The provider's stream broke off")
        return self.feed(rest + b"\n\n")

    def _event(self, event: bytes) -> bytes:
        if _NOTEWORTHY.search(event) is None:
            return event
        data = payload(event)
        if data is None:
            return event
        response = data.get("response")
        error = data.get("error") or (response.get("error") if isinstance(response, dict) else None)
        if error:
            self.error = error if isinstance(error, dict) else {"message": str(error)}
        usage = usage_of(data)
        if usage is None:
            return event
        self.usage = {**self.usage, **usage} if self.usage else {**usage}  # Anthropic counts input first, output last
        if self._hide_usage and not data.get("choices"):
            return b""
        cost = self._priced(self.usage)
        if cost is None:
            return event
        usage["cost"] = cost
        return rewritten(event, data)


def payload(event: bytes) -> JSON | None:
    """The JSON object of an event's data lines; None where there is none, or one too deep to be written again."""
    lines = [line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")]
    try:
        data = orjson.loads(b"\n".join(lines))
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) and not too_deep(event, data) else None


def rewritten(event: bytes, data: JSON) -> bytes:
    """The event with this payload; what else it says, such as its name, stays."""
    lines = [line for line in event.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*lines, b"data: " + orjson.dumps(data)]) + b"\n\n"


def usage_of(data: JSON) -> JSON | None:
    """The usage that a reply or an event reports: on top, or in the object that an event wraps."""
    for holder in (data, data.get("response"), data.get("message")):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if isinstance(usage, dict):
            return usage
    return None


def _last_end(data: bytes) -> int:
    """The index after the last blank line; -1 without one."""
    end = data.rfind(b"\n\n")
    crlf = data.rfind(b"\r\n\r\n")
    return max(end + 2 if end >= 0 else -1, crlf + 4 if crlf >= 0 else -1)


def _events(data: bytes) -> list[bytes]:
    """The events of whole events' bytes, each with its blank line."""
    found, start = [], 0
    for end in _END.finditer(data):
        found.append(data[start : end.end()])
        start = end.end()
    return found
