"""Configs of Portkey's that nothing but Portkey takes."""

from __future__ import annotations

import ast
import json

from migrator.python.reading.expressions import text_value

_MODES = ("single", "loadbalance", "fallback", "conditional")


def refusal(value: ast.expr) -> str:
    """Why a gateway cannot take a config that is written down here; "" where it can, or where nothing tells."""
    text = text_value(value)
    if text is not None:
        return "" if _is_json(text) else f"{text!r} is a config that Portkey keeps: write out what it says"
    dicts = [_items(node) for node in ast.walk(value) if isinstance(node, ast.Dict)]
    strategies = [_items(each["strategy"]) for each in dicts if isinstance(each.get("strategy"), ast.Dict)]
    modes = [mode for each in strategies if (mode := text_value(each.get("mode"))) is not None]
    unknown = next((mode for mode in modes if mode not in _MODES), None)
    return "" if unknown is None else f"there is no mode {unknown!r}: a balance is by weight, at random"


def _items(node: ast.AST | None) -> dict[str | None, ast.expr]:
    assert isinstance(node, ast.Dict)
    return {text_value(key): value for key, value in zip(node.keys, node.values, strict=True)}


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
