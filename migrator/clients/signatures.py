"""How the functions that parts of a client module provide are called, as their texts define them."""

from __future__ import annotations

import ast
import re
from functools import cache
from inspect import Parameter, Signature

from migrator.clients import parts

_SECTION = re.compile(r"^\{\{.*\n", re.MULTILINE)


@cache
def of(target: str, name: str) -> Signature | None:
    """How a function is called; None for what no part defines in a text that is Python by itself."""
    text = next((parts.TEMPLATES / f"{part.name}.txt" for part in parts.of(target) if name in part.provides), None)
    try:
        body = ast.parse(_SECTION.sub("", text.read_text(encoding="utf-8"))).body if text else []
    except SyntaxError:
        return None
    defined = (each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name)
    return next((_signature(each.args) for each in defined), None)


def _signature(arguments: ast.arguments) -> Signature:
    by_place = [*arguments.posonlyargs, *arguments.args]
    required = len(by_place) - len(arguments.defaults)
    rows = [
        (each, Parameter.POSITIONAL_OR_KEYWORD, each.arg if index >= required else Parameter.empty)
        for index, each in enumerate(by_place)
    ]
    rows += [(arguments.vararg, Parameter.VAR_POSITIONAL, Parameter.empty)] if arguments.vararg else []
    rows += [
        (each, Parameter.KEYWORD_ONLY, each.arg if default else Parameter.empty)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    rows += [(arguments.kwarg, Parameter.VAR_KEYWORD, Parameter.empty)] if arguments.kwarg else []
    return Signature([Parameter(each.arg, kind, default=default) for each, kind, default in rows])
