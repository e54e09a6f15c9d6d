"""Values that may be None, which LiteLLM leaves out of a request: what stands for them in a call of the SDK."""

from __future__ import annotations

import ast

from migrator.python.direct.request import Request
from migrator.python.direct.values import Values

_MOST_IN_A_LINE = 2  # with more of them a line reads worse than a call of the client module's function


def leave_out(made: Request, value: ast.expr, called: str, values: Values) -> bool:
    """Note in `made` what stands for the argument `called` where it is None; whether it is known to be left out."""
    if values.is_given(value):
        return True
    instead = _left_out(value, values)
    if instead is None or sum(each.lineno == instead.lineno for each, _ in made.omits) == _MOST_IN_A_LINE:
        return False
    made.omits.append((instead, "not_given" if called == "timeout" else "omit"))
    return True


def _left_out(value: ast.expr, values: Values) -> ast.expr | None:
    """What of a value gives way where it is None: a name as a whole, the None of a choice; None where it cannot."""
    match value:
        case ast.Name() | ast.Attribute(value=ast.Name()):
            return None if values.imported(value) else value
        case ast.IfExp(body=given, orelse=ast.Constant(value=None) as none):
            return none if values.is_given_where(value.test, given) else None
        case ast.IfExp(body=ast.Constant(value=None) as none, orelse=given) if values.is_given(given):
            return none
        case ast.BoolOp(op=ast.Or(), values=[*_, ast.Constant(value=None) as none]):
            return none
    return None
