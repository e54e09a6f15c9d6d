"""What a call makes where it makes a client of an SDK that is left, or one of another SDK that speaks through it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrator.fates.library import Fate
from migrator.patterns import under
from migrator.python.answers.values import OTHER, STRAIGHT, Is, Values
from migrator.python.reading.expressions import is_none, parts_of, root_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.options import Options, spelled
from migrator.python.sdk.plain import is_plain
from migrator.python.sdk.spread import spread_of
from migrator.python.sdk.staying import call_stays

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace
    from migrator.python.answers.view import View

CLIENT, THROUGH, COPIES = "client", "through", ("with_options", "copy")
CLIENTS = (CLIENT, THROUGH)  # of the SDK that is left, and of the new one at the address so far


def made(trace: Trace, at: View, node: ast.Call, callees: Values) -> Values | None:
    """The client that a call makes, with the provider that its options name; None for any other call."""
    rules = at.module.names.rules
    if not rules.moving_clients:
        return None
    client = rules.moving_clients[0]
    if node.args and _dotted(at, node.func) in client.patches:
        given = trace.value(at, node.args[0])
        return (
            frozenset(Is(THROUGH, of=v.of, route=v.route) for v in given if isinstance(v, Is) and v.shape in CLIENTS)
            or None
        )
    options = Options(at.module, client, ast.unparse)
    parts = parts_of(node.func)
    if parts[-1:] and parts[-1] in COPIES:
        copied = [v for callee in callees for v in getattr(callee, "result", ()) if isinstance(v, Is)]
        if copied and all(v.shape == THROUGH for v in copied):
            return frozenset(copied)
        if copied and is_plain(rules, node.keywords, routes=True):
            told = options.convert([(k.arg or "", k.value) for k in node.keywords])
            return frozenset(Is(v.shape, of=told.provider or v.of, route=told.route or v.route) for v in copied)
        return None
    if _last(_fate(at, node.func), client.id) in client.classes:
        spread = spread_of(node, at.scopes.get(id(root_of(node.func)), at.module.found.scope))
        if call_stays(rules, at.module.facts, node, spread):
            return OTHER
        told = options.convert([(k.arg or "", k.value) for k in (spread.keywords if spread else node.keywords)])
        return frozenset({Is(CLIENT, of=told.provider, route=told.route)})
    dotted = _dotted(at, node.func)
    if dotted.rpartition(".")[2] not in client.classes.values():
        return None
    return _through(at, node, options) or (STRAIGHT if under(dotted, client.to) and _goes_straight(node) else None)


def _goes_straight(node: ast.Call) -> bool:
    """Whether a client of the new SDK, which does not go through the old gateway, is seen to go to a provider."""
    base = [k.value for k in node.keywords if k.arg == "base_url"]
    seen = all(k.arg not in (None, "default_headers") for k in node.keywords)
    return seen and all(text_value(each) or is_none(each) for each in base)


def _through(at: View, node: ast.Call, options: Options) -> Values | None:
    """A client of the new SDK that is given the headers of the old one, or its address."""
    rules, client = options.rules, options.client
    its: Values | None = None
    for keyword in node.keywords:
        inner = keyword.value
        if isinstance(inner, ast.Call) and _last(_fate(at, inner.func), client.id) in client.headers:
            if inner.args or not is_plain(rules, inner.keywords, routes=True):
                return None
            told = options.convert([(k.arg or "", k.value) for k in inner.keywords])
            return frozenset({Is(THROUGH, of=told.provider, route=told.route)})
        if isinstance(inner, ast.Dict) and (own := [*spelled(client, inner).values()]):
            provider = options.convert([(n, v) for n, v in own if n in ("virtual_key", "provider")]).provider
            return frozenset({Is(THROUGH, of=provider)})
        old = (text_value(inner) or "").rstrip("/") in client.addresses
        if keyword.arg == "base_url" and (old or _last(_fate(at, inner), client.id) in client.address):
            its = frozenset({Is(THROUGH)})
    return its


def _dotted(at: View, func: ast.expr) -> str:
    """The full name of what is called; "" where nothing tells it."""
    parts = parts_of(func)
    scope: Scope | None = at.scopes.get(id(root_of(func)))
    dotted = at.module.dotted(parts, scope) if parts and scope else None
    return at.module.index.canonical(dotted) if dotted else ""


def _fate(at: View, func: ast.expr) -> tuple[str, Fate] | None:
    canon = _dotted(at, func)
    fate = at.module.names.fate(canon) if canon else None
    return (canon, fate) if fate else None


def _last(found: tuple[str, Fate] | None, rule: str) -> str:
    return found[0].rpartition(".")[2] if found and found[1].rule == rule else ""
