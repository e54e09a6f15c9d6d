"""What scripts put behind an address that they have by a name: `url += "/configs"`, `new URL("configs", BASE)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ast_grep_py import SgNode

from migrator.fates.endpoints import Asked, address_in, asked, left_out
from migrator.fates.handed import Handed
from migrator.javascript import exports
from migrator.javascript.asking import asks, is_requested, makes_request
from migrator.javascript.clients import Clients
from migrator.javascript.imports import imports
from migrator.javascript.objects import properties
from migrator.javascript.source import span
from migrator.javascript.standing import MEMBERS, NAMES, inner, results
from migrator.javascript.taking import Taking
from migrator.javascript.texts import COMPUTED, Texts
from migrator.javascript.uses import uses
from migrator.sites import Finding, Span, Status

_KINDS = ("template_string", "binary_expression", "augmented_assignment_expression")
_CALLS = ("new_expression", "call_expression")
_OPEN = re.compile(rf"{COMPUTED}+(?:/v1)?(?P<path>/[\w-]+)")


class _Path(NamedTuple):
    """What is asked for: the finding, the expression that says it, and whether the address before it moves."""

    finding: Finding
    node: SgNode
    moves: bool


@dataclass(frozen=True)
class Behind:
    """The addresses of one script that it has by names, and what it asks for behind them."""

    clients: Clients

    @cached_property
    def told(self) -> list[Finding]:
        """What is asked for behind addresses that scripts hand on to one another and that move."""
        return [each.finding for each in self._found if each.moves]

    @cached_property
    def held(self) -> list[Finding]:
        """What is asked for behind the script's own addresses, which stay for it, and those that stay elsewhere."""
        return [each.finding for each in self._found if not each.moves]

    @cached_property
    def gone(self) -> list[Span]:
        """The expressions that ask for what is not there any more."""
        return [self._span(each.node) for each in self._found]

    @cached_property
    def staying(self) -> list[int]:
        """Where names stand for addresses, and headers, that other scripts hand on and that stay."""
        headers = Taking(self.clients.script, self.clients.meanings, "headers")
        found = (*self.texts.taking.all, *headers.all)
        return [self.clients.script.start(node) for node, each in found if not _moves(each)]

    @cached_property
    def constants(self) -> list[int]:
        """Where the SDK's own constants stand that hold the address."""
        script, client = self.clients.script, self.clients.options.client
        ours = [each for each in imports(script) if each.package == client.package]
        names = (name.local for each in ours for name in each.names if name.imported in client.address)
        read = (each for each in script.all("member_expression") if ours and self.clients.is_address(each))
        return [script.start(each) for each in (*(use for name in names for use in uses(script, name)), *read)]

    @cached_property
    def fixed(self) -> list[Span]:
        """What the script's own addresses are made of that stay, be it for the requests of others."""
        own = {each.name for each in self.clients.meanings.own if each.kind == "address" and not _moves(each)}
        parts = exports.parts(self.clients.script) if own else ()
        return [place for name, node in parts if name in own for place in self.places(node)]

    @cached_property
    def moving(self) -> list[Span]:
        """What is declared as an address that other scripts take, and that moves with them."""
        return [self._span(node) for node, _ in self._shared.values()]

    @cached_property
    def beside(self) -> Asked | None:
        """What is asked for behind something that may be the script's address, where the new place has none like it."""
        return next((found for _, _, found in self._open), None)

    @cached_property
    def texts(self) -> Texts:
        """What the script's expressions say."""
        return Texts(self.clients)

    def address(self, node: SgNode) -> str:
        """The old address that an expression is or gives, or that what asks for paths was made with; else ""."""
        given = (self.texts.of(each) for each in self.given_by(node))
        if text := next((each for each in given if each.rstrip("/") in self.clients.options.client.addresses), ""):
            return text
        made = (inner(each) for each in (node, *self.clients.script.standing.values(node)))
        return self._given(node) if any(_makes(each) for each in made) else ""

    def stays_in(self, node: SgNode) -> bool:
        """Whether an expression is a text that asks for what is gone, and that is left as it is."""
        options, standing = self.clients.options, self.clients.script.standing
        texts = [inner(each) for each in (node, *standing.values(node))]
        said = (self.texts.of(each) for each in texts if each.kind() == "string" or _is_spelled(each))
        found = (asked(each, options.client, options.names.rules.methods) for each in said)
        return any(each is not None and each.status is Status.MANUAL for each in found)

    def taken(self, node: SgNode) -> Handed | None:
        """The address of another script that an expression is made of."""
        return next((each for _, each in self._reached(*self.given_by(node), own=False) if each), None)

    def places(self, node: SgNode) -> list[Span]:
        """Where an expression stands, and what the names in it stand for; nowhere for what asks for something."""
        nodes = [each for each, handed in self._reached(*self.given_by(node), own=False) if not handed]
        return [] if any(asks(each) for each in nodes) else [self._span(each) for each in nodes]

    def led_to(self, node: SgNode) -> Iterator[Handed]:
        """The addresses that scripts hand on to one another and that an expression is made of."""
        return (each for _, each in self._reached(node) if each)

    # --------------------------------------------------------------------------------------------------- findings

    @cached_property
    def _found(self) -> list[_Path]:
        if not self._speaks:
            return []
        moves, prefix = bool(self.moving), self.clients.options.client.prefix
        unsure = (
            each for each in self._open if moves or ((call := each[0].parent()) and prefix in call.text().lower())
        )
        beside = (_Path(self._said(*each, moves=moves), each[0], moves) for each in unsure)
        return [*self._asked(), *self._asked_of(), *beside]

    @cached_property
    def _speaks(self) -> bool:
        client, text = self.clients.options.client, self.clients.text
        return bool(self.texts.taking.all) or any(word in text for word in (*client.hosts, *client.address))

    def _asked(self) -> Iterator[_Path]:
        script, options = self.clients.script, self.clients.options
        end = -1
        for node in sorted(script.all(*_KINDS, *_CALLS), key=lambda each: (script.start(each), -script.end(each))):
            text = self.texts.of(node) if script.end(node) > end else ""
            address = address_in(text, options.client)
            if not address or _is_spelled(node):
                continue
            end = script.end(node)
            path = text.removeprefix(address)
            differs = asked(address + path.replace(COMPUTED, "${}"), options.client, options.names.rules.methods)
            if not differs:
                path, differs = self._put_over(node)
            if differs:
                yield self._path(node, path, differs, node)

    def _asked_of(self) -> Iterator[_Path]:
        """What is asked of something that was given the address: `api.get("/configs")`, `api({ url: "/configs" })`."""
        client, methods = self.clients.options.client, self.clients.options.names.rules.methods
        for node in self.clients.script.all("call_expression"):
            function, arguments = node.field("function"), node.field("arguments")
            first = next(iter(arguments.named_children()), None) if arguments else None
            if function is None or first is None:
                continue
            path, owner = first, function.field("object") if makes_request(function) else None
            if first.kind() == "object":
                named = {each.name: each.value for each in properties(first)}
                path, owner = named.get("url") or first, owner or function
            if owner is None or path.kind() not in {"string", "template_string"}:
                continue
            said = path.text()[1:-1]
            given = self._given(owner) if "://" not in said and not said.startswith("$") else ""
            differs = asked(f"{given.removesuffix('/')}/{said.lstrip('/')}", client, methods) if given else None
            if differs:
                yield self._path(node, said, differs, owner, path)

    def _path(self, node: SgNode, path: str, differs: Asked, of: SgNode, at: SgNode | None = None) -> _Path:
        moves = any(_moves(each) for each in self.led_to(of))
        return _Path(self._said(at or node, path, differs, moves=moves), node, moves)

    def _said(self, node: SgNode, path: str, differs: Asked, *, moves: bool) -> Finding:
        said = f"{path.replace(COMPUTED, '…')}: {differs.message}"
        said += "; the address before it is the new one" if moves else ""
        return Finding(self._place(node), differs.rule, differs.status, said)

    def _put_over(self, node: SgNode) -> tuple[str, Asked | None]:
        """The path, and what differs where `new URL("/v1/models", BASE)` leaves out that of the new address."""
        options, arguments = self.clients.options, node.field("arguments")
        given = arguments.named_children() if arguments and node.kind() == "new_expression" else []
        new = str(options.names.rules.options.get("base-url") or options.client.url)
        path, base = (self.texts.of(each).replace(COMPUTED, "…") for each in given) if len(given) == 2 else ("", "")
        lost = left_out(base, path, options.client, new)
        said = f"it takes the place of {lost} in {new}: write {lost} before it by hand"
        return path, Asked(options.client.id, Status.MANUAL, said) if lost else None

    @cached_property
    def _open(self) -> list[tuple[SgNode, str, Asked]]:
        """What requests ask for behind what nothing in the script tells: the text, the path, and what differs there."""
        options, found = self.clients.options, list[tuple[SgNode, str, Asked]]()
        for node in self.clients.script.all("template_string"):
            match = _OPEN.match(self.texts.of(node)) if node.text().startswith("`${") else None
            if match and is_requested(self.clients.script, node, options.client):
                differs = asked(f"{self.texts.longest}{match['path']}", options.client, options.names.rules.methods)
                if differs and differs.status is Status.MANUAL and differs.rule != options.client.id:
                    found.append((node, match["path"], differs))
        return found

    def _place(self, node: SgNode) -> int:
        """Where what is put behind the address stands: the first text of an expression that is none itself."""
        script = self.clients.script
        inside = node.find_all(kind="string") if node.kind() not in {"template_string", "string"} else ()
        texts = (each for each in inside if not address_in(each.text()[1:-1], self.clients.options.client))
        return next((script.start(each) + 1 for each in texts if each.text()[1:-1].strip("/")), script.start(node) + 1)

    def _span(self, node: SgNode) -> Span:
        return self.clients.script.start(node), self.clients.script.end(node)

    # ------------------------------------------------------------------------------------------ what names lead to

    def given_by(self, node: SgNode) -> list[SgNode]:
        """An expression, and what it gives where it is a function."""
        functions = self.clients.script.standing.functions(node)
        return [node, *(each for function in functions for each in results(function))]

    def _given(self, owner: SgNode) -> str:
        """The old address that something was made with; "" for none."""
        client = self.clients.options.client
        for node, handed in self._reached(owner, left=asks):
            if handed or any(self.clients.is_address(each) for kind in NAMES for each in _all(node, kind)):
                return self.texts.longest
            for text in (text for kind in ("string", "template_string") for text in _all(node, kind)):
                if address := address_in(text.text()[1:-1], client):
                    return address
        return ""

    def _reached(
        self, *nodes: SgNode, left: Callable[[SgNode], bool] = lambda _: False, own: bool = True
    ) -> Iterator[tuple[SgNode, Handed | None]]:
        """Expressions and what the names in them stand for, but what is `left`; with each address that is handed on."""
        waiting, seen = [*nodes], set[tuple[int, int, str]]()
        while waiting:
            each = waiting.pop(0)
            if span(each) in seen or left(each):
                continue
            seen.add(span(each))
            yield each, None
            for name in (name for kind in (*MEMBERS, *NAMES, *_CALLS[1:]) for name in _all(each, kind)):
                handed = self.texts.taking.of(name) or (self._own(name) if own else None)
                if handed:
                    yield name, handed
                waiting += [] if handed else self.clients.script.standing.values(name)

    def _own(self, name: SgNode) -> Handed | None:
        """The address of the script's own that a name stands for, where others take it and it moves."""
        binding = self.clients.script.scopes.resolve(name) if self._shared and name.kind() in NAMES else None
        return self._shared.get(span(binding.name), (None, None))[1] if binding else None

    @cached_property
    def _shared(self) -> dict[tuple[int, int, str], tuple[SgNode, Handed]]:
        """The script's own addresses that it hands on and that move, by where their names, or they, are declared."""
        own = {each.name: each for each in self.clients.meanings.own if each.kind == "address" and _moves(each)}
        script, found = self.clients.script, dict[tuple[int, int, str], tuple[SgNode, Handed]]()
        for name, node in exports.parts(script) if own else ():
            if name in own:
                binding = script.scopes.resolve(node) if node.kind() in NAMES else None
                found[span(binding.name if binding else node)] = (binding.node if binding else node, own[name])
        for name, node in exports.named(script) if own else ():
            binding = script.scopes.resolve(node) if node.kind() in NAMES else None
            inside = next((each for known, each in own.items() if known.startswith(f"{name}.")), None)
            if binding and inside:
                found.setdefault(span(binding.name), (binding.name, inside))
        return found


def _all(node: SgNode, kind: str) -> Iterable[SgNode]:
    return [node] if node.kind() == kind else node.find_all(kind=kind)


def _is_spelled(node: SgNode) -> bool:
    """Whether what is asked for is read where the address is: in one text."""
    return node.kind() == "template_string" and not node.text().startswith("`${")


def _makes(node: SgNode) -> bool:
    """Whether an expression makes something that paths are asked of: `axios.create(…)`."""
    function = node.field("function")
    return function is not None and function.text().endswith((".create", ".extend"))


def _moves(each: Handed) -> bool:
    return each.of != Status.MANUAL
