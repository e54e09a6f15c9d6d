"""What a name in a script is bound to: the nearest declaration around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ast_grep_py import SgNode

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
    }
)
_BLOCKS = frozenset({"program", "statement_block", "class_static_block", "switch_case", "switch_default"})
_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_NAMED = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "type",
    "type_alias_declaration": "type",
    "enum_declaration": "class",
}

Kind = Literal["import", "variable", "parameter", "function", "class", "type"]


@dataclass(frozen=True, slots=True)
class Binding:
    """A declaration of a name: what declares it (an import, a declarator, a parameter, a function) and the name."""

    kind: Kind
    node: SgNode
    name: SgNode

    @property
    def key(self) -> tuple[int, int]:
        """Where the name is declared, which tells it from all others of the program."""
        place = self.name.range()
        return place.start.index, place.end.index


class Scopes:
    """The declarations of one program, worked out where they are asked for."""

    def __init__(self, root: SgNode) -> None:
        self._root = root
        self._known: dict[tuple[int, int, str], dict[str, Binding]] = {}

    def resolve(self, node: SgNode, name: str = "") -> Binding | None:
        """What the name at a node is bound to, or another name there; None for a global one."""
        name = name or node.text()
        for scope in node.ancestors():
            found = self.declared(scope).get(name)
            if found:
                return found
        return None

    def declared(self, scope: SgNode) -> dict[str, Binding]:
        """The names that a block, a function or the program declares itself."""
        place = scope.range()
        key = place.start.index, place.end.index, scope.kind()
        if key not in self._known:
            self._known[key] = {binding.name.text(): binding for binding in _declared(scope)}
        return self._known[key]

    @property
    def top(self) -> dict[str, Binding]:
        """The names that the program itself declares."""
        return self.declared(self._root)


def _declared(scope: SgNode) -> Iterator[Binding]:
    kind = scope.kind()
    if kind in _BLOCKS:
        for child in scope.named_children():
            yield from _statement(child)
    elif kind in FUNCTIONS:
        for field in ("parameters", "parameter"):
            parameters = scope.field(field)
            if parameters:
                yield from _parameters(parameters)
    elif kind == "catch_clause":
        caught = scope.field("parameter")
        if caught:
            yield from (Binding("parameter", caught, name) for name in names_in(caught))
    elif kind == "for_in_statement":
        left = scope.field("left")
        if left and scope.field("kind"):
            yield from (Binding("parameter", left, name) for name in names_in(left))
    elif kind == "for_statement":
        first = scope.field("initializer")
        if first:
            yield from _statement(first)


def _parameters(node: SgNode) -> Iterator[Binding]:
    if node.kind() == "identifier":
        yield Binding("parameter", node, node)
        return
    for parameter in node.named_children():
        pattern = parameter.field("pattern") or parameter
        yield from (Binding("parameter", parameter, name) for name in names_in(pattern))


def _statement(node: SgNode) -> Iterator[Binding]:
    kind = node.kind()
    if kind in {"export_statement", "ambient_declaration"}:
        inner = node.field("declaration")
        if inner:
            yield from _statement(inner)
    elif kind in {"lexical_declaration", "variable_declaration"}:
        for declarator in node.named_children():
            name = declarator.field("name") if declarator.kind() == "variable_declarator" else None
            if name:
                yield from (Binding("variable", declarator, each) for each in names_in(name))
    elif kind == "import_statement":
        yield from (Binding("import", node, name) for name in imported(node))
    elif kind in _NAMED:
        name = node.field("name")
        if name:
            yield Binding("function" if _NAMED[kind] == "function" else _kind(kind), node, name)


def _kind(kind: str) -> Kind:
    return "type" if _NAMED[kind] == "type" else "class"


def imported(statement: SgNode) -> Iterator[SgNode]:
    """The names that an import statement binds."""
    for clause in statement.named_children():
        if clause.kind() != "import_clause":
            continue
        for part in clause.named_children():
            if part.kind() == "identifier":
                yield part
            elif part.kind() == "namespace_import":
                yield from (each for each in part.named_children() if each.kind() == "identifier")
            elif part.kind() == "named_imports":
                for each in part.named_children():
                    name = each.field("alias") or each.field("name")
                    if name:
                        yield name


def names_in(pattern: SgNode) -> Iterator[SgNode]:
    """The names that a pattern binds; defaults and types in it are none."""
    kind = pattern.kind()
    if kind in _NAMES:
        yield pattern
    elif kind == "pair_pattern":
        value = pattern.field("value")
        if value:
            yield from names_in(value)
    elif kind in {"assignment_pattern", "object_assignment_pattern"}:
        left = pattern.field("left")
        if left:
            yield from names_in(left)
    elif kind in {"object_pattern", "array_pattern", "rest_pattern"}:
        for child in pattern.named_children():
            yield from names_in(child)
    elif kind in {"required_parameter", "optional_parameter"}:
        inner = pattern.field("pattern")
        if inner:
            yield from names_in(inner)
