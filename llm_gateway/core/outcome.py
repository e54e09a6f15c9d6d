"""How a target's turn ended: what is passed on, and what is known about it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON, CacheStatus


@dataclass(slots=True)
class Outcome:
    """A reply on its way back. A stream's usage and error are known when it has ended."""

    status: int
    body: bytes | AsyncGenerator[bytes, None]
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    path: str = "config"
    provider: str = ""
    model: str = ""
    retries: int = 0  # as x-portkey-retry-attempt-count says it: -1 is exhausted
    sent: int = 0  # requests that went upstream
    cache: CacheStatus = "DISABLED"
    usage: JSON | None = None
    estimated: bool = False
    cost: float | None = None
    error: str = ""
    refused: GatewayError | None = None  # the gateway's own refusal, which ends a fallback
    warnings: tuple[str, ...] = ()
    first_token: float | None = None  # seconds since the call came in
    release: Callable[[], None] | None = None  # lets go of the upstream of a stream that was never begun

    async def discard(self) -> None:
        """Lets go of a reply that is not passed on."""
        if self.release is not None:
            self.release()  # to close a generator that has not begun runs none of it
        if not isinstance(self.body, bytes):
            await self.body.aclose()


def tokens(usage: JSON | None) -> tuple[int, int]:
    """Prompt and completion tokens, whichever names the API gives them."""
    if not usage:
        return 0, 0
    return _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")


def _count(usage: JSON, *names: str) -> int:
    value: Any = next((usage[name] for name in names if usage.get(name)), 0)
    return value if isinstance(value, int) else 0
