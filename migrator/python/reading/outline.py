"""What one walk over a syntax tree notes: scopes, and every place a name, a text or a call stands."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from migrator.python.reading.expressions import Parts, parts_of, root_of
from migrator.python.reading.getters import Getter
from migrator.python.reading.scopes import Binding, FunctionNode, Scope

DEFINED = re.compile(r"(?:async[\s\\]+def|def|class)[\s\\]+")  # what stands before the name of a definition


@dataclass(eq=False, slots=True)
class Reference:
    """A name, or a chain `a.b.c`, with all of its parts; `nodes[i]` is the node that spans the first i + 1 parts."""

    parts: Parts
    nodes: tuple[ast.expr, ...]
    scope: Scope
    inside: ast.JoinedStr | None  # the f-string it stands in: CPython before 3.12 misplaces nodes there


@dataclass(eq=False, slots=True)
class Text:
    """A string literal and the role it plays."""

    node: ast.Constant | ast.JoinedStr
    scope: Scope
    role: Literal["plain", "annotation", "docstring", "all"]


@dataclass(eq=False, slots=True)
class ImportStatement:
    node: ast.Import | ast.ImportFrom
    scope: Scope
    block: list[ast.stmt]


class Variable(NamedTuple):
    """The scope or the class that holds it, and what it is called there: `url`, or `url` for `self.url`."""

    holder: Scope
    name: str


@dataclass(eq=False)
class Outline:
    """What one walk found, each list in the order of the text (decorators and defaults before bodies)."""

    scope: Scope
    scopes: list[Scope] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    imports: list[ImportStatement] = field(default_factory=list)
    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    inside: dict[int, ast.JoinedStr] = field(default_factory=dict)  # id of a call -> the f-string it stands in
    lookups: list[tuple[ast.expr, Scope]] = field(default_factory=list)  # `x["key"]` and `x.get("key")`
    functions: list[tuple[FunctionNode, Scope, Scope]] = field(default_factory=list)  # node, where, its own scope
    classes: list[tuple[ast.ClassDef, Scope]] = field(default_factory=list)
    tries: list[ast.Try] = field(default_factory=list)
    handlers: list[tuple[ast.Try, Scope]] = field(default_factory=list)  # where there are several
    withs: list[ast.With | ast.AsyncWith] = field(default_factory=list)
    globals: list[tuple[ast.Global | ast.Nonlocal, Scope]] = field(default_factory=list)
    members: list[tuple[list[ast.Attribute], str]] = field(default_factory=list)  # `import_module("a.b").c.d`
    loose: list[tuple[ast.Attribute, ast.JoinedStr | None]] = field(default_factory=list)  # `f().c`, and its f-string
    attributes: list[tuple[Parts, Binding, Scope]] = field(default_factory=list)  # `self.name = a.b`, with `a.b`
    results: list[tuple[Parts, Scope, ast.Call]] = field(default_factory=list)  # `name = a.method()`
    tested: set[int] = field(default_factory=set)  # ids of the names that are only asked whether they are there
    # ids of values -> the name that each is given, and where; None for a default and for what a function gives
    stored: dict[int, tuple[Parts, Scope] | None] = field(default_factory=dict)
    # `im` -> `import_module`, where it is called so; a function that gives a module -> that module
    importers: dict[str, str] = field(default_factory=dict)
    getters: list[Getter] = field(default_factory=list)  # those that are defined here
    view: object = None  # what the tracing of answers keeps here

    def scope_of(self, node: ast.AST) -> Scope | None:
        """The scope that a name, or a chain that begins with one, is used in."""
        return self._scopes.get(id(root_of(node)))

    def variable(self, node: ast.AST) -> Variable | None:
        """Which variable a name is, or an attribute of `self`; None for what the module does not bind."""
        parts, scope = parts_of(node), self.scope_of(node)
        if scope is None or len(parts) > 2:
            return None
        holder = scope.lookup(parts[0]) if len(parts) == 1 else scope.owner(parts[0])
        return Variable(holder, parts[-1]) if holder else None

    def bindings(self, node: ast.AST | None) -> list[Binding]:
        """What binds a name where it is used."""
        variable = self.variable(node) if isinstance(node, ast.Name) else None
        return variable.holder.bindings[variable.name] if variable else []

    @cached_property
    def _scopes(self) -> dict[int, Scope]:
        return {id(reference.nodes[0]): reference.scope for reference in self.references}
