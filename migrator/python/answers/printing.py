"""Texts that are made of answers, where the new layer's can be made a text of once only: `repr` leaves them whole."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers.places import Places
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import Else, Is
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.sites import Edit, Finding, Status

_LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "log"}

_SAID = "the text of an answer can be had once, `repr` as often as is asked"


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for `print(answer)`, `f"{answer}"` and their like."""
    if not trace.rule.once or not trace.views.concerns(module):
        return
    at, source = trace.see(module), module.source
    places = Places(at)
    for node in source.nodes:
        for value in _texts(node):
            if isinstance(value, ast.Call | ast.Await):
                continue  # one that has no name is made a text of this once
            values = trace.value(at, value)
            if not any(isinstance(v, Is) and v.shape in trace.rule.once for v in values):
                continue
            sure = all(v is Else.NOTHING or (isinstance(v, Is) and v.shape in trace.rule.once) for v in values)
            place = places.span(value)
            edits = _edits(source.text, node, place) if place and sure else ()
            said = "its text can be had once, then its headers are gone"
            status, said = (
                (Status.MIGRATED, f"repr(…): {said}")
                if edits
                else (Status.MANUAL, f"{said}: use `repr` where it is one")
            )
            yield Finding(place[0] if place else source.start(value), trace.rule.id, status, said, edits)


def _texts(node: ast.AST) -> list[ast.expr]:
    """What a node makes texts of."""
    match node:
        case ast.FormattedValue(conversion=-1, format_spec=None, value=value):
            return [value]
        case ast.Call(func=ast.Name(id="str"), args=[value], keywords=[]):
            return [value]
        case ast.Call(func=ast.Name(id="print"), args=args):
            return args
        case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in _LOGGED:
            return args
        case ast.Call(func=ast.Attribute(attr="format", value=text), args=args) if text_value(text) is not None:
            return args
        case ast.BinOp(left=left, op=ast.Mod(), right=right) if text_value(left) is not None:
            return right.elts if isinstance(right, ast.Tuple) else [right]
    return []


def _edits(text: str, node: ast.AST, place: tuple[int, int]) -> tuple[Edit, ...]:
    start, end = place
    if isinstance(node, ast.FormattedValue):
        closed = text[end:].lstrip(" \t").startswith("}")
        return (Edit(end, end, "!r"),) if closed else ()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        called = text.rfind("str", 0, start)
        return (Edit(called, called + 3, "repr"),)
    return Edit(start, start, "repr("), Edit(end, end, ")")
