"""What scripts hand on to others of a client SDK that is left: its classes, clients, and functions that give these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ast_grep_py import SgNode

from migrator.fates.handed import Handed, stem
from migrator.fates.handed import names as is_named
from migrator.fates.names import Names
from migrator.javascript import exports
from migrator.javascript.behind import Behind
from migrator.javascript.clients import CLASSES, Clients
from migrator.javascript.find import clients_of, requests_of, stay
from migrator.javascript.imports import imports
from migrator.javascript.meanings import Meaning
from migrator.javascript.source import Script, scripts, string_of
from migrator.packs.ruleset import Rules
from migrator.primitives.client import Client
from migrator.sites import Status

_DEEP = 5  # scripts on the way from a client to who uses it

_Taken = list[tuple[str, str, set[str]]]  # of each import: its script, the module it names, what it takes


def handed_on(texts: Mapping[str, str], rules: Rules) -> tuple[Handed, ...]:
    """What scripts, by path, export that is a client SDK's and moves, from script to script."""
    parsed = [(path, script) for path, text in sorted(texts.items()) for script in scripts(text, path)]
    whole = [(path, script) for path, script in parsed if script.fault() is None]
    taken = [
        (path, string_of(each.source) or "", {name.imported for name in each.names} or {"*"})
        for path, script in whole
        for each in imports(script)
    ]
    found: set[Handed] = set()
    for _ in range(_DEEP):
        names = Names(replace(rules, handed=tuple(sorted(found, key=_order))))
        before = found
        found = {
            each
            for client in rules.clients
            for path, script in whole
            for each in _exports(path, script, names, client, texts[path], taken)
        }
        if found == before:
            break
    return tuple(sorted(found, key=_order))


def _order(each: Handed) -> tuple[str, str, str]:
    return each.module, each.name, each.prefix


def _exports(path: str, script: Script, names: Names, client: Client, text: str, taken: _Taken) -> Iterator[Handed]:
    clients = clients_of(script, text, path, names, client)
    built, stays = list(clients.built()), stay(clients, names)
    yield from _addresses(path, clients, stays, taken)
    if stays:
        return
    prefixes = {each.made: each.settled.provider for each in built}
    for name, node in exports.named(script):
        yield from _one(path, name, node, clients, prefixes)
    for statement in script.all("export_statement"):
        source = string_of(statement.field("source"))
        if source is None:
            continue
        for name, old in exports.specifiers(statement):
            meaning = clients.meanings.exported(source, old)
            if meaning and (meaning.package != client.package or clients.is_class(meaning)):
                yield from _handed(path, name, meaning, clients, prefixes)
        if not exports.specifiers(statement):
            for each in clients.meanings.all_of(source):
                yield replace(each, module=stem(path))


def _addresses(path: str, clients: Clients, stays: bool, taken: _Taken) -> Iterator[Handed]:
    """The addresses that a script exports, or passes on from another one.

    One that others take goes with them at first, whatever the script itself asks for behind it.
    """
    script, behind, module, client = clients.script, Behind(clients), stem(path), clients.options.client
    known_there = {*client.address, *client.classes, *CLASSES}
    theirs = {name.imported for each in imports(script) if each.package == client.package for name in each.names}
    own = [(name, node) for name, node in exports.parts(script) if behind.address(node)]
    kept = [f.start for f in requests_of(clients).findings() if f.status is Status.MANUAL] if own and not stays else []
    known = {each.name for each in clients.meanings.own}
    for name, node in own:
        binding = script.scopes.resolve(node) if node.kind() == "identifier" else None
        value = binding.node if binding else node
        held = stays or any(script.start(value) <= at < script.end(value) for at in kept)
        first = name not in known and _is_taken(Handed(module, name, "address", ""), path, taken)
        stands = Status.MANUAL if held and not first else ""
        yield Handed(module, name, "address", stands, kept=stays and name.rpartition(".")[2] in theirs)
    for statement in script.all("export_statement"):
        source, pairs = string_of(statement.field("source")) or "", exports.specifiers(statement)
        for new, old in pairs if source == client.package else ():
            if old in client.address:
                moves = not stays and all(each in known_there for _, each in pairs)
                yield Handed(module, new, "address", "" if moves else Status.MANUAL, kept=not moves and new == old)
        for each in clients.meanings.all_of(source):
            owner, dot, rest = each.name.partition(".")
            for new, old in pairs if each.kind == "address" else ():
                if old == owner:
                    yield replace(
                        each, module=module, name=f"{new}{dot}{rest}", kept=each.kept and (new == old or bool(dot))
                    )


def _is_taken(each: Handed, path: str, taken: _Taken) -> bool:
    """Whether another script imports what one at a path exports."""
    wanted = {each.name.partition(".")[0], "*"}
    return any(by != path and names & wanted and is_named(each.module, source, by) for by, source, names in taken)


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
