"""A thread that writes rows in batches, and keeps them while they cannot be written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from llm_gateway.core.types import Usage

_GATHER = 0.2  # seconds in which a batch comes together
_BATCH = 2_000  # rows in a transaction, at most
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries of a batch
_LAST_TRY = 2.0  # seconds after the time to close is over: a database may be waited for that does not even refuse


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
        self.failure: str | None = None
        self._write = write
        self._failures = failures
        self._explain = explain
        self._finish = finish
        self._most = most
        self._queue: deque[Usage | threading.Event] = deque()  # an event is set when all before it is written
        self._batch: list[Usage] = []  # taken from the queue and not yet written
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = False
        self._abandon = False
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="llm-gateway-usage", daemon=True)
        self._thread.start()

    @property
    def degraded(self) -> str | None:
        """As in UsageStore."""
        waits = f"usage waits in memory to be written: {self.failure}" if self.failure else None
        dropped = f"{self.dropped} usage rows were dropped" if self.dropped else None
        return "; ".join(part for part in (waits, dropped) if part) or None

    @property
    def waiting(self) -> int:
        """As in UsageStore."""
        return len(self._batch) + sum(not isinstance(item, threading.Event) for item in self._queue.copy())

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
        """As in UsageStore. A second time it only says what it said the first time."""
        if self._closing:
            return not self._lost
        self._closing = True
        self.flush(timeout)
        self._abandon = True
        self._hurry.set()
        self._wake.set()
        self._thread.join(_LAST_TRY)
        lost = self.waiting
        self.dropped += lost
        self._lost = lost > 0
        return not self._lost

    def _run(self) -> None:
        try:
            while not self._abandon:
                self._wake.wait()
                self._hurry.wait(_GATHER)
                self._hurry.clear()
                self._wake.clear()  # before the queue is read: who adds later wakes us again
                while self._queue and self._write_next():
                    pass
        finally:
            self._finish()

    def _write_next(self) -> bool:
        """Whether the next rows are written; they are not only if they are given up at the close."""
        event: threading.Event | None = None
        while self._queue and event is None and len(self._batch) < _BATCH:
            item = self._queue.popleft()
            if isinstance(item, threading.Event):
                event = item
            else:
                self._batch.append(item)
        if not self._insist():
            return False
        if event is not None:
            event.set()
        return True

    def _insist(self) -> bool:
        """Whether the batch is written."""
        pause = _FIRST_PAUSE
        while self._batch:
            try:
                self._write(self._batch)
            except self._failures as error:
                self.failure = self._explain(error)
            else:
                self.failure = None
                self._batch = []
                return True
            if self._abandon:
                return False
            self._hurry.wait(pause)
            self._hurry.clear()
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True
