"""A config as callers write it, turned into a tree of targets in which every leaf stands alone.

Everything that Portkey's hosted schema allows is accepted, and what its guides write beside it. What this gateway does
not do, or does otherwise than it seems, becomes a warning on the root; what makes no sense raises InvalidConfig.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from llm_gateway.core.errors import InvalidConfig
from llm_gateway.core.types import CachePolicy, Retry, Target
from llm_gateway.routing.fields import Fields, Notes, Steps
from llm_gateway.routing.strategy import StrategyReader, breaker

MOST_BYTES = 256 * 1024
MOST_DEPTH = 10  # of targets in targets
MOST_TARGETS = 256  # in the whole config
MOST_PARAMS = 256  # of one node, what it inherits included
MOST_ATTEMPTS = 5
MAX_AGES = (60, 90 * 86_400)  # seconds
DEFAULT_MAX_AGE = 7 * 86_400
LONGEST_TIMEOUT = 2**31 - 1  # milliseconds
_REMEMBERED = 16 * 1024  # characters; a longer header is parsed each time

_HOOKS = frozenset(
    {
        "before_request_hooks",
        "after_request_hooks",
        "input_guardrails",
        "output_guardrails",
        "default_input_guardrails",
        "default_output_guardrails",
    }
)
_UNUSED = frozenset(
    {"prompt_id", "passthrough", "resource_name", "deployment_id", "api_version", "deployments"}
    | {"openai_organization", "openai_project"}
    | {"aws_access_key_id", "aws_secret_access_key", "aws_region", "aws_session_token"}
    | {"vertex_project_id", "vertex_region", "vertex_service_account_json"}
    | {"azure_region", "azure_deployment_name", "azure_deployment_type", "azure_endpoint_name", "azure_api_version"}
    | {"azure_auth_mode", "azure_model_name", "azure_ad_token"}
    | {"azure_entra_client_id", "azure_entra_client_secret", "azure_entra_tenant_id"}
)
_USED = frozenset(
    {"targets", "provider", "virtual_key", "custom_host", "forward_headers", "request_timeout"}
    | {"cache", "retry", "cb_config", "override_params", "default_params", "drop_params"}
)
_ENOUGH = _USED | _HOOKS | _UNUSED  # a node needs one of these to say anything
_NODE = _ENOUGH | {"strategy", "name", "weight", "api_key", "on_status_codes", "strict_open_ai_compliance"}
_RETRY = frozenset({"attempts", "on_status_codes", "use_retry_after_header", "use_retry_after_headers"})
_CACHE = frozenset({"mode", "max_age"})

_NOT_JSON = "Invalid config passed. You need to pass a valid json"
_SAYS_NOTHING = (
    "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and 'targets', "
    "or 'cache', or 'retry', or 'request_timeout'"
)


def parse(source: str | bytes | Mapping[str, Any]) -> Target:
    """The tree of a config given as JSON or as a mapping. Raises InvalidConfig, whatever the input."""
    tree = _Tree()
    root = tree.node(_loaded(source), (), Target())
    if root is None or tree.notes.faults:
        raise InvalidConfig(errors=tree.notes.errors)
    return replace(root, warnings=tree.notes.warnings)


def from_header(text: str) -> Target:
    """As `parse`, remembering the latest configs: they come with every request. Do not change what is in the result."""
    return _remembered(text) if len(text) <= _REMEMBERED else parse(text)


@lru_cache(maxsize=512)
def _remembered(text: str) -> Target:
    return parse(text)


def _loaded(source: str | bytes | Mapping[str, Any]) -> Any:
    """Plain JSON values that are ours, and that can be written as JSON again (params go into request bodies)."""
    try:
        text = source if isinstance(source, str | bytes) else orjson.dumps(source, default=_plain)
        if len(text) <= MOST_BYTES:
            value = orjson.loads(text)
            orjson.dumps(value)  # raises where it is nested deeper than can be written
            return value
    except (orjson.JSONDecodeError, TypeError):
        raise InvalidConfig(_NOT_JSON) from None
    raise InvalidConfig(f"Invalid config passed. It is larger than {MOST_BYTES} bytes")


def _plain(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


class _Tree:
    """The nodes of one config, and what is noted and counted on the way."""

    def __init__(self) -> None:
        self.notes = Notes()
        self._strategies = StrategyReader()
        self._targets = 0

    def node(self, value: Any, steps: Steps, heir: Target) -> Target | None:
        """The node at `steps`; `heir` has its path and all that it inherits. None where it is no object."""
        faults = self.notes.faults
        fields = Fields.of(value, _NODE, steps, self.notes)
        if fields is None:
            return None
        _note_unused(fields)
        node = self._alone(fields, heir)
        node = replace(node, targets=self._children(fields, node))
        if self.notes.faults == faults:
            _check_whole(fields, node)
        return node

    def _alone(self, fields: Fields, heir: Target) -> Target:
        """A node without its children: what it says itself, else what it inherits."""
        strategy = self._strategies.read(fields)
        drop_params, forward_headers = fields.strings("drop_params"), _forward_headers(fields)
        return Target(
            path=heir.path,
            name=fields.string("name"),
            mode=strategy.mode,
            on_status_codes=strategy.on_status_codes,
            conditions=strategy.conditions,
            default=strategy.default,
            sticky=strategy.sticky,
            breaker=strategy.breaker or breaker(fields) or heir.breaker,
            provider=fields.header("provider"),
            virtual_key=fields.header("virtual_key"),
            api_key=fields.header("api_key"),
            cache=_cache(fields) or heir.cache,
            retry=_retry(fields) or heir.retry,
            weight=_weight(fields),
            request_timeout=_request_timeout(fields) or heir.request_timeout,
            custom_host=fields.header("custom_host") or heir.custom_host,
            forward_headers=heir.forward_headers if forward_headers is None else forward_headers,
            override_params=_params(fields, "override_params", heir.override_params),
            default_params=_params(fields, "default_params", heir.default_params),
            drop_params=heir.drop_params if drop_params is None else drop_params,
        )

    def _children(self, fields: Fields, node: Target) -> tuple[Target, ...]:
        values = fields.array("targets") or []
        if values and len(fields.path) >= 2 * MOST_DEPTH:
            fields.error("targets", f"Nested more than {MOST_DEPTH} deep")
            return ()
        self._targets += len(values)
        if self._targets > MOST_TARGETS:
            fields.error("targets", f"More than {MOST_TARGETS} targets in all")
            return ()
        # Below a condition no breaker counts, unless one is set there: the condition would still lead to the target.
        heir = replace(node, breaker=None) if node.mode == "conditional" else node
        children = (
            self.node(value, (*fields.path, "targets", index), replace(heir, path=f"{node.path}.targets[{index}]"))
            for index, value in enumerate(values)
        )
        return tuple(child for child in children if child is not None)


def _note_unused(fields: Fields) -> None:
    if hooks := sorted(key for key in _HOOKS if key in fields):
        fields.warn(f"this gateway runs no guardrails or hooks; ignored: {', '.join(hooks)}")
    if unused := sorted(key for key in _UNUSED if key in fields):
        fields.warn(f"not used by this gateway: {', '.join(unused)}")
    if "on_status_codes" in fields:
        fields.warn("on_status_codes is ignored here; it belongs in strategy or retry")
    fields.codes("on_status_codes")
    fields.boolean("strict_open_ai_compliance")


def _check_whole(fields: Fields, node: Target) -> None:
    """What only a node with its children shows."""
    if node.mode == "single":
        if not any(key in fields for key in _ENOUGH):
            fields.notes.error(fields.path, _SAYS_NOTHING)
        if len(node.targets) > 1:
            fields.warn("only the first target is used; for the others set strategy.mode")
    elif node.mode == "conditional":
        _check_names(fields, node)
    elif not node.targets:
        fields.error("targets", f"A {node.mode} needs at least one target")
    elif node.mode == "loadbalance":
        _check_weights(fields, node)


def _check_names(fields: Fields, node: Target) -> None:
    there = {target.name for target in node.targets}
    used = [*(condition.then for condition in node.conditions), *([node.default] if node.default else [])]
    for name in dict.fromkeys(used):
        if name not in there:
            fields.warn(f"no target has the name '{name}'; set \"name\" on the one that is meant")


def _check_weights(fields: Fields, node: Target) -> None:
    total = sum(target.weight for target in node.targets)
    if total == 0:
        fields.error("targets", "Every weight is 0, so no target can be chosen. Give at least one a weight above 0")
    elif not math.isfinite(total):
        fields.error("targets", "The weights are too large to add up")


def _retry(node: Fields) -> Retry | None:
    fields = node.fields("retry", _RETRY)
    if fields is None:
        return None
    fields.require("attempts")
    attempts, codes = fields.number("attempts") or 0, fields.codes("on_status_codes")
    singular, plural = fields.boolean("use_retry_after_header"), fields.boolean("use_retry_after_headers")
    if attempts > MOST_ATTEMPTS:
        fields.warn(f"retry.attempts is at most {MOST_ATTEMPTS}")
    return Retry(
        attempts=max(0, int(min(attempts, MOST_ATTEMPTS))),
        use_retry_after=bool(singular or plural),
        **({} if codes is None else {"on_status_codes": codes}),
    )


def _cache(node: Fields) -> CachePolicy | None:
    fields = node.fields("cache", _CACHE)
    if fields is None:
        return None
    fields.require("mode")
    mode, max_age = fields.choice("mode", ("simple", "semantic"), "cache.mode"), fields.number("max_age")
    if max_age is not None and not MAX_AGES[0] <= max_age <= MAX_AGES[1]:
        fields.warn(f"cache.max_age is outside {MAX_AGES[0]} to {MAX_AGES[1]} seconds; {DEFAULT_MAX_AGE} is used")
        max_age = DEFAULT_MAX_AGE
    return CachePolicy("semantic" if mode == "semantic" else "simple", max_age)


def _request_timeout(fields: Fields) -> int | None:
    """Milliseconds. None, as 0, leaves it to what is inherited."""
    value = fields.number("request_timeout")
    if not value:
        return None
    if value < 0:
        fields.warn("a request_timeout below 0 is ignored")
        return None
    if value < 1000:
        fields.warn(f"request_timeout {value:g} is in milliseconds; for {value:g} seconds write {value * 1000:g}")
    return max(1, int(min(value, LONGEST_TIMEOUT)))


def _weight(fields: Fields) -> float:
    weight = fields.at_least("weight", 0)
    return 1.0 if weight is None else float(weight)


def _forward_headers(fields: Fields) -> tuple[str, ...] | None:
    names = fields.strings("forward_headers")
    if names is None:
        return None
    names = tuple(name.lower() for name in names)
    if "x-portkey-forward-headers" in names:
        fields.error("forward_headers", "forward_headers must not contain the 'x-portkey-forward-headers' header")
    return names


def _params(fields: Fields, key: str, inherited: Mapping[str, Any]) -> Mapping[str, Any]:
    """A shallow merge in which the child wins."""
    own = fields.mapping(key)
    if not own:
        return inherited
    merged = {**inherited, **own}
    if len(merged) > MOST_PARAMS:
        fields.error(key, f"More than {MOST_PARAMS} parameters")
        return inherited
    return merged
