"""Environment variables that a library read by itself, where code sets them or asks for them."""

from __future__ import annotations

import ast

from migrator.primitives.library import Variable
from migrator.python.module import Module
from migrator.python.reading.expressions import ENVIRONMENT, GETTERS, parts_of
from migrator.python.reading.outline import Text

_SETTERS = {"setdefault", "setenv", "putenv"}
_CONDITION = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.NamedExpr)


def is_left(module: Module, text: Text, name: str, rule: Variable) -> bool:
    """Whether nobody may read a variable any more.

    One of another name than the library's has to be set here. A provider's has to be set, or be kept or tested, beside
    the library: what is given to a call is that call's.
    """
    if not rule.check:
        return False
    if rule.is_librarys(name):
        return True
    parent = module.source.parents.get(id(text.node))
    if rule.templates and not module.index.uses_old(module.facts):
        return False
    return _sets(parent) or (rule.templates and _asks(parent) and _is_kept_or_tested(module, parent))


def _sets(parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Attribute) and parent.func.attr in _SETTERS
    return isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)


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
