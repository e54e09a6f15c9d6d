"""Whose key a bearer token is among headers of the gateway that is left: its own, or that of a provider."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from migrator.fates.providers import BESIDE_ANOTHERS, named
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, outcomes, parts_of, text_value
from migrator.python.reading.outline import Variable
from migrator.python.sdk.order import Order, Put
from migrator.python.sdk.urls import Urls
from migrator.python.sdk.writer import Writer

Headers = ast.Dict | ast.Call
"""A dict, or `dict(…)` and `headers.update(…)` where names of headers are arguments."""
_BEARER = "Authorization"
_DEEP = 5  # names that lead to one another, in one module or several


class Header(NamedTuple):
    """A header that is written down."""

    spelled: str
    value: ast.expr

    @property
    def name(self) -> str:
        return self.spelled.lower()


_Wanted = Callable[[Header], bool]


@dataclass(frozen=True, slots=True)
class _Query:
    """A header that is wanted, `always` or at times; what is known of the expressions that have been looked at."""

    wanted: _Wanted
    always: bool
    known: dict[int, bool] = field(default_factory=dict)


class Beside:
    """What the headers in one module are sent with."""

    def __init__(self, urls: Urls) -> None:
        self.urls, self.module, self.client = urls, urls.module, urls.client
        self.values, self.variables = urls.values, urls.variables

    def is_anothers(self, key: ast.expr, headers: Headers) -> bool:
        """Whether a bearer token may be the key of a provider: its name says so, or what it is sent with does.

        What is spread into headers of the old gateway and is not in sight may hold anything; what they are put into is
        looked at as far as it is in sight.
        """
        own, beside = any(map(self._is_old, self._own(headers))), [*self._beside(headers)]
        if self._is_ours(key) or not (own or any(self._has(self._is_old, each) for each in beside)):
            return False
        telling = any(self._has(self._is_telling, each) for each in (headers, *beside))
        return telling or self._is_providers(key) or (own and self._is_open(headers))

    def is_overlaid(self, headers: Headers) -> bool:
        """Whether the key of a provider, which stands elsewhere, is spread into headers with others that say so."""
        parts = self._parts(headers) or []
        told = [each for each in parts if self._has(self._is_telling, each)]
        keyed = max((at for at, each in enumerate(parts) if self._has(self._is_key, each, always=True)), default=-1)
        others = (each for each in parts[keyed + 1 :] if each not in told and not isinstance(each, ast.Dict))
        return bool(told) and any(self._has(self._is_theirs, each) for each in others)

    def is_doubled(self, headers: Headers) -> bool:
        """Whether the key of a provider is spread into such headers by a name that the gateway's own does not replace.

        Both would be sent.
        """
        parts = self._parts(headers) or []
        told = any(self._has(self._is_telling, each) for each in parts)
        return told and any(self._has(lambda h: self._is_theirs(h) and h.spelled != _BEARER, each) for each in parts)

    def has_only_own(self, headers: Headers) -> bool:
        """Whether the key of the old gateway is nowhere that of somebody else, by its name."""
        return not self._has(lambda header: self._is_key(header) and not self._is_ours(header.value), headers)

    def is_put(self, key: ast.expr, holder: ast.expr) -> bool:
        """Whether a bearer token that is put into headers may be the key of a provider, by what else they hold."""
        telling = self._has(self._is_telling, holder) or (self._is_providers(key) and self._has(self._is_old, holder))
        return telling and not self._is_ours(key)

    def is_sure(self, headers: Headers) -> bool:
        """Whether headers are surely of the old gateway, or sent with such."""
        return any(self._has(self._is_old, each, always=True) for each in (headers, *self._beside(headers, sure=True)))

    def has_key(self, *headers: ast.expr) -> bool:
        """Whether one of these headers is surely sent with the key of the old gateway."""
        return any(self._has(self._is_key, each, always=True) for each in headers)

    def is_keyed(self, headers: Headers) -> bool:
        """Whether what headers are sent with has the key of the old gateway already."""
        return self.has_key(*self._beside(headers, sure=True))

    def _is_old(self, header: Header) -> bool:
        return header.name.startswith(self.client.prefix)

    def _is_key(self, header: Header) -> bool:
        return header.name == f"{self.client.prefix}api-key"

    def _is_theirs(self, header: Header) -> bool:
        return header.name == "authorization" and not self._is_ours(header.value)

    def _is_telling(self, header: Header) -> bool:
        """Whether a header says that a bearer token beside it is that of a provider."""
        bare = header.name.removeprefix(self.client.prefix).replace("-", "_")
        return self._is_old(header) and bare in {*BESIDE_ANOTHERS, "api_key"}

    def _is_ours(self, key: ast.expr) -> bool:
        """Whether a key is called after the gateway that is left, or what it is given is: it is the one that stays."""
        inner = {id(n.value) for n in ast.walk(key) if isinstance(n, ast.Attribute | ast.Subscript)}
        names = (n for n in ast.walk(key) if isinstance(n, ast.Name | ast.Attribute) and id(n) not in inner)
        values = (value for name in names for value in self.variables.values(name))
        return any(self.client.name in ast.unparse(each).lower() for each in (key, *values))

    def _is_providers(self, key: ast.expr) -> bool:
        """Whether a key is called after a provider: `os.environ["OPENAI_API_KEY"]`."""
        words = (getattr(n, "id", "") or getattr(n, "attr", "") or text_value(n) or "" for n in ast.walk(key))
        return any(named(word, self.client) not in ("", self.client.itself) for word in words)

    # ------------------------------------------------------------------------------------- what headers are made of

    def _has(self, wanted: _Wanted, node: ast.expr, *, always: bool = False) -> bool:
        """Whether headers may have one that is wanted as far as they are in sight, or `always` have it."""
        return self._had(_Query(wanted, always), node)

    def _had(self, query: _Query, node: ast.expr) -> bool:
        if id(node) not in query.known:
            query.known[id(node)] = False  # there before it is worked out: it may be made of itself
            query.known[id(node)] = self._is_had(query, node)
        return query.known[id(node)]

    def _is_had(self, query: _Query, node: ast.expr) -> bool:
        if any(self._had(query, each.headers) for each in self._put_into(node, node if query.always else None)):
            return True
        found = [
            value is not None
            and (any(map(query.wanted, at._own(value))) or any(at._had(query, part) for part in at._parts(value) or ()))
            for at, value in self._values(node)
        ]
        return bool(found) and (all(found) if query.always else any(found))

    def _is_open(self, headers: ast.expr) -> bool:
        """Whether something that headers are made of is not in sight."""
        values = (each for part in self._parts(headers) or () for each in self._values(part))
        return any(value is None or at._parts(value) is None or at._is_open(value) for at, value in values)

    def _values(self, node: ast.expr, depth: int = 0) -> Iterator[tuple[Beside, ast.expr | None]]:
        """What an expression may be, and where that is written; None for what is not in sight."""
        for each in filter(None, outcomes(node)):
            held = [*self.variables.values(each), *self.values.given(each)] if depth < _DEEP else []
            away = [*self._elsewhere(each)] if depth < _DEEP and not held else []
            for at, value in [*((self, value) for value in held), *away]:
                yield from at._values(value, depth + 1) if value else [(at, value)]
            yield from () if held or away else ((self, value) for value in self.values.of(each))

    def _elsewhere(self, node: ast.expr) -> Iterator[tuple[Beside, ast.expr]]:
        """What another module of the project gives a name, or returns from a function."""
        called = node.func if isinstance(node, ast.Call) else node
        parts, scope, index = parts_of(called), self.module.found.scope_of(called), self.module.index
        known = index.canonical(self.module.dotted(parts, scope) or "") if parts and scope else ""
        facts = index.by_name.get(index.module_of(known))
        parsed = index.parsed(facts.path) if facts and facts.path != self.module.facts.path else None
        if facts is None or parsed is None:
            return
        others = index.shared.setdefault(Beside, {})
        assert isinstance(others, dict)
        if facts.path not in others:
            others[facts.path] = Beside(Urls(Writer(Module(*parsed, facts, index))))
        other: Beside = others[facts.path]
        name = known[len(index.module_of(known)) + 1 :]
        if isinstance(node, ast.Call):
            found = other.values.returned
            yield from ((other, value) for function, value in found if value and function.name == name)
            return
        for target, value in other.variables.assignments:
            variable = other.variables.of(target)
            if variable and variable.name == name and isinstance(variable.holder.node, ast.Module):
                yield other, value

    def _own(self, node: ast.expr) -> list[Header]:
        """The headers that an expression says itself."""
        match node:
            case ast.Dict():
                pairs = zip(node.keys, node.values, strict=True)
                return [Header(name, value) for key, value in pairs if (name := text_value(key))]
            case ast.Call() if self._makes(node):
                return [Header(f"{self.client.prefix}{name}", node) for name in ("api-key", "provider")]
            case ast.Call() if is_merged(node):
                return [Header(each.arg, each.value) for each in node.keywords if each.arg]
        return []

    def _parts(self, node: ast.expr) -> list[ast.expr] | None:
        """What headers are made of that are spread, joined or copied; None where that is not in sight."""
        match node:
            case ast.Dict():
                return [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
            case ast.BinOp(op=ast.BitOr()):
                return [node.left, node.right]
            case ast.Call(func=ast.Attribute(value=copied, attr="copy"), args=[]):
                return [copied]
            case ast.Call(args=[copied]) if callee_of(node) in ("copy", "deepcopy"):
                return [copied]
            case ast.Call() if self._makes(node):
                return []
            case ast.Call() if is_merged(node):
                return [*node.args[:1], *(each.value for each in node.keywords if each.arg is None)]
        return None

    def _makes(self, call: ast.Call) -> bool:
        """Whether the SDK makes headers there."""
        scope = self.module.found.scope_of(call.func)
        return scope is not None and self.urls.writer.name(call.func, scope) in self.client.headers

    # --------------------------------------------------------------------------------- what headers are put together

    def _beside(self, headers: Headers, *, sure: bool = False) -> Iterator[ast.expr]:
        """What headers are made of, and what they are put into, or together with; if it is to be `sure`, always."""
        yield from self._parts(headers) or ()
        yield from self._joined(headers, sure=sure)

    def _joined(self, node: ast.expr, *, sure: bool) -> Iterator[ast.expr]:
        above = self.module.source.parents.get(id(node))
        match node:
            case ast.Call(func=ast.Attribute(value=holder, attr="update")):
                yield holder
        match above:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                if self.variables.value(target) is node:
                    yield from (each.headers for each in self._put_into(target, node if sure else None))
            case ast.AugAssign(target=target, op=ast.BitOr()):
                yield target
            case ast.Call(func=ast.Attribute(value=holder, attr="update")):
                yield holder
            case ast.BinOp(op=ast.BitOr()):
                yield above.right if above.left is node else above.left
                yield from self._joined(above, sure=sure)
            case ast.keyword(arg=None):
                call = self.module.source.parents.get(id(above))
                if isinstance(call, ast.Call) and is_merged(call):
                    yield from (call, *self._joined(call, sure=sure))
            case ast.Call() if is_merged(above):
                yield from (above, *self._joined(above, sure=sure))
            case ast.Dict() if any(k is None and v is node for k, v in zip(above.keys, above.values, strict=True)):
                yield from (above, *self._joined(above, sure=sure))
            case ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
                yield from self._joined(above, sure=sure)

    def _put_into(self, node: ast.expr, place: ast.expr | None) -> Iterable[Put]:
        """What is put into a variable, or surely so wherever headers are sent that a place in the code is about."""
        variable = self.variables.of(node)
        puts = self._put.get(variable, []) if variable else []
        return puts if place is None else self._order.running(puts, place)

    @cached_property
    def _order(self) -> Order:
        return Order(self.variables, {id(put.holder) for puts in self._put.values() for put in puts})

    @cached_property
    def _put(self) -> dict[Variable, list[Put]]:
        """What is put into variables, dicts of their own for single headers: `session.headers["x-provider"] = …`."""
        found: dict[Variable, list[Put]] = {}
        for node in self.module.source.nodes:
            match node:
                case ast.Assign(targets=[ast.Subscript(value=holder, slice=name)], value=value):
                    put: ast.expr = ast.Dict([name], [value])
                case ast.Call(func=ast.Attribute(value=holder, attr="setdefault"), args=[name, value]):
                    put = ast.Dict([name], [value])
                case ast.Call(func=ast.Attribute(value=holder, attr="update")):
                    put = node
                case ast.AugAssign(target=holder, op=ast.BitOr(), value=value):
                    put = value
                case _:
                    continue
            if variable := self.variables.of(holder):
                found.setdefault(variable, []).append(Put(put, holder, variable))
        return found


def is_merged(call: ast.Call) -> bool:
    """Whether the arguments of a call are headers by their names: `dict(…)`, `headers.update(…)`."""
    return parts_of(call.func) == ("dict",) or (isinstance(call.func, ast.Attribute) and call.func.attr == "update")
