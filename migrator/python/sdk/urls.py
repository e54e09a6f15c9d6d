"""What a module asks the address that is left for, by the texts of its URLs, and which of it is not there any more."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.fates.endpoints import Asked, address_in, asked, elsewhere, left_out, open_ended
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.handed import Handed
from migrator.python.sdk.pieces import COMPUTED, bare, first, is_filled, last, sums, together, url_joined
from migrator.python.sdk.sessions import Sessions, base_of
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Finding, Status

_ANY = re.compile(r"_?(?:(?:llm|ai|gateway|api|base|host|endpoint|url|uri)_?)+", re.IGNORECASE)  # an address, of no one
_CALLED = re.compile(r"base|endpoint|gateway|host|ur[il]")
_LOOKED_UP = 5  # names that lead to one another


class Url(NamedTuple):
    """A text that names a path at the address."""

    node: ast.expr
    text: str  # with the old address, whatever the module begins it with
    begun: bool  # whether the text itself holds the address
    differs: Asked | None
    moved: bool = False  # whether what it begins with is the new address already

    @property
    def is_gone(self) -> bool:
        return self.differs is not None and self.differs.status is Status.MANUAL


class Urls:
    """The URLs of one module."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.client, self.module = writer, writer.client, writer.module
        self.longest = max(self.client.addresses, key=len)
        self.variables, self.values = self.module.variables, self.module.values
        self.sessions = Sessions(writer, self._is_address)
        self.handed = Handed(self)
        self._of: dict[int, Url | None] = {}

    def begins_with(self, node: ast.expr, depth: int = 0) -> str:
        """The address that an expression is, or has for a default: the old one or the new; "" for anything else."""
        scope = self.module.found.scope_of(node)
        if scope and self.writer.address(node, scope):
            return self.longest
        node = bare(node)
        value = self._value(node)
        if value is not None and depth < _LOOKED_UP:
            return self.begins_with(value, depth + 1)
        given = (each for each in self.values.given(node) if each and value is None and depth < _LOOKED_UP)
        if address := next(filter(None, (self.begins_with(each, depth + 1) for each in given)), ""):
            return address
        texts = (text_value(each) or self._imported(each) for each in ast.walk(node))
        attribute = node.attr if isinstance(node, ast.Attribute) else ""
        return next(self._addresses(texts), "") or self._by_attribute.get(attribute, "")

    def _addresses(self, texts: Iterable[str]) -> Iterator[str]:
        return (t for text in texts if (t := text.rstrip("/")) in (*self.client.addresses, self.writer.url))

    @cached_property
    def _by_attribute(self) -> dict[str, str]:
        """The address that an attribute is given in the body of a class, where no other class has one of its name."""
        found: dict[str, list[str]] = {}
        classes = (node for node in self.module.source.nodes if isinstance(node, ast.ClassDef))
        for statement in (each for node in classes for each in node.body):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                texts = (text_value(each) or "" for each in ast.walk(statement.value or statement.target))
                found.setdefault(statement.target.id, []).append(next(self._addresses(texts), ""))
        return {name: held[0] for name, held in found.items() if held[0] and len({*held}) == 1}

    def _value(self, node: ast.expr) -> ast.expr | None:
        """What a variable is assigned, where that is done once, or once but for what is made of itself."""
        its = self.variables.of(node)
        values = [each for each in self.variables.values(node) if self.variables.of(bare(each)) != its]
        return values[0] if len(values) == 1 else None

    def _is_address(self, node: ast.expr) -> bool:
        """Whether an expression is the address, or begins with it, also where only its name tells that."""
        called = ast.unparse(node).rpartition(".")[2].lower() if isinstance(node, ast.Name | ast.Attribute) else ""
        told = self.client.name in called and self._value(node) is None
        return bool(self.begins_with(node)) or (told and _CALLED.search(called) is not None)

    def _imported(self, node: ast.AST) -> str:
        """The URL that a name from another module of the project has; "" for none."""
        parts = parts_of(node) if isinstance(node, ast.Name | ast.Attribute) else ()
        scope = self.module.found.scope_of(node) if parts else None
        dotted = self.module.dotted(parts, scope) if scope else None
        return self.module.index.url(dotted) if dotted else ""

    def _may_be(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether an expression that leads to no address may be the old one: by its name, where it leads nowhere."""
        node = bare(node)
        text = ast.unparse(node)
        if self.client.name in text.lower():
            return True
        value = self._value(node)
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

    def around(self, text: ast.expr) -> Url | None:
        """The URL that a text is, or is put together with others to make."""
        at: ast.AST | None = text
        while isinstance(at, ast.expr):
            if url := self.all.get(id(at)):
                return url
            above = self.module.source.parents.get(id(at))
            joined = isinstance(above, ast.BinOp | ast.List | ast.Tuple | ast.JoinedStr)
            at = above if joined or (above is not None and is_filled(above)) else None
        return self.of(text)

    def _made(self, node: ast.expr, depth: int = 0) -> Url | None:
        if isinstance(node, ast.Name | ast.Attribute):
            value = self.variables.value(node)
            return self._made(value, depth + 1) if value is not None and depth < _LOOKED_UP else None
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and not is_filled(node):
            return None
        text = together(node)
        if address := address_in(text, self.client):
            path = text[len(address) :].strip("/").removeprefix("v1")
            return Url(node, text, True, self._joined(node) or self._asked(text)) if path.strip("/") else None
        if not text.startswith((f"{COMPUTED}/", COMPUTED * 2)):
            return None
        base, path = first(node), text.removeprefix(COMPUTED)
        if address := self.begins_with(base):
            moved, text = address == self.writer.url, (self.longest if address == self.writer.url else address) + path
            return Url(node, text, False, self._joined(node) or self._asked(text), moved)
        if not self._may_be(base):
            return None
        differs = self._joined(node) or self._asked(self.longest + path)
        known = differs is not None and differs.rule != self.client.id
        return Url(node, self.longest + path, False, differs) if known or self._is_served(path) else None

    def _joined(self, node: ast.expr) -> Asked | None:
        """What differs where a path is joined to an address, and takes the place of the new one's own path."""
        given = url_joined(node)
        if given is None:
            return None
        base, path = (self._value(each) or each for each in given)
        begun = self._written(first(base)) if together(base).startswith(COMPUTED) else together(base)
        slash = "/" if together(base).endswith("/") and not begun.endswith("/") else ""
        text = together(path).replace(COMPUTED, "…")
        if not (lost := left_out(begun + slash, text, self.client, self.writer.url)):
            return None
        why = "before a path that begins with a slash" if text.startswith("/") else "which has no slash at its end"
        said = f"urljoin leaves out the {lost} of the new address{'' if text.startswith('/') else ','} {why}"
        return Asked(self.client.id, Status.MANUAL, f"{said}: write the URL as one text")

    def _written(self, address: ast.expr) -> str:
        """The address that an expression is, with the slash that it may be written with."""
        values = [value for value in self.values.of(address) if value] or [address]
        texts = (text_value(each) or self._imported(each) for value in values for each in ast.walk(value))
        return next((t for t in texts if t.rstrip("/") in self.client.addresses), "") or self.begins_with(address)

    def _asked(self, url: str) -> Asked | None:
        return asked(url.partition("?")[0], self.client, self.writer.rules.methods)

    def asked_by(self, call: ast.Call | ast.Dict) -> list[Url | None]:
        """The URLs that a call is given, or a dict of what one is; None for what is none at the address.

        Empty where nothing of that is written down.
        """
        if isinstance(call, ast.Call) and id(call) in self.sessions.asked:
            return self._of_session(call)
        if relative := [url for each in getattr(call, "args", ()) if (url := self._by_path.get(id(each)))]:
            return [*relative]
        given = [*(call.args[:2] if isinstance(call, ast.Call) else ()), named(call).get("url")]
        found = [(each, self.of(each)) for value in given if value for each in self.values.of(value) if each]
        return [url for each, url in found if url or "://" in together(each)]

    @cached_property
    def _by_path(self) -> dict[int, Url]:
        return {id(url.node): url for url in self._relative}

    @cached_property
    def all(self) -> dict[int, Url]:
        """The URLs of the module, by the id of what makes them."""
        inner: set[int] = set()
        found: dict[int, Url] = {}
        for node in self.module.source.nodes:
            made = isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) or is_filled(node)
            if isinstance(node, ast.expr) and made and id(node) not in inner:
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
        if any(map(self._hands_on, self.module.found.calls)) or len(self.sessions.own) < len(self.sessions.made):
            return None
        own = [url.differs for url in urls if url.is_gone]
        if len(own) < len(urls):
            return None
        gone = [*own, *map(self._asked_behind, self.handed.paths)]
        return gone[0] if all(each and each.status is Status.MANUAL for each in gone) and gone else None

    def _asked_behind(self, path: str) -> Asked | None:
        return self._asked(f"{self.longest}/{path.lstrip('/')}")

    def _of_session(self, session: ast.Call) -> list[Url | None]:
        """What a session is asked for; None for what others ask it for, or where its address is not its own."""
        base = base_of(session)
        own = base is not None and (self._is_constant(base) or self.variables.value(base) is None)
        urls = [self._by_path.get(id(path)) for path in self.sessions.asked[id(session)]]
        return urls if self.gone or (own and id(session) in self.sessions.own) else [*urls, None]

    def open(self, url: Url | None) -> str:
        """What to see to where a path is computed: a URL's, or any behind the address alone; "" for none."""
        urls = [url] if url else [each for each in (*self.all.values(), *self._relative) if not each.begun]
        paths = (each.text[len(address_in(each.text, self.client)) :].strip("/") for each in urls)
        return open_ended(self.client) if any(path.startswith(COMPUTED) for path in paths) else ""

    def _hands_on(self, made: tuple[ast.Call, Scope]) -> bool:
        """Whether a call, other than one that makes a session, is given the address itself, to ask for whatever."""
        call, _ = made
        given = [*call.args, *(k.value for k in call.keywords)]
        plain = (each for each in given if isinstance(each, ast.Name | ast.Attribute))
        return not (self.sessions.makes(call) or self._joined(call)) and any(
            self.of(each) is None and self.begins_with(each) for each in plain
        )

    def hold(self) -> None:
        """Note the constants of the SDK in what is gone, and what is sent there: they stay as the whole of it does."""
        for call, _ in self.module.found.calls:
            if (asked := self.asked_by(call)) and all(url and url.is_gone and url.begun for url in asked):
                sent = (keyword.value for keyword in call.keywords if keyword.arg != "url")
                self.module.kept |= {id(n) for value in sent for n in ast.walk(value)}
        for url in self.all.values():
            if url.is_gone and not url.begun:
                self.module.kept |= {id(n) for n in ast.walk(url.node) if isinstance(n, ast.Name | ast.Attribute)}

    @cached_property
    def _relative(self) -> list[Url]:
        """The paths that sessions at the address are given, and those that are put behind it elsewhere."""
        given = [
            *self.sessions.paths,
            *(path for url in self.all.values() for path in self._put_behind(url)),
            *self._added,
            *self._put_behind_names,
        ]
        texts = [(node, f"{self.longest}/{path.lstrip('/')}") for node, path in given if not self.of(node)]
        return [Url(node, text, False, self._asked(text)) for node, text in texts]

    def _put_behind(self, url: Url) -> Iterator[tuple[ast.expr, str]]:
        """What is written down of the path of a URL that is the address and a variable, where the rules know it."""
        path = url.text[len(address_in(url.text, self.client)) :].strip("/")
        for value in self.values.of(last(url.node)) if path == COMPUTED else ():
            if value is not None and self._is_known(text := together(value)):
                yield value, text

    @property
    def _put_behind_names(self) -> Iterator[tuple[ast.expr, str]]:
        """What is put behind something that may be the address by its name, where the rules or the gateway know it."""
        made = (each for each in self.module.source.nodes if isinstance(each, ast.JoinedStr | ast.BinOp))
        for node in made if self.speaks else ():
            if together(node) == COMPUTED * 2 and self.of(node) is None and self._may_be(first(node)):
                for value in self.values.of(last(node)):
                    if value is not None and (self._is_known(text := together(value)) or self._is_served(text)):
                        yield value, text

    @property
    def _added(self) -> Iterator[tuple[ast.expr, str]]:
        """What is added to a variable that holds the address: `url += "/configs"`."""
        added = (each for each in self.module.source.nodes if isinstance(each, ast.AugAssign))
        behind = (each for each in added if isinstance(each.op, ast.Add) and self.begins_with(each.target))
        for value in (value for each in behind for value in self.values.of(each.value)):
            if value is not None and self._is_known(text := together(value)):
                yield value, text

    def _is_known(self, path: str) -> bool:
        """Whether the rules know what is asked for by a path that does not stand behind the address itself."""
        differs = self._asked(f"{self.longest}/{path.lstrip('/')}") if path.strip(COMPUTED) else None
        return differs is not None and differs.rule != self.client.id

    def _is_served(self, path: str) -> bool:
        return path.strip("/").removeprefix("v1/").partition("/")[0] in self.client.served

    # -------------------------------------------------------------------------------------------------------- findings

    def findings(self, stay: Collection[int]) -> Iterator[Finding]:
        """A finding for each URL that has no address of its own and asks for something that is different.

        `stay` are the ids of the paths whose sessions stay.
        """
        for url in (*self.all.values(), *self._relative) if self.speaks else ():
            handled = url.begun or id(url.node) in self.module.kept | self.module.replaced
            handled |= bool(url.is_gone and self.gone and self._is_told)
            if url.differs and not handled and not (url.moved and url.differs.rule == self.client.id):
                start = self.module.source.start(url.node)
                moves = (
                    url.is_gone and (self._is_told or self.handed.moves(first(url.node))) and id(url.node) not in stay
                )
                said = f"{self.path(url)}: {url.differs.message}"
                said += "; the address before it is the new one" if moves else ""
                yield Finding(start, url.differs.rule, url.differs.status, said)

    def path(self, url: Url) -> str:
        """What a URL asks for, as people read it."""
        address = address_in(url.text, self.client)
        return url.text.removeprefix(address).replace(COMPUTED, "…")

    def stays(self, url: Url) -> bool:
        """Whether a URL goes on leading to the old address: it is not there any more, and nothing of it is edited."""
        return url.is_gone and (url.begun or self.gone is not None or self._is_constant(first(url.node)))

    def _is_constant(self, node: ast.expr) -> bool:
        """Whether an expression is what the SDK calls its address."""
        scope = self.module.found.scope_of(node)
        return scope is not None and self.writer.is_constant(node, scope)

    @cached_property
    def speaks(self) -> bool:
        """Whether the module holds the address or has it from another one, or holds headers of the SDK."""
        text = self.module.source.text
        words = (*self.client.hosts, *self.client.address, *self.client.headers)
        if self.client.prefix in text.lower() or any(word in text for word in words):
            return True
        index, bound = self.module.index, self.module.facts.exports.values()
        return any(address_in(index.url(each), self.client) or index.url(each) == self.writer.url for each in bound)

    @cached_property
    def _is_told(self) -> bool:
        """Whether the address stands in a text of the module, where it stays and says why."""
        texts = (text_value(text.node) or "" for text in self.module.found.texts if text.role == "plain")
        return any(text.rstrip("/") in self.client.addresses for text in texts)
