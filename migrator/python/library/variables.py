"""Environment variables that a library read by itself, where code sets them, takes them out or asks for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.primitives.library import Variable
from migrator.python.module import Module
from migrator.python.reading.expressions import ENVIRONMENT, GETTERS, callee_of, parts_of, text_value
from migrator.python.reading.outline import Text
from migrator.tree.aside import is_test

_SETTERS = {"setdefault", "setenv", "putenv", "delenv", "unsetenv"}
_OF_ITEMS = {"setitem", "delitem"}  # of pytest's monkeypatch: they are given the environment
_CONDITION = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.NamedExpr)


def is_left(module: Module, text: Text, name: str, rule: Variable) -> bool:
    """Whether nobody may read a variable any more.

    One of another name than the library's has to be set here. A provider's has to be set, or be kept or tested, beside
    the library: what is given to a call is that call's, and what a test sets may be for other code.
    """
    if not rule.check:
        return False
    if rule.is_librarys(name):
        return True
    if rule.templates and (not module.index.uses_old(module.facts) or _is_for_others(module, name)):
        return False
    for node in (text.node, *_looped(module, text.node)):
        parent = module.source.parents.get(id(node))
        if _sets(module, node, parent) or (rule.templates and _asks(parent) and _is_kept_or_tested(module, parent)):
            return True
    return False


def _is_for_others(module: Module, name: str) -> bool:
    """Whether a test sets a variable that code of the project names which has nothing to do with the library."""
    if not is_test(module.facts.path):
        return False
    naming = (facts for facts in module.index.by_path.values() if name in facts.constants and not is_test(facts.path))
    return any(not module.index.uses_old(facts) for facts in naming)


def by_keywords(module: Module) -> Iterator[tuple[ast.keyword, Variable]]:
    """The variables that calls set by keywords, `os.environ.update(NAME=…)` say, each with its rule."""
    for call, _ in module.found.calls:
        for keyword in call.keywords:
            rule = module.names.variable(keyword.arg) if keyword.arg and keyword.arg.isupper() else None
            if rule and rule.check and _is_of_environment(call):
                yield keyword, rule


def _looped(module: Module, node: ast.expr) -> Iterator[ast.Name]:
    """The names that stand for one of several texts in a loop over these."""
    listed = module.source.parents.get(id(node))
    loop = module.source.parents.get(id(listed)) if isinstance(listed, ast.Tuple | ast.List | ast.Set) else None
    if isinstance(loop, ast.For) and loop.iter is listed and isinstance(loop.target, ast.Name):
        names = (each for statement in loop.body for each in ast.walk(statement) if isinstance(each, ast.Name))
        yield from (name for name in names if name.id == loop.target.id)


def _sets(module: Module, node: ast.expr, parent: ast.AST | None) -> bool:
    """Whether a variable is set or taken out by what stands around its name."""
    match parent:
        case ast.Call(func=ast.Attribute(attr=method, value=of)):
            given = (parts_of(each) in ENVIRONMENT for each in parent.args)
            taken = method == "pop" and parts_of(of) in ENVIRONMENT
            return method in _SETTERS or taken or (method in _OF_ITEMS and any(given))
        case ast.Subscript():
            return isinstance(parent.ctx, ast.Store)
        case ast.Dict():
            return node in parent.keys and _joins_environment(parent, module.source.parents.get(id(parent)))
    return False


def _joins_environment(node: ast.Dict, parent: ast.AST | None) -> bool:
    """Whether a dictionary becomes a part of the environment, or of a copy of it."""
    if any(key is None and parts_of(value) in ENVIRONMENT for key, value in zip(node.keys, node.values, strict=True)):
        return True
    match parent:
        case ast.Call():
            return _is_of_environment(parent)
        case ast.BinOp():
            return parts_of(parent.left) in ENVIRONMENT
        case ast.AugAssign():
            return parts_of(parent.target) in ENVIRONMENT
    return False


def _is_of_environment(call: ast.Call) -> bool:
    """Whether a call puts into the environment or a copy of it: `os.environ.update`, `patch.dict`, `dict`."""
    if callee_of(call) == "dict" and call.args:
        return parts_of(call.args[0]) in ENVIRONMENT or text_value(call.args[0]) == "os.environ"
    return callee_of(call) == "update" and parts_of(call.func)[:-1] in ENVIRONMENT


def _asks(parent: ast.AST | None) -> bool:
    match parent:
        case ast.Call():
            return parts_of(parent.func) in GETTERS
        case ast.Subscript():
            return parts_of(parent.value) in ENVIRONMENT
        case ast.Compare():
            return any(parts_of(each) in ENVIRONMENT for each in parent.comparators)
    return False


def _is_kept_or_tested(module: Module, node: ast.AST | None) -> bool:
    above = module.source.parents.get(id(node))
    while isinstance(above, _CONDITION):
        above = module.source.parents.get(id(above))
    return isinstance(above, ast.stmt)
