"""Real servers on 127.0.0.1 for the tests: any ASGI application, the gateway, and an upstream that follows a script."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from llm_gateway.core.settings import parse
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.server.app import App
from llm_gateway.server.live import Live
from llm_gateway.server.run import Server
from llm_gateway.server.run import config as configured


@contextmanager
def served(app: Any, live: Live | None = None) -> Iterator[str]:
    """The base URL of an application that is served meanwhile, in its own thread, where `live` starts and stops."""
    if live is not None:
        config = configured(app, live.settings.server)
    else:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off")
    server = Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each reply waits for an acknowledgement

    async def run() -> None:
        if live is not None:
            await live.start()
        await server.serve(sockets=[listener])
        if live is not None:
            await live.stop()

    def run_all() -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(run())

    thread = threading.Thread(target=run_all, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def gateway(settings: dict[str, Any] | None = None, silence: float = 600.0) -> Iterator[tuple[str, Live]]:
    """The base URL of a gateway with these settings, and what it consists of. `silence` makes a stall."""
    given = {"server": {"shutdown_seconds": 5}, **(settings if settings is not None else {"mock": True})}
    live = Live(parse(given, "test"), http=HttpTransport(silence))
    with served(App(live), live) as url:
        yield url, live


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: dict[str, str]  # with lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of an error, as OpenAI's clients read it."""
        message: str = self.json["error"]["message"]
        return message

    @property
    def events(self) -> list[str]:
        """The data of an event stream."""
        return [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]


CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def ask(
    url: str,
    body: Any = CHAT,
    headers: dict[str, str] | None = None,
    path: str = "/v1/chat/completions",
    *,
    config: Any = None,
    method: str = "POST",
) -> Answer:
    """One request to a gateway; `body` is JSON or bytes, `config` is what the config header holds."""
    sent = {"content-type": "application/json", **(headers or {})}
    if config is not None:
        sent["x-portkey-config"] = config if isinstance(config, str) else json.dumps(config)
    with connected(url) as connection:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data if method == "POST" else None, sent)
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    """A connection of one's own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for what another thread does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


@contextmanager
def raw_upstream(reply: bytes, *, reset: bool = False) -> Iterator[str]:
    """The base URL of a provider that answers every request with these bytes and then hangs up."""

    def answer(connection: socket.socket) -> None:
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536) or b"\r\n\r\n"
            connection.sendall(reply)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def accept() -> None:
        while True:
            try:
                answer(listener.accept()[0])
            except OSError:
                if closing.is_set():
                    return

    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@dataclass
class Hit:
    """A request that reached the upstream."""

    at: float
    key: str
    path: str
    body: Any
    headers: dict[str, str]

    @property
    def model(self) -> str | None:
        """The model it asks for."""
        return self.body.get("model") if isinstance(self.body, dict) else None


@dataclass
class Upstream:
    """A provider whose part is in its key: `ok`; `s500` a status; `s429ra2` with retry-after, `s429ms200` with
    retry-after-ms; `d800` a delay in ms; `seq500,429,200` one after the other. Everything else is a fault by name:
    `reset`, `stall`, `half`, `nojson`, `error200`, `redirect`, `slow` (a long stream), `gate`.
    """

    hits: list[Hit] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # a client went away mid-stream
    gate: threading.Event = field(default_factory=threading.Event)  # lets the stream `gate` go on after its first piece
    _seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        raw = bytearray()
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        key = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", "")
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = bytes(raw)
        self.hits.append(Hit(time.monotonic(), key, scope["path"], body, headers))
        script = key
        if key.startswith("seq"):
            steps = key[3:].split(",")
            script = "s" + steps[min(self._seen[key], len(steps) - 1)]
            self._seen[key] += 1
        await self._play(script, scope, body if isinstance(body, dict) else {}, receive, send)

    async def _play(self, script: str, scope: Any, body: dict[str, Any], receive: Any, send: Any) -> None:
        if script.startswith("d") and script[1:].isdigit():
            with suppress(TimeoutError):
                await asyncio.wait_for(_until_gone(self, receive), int(script[1:]) / 1000)
                return
        if script.startswith("s") and script[1:4].isdigit() and script[1:4] != "200":
            await _fail(int(script[1:4]), script[4:], send)
        elif script in _FAULTS:
            await _FAULTS[script](self, receive, send)
        elif body.get("stream"):
            await _stream(body, send)
        else:
            await _json(200, _reply(scope["path"], body), send)


def _reply(path: str, body: dict[str, Any]) -> dict[str, Any]:
    model = body.get("model")
    if path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
        return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": 2, "total_tokens": 2}}
    if path.endswith("/images/generations"):
        return {"created": 1, "data": [{"url": "http://images.example/1.png"}]}
    if path.endswith("/models"):
        return {"object": "list", "data": [{"id": "gpt-x", "object": "model", "created": 1, "owned_by": "fake"}]}
    message = {"role": "assistant", "content": f"hi from {model}"}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    base = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model}
    return {**base, "choices": [choice], "usage": usage}


def chunk(text: str, **more: Any) -> bytes:
    """An event of a chat stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**base, "choices": [choice], **more}).encode() + b"\n\n"


async def _start(send: Any, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
    lines = [(b"content-type", kind.encode())]
    lines += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


async def _json(status: int, data: Any, send: Any, **headers: str) -> None:
    await _start(send, status, "application/json", **headers)
    await send({"type": "http.response.body", "body": json.dumps(data).encode()})


async def _fail(status: int, rest: str, send: Any) -> None:
    headers = {}
    if rest.startswith("ra"):
        headers = {"retry_after": rest[2:]}
    elif rest.startswith("ms"):
        headers = {"retry_after_ms": rest[2:]}
    error = {"message": f"fake {status}", "type": "fake_type", "param": None, "code": "fake_code"}
    await _json(status, {"error": error}, send, **headers)


async def _stream(body: dict[str, Any], send: Any) -> None:
    await _start(send)
    for piece in ("hi ", "from ", str(body.get("model"))):
        await send({"type": "http.response.body", "body": chunk(piece), "more_body": True})
    if (body.get("stream_options") or {}).get("include_usage"):
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        await send({"type": "http.response.body", "body": chunk("", usage=usage, choices=[]), "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _reset(upstream: Upstream, receive: Any, send: Any) -> None:
    raise ConnectionResetError("the script says so")  # uvicorn answers 500 in plain text


async def _stall(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send)
    await send({"type": "http.response.body", "body": chunk("first"), "more_body": True})
    await _until_gone(upstream, receive)


async def _until_gone(upstream: Upstream, receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    upstream.gone.set()


async def _half(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send, content_length="100000")
    await send({"type": "http.response.body", "body": chunk("first") + b'data: {"id": "half', "more_body": True})
    raise ConnectionResetError("the script says so")


async def _nojson(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send, 200, "application/json")
    await send({"type": "http.response.body", "body": b'{"choices": [{"mess'})


async def _error200(upstream: Upstream, receive: Any, send: Any) -> None:
    await _json(200, {"error": {"message": "no room", "code": 503}}, send)


async def _redirect(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send, 302, "text/html", location="http://127.0.0.1:9/elsewhere")
    await send({"type": "http.response.body", "body": b""})


async def _slow(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send)
    watcher = asyncio.create_task(_until_gone(upstream, receive))
    for number in range(2000):
        if upstream.gone.is_set():
            return
        await send({"type": "http.response.body", "body": chunk(f"{number} "), "more_body": True})
        await asyncio.sleep(0.01)
    watcher.cancel()
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _gate(upstream: Upstream, receive: Any, send: Any) -> None:
    await _start(send)
    await send({"type": "http.response.body", "body": chunk("first"), "more_body": True})
    watcher = asyncio.create_task(_until_gone(upstream, receive))
    while not (upstream.gate.is_set() or upstream.gone.is_set()):
        await asyncio.sleep(0.01)
    watcher.cancel()
    await send({"type": "http.response.body", "body": chunk("last") + b"data: [DONE]\n\n"})


_FAULTS = {
    "error200": _error200,
    "gate": _gate,
    "half": _half,
    "nojson": _nojson,
    "redirect": _redirect,
    "reset": _reset,
    "slow": _slow,
    "stall": _stall,
}
