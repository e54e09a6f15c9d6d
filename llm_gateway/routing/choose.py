"""Which children of a node of the config are tried: the draw, the condition, and when a fallback ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import Sticky, Target
from llm_gateway.routing.conditions import as_text, matches
from llm_gateway.routing.patterns import Patience

FIELD_ROOTS = ("params", "metadata")  # where a sticky hash field is read


def pick(
    node: Target,
    *,
    params: object,
    metadata: object,
    path: str,
    caller_key: str,
    draw: Callable[[], float],
) -> Target:
    """The child that a loadbalance or conditional node sends this request to; a single one has only its first.

    `params` is the request's body, `path` that of its URL, `draw` gives numbers from 0 to below 1. Raises GatewayError
    where no child can be chosen.
    """
    if node.mode == "conditional":
        return _routed(node, params, metadata, path)
    if node.mode != "loadbalance":
        return node.targets[0]
    if node.sticky and (identity := _identity(node.sticky, params, metadata, caller_key)):
        return _kept(node, identity)
    return _drawn(node, draw())


def stops(node: Target, status: int, gateway_exception: bool) -> bool:
    """Whether a fallback ends with this reply, be it good or bad; else the next target is tried."""
    if gateway_exception:
        return True
    if node.on_status_codes is None:
        return 200 <= status < 300
    return status not in node.on_status_codes


def _drawn(node: Target, share: float) -> Target:
    point = share * sum(target.weight for target in node.targets)
    candidates = _candidates(node)
    for target in candidates:
        if point < target.weight:
            return target
        point -= target.weight
    return candidates[-1]  # rounding alone leads here


def _kept(node: Target, identity: str) -> Target:
    """The same child for the same identity, in proportion to the weights, on every instance and without a store.

    Each child has a score of its own (weighted rendezvous hashing), so that when one is taken out only its own callers
    move. It keeps a caller for longer than the `ttl` asks: for good.
    """

    def score(target: Target) -> float:
        digest = sha256(f"{target.path}|{identity}".encode("utf-8", "surrogatepass")).digest()
        return -math.log((int.from_bytes(digest[:6]) + 1) / (2**48 + 1)) / target.weight

    return min(_candidates(node), key=score)


def _candidates(node: Target) -> list[Target]:
    if candidates := [target for target in node.targets if target.weight > 0]:
        return candidates
    raise GatewayError(f"No target of the loadbalance at {node.path} has a weight above 0")


def _identity(sticky: Sticky, params: object, metadata: object, caller_key: str) -> str:
    parts = [caller_key] if caller_key else []
    context = {"params": params, "metadata": metadata}
    for field in sticky.hash_fields:
        value: Any = context
        for segment in field.split("."):
            value = value.get(segment) if isinstance(value, Mapping) else None
        if value is not None and value != "":
            parts.append(f"{field}:{as_text(value)}")
    return "|".join(parts)


def _routed(node: Target, params: object, metadata: object, path: str) -> Target:
    patience = Patience()
    for condition in node.conditions:
        if matches(condition.query, params=params, metadata=metadata, path=path, patience=patience):
            return _named(node, condition.then)
    if node.default:
        return _named(node, node.default)
    raise GatewayError("Query router did not resolve to any valid target")


def _named(node: Target, name: str) -> Target:
    for target in node.targets:
        if target.name == name:
            return target
    raise GatewayError(f"Invalid target name found in the query router: {name}")
