"""A module that alone uses the client module, and only the client of it, gets a client of its own instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from migrator.python import rewrite
from migrator.python.importing.new import Import, imported, line_end
from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import Outline
from migrator.python.reading.scopes import Definition, Scope
from migrator.python.reading.source import Source
from migrator.sites import Edit

_NAMES = ("client", "gateway_client")


@dataclass(frozen=True, slots=True)
class Written:
    """A function as text, and what it imports."""

    text: str
    imports: tuple[Import, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """The edits that give a module a client of its own, what that is called, and where in the old text it goes."""

    edits: tuple[Edit, ...]
    name: str
    at: int


Write = Callable[[str, bool], Written]  # from a name, and whether the function is called with options


def own_client(
    text: str, path: str, names: tuple[str, ...], client: str, write: Write, ends: Collection[int] = ()
) -> Own | None:
    """How a module that calls the function `client` of the module `client` gets it; None where it does more than that.

    `ends` are places behind which another piece of the program begins. Raises what `rewrite.read` does.
    """
    source, found, facts = rewrite.read(text, path, names)
    statements = list(_statements(found, client))
    called = {id(call.func): call for call, _ in found.calls}
    uses = [(node, called.get(id(node))) for node in _uses(found, client)]
    name = next((n for n in _NAMES if not facts.bound.get(n, frozenset()) - {client, f"{client}.client"}), None)
    if not statements or name is None or not all(call for _, call in uses):
        return None
    if not all(_can_go(source, statement, scope) for statement, scope in statements):
        return None
    nodes = [node for node, _ in uses]
    if _is_spelled_besides(source, [*(s for s, _ in statements), *nodes], client.rpartition(".")[2]):
        return None
    made = write(name, any(call.keywords for _, call in uses if call))
    if any(facts.bound.get(i.bound, {i.dotted}) != {i.dotted} for i in made.imports):
        return None
    edits = imported(source, made.imports, [statement for statement, _ in statements])
    at = _place(source, nodes, [edit for edit in edits if not edit.text])
    if at is None:
        return None
    edits += [Edit(source.start(node), source.end(node), name) for node in nodes]
    edits.append(Edit(at, at, _laid_out(made.text, source, at, ends)))
    return Own(tuple(_merged(edits)), name, at)


def _merged(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Edits in their order, those that add something at one place as one."""
    for (start, end), same in groupby(sorted(edits, key=_span), key=_span):
        yield Edit(start, end, "".join(edit.text for edit in same))


def _span(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _statements(found: Outline, client: str) -> Iterator[tuple[ast.stmt, Scope]]:
    """The statements that import the client module, or its function, with the scopes they stand in."""
    for scope in found.scopes:
        for bindings in scope.bindings.values():
            for binding in bindings:
                if binding.statement and binding.target in (client, f"{client}.client"):
                    yield binding.statement, scope


def _uses(found: Outline, client: str) -> Iterator[ast.expr]:
    """The nodes that mean the function, or what a reference to the module means otherwise."""
    for reference in found.references:
        holder = reference.scope.lookup(reference.parts[0])
        targets = {binding.target for binding in holder.bindings[reference.parts[0]]} if holder else set()
        if client in targets:
            plain = targets == {client} and reference.parts[1:2] == ("client",) and not reference.inside
            yield reference.nodes[1 if plain else 0]
        elif f"{client}.client" in targets:
            yield reference.nodes[0]


def _can_go(source: Source, statement: ast.stmt, scope: Scope) -> bool:
    """Whether an import statement has a line and a name of its own, and is not all that its block does."""
    block = scope.node.body if isinstance(scope.node, ast.Module | ast.FunctionDef) else []
    if statement not in block or len(block) == 1 or len(getattr(statement, "names", ())) != 1:
        return False
    start, end = source.start(statement), source.end(statement)
    line = source.text[source.line_start(start) : start] + source.text[end : source.line_end(end)]
    return not line.strip()


def _is_spelled_besides(source: Source, nodes: Sequence[ast.AST], leaf: str) -> bool:
    """Whether a module is named elsewhere than in these nodes: in a text, a comment, or what they are not about."""
    spans = [(source.start(node), source.end(node)) for node in nodes]
    named = (match.start() for match in re.finditer(rf"\b{re.escape(leaf)}\b", source.text))
    return any(not any(start <= at < end for start, end in spans) for at in named)


def _place(source: Source, uses: list[ast.expr], gone: list[Edit]) -> int | None:
    """The end of the line of the last import, or of the docstring, above every definition and use of the function."""
    used, at = min(source.start(node) for node in uses), None
    for index, statement in enumerate(source.tree.body):
        if isinstance(statement, Definition) or source.end(statement) > used:
            break
        end = line_end(source, statement)
        if isinstance(statement, ast.Import | ast.ImportFrom) or (index == 0 and _is_text(statement)):
            at = at if any(edit.start <= end < edit.end for edit in gone) else end
    return at


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and text_value(statement.value) is not None


def _laid_out(text: str, source: Source, at: int, ends: Collection[int]) -> str:
    """The function in the style of a module, with two empty lines around it."""
    if re.search(r"^\t", source.text, re.MULTILINE):
        text = re.sub(r"^( {4})+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)
    rest = source.text[at:]
    empty = len(rest) - len(rest.lstrip("\r\n"))
    behind = 0 if at in ends or not rest.strip() else max(0, 3 - len(rest[:empty].splitlines()))
    return "".join(("\n" * 3, text, "\n" * behind)).replace("\n", source.newline)
