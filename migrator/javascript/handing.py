"""What scripts hand on to others of a client SDK that is left: its classes, clients, and functions that give these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ast_grep_py import SgNode

from migrator.fates.handed import Handed, stem
from migrator.fates.names import Names
from migrator.javascript.behind import Behind
from migrator.javascript.clients import Clients
from migrator.javascript.find import clients_of, requests_of, stay
from migrator.javascript.imports import THROUGH
from migrator.javascript.meanings import Meaning
from migrator.javascript.objects import properties
from migrator.javascript.source import Script, scripts, string_of
from migrator.packs.ruleset import Rules
from migrator.primitives.client import Client
from migrator.sites import Status

_DEEP = 4  # scripts on the way from a client to who uses it


def handed_on(texts: Mapping[str, str], rules: Rules) -> tuple[Handed, ...]:
    """What scripts, by path, export that is a client SDK's and moves, from script to script."""
    found: set[Handed] = set()
    parsed = [(path, script) for path, text in sorted(texts.items()) for script in scripts(text, path)]
    whole = [(path, script) for path, script in parsed if script.fault() is None]
    for _ in range(_DEEP):
        names = Names(replace(rules, handed=tuple(sorted(found, key=_order))))
        new = {
            e for c in rules.clients for path, script in whole for e in _exports(path, script, names, c, texts[path])
        }
        if new <= found:
            break
        found |= new
    return tuple(sorted(found, key=_order))


def _order(each: Handed) -> tuple[str, str, str]:
    return each.module, each.name, each.prefix


def _exports(path: str, script: Script, names: Names, client: Client, text: str) -> Iterator[Handed]:
    clients = clients_of(script, text, path, names, client)
    built, stays = list(clients.built()), stay(clients, names)
    yield from _addresses(path, clients, stays)
    if stays:
        return
    prefixes = {each.made: each.settled.provider for each in built}
    for name, node in _named(script):
        yield from _one(path, name, node, clients, prefixes)
    for statement in script.all("export_statement"):
        source = string_of(statement.field("source"))
        if source is None:
            continue
        for name, old in _specifiers(statement):
            meaning = clients.meanings.exported(source, old)
            if meaning and (meaning.package != client.package or clients.is_class(meaning)):
                yield from _handed(path, name, meaning, clients, prefixes)
        if not _specifiers(statement):
            for each in clients.meanings.all_of(source):
                yield replace(each, module=stem(path))


def _addresses(path: str, clients: Clients, stays: bool) -> Iterator[Handed]:
    """The addresses that a script exports, or passes on from another one."""
    script, behind = clients.script, Behind(clients)
    own = [(name, node) for name, node in _parts(script) if behind.address(node)]
    kept = [f.start for f in requests_of(clients).findings() if f.status is Status.MANUAL] if own and not stays else []
    for name, node in own:
        binding = script.scopes.resolve(node) if node.kind() == "identifier" else None
        value = binding.node if binding else node
        held = stays or any(script.start(value) <= at < script.end(value) for at in kept)
        yield Handed(stem(path), name, "address", Status.MANUAL if held else "")
    for statement in script.all("export_statement"):
        known = {old: new for new, old in _specifiers(statement)}
        for each in clients.meanings.all_of(string_of(statement.field("source")) or ""):
            owner, dot, rest = each.name.partition(".")
            if each.kind == "address" and owner in known:
                yield replace(each, module=stem(path), name=f"{known[owner]}{dot}{rest}")


def _parts(script: Script) -> Iterator[tuple[str, SgNode]]:
    """What a script exports, and by dotted names what objects have that it exports."""
    for name, node in _named(script):
        yield name, node
        binding = script.scopes.resolve(node) if node.kind() == "identifier" else None
        value = binding.node.field("value") if binding else node
        while value and value.kind() in THROUGH and value.named_children():
            value = value.named_children()[0]
        for each in properties(value) if value and value.kind() == "object" else ():
            if each.name and each.value:
                yield f"{name}.{each.name}", each.value


def _one(
    path: str, name: str, node: SgNode, clients: Clients, prefixes: Mapping[tuple[int, int], str]
) -> Iterable[Handed]:
    meaning = clients.meanings.of(node)
    given = clients.meanings.given_by(node) if meaning is None else None
    if given and clients.is_client(given):
        meaning = replace(given, kind="maker")
    return _handed(path, name, meaning, clients, prefixes) if meaning else ()


def _handed(
    path: str, name: str, meaning: Meaning, clients: Clients, prefixes: Mapping[tuple[int, int], str]
) -> Iterator[Handed]:
    made = replace(meaning, kind="instance") if meaning.kind in {"maker", "class"} else meaning
    if meaning.kind == "module" or not (clients.is_class(made) or clients.is_client(made)):
        return
    prefix = prefixes.get(meaning.made, "") if meaning.made else meaning.prefix
    yield Handed(stem(path), name, meaning.kind, meaning.name, prefix)


def _specifiers(statement: SgNode) -> list[tuple[str, str]]:
    """The names that a statement exports, each with that by which it is called so far."""
    clauses = [c for c in statement.named_children() if c.kind() == "export_clause"]
    return [
        ((each.field("alias") or name).text(), name.text())
        for clause in clauses
        for each in clause.named_children()
        if (name := each.field("name"))
    ]


def _named(script: Script) -> Iterator[tuple[str, SgNode]]:
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
