"""What one walk over a syntax tree notes: scopes, and every place a name, a text or a call stands."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Literal

from migrator.python.reading.expressions import Parts
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


@dataclass(eq=False, slots=True)
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
