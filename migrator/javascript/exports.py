"""What a script exports: the names, and the expressions or declared names that they stand for."""

from __future__ import annotations

from collections.abc import Iterator

from ast_grep_py import SgNode

from migrator.javascript.imports import THROUGH
from migrator.javascript.objects import properties
from migrator.javascript.source import Script, span
from migrator.sites import Edit


def parts(script: Script) -> Iterator[tuple[str, SgNode]]:
    """What a script exports, and by dotted names what objects have that it exports."""
    for name, node in named(script):
        yield name, node
        binding = script.scopes.resolve(node) if node.kind() == "identifier" else None
        value = binding.node.field("value") if binding else node
        while value and value.kind() in THROUGH and value.named_children():
            value = value.named_children()[0]
        for each in properties(value) if value and value.kind() == "object" else ():
            if each.name and each.value:
                yield f"{name}.{each.name}", each.value


def specifiers(statement: SgNode) -> list[tuple[str, str]]:
    """The names that a statement exports, each with that by which it is called so far."""
    clauses = [c for c in statement.named_children() if c.kind() == "export_clause"]
    return [
        ((each.field("alias") or name).text(), name.text())
        for clause in clauses
        for each in clause.named_children()
        if (name := each.field("name"))
    ]


def of_value(script: Script, use: SgNode, value: str) -> list[Edit]:
    """The edits by which a name in `export { … }` gives a value under the name that others know."""
    specifier = use.parent()
    clause = specifier.parent() if specifier else None
    statement = clause.parent() if clause else None
    if specifier is None or clause is None or statement is None:
        return []
    known = (specifier.field("alias") or use).text()
    said = f"export default {value};" if known == "default" else f"export const {known} = {value};"
    others = [each for each in clause.named_children() if each.kind() == "export_specifier"]
    at = next(n for n, each in enumerate(others) if span(each) == span(specifier))
    if len(others) == 1:
        end = script.end(statement)
        return [Edit(script.start(statement), end, said if statement.text().endswith(";") else said.rstrip(";"))]
    first = script.start(specifier) if at == 0 else script.end(others[at - 1])
    last = script.start(others[1]) if at == 0 else script.end(specifier)
    return [Edit(script.start(statement), script.start(statement), f"{said} "), Edit(first, last, "")]


def named(script: Script) -> Iterator[tuple[str, SgNode]]:
    """What a script exports that it has itself: the names, and the expressions or declared names."""
    for statement in script.all("export_statement"):
        if statement.field("source"):
            continue
        default = any(child.kind() == "default" for child in statement.children())
        declared, value = statement.field("declaration"), statement.field("value")
        if value:
            yield "default", value
        for clause in (c for c in statement.named_children() if c.kind() == "export_clause"):
            for each in clause.named_children():
                name = each.field("name")
                if name:
                    yield (each.field("alias") or name).text(), name
        if declared and declared.kind() in {"lexical_declaration", "variable_declaration"}:
            for each in declared.named_children():
                name = each.field("name")
                if name and name.kind() == "identifier":
                    yield name.text(), name
        elif declared and (name := declared.field("name")):
            yield "default" if default else name.text(), name
    for node in script.all("assignment_expression"):
        left, right = node.field("left"), node.field("right")
        if left is None or right is None:
            continue
        said = left.text()
        if said == "module.exports" and right.kind() == "object":
            yield from ((each.name, each.value) for each in properties(right) if each.name and each.value)
        elif said == "module.exports":
            yield "*", right
        elif said.startswith(("module.exports.", "exports.")):
            yield said.rpartition(".")[2], right
