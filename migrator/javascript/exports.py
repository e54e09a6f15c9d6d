"""What a script exports: the names, and the expressions or declared names that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ast_grep_py import SgNode

from migrator.javascript.objects import properties, without
from migrator.javascript.options import Options
from migrator.javascript.source import Script, span
from migrator.javascript.standing import Standing, members
from migrator.line_ends import newline_of
from migrator.sites import Edit

_DEEP = 3  # objects in objects


def parts(script: Script) -> Iterator[tuple[str, SgNode]]:
    """What a script exports, and by dotted names what objects, classes and enums have that it exports."""
    for name, node in named(script):
        yield name, node
        yield from _inside(script.standing, name, node)


def _inside(standing: Standing, name: str, node: SgNode, depth: int = 0) -> Iterator[tuple[str, SgNode]]:
    for owner in standing.owners(node) if depth < _DEEP else ():
        for member, value in members(owner):
            yield f"{name}.{member}", value
            yield from _inside(standing, f"{name}.{member}", value, depth + 1)


def specifiers(statement: SgNode) -> list[tuple[str, str]]:
    """The names that a statement exports, each with that by which it is called so far, `*` for a whole module."""
    clauses = [c for c in statement.named_children() if c.kind() == "export_clause"]
    whole = [c for c in statement.named_children() if c.kind() == "namespace_export"]
    return [(name.text(), "*") for each in whole for name in each.named_children()[:1]] + [
        ((each.field("alias") or name).text(), name.text())
        for clause in clauses
        for each in clause.named_children()
        if (name := each.field("name"))
    ]


def with_values(options: Options, text: str, statement: SgNode, given: Sequence[SgNode]) -> list[Edit]:
    """The edits by which names in `export { … }` give the new address under the names that others know."""
    script, ours = options.script, {span(each) for each in given}
    clause = next(each for each in statement.named_children() if each.kind() == "export_clause")
    gone = [each for each in properties(clause) if (name := each.node.field("name")) and span(name) in ours]
    known = dict.fromkeys(options.renamed(each.name) for each in gone)
    words = ("export default" if name == "default" else f"export const {name} =" for name in known)
    newline, end = newline_of(text), ";" if statement.text().endswith(";") else ""
    said = newline.join(f"{each} {options.url}{end}" for each in words)
    if len(gone) == len(properties(clause)):
        return [script.edit(statement, said)]
    start = script.start(statement)
    return [Edit(start, start, f"{said}{newline}"), *without(script, text, clause, gone)]


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
