"""A real HTTP provider for the library's tests, and what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from llm_gateway.core.types import Outgoing
from llm_gateway.providers.mock import MockReply


@dataclass
class Provider:
    """Answers chat completions over HTTP; `asked` has each request's Authorization and body."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    reported: str = ""  # the model's name in the reply

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append((request.headers.get("Authorization", ""), body))
        message = {"role": "assistant", "content": f"real reply to {body['messages'][-1]['content']}"}
        reply = {
            "id": "c1",
            "object": "chat.completion",
            "model": self.reported or body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }
        return web.json_response(reply)


@asynccontextmanager
async def provider(reported: str = "") -> AsyncIterator[Provider]:
    """A provider that listens on a free port of this machine."""
    found = Provider(reported=reported)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield found
    finally:
        await runner.cleanup()


@dataclass
class Script:
    """A script for the mock provider: a reply by provider, and who was asked for which model."""

    replies: Mapping[str, MockReply] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, outgoing: Outgoing) -> MockReply | None:
        body = json.loads(outgoing.body)
        name = outgoing.url.removeprefix("mock:").partition("/")[0]
        self.asked.append((name, body["model"]))
        self.bodies.append(body)
        return self.replies.get(name)


def down(status: int, message: str = "out of order", **headers: str) -> MockReply:
    """A provider's failure."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return MockReply(status=status, body={"error": {"message": message}}, headers=named)
