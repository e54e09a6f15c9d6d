"""Texts that are made of answers, where the new layer's can be made a text of once only: `repr` leaves them whole."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator

from migrator.python.answers.places import Places
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import Else, Is
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.sites import Edit, Finding, Status

_LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_LOGGERS = {"log", "logger", "logging"}  # what those are called that make a text of what they are given
_SAID = "its text can be had once, then its headers are gone"


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for `print(answer)`, `f"{answer}"` and their like."""
    if not trace.rule.once or not trace.views.concerns(module):
        return
    at = trace.see(module)
    places = Places(at)
    for node in module.source.nodes:
        for value in _texts(node):
            if isinstance(value, ast.Call | ast.Await):
                continue  # one that has no name is made a text of this once
            values = trace.value(at, value)
            if not any(isinstance(v, Is) and v.shape in trace.rule.once for v in values):
                continue
            sure = all(v is Else.NOTHING or (isinstance(v, Is) and v.shape in trace.rule.once) for v in values)
            place = places.span(value)
            edits = _edits(places, node, place) if place and sure else ()
            start = place[0] if place else module.source.start(value)
            if edits:
                yield Finding(start, trace.rule.id, Status.MIGRATED, f"repr(…): {_SAID}", edits)
            else:
                yield Finding(start, trace.rule.id, Status.MANUAL, f"{_SAID}: use `repr` where it is one")


def _texts(node: ast.AST) -> list[ast.expr]:
    """What a node makes texts of."""
    match node:
        case ast.FormattedValue(conversion=-1 | 115, value=value):
            return [value]
        case ast.Call(func=ast.Name(id="str" | "format"), args=[value, *_], keywords=[]):
            return [value]
        case ast.Call(func=ast.Name(id="print"), args=args):
            return args
        case ast.Call(func=ast.Attribute(attr=attr) as function, args=args) if attr in _LOGGED:
            return args if _is_logger(function.value) else []
        case ast.Call(func=ast.Attribute(attr="format", value=text), args=args, keywords=keywords):
            return [*args, *(each.value for each in keywords)] if _is_plain(text_value(text)) else []
        case ast.BinOp(left=left, op=ast.Mod(), right=right) if text_value(left) is not None:
            return right.elts if isinstance(right, ast.Tuple) else [right]
    return []


def _is_logger(node: ast.expr) -> bool:
    """Whether an object is called what loggers are; others may do anything with what they are given."""
    parts = parts_of(node)
    return bool(parts) and parts[-1].strip("_").lower() in _LOGGERS


def _is_plain(text: str | None) -> bool:
    """Whether a format makes texts of the values themselves: not of their attributes, and in no form of its own."""
    if text is None:
        return False
    try:
        fields = [each for each in string.Formatter().parse(text) if each[1] is not None]
    except ValueError:
        return False
    return not any(set(".[") & set(name or "") or form or sign for _, name, form, sign in fields)


def _edits(places: Places, node: ast.AST, place: tuple[int, int]) -> tuple[Edit, ...]:
    start, end = place
    match node:
        case ast.FormattedValue(conversion=-1, format_spec=None):
            text = places.source.text
            closing = end + len(text[end:]) - len(text[end:].lstrip(" \t"))
            return (Edit(closing, closing, "!r"),) if text.startswith("}", closing) else ()
        case ast.FormattedValue() | ast.Call(func=ast.Name(id="format")):
            return ()
        case ast.Call(func=ast.Name(id="str") as function, args=[_]) if called := places.span(function):
            return (Edit(*called, "repr"),)
    return Edit(start, start, "repr("), Edit(end, end, ")")
