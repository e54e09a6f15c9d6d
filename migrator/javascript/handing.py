"""What scripts hand on to others of a client SDK that is left: its classes, clients, and functions that give these."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ast_grep_py import SgNode

from migrator.fates.handed import Handed, stem
from migrator.fates.handed import names as is_named
from migrator.fates.names import Names
from migrator.javascript import exports
from migrator.javascript.behind import Behind
from migrator.javascript.beside import Beside, Told
from migrator.javascript.clients import CLASSES, Clients
from migrator.javascript.find import clients_of, requests_of, stay
from migrator.javascript.imports import imports
from migrator.javascript.meanings import Meaning
from migrator.javascript.source import Script, scripts, string_of, within
from migrator.packs.ruleset import Rules
from migrator.sites import Status

_Origin = tuple[str, str]  # the module that has an address itself, and what it calls it there


@dataclass(frozen=True)
class _Whole:
    """All scripts, as far as they can be parsed: each with its path and text."""

    scripts: Sequence[tuple[str, Script, str]]
    rules: Rules

    def clients(
        self, handed: Iterable[Handed], only: Collection[str] | None = None
    ) -> Iterator[tuple[str, Clients, Names]]:
        """The clients of each script, or of some by their paths, with what others hand on."""
        names = Names(replace(self.rules, handed=tuple(sorted(handed, key=_order))))
        for client in self.rules.clients:
            for path, script, text in self.scripts:
                if only is None or path in only:
                    yield path, clients_of(script, text, path, names, client), names

    def takers(self, handed: Iterable[Handed]) -> set[str]:
        """The paths of the scripts that hand something on themselves, or import what hands it on."""
        modules = {each.module for each in handed}
        found = {path for path, _, _ in self.scripts if stem(path) in modules}
        taken = ((path, source) for path, sources in self._sources.items() if path not in found for source in sources)
        return found | {
            path
            for path, source in taken
            if any(is_named(module, source, path, self.rules.packages) for module in modules)
        }

    @cached_property
    def _sources(self) -> dict[str, set[str]]:
        """What each script imports, as it writes that."""
        found: dict[str, set[str]] = {}
        for path, script, _ in self.scripts:
            found.setdefault(path, set()).update(string_of(each.source) or "" for each in imports(script))
        return found


def handed_on(texts: Mapping[str, str], rules: Rules) -> tuple[Handed, ...]:
    """What scripts, by path, export that is a client SDK's and moves, from script to script.

    Whether an address stays is worked out where it is declared; others only pass it on, or have it stay for their own
    requests too.
    """
    parsed = [(path, script, text) for path, text in sorted(texts.items()) for script in scripts(text, path)]
    whole = _Whole([each for each in parsed if each[1].fault() is None], rules)
    found = _spread(whole, frozenset(), frozenset())
    taken, held = frozenset(_taken(whole, found)), frozenset[_Origin]()
    while more := frozenset(_held(whole, found, taken)) - held:
        held |= more
        found = _spread(whole, held, found)
    return tuple(sorted(found, key=_order))


def _spread(whole: _Whole, held: frozenset[_Origin], found: frozenset[Handed]) -> frozenset[Handed]:
    """What is handed on, with what others make of that, as far as it goes; the addresses that are `held` stay.

    Once all scripts are read, only those are again to which what has changed is handed on.
    """
    found = frozenset(replace(each, of=Status.MANUAL) if each.origin in held else each for each in found)
    given, waiting = dict[str, frozenset[Handed]](), {path for path, _, _ in whole.scripts}
    for _ in range(len(whole.scripts) + 2):
        each_of = {path: set[Handed]() for path in waiting}
        for path, clients, names in whole.clients(found, waiting):
            each_of[path].update(_exports(path, clients, names, held))
        before, given = found, given | {path: frozenset(each_of[path]) for path in waiting}
        found = frozenset(each for exported in given.values() for each in exported)
        waiting = whole.takers(before ^ found)
        if not waiting:
            break
    return found


def _taken(whole: _Whole, found: frozenset[Handed]) -> Iterator[_Origin]:
    """The addresses of which some other script makes use, and asks not only for what is gone."""
    for _path, clients, _names in whole.clients(found):
        behind, script = Behind(clients), clients.script
        for node, each in behind.texts.taking.all:
            above = node.parent()
            passed = above is not None and above.kind() == "export_specifier"
            if not passed and not within(script.start(node), behind.gone):
                yield each.origin


def _held(whole: _Whole, found: frozenset[Handed], taken: frozenset[_Origin]) -> Iterator[_Origin]:
    """The addresses, and the headers, that stay with a client or a request: where they are declared, or of others.

    An address that is taken goes with those who take it, whatever its own script asks for behind it.
    """
    moving = [each for each in found if each.kind != "address" or each.origin in taken or each.origin[0] != each.module]
    for path, clients, names in whole.clients(moving):
        behind, stays, requests = Behind(clients), stay(clients, names), requests_of(clients)
        told = (*requests.sent, *requests.addresses) if stays else requests.findings()
        kept = {each.start for each in told if stays or each.status is Status.MANUAL}
        sent = {each.start for each in requests.sent} & kept
        for name, node in exports.parts(clients.script) if kept or stays else ():
            own = Handed(stem(path), name, "address", "", origin=(stem(path), name))
            known = own in found or replace(own, of=Status.MANUAL) in found
            places = behind.places(node)
            if (known and stays) or any(
                first <= at < last for first, last in places for at in (kept if known else sent)
            ):
                yield own.origin
        for node, each in behind.texts.taking.all:
            if each.of != Status.MANUAL and (stays or requests.holds(clients.script.start(node))):
                yield each.origin


def _order(each: Handed) -> tuple[str, str, str, str]:
    return each.module, each.name, each.kind, each.prefix


def _exports(path: str, clients: Clients, names: Names, held: frozenset[_Origin]) -> Iterator[Handed]:
    script, built, stays = clients.script, list(clients.built()), stay(clients, names)
    yield from _addresses(path, clients, held)
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
            if meaning:
                yield from _handed(path, name, meaning, clients, prefixes)
        if not exports.specifiers(statement):
            for each in clients.meanings.all_of(source):
                yield replace(each, module=stem(path))


def _addresses(path: str, clients: Clients, held: frozenset[_Origin]) -> Iterator[Handed]:
    """The addresses that a script exports, or passes on from another one."""
    script, behind, module, client = clients.script, Behind(clients), stem(path), clients.options.client
    beside = Beside(clients)
    theirs = {name.imported for each in imports(script) if each.package == client.package for name in each.names}
    for name, node in exports.parts(script):
        stays = behind.stays_in(node)
        if stays or behind.address(node):
            taken, origin = behind.taken(node), (module, name)
            own = Handed(module, name, "address", Status.MANUAL if stays or origin in held else "", origin=origin)
            kept = own.of == Status.MANUAL and name.rpartition(".")[2] in theirs
            yield replace(taken, module=module, name=name) if taken else replace(own, kept=kept)
        elif (module, name) in held:
            yield Handed(module, name, "headers", Status.MANUAL, origin=(module, name))
        elif (told := Told.one_of(map(beside.of, behind.given_by(node)[1:] or [node]))).ours:
            of = "key" if told.key else "anothers" if told.anothers else ""
            yield Handed(module, name, "headers", of, origin=(module, name))
    for statement in script.all("export_statement"):
        source, pairs = string_of(statement.field("source")) or "", exports.specifiers(statement)
        moves = all(old in {*client.address, *client.classes, *CLASSES} for _, old in pairs)
        for new, old in pairs if source == client.package else ():
            if old in client.address:
                stands = "" if moves else Status.MANUAL
                yield Handed(module, new, "address", stands, kept=not moves and new == old, origin=(module, new))
        for each in clients.meanings.all_of(source):
            owner, dot, rest = each.name.partition(".")
            for new, old in pairs if each.kind in ("address", "headers") else ():
                if old == owner:
                    yield replace(each, module=module, name=f"{new}{dot}{rest}")
                elif old == "*":
                    yield replace(each, module=module, name=f"{new}.{each.name}")


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
    ours = clients.is_class(made) or clients.is_client(made) or _makes_headers(meaning, clients)
    if meaning.kind == "module" or not ours:
        return
    prefix = prefixes.get(meaning.made, "") if meaning.made else meaning.prefix
    yield Handed(stem(path), name, meaning.kind, meaning.name, prefix)


def _makes_headers(meaning: Meaning, clients: Clients) -> bool:
    """Whether an expression is a function of the SDK that makes headers."""
    client = clients.options.client
    return meaning.kind == "name" and meaning.package == client.package and meaning.name in client.headers
