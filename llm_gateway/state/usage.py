"""What usage stores do, and what they tell about the requests they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from llm_gateway.core.types import Usage

Grouping = Literal["model", "provider", "day", "key", "project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What some requests come to. An error is a status from 400 on."""

    requests: int
    errors: int
    cache_hits: int
    prompt_tokens: int
    completion_tokens: int
    cost: float  # US dollars, of the requests whose price is known
    unpriced: int  # requests that were answered and whose price is not known
    estimated: int  # requests whose tokens were estimated
    extra_attempts: int  # requests to providers beyond the first of each call: retries and fallbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow(Sums):
    """One group. `group` has a value for each grouping asked for, in that order; days as 2026-11-20."""

    group: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds within which half, nine in ten and ninety-nine in a hundred requests were finished."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of time that begins at `start`, in Unix time."""

    start: float
    requests: int = 0
    errors: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSums(Sums):
    """One provider."""

    provider: str
    latency: Latency


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that ended in an error."""

    at: float
    request_id: str
    provider: str
    model: str
    status: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Sums):
    """All requests since `since`. `buckets` leave no gaps; `failures` are the latest, newest first."""

    since: float
    until: float
    latency: Latency | None  # None: there was no request
    bucket_seconds: int
    buckets: tuple[Bucket, ...]
    providers: tuple[ProviderSums, ...]
    failures: tuple[Failure, ...]


class UsageStore(Protocol):
    """Keeps finished requests. Only `add` is for the request path; the others wait for a disk or a server."""

    @property
    def degraded(self) -> str | None:
        """Why rows cannot be written at present, or that some were dropped."""

    @property
    def failure(self) -> str | None:
        """Why rows cannot be written at present: where, and what is wrong there."""

    @property
    def dropped(self) -> int:
        """Rows that there was no room for, or that were given up at the close."""

    @property
    def waiting(self) -> int:
        """Rows that are not yet written."""

    def add(self, row: Usage) -> None:
        """Hands over a row, which is written soon. Never waits, never fails."""

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until all rows added so far are written for good. False if that takes more than `timeout` seconds."""

    def close(self, timeout: float = 10.0) -> bool:
        """Flushes and closes. False if rows were lost because they could not be written in `timeout` seconds."""

    def costs(self, since: float | None = None, by: Sequence[Grouping] = ("model",)) -> list[CostRow]:
        """Sums by group, in the groups' order, of requests since `since` in Unix time. Raises StateError."""

    def window(self, since: float) -> Window:
        """What a status page shows of the requests since `since` in Unix time. Raises StateError."""
