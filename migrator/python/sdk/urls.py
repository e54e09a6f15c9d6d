"""What a module asks the address that is left for, by the texts of its URLs, and which of it is not there any more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.fates.endpoints import Asked, address_in, asked, elsewhere
from migrator.python.reading.expressions import callee_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.pieces import COMPUTED, first, sums, together
from migrator.python.sdk.variables import Variable, Variables, calls_around
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Finding, Status

_ANY = re.compile(r"_?(?:(?:llm|ai|gateway|api|base|host|endpoint|url|uri)_?)+", re.IGNORECASE)  # an address, of no one
_ASKING = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "ws_connect")
_LOOKED_UP = 5  # names that lead to one another


class Url(NamedTuple):
    """A text that names a path at the address."""

    node: ast.expr
    text: str  # with the old address, whatever the module begins it with
    begun: bool  # whether the text itself holds the address
    differs: Asked | None

    @property
    def is_gone(self) -> bool:
        return self.differs is not None and self.differs.status is Status.MANUAL


class Urls:
    """The URLs of one module."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.client, self.module = writer, writer.client, writer.module
        self.longest = max(self.client.addresses, key=len)
        self.variables = Variables(self.module)
        self._of: dict[int, Url | None] = {}

    def _begins_with(self, node: ast.expr, depth: int = 0) -> str:
        """The old address, where an expression is it or has it for a default; "" for anything else."""
        scope = self.variables.scope(node)
        if scope is not None and self.writer.name(node, scope) in self.client.address:
            return self.longest
        value = self.variables.value(node)
        if value is not None and depth < _LOOKED_UP:
            return self._begins_with(value, depth + 1)
        texts = (text_value(each) or "" for each in ast.walk(node))
        return next((text.rstrip("/") for text in texts if text.rstrip("/") in self.client.addresses), "")

    def _may_be(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether an expression that leads to no address may be the old one: by its name, where it leads nowhere."""
        text = ast.unparse(node)
        if self.client.of.partition("_")[0] in text.lower():
            return True
        value = self.variables.value(node)
        if value is not None and depth < _LOOKED_UP and not isinstance(value, ast.Constant):
            return self._may_be(value, depth + 1)
        return value is None and bool(_ANY.fullmatch(text.rpartition(".")[2]))

    def elsewhere(self, node: ast.expr | None) -> str:
        """What to see to about an address that a client is given and that stays; "" where there is nothing."""
        value = (self.variables.value(node) or node) if node is not None else None
        texts = (text_value(each) or "" for each in ast.walk(value)) if value is not None else ()
        return elsewhere(texts, self.client, self.writer.url)

    def of(self, node: ast.expr) -> Url | None:
        """The URL that an expression makes; None for what is none at the address, or no more than the address."""
        if id(node) not in self._of:
            self._of[id(node)] = self._made(node)
        return self._of[id(node)]

    def _made(self, node: ast.expr, depth: int = 0) -> Url | None:
        if isinstance(node, ast.Name | ast.Attribute):
            value = self.variables.value(node)
            return self._made(value, depth + 1) if value is not None and depth < _LOOKED_UP else None
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            return None
        text = together(node)
        if address := address_in(text, self.client):
            path = text[len(address) :].strip("/").removeprefix("v1")
            return Url(node, text, True, self._asked(text)) if path.strip("/") else None
        if not text.startswith((f"{COMPUTED}/", COMPUTED * 2)):
            return None
        base, path = first(node), text.removeprefix(COMPUTED)
        if address := self._begins_with(base):
            return Url(node, address + path, False, self._asked(address + path))
        if not self._may_be(base):
            return None
        differs = self._asked(self.longest + path)
        known = differs is not None and differs.rule != self.client.id
        served = path.strip("/").removeprefix("v1/").partition("/")[0] in self.client.served
        return Url(node, self.longest + path, False, differs) if known or served else None

    def _asked(self, url: str) -> Asked | None:
        return asked(url.partition("?")[0], self.client, self.writer.rules.methods)

    @cached_property
    def all(self) -> dict[int, Url]:
        """The URLs of the module, by the id of what makes them."""
        inner: set[int] = set()
        found: dict[int, Url] = {}
        for node in self.module.source.nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and id(node) not in inner:
                if isinstance(node, ast.BinOp):
                    inner |= {id(each) for each in sums(node)}
                if url := self.of(node):
                    inner |= {id(each) for each in ast.walk(node)}
                    found[id(node)] = url
        return found

    @cached_property
    def gone(self) -> Asked | None:
        """What the module asks for that is not there, where it asks for nothing else."""
        urls = [*self.all.values(), *self._relative]
        if any(map(self._hands_on, self.module.found.calls)):
            return None
        gone = [url.differs for url in urls if url.is_gone]
        return gone[0] if len(gone) == len(urls) and gone else None

    def _hands_on(self, made: tuple[ast.Call, Scope]) -> bool:
        """Whether a call, other than one that makes a session, is given the address itself, to ask for whatever."""
        call, _ = made
        given = [*call.args, *(k.value for k in call.keywords)]
        plain = (each for each in given if isinstance(each, ast.Name | ast.Attribute))
        return not self._is_session(call) and any(self.of(each) is None and self._begins_with(each) for each in plain)

    def hold(self) -> None:
        """Note the constants of the SDK in what is gone: they stay as the whole of it does."""
        for url in self.all.values():
            if url.is_gone and not url.begun:
                self.module.kept |= {id(n) for n in ast.walk(url.node) if isinstance(n, ast.Name | ast.Attribute)}

    # ------------------------------------------------------------------------------------------------------- sessions

    @cached_property
    def _sessions(self) -> dict[Variable, ast.expr]:
        """What makes a session at the address, by the variable that is given nothing else."""
        found: dict[Variable, ast.expr] = {}
        others = set[Variable]()
        for node in self.module.source.nodes:
            held = [(node.optional_vars, node.context_expr)] if isinstance(node, ast.withitem) else []
            if isinstance(node, ast.Assign):
                held = [(target, node.value) for target in node.targets]
            for target, value in held:
                variable = self.variables.of(target) if target is not None else None
                if variable and self._is_session(value):
                    found[variable] = value
                elif variable:
                    others.add(variable)
        return {variable: value for variable, value in found.items() if variable not in others}

    def _is_session(self, node: ast.expr) -> bool:
        base = base_of(node) if isinstance(node, ast.Call) else None
        return base is not None and bool(self._begins_with(base))

    @cached_property
    def _relative(self) -> list[Url]:
        """The paths that sessions at the address are given, computed ones as well: `session.post("/embeddings")`."""
        found = (self._given(node, scope) for node, scope in self.module.found.calls)
        return [url for url in found if url is not None]

    def _given(self, call: ast.Call, scope: Scope) -> Url | None:
        func = call.func
        if not isinstance(func, ast.Attribute):
            return None
        variable = self.variables.of(func.value)
        session = func.value if self._is_session(func.value) else self._sessions.get(variable) if variable else None
        if not isinstance(session, ast.Call) or self.writer.makes_new(session, scope):
            return None
        paths = [(a, together(a)) for a in call.args[:2]] if func.attr in _ASKING else []
        node, path = next((each for each in paths if "/" in each[1] or each[1] == COMPUTED), (None, ""))
        if node is None or "://" in path or path.startswith(f"{COMPUTED}/") or self.of(node):
            return None
        url = f"{self.longest}/{path.lstrip('/')}"
        return Url(node, url, False, self._asked(url))

    # -------------------------------------------------------------------------------------------------------- findings

    def findings(self) -> Iterator[Finding]:
        """A finding for each URL that has no address of its own and asks for something that is different."""
        for url in (*self.all.values(), *self._relative) if self.speaks else ():
            handled = id(url.node) in self.module.kept | self.module.replaced
            if url.differs and not url.begun and not handled and not (url.is_gone and self.gone and self._is_told):
                start, path = self.module.source.start(url.node), url.text.removeprefix(self.longest)
                said = f"{path.replace(COMPUTED, '…')}: {url.differs.message}"
                said += "; the address before it is the new one" if url.is_gone and self._is_told else ""
                yield Finding(start, url.differs.rule, url.differs.status, said)

    @property
    def speaks(self) -> bool:
        """Whether the module holds the address, or headers of the SDK."""
        text = self.module.source.text
        words = (*self.client.hosts, *self.client.address, *self.client.headers)
        return self.client.prefix in text.lower() or any(word in text for word in words)

    @cached_property
    def _is_told(self) -> bool:
        """Whether the address stands in a text of the module, where it stays and says why."""
        texts = (text_value(text.node) or "" for text in self.module.found.texts if text.role == "plain")
        return any(text.rstrip("/") in self.client.addresses for text in texts)

    # --------------------------------------------------------------------------------------------------------- headers

    def gone_of(self, headers: ast.expr) -> Asked | None:
        """What headers are for, where that is not there any more; None where they are needed, or nothing tells."""
        asked = [(call, self._url_of(call)) for call in self._calls_with(headers)]
        urls = [url for _, url in asked if url is not None]
        unread = (call for call, url in asked if url is None and callee_of(call) in _ASKING)
        if urls and not any("headers" in named(call) for call in unread):
            return next((url.differs for url in urls), None) if all(url.is_gone for url in urls) else None
        return self.gone

    def _calls_with(self, headers: ast.expr) -> Iterator[ast.Call]:
        """The calls that are given a dict of headers, where it stands or as the variable that it is put in."""
        parents = self.module.source.parents
        if isinstance(headers, ast.Name | ast.Attribute):
            targets: list[ast.expr] = [headers]
        else:
            yield from calls_around(parents, headers)
            above = parents.get(id(headers))
            while isinstance(above, ast.expr | ast.keyword):
                above = parents.get(id(above))
            targets = above.targets if isinstance(above, ast.Assign) else []
            targets = [above.target] if isinstance(above, ast.AnnAssign) else targets
        for variable in filter(None, map(self.variables.of, targets)):
            yield from self.variables.calls_with(variable)

    def _url_of(self, call: ast.Call) -> Url | None:
        """The URL that a call is given."""
        relative = next((url for each in call.args if (url := self._by_path.get(id(each)))), None)
        given = [*call.args[:2], *(value for name, value in named(call).items() if name == "url")]
        return relative or next((url for url in map(self.of, given) if url is not None), None)

    @cached_property
    def _by_path(self) -> dict[int, Url]:
        return {id(url.node): url for url in self._relative}


def base_of(node: ast.Call | ast.Dict) -> ast.expr | None:
    """The address that a session is given: by its name, or first where it is one of aiohttp's."""
    begun = node.args[:1] if isinstance(node, ast.Call) and callee_of(node) == "ClientSession" else []
    return named(node).get("base_url") or next(iter(begun), None)
