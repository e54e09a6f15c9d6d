"""What other modules of a project do with names of one: what they put behind its addresses, and where they read it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from itertools import chain

from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.sdk.pieces import COMPUTED, ENDS, first, is_filled, together

_READERS = "who mentions which modules"
_BEGUN = (ast.BinOp, ast.FormattedValue, ast.JoinedStr, ast.List, ast.Tuple)
_OWNERS = ("self", "cls")


def modules(index: Index, facts: Facts) -> Iterator[Module]:
    """The other modules that import one, or something that it defines, also by what only ends as its name does."""
    known = index.shared.get(_READERS)
    if not isinstance(known, dict):
        known = index.shared[_READERS] = _readers(index)
    for path in sorted(known.get(facts.path, ())):
        if path != facts.path and (parsed := index.parsed(path)) is not None:
            yield Module(*parsed, index.by_path[path], index)


def _readers(index: Index) -> dict[str, set[str]]:
    """Which modules mention others: the path of each, and those of the modules that do."""
    found: dict[str, set[str]] = {}
    ends: dict[str, set[str]] = {}
    for facts in index.by_path.values():
        for name in facts.names:
            parts = name.split(".")
            for number in range(len(parts)):
                ends.setdefault(".".join(parts[number:]), set()).add(facts.path)
    for facts in index.by_path.values():
        for name in chain.from_iterable(_absolute(each, facts) for each in facts.mentioned):
            module = index.module_of(index.canonical(name))
            paths = {index.by_name[module].path} if module else set()
            for path in paths | ends.get(name, set()) | ends.get(name.rpartition(".")[0], set()):
                found.setdefault(path, set()).add(facts.path)
    return found


def _absolute(name: str, facts: Facts) -> Iterator[str]:
    """A full name, or what it may be where the folder of a relative import is a package and what imports begin at."""
    own = (each.rpartition(".")[0] for each in facts.names)
    yield from (f"{package}.{name.lstrip('.')}" for package in own) if name.startswith(".") else (name,)


def reads(module: Module, names: Collection[str]) -> Iterator[ast.expr]:
    """Where a module reads what others define by some names: imported ones, and attributes that are not its own."""
    local, own = set[str](), set[str]()
    for node in module.source.nodes:
        if isinstance(node, ast.ImportFrom):
            local |= {alias.asname or alias.name for alias in node.names if alias.name in names}
            local |= {*names} if any(alias.name == "*" for alias in node.names) else set()
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            own.add(node.id if isinstance(node, ast.Name) else node.attr)
    for node in module.source.nodes:
        if isinstance(node, ast.Name) and node.id in local and isinstance(node.ctx, ast.Load):
            yield node
        elif isinstance(node, ast.Attribute) and node.attr in names and isinstance(node.ctx, ast.Load):
            if not (isinstance(node.value, ast.Name) and node.value.id in _OWNERS and node.attr in own):
                yield node
        elif isinstance(node, ast.Call) and (asked := attribute_asked(node, ("getattr",))) and asked[1] in names:
            yield node


def behind(module: Module, read: ast.expr) -> str:
    """The path that is put behind what is read, with COMPUTED for what is not written down; "" for none."""
    parents, at = module.source.parents, read
    above = parents.get(id(at))
    while isinstance(above, ast.Call | ast.Subscript | ast.Attribute) and not _is_given(above, at):
        if isinstance(above, ast.Call) and above.args and not _is_end(at):
            return together(above.args[0]).lstrip(COMPUTED) or COMPUTED
        if isinstance(above, ast.Attribute) and above.attr not in ENDS:
            return ""
        at, above = above, parents.get(id(above))
    text: ast.expr = at
    while isinstance(above, _BEGUN) or (above is not None and is_filled(above)):
        assert isinstance(above, ast.expr)
        text, above = above, parents.get(id(above))
    return together(text).removeprefix(COMPUTED) if text is not at and first(text) is at else ""


def _is_given(above: ast.expr, at: ast.expr) -> bool:
    """Whether an expression is an argument of a call, or the key of an item."""
    return at is not (above.func if isinstance(above, ast.Call) else getattr(above, "value", None))


def _is_end(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ENDS
