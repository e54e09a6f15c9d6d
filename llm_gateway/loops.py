"""Connections belong to an event loop; clients do not. This gives each loop its own, and closes them with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from types import AsyncGeneratorType
from typing import Generic, TypeVar, cast

Value = TypeVar("Value")


@dataclass(slots=True)
class _Open(Generic[Value]):
    lifetime: AsyncGeneratorType[Value, None]
    started: asyncio.Task[Value]


class PerLoop(Generic[Value]):
    """A value for each event loop that asks for it.

    `lifetime` yields it once and then closes what it opened. A loop closes the generators that are still open when it
    ends, as `asyncio.run` does, or when nobody refers to them any more: so it must not refer to whoever holds this.
    """

    def __init__(self, lifetime: Callable[[], AsyncGenerator[Value, None]]) -> None:
        self._lifetime = lifetime
        self._open: dict[asyncio.AbstractEventLoop, _Open[Value]] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def get(self) -> Value:
        """The value of the running loop, opened if need be. Raises what `lifetime` raises, and then tries anew."""
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop)
        if opened is None or opened.lifetime.ag_frame is None:
            for gone in [each for each in self._open if each.is_closed()]:
                del self._open[gone]
            lifetime = cast("AsyncGeneratorType[Value, None]", self._lifetime())
            opened = self._open[loop] = _Open(lifetime, loop.create_task(lifetime.__anext__()))
        if opened.started.done():
            return opened.started.result()
        return await asyncio.shield(opened.started)  # others wait for it too: who gives up must not end it

    async def close(self) -> None:
        """Closes the value of the running loop. The next `get` opens another."""
        opened = self._open.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await asyncio.wait([opened.started])
            await opened.lifetime.aclose()
