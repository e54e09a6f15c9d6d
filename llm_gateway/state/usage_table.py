"""What usage stores with a table and a writing thread have in common, whatever database holds the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from llm_gateway.state import usage_rows
from llm_gateway.state.usage import CostRow, Grouping, Window
from llm_gateway.state.usage_writer import BatchWriter


class TableUsage(ABC):
    """A UsageStore less `add`, which is the writer's own, and the way to its table."""

    _writer: BatchWriter
    _clock: Callable[[], float]

    @property
    def degraded(self) -> str | None:
        """As in UsageStore."""
        return self._writer.degraded

    @property
    def failure(self) -> str | None:
        """As in UsageStore."""
        return self._writer.failure

    @property
    def dropped(self) -> int:
        """As in UsageStore."""
        return self._writer.dropped

    @property
    def waiting(self) -> int:
        """As in UsageStore."""
        return self._writer.waiting

    def flush(self, timeout: float = 10.0) -> bool:
        """As in UsageStore."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """As in UsageStore."""
        return self._writer.close(timeout)

    def costs(self, since: float | None = None, by: Sequence[Grouping] = ("model",)) -> list[CostRow]:
        """As in UsageStore."""
        with self._reading() as fetch:
            return usage_rows.costs(fetch, since, by)

    def window(self, since: float) -> Window:
        """As in UsageStore."""
        with self._reading() as fetch:
            return usage_rows.window(fetch, since, self._clock())

    @abstractmethod
    def _reading(self) -> AbstractContextManager[usage_rows.Fetch]:
        """Questions that are all answered from the same state of the table."""
