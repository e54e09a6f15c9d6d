"""LibCST on single statements and expressions: what has to change shape keeps its comments and white space."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, cast

import libcst as cst


def _printer(segment: str) -> Callable[[cst.CSTNode], str]:
    """Writes nodes that were parsed from `segment`, with its own line ends."""
    newline = re.search(r"\r\n|\r|\n", segment)
    return cst.Module([], default_newline=newline[0] if newline else "\n").code_for_node


def _import_from(segment: str) -> cst.ImportFrom:
    line = cst.parse_statement(segment)
    assert isinstance(line, cst.SimpleStatementLine)
    return cst.ensure_type(line.body[0], cst.ImportFrom)


def without_names(segment: str, names: Collection[str]) -> str:
    """A `from … import …` statement without some of its names; at least one must stay."""
    node, code = _import_from(segment), _printer(segment)
    assert not isinstance(node.names, cst.ImportStar)
    kept = [a for a in node.names if code(a.name) not in names]
    if node.lpar is None or kept[-1] is not node.names[-1]:
        kept[-1] = kept[-1].with_changes(comma=node.names[-1].comma if node.lpar else cst.MaybeSentinel.DEFAULT)
    return code(node.with_changes(names=kept))


def with_names(segment: str, spellings: Mapping[str, str]) -> str:
    """A `from … import …` statement with some of its names spelled anew, `as` part included."""
    if not spellings:
        return segment
    node, code = _import_from(segment), _printer(segment)
    assert not isinstance(node.names, cst.ImportStar)
    names = []
    for alias in node.names:
        spelling = spellings.get(code(alias.name))
        if spelling is not None:
            name, _, local = spelling.partition(" as ")
            alias = alias.with_changes(name=cst.Name(name), asname=cst.AsName(cst.Name(local)) if local else None)
        names.append(alias)
    return code(node.with_changes(names=names))


class Span(NamedTuple):
    """One argument of a call: where its own text stands, and where the next one begins."""

    start: int
    end: int
    next: int


class Layout(NamedTuple):
    """The arguments of a call as they are laid out; offsets count from the start of the call."""

    arguments: Sequence[Span]
    separator: str  # what stands between two arguments, from the comma on
    comma_last: bool  # the last argument is followed by a comma


def layout_of(segment: str) -> Layout:
    """Where the arguments of a call stand. `segment` is the text of the call."""
    call, code = cst.ensure_type(cst.parse_expression(f"({segment})"), cst.Call), _printer(segment)
    at = len(code(call.func) + code(call.whitespace_after_func)) + 1 + len(code(call.whitespace_before_args))
    spans, separator = [], ", "
    for index, argument in enumerate(call.args):
        whole = len(code(argument))
        bare = argument.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=cst.SimpleWhitespace(""))
        spans.append(Span(at, at + len(code(bare)), at + whole))
        if index == 0 and isinstance(argument.comma, cst.Comma) and len(call.args) > 1:
            separator = "," + _blank(code(argument.comma.whitespace_after))
        elif index == 0 and "\n" in (before := _blank(code(call.whitespace_before_args))):
            separator = "," + before
        at += whole
    last = call.args[-1].comma if call.args else None
    return Layout(spans, separator, isinstance(last, cst.Comma))


def _blank(space: str) -> str:
    """White space without the comments in it."""
    lines = space.splitlines(keepends=True)
    return "".join(line if not line.strip() else line[len(line.rstrip("\r\n")) :] for line in lines)


def moved_up(segment: str, fill: Sequence[str]) -> str:
    """A list or tuple of strings without its first item, completed by the items of `fill`, in its own layout."""
    items, code = cast("cst.List | cst.Tuple", cst.parse_expression(segment)), _printer(segment)
    first, last = items.elements[0], items.elements[-1].comma
    quote = code(first.value)[-1]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if isinstance(first.comma, cst.Comma) and len(items.elements) > 1:
        comma = first.comma
    elements: list[cst.BaseElement] = list(items.elements[1:])
    elements += [cst.Element(cst.SimpleString(f"{quote}{name}{quote}"), comma=comma) for name in fill]
    if fill and len(items.elements) > 1:
        elements[-1 - len(fill)] = elements[-1 - len(fill)].with_changes(comma=comma)
    if elements:
        single = isinstance(items, cst.Tuple) and len(elements) == 1
        elements[-1] = elements[-1].with_changes(
            comma=cst.Comma() if single and not isinstance(last, cst.Comma) else last
        )
    return code(items.with_changes(elements=elements))


def without_items(segment: str, values: Collection[str]) -> str:
    """A list or tuple of strings without the items of these values."""
    items, code = cast("cst.List | cst.Tuple", cst.parse_expression(segment)), _printer(segment)
    kept = [
        e for e in items.elements if not (isinstance(e.value, cst.SimpleString) and e.value.evaluated_value in values)
    ]
    if kept and kept[-1] is not items.elements[-1]:
        kept[-1] = kept[-1].with_changes(comma=items.elements[-1].comma)
    return code(items.with_changes(elements=kept))
