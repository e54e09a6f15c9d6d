"""Which calls of a script ask a server for something."""

from __future__ import annotations

import re

from ast_grep_py import SgNode

from migrator.javascript.source import Script
from migrator.primitives.client import Client

_REQUEST = re.compile(r"fetch|axios|request|\bgot\b|\bky\b|\.(?:get|post|put|patch|delete)$", re.IGNORECASE)


def makes_request(function: SgNode) -> bool:
    """Whether a function that is called asks a server for something, by what it is called."""
    return _REQUEST.search(function.text()) is not None


def asks(node: SgNode) -> bool:
    """Whether what a name stands for is an answer, or makes a request itself."""
    calls = node.find_all(kind="call_expression")
    made = ((c, f) for c in calls if (f := c.field("function")))
    return any(makes_request(f) and not f.text().endswith((".create", ".extend")) for _, f in made)


def is_requested(script: Script, node: SgNode, client: Client) -> bool:
    """Whether a text is what a request is made to: by its function's name, headers beside it, or what that does."""
    arguments = node.parent()
    call = arguments.parent() if arguments and arguments.kind() == "arguments" else None
    function = call.field("function") if call else None
    if arguments is None or function is None:
        return False
    own = script.scopes.resolve(function) if function.kind() == "identifier" else None
    return makes_request(function) or client.prefix in arguments.text().lower() or (own is not None and asks(own.node))
