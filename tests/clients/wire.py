"""A server on this machine that keeps what reaches it and answers as a provider does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pydantic

MESSAGES = [{"role": "user", "content": "hi"}]
MODELS = {"llm-gateway": "openai/gpt-4o", "portkey": "@openai/gpt-4o"}  # of "openai/gpt-4o", by target
CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": '{"city": "Bern"}'}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CHUNKS = [
    {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
    for delta, reason in (({"role": "assistant", "content": "Be"}, None), ({"content": "rn"}, None), ({}, "stop"))
]
EMBEDDING = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
IMAGES = {"created": 1, "data": [{"url": "http://127.0.0.1/i.png"}]}
MODERATION = {"id": "m1", "model": "m", "results": []}
RESPONSE = {
    "id": "r1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
GPT = {
    "id": "gpt-4o",
    "aliases": [],
    "created": 1,
    "context_length": 128000,
    "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
    "structured_outputs": True,
    "supported_parameters": ["temperature", "tool_choice"],
    "providers": [
        {"providerId": "openai", "vision": True, "tools": True, "parallelToolCalls": True, "reasoning": False},
        {"providerId": "azure", "vision": False, "tools": True, "parallelToolCalls": False, "reasoning": False},
    ],
}
ANSWERS: Mapping[str, Any] = {
    "/models": {"data": [GPT, {"id": "bare", "object": "model", "created": 1, "owned_by": "x"}]},
    "/rerank": {"id": "k1", "results": [{"index": 1, "relevance_score": 0.9}]},
    "/chat/completions": CHAT,
    "/completions": {"id": "t1", "object": "text_completion", "created": 1, "model": "m", "choices": []},
    "/embeddings": EMBEDDING,
    "/images/generations": IMAGES,
    "/images/edits": IMAGES,
    "/images/variations": IMAGES,
    "/moderations": MODERATION,
    "/audio/transcriptions": {"text": "hello"},
    "/responses": RESPONSE,
}


class City(pydantic.BaseModel):
    """What an answer may be parsed as."""

    city: str


@dataclass(frozen=True)
class Request:
    """What reached the server: the path below `/v1`, the headers and the body, as JSON or as bytes."""

    path: str
    headers: Message
    body: Any


@dataclass
class Wire:
    """The server: its address, what reached it, and what fails before it answers well.

    A failure is a status, or one with the `error` of its body.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    failures: list[int | tuple[int, Any]] = field(default_factory=list)

    def take(self) -> list[Request]:
        """Everything since the last time."""
        taken, self.requests = self.requests, []
        return taken

    def one(self) -> Request:
        """The only request since the last time."""
        (request,) = self.take()
        return request


@contextmanager
def serve() -> Iterator[Wire]:
    """The server, as long as the block runs."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = self.path.removeprefix("/v1")
            wire.requests.append(Request(path, self.headers, None))
            self._send(200, "application/json", json.dumps(ANSWERS[path]).encode())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            is_json = self.headers.get_content_type() == "application/json"
            path = self.path.removeprefix("/v1").partition("?")[0]
            request = Request(path, self.headers, json.loads(raw) if is_json else raw)
            wire.requests.append(request)
            if wire.failures:
                failure = wire.failures.pop(0)
                status, error = failure if isinstance(failure, tuple) else (failure, {"message": "no"})
                self._send(status, "application/json", json.dumps({"error": error}).encode())
            elif path == "/audio/speech":
                self._send(200, "audio/mpeg", b"sound")
            elif is_json and request.body.get("stream"):
                lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in CHUNKS]
                self._send(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]).encode())
            else:
                self._send(200, "application/json", json.dumps(ANSWERS[path]).encode())

        def _send(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            if status != 200:
                self.send_header("x-should-retry", "true" if status >= 500 else "false")
                self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        wire.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()
