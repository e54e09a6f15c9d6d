"""What reaches the gateway from each run: an ASGI application with a path, and a gateway behind it, for every run."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from hashlib import sha256
from typing import Any

from llm_gateway.core.settings import parse
from llm_gateway.core.types import Incoming, Outgoing
from llm_gateway.providers.mock import MockTransport
from llm_gateway.server.app import App
from llm_gateway.server.live import Live

# Said by an SDK about itself and its HTTP client. A prefix ends with a dash.
_TRANSPORT = (
    *("accept", "accept-", "connection", "content-length", "content-type", "host", "user-agent", "x-stainless-"),
    *("x-portkey-package-", "x-portkey-runtime", "x-portkey-runtime-", "x-portkey-strict-open-ai-compliance"),
)


@dataclass(frozen=True)
class Request:
    """A request: its path below `/v1`, the headers that a program has a say in, and the fields of the body."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """Everything, flat: `path`, `headers.NAME`, `body.FIELD`, `body.messages.0.content`."""
        said = {"headers": self.headers, "body": self.body}
        return {"method": self.method, "path": self.path} | {
            name: value for part, fields in said.items() if fields for name, value in _flat(part, fields).items()
        }


# Where requests are kept, and the one with a config that is being answered.
_routed: ContextVar[tuple[list[Request], Request] | None] = ContextVar("routed", default=None)


@dataclass
class Recorder:
    """Keeps what comes below `/RUN` by run. Each has a gateway that begins anew: it counts, and takes turns."""

    requests: defaultdict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    _gateways: dict[str, Live] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        _, run, path = scope["path"].split("/", 2)
        raw = bytearray()
        more = True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = _request(scope["method"], path, headers, bytes(raw))
        _routed.set((self.requests[run], asked) if "x-portkey-config" in headers else None)
        if not _routed.get():
            self.requests[run].append(asked)
        given = iter([{"type": "http.request", "body": bytes(raw), "more_body": False}])

        async def once() -> Any:
            return next(given, None) or await receive()

        app = App(await self._gateway(run))
        await app({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, once, send)

    async def _gateway(self, run: str) -> Live:
        async with self._opening:
            if run not in self._gateways:
                live = Live(parse({"mock": True, "models": {"gpt-4o": "openai"}}, "test"), mock=_Provider())
                await live.start()
                self._gateways[run] = live
            return self._gateways[run]


class _Provider(MockTransport):
    """Keeps what comes of a request with a config: of several attempts each, of a cache's answer nothing."""

    async def send(self, outgoing: Outgoing) -> Incoming:
        if routed := _routed.get():
            requests, asked = routed
            requests.append(replace(asked, body=json.loads(outgoing.body)))
        return await super().send(outgoing)


def _flat(name: str, value: Any) -> dict[str, Any]:
    """The values by their dotted places; what is null in JSON is called so, for None is what is not there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: dict[str, Any] = {}
    for key, item in items:
        found |= _flat(f"{name}.{key}", item)
    return found or {name: "null" if value is None else value}


def _request(method: str, path: str, headers: dict[str, str], raw: bytes) -> Request:
    kind = headers.get("content-type", "")
    said = {name: value for name, value in headers.items() if not _of_transport(name)}
    body = _fields(kind, raw) if kind.startswith("multipart/") else json.loads(raw or b"{}")
    return Request(method, path.removeprefix("v1"), said, body)


def _of_transport(name: str) -> bool:
    return any(name.startswith(each) if each.endswith("-") else name == each for each in _TRANSPORT)


def _fields(kind: str, raw: bytes) -> dict[str, Any]:
    """The fields of a form; of a file its name and what it hashes to."""
    form: dict[str, Any] = {}
    for part in message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + raw).get_payload():
        assert not isinstance(part, str)
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        assert isinstance(name, str) and isinstance(value, bytes)
        file = part.get_filename()
        form[name] = value.decode() if file is None else f"{file} {sha256(value).hexdigest()[:12]}"
    return form
