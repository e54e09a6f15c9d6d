"""The edits that an object's new class asks for: arguments added, named, taken out, or made a dict to validate."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.python import statements
from migrator.python.library.built import Added, Plan
from migrator.python.reading.expressions import text_value
from migrator.python.reading.source import Source
from migrator.sites import Edit

_BLANK = re.compile(r"(?:\s|\\\r?\n|#[^\r\n]*)*")
_NAME = re.compile(r"(\w+)\s*=\s*")


def edits(source: Source, plan: Plan) -> Iterator[Edit]:
    """The edits of one call of a class, but for the name of the class."""
    for added in plan.added:
        node = added.node
        if isinstance(node, ast.Dict):
            yield from put_first(source, source.start(node), source.end(node), _spelled(added, as_dict=True))
        else:
            yield from _of_call(source, node, added)
    for keyword, name in plan.renamed:
        start = source.start(keyword)
        yield Edit(start, start + len(keyword.arg or ""), name)
    for value, text in plan.replaced:
        yield Edit(source.start(value), source.end(value), text)
    for value in plan.dumped:
        yield Edit(source.start(value), source.start(value), "json.dumps(")
        yield Edit(source.end(value), source.end(value), ")")


def _of_call(source: Source, call: ast.Call, added: Added) -> Iterator[Edit]:
    opened = source.text.index("(", source.end(call.func))
    closed, fields = source.end(call) - 1, _spelled(added, as_dict=added.as_dict)
    if added.as_dict:
        yield Edit(opened, opened + 1, ".model_validate({")
        yield Edit(closed, closed + 1, "})")
        yield from _keys(source, call, added)
    else:
        yield from (edit for value in added.opened for edit in _arguments(source, value))
    positional = [i for i in range(len(call.args)) if i not in added.dropped]
    if not (added.dropped or positional):
        yield from put_first(source, opened, closed + 1, fields)
        return
    base, segment = source.start(call), source.segment(call)
    layout = statements.call_layout(segment)
    gone, last = list(added.dropped), max(positional, default=-1)
    place = next((i for i in gone if i > last), None)
    if fields and place is not None:
        gone.remove(place)
        span = layout.items[place]
        yield Edit(base + span.start, base + span.end, layout.separator.join(fields))
    elif fields and positional:
        end = base + layout.items[last].end
        yield Edit(end, end, "".join(layout.separator + text for text in fields))
    else:
        yield from put_first(source, opened, closed + 1, fields)
    for index, name in added.named.items():
        at = base + layout.items[index].start
        yield Edit(at, at, f'"{name}": ' if added.as_dict else f"{name}=")
    for start, end in statements.cuts(segment, layout.items, gone):
        yield Edit(base + start, base + end, "")


def _spelled(added: Added, *, as_dict: bool) -> list[str]:
    return [f'"{name}": {text}' if as_dict else f"{name}={text}" for name, text in added.fields.items()]


def _keys(source: Source, call: ast.Call, added: Added) -> Iterator[Edit]:
    """`name=` of the arguments that stay becomes `"name": `."""
    for index, keyword in enumerate(call.keywords, len(call.args)):
        start = source.start(keyword)
        match = _NAME.match(source.text, start) if keyword.arg and index not in added.dropped else None
        if match:
            yield Edit(start, match.end(), f'"{match[1]}": ')


def _arguments(source: Source, value: ast.Dict) -> Iterator[Edit]:
    """`**{"a": b}` becomes `a=b`."""
    at, end = source.text.rindex("**", 0, source.start(value)), source.end(value)
    for key, item in zip(value.keys, value.values, strict=True):
        first = source.text.rindex(":", 0, source.start(item))
        blank = source.text[first + 1 : source.start(item)]
        yield Edit(at, first + 1 + len(blank) - len(blank.lstrip()), f"{text_value(key)}=")
        at = source.text.find(",", source.end(item), end) + 1
        at += len(source.text[at:end]) - len(source.text[at:end].lstrip())
    last = source.end(value.values[-1])
    kept = source.text[last : end - 1].rstrip().removesuffix(",").rstrip()  # parentheses around the value
    yield Edit(last + len(kept), end, "")


def put_first(source: Source, opened: int, end: int, fields: list[str]) -> Iterator[Edit]:
    """Put items in front of those between the bracket at `opened` and the one before `end`, in their layout."""
    blank = _BLANK.match(source.text, opened + 1)
    at = blank.end() if blank else opened + 1
    if not fields:
        return
    if at >= end - 1:
        yield Edit(end - 1, end - 1, ", ".join(fields))
        return
    lines = source.text[opened + 1 : at].splitlines()
    separator = f",{source.newline}{lines[-1]}" if source.line_of(at) > source.line_of(opened) else ", "
    yield Edit(at, at, "".join(text + separator for text in fields))
