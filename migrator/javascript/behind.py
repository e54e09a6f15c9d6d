"""What scripts put behind an address that they have by a name: `url += "/configs"`, `new URL("configs", BASE)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode

from migrator.fates.endpoints import Asked, address_in, asked, left_out
from migrator.fates.handed import Handed
from migrator.javascript import exports
from migrator.javascript.clients import Clients
from migrator.javascript.imports import THROUGH, Import, Name, imports
from migrator.javascript.objects import properties
from migrator.javascript.source import span, string_of
from migrator.javascript.spelled import is_requested
from migrator.javascript.uses import uses
from migrator.sites import Finding, Status

_COMPUTED = "\0"  # what only a run tells
_KINDS = ("template_string", "binary_expression", "augmented_assignment_expression")
_CALLS = ("new_expression", "call_expression")
_CHOICES = frozenset({"||", "??", "&&"})
_SAME = frozenset({"replace", "toString", "trim"})  # methods that leave an address what it is
_DEEP = 8  # names that lead to one another


@dataclass(frozen=True)
class Behind:
    """The addresses of one script that it has by names, and what it asks for behind them."""

    clients: Clients

    @cached_property
    def told(self) -> list[Finding]:
        """What is asked for behind addresses that scripts hand on to one another and that move."""
        return [finding for finding, moves in self._found if moves]

    @cached_property
    def held(self) -> list[Finding]:
        """What is asked for behind the script's own addresses, which stay for it, and those that stay elsewhere."""
        return [finding for finding, moves in self._found if not moves]

    @cached_property
    def staying(self) -> list[int]:
        """Where names stand for addresses that other scripts hand on and that stay."""
        script = self.clients.script
        return [script.start(use) for name, each in self._imported if not _moves(each) for use in uses(script, name)]

    def address(self, node: SgNode) -> str:
        """The old address that an expression is, with nothing behind it; "" for anything else."""
        text = self._text(node, 0)
        return text if text.rstrip("/") in self.clients.options.client.addresses else ""

    # --------------------------------------------------------------------------------------------------- findings

    @cached_property
    def _found(self) -> list[tuple[Finding, bool]]:
        return list(self._asked()) if self._speaks else []

    @cached_property
    def _speaks(self) -> bool:
        client, text = self.clients.options.client, self.clients.text
        return bool(self._imported) or any(word in text for word in (*client.hosts, *client.address))

    def _asked(self) -> Iterator[tuple[Finding, bool]]:
        script, options = self.clients.script, self.clients.options
        end = -1
        for node in sorted(script.all(*_KINDS, *_CALLS), key=lambda each: (script.start(each), -script.end(each))):
            text = self._text(node, 0) if script.end(node) > end else ""
            address = address_in(text, options.client)
            if not address or self._is_spelled(node):
                continue
            end = script.end(node)
            path = text.removeprefix(address)
            differs = asked(address + path.replace(_COMPUTED, "${}"), options.client, options.names.rules.methods)
            differs = differs or self._put_over(node)
            if differs:
                moves = self._is_elsewhere(node)
                said = f"{path.replace(_COMPUTED, '…')}: {differs.message}"
                said += "; the address before it is the new one" if moves else ""
                yield Finding(self._place(node), differs.rule, differs.status, said), moves

    def _put_over(self, node: SgNode) -> Asked | None:
        """What differs where `new URL("/v1/models", BASE)` leaves out the path that the new address has."""
        options, arguments = self.clients.options, node.field("arguments")
        given = arguments.named_children() if arguments and node.kind() == "new_expression" else []
        new = str(options.names.rules.options.get("base-url") or options.client.url)
        path, base = (self._text(each, 0).replace(_COMPUTED, "…") for each in given) if len(given) == 2 else ("", "")
        lost = left_out(base, path, options.client, new)
        said = f"it takes the place of {lost} in {new}: write {lost} before it by hand"
        return Asked(options.client.id, Status.MANUAL, said) if lost else None

    def _is_spelled(self, node: SgNode) -> bool:
        """Whether what is asked for is read where the address is: in one text, or behind one of the script's own."""
        if node.kind() != "template_string":
            return False
        begun = node.text()[1:].startswith("${")
        return not begun or (
            is_requested(self.clients.script, node, self.clients.options.client) and not [*self._led_to(node, 0)]
        )

    def _is_elsewhere(self, node: SgNode) -> bool:
        """Whether the address that an expression begins with is one that another script hands on, and that moves."""
        return any(_moves(each) for each in self._led_to(node, 0))

    def _led_to(self, node: SgNode, depth: int) -> Iterator[Handed]:
        for kind in ("identifier", "shorthand_property_identifier"):
            for name in [node] if node.kind() == kind else node.find_all(kind=kind):
                binding = self.clients.script.scopes.resolve(name)
                if binding and binding.kind == "import":
                    yield from (each for local, each in self._imported if span(local) == span(binding.name))
                elif binding and span(binding.name) in self._shared:
                    yield self._shared[span(binding.name)]
                elif binding and binding.kind == "variable" and depth < _DEEP and span(binding.name) != span(name):
                    yield from self._led_to(binding.node, depth + 1)

    def _place(self, node: SgNode) -> int:
        """Where what is put behind the address stands: the first text of an expression that is none itself."""
        script = self.clients.script
        inner = node.find_all(kind="string") if node.kind() != "template_string" else ()
        texts = (each for each in inner if not address_in(each.text()[1:-1], self.clients.options.client))
        return next((script.start(each) + 1 for each in texts if each.text()[1:-1].strip("/")), script.start(node) + 1)

    # ------------------------------------------------------------------------------------------------------ texts

    def _text(self, node: SgNode | None, depth: int) -> str:
        """What an expression says, as far as it is written down."""
        if node is None or depth > _DEEP:
            return _COMPUTED
        kind = node.kind()
        if kind == "string":
            return node.text()[1:-1]
        if kind == "template_string":
            return self._template(node, depth)
        if kind in THROUGH:
            return self._text(next(iter(node.named_children()), None), depth + 1)
        if self.clients.is_address(node):
            return self._longest
        if kind == "binary_expression":
            return self._sum(node, depth)
        if kind == "ternary_expression":
            return self._chosen([node.field("consequence"), node.field("alternative")], depth)
        if kind == "augmented_assignment_expression" and "+=" in node.text():
            return self._text(node.field("left"), depth + 1) + self._text(node.field("right"), depth + 1)
        if kind in _CALLS:
            return self._called(node, depth)
        if kind in {"identifier", "shorthand_property_identifier", "member_expression"}:
            return self._named(node, depth)
        return _COMPUTED

    @property
    def _longest(self) -> str:
        return max(self.clients.options.client.addresses, key=len)

    def _template(self, node: SgNode, depth: int) -> str:
        said, at = "", node.range().start.index + 1
        for part in (each for each in node.children() if each.kind() == "template_substitution"):
            begin, end = part.range().start.index, part.range().end.index
            base = node.range().start.index
            said += node.text()[at - base : begin - base]
            said += self._text(next(iter(part.named_children()), None), depth + 1)
            at = end
        return said + node.text()[at - node.range().start.index : -1]

    def _sum(self, node: SgNode, depth: int) -> str:
        left, right, operator = node.field("left"), node.field("right"), node.field("operator")
        sign = operator.text() if operator else ""
        if sign in _CHOICES:
            return self._chosen([left, right], depth)
        return self._text(left, depth + 1) + self._text(right, depth + 1) if sign == "+" else _COMPUTED

    def _chosen(self, parts: list[SgNode | None], depth: int) -> str:
        """What an expression says that is one of several: the old address, where one is."""
        texts = [self._text(each, depth + 1) for each in parts]
        return next((t for t in texts if address_in(t, self.clients.options.client)), _COMPUTED)

    def _called(self, node: SgNode, depth: int) -> str:
        """What `new URL(path, base)`, `base.concat(path)` and `[base, path].join("/")` give."""
        function, arguments = node.field("function") or node.field("constructor"), node.field("arguments")
        given = arguments.named_children() if arguments else []
        method = function.field("property") if function else None
        if function is None:
            return _COMPUTED
        if node.kind() == "new_expression":
            if function.text() != "URL" or not given:
                return _COMPUTED
            texts = [self._text(each, depth + 1) for each in reversed(given)]
            return "/".join([texts[0].rstrip("/"), *(each.lstrip("/") for each in texts[1:])])
        owner = function.field("object") if method else None
        if owner is None or method is None:
            return _COMPUTED
        if method.text() in _SAME:
            return self._text(owner, depth + 1)
        if method.text() == "concat":
            return "".join(self._text(each, depth + 1) for each in (owner, *given))
        if method.text() == "join" and owner.kind() == "array" and len(given) == 1 and string_of(given[0]) == "/":
            return "/".join(self._text(each, depth + 1).rstrip("/") for each in owner.named_children())
        return _COMPUTED

    def _named(self, node: SgNode, depth: int) -> str:
        """What a name leads to: a variable's value, a property of a constant object, what another script hands on."""
        if self._handed_by(node):
            return self._longest
        owner, name = node.field("object"), node.field("property")
        binding = self.clients.script.scopes.resolve(owner or node)
        value = binding.node.field("value") if binding and binding.kind == "variable" else None
        while value and value.kind() in THROUGH and value.named_children():
            value = value.named_children()[0]
        if value is None or owner is None or name is None:
            return self._text(value, depth + 1)
        entries = properties(value) if value.kind() == "object" else []
        return self._text(next((each.value for each in entries if each.name == name.text()), None), depth + 1)

    # ----------------------------------------------------------------------------------------- from other scripts

    def _handed_by(self, node: SgNode) -> bool:
        """Whether a name, or an attribute of one, is an address that another script hands on."""
        base, _, rest = node.text().replace("?.", ".").partition(".")
        binding = self.clients.script.scopes.resolve(node, base)
        here = (each for name, each in self._imported if binding and span(name) == span(binding.name))
        return any(each.name.rpartition(".")[2] == rest if rest else "." not in each.name for each in here)

    @cached_property
    def _shared(self) -> dict[tuple[int, int, str], Handed]:
        """The script's own addresses that it hands on and that move, by where their names are declared."""
        own = {e.name.partition(".")[0]: e for e in self.clients.meanings.own if e.kind == "address" and _moves(e)}
        script = self.clients.script
        named = ((name, script.scopes.resolve(node)) for name, node in exports.named(script) if own)
        return {span(binding.name): own[name] for name, binding in named if binding and name in own}

    @cached_property
    def _imported(self) -> list[tuple[SgNode, Handed]]:
        """The names that the script imports addresses by."""
        return [
            (name.local, handed)
            for each in imports(self.clients.script)
            for name in each.names
            for handed in self._exported(each, name)
        ]

    def _exported(self, each: Import, name: Name) -> Iterator[Handed]:
        source = string_of(each.source) or ""
        for handed in self.clients.meanings.all_of(source):
            known = name.imported in ("*", handed.name.partition(".")[0])
            if handed.kind == "address" and known:
                yield handed


def _moves(each: Handed) -> bool:
    return each.of != Status.MANUAL
