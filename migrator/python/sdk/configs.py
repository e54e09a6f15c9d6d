"""What stands for a config, or for another option that is data: a dict, JSON, or a variable that holds one."""

from __future__ import annotations

import ast
import json

from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.laid_out import LaidOut


def meant(value: ast.expr) -> ast.expr:
    """What JSON stands for, as a text or as what `json.dumps` or `str` makes one of; any other expression as it is."""
    if isinstance(value, ast.Call) and parts_of(value.func)[-1:] in (("dumps",), ("str",)) and value.args:
        return value.args[0]
    try:
        told = json.loads(text_value(value) or "")
    except ValueError:
        return value
    spelled = ast.parse(repr(told), mode="eval").body
    for node in ast.walk(spelled):
        if isinstance(node, ast.expr):
            del node.lineno
    return spelled


def laid_out(value: ast.expr, module: Module) -> ast.expr:
    """The dict that a value is, where the module writes it down once and puts nothing into it; else the value."""
    value = meant(value)
    if not isinstance(value, ast.Name):
        return value
    laid = LaidOut(module)
    held = laid.values(value)
    if len(held) != 1 or not isinstance(held[0], ast.Dict):
        return value
    whole = len(list(laid.items(value))) == len(held[0].keys)
    return held[0] if whole and all(each.within is held[0] for each in laid.items(value)) else value
