"""Everything that a script has of a client SDK that is left: its imports, clients, calls, headers and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from migrator.fates.names import Names
from migrator.javascript import spelled, values
from migrator.javascript.bearers import Bearers
from migrator.javascript.behind import Behind
from migrator.javascript.beside import Beside
from migrator.javascript.calls import Calls
from migrator.javascript.clients import Built, Clients
from migrator.javascript.headers import Headers
from migrator.javascript.imports import Import, imports
from migrator.javascript.meanings import Meanings
from migrator.javascript.mocks import Mocks
from migrator.javascript.models import chosen, requested, slugs, unnamed
from migrator.javascript.moves import Moves
from migrator.javascript.options import Options
from migrator.javascript.requests import Requests
from migrator.javascript.runtime import runtime
from migrator.javascript.source import Script, scripts
from migrator.javascript.uses import uses
from migrator.primitives.client import Client, Factory
from migrator.sites import Edit, Finding, Status


def find(text: str, path: str, names: Names, *, edit_prose: bool = False) -> list[Finding]:
    """The findings of all programs of a file, in order, with edits that do not overlap."""
    found: list[Finding] = []
    for script in scripts(text, path):
        found += spelled.comments(script, names, edit=edit_prose)
        for client in names.rules.clients:
            if script.fault() is not None:
                found += _unparsed(script, text, client)
            else:
                found += _found(script, text, path, names, client)
                found += _from_factories(script, text, path, names, client)
    return sorted(found, key=lambda finding: finding.start)


def _unparsed(script: Script, text: str, client: Client) -> Iterator[Finding]:
    """By hand, where the code is no valid script."""
    end = script.end(script.root)
    for match in re.compile(rf"""["']{re.escape(client.package)}["']""").finditer(text, script.offset, end):
        said = f"{client.package}: the script cannot be parsed, move it to {client.instead} by hand"
        yield Finding(match.start() + 1, client.id, Status.MANUAL, said)


def clients_of(script: Script, text: str, path: str, names: Names, client: Client) -> Clients:
    """The clients of a script, as the rules move them."""
    all_imports = imports(script)
    quote = next((i.source.text()[0] for i in all_imports if i.source.text()[0] in "\"'"), '"')
    options = Options(names, client, script, quote, runtime(script, text, path))
    return Clients(script, text, Meanings(script, all_imports, path, client.package, names.rules), options)


def stay(clients: Clients, names: Names) -> bool:
    """Whether the clients of a script stay with the old SDK, for what one of them cannot do elsewhere."""
    built, others = list(clients.built()), list(clients.headers())
    made = [*built, *others]
    if any(each.stays for each in made) or _is_held_back(made, names) or (made and _is_bound(clients, names, made)):
        return True
    requests = requests_of(clients) if others else None
    return requests is not None and any(requests.holds(clients.script.start(each.node)) for each in others)


def _is_bound(clients: Clients, names: Names, made: list[Built]) -> bool:
    """Whether an import of the old SDK cannot be moved, on which the clients of the script may stand."""
    script, ours = clients.script, _ours(imports(clients.script), clients.options.client)
    taken = frozenset((e.start, e.end) for each in made for e in each.edits)
    moves = Moves(script, clients.text, names, clients, ours, False, taken)
    bound = {script.start(each.source) for each in ours if each.form in ("require", "other")}
    read = (use for each in ours for name in each.names if name.imported == "*" for use in uses(script, name.local))
    bound |= {script.start(use) for use in read}
    return any(f.status is Status.MANUAL and f.start in bound for f in moves.findings())


def requests_of(clients: Clients) -> Requests:
    """The requests that a script makes itself."""
    script, options = clients.script, clients.options
    sent, behind = Headers(script, clients.text, options, Beside(clients)).sent(), Behind(clients)
    addresses = spelled.addresses(script, options, behind.beside, behind.moving)
    return Requests(script, options, list(sent), list(addresses), behind)


def _found(script: Script, text: str, path: str, names: Names, client: Client) -> Iterator[Finding]:
    all_imports = imports(script)
    clients = clients_of(script, text, path, names, client)
    options = clients.options
    made = [*clients.built(), *clients.headers()]
    given = list(values.handed_on(clients, all_imports))
    requests = requests_of(clients)
    reads = Headers(script, text, options, Beside(clients)).read()
    if stay(clients, names) or (names.rules.wary and given):
        kept = (fault for each in made for fault in _reasons(each, clients.options))
        moves = Moves(script, text, names, clients, _ours(all_imports, client), True, frozenset())
        left = (f for each in requests.findings() for f in _left(each))
        found = [*_apart(kept, moves.findings(), left, reads), *requests.keys()]
    else:
        calls = Calls(script, text, clients, {each.made: each.settled.provider for each in made})
        bearers = [f for each in Bearers(clients).findings() for f in requests.held(each)]
        moving = [*bearers, *(finding for each in made for finding in _of(each, options))]
        taken = frozenset((e.start, e.end) for f in moving for e in f.edits)
        moves = Moves(script, text, names, clients, _ours(all_imports, client), False, taken, requests.holds)
        mocked = Mocks(script, text, clients).findings()
        groups = (moving, moves.findings(), given, mocked, calls.findings(), requests.findings(), reads)
        found = list(_apart(*groups, (f for each in slugs(script, clients) for f in requests.held(each))))
        if found:
            models = (
                *chosen(clients, made),
                *requested(clients, requests.models()),
                *unnamed(clients),
            )
            found = list(_apart(found, (f for each in models for f in requests.held(each))))
        found += requests.keys()
    yield from (
        *found,
        *spelled.headers(script, options, (*found, *requests.sent)),
        *spelled.packages(script, options, found),
    )


def _left(finding: Finding) -> Iterator[Finding]:
    """What is not edited, as a client of the file stays."""
    if finding.status is Status.MANUAL:
        yield finding
    elif finding.edits:
        said = finding.message.partition(" → ")[0].partition(": ")[0]
        yield replace(
            finding, status=Status.MANUAL, message=f"{said} stays as long as the client in this file does", edits=()
        )


def _from_factories(script: Script, text: str, path: str, names: Names, client: Client) -> Iterator[Finding]:
    """Clients that functions of other packages make, with the imports of these."""
    all_imports = imports(script)
    clients = clients_of(script, text, path, names, client)
    for rule in names.rules.factories:
        theirs = [each for each in all_imports if each.package == rule.package]
        built = list(clients.factories(rule)) if theirs else []
        named = [name for each in theirs for name in each.names]
        stays = any(e.stays for e in built) or any(e.form != "import" for e in theirs) or len(theirs) != 1
        stays = stays or [name.imported for name in named] != [rule.name] or _is_held_back(built, names)
        if stays:
            yield from (fault for each in built for fault in _reasons(each, clients.options))
            for each in theirs:
                key = clients.options.client.key_variable
                said = f"{rule.package}: build the provider with {rule.new} of {rule.instead} by hand, with {key}"
                yield Finding(script.start(each.source), rule.id, Status.MANUAL, said)
            continue
        yield _renamed(script, theirs[0], rule)
        for one in built:
            said = f"{rule.name} → {rule.new}"
            yield Finding(script.start(one.node), rule.id, Status.MIGRATED, said, one.edits)
            yield from one.settled.notes
        yield from chosen(clients, built)


def _renamed(script: Script, each: Import, rule: Factory) -> Finding:
    """The import of a function, and its uses where they have its name."""
    name, quote = each.names[0], each.source.text()[0]
    entry, local = name.entry, name.local
    assert entry is not None  # nothing but names in braces is called so
    aliased = local.text() != rule.name
    uses = [n for n in script.all("identifier") if n.text() == rule.name and not aliased]
    binding = script.scopes.resolve(local)
    ours = [n for n in uses if (found := script.scopes.resolve(n)) and binding and found.key == binding.key]
    edits = {script.edit(node, rule.new) for node in ours}
    specifier = f"{rule.new} as {local.text()}" if aliased else rule.new
    edits = {edit for edit in edits if not script.start(entry.node) <= edit.start < script.end(entry.node)}
    edits |= {script.edit(entry.node, specifier), script.edit(each.source, f"{quote}{rule.instead}{quote}")}
    said = f"{rule.package} → {rule.instead}"
    return Finding(script.start(each.source), rule.id, Status.MIGRATED, said, tuple(sorted(edits)))


def _apart(*groups: Iterable[Finding]) -> Iterator[Finding]:
    """The findings whose edits stand apart from those before them; what is only told may stand anywhere."""
    taken: list[Edit] = []
    for group in groups:
        for finding in group:
            if not any(a.start < e.end and e.start < a.end for a in taken for e in finding.edits):
                taken += finding.edits
                yield finding


def _ours(all_imports: list[Import], client: Client) -> list[Import]:
    return [i for i in all_imports if i.package.partition("/")[0] in {client.package, client.instead}]


def _is_held_back(built: list[Built], names: Names) -> bool:
    """With --safe-only, a client stays that would not behave the same."""
    return names.rules.wary and any(each.settled.notes for each in built)


def _reasons(each: Built, options: Options) -> Iterator[Finding]:
    """Why a client stays, and what of it does; its key goes on being the old one, where that is not why."""
    yield from each.settled.faults
    key, notes = options.rule("api_key"), each.settled.notes
    others = [note for note in notes if key is None or note.rule != key.id]
    alone = options.names.rules.wary and not (others or each.stays)
    for note in notes if alone else others:
        yield Finding(note.start, note.rule, Status.MANUAL, f"{note.message}; left alone")


def _of(each: Built, options: Options) -> Iterator[Finding]:
    """The findings of one client; where it is told why it stays, nothing of it is edited."""
    if each.stays:
        yield from each.settled.faults
        return
    client = options.client
    start = options.script.start(each.node)
    yield Finding(start, client.id, Status.MIGRATED, f"a client of {client.instead} at {client.called}", each.edits)
    yield from each.settled.notes
