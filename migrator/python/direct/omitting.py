"""Values that may be None, which LiteLLM leaves out of a request: what stands for them in a call of the SDK."""

from __future__ import annotations

import ast

from migrator.python.direct.request import NotKnownError, Omit, Request
from migrator.python.direct.values import Values
from migrator.python.reading.expressions import is_none, parts_of

_MOST_IN_A_LINE = 2  # with more of them a line reads worse than a call of the client module's function


def leave_out(made: Request, value: ast.expr, called: str, values: Values) -> bool:
    """Note in `made` what stands for the argument `called` where it is None; whether it is known to be left out."""
    if values.is_given(value):
        return True
    instead = _left_out(value, values)
    if instead is None or sum(each.value.lineno == instead.lineno for each in made.omits) == _MOST_IN_A_LINE:
        return False
    made.omits.append(Omit(instead, "not_given" if called == "timeout" else "omit"))
    return True


def leave_out_unless(made: Request, stream: ast.expr, value: ast.expr | None = None) -> None:
    """Note in `made` that `stream` is left out where it is false, or that the options `value` of a stream are then.

    Raises NotKnownError where that cannot be written.
    """
    if value is None:
        if not isinstance(stream, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Compare | ast.BoolOp):
            raise NotKnownError("stream: only run time knows whether it is set")
        made.omits.append(Omit(stream, asks=True))
    elif isinstance(value, ast.IfExp) and ast.dump(value.test) == ast.dump(stream) and is_none(value.orelse):
        made.omits.append(Omit(value.orelse))
    elif isinstance(value, ast.Dict) and parts_of(stream):
        made.omits.append(Omit(value, test=stream))
    else:
        raise NotKnownError("stream_options: only run time knows whether it goes with stream=True")


def _left_out(value: ast.expr, values: Values) -> ast.expr | None:
    """What of a value gives way where it is None: a name as a whole, the None of a choice; None where it cannot."""
    match value:
        case ast.Name() | ast.Attribute() if parts_of(value):
            return None if values.imported(value) else value
        case ast.IfExp(body=given, orelse=ast.Constant(value=None) as none):
            return none if values.is_given_where(value.test, given) else None
        case ast.IfExp(body=ast.Constant(value=None) as none, orelse=given) if values.is_given(given):
            return none
        case ast.BoolOp(op=ast.Or(), values=[*_, ast.Constant(value=None) as none]):
            return none
    return None
