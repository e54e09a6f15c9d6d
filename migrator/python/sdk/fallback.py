"""A config that asks for one model after the other, until one answers."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from migrator.fates.providers import LOST
from migrator.packs.ruleset import Rules
from migrator.python.reading.expressions import text_value
from migrator.python.sdk.providers import provider_of

SAID = frozenset({"strategy", "targets", "override_params"})  # what a request says instead
_OF_TARGET = {"provider", "virtual_key", "api_key", "override_params", "weight", "name"}  # weights count nothing here


class Target(NamedTuple):
    """Whom a config asks: `model` is "" for that of the call, `provider` "" where none is named."""

    provider: str
    model: str


def route(config: ast.expr, rules: Rules) -> tuple[Target, ...]:
    """The targets of a config in order; none where it chooses among them otherwise, or says more than a request can."""
    by_name = _named(config)
    if not rules.moving_clients[0].fallback or not SAID & {*by_name}:
        return ()
    if "strategy" in by_name or "targets" in by_name:
        strategy, listed = _named(by_name.get("strategy")), by_name.get("targets")
        mode = text_value(strategy.get("mode"))
        plain = {*strategy} <= {"mode", "on_status_codes"} and "override_params" not in by_name
        each = listed.elts if isinstance(listed, ast.List) and plain and mode in ("fallback", "single") else []
        found = [_target(target, rules) for target in (each[:1] if mode == "single" else each)]
    else:
        own = [(k, v) for k, v in by_name.items() if k in _OF_TARGET]
        found = [_target(ast.Dict([ast.Constant(k) for k, _ in own], [v for _, v in own]), rules)]
    targets = tuple(target for target in found if target)
    return targets if len(targets) == len(found) else ()


def details(config: ast.expr) -> set[str]:
    """The names of what a config says of how it chooses, and of its targets."""
    by_name = _named(config)
    listed = by_name.get("targets")
    parts = [by_name.get("strategy"), *(listed.elts if isinstance(listed, ast.List) else [])]
    return {name for part in parts for name in _named(part)}


def _target(node: ast.expr, rules: Rules) -> Target | None:
    """What a target is; None where it says more, or where nothing tells what it stands for."""
    by_name = _named(node)
    params = _named(by_name.get("override_params"))
    model = text_value(params.get("model")) or ""
    if not by_name or not {*by_name} <= _OF_TARGET or ("override_params" in by_name and (not model or len(params) > 1)):
        return None
    slugs: Mapping[str, str] = rules.options.get("slugs", {})
    named = [
        provider_of(by_name[n], rules.moving_clients[0], slugs) for n in ("provider", "virtual_key") if n in by_name
    ]
    provider = next((p for p in named if p != LOST), LOST if named else "")
    return Target(provider, model) if model or provider not in ("", LOST) else None


def _named(node: ast.expr | None) -> dict[str, ast.expr]:
    """What a dict has under texts; nothing where it has anything else."""
    items = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    named = {text_value(key): value for key, value in items}
    return {} if None in named else {name: value for name, value in named.items() if name}
