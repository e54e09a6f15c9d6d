"""Texts that are made of answers, where the new layer's can be made a text of once only: `repr` leaves them whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from migrator.python.answers import directives, known
from migrator.python.answers.places import Places
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import LOGGER, NOTHING, UNKNOWN, Else, Is, Object, Value, matters
from migrator.python.answers.view import View
from migrator.python.module import Module
from migrator.python.reading.expressions import is_logger, text_value
from migrator.sites import Edit, Finding, Status

_LOGGED = {"trace", "debug", "info", "success", "warn", "warning", "error", "exception", "critical", "fatal", "log"}
_SAID = "its text can be had once, then its headers are gone"
_DISPLAYS = (ast.List, ast.Tuple)
_CLOSING = re.compile(r"[ \t]*\}")

Text = tuple[ast.expr, bool]  # what a text is made of, and whether it is made of its `repr` as well by an edit there


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for `print(answer)`, `f"{answer}"` and their like."""
    if not trace.rule.once or not trace.views.concerns(module):
        return
    at = trace.see(module)
    places = Places(at)
    for node in module.source.nodes:
        for value, mends in _texts(trace, at, node):
            if isinstance(value, ast.Call | ast.Await):
                continue  # one that has no name is made a text of this once
            values = trace.value(at, value)
            if not any(isinstance(v, Is) and v.shape in trace.rule.once for v in values):
                continue
            sure = all(v is Else.NOTHING or (isinstance(v, Is) and v.shape in trace.rule.once) for v in values)
            place = places.span(value)
            edits = _edits(places, node, place) if place and sure and mends else ()
            start = place[0] if place else module.source.start(value)
            if edits:
                yield Finding(start, trace.rule.id, Status.MIGRATED, f"repr(…): {_SAID}", edits)
            else:
                yield Finding(start, trace.rule.id, Status.MANUAL, f"{_SAID}: use `repr` where it is one")


def _texts(trace: Trace, at: View, node: ast.AST) -> Iterator[Text]:
    """What a node makes texts of."""
    match node:
        case ast.FormattedValue(conversion=-1 | 115, value=value):
            yield value, node.conversion == -1 and node.format_spec is None
        case ast.Call(func=ast.Name(id="str" | "format" as made), args=[value, *others], keywords=[]):
            yield value, made == "str" and not others
        case ast.Call(func=ast.Name(id="print"), args=args):
            yield from ((each, True) for each in _laid_out(args))
        case ast.Call(func=ast.Attribute(ast.Name("click" | "typer"), "echo" | "secho"), args=[value, *_]):
            yield value, True
        case ast.Call(func=ast.Attribute(attr="__str__", value=value), args=[]):
            yield value, False
        case ast.Call(func=ast.Attribute(attr=attr, value=logger)) if attr in _LOGGED:
            yield from _logged(node, attr, _is_logger(trace, at, logger, attr))
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str(text)))):
            named = ((each.arg, each.value) for each in node.keywords)
            yield from _filled(directives.of_format(text), [*enumerate(_laid_out(node.args)), *named])
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=right):
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            yield from _filled(directives.of_percent(text), _by_place(values))


def _logged(call: ast.Call, attr: str, is_logger: bool | None) -> Iterator[Text]:
    """What a method of a logger, or of what is only called so, makes texts of."""
    at_level = attr == "log" and is_logger
    args = [k.value for k in call.keywords if k.arg == "msg"] + _laid_out(call.args[1:] if at_level else call.args)
    if is_logger and args and (text := text_value(args[0])) is not None:
        named = ((each.arg, each.value) for each in call.keywords)
        yield from _filled(directives.of_percent(text), _by_place(args[1:]))
        yield from _filled(directives.of_format(text), [*enumerate(args[1:]), *named])
    elif is_logger is not False:
        yield from ((each, is_logger is True and len(args) == 1) for each in args)


def _laid_out(args: list[ast.expr]) -> list[ast.expr]:
    """Arguments, with those that are laid out in `*[a, b]`."""
    laid = (a.value.elts if isinstance(a, ast.Starred) and isinstance(a.value, _DISPLAYS) else [a] for a in args)
    return [each for some in laid for each in some]


def _by_place(values: list[ast.expr]) -> Iterator[tuple[int | str | None, ast.expr]]:
    """Values by their number, or by their keys where they are one dictionary."""
    if len(values) == 1 and isinstance(values[0], ast.Dict):
        yield from zip(map(text_value, values[0].keys), values[0].values, strict=True)
    else:
        yield from enumerate(values)


def _filled(fields: directives.Fields, values: Iterable[tuple[int | str | None, ast.expr]]) -> Iterator[Text]:
    """Those of the values that a text with such fields makes texts of."""
    for place, value in values:
        made = fields.get(place, set()) - {"repr"} if place is not None else set()
        if made - {"part"}:
            yield value, made == {"str"}


def _is_logger(trace: Trace, at: View, node: ast.expr, attr: str) -> bool | None:
    """Whether an object logs by a method as a logger does, be it by default; None where only its name says so."""
    values = frozenset(Else.LOGGER if _inherits(trace, v, attr) else v for v in trace.value(at, node))
    if values - NOTHING - UNKNOWN == LOGGER:
        return True
    return None if (is_logger(node) and not matters(values)) or values >= LOGGER else False


def _inherits(trace: Trace, value: Value, attr: str) -> bool:
    """Whether an instance of a class of the project has a method from a class of loggers."""
    if not isinstance(value, Object) or trace.index.defines_member(value.cls, attr):
        return False
    return not known.LOGGER_CLASSES.isdisjoint(trace.index.lineage(value.cls))


def _edits(places: Places, node: ast.AST, place: tuple[int, int]) -> tuple[Edit, ...]:
    start, end = place
    match node:
        case ast.FormattedValue():
            closing = _CLOSING.match(places.source.text, end)
            return (Edit(closing.end() - 1, closing.end() - 1, "!r"),) if closing else ()
        case ast.Call(func=ast.Name(id="str") as function) if called := places.span(function):
            return (Edit(*called, "repr"),)
    return Edit(start, start, "repr("), Edit(end, end, ")")
