"""Texts that name attributes of objects: `getattr(settings, "KEY")` reads no variable, be it called so too."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value

_NAMED_ATTRIBUTE_CALLS = {"getattr", "hasattr", "setattr", "delattr", "object", "delitem"}  # patch.object, monkeypatch
_NAMED_ITEM_CALLS = {"dict", "setitem"}  # patch.dict(x.__dict__, {…}), monkeypatch.setitem(vars(x), …)
_NAMES = ".__dict__"
_OF_VARIABLES = {"environ", "secrets"}  # what has variables as its attributes or its items
_Loop = ast.For | ast.AsyncFor | ast.comprehension


def naming(call: ast.Call) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a call names attributes of, and each of the texts that does."""
    given = [*call.args[:2], *(k.value for name in ("target", "attribute") for k in call.keywords if k.arg == name)]
    if len(given) < 2:
        return
    first, second = given[:2]
    if callee_of(call) in _NAMED_ATTRIBUTE_CALLS:
        yield first, second
    elif callee_of(call) in _NAMED_ITEM_CALLS and (of := whose(first)):
        yield from ((of, key) for key in (second.keys if isinstance(second, ast.Dict) else [second]) if key)


def whose(node: ast.expr) -> ast.expr | None:
    """What `x.__dict__` and `vars(x)` have the attributes of; the text itself of `"a.x.__dict__"`."""
    match node:
        case ast.Attribute(attr="__dict__", value=of) | ast.Call(func=ast.Name(id="vars"), args=[of]):
            return of
        case ast.Constant(value=str(text)) if text.endswith(_NAMES):
            return node
    return None


def owned_by(text: str) -> str:
    """What the text `"a.x.__dict__"` has the attributes of; "" for any other."""
    return text.removesuffix(_NAMES) if text.endswith(_NAMES) else ""


def variables_kept(module: Module) -> Iterator[int]:
    """The texts, by id, that are spelled like a variable which goes or is renamed, and name an attribute instead."""
    if not any(_is_variable(module, constant) for constant in module.facts.constants):
        return
    for call, _ in module.found.calls:
        for of, node in naming(call):
            if callee_of(call) != "delitem" and not _has_variables(of):
                yield from (id(text) for text in _texts(module, node) if _is_variable(module, text_value(text) or ""))
    for lookup, _ in module.found.lookups:
        if isinstance(lookup, ast.Subscript) and whose(lookup.value):
            yield from (id(text) for text in [lookup.slice] if _is_variable(module, text_value(text) or ""))


def _is_variable(module: Module, text: str) -> bool:
    return module.names.env(text) is not None or module.names.env_gone(text) is not None


def _has_variables(node: ast.expr) -> bool:
    return (parts_of(node) or ("",))[-1] in _OF_VARIABLES


def _texts(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    """The texts that an expression may be: itself, or each that a loop over them makes of its variable."""
    if text_value(node) is not None:
        yield node
    elif isinstance(node, ast.Name) and (loop := _loop(module, node)):
        items = _items(module, loop.iter)
        if isinstance(loop.target, ast.Tuple):
            place = [isinstance(each, ast.Name) and each.id == node.id for each in loop.target.elts].index(True)
            rows = (each.elts for each in items if isinstance(each, ast.Tuple | ast.List))
            items = [row[place] for row in rows if place < len(row)]
        yield from (each for each in items if text_value(each) is not None)


def _loop(module: Module, name: ast.Name) -> _Loop | None:
    """The innermost loop around a name that it is the variable of, or one of its variables."""
    for node in module.source.above(name):
        loops = [node] if isinstance(node, ast.For | ast.AsyncFor) else getattr(node, "generators", [])
        for loop in loops:
            targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
            if any(isinstance(each, ast.Name) and each.id == name.id for each in targets):
                return loop
    return None


def _items(module: Module, over: ast.expr) -> list[ast.expr]:
    """What is gone through, as far as it is laid out here: in the loop itself, or where its name is assigned to."""
    match over:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return items
        case ast.Dict(keys=keys):
            return [key for key in keys if key]
        case ast.Call(func=ast.Attribute(attr="items", value=of), args=[]):
            pairs = (each for each in _laid_out(module, of) if isinstance(each, ast.Dict))
            return [ast.Tuple([k, v]) for each in pairs for k, v in zip(each.keys, each.values, strict=True) if k]
        case ast.Call(func=ast.Attribute(attr="keys", value=of), args=[]):
            return [item for each in _laid_out(module, of) for item in _items(module, each)]
        case ast.Name() | ast.Attribute():
            return [item for each in _laid_out(module, over) for item in _items(module, each)]
    return []


def _laid_out(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    """The lists and the like that a name, or an attribute called so, is assigned in this module."""
    if isinstance(node, ast.Dict):
        yield node
        return
    last = parts_of(node)[-1:]
    for each in module.source.nodes:
        if isinstance(each, ast.Assign | ast.AnnAssign) and last:
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            laid_out = isinstance(each.value, ast.List | ast.Tuple | ast.Set | ast.Dict)
            if each.value and laid_out and any(parts_of(target)[-1:] == last for target in targets):
                yield each.value
