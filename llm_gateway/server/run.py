"""Starts the server: who may listen where, signals, and an end that lets streams finish."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from llm_gateway import pricing
from llm_gateway.core.settings import ServerTable, SettingsError
from llm_gateway.server.access import is_loopback
from llm_gateway.server.app import App
from llm_gateway.server.live import Live
from llm_gateway.server.protocol import BoundedProtocol

_LAST_WORDS = 5.0  # seconds for requests that were cut to be counted

log = logging.getLogger("llm_gateway")


def serve(live: Live) -> None:
    """Serves until a signal ends it. Raises SettingsError where the server may not or cannot listen, StateError."""
    table = live.settings.server
    if live.setup.is_open and not is_loopback(table.host):
        raise SettingsError(
            f"server.host: {table.host} is open to others, and there are no keys; make one with `llm-gateway keys new`"
        )
    try:
        listener = _listener(table.host, table.port)
    except OSError as error:
        raise SettingsError(f"server: cannot listen on {table.host}:{table.port}: {error.strerror}") from error
    with listener:
        server = Server(config(App(live), table))
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, live, listener))


def config(app: App, table: ServerTable) -> uvicorn.Config:
    """How uvicorn serves the gateway."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        log_level=logging.WARNING,  # what else it says of starting and stopping the gateway says itself
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=math.ceil(table.shutdown_seconds),
    )


class Server(uvicorn.Server):
    """uvicorn's server without its way with signals: that one would end the process before usage is written."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections and waits for what runs, until it is told or has to cut it."""
        if running := len(self.server_state.tasks):
            said = f"requests still running: {running}; at most {self.config.timeout_graceful_shutdown} s for them"
            log.info("shutting down; %s, a second signal cuts them", said)
        else:
            log.info("shutting down")
        await super().shutdown(sockets)

    def end(self) -> None:
        """Takes no more requests and lets those that run finish; asked a second time it cuts them."""
        if self.should_exit:
            for task in self.server_state.tasks:
                task.cancel()
        self.should_exit = True


async def _serve(server: Server, live: Live, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(live.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    try:
        await live.start()
        await asyncio.to_thread(pricing.warm)
        _spare_the_collector()
        loop.add_signal_handler(signal.SIGHUP, reload)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.end)
        host, port = listener.getsockname()[:2]
        log.info("serving on http://%s:%s", f"[{host}]" if ":" in host else host, port)
        await server.serve(sockets=[listener])
        if cut := server.server_state.tasks:
            await asyncio.wait(set(cut), timeout=_LAST_WORDS)
    finally:
        await live.stop()
    log.info("stopped")


def _spare_the_collector() -> None:
    """Leaves what was made until now, and stays, out of the search for garbage, and searches less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)  # asyncio sends at once only where the protocol is named
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
