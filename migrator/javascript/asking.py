"""Which calls of a script ask a server for something."""

from __future__ import annotations

import re

from ast_grep_py import SgNode

_REQUEST = re.compile(r"fetch|axios|request|\bgot\b|\bky\b|\.(?:get|post|put|patch|delete)$", re.IGNORECASE)


def makes_request(function: SgNode) -> bool:
    """Whether a function that is called asks a server for something, by what it is called."""
    return _REQUEST.search(function.text()) is not None


def asks(node: SgNode) -> bool:
    """Whether what a name stands for is an answer, or makes a request itself."""
    calls = node.find_all(kind="call_expression")
    made = ((c, f) for c in calls if (f := c.field("function")))
    return any(makes_request(f) and not f.text().endswith((".create", ".extend")) for _, f in made)
