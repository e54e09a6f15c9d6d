"""A progress bar on a terminal's stderr for work that takes a while; silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

_DELAY = 0.5  # seconds of work before a bar is worth a line
_INTERVAL = 0.1  # seconds between two drawings


@contextmanager
def progress(label: str, total: int, enabled: bool) -> Iterator[Callable[[int], None]]:
    """Yields `advance(n)`, to be called when `n` more of `total` are done; it draws ten times a second at most."""
    if not enabled or not sys.stderr.isatty():
        yield lambda _: None
        return
    bar = _Bar(label, total)
    try:
        yield bar.advance
    finally:
        bar.close()


@contextmanager
def stages(enabled: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yields `show(stage, done, total)`; each new stage has a bar of its own."""
    with ExitStack() as open_bar:
        current, before = "", 0
        advance: Callable[[int], None] = _nothing

        def show(stage: str, done: int, total: int) -> None:
            nonlocal current, before, advance
            if stage != current:
                open_bar.close()
                current, before, advance = stage, 0, open_bar.enter_context(progress(stage, total, enabled))
            advance(done - before)
            before = done

        yield show


def _nothing(_: int) -> None:
    """The advance of no bar."""


class _Bar:
    """Counts at once, draws from time to time; click is imported with the first drawing."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, total
        self._undrawn = 0
        self._next = monotonic() + _DELAY
        self._bar: Any = None

    def advance(self, count: int) -> None:
        self._undrawn += count
        now = monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self._draw()

    def close(self) -> None:
        if self._bar is not None:
            self._draw()
            self._bar.render_finish()

    def _draw(self) -> None:
        if self._bar is None:
            from click import progressbar

            self._bar = progressbar(length=self._total, label=self._label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(self._undrawn)
        self._undrawn = 0
