"""How the functions that parts of a client module provide are called, as their texts define them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
    return next((Signature([*_parameters(each.args)]) for each in defined), None)


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    by_place = [*arguments.posonlyargs, *arguments.args]
    required = len(by_place) - len(arguments.defaults)
    for index, each in enumerate(by_place):
        default = each.arg if index >= required else Parameter.empty
        yield Parameter(each.arg, Parameter.POSITIONAL_OR_KEYWORD, default=default)
    if arguments.vararg:
        yield Parameter(arguments.vararg.arg, Parameter.VAR_POSITIONAL)
    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(each.arg, Parameter.KEYWORD_ONLY, default=each.arg if value else Parameter.empty)
    if arguments.kwarg:
        yield Parameter(arguments.kwarg.arg, Parameter.VAR_KEYWORD)
