"""A gateway that notes what it is sent, for programs that are run before and after a migration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from serving import served

from llm_gateway.core.settings import parse
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.server.app import App
from llm_gateway.server.live import Live

_LABEL = "x-llmgateway-"


@dataclass(frozen=True)
class Noted:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def labels(self) -> dict[str, str]:
        """The labels, said as the gateway's headers or as Portkey's metadata."""
        own = {name.removeprefix(_LABEL): value for name, value in self.headers.items() if name.startswith(_LABEL)}
        metadata = json.loads(self.headers.get("x-portkey-metadata", "{}"))
        return own | {name: str(value) for name, value in metadata.items()}


@dataclass
class Noting:
    """An ASGI application that passes everything on to another one."""

    app: Any
    seen: list[Noted] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Notes a request once it has been answered."""
        parts: list[bytes] = []

        async def noting() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                parts.append(message.get("body", b""))
            return message

        await self.app(scope, noting, send)
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.seen.append(Noted(scope["path"], headers, json.loads(b"".join(parts) or b"{}")))


@contextmanager
def noting_gateway(**settings: Any) -> Iterator[tuple[str, Noting]]:
    """The base URL of a gateway with its mock provider and these settings, and what it notes."""
    given = {"mock": True, "server": {"shutdown_seconds": 5}, **settings}
    live = Live(parse(given, "test"), http=HttpTransport(600.0))
    noting = Noting(App(live))
    with served(noting, live) as url:
        yield f"{url}/v1", noting
