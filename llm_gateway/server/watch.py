"""Tells the log when a store is lost and when it is back, whoever asks, and also if nobody does."""

from __future__ import annotations

import asyncio
import logging

from llm_gateway.state.tables import State, by_trouble

_PERIOD = 2.0  # seconds between two looks

log = logging.getLogger("llm_gateway")


class Watch:
    """Compares the stores' condition with that of the last look; only a change is logged."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._failing: dict[str, str] = {}
        self._dropped = 0

    async def run(self) -> None:
        """Looks every few seconds until it is cancelled."""
        while True:
            await asyncio.gather(*(link.look() for link in self._state.links))
            self.look()
            await asyncio.sleep(_PERIOD)

    def look(self) -> None:
        """Logs what has changed since the last look."""
        usage = self._state.usage
        # Rows once dropped stay in the condition of the usage store for good, also when it works again.
        conditions = {**self._state.conditions(), "usage": usage.failure and usage.degraded}
        failing = {name: trouble for name, trouble in conditions.items() if trouble is not None}
        new = {name: trouble for name, trouble in failing.items() if name not in self._failing}
        for trouble, names in by_trouble(new).items():
            log.warning("degraded: %s: %s", ", ".join(names), trouble)
        if back := [name for name in self._failing if name not in failing]:
            log.info("works again: %s", ", ".join(back))
        self._failing = failing
        if "usage" not in failing and usage.dropped > self._dropped:
            log.error("%d usage rows were dropped: there was no room for them", usage.dropped - self._dropped)
            self._dropped = usage.dropped
