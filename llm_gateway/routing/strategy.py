"""Reading the `strategy` of a config: mode, conditions, stickiness, circuit breaker."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from llm_gateway.core.types import BreakerPolicy, Condition, Mode, Sticky
from llm_gateway.routing import conditions, patterns
from llm_gateway.routing.choose import FIELD_ROOTS
from llm_gateway.routing.fields import Fields, Steps

MOST_CONDITIONS = 256  # in a whole config
MOST_CHECKED = 10_000  # work on patterns, so that a config full of them is read in milliseconds
SHORTEST_COOLDOWN = 30_000  # milliseconds

MODES = ("single", "loadbalance", "fallback", "conditional")
_STRATEGY = frozenset({"mode", "on_status_codes", "conditions", "default", "sticky", "cb_config"})
_CONDITION = frozenset({"query", "then"})
_STICKY = frozenset({"enabled", "hash_fields", "ttl"})
_BREAKER = frozenset(
    {
        "failure_threshold",
        "failure_threshold_percentage",
        "cooldown_interval",
        "failure_status_codes",
        "minimum_requests",
    }
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a node chooses among its targets. The fields are those of a Target."""

    mode: Mode = "single"
    on_status_codes: frozenset[int] | None = None
    conditions: tuple[Condition, ...] = ()
    default: str | None = None
    sticky: Sticky | None = None
    breaker: BreakerPolicy | None = None


class StrategyReader:
    """Reads the strategies of one config: there is a limit on all their conditions, and on checking their patterns."""

    def __init__(self) -> None:
        self._conditions = 0
        self._work = 0

    def read(self, node: Fields) -> Strategy:
        """The strategy of a node; without one, `single`."""
        fields = node.fields("strategy", _STRATEGY)
        if fields is None:
            return Strategy()
        fields.require("mode")
        mode = cast(Mode, fields.choice("mode", MODES, "mode") or "single")
        codes = fields.codes("on_status_codes")
        if codes is not None and mode != "fallback":
            fields.warn(f"strategy.on_status_codes is ignored under {mode}; only a fallback heeds it")
        if mode == "conditional" and "conditions" not in fields:
            fields.error("conditions", "No conditions passed in the query router")
        if mode == "conditional" and "default" not in fields:
            fields.warn("no strategy.default: requests that meet no condition get a 400")
        return Strategy(
            mode=mode,
            on_status_codes=codes,
            conditions=self._condition_list(fields),
            default=fields.string("default"),
            sticky=_sticky(fields),
            breaker=breaker(fields),
        )

    def _condition_list(self, strategy: Fields) -> tuple[Condition, ...]:
        values = strategy.array("conditions") or []
        self._conditions += len(values)
        if self._conditions > MOST_CONDITIONS:
            strategy.error("conditions", f"More than {MOST_CONDITIONS} conditions in all")
            return ()
        read = (self._condition(strategy, value, index) for index, value in enumerate(values))
        return tuple(condition for condition in read if condition is not None)

    def _condition(self, strategy: Fields, value: Any, index: int) -> Condition | None:
        steps: Steps = (*strategy.path, "conditions", index)
        fields = Fields.of(value, _CONDITION, steps, strategy.notes)
        if fields is None:
            return None
        fields.require("query")
        fields.require("then")
        query, then = fields.mapping("query"), fields.string("then")
        if query is None or then is None:
            return None
        if conditions.nested_too_deep(query):
            fields.error("query", f"Nested more than {conditions.MOST_NESTED} deep")
            return None
        for complaint in conditions.complaints(query):
            fields.warn(complaint)
        self._check_patterns(fields, query)
        return Condition(query, then)

    def _check_patterns(self, fields: Fields, query: Mapping[str, Any]) -> None:
        for pattern in conditions.patterns_in(query):
            if (patterns.too_large(pattern) or self._affords(pattern)) and (fault := patterns.fault(pattern)):
                fields.warn(f"$regex '{pattern[:40]}' {fault}, and never matches")

    def _affords(self, pattern: str) -> bool:
        self._work += patterns.work(pattern)
        return self._work <= MOST_CHECKED


def _sticky(strategy: Fields) -> Sticky | None:
    fields = strategy.fields("sticky", _STICKY)
    if fields is None:
        return None
    fields.require("enabled")
    enabled, hash_fields, ttl = fields.boolean("enabled"), fields.strings("hash_fields") or (), fields.number("ttl")
    if ttl is not None and ttl <= 0:
        fields.error("ttl", "Number must be greater than 0")
    for field in hash_fields:
        root, _, rest = field.partition(".")
        if root not in FIELD_ROOTS or not rest:
            fields.warn(f"sticky hash field '{field}' is never there; write params.x or metadata.x")
    if not enabled:
        return None
    return Sticky(hash_fields) if ttl is None else Sticky(hash_fields, float(ttl))


def breaker(parent: Fields) -> BreakerPolicy | None:
    """The `cb_config` of a strategy or, as the hosted schema has it, of a node."""
    fields = parent.fields("cb_config", _BREAKER)
    if fields is None:
        return None
    fields.require("cooldown_interval")
    if "failure_threshold_percentage" not in fields:
        fields.require("failure_threshold")
    failures, minimum = fields.at_least("failure_threshold", 1), fields.at_least("minimum_requests", 1)
    percentage, cooldown = fields.at_least("failure_threshold_percentage", 0), fields.number("cooldown_interval")
    if cooldown is not None and cooldown < SHORTEST_COOLDOWN:
        fields.warn(f"cb_config.cooldown_interval is in milliseconds and at least {SHORTEST_COOLDOWN}")
    codes = fields.codes("failure_status_codes")
    return BreakerPolicy(
        failures=None if failures is None else math.ceil(failures),
        percentage=percentage,
        minimum_requests=5 if minimum is None else math.ceil(minimum),
        cooldown=max(cooldown or 0, SHORTEST_COOLDOWN) / 1000,
        **({} if codes is None else {"on_status_codes": codes}),
    )
