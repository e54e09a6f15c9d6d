"""A thread that writes rows in batches, and keeps them while they cannot be written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from llm_gateway.core.types import Usage

_GATHER = 0.05  # seconds in which a batch comes together
_BATCH = 2_000  # rows in a transaction, at most
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries of a batch


class BatchWriter:
    """Writes what is added, in order, with `write`, which writes all of a batch or raises one of `failures`.

    A batch that failed is tried again, the same list, until it is written. Beyond `most` rows new ones are dropped.
    """

    def __init__(
        self,
        write: Callable[[list[Usage]], None],
        failures: tuple[type[Exception], ...],
        explain: Callable[[Exception], str],
        finish: Callable[[], None],
        *,
        most: int = 100_000,
    ) -> None:
        """`explain` makes one line of a failure; `finish` closes, in the thread, what `write` uses."""
        self.dropped = 0
        self._write = write
        self._failures = failures
        self._explain = explain
        self._finish = finish
        self._most = most
        self._failure: str | None = None
        self._queue: deque[Usage | threading.Event] = deque()  # an event is set when all before it is written
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = False
        self._abandon = False
        self._thread = threading.Thread(target=self._run, name="llm-gateway-usage", daemon=True)
        self._thread.start()

    @property
    def degraded(self) -> str | None:
        """As in UsageStore."""
        dropped = f"{self.dropped} usage rows were dropped" if self.dropped else None
        return "; ".join(part for part in (self._failure, dropped) if part) or None

    def add(self, row: Usage) -> None:
        """As in UsageStore."""
        if len(self._queue) >= self._most or self._closing:
            self.dropped += 1
            return
        self._queue.append(row)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, timeout: float) -> bool:
        """As in UsageStore."""
        written = threading.Event()
        self._queue.append(written)
        self._hurry.set()
        self._wake.set()
        return written.wait(timeout)

    def close(self, timeout: float) -> bool:
        """As in UsageStore. A second time it only says that all is written."""
        if self._closing:
            return True
        self._closing = True
        written = self.flush(timeout)
        self._abandon = True
        self._hurry.set()
        self._wake.set()
        self._thread.join()
        return written

    def _run(self) -> None:
        try:
            while not self._abandon:
                self._wake.wait()
                self._hurry.wait(_GATHER)
                self._hurry.clear()
                self._wake.clear()  # before the queue is read: who adds later wakes us again
                while self._queue:
                    self._write_next()
        finally:
            self._finish()

    def _write_next(self) -> None:
        batch: list[Usage] = []
        while self._queue and len(batch) < _BATCH:
            item = self._queue.popleft()
            if isinstance(item, threading.Event):
                if self._insist(batch):
                    item.set()
                return
            batch.append(item)
        self._insist(batch)

    def _insist(self, batch: list[Usage]) -> bool:
        """Whether the batch is written; it is not only if it is given up at the close."""
        pause = _FIRST_PAUSE
        while batch:
            try:
                self._write(batch)
            except self._failures as error:
                self._failure = self._explain(error)
            else:
                self._failure = None
                return True
            if self._abandon:
                self.dropped += len(batch)
                return False
            self._hurry.wait(pause)
            self._hurry.clear()
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True
