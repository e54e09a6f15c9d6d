"""A map over many files that uses several processes where that is worth their start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")

_WORTH_IT = 64  # items below which the children would only cost
_inherited: Callable[[str], Any] | None = None


def in_order(work: Callable[[str], Result], items: Sequence[str], jobs: int) -> Iterator[Result]:
    """`map(work, items)`, in up to `jobs` processes.

    The children are forked, so `work` and all it holds are inherited and need not be pickled; only results travel.
    """
    global _inherited
    if jobs == 1 or len(items) < _WORTH_IT:
        for item in items:  # `map` would take a StopIteration of the work for its own end
            yield work(item)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    _inherited = work
    try:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_call, items, chunksize=8)
    finally:
        _inherited = None


def _call(item: str) -> Any:
    assert _inherited is not None
    return _inherited(item)
