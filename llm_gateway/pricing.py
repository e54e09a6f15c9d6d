"""What a request costs, in USD, from the price table of genai-prices (bundled with it, nothing is fetched).

The table's own calculation takes about a hundred microseconds. Here a model's prices become, once, a factor for each
kind of token, so that a request costs a few multiplications. Prices for tiers of service, batches and web searches are
left out: usage does not tell them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from llm_gateway.core.types import JSON, Provider

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

_REMEMBERED = 4096  # models; their names come with requests, so that they must not pile up
_REASONING_APART = frozenset({"x-ai", "perplexity"})  # whose completion_tokens leave reasoning out
_SHORTEST_AUDIO = 10.0  # seconds that Groq bills at least


@dataclass(frozen=True, slots=True)
class _Rates:
    """USD for one of each kind of token, from so many input tokens on; ascending. Good until `until` (Unix time)."""

    tiers: tuple[tuple[int, dict[str, float]], ...]
    until: float = float("inf")

    def cost(self, counts: Mapping[str, float]) -> float | None:
        """The sum, or None when no token of the request has a price."""
        factors = self.tiers[0][1]
        for start, later in self.tiers[1:]:
            if counts.get("input_tokens", 0) > start:
                factors = later
        priced = [factors[kind] * count for kind, count in counts.items() if kind in factors]
        return sum(priced) + factors.get("requests", 0.0) if priced else None


class Prices:
    """The price table with the user's own prices before it.

    `overrides` maps "provider/model" to USD for a million input and output tokens; the provider is spelled as its name.
    """

    def __init__(
        self, overrides: Mapping[str, tuple[float, float]] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._overrides = {
            name: _Rates(((0, {"input_tokens": first / 1e6, "output_tokens": second / 1e6}),))
            for name, (first, second) in (overrides or {}).items()
        }
        self._clock = clock
        self._known: dict[tuple[str, str, str], _Rates | None] = {}

    def cost(self, provider: Provider, model: str, usage: JSON) -> float | None:
        """USD for `usage`, as any provider reports it; None when the model or its tokens have no known price.

        OpenRouter's own `usage.cost` is taken as it is: it knows which of its providers answered.
        """
        table = provider.prices or provider.name
        if table == "openrouter" and type(usage.get("cost")) in (int, float):
            return float(usage["cost"])
        counts = _counts(usage, table)
        if not counts:
            return None
        rates = self._rates(provider.name, table, model)
        return None if rates is None else rates.cost(counts)

    def _rates(self, name: str, table: str, model: str) -> _Rates | None:
        key = (name, table, model)
        now = self._clock()
        if key in self._known:
            rates = self._known[key]
            if rates is None or now < rates.until:
                return rates
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        rates = self._overrides.get(f"{name}/{model}") or _look_up(table, model, now)
        self._known[key] = rates
        return rates


@cache
def _standard() -> Prices:
    return Prices()


def cost(provider: Provider, model: str, usage: JSON) -> float | None:
    """USD for `usage` by the price table alone; see `Prices.cost`."""
    return _standard().cost(provider, model, usage)


def described(provider: Provider, model: str, clock: Callable[[], float] = time.time) -> JSON:
    """What the price table knows of a model: `context_length` in tokens, `pricing` in USD for a single token, as text.

    Both are left out where it does not know them.
    """
    from genai_prices.types import TieredPrices

    table = provider.prices or provider.name
    info = _find(table, model)
    if info is None:
        return {}
    price = info.get_prices(datetime.fromtimestamp(clock(), UTC))
    sides = {"prompt": price.input_mtok, "completion": price.output_mtok}
    first = {side: each.base if isinstance(each, TieredPrices) else each for side, each in sides.items()}
    pricing = {side: f"{each / 1_000_000:f}" for side, each in first.items() if each is not None}
    known = {"context_length": info.context_window, "pricing": pricing}
    return {name: value for name, value in known.items() if value}


def warm() -> None:
    """Loads the price table, which takes about 0.2 seconds that the first request would otherwise wait for."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


def _counts(usage: JSON, table: str) -> dict[str, float]:
    """The price table's words for what OpenAI's, Anthropic's and others' usage objects say; zeros are left out."""
    get = usage.get
    inclusive = "prompt_tokens" in usage  # Anthropic's input_tokens leave out what the cache held
    total = _number(get("prompt_tokens") if inclusive else get("input_tokens"))
    output = _number(get("completion_tokens") if "completion_tokens" in usage else get("output_tokens"))
    counts: dict[str, float] = {}
    details = get("prompt_tokens_details") or get("input_tokens_details")
    read = written = 0.0
    if isinstance(details, dict):
        read, written = _number(details.get("cached_tokens")), _number(details.get("cache_write_tokens"))
        counts["input_audio_tokens"] = _number(details.get("audio_tokens"))
        counts["input_image_tokens"] = _number(details.get("image_tokens"))
    if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
        read, written = _number(get("cache_read_input_tokens")), _number(get("cache_creation_input_tokens"))
        total += 0 if inclusive else read + written
        if isinstance(lives := get("cache_creation"), dict):
            counts["cache_write_5m_tokens"] = _number(lives.get("ephemeral_5m_input_tokens"))
            counts["cache_write_1h_tokens"] = _number(lives.get("ephemeral_1h_input_tokens"))
    details = get("completion_tokens_details") or get("output_tokens_details")
    reasoning = _number(get("reasoning_tokens"))
    if isinstance(details, dict):
        reasoning = reasoning or _number(details.get("reasoning_tokens"))
        counts["output_audio_tokens"] = _number(details.get("audio_tokens"))
        counts["output_image_tokens"] = _number(details.get("image_tokens"))
    if table in _REASONING_APART and "completion_tokens" in usage:
        output += reasoning
    if cited := _number(get("citation_tokens")):
        output += cited
        counts["output_citation_tokens"] = cited
    if get("type") == "duration":
        seconds = _number(get("seconds"))
        counts["audio_seconds"] = max(seconds, _SHORTEST_AUDIO) if table == "groq" and seconds else seconds
    counts |= {"cache_read_tokens": read, "cache_write_tokens": written, "output_reasoning_tokens": reasoning}
    counts |= {"input_tokens": max(total, read + written), "output_tokens": output}
    return {kind: count for kind, count in counts.items() if count}


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) and value > 0 else 0.0


def _look_up(table: str, model: str, now: float) -> _Rates | None:
    """The rates of a model in one provider's table; in the table "*", of the provider that makes such a model."""
    info = _find(table, model)
    return None if info is None else _rates_at(info, now)


def _find(table: str, model: str) -> ModelInfo | None:
    from genai_prices.data_snapshot import get_snapshot

    providers = get_snapshot().providers
    name = model.lower()
    for provider in providers:
        if provider.id == table or (table == "*" and provider.model_match and provider.model_match.is_match(name)):
            return provider.find_model(name, all_providers=providers)
    return None


def _rates_at(info: ModelInfo, now: float) -> _Rates:
    moment = datetime.fromtimestamp(now, UTC)
    return _Rates(_tiers(info.get_prices(moment)), min(_changes(info, moment), default=float("inf")))


def _changes(info: ModelInfo, moment: datetime) -> Iterable[float]:
    """When another of the model's prices may hold, as Unix times after `moment`."""
    for conditional in info.prices if isinstance(info.prices, list) else ():
        constraint = conditional.constraint
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if constraint is None:
            continue
        if (start := getattr(constraint, "start_date", None)) is not None:
            at = datetime(start.year, start.month, start.day, tzinfo=UTC)
            if at > moment:
                yield at.timestamp()
            continue
        for clock in (constraint.start_time, constraint.end_time):  # type: ignore[union-attr]
            offset = clock.utcoffset() or timedelta()
            for day in (-1, 0, 1, 2):
                at = (
                    midnight
                    + timedelta(days=day, hours=clock.hour, minutes=clock.minute, seconds=clock.second)
                    - offset
                )
                if at > moment:
                    yield at.timestamp()


def _tiers(price: ModelPrice) -> tuple[tuple[int, dict[str, float]], ...]:
    """The factors for each size of input. Special tokens (cached, audio) are part of the general ones: paid once."""
    from genai_prices.data_units import unit_data
    from genai_prices.types import TieredPrices

    if all(value is None for value in vars(price).values()):  # how the table writes that a model is free
        return ((0, {"input_tokens": 0.0, "output_tokens": 0.0}),)
    prices: dict[str, tuple[Decimal | TieredPrices, int]] = {}
    for name, unit in unit_data.items():
        value = vars(price).get(unit["price_key"])
        if value is not None:
            prices[name] = (value, unit["per"])
    shares = _shares({name: set(unit_data[name]["dimensions"].items()) for name in prices})
    tiered = [value for value, _ in prices.values() if isinstance(value, TieredPrices)]
    starts = sorted({0} | {tier.start for value in tiered for tier in value.tiers})
    return tuple((start, _factors(prices, shares, start)) for start in starts)


def _shares(dimensions: Mapping[str, set[tuple[str, str]]]) -> dict[str, dict[str, int]]:
    """How often each reported count is in what remains of a unit once its more specific units are taken off."""
    shares: dict[str, dict[str, int]] = {}
    for key in sorted(dimensions, key=lambda key: -len(dimensions[key])):
        own = {key: 1}
        for other, share in shares.items():
            if dimensions[key] < dimensions[other]:
                for reported, times in share.items():
                    own[reported] = own.get(reported, 0) - times
        shares[key] = own
    return shares


def _factors(
    prices: Mapping[str, tuple[Decimal | TieredPrices, int]], shares: Mapping[str, Mapping[str, int]], size: int
) -> dict[str, float]:
    factors: dict[str, Decimal] = {}
    for name, (value, per) in prices.items():
        for reported, times in shares[name].items():
            factors[reported] = factors.get(reported, Decimal(0)) + _above(value, size) / per * times
    return {reported: float(factor) for reported, factor in factors.items()}


def _above(value: Decimal | TieredPrices, size: int) -> Decimal:
    """The price for more than `size` input tokens."""
    if isinstance(value, Decimal):
        return value
    return next((tier.price for tier in reversed(value.tiers) if size >= tier.start), value.base)
