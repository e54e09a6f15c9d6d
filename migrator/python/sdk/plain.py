"""Whether options of a client that is left are written down where it is made, so that a new one can be made of them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from migrator.packs.ruleset import Rules
from migrator.python.reading.expressions import text_value
from migrator.python.sdk.fallback import SAID, route
from migrator.python.sdk.spread import Spread


def is_plain(rules: Rules, keywords: Sequence[ast.keyword], *, routes: bool = False) -> bool:
    """Whether it is written down what is given, and none of it has to be seen to by hand.

    A config that `routes` may fall back from one model to the next, where the calls can say so.
    """
    for each in keywords:
        row = rules.parameter(each.arg) if each.arg else None
        if row is None or row.to == "manual":
            return False
        if row.to == "config" and isinstance(each.value, ast.Dict):
            names = [text_value(k) or "" for k in each.value.keys]
            if routes and route(each.value, rules):
                names = [name for name in names if name not in SAID]
            rows = [rules.parameter(name) if name else None for name in names]
            if any(r is None or r.to == "manual" for r in rows):
                return False
    return True


def routing(rules: Rules, keywords: Sequence[ast.keyword]) -> str:
    """What is to be done about options, or a config, that route; "" where none are written down."""
    rows = (rules.parameter(k.arg) for k in keywords if k.arg)
    if own := next((row.message for row in rows if row and row.to == "manual"), ""):
        return own
    configs = [k.value for k in keywords if k.arg and (row := rules.parameter(k.arg)) and row.to == "config"]
    names = [text_value(key) or "" for each in configs if isinstance(each, ast.Dict) for key in each.keys]
    return next((row.message for name in names if (row := rules.parameter(name)) and row.to == "manual"), "")


def is_sure(rules: Rules, call: ast.Call, spread: Spread | None) -> bool:
    """Whether a client that a call makes can be made anew from what is written down there."""
    if call.args or not is_plain(rules, spread.keywords if spread else call.keywords, routes=True):
        return False
    return spread is None or _is_apart(rules, spread)


def _is_apart(rules: Rules, spread: Spread) -> bool:
    """Whether each option of a dict becomes one item for itself."""
    named = [(rules.parameter(k.arg or ""), k.arg) for k in spread.keywords]
    headers = [n for row, n in named if row and (row.to in ("labels", "header") or n == "default_headers")]
    stored = [(rules.parameter(o.name), o.value) for o in spread.options if o.stored]
    several = any(row and row.to == "config" and isinstance(value, ast.Dict) for row, value in stored)
    twice = len({name for _, name in named}) < len(named)
    return len(headers) < 2 and not several and not twice
