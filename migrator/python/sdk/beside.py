"""Whose key a bearer token is among headers of the gateway that is left: its own, or that of a provider."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from migrator.fates.providers import BESIDE_ANOTHERS, named
from migrator.primitives.client import Client
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, root_of, text_value
from migrator.python.reading.laid_out import LaidOut
from migrator.python.reading.scopes import Scope

_TELLING = BESIDE_ANOTHERS | {"api_key"}  # beside the gateway's own key, a bearer token is another's


class Beside:
    """What the headers in one module are sent with."""

    def __init__(self, module: Module, client: Client) -> None:
        self.module, self.client, self.laid = module, client, LaidOut(module)

    def is_anothers(self, key: ast.expr, headers: ast.Dict) -> bool:
        """Whether a bearer token in a dict may be the key of a provider.

        Its name says so, or what it is sent with does. What is spread into the dict and is not in sight may hold
        anything; what the dict is put into is looked at as far as it is in sight.
        """
        if self._is_ours(key):
            return False
        if self._is_providers(key) or any(self._is_telling(text_value(each)) for each in headers.keys):
            return True
        spread = [value for each, value in zip(headers.keys, headers.values, strict=True) if each is None]
        return any(self._tells(each, unseen=True) for each in spread) or any(map(self._holds, self._holders(headers)))

    def is_joined(self, key: ast.expr, headers: ast.Dict) -> bool:
        """Whether a bearer token in a dict may be the key of a provider, by what the dict is seen to be joined with."""
        spread = [value for each, value in zip(headers.keys, headers.values, strict=True) if each is None]
        above = self.module.source.parents.get(id(headers))
        joined = self._holders(headers) if isinstance(above, ast.BinOp | ast.Call | ast.keyword) else ()
        return not self._is_ours(key) and any(map(self._holds, (*spread, *joined)))

    def is_overlaid(self, headers: ast.Dict) -> bool:
        """Whether the key of a provider is spread into a dict together with headers that say so."""
        spread = [value for each, value in zip(headers.keys, headers.values, strict=True) if each is None]
        told = [each for each in spread if self._tells(each)]
        items = (item for each in spread if each not in told for item in self.laid.items(each))
        return bool(told) and any(i.name.lower() == "authorization" and not self._is_ours(i.value) for i in items)

    def is_put(self, key: ast.expr, holder: ast.expr) -> bool:
        """Whether a bearer token that is put into headers may be the key of a provider, by what else they hold."""
        return not self._is_ours(key) and self._holds(holder)

    def _holds(self, holder: ast.expr) -> bool:
        return self._tells(holder) or self._place(holder) in self._put

    def _is_ours(self, key: ast.expr) -> bool:
        """Whether a key is called after the gateway that is left: it is the one that stays."""
        return self.client.name in ast.unparse(key).lower()

    def _is_providers(self, key: ast.expr) -> bool:
        """Whether a key is called after a provider: `os.environ["OPENAI_API_KEY"]`."""
        words = (getattr(n, "id", "") or getattr(n, "attr", "") or text_value(n) or "" for n in ast.walk(key))
        return any(named(word, self.client) not in ("", self.client.itself) for word in words)

    def _is_telling(self, header: str | None) -> bool:
        """Whether a header says that a key beside it is that of a provider."""
        name, prefix = (header or "").lower(), self.client.prefix
        return name.startswith(prefix) and name.removeprefix(prefix).replace("-", "_") in _TELLING

    def _tells(self, node: ast.expr, *, unseen: bool = False, seen: frozenset[int] = frozenset()) -> bool:
        """Whether there is such a header in what an expression is; `unseen`, where it is not in sight."""
        seen |= {id(node)}
        match node:
            case ast.IfExp(body=first, orelse=second) | ast.BinOp(op=ast.BitOr(), left=first, right=second):
                parts = [first, second]
            case ast.BoolOp(values=parts):
                pass
            case ast.Dict():
                parts = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
            case ast.Call() if parts_of(node.func) == ("dict",):
                parts = [*node.args[:1], *(each.value for each in node.keywords if each.arg is None)]
            case _:
                parts = [each for each in self.laid.values(node) if each is not node]
                if unseen and not parts:
                    return True
        if any(self._is_telling(each.name) for each in self.laid.items(node)):
            return True
        return any(self._tells(each, unseen=unseen, seen=seen) for each in parts if id(each) not in seen)

    def _holders(self, headers: ast.Dict) -> Iterator[ast.expr]:
        """What a dict is put into, or together with."""
        above = self.module.source.parents.get(id(headers))
        match above:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                yield target
            case ast.Call(func=ast.Attribute(value=holder, attr="update")):
                yield holder
            case ast.BinOp(op=ast.BitOr()):
                yield above.right if above.left is headers else above.left
            case ast.keyword(arg=None):
                call = self.module.source.parents.get(id(above))
                yield from call.args[:1] if isinstance(call, ast.Call) and parts_of(call.func) == ("dict",) else []

    def _place(self, holder: ast.expr) -> tuple[Scope | None, str]:
        return self.laid.scopes.get(id(root_of(holder))), ast.unparse(holder)

    @cached_property
    def _put(self) -> set[tuple[Scope | None, str]]:
        """What such headers are put into, whatever it is: `session.headers["x-portkey-provider"] = …`."""
        found: set[tuple[Scope | None, str]] = set()
        for node in self.module.source.nodes:
            match node:
                case ast.Assign(targets=[ast.Subscript(value=holder, slice=name)]) if self._is_telling(
                    text_value(name)
                ):
                    found.add(self._place(holder))
                case ast.Call(func=ast.Attribute(value=holder, attr="setdefault"), args=[name, _]) if self._is_telling(
                    text_value(name)
                ):
                    found.add(self._place(holder))
                case ast.Call(func=ast.Attribute(value=holder, attr="update"), args=[given]) if self._tells(given):
                    found.add(self._place(holder))
                case ast.AugAssign(target=holder, op=ast.BitOr(), value=given) if self._tells(given):
                    found.add(self._place(holder))
        return found
