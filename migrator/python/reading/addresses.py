"""What a module has of URLs, for the others: names that are assigned one, and attributes that are asked for paths."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import Outline

ASKING = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "ws_connect")
"""The functions of sessions, and of their libraries, that ask for a URL."""


def urls(found: Outline) -> dict[str, str]:
    """The names at module level that are assigned a URL, what has one for a default, or what begins with one."""
    known = dict[str, str]()
    for statement in getattr(found.scope.node, "body", ()):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            url = _url(statement.value, known)
            known |= {target.id: url for target in targets if url and isinstance(target, ast.Name)}
    return known


def _url(value: ast.expr, known: dict[str, str]) -> str:
    match value:
        case ast.JoinedStr(values=[ast.FormattedValue(value=ast.Name(id=base)), ast.Constant(value=str() as path)]):
            return known[base] + path if base in known else ""
        case ast.BinOp(left=ast.Name(id=base), op=ast.Add(), right=ast.Constant(value=str() as path)):
            return known[base] + path if base in known else ""
    texts = (text_value(node) or "" for node in ast.walk(value))
    return next((text for text in texts if re.match(r"https?://", text)), "")


def asked(found: Outline) -> Iterator[str]:
    """The attributes of other things than a `self` that are asked for something: `_http` in `admin._http.get(…)`."""
    for reference in found.references:
        parts = reference.parts
        if len(parts) > 2 and parts[-1] in ASKING and (len(parts) > 3 or parts[0] not in ("self", "cls")):
            yield parts[-2]
