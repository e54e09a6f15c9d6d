"""The table of requests: its columns, what goes into them, and the questions asked of it, in SQL for both databases.

Questions have `?` for their parameters. `minute` is Unix time in minutes, as an integer, so that days and buckets
are divisions that SQLite and PostgreSQL do alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from llm_gateway.core.types import Usage
from llm_gateway.state.usage import Bucket, CostRow, Failure, Grouping, Latency, ProviderSums, Window

Fetch = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]

TABLE = "llm_gateway_usage"
_TYPES = {
    "str": "TEXT",
    "CacheStatus": "TEXT",
    "int": "BIGINT",
    "bool": "BOOLEAN",
    "float": "DOUBLE PRECISION",
    "float | None": "DOUBLE PRECISION",
}
_FIELDS = [(field.name, _TYPES[str(field.type)]) for field in fields(Usage)]
COLUMNS = (*(name for name, _ in _FIELDS), "minute")
SCHEMA = (
    f"CREATE TABLE {TABLE} ({', '.join(f'{name} {kind}' for name, kind in _FIELDS)}, minute BIGINT)",
    f"CREATE INDEX {TABLE}_at ON {TABLE} (at)",
)
_LARGEST = 2**63 - 1


def _getter(*kinds: str) -> Callable[[Usage], tuple[Any, ...]]:
    return attrgetter(*(name for name, kind in _FIELDS if kind in kinds))


_values = _getter(*_TYPES.values())
_texts = _getter("TEXT")
_numbers = _getter("BIGINT", "DOUBLE PRECISION")


def values(row: Usage) -> tuple[object, ...]:
    """What is stored of `row`: always something that a database takes, since one refused row would hold up the rest."""
    found = _values(row)
    if not _plain(row):
        at, *others = (_CLEAN[kind](value) for value, (_, kind) in zip(found, _FIELDS, strict=True))
        found = (at or 0.0, *others)
    return (*found, int(found[0] // 60))


def _plain(row: Usage) -> bool:
    """Whether there is nothing to clean: all columns at once, since this is so for nearly every row."""
    try:
        text = "".join(_texts(row))
        return text.isascii() and "\0" not in text and all(0 <= number < _LARGEST for number in _numbers(row) if number)
    except TypeError:
        return False


def _text(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _integer(value: Any) -> int:
    return max(-_LARGEST, min(_LARGEST, int(value)))


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


_CLEAN: dict[str, Callable[[Any], Any]] = {
    "TEXT": _text,
    "BIGINT": _integer,
    "BOOLEAN": bool,
    "DOUBLE PRECISION": _number,
}

_GROUPS: dict[Grouping, str] = {
    "model": "model",
    "provider": "provider",
    "day": "minute / 1440",
    "key": "key",
    "project": "project",
}
_ERRORS = "sum(CASE WHEN status >= 400 THEN 1 ELSE 0 END)"
_SUMS = {
    "requests": "count(*)",
    "errors": _ERRORS,
    "cache_hits": "sum(CASE WHEN cache IN ('HIT', 'SEMANTIC HIT') THEN 1 ELSE 0 END)",
    "prompt_tokens": "sum(prompt_tokens)",
    "completion_tokens": "sum(completion_tokens)",
    "cost": "sum(cost)",
    "unpriced": "sum(CASE WHEN cost IS NULL AND status < 400 THEN 1 ELSE 0 END)",
    "estimated": "sum(CASE WHEN estimated THEN 1 ELSE 0 END)",
    "extra_attempts": "sum(CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END)",
}


def costs(fetch: Fetch, since: float | None, by: Sequence[Grouping]) -> list[CostRow]:
    """As in UsageStore."""
    rows = []
    for group, sums in _grouped(fetch, 0.0 if since is None else since, [_GROUPS[name] for name in by]):
        named = (_day(value) if name == "day" else value for name, value in zip(by, group, strict=True))
        rows.append(CostRow(group=tuple(named), **sums))
    return sorted(rows, key=lambda row: row.group)


def window(fetch: Fetch, since: float, until: float, *, buckets: int = 60, failures: int = 20) -> Window:
    """As in UsageStore, with about so many buckets and at most so many failures."""
    size = max(1, math.ceil((until - since) / 60 / buckets))
    return Window(
        since=since,
        until=until,
        latency=_latencies(fetch, since, "''").get(""),
        bucket_seconds=size * 60,
        buckets=_buckets(fetch, since, until, size),
        providers=_providers(fetch, since),
        failures=_failures(fetch, since, failures),
        **next((sums for _, sums in _grouped(fetch, since, [])), dict.fromkeys(_SUMS, 0)),
    )


def _grouped(fetch: Fetch, since: float, groups: Sequence[str]) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """For each group that has requests the values of the SQL expressions `groups`, and the sums by name."""
    query = f"SELECT {', '.join([*groups, *_SUMS.values()])} FROM {TABLE} WHERE at >= ?"
    if groups:
        query += f" GROUP BY {', '.join(groups)}"
    width = len(groups)
    found = [(row[:width], dict(zip(_SUMS, row[width:], strict=True))) for row in fetch(query, (since,))]
    return [(group, {name: _sum(name, sums[name]) for name in sums}) for group, sums in found if sums["requests"]]


def _sum(name: str, value: Any) -> int | float:
    return float(value or 0) if name == "cost" else int(value or 0)  # PostgreSQL sums integers to decimals


def _buckets(fetch: Fetch, since: float, until: float, size: int) -> tuple[Bucket, ...]:
    """Stretches of `size` minutes."""
    number = f"minute / {size:d}"
    query = f"SELECT {number}, count(*), {_ERRORS}, sum(cost) FROM {TABLE} WHERE at >= ? GROUP BY {number}"
    filled = {int(row[0]): (int(row[1]), int(row[2]), float(row[3] or 0)) for row in fetch(query, (since,))}
    numbers = range(int(since // 60) // size, int(until // 60) // size + 1)
    return tuple(Bucket(number * size * 60.0, *filled.get(number, ())) for number in numbers)


def _providers(fetch: Fetch, since: float) -> tuple[ProviderSums, ...]:
    latencies = _latencies(fetch, since, "provider")
    found = {group[0]: sums for group, sums in _grouped(fetch, since, ["provider"])}
    names = sorted(found.keys() & latencies.keys())
    return tuple(ProviderSums(provider=name, latency=latencies[name], **found[name]) for name in names)


def _latencies(fetch: Fetch, since: float, group: str) -> dict[str, Latency]:
    """Of each value of the SQL expression `group`: the lowest latencies that enough requests did not exceed."""
    places = [f"(n * {percent} + 99) / 100" for percent in (50, 90, 99)]
    query = (
        f"SELECT g, {', '.join(f'max(CASE WHEN place = {place} THEN seconds END)' for place in places)} FROM ("
        f"SELECT {group} AS g, seconds, row_number() OVER (PARTITION BY {group} ORDER BY seconds) AS place, "
        f"count(*) OVER (PARTITION BY {group}) AS n FROM {TABLE} WHERE at >= ? AND seconds IS NOT NULL"
        f") AS ranked WHERE place IN ({', '.join(places)}) GROUP BY g"
    )
    return {name: Latency(*percentiles) for name, *percentiles in fetch(query, (since,))}


def _failures(fetch: Fetch, since: float, most: int) -> tuple[Failure, ...]:
    query = (
        f"SELECT at, request_id, provider, model, status, error FROM {TABLE} WHERE at >= ? AND status >= 400 "
        "ORDER BY at DESC, request_id LIMIT ?"
    )
    return tuple(Failure(*row) for row in fetch(query, (since, most)))


def _day(number: int) -> str:
    return datetime.fromtimestamp(int(number) * 86_400, UTC).date().isoformat()
