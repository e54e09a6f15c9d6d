"""Options from a dict that the code around a call lays out: `Portkey(**options)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.scopes import Scope


class Stored(NamedTuple):
    """A statement `options["name"] = value`, and what goes with it where the option does."""

    statement: ast.Assign
    cut: ast.stmt  # it, or the `if` that is there for it alone
    block: list[ast.stmt]  # of `cut`


class Option(NamedTuple):
    """One option; `stored` is None where it is laid out with the dict."""

    name: str
    value: ast.expr
    stored: Stored | None


class Spread(NamedTuple):
    """A dict whose only use is to be given to one call: the display or `dict(…)`, and all that it comes to hold."""

    call: ast.Call
    block: list[ast.stmt]  # of the statement that lays it out
    laid_out: ast.Dict | ast.Call
    options: Sequence[Option]

    @property
    def keywords(self) -> list[ast.keyword]:
        """What the call is given, the dict taken apart."""
        given = [k for k in self.call.keywords if k.arg]
        return [*given, *(ast.keyword(arg=o.name, value=o.value) for o in self.options)]


class Place(NamedTuple):
    """A statement, its block, and the `if` that holds nothing else, with the block of that."""

    statement: ast.stmt
    block: list[ast.stmt]
    alone_in: tuple[ast.If, list[ast.stmt]] | None


def spread_of(call: ast.Call, scope: Scope) -> Spread | None:
    """The dict that a call is given with `**`; None where there is none, or where it is not in sight as a whole."""
    given = [k.value for k in call.keywords if k.arg is None]
    name = given[0].id if len(given) == 1 and isinstance(given[0], ast.Name) else ""
    holder = scope.lookup(name) if name and not call.args else None
    if holder is None or not all(isinstance(b.node, ast.Name) for b in holder.told(name)):
        return None
    uses = {id(n): n for n in ast.walk(holder.node) if isinstance(n, ast.Name) and n.id == name}
    uses.pop(id(given[0]), None)
    made: list[tuple[list[ast.stmt], ast.Dict | ast.Call]] = []
    stored: list[Option] = []
    for place in places(holder.node):
        target, value = _assigned(place.statement)
        if isinstance(target, ast.Name) and id(target) in uses and isinstance(value, ast.Dict | ast.Call):
            made.append((place.block, value))
            del uses[id(target)]
        elif isinstance(target, ast.Subscript) and id(target.value) in uses and value is not None:
            key = text_value(target.slice)
            if key is None or not isinstance(place.statement, ast.Assign):
                return None
            cut, block = place.alone_in or (place.statement, place.block)
            stored.append(Option(key, value, Stored(place.statement, cut, block)))
            del uses[id(target.value)]
    options = _laid_out(made[0][1]) if len(made) == 1 and not uses else None
    return Spread(call, *made[0], [*options, *stored]) if options is not None else None


def names_given(call: ast.Call, scope: Scope) -> set[str]:
    """The names that dicts hold which a call is given with `**`, as far as the code lays them out."""
    found = set[str]()
    for value in (k.value for k in call.keywords if k.arg is None):
        displays = [value]
        if isinstance(value, ast.Name) and (holder := scope.lookup(value.id)):
            for place in places(holder.node):
                target, laid = _assigned(place.statement)
                if isinstance(target, ast.Name) and target.id == value.id and laid is not None:
                    displays.append(laid)
                elif isinstance(target, ast.Subscript) and parts_of(target.value) == (value.id,):
                    found |= {text_value(target.slice) or ""}
        for each in displays:
            if isinstance(each, ast.Dict):
                found |= {text_value(key) or "" for key in each.keys}
            elif isinstance(each, ast.Call) and parts_of(each.func) == ("dict",):
                found |= {k.arg or "" for k in each.keywords}
    return found - {""}


def is_in_sight(call: ast.Call, scope: Scope) -> bool:
    """Whether all that a call is given with `**`, if anything, is written down."""
    given = [k.value for k in call.keywords if k.arg is None]
    return all(isinstance(g, ast.Dict) and all(text_value(k) for k in g.keys) for g in given) or bool(
        spread_of(call, scope)
    )


def _assigned(statement: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement.targets[0], statement.value
    return (statement.target, statement.value) if isinstance(statement, ast.AnnAssign) else (None, None)


def _laid_out(made: ast.Dict | ast.Call) -> list[Option] | None:
    """What a display or `dict(…)` holds; None where that is not written down, or twice."""
    if isinstance(made, ast.Call):
        if parts_of(made.func) != ("dict",) or made.args:
            return None
        pairs = [(k.arg, k.value) for k in made.keywords]
    else:
        pairs = [(text_value(k), v) for k, v in zip(made.keys, made.values, strict=True)]
    named = [Option(name, value, None) for name, value in pairs if name is not None]
    return named if len({o.name for o in named}) == len(pairs) else None


def places(node: ast.AST, alone_in: tuple[ast.If, list[ast.stmt]] | None = None) -> Iterator[Place]:
    """The statements in a body, those of functions in it as well."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        block: list[ast.stmt] = getattr(node, name, None) or []
        for each in block if isinstance(block, list) else ():
            if not isinstance(each, ast.stmt):
                yield from places(each)
                continue
            yield Place(each, block, alone_in)
            whole = isinstance(each, ast.If) and len(each.body) == 1 and not each.orelse and name != "orelse"
            yield from places(each, (each, block) if isinstance(each, ast.If) and whole else None)
