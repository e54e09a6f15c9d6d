"""What stands for a config, or for another option that is data: a dict, JSON, or a variable that holds one."""

from __future__ import annotations

import ast
import json

from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.sdk.pieces import COMPUTED, together


def meant(value: ast.expr) -> ast.expr:
    """What JSON stands for, as a text or as what `json.dumps` or `str` makes one of; any other expression as it is."""
    if isinstance(value, ast.Call) and parts_of(value.func)[-1:] in (("dumps",), ("str",)):
        given = [*value.args, *(keyword.value for keyword in value.keywords if keyword.arg in ("obj", "object"))]
        return given[0] if given else value
    try:
        told = json.loads(text_value(value) or "")
    except ValueError:
        return value
    spelled = ast.parse(repr(told), mode="eval").body
    for node in ast.walk(spelled):
        if isinstance(node, ast.expr):
            del node.lineno
    return spelled


def is_text(value: ast.expr, module: Module) -> bool:
    """Whether an option that is data is a text, or `str` of what is one: it stands for no dict that is written down."""
    told = meant(value)
    if isinstance(value, ast.Call) and parts_of(value.func) == ("str",):
        if not isinstance(told, ast.Name | ast.Attribute):
            return not _is_dict(told)
        return _says_text(told, module) or not all(map(_is_dict, module.laid_out.values(told)))
    return together(told) != COMPUTED or isinstance(told, ast.List)


def _is_dict(value: ast.expr) -> bool:
    return isinstance(value, ast.Dict) or (isinstance(value, ast.Call) and parts_of(value.func) == ("dict",))


def _says_text(value: ast.expr, module: Module) -> bool:
    """Whether a name is a parameter of the function around it that is said to be a text."""
    function = module.source.function(value)
    args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs] if function else []
    said = (arg.annotation for arg in args if parts_of(value) == (arg.arg,))
    return any(isinstance(each, ast.Name) and each.id == "str" for each in said)


def flag(value: ast.expr) -> ast.expr:
    """What says whether a header is set that is "true" or "false": of `str(x).lower()` it is x.

    A text that is not written down is compared with "true", by an expression without a place.
    """
    lower = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "lower"
    inner = value.func.value if lower else value  # type: ignore[attr-defined]
    if (told := meant(inner)) is not inner or isinstance(inner, ast.Constant):
        return told
    match inner:
        case ast.JoinedStr(values=[ast.FormattedValue(value=told)]):
            return told
        case ast.IfExp(test=test, body=body, orelse=orelse):
            either = [getattr(meant(each), "value", None) for each in (body, orelse)]
            if either == [True, False]:
                return test
            if either == [False, True]:
                return ast.UnaryOp(op=ast.Not(), operand=test)
    return ast.Compare(left=value, ops=[ast.Eq()], comparators=[ast.Constant(value="true")])


def laid_out(value: ast.expr, module: Module) -> ast.expr:
    """The dict that a value is, where the module writes it down once and puts nothing into it; else the value."""
    value = meant(value)
    if not isinstance(value, ast.Name):
        return value
    laid = module.laid_out
    held = laid.values(value)
    if len(held) != 1 or not isinstance(held[0], ast.Dict):
        return value
    whole = len(list(laid.items(value))) == len(held[0].keys)
    return held[0] if whole and all(each.within is held[0] for each in laid.items(value)) else value
