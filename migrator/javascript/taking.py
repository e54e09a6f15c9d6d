"""The addresses and headers that a script takes from others of the project, by whatever way it imports them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ast_grep_py import SgNode

from migrator.fates.handed import Handed
from migrator.javascript.imports import called, imports
from migrator.javascript.meanings import Meanings
from migrator.javascript.source import Script, span, string_of
from migrator.javascript.standing import MEMBERS, NAMES, inner, key, taken_as
from migrator.javascript.uses import uses

_DEEP = 8  # names that lead to one another


@dataclass(frozen=True)
class Taking:
    """What one script takes that is of a kind."""

    script: Script
    meanings: Meanings
    kind: Literal["address", "headers"] = "address"

    def of(self, node: SgNode) -> Handed | None:
        """What a name stands for, or a member of one, or a call."""
        names: list[str] = []
        for _ in range(_DEEP if self._imported or self._called else 0):
            node = inner(node)
            if node.kind() in MEMBERS:
                owner = node.field("object")
                names.insert(0, key(node))
                if owner is None:
                    return None
                node = owner
                continue
            function = node.field("function")
            if function and span(node) not in self._called and self.kind == "headers":
                node = function
                continue
            if node.kind() == "call_expression":
                found = self._called.get(span(node), ())
                return next((each for rest, each in found if rest == names), None)
            binding = self.script.scopes.resolve(node) if node.kind() in NAMES else None
            if binding is None:
                return None
            if known := self._imported.get(span(binding.name)):
                return next((each for rest, each in known if rest == names), None)
            pattern, value = binding.node.field("name"), binding.node.field("value")
            if binding.kind != "variable" or pattern is None or value is None:
                return None
            names[:0] = [] if pattern.kind() == "identifier" else [taken_as(binding.name)]
            node = value
        return None

    @cached_property
    def all(self) -> list[tuple[SgNode, Handed]]:
        """The expressions that are such, or that one is taken out of."""
        found: list[tuple[SgNode, Handed]] = []
        for node in self._begun():
            each: SgNode | None = node
            while each is not None:
                above = each.parent()
                read = above is not None and above.kind() in MEMBERS and above.field("object") == each
                handed = self.of(each)
                if handed and not (read and self.kind == "headers"):  # something else may be read of what has headers
                    found.append((each, handed))
                    break
                if above and above.kind() == "variable_declarator":
                    found += self._taken_out(node, above)
                each = above if read or (above and inner(above) != above) else None
        return found

    def _begun(self) -> Iterator[SgNode]:
        names = (name.local for each in imports(self.script) for name in each.names)
        yield from (use for name in names if span(name) in self._imported for use in uses(self.script, name))
        yield from (node for node in self.script.all("call_expression") if span(node) in self._called)

    def _taken_out(self, node: SgNode, declarator: SgNode) -> Iterator[tuple[SgNode, Handed]]:
        """The addresses that a pattern takes out of a whole module: `const { BASE } = conf`."""
        pattern = declarator.field("name")
        binding = self.script.scopes.resolve(node) if node.kind() in NAMES else None
        known = self._imported.get(span(binding.name), ()) if binding else self._called.get(span(node), ())
        taken = (
            {taken_as(each) for each in pattern.find_all(kind="shorthand_property_identifier_pattern")}
            if pattern
            else set()
        )
        yield from ((node, each) for rest, each in known if rest[:1] and rest[0] in taken)

    @cached_property
    def _imported(self) -> dict[tuple[int, int, str], list[tuple[list[str], Handed]]]:
        """Imported names, by where they are declared: the addresses that they are or have, and the names from there."""
        found: dict[tuple[int, int, str], list[tuple[list[str], Handed]]] = {}
        for each in imports(self.script):
            for name in each.names if not each.types else ():
                known = list(self._exported(string_of(each.source) or "", name.imported))
                if known:
                    found[span(name.local)] = known
        return found

    @cached_property
    def _called(self) -> dict[tuple[int, int, str], list[tuple[list[str], Handed]]]:
        """The same for `require("./conf")` and `import("./conf")`, wherever they stand."""
        asked = ((span(node), called(node)) for node in self.script.all("call_expression"))
        known = ((place, [*self._exported(string_of(each.source) or "", "*")]) for place, each in asked if each)
        return {place: found for place, found in known if found}

    def _exported(self, source: str, imported: str) -> Iterator[tuple[list[str], Handed]]:
        for handed in self.meanings.all_of(source):
            names = [each for each in handed.name.split(".") if each != "*"]
            if handed.kind != self.kind:
                continue
            if imported == "*" or (imported == "default" and names[:1] != ["default"]):
                yield names, handed
            elif names[:1] == [imported]:
                yield names[1:], handed
