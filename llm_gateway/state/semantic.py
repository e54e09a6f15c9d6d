"""Answers to questions that mean the same: vectors compared by their cosine, inside one partition.

With numpy a partition holds up to 2,000 vectors; to compare them all, of 1,024 numbers each, takes about half a
millisecond. Without it a single vector takes about 50 microseconds, so a partition holds 200.
"""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import mul

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.state.cache_key import question

try:
    import numpy  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    numpy = None  # type: ignore[assignment,unused-ignore]

Embed = Callable[[str], Awaitable[Sequence[float]]]

# An embedder that raises these has no vector: no answer, or one that is none.
_FAILURES = (GatewayError, OSError, ValueError, LookupError, TypeError)
_PAUSE = 5.0  # seconds between two tries of an embedder that fails
_MOST_WAITING = 256  # answers whose questions are being embedded; what comes on top is not kept
_REMEMBERED = 256  # vectors of questions just looked for, which are stored next


@dataclass(slots=True)
class _Partition:
    """Unit vectors, end to end in one array, and the answer and its end of life at the same index."""

    width: int
    vectors: array[float] = field(default_factory=lambda: array("f"))
    answers: list[tuple[float, bytes]] = field(default_factory=list)

    def nearest(self, vector: array[float]) -> tuple[float, int]:
        """The highest cosine and its index. There is at least one answer."""
        if numpy is not None:
            table = numpy.frombuffer(self.vectors, numpy.float32).reshape(-1, self.width)
            # Not `@`: BLAS would start threads, which cost more than they save on so little.
            products = numpy.einsum("ij,j->i", table, numpy.frombuffer(vector, numpy.float32))
            index = int(products.argmax())
            return float(products[index]), index
        starts = range(0, len(self.vectors), self.width)
        return max((sum(map(mul, vector, self.vectors[at : at + self.width])), at // self.width) for at in starts)

    def remove(self, index: int) -> int:
        """Takes out an answer, by moving the last one to its place; returns the bytes it held."""
        _, value = self.answers[index]
        last = self.vectors[-self.width :]
        self.vectors[index * self.width : (index + 1) * self.width] = last
        del self.vectors[-self.width :]
        self.answers[index] = self.answers[-1]
        del self.answers[-1]
        return self._cost(value)

    def add(self, vector: array[float], expires: float, value: bytes) -> int:
        """Adds an answer; returns the bytes it holds."""
        self.vectors.extend(vector)
        self.answers.append((expires, value))
        return self._cost(value)

    def _cost(self, value: bytes) -> int:
        return len(value) + 4 * self.width


class SemanticCache:
    """Answers by what was asked. It is kept in memory, in this process, in at most `max_bytes`.

    If the embedder fails nothing is found or stored, and `degraded` says why until it works again.
    """

    def __init__(
        self,
        embed: Embed,
        threshold: float = 0.95,
        max_bytes: int = 256 << 20,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.degraded: str | None = None
        self.embed = embed  # may be replaced by another way to the same model
        self._threshold = threshold
        self._max_bytes = max_bytes
        self._next_try = 0.0
        self._clock = clock
        self._bytes = 0
        self._partitions: OrderedDict[str, _Partition] = OrderedDict()
        self._recent: OrderedDict[str, array[float]] = OrderedDict()
        self._most = 200 if numpy is None else 2000
        self._storing: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """Bytes kept: answers and vectors."""
        return self._bytes

    async def find(self, body: JSON, partition: str) -> bytes | None:
        """The answer to the nearest question in `partition` that is near enough and has not expired."""
        text = question(body)
        if text is None or partition not in self._partitions:
            return None
        vector = await self._vector(text)
        group = self._partitions.get(partition)
        if vector is None or group is None or len(vector) != group.width:
            return None
        self._partitions.move_to_end(partition)
        now = self._clock()
        while group.answers:
            cosine, index = group.nearest(vector)
            if cosine < self._threshold:
                return None
            expires, value = group.answers[index]
            if expires > now:
                return value
            self._bytes -= group.remove(index)
        del self._partitions[partition]
        return None

    async def store(self, body: JSON, partition: str, value: bytes, ttl: float) -> None:
        """Keeps `value` for `ttl` seconds as the answer to the question of `body`."""
        text = question(body)
        if text is None or ttl <= 0 or len(value) > self._max_bytes // 16:
            return
        vector = await self._vector(text)
        if vector is None:
            return
        group = self._partitions.get(partition)
        if group is None or group.width != len(vector):  # another model embeds now
            self._forget(partition)
            group = self._partitions[partition] = _Partition(len(vector))
        self._partitions.move_to_end(partition)
        self._make_room(group, vector)
        self._bytes += group.add(vector, self._clock() + ttl, value)
        while self._bytes > self._max_bytes:
            self._drop_one()

    def store_later(self, body: JSON, partition: str, value: bytes, ttl: float) -> None:
        """As `store`, which asks the embedder, in the background."""
        if len(self._storing) < _MOST_WAITING:
            task = asyncio.get_running_loop().create_task(self.store(body, partition, value, ttl))
            self._storing.add(task)
            task.add_done_callback(self._storing.discard)

    async def settle(self, timeout: float) -> None:
        """Waits, at most `timeout` seconds, for what is being stored; gives up the rest."""
        if self._storing:
            _, late = await asyncio.wait(self._storing, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _make_room(self, group: _Partition, vector: array[float]) -> None:
        """Takes out the answer to the same question, or one that is to expire first where there are too many."""
        if not group.answers:
            return
        cosine, index = group.nearest(vector)
        if cosine > 1 - 1e-6:
            self._bytes -= group.remove(index)
        elif len(group.answers) >= self._most:
            self._bytes -= group.remove(_first_to_expire(group))

    def _drop_one(self) -> None:
        """Takes the answer that is to expire first out of the partition used longest ago."""
        name, group = next(iter(self._partitions.items()))
        self._bytes -= group.remove(_first_to_expire(group))
        if not group.answers:
            del self._partitions[name]

    def _forget(self, partition: str) -> None:
        group = self._partitions.pop(partition, None)
        while group is not None and group.answers:
            self._bytes -= group.remove(len(group.answers) - 1)

    async def _vector(self, text: str) -> array[float] | None:
        """The unit vector of `text`."""
        known = self._recent.get(text)
        if known is not None:
            self._recent.move_to_end(text)
            return known
        if self.degraded is not None and self._clock() < self._next_try:
            return None
        try:
            vector = _unit(await self.embed(text))
        except _FAILURES as error:
            self._next_try = self._clock() + _PAUSE
            reason = " ".join(str(error).split()) or type(error).__name__
            self.degraded = f"no embeddings, so only equal requests are answered from the cache: {reason}"
            return None
        self.degraded = None
        self._recent[text] = vector
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return vector


def _first_to_expire(group: _Partition) -> int:
    return min(range(len(group.answers)), key=lambda index: group.answers[index][0])


def _unit(numbers: Sequence[float]) -> array[float]:
    length = math.hypot(*numbers)
    if not math.isfinite(length) or length == 0:
        raise ValueError("the embedding is empty, zero or not finite")
    return array("f", [number / length for number in numbers])
