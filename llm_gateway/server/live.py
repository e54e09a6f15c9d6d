"""The gateway that is serving: its stores and connections, and the exchange of its settings while it runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from llm_gateway.core.assembly import assemble
from llm_gateway.core.gateway import Gateway
from llm_gateway.core.settings import Settings, SettingsError, load
from llm_gateway.core.setup import Setup, prepare
from llm_gateway.core.types import Reply, Transport, Usage
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.providers.mock import MockTransport
from llm_gateway.server import tracing
from llm_gateway.server.metrics import Metrics
from llm_gateway.server.status import page
from llm_gateway.server.watch import Watch
from llm_gateway.state.spend import restore
from llm_gateway.state.tables import State, by_trouble, open_state
from llm_gateway.state.urls import StateError

_LAST_WRITE = 5.0  # seconds for usage at the end: many who stop a process kill it after ten

log = logging.getLogger("llm_gateway")


class Live:
    """Started and stopped with the server; `gateway` is the one to ask at any moment in between."""

    def __init__(
        self,
        settings: Settings,
        source: Callable[[], Settings] | None = None,
        http: HttpTransport | None = None,
        mock: Transport | None = None,
    ) -> None:
        """`source` reads the settings anew on `reload`. Raises SettingsError for settings that cannot be used."""
        self.setup = prepare(settings)
        self._first = settings
        self._source = source
        self._metrics = Metrics()
        self._http = http or HttpTransport()
        self._transports: dict[str, Transport] = {
            "openai": self._http,
            "anthropic": self._http,
            "mock": mock or MockTransport(),
        }
        self._observers: list[Callable[[Usage], object]] = [self._metrics.observe]
        self._state: State | None = None
        self._gateway: Gateway | None = None
        self._watching: asyncio.Task[None] | None = None
        self._reloading = asyncio.Lock()  # of two reloads the later one has the last word
        self._since = time.time()

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self.setup.settings

    @property
    def gateway(self) -> Gateway:
        """The gateway in force."""
        assert self._gateway is not None, "start() comes first"
        return self._gateway

    async def start(self) -> None:
        """Opens the stores. Raises StateError."""
        urls = self.settings.state
        self._state = await open_state(urls.cache, urls.limits, urls.usage)
        self._metrics.watch(self._state)
        if spans := tracing.observer():
            self._observers.append(spans)
        await self._put_in_force(self.setup)
        self._watching = asyncio.create_task(Watch(self._state).run())

    async def stop(self) -> None:
        """Writes what is still to be written, and closes stores and connections. The log tells what is lost."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._gateway is not None:
            await self._gateway.aclose()
        await self._http.close()
        if self._state is not None:
            await _close(self._state)

    async def reload(self) -> None:
        """Reads the settings anew; what cannot be used is logged and the old ones stay in force.

        What takes a restart, such as the stores and the server's address, stays as it is, and the log says so.
        """
        if self._source is not None:
            async with self._reloading:
                await self._reload(self._source)

    async def _reload(self, source: Callable[[], Settings]) -> None:
        try:
            setup = prepare(await asyncio.to_thread(source))
            if setup.is_open and not self.setup.is_open:
                raise SettingsError("without keys the gateway would be open to all; restart to do so")
            await self._put_in_force(setup)
        except (SettingsError, StateError) as error:
            log.error("settings kept as they were: %s", error)
            return
        changed = [name for name, value in _fixed(setup.settings).items() if value != _fixed(self._first)[name]]
        if changed:
            log.warning("changed, but not in force until a restart: %s", ", ".join(changed))
        log.info("settings read anew")

    async def page(self, path: str, known: bool = True) -> Reply | None:
        """One of the gateway's own pages: `/`, `/health`, `/metrics`; None for any other path.

        `/health` names addresses only to a `known` caller.
        """
        if path == "/health":
            return self._health(known)
        if path == "/metrics":
            return Reply(200, {"content-type": self._metrics.content_type}, self._metrics.text())
        if path == "/":
            assert self._state is not None
            return await asyncio.to_thread(page, self.setup, self._state, self._since)
        return None

    def _health(self, known: bool) -> Reply:
        assert self._state is not None
        troubles = by_trouble(self._state.conditions())
        degraded = sorted(troubles if known else (", ".join(names) for names in troubles.values()))
        data = {"status": "degraded" if degraded else "ok", "degraded": degraded}
        return Reply(200, {"content-type": "application/json"}, orjson.dumps(data))

    async def _put_in_force(self, setup: Setup) -> None:
        """Raises StateError where it cannot be known what budgets have spent."""
        assert self._state is not None
        await _recall_spending(setup, self._state)
        self.setup = setup
        self._gateway = assemble(setup, self._state, self._transports, self._observers, self._gateway)
        self._state.semantic = self._gateway.attempts.caching.semantic


async def _close(state: State) -> None:
    usage = state.usage
    if usage.failure is not None and usage.waiting:
        log.warning("%d usage rows wait to be written, for %.0f seconds more", usage.waiting, _LAST_WRITE)
    before = usage.dropped
    if not await state.aclose(_LAST_WRITE):
        reason = usage.failure or "the store takes too long"
        log.error("%d usage rows were not written: %s", usage.dropped - before, reason)


async def _recall_spending(setup: Setup, state: State) -> None:
    """Counts what budgets have spent before, as the usage store tells it."""
    callers = [(f"key:{caller.key}", caller) for _, caller in setup.keys.values()]
    callers += [(f"project:{name}", project) for name, project in setup.projects.items()]
    budgets = {name: caller.budget for name, caller in callers if caller.budget}
    await restore(state.spend, state.usage, budgets)


def _fixed(settings: Settings) -> dict[str, object]:
    """What holds from start to end."""
    server, state = settings.server, settings.state
    return {
        "server.host": server.host,
        "server.port": server.port,
        "server.shutdown_seconds": server.shutdown_seconds,
        "state.cache": state.cache,
        "state.limits": state.limits,
        "state.usage": state.usage,
    }


def source_of(path: Path | None, change: Callable[[Settings], Settings]) -> Callable[[], Settings]:
    """Reads the settings at `path`, or takes the defaults, with what the command line changes."""
    return lambda: change(load(path) if path else Settings())
