"""LibCST on single statements and expressions: what has to change shape keeps its comments and white space."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import libcst as cst  # imported where it is used: most modules need none of this, and it takes long


def _printer(segment: str) -> Callable[[cst.CSTNode], str]:
    """Writes nodes that were parsed from `segment`, with its own line ends."""
    import libcst as cst

    newline = re.search(r"\r\n|\r|\n", segment)
    return cst.Module([], default_newline=newline[0] if newline else "\n").code_for_node


def _import_from(segment: str) -> cst.ImportFrom:
    import libcst as cst

    line = cst.parse_statement(segment)
    assert isinstance(line, cst.SimpleStatementLine)
    return cst.ensure_type(line.body[0], cst.ImportFrom)


def without_names(segment: str, names: Collection[str]) -> tuple[str, list[str]]:
    """A `from … import …` statement without some of its names, and the comments that stood on their lines.

    At least one name must stay.
    """
    import libcst as cst

    node, code = _import_from(segment), _printer(segment)
    assert not isinstance(node.names, cst.ImportStar)
    listed = code(node.with_changes(lpar=None, rpar=None, semicolon=cst.MaybeSentinel.DEFAULT))
    before = code(node.lpar.whitespace_after) if node.lpar else ""
    at = len(listed) - sum(len(code(a)) for a in node.names) + (len(code(node.lpar)) - len(before) if node.lpar else 0)
    spans, _ = _layout(node.names, at, before, code)
    gone = [i for i, alias in enumerate(node.names) if code(alias.name) in names]
    places = sorted(cuts(segment, spans, gone), reverse=True)
    comments = [m[0] for start, end in reversed(places) for m in re.finditer(r"#[^\r\n]*", segment[start:end])]
    for start, end in places:
        segment = segment[:start] + segment[end:]
    return segment, comments


def with_names(segment: str, spellings: Mapping[str, str]) -> str:
    """A `from … import …` statement with some of its names spelled anew, `as` part included; one may become several."""
    import libcst as cst

    if not spellings:
        return segment
    node, code = _import_from(segment), _printer(segment)
    assert not isinstance(node.names, cst.ImportStar)
    names = []
    for alias in node.names:
        spelling = spellings.get(code(alias.name))
        *before, last = spelling.split(", ") if spelling is not None else ("",)
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        names += [_spelled(alias.with_changes(comma=comma), each) for each in before]
        names.append(_spelled(alias, last) if last else alias)
    return code(node.with_changes(names=names))


def _spelled(alias: cst.ImportAlias, spelling: str) -> cst.ImportAlias:
    import libcst as cst

    name, _, local = spelling.partition(" as ")
    return alias.with_changes(name=cst.Name(name), asname=cst.AsName(cst.Name(local)) if local else None)


class Span(NamedTuple):
    """One item: where its own text stands, and where the comma after it ends (its own end for none)."""

    start: int
    end: int
    comma: int


class Layout(NamedTuple):
    """The arguments of a call or the items of a list or dict as they are laid out; offsets count from its start."""

    items: Sequence[Span]
    separator: str  # what stands between two items, from the comma on


def call_layout(segment: str) -> Layout:
    """Where the arguments of a call stand. `segment` is the text of the call."""
    import libcst as cst

    call, code = cst.ensure_type(cst.parse_expression(f"({segment})"), cst.Call), _printer(segment)
    before = code(call.whitespace_before_args)
    return _layout(call.args, len(code(call.func) + code(call.whitespace_after_func)) + 1, before, code)


def list_layout(segment: str) -> Layout:
    """Where the items of a list or tuple in brackets stand."""
    import libcst as cst

    items, code = cst.parse_expression(segment), _printer(segment)
    assert isinstance(items, cst.List | cst.Tuple)
    bracket = items.lbracket if isinstance(items, cst.List) else items.lpar[0]
    return _layout(items.elements, 1, code(bracket.whitespace_after), code)


def dict_layout(segment: str) -> Layout:
    """Where the items of a dict in braces stand."""
    import libcst as cst

    items, code = cst.ensure_type(cst.parse_expression(segment), cst.Dict), _printer(segment)
    return _layout(items.elements, 1, code(items.lbrace.whitespace_after), code)


def _layout(
    items: Sequence[cst.Arg | cst.BaseElement | cst.BaseDictElement | cst.ImportAlias],
    at: int,
    before: str,
    code: Callable[[cst.CSTNode], str],
) -> Layout:
    import libcst as cst

    at += len(before)
    spans, separator = [], "," + (_blank(before) if "\n" in before else " ")
    for index, item in enumerate(items):
        whole = len(code(item))
        bare = item.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if isinstance(bare, cst.Arg):
            bare = bare.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
        end = comma = at + len(code(bare))
        if isinstance(item.comma, cst.Comma):
            space = code(item.comma.whitespace_after)
            comma = at + whole - len(space)
            if index == 0 and len(items) > 1:
                separator = "," + _blank(space)
        spans.append(Span(at, end, comma))
        at += whole
    return Layout(spans, separator)


def _blank(space: str) -> str:
    """White space without the comments in it."""
    lines = space.splitlines(keepends=True)
    return "".join(line if not line.strip() else line[len(line.rstrip("\r\n")) :] for line in lines)


def cuts(segment: str, spans: Sequence[Span], gone: Sequence[int]) -> Iterator[tuple[int, int]]:
    """What to delete so that the arguments `gone` leave no comma behind, and take no comment of another one along."""
    kept = [i for i in range(len(spans)) if i not in gone]
    last = spans[kept[-1]] if kept else None
    for index in gone:
        span, before = spans[index], spans[index - 1] if index else None
        whole = _own_lines(segment, span)
        if whole:
            yield whole
        elif last and index > kept[-1]:
            between = segment[before.comma : span.start] if before else ""
            yield (before.comma if before and "#" not in between else span.start), span.comma
        elif index + 1 < len(spans) and "#" not in segment[span.comma : spans[index + 1].start]:
            yield span.start, spans[index + 1].start
        else:
            yield span.start, span.comma
    if last and gone and gone[-1] > kept[-1] and spans[-1].comma == spans[-1].end:
        yield last.end, last.comma


def _own_lines(segment: str, span: Span) -> tuple[int, int] | None:
    """The lines of an argument that shares them with nothing but a comment of its own."""
    start = segment.rfind("\n", 0, span.start) + 1
    end = segment.find("\n", span.comma) + 1
    if not start or not end or segment[start : span.start].strip():
        return None
    after = segment[span.comma : end].strip()
    return (start, end) if not after or after.startswith("#") else None


def relisted(segment: str, gone: Sequence[int], added: Sequence[str]) -> str:
    """A list or tuple of strings without the items at `gone`, completed by others, in its own layout."""
    spans, separator = list_layout(segment)
    kept = [i for i in range(len(spans)) if i not in gone]
    tail = [i for i in gone if not kept or i > kept[-1]]
    quote = segment[spans[0].end - 1]
    texts = [f"{quote}{text}{quote}" for text in added]
    edits: list[tuple[int, int, str]] = []
    if texts and tail:
        edits.append((spans[tail[0]].start, spans[tail[0]].end, separator.join(texts)))
        gone = [i for i in gone if i != tail[0]]
    elif texts:
        edits += appended(segment, spans[kept[-1]], texts, separator)
    edits += [(start, end, "") for start, end in cuts(segment, spans, gone)]
    if segment[0] == "(" and len(kept) + len(added) == 1:
        edits = [e for e in edits if segment[e[0] : e[1]].strip() != ","]  # a tuple of one needs its comma
    for start, end, text in sorted(edits, reverse=True):
        segment = segment[:start] + text + segment[end:]
    return segment


def appended(segment: str, last: Span, texts: Sequence[str], separator: str) -> Iterator[tuple[int, int, str]]:
    """The edits that put items after the last one: on lines of their own if that has one of its own."""
    lines = _own_lines(segment, last)
    if lines is None:
        yield last.end, last.end, separator + separator.join(texts)
        return
    start, end = lines
    indent, newline = segment[start : last.start], "\r\n" if segment[:end].endswith("\r\n") else "\n"
    comma = "," if last.comma > last.end else ""
    if not comma:
        yield last.end, last.end, ","
    yield end, end, f",{newline}".join(f"{indent}{text}" for text in texts) + comma + newline
