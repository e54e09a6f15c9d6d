"""What a script takes from a package: by import, require and dynamic import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ast_grep_py import SgNode

from migrator.javascript.objects import Property, properties
from migrator.javascript.source import Script, string_of
from migrator.javascript.specifiers import package

Form = Literal["import", "require", "export", "other"]
THROUGH = frozenset(
    {"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "await_expression"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """One imported name: what the package calls it (`default`, `*` for the whole module) and the local one."""

    imported: str
    local: SgNode
    entry: Property | None = None  # in braces


@dataclass(frozen=True, slots=True)
class Import:
    """One statement or expression that names a package.

    `clause` is what stands between `import` and `from`, or the pattern of a `require` or a dynamic import; None where
    the module is not taken apart by it.
    """

    form: Form
    source: SgNode  # the string
    statement: SgNode
    clause: SgNode | None
    names: tuple[Name, ...]
    types: bool = False
    read: SgNode | None = None  # the name that is read off it where it stands

    @property
    def package(self) -> str:
        return package(string_of(self.source) or "")


def imports(script: Script) -> list[Import]:
    """Every import of the program, of whichever package, in order."""
    found = [_import(node) for node in script.all("import_statement")]
    found += [i for node in script.all("export_statement") if (i := _export(node))]
    found += [i for node in script.all("call_expression") if (i := called(node))]
    return sorted((i for i in found if i), key=lambda i: script.start(i.source))


def _import(node: SgNode) -> Import | None:
    source = node.field("source")
    if string_of(source) is None or source is None:
        return None
    clause = next((c for c in node.named_children() if c.kind() == "import_clause"), None)
    names = tuple(_clause_names(clause)) if clause else ()
    types = any(child.kind() == "type" for child in node.children())
    return Import("import" if clause else "other", source, node, clause, names, types)


def _clause_names(clause: SgNode) -> Iterator[Name]:
    for part in clause.named_children():
        if part.kind() == "identifier":
            yield Name("default", part)
        elif part.kind() == "namespace_import":
            yield from (Name("*", name) for name in part.named_children() if name.kind() == "identifier")
        elif part.kind() == "named_imports":
            yield from (Name(e.name, e.value, e) for e in properties(part) if e.value)


def _export(node: SgNode) -> Import | None:
    source = node.field("source")
    if source is None or string_of(source) is None:
        return None
    return Import("export", source, node, None, ())


def called(node: SgNode) -> Import | None:
    """`require("x")` and `import("x")`, with what the declaration around it takes out of the module."""
    function, arguments = node.field("function"), node.field("arguments")
    if function is None or arguments is None or not (function.kind() == "import" or function.text() == "require"):
        return None
    given = arguments.named_children()
    if len(given) != 1 or string_of(given[0]) is None:
        return None
    outer = node
    while (parent := outer.parent()) and parent.kind() in THROUGH:
        outer = parent
    if parent and parent.kind() == "member_expression":
        return Import("other", given[0], outer, None, (), read=parent.field("property"))
    if parent is None or parent.kind() != "variable_declarator":
        return Import("other", given[0], outer, None, ())
    pattern = parent.field("name")
    if pattern is None:
        return Import("other", given[0], outer, None, ())
    if pattern.kind() == "identifier":
        return Import("require", given[0], parent, None, (Name("*", pattern),))
    names = tuple(Name(e.name, e.value, e) for e in properties(pattern) if e.value and e.name)
    return Import("require", given[0], parent, pattern, names)
