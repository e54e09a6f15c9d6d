"""Whether a text means a model: by what the code around it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.providers import says_model
from migrator.python.reading.expressions import text_value
from migrator.python.reading.scopes import defaults


def means_model(parents: dict[int, ast.AST], node: ast.AST) -> bool:
    """Whether what a text is in is called a model, or a function that returns it is: the nearest that speaks of any."""
    above, returned = parents.get(id(node)), False
    while above is not None and not isinstance(above, ast.ClassDef | ast.Module):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            return returned and says_model(above.name)
        returned |= isinstance(above, ast.Return)
        if named := [name for name in _names(above, node) if "model" in name.lower()]:
            return any(map(says_model, named))
        node, above = above, parents.get(id(above))
    return False


def _names(above: ast.AST, node: ast.AST) -> Iterator[str]:
    """What `above` calls the part `node` of it."""
    match above:
        case ast.keyword():
            yield above.arg or ""
        case ast.Assign():
            yield from (_last(target) for target in above.targets)
        case ast.AnnAssign() | ast.NamedExpr():
            yield _last(above.target)
        case ast.Dict():
            yield from (text_value(k) or "" for k, v in zip(above.keys, above.values, strict=True) if v is node and k)
        case ast.arguments():
            yield from (arg.arg for arg, default in defaults(above) if default is node)
        case ast.Compare():
            yield from (_last(each) for each in (above.left, *above.comparators))
        case ast.Call() if len(above.args) > 1 and node is above.args[-1]:
            yield text_value(above.args[0]) or ""


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return text_value(node.slice) or _last(node.value)
    return ""
