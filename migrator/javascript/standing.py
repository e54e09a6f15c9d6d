"""What the names of a script stand for, as far as it says so itself: the expressions that give their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode

from migrator.javascript import classes
from migrator.javascript.imports import THROUGH
from migrator.javascript.objects import properties
from migrator.javascript.source import Script, span, string_of

NAMES = ("identifier", "shorthand_property_identifier")
MEMBERS = ("member_expression", "subscript_expression")
_FUNCTIONS = frozenset(
    {"arrow_function", "function_expression", "function_declaration", "method_definition", "generator_function"}
)
_PARAMETERS = frozenset({"required_parameter", "optional_parameter"})
_FIELDS = ("public_field_definition", "field_definition")
_DEEP = 20  # objects in objects, and names that lead to them, be it to themselves: `url = url.trim()`


def inner(node: SgNode) -> SgNode:
    """An expression without what only surrounds it: parentheses, types, `Object.freeze(…)`."""
    while True:
        function, arguments = node.field("function"), node.field("arguments")
        frozen = function is not None and function.text() == "Object.freeze"
        around = arguments if frozen else node if node.kind() in THROUGH else None
        parts = around.named_children() if around else []
        if not parts:
            return node
        node = parts[0]


def key(node: SgNode) -> str:
    """The name of a member that is read off something; "" where it is worked out."""
    name = node.field("property")
    return name.text() if name else string_of(node.field("index")) or ""


def members(node: SgNode) -> Iterator[tuple[str, SgNode]]:
    """The members of an object, a class or an enum, by name, that are given a value there."""
    if node.kind() == "object":
        yield from ((each.name, each.value) for each in properties(node) if each.name and each.value)
        return
    body = node.field("body")
    for each in body.named_children() if body and node.kind() not in _FUNCTIONS else ():
        name, value = each.field("name") or each.field("property"), each.field("value")
        if name and value:
            yield name.text().strip("\"'"), value


def taken_as(name: SgNode) -> str:
    """What a name in a pattern is called in the object that it is taken out of."""
    above = name.parent()
    above = above.parent() if above and above.kind() == "assignment_pattern" else above
    entry = above.field("key") if above and above.kind() == "pair_pattern" else None
    return entry.text().strip("\"'") if entry else name.text()


def results(function: SgNode) -> list[SgNode]:
    """The expressions that a function returns."""
    body = function.field("body") if function.kind() in _FUNCTIONS else None
    if body is None or body.kind() != "statement_block":
        return [body] if body else []
    return [each for node in body.find_all(kind="return_statement") for each in node.named_children()[:1]]


@dataclass(frozen=True)
class Standing:
    """The names of one script."""

    script: Script

    def values(self, node: SgNode, depth: int = 0) -> list[SgNode]:
        """The expressions that a name, a member or a call of the script's own functions may stand for."""
        if node.kind() in NAMES:
            return self._of_name(node, depth)
        if node.kind() in MEMBERS:
            owner = node.field("object")
            if owner and owner.kind() == "this":
                return self.attributes(node, key(node))
            return [value for each in self.owners(owner, depth) for name, value in members(each) if name == key(node)]
        function = node.field("function") if node.kind() == "call_expression" else None
        return [result for each in self.functions(function, depth) for result in results(each)] if function else []

    def owners(self, node: SgNode | None, depth: int = 0) -> list[SgNode]:
        """The objects, classes and enums that an expression stands for."""
        if node is None or depth > _DEEP:
            return []
        node = inner(node)
        binding = self.script.scopes.resolve(node) if node.kind() in (*NAMES, "type_identifier") else None
        place = (*binding.key, node.kind()) if binding else span(node)  # a name is worked out once, wherever it stands
        if (place, depth) not in self._owners:
            found = [binding.node] if binding and binding.kind == "class" else self._owning(node, depth)
            self._owners[place, depth] = list({span(each): each for each in found}.values())
        return self._owners[place, depth]

    @cached_property
    def _owners(self) -> dict[tuple[tuple[int, int, str], int], list[SgNode]]:
        return {}

    def _owning(self, node: SgNode, depth: int) -> list[SgNode]:
        if node.kind() == "object" or classes.is_class(node):
            return [node]
        if node.kind() == "new_expression":
            return self.owners(node.field("constructor"), depth + 1)
        return [found for each in self.values(node, depth + 1) for found in self.owners(each, depth + 1)]

    def attributes(self, node: SgNode, name: str) -> list[SgNode]:
        """What `this` has under a name in the class around a node, else in any of the script."""
        around = classes.around(node)
        own = self._attributes.get((span(around) if around else None, name))
        return own or [each for (_, known), found in self._attributes.items() if known == name for each in found]

    def _of_name(self, node: SgNode, depth: int) -> list[SgNode]:
        binding = self.script.scopes.resolve(node)
        if binding is None or binding.kind not in {"variable", "parameter"}:
            return []
        found = [default] if (default := _default(binding.name)) else []
        pattern, value = binding.node.field("name"), binding.node.field("value")
        if binding.kind == "variable" and pattern and value:
            taken = taken_as(binding.name)
            whole = pattern.kind() == "identifier"
            parts = (part for each in ([] if whole else self.owners(value, depth)) for part in members(each))
            found += [value] if whole else [each for name, each in parts if name == taken]
        return [*found, *self.assigned.get(binding.key, ())]

    def functions(self, node: SgNode, depth: int = 0) -> list[SgNode]:
        """The functions that an expression which is called stands for."""
        owner = node.field("object")
        if owner and owner.kind() == "this":
            around = classes.around(node)
            body = around.field("body") if around else None
            own = (each for each in (body.named_children() if body else ()) if each.kind() == "method_definition")
            found = [each for each in own if (name := each.field("name")) and name.text() == key(node)]
            return [*found, *self.attributes(node, key(node))]
        binding = self.script.scopes.resolve(node) if node.kind() == "identifier" else None
        return [binding.node] if binding and binding.kind == "function" else self.values(node, depth)

    @cached_property
    def assigned(self) -> dict[tuple[int, int], list[SgNode]]:
        """What is assigned to each declared name after its declaration."""
        found: dict[tuple[int, int], list[SgNode]] = {}
        for node in self.script.all("assignment_expression"):
            left, right = node.field("left"), node.field("right")
            binding = self.script.scopes.resolve(left) if left and left.kind() == "identifier" else None
            if binding and right:
                found.setdefault(binding.key, []).append(right)
        return found

    @cached_property
    def _attributes(self) -> dict[tuple[tuple[int, int, str] | None, str], list[SgNode]]:
        """What each class of the script has under each name."""
        found: dict[tuple[tuple[int, int, str] | None, str], list[SgNode]] = {}
        for node, name, value in self._given():
            around = classes.around(node)
            found.setdefault((span(around) if around else None, name), []).append(value)
        return found

    def _given(self) -> Iterator[tuple[SgNode, str, SgNode]]:
        for node in self.script.all("assignment_expression"):
            left, right = node.field("left"), node.field("right")
            owner = left.field("object") if left else None
            if left and right and owner and owner.kind() == "this":
                yield node, key(left), right
        for node in self.script.all(*_FIELDS):
            name, value = node.field("name") or node.field("property"), node.field("value")
            if name and value:
                yield node, name.text(), value
        for node in self.script.all("required_parameter", "optional_parameter"):
            pattern, value = node.field("pattern"), node.field("value")
            if pattern and value and any(c.kind() in {"accessibility_modifier", "readonly"} for c in node.children()):
                yield node, pattern.text(), value
        for node in self.script.all("method_definition"):
            name = node.field("name")
            if name and any(child.kind() == "get" for child in node.children()):
                yield from ((node, name.text(), each) for each in results(node))


def _default(name: SgNode) -> SgNode | None:
    """What a parameter, or a name that is taken out of an object, is where it is not given."""
    above = name.parent()
    if above is None:
        return None
    left = above.field("pattern") if above.kind() in _PARAMETERS else above.field("left")
    if left is None or span(left) != span(name):
        return None
    return above.field("value") if above.kind() in _PARAMETERS else above.field("right")
