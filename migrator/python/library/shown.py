"""What the arguments show that an object is built with."""

from __future__ import annotations

import ast
import json

from migrator.python.reading.expressions import parts_of, text_value

_NEVER_NONE = {"bool", "float", "int", "json.dumps", "len", "str", "sum", "time.time"}


def is_text_alone(call: ast.Call) -> bool:
    """Whether a call is given one text, by position, and nothing else."""
    return not call.keywords and [isinstance(a, ast.JoinedStr) or text_value(a) is not None for a in call.args] == [
        True
    ]


def is_plain(value: ast.Dict) -> bool:
    """Whether a dict stands on one line, and its keys could be arguments."""
    names = [text_value(key) for key in value.keys]
    return bool(names) and value.lineno == value.end_lineno and all(name and name.isidentifier() for name in names)


def is_nothing(value: ast.expr) -> bool:
    """Whether a value is None, or empty."""
    return isinstance(value, ast.Constant) and not value.value


def is_sure(value: ast.expr) -> bool:
    """Whether an expression cannot be None."""
    match value:
        case ast.Constant():
            return value.value is not None
        case ast.IfExp():
            return is_sure(value.body) and is_sure(value.orelse)
        case ast.Call():
            return ".".join(parts_of(value.func)) in _NEVER_NONE
    return isinstance(value, ast.JoinedStr | ast.BinOp | ast.UnaryOp | ast.List | ast.ListComp | ast.Dict)


def is_text(value: ast.expr) -> bool:
    """Whether an expression cannot be anything but a text."""
    match value:
        case ast.Constant():
            return isinstance(value.value, str)
        case ast.IfExp():
            return is_text(value.body) and is_text(value.orelse)
        case ast.Call():
            return ".".join(parts_of(value.func)) in {"json.dumps", "str"}
    return isinstance(value, ast.JoinedStr)


def as_json(value: ast.Dict) -> str:
    """The literal of the JSON that a dict of nothing but literals on one line is; "" for any other dict."""
    if value.lineno != value.end_lineno:
        return ""
    try:
        text = json.dumps(ast.literal_eval(value))
    except (TypeError, ValueError):
        return ""
    return f"'{text}'" if not {"'", "\\"} & set(text) else repr(text)
