"""A load generator in a process of its own: a job in JSON on standard input, what was measured on standard output.

Each connection sends its next request as soon as the last one is answered, until so many are answered or so many
seconds have passed. A reply that is no 200, or a stream without its end, ends the process with an error.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import httptools
import uvloop

BODY = {
    "model": "bench",
    "messages": [
        {"role": "system", "content": "You are a helpful assistant. " * 10},
        {"role": "user", "content": "Tell me about the quick brown fox. " * 10},
    ],
    "temperature": 0.7,
    "max_tokens": 200,
}


@dataclass(frozen=True)
class Job:
    """What to send to whom, how often and how long at most (seconds)."""

    port: int
    headers: dict[str, str]
    stream: bool
    concurrency: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """`p50` is the median time in seconds to the end of a reply, `first` to the first piece of its body."""

    requests: int
    seconds: float
    p50: float
    first: float


class _Client(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._tail = b""
        self._first = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._run.fail(f"the connection was lost: {error}")

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if not self._first:
            self._first = time.perf_counter()
        self._tail = (self._tail + body)[-400:]

    def on_message_complete(self) -> None:
        """Called by the parser."""
        now = time.perf_counter()
        if self._parser.get_status_code() != 200 or self._run.end not in self._tail:
            self._run.fail(f"status {self._parser.get_status_code()}: {self._tail.decode(errors='replace')}")
            return
        self._run.took.append(now - self._start)
        self._run.first.append(self._first - self._start)
        if self._run.more(now):
            self._send()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._tail, self._first = b"", 0.0
        self._start = time.perf_counter()
        self._transport.write(self._run.request)


class _Run:
    def __init__(self, job: Job) -> None:
        body = json.dumps({**BODY, "stream": True} if job.stream else BODY).encode()
        headers = {"host": f"127.0.0.1:{job.port}", "content-type": "application/json", **job.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /v1/chat/completions HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        self.request = head.encode() + body
        self.end = b"[DONE]" if job.stream else b"}"
        self.took: list[float] = []
        self.first: list[float] = []
        self._unsent = job.requests - job.concurrency
        self._deadline = time.perf_counter() + job.seconds
        self._waiting = job.concurrency
        self.done = asyncio.get_running_loop().create_future()

    def more(self, now: float) -> bool:
        """Whether this connection goes on; when the last one does not, the run is done."""
        if self._unsent > 0 and now < self._deadline:
            self._unsent -= 1
            return True
        self._waiting -= 1
        if not self._waiting and not self.done.done():
            self.done.set_result(None)
        return False

    def fail(self, why: str) -> None:
        """Ends the run with an error, unless it is done."""
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))


async def run(job: Job) -> Result:
    """Does the job. Raises RuntimeError for any reply that is not as it should be."""
    loop, state = asyncio.get_running_loop(), _Run(job)
    start = time.perf_counter()
    connected = [
        await loop.create_connection(lambda: _Client(state), "127.0.0.1", job.port) for _ in range(job.concurrency)
    ]
    await state.done
    seconds = time.perf_counter() - start
    for transport, _ in connected:
        transport.abort()
    return Result(len(state.took), seconds, statistics.median(state.took), statistics.median(state.first))


if __name__ == "__main__":
    try:
        print(json.dumps(asdict(uvloop.run(run(Job(**json.load(sys.stdin)))))))
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))
