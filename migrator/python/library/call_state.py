"""Whether a project keeps state that the client module's functions read, so that its calls have to go through them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from migrator.fates.library import Fate
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.outline import Outline, Reference
from migrator.python.reading.scopes import target_of

_ADDING = {"append", "extend", "insert"}
_TAKING = {"clear", "copy", "count", "index", "pop", "remove"}
_PUTTING = {"setattr", "patch", "object"}  # the last is that of `patch`
_LOOKING = {"bool", "len", "list", "print", "repr", "str", "tuple"}


def keepers(index: Index) -> list[str]:
    """The paths of modules that use a variable of the library that every call reads: settings, callbacks, aliases.

    Those that put no more than texts into lists of which only these go are none of them.
    """
    others = (p for p, facts in index.by_path.items() if any(not fate.texts for fate in _variables(index, facts)))
    return sorted({*others, *_filling(index)})


def are_filled(index: Index) -> bool:
    """Whether some module puts more than texts into lists of which only these go, or hands one on."""
    return bool(_filling(index))


def _filling(index: Index) -> frozenset[str]:
    if "filling" not in index.shared:
        index.shared["filling"] = frozenset(p for p, facts in index.by_path.items() if _fills(index, facts))
    filling = index.shared["filling"]
    assert isinstance(filling, frozenset)
    return filling


def _fills(index: Index, facts: Facts) -> bool:
    names = {fate.name for fate in _variables(index, facts) if fate.texts}
    if not names:
        return False
    parsed = index.parsed(facts.path)
    if parsed is None:
        return True
    source, found = parsed
    uses = [(each, depth) for each in found.references if (depth := _depth(index, each))]
    emptied = _emptied(found)
    if not (uses or emptied) or _is_spelled(index, found, names, emptied):
        return True
    return not all(_is_harmless(*use, source.parents) for use in uses)


def _variables(index: Index, facts: Facts) -> Iterator[Fate]:
    """What becomes of the variables of the library that a module imports, spells in texts or reads off a module."""
    yield from filter(None, (_variable(index, dotted) for dotted in _used(index, facts)))


def _variable(index: Index, dotted: str) -> Fate | None:
    fate = index.names.fate(index.canonical(dotted))
    return fate if fate is not None and fate.variable and fate.name != "CustomLogger" else None


def _used(index: Index, facts: Facts) -> Iterator[str]:
    yield from facts.mentioned
    for name, targets in facts.bound.items():
        for target in filter(index.names.is_module, targets):
            yield from (f"{target}.{attribute}" for attribute in facts.reached.get(name, ()) if attribute)


def _depth(index: Index, reference: Reference) -> int:
    """How many parts of a reference name such a variable; 0 for another one."""
    dotted = target_of(reference.parts, reference.scope) or ""
    fate = _variable(index, dotted) if dotted else None
    if fate is None:
        return 0
    names = index.canonical(dotted).split(".")
    return len(reference.parts) - (len(names) - names.index(fate.name) - 1)


def _emptied(found: Outline) -> frozenset[int]:
    """Ids of the texts that name what `monkeypatch.setattr(litellm, "callbacks", [])` and `patch` put no items into."""
    putting = (call for call, _ in found.calls if callee_of(call) in _PUTTING)
    given = ([*call.args, *(k.value for k in call.keywords if k.arg == "new")] for call in putting)
    return frozenset(
        id(before)
        for each in given
        for before, value in pairwise(each)
        if isinstance(value, ast.List) and not value.elts
    )


def _is_spelled(index: Index, found: Outline, names: set[str], emptied: Collection[int]) -> bool:
    """Whether a text of a module names such a variable, for something that puts another in its place."""
    plain = (text.node for text in found.texts if text.role == "plain" and id(text.node) not in emptied)
    texts = (text_value(node) or "" for node in plain)
    return any(text in names or ("." in text and _variable(index, text)) for text in texts if " " not in text)


def _is_harmless(reference: Reference, depth: int, around: Mapping[int, ast.AST]) -> bool:
    """Whether a use of a list looks at it, takes from it, or puts nothing but texts into it."""
    node, rest = reference.nodes[-1], reference.parts[depth:]
    above = around.get(id(node))
    if rest:
        called = isinstance(above, ast.Call) and above.func is node
        only = isinstance(above, ast.Call) and all(map(_is_text, above.args)) and not above.keywords
        return called and (rest[0] in _TAKING or (rest[0] in _ADDING and only))
    match above:
        case ast.Assign(value=value) | ast.AugAssign(value=value) if value is not node:
            empty = isinstance(value, ast.Call) and parts_of(value.func) == ("list",) and not value.args
            return empty or (isinstance(value, ast.List) and _is_text(value))
        case ast.Compare() | ast.Delete() | ast.For() | ast.FormattedValue():
            return True
        case ast.Call():
            return above.func is not node and parts_of(above.func)[-1:] != () and parts_of(above.func)[-1] in _LOOKING
    return False


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(_is_text, node.elts))
    return text_value(node) is not None or (isinstance(node, ast.Constant) and isinstance(node.value, int))
