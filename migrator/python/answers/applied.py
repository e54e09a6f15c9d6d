"""Calls, and the calls of the standard library and others as well known that call what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import NamedTuple

from migrator.python.answers.given import Given
from migrator.python.reading.expressions import callee_of, text_value

# Where the function stands that is called with what stands after it.
_AFTER = {
    "submit": 0, "to_thread": 0, "call_soon": 0, "call_soon_threadsafe": 0, "add_task": 0, "partial": 0, "run_sync": 0,
    "run_in_executor": 1, "call_later": 1, "call_at": 1,
}  # fmt: skip
_EACH = {"map", "imap", "imap_unordered", "filter", "filterfalse", "takewhile", "dropwhile"}
_KEYED = {"sorted", "min", "max", "groupby", "nlargest", "nsmallest"}
_THREADS = {"Thread", "Process", "Timer"}
_LAID_OUT = {"apply", "apply_async"}


class Applied(NamedTuple):
    """A function that is called, with what each argument by its place may be given, those by name, and `**merged`."""

    function: ast.expr
    args: tuple[tuple[Given, ...], ...] = ()
    keywords: Mapping[str, ast.expr] = MappingProxyType({})
    merged: tuple[ast.expr, ...] = ()


def plain(call: ast.Call) -> Applied:
    """A call as it stands."""
    return _with(call.func, call.args, call.keywords)


def applied(call: ast.Call) -> Iterator[Applied]:
    """The functions that a call calls of those it is given."""
    name, args, keywords = callee_of(call), call.args, {k.arg: k.value for k in call.keywords if k.arg}
    if len(args) > _AFTER.get(name, len(args)):
        yield _with(args[_AFTER[name]], args[_AFTER[name] + 1 :], call.keywords)
    elif name in _EACH and len(args) > 1:
        yield Applied(args[0], tuple((Given(each, ("item",)),) for each in args[1:]))
    elif name == "reduce" and len(args) > 1:
        first = (*(Given(each) for each in args[2:]), Given(args[1], ("item",)))
        yield Applied(args[0], (first, (Given(args[1], ("item",)),)))
    elif name in _LAID_OUT and args:
        yield _laid_out(args[0], args[1] if len(args) > 1 else keywords.get("args"), keywords.get("kwds"))
    elif name in _THREADS and "target" in keywords:
        yield _laid_out(keywords["target"], keywords.get("args"), keywords.get("kwargs"))
    elif name == "add_done_callback" and args and isinstance(call.func, ast.Attribute):
        yield Applied(args[0], ((Given(call.func.value),),))
    elif name == "sort" and "key" in keywords and isinstance(call.func, ast.Attribute):
        yield Applied(keywords["key"], ((Given(call.func.value, ("item",)),),))
    elif name in _KEYED and args:
        key = keywords.get("key") or (args[1] if name == "groupby" and len(args) > 1 else None)
        of = args[-1:] if name.startswith("n") else args
        single = len(of) == 1 or name == "groupby"
        items = (Given(of[0], ("item",)),) if single else tuple(Given(each) for each in of)
        yield from [Applied(key, (items,))] if key else []


def _with(function: ast.expr, args: Iterable[ast.expr], keywords: Sequence[ast.keyword]) -> Applied:
    seen = tuple((Given(each),) for each in takewhile(lambda each: not isinstance(each, ast.Starred), args))
    merged = tuple(k.value for k in keywords if k.arg is None)
    return Applied(function, seen, {k.arg: k.value for k in keywords if k.arg}, merged)


def _laid_out(function: ast.expr, args: ast.expr | None, named: ast.expr | None) -> Applied:
    """A call whose arguments stand in a tuple and a dictionary."""
    items = args.elts if isinstance(args, ast.Tuple | ast.List) else []
    pairs = zip(named.keys, named.values, strict=True) if isinstance(named, ast.Dict) else ()
    keywords = [ast.keyword(text_value(key), value) for key, value in pairs]
    keywords += [ast.keyword(None, named)] if named and not isinstance(named, ast.Dict) else []
    return _with(function, items, keywords)
