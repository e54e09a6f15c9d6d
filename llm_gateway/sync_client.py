"""The client for code that is not asynchronous: the same one, in an event loop of its own on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

from llm_gateway.client import LLMGatewayClient
from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.types import Transport
from llm_gateway.exceptions import LLMGatewayError
from llm_gateway.models import LLMRequest, LLMResponse

__all__ = ["SyncLLMGatewayClient"]

Result = TypeVar("Result")


class SyncLLMGatewayClient:
    """LLMGatewayClient without `await`; arguments and errors are the same.

        with SyncLLMGatewayClient(providers=["openai"]) as client:
            print(client.complete(prompt="Say hello", model="gpt-5-mini").text)

    Any thread may use it, also one whose event loop is running, which then stands still meanwhile.
    """

    def __init__(
        self,
        config: LLMGatewayConfig | None = None,
        *,
        providers: Sequence[str] | None = None,
        transports: Mapping[str, Transport] | None = None,
        **settings: Any,
    ) -> None:
        self.client = LLMGatewayClient(config, providers=providers, transports=transports, **settings)
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._closed = False

    def complete(self, request: LLMRequest | str | None = None, **named: Any) -> LLMResponse:
        """As `LLMGatewayClient.complete`."""
        return self._run(self.client.complete(request, **named))

    def send(self, request: LLMRequest) -> LLMResponse:
        """As `LLMGatewayClient.send`."""
        return self._run(self.client.send(request))

    def stream_complete(self, request: LLMRequest | str | None = None, **named: Any) -> Iterator[dict[str, Any]]:
        """As `LLMGatewayClient.stream_complete`."""
        return self._pulled(self.client.stream_complete(request, **named))

    def stream(self, request: LLMRequest | str | None = None, **named: Any) -> Iterator[str]:
        """As `LLMGatewayClient.stream`."""
        return self._pulled(self.client.stream(request, **named))

    def close(self) -> None:
        """Closes the connections and ends the thread; the client cannot be used any more."""
        with self._lock:
            self._closed, thread, self._thread = True, self._thread, None
        if thread is not None:
            thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _pulled(self, items: AsyncGenerator[Result, None]) -> Iterator[Result]:
        try:
            while True:
                try:
                    yield self._run(_next(items))
                except StopAsyncIteration:
                    return
        finally:
            if not self._closed:
                self._run(_end(items))

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._lock:
            if self._closed:
                work.close()
                raise LLMGatewayError("the client is closed")
            if self._thread is None:
                self._thread = _LoopThread()
                weakref.finalize(self, self._thread.stop).atexit = False  # _at_exit sees to that
            loop = self._thread.loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


class _LoopThread:
    """A thread that runs an event loop until it is stopped; whatever is open in the loop is closed then."""

    def __init__(self) -> None:
        if not _running:
            _at_exit()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name="llm-gateway", daemon=True)
        self._thread.start()
        self._ready.wait()
        _running.add(self)

    def stop(self) -> None:
        """Ends loop and thread."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stopped.set)
            if self._thread is not threading.current_thread():
                self._thread.join()

    def _main(self) -> None:
        # Not asyncio.run: at its end it starts a thread, which Python 3.12.0 to 3.12.2 refuse while a program ends.
        with ThreadPoolExecutor() as executor:
            loop = asyncio.new_event_loop()
            loop.set_default_executor(executor)
            loop.run_until_complete(self._until_stopped())
            loop.close()

    async def _until_stopped(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._ready.set()
        await self._stopped.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


_running: weakref.WeakSet[_LoopThread] = weakref.WeakSet()


@cache
def _at_exit() -> None:
    """Has the loops end with the program, while their threads still work: closing the stores takes some.

    Functions of `atexit` come too late for that. concurrent.futures ends its threads by this hook as well, and after
    us, since it was here first.
    """
    threading._register_atexit(_end_all)  # type: ignore[attr-defined]  # the only hook that comes early enough


def _end_all() -> None:
    for thread in list(_running):
        thread.stop()


async def _next(items: AsyncGenerator[Result, None]) -> Result:
    return await anext(items)


async def _end(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()
