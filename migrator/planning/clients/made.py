"""The client modules of a run: what its changes take from each, and the changes that make them, or do without one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from migrator.line_ends import line_starts
from migrator.placing import Shift, apply
from migrator.planning.candidates import Candidates
from migrator.planning.clients import in_project as client_module
from migrator.planning.clients import reach
from migrator.planning.clients import tests_in_project as client_tests
from migrator.planning.clients.in_project import Place
from migrator.planning.distributions import Distributions
from migrator.planning.work import Work
from migrator.python.library.own_client import Own, Write, Written, own_client
from migrator.python.reading.index import Index
from migrator.sites import Change, Finding, Site, Status
from migrator.tree.textio import decode, encode


@dataclass(frozen=True, slots=True)
class Client:
    """A client module: the names of it that are used, what it needs, and the index for the files that belong to it."""

    used: frozenset[str]
    needs: tuple[str, ...]  # requirements beside the SDK
    index: Index


def clients(
    places: Mapping[str, Place], parts: Distributions, index: Index, changes: Collection[Change]
) -> dict[Place, Client]:
    """The client module of each place, as the files that would use it are after these changes."""
    found, index = {}, replace(index, client_of=partial(_client_of, places, parts))
    for home in sorted(set(places.values()), key=lambda home: home.path):
        its = index.speaking_of(home.dotted)
        used = client_module.needed(its, [c for c in changes if places[parts.of(c.path)] == home])
        needs = client_module.requirements(its.names, used)
        found[home] = Client(used, needs, its.needing(needs))
    return found


def _client_of(places: Mapping[str, Place], parts: Distributions, path: str) -> str:
    return places[parts.of(path)].dotted


def with_clients(
    work: Work, found: Mapping[Place, Client], places: Mapping[str, Place], parts: Distributions, candidates: Candidates
) -> Work:
    """The work with a client for those who use one: a module, or a function in the only file that needs no more.

    Raises MigrateError where another file is in the place of a module.
    """
    for home, client in found.items():
        theirs = [change for change in work.changes if places[parts.of(change.path)] == home]
        alone = _alone(client, home, theirs, candidates)
        if alone and (own := _with_own(alone, client, home, work.sites, candidates)):
            change, sites = own
            work = Work([change if each is alone else each for each in work.changes], sites)
        elif made := client_module.made(client.index.names, home, client.used, theirs, candidates):
            module, site = made
            if beyond := reach.told(home, theirs, candidates):
                site = replace(site, message=f"{site.message}; {beyond}")
            tests = client_tests.made(client.index.names, home, client.used, parts, candidates)
            if tests:
                site = replace(site, message=f"{site.message}; {tests.path} tests it")
            work = Work([*work.changes, module, *([tests] if tests else [])], [*work.sites, site])
        elif client.used and (told := _unhandled(client, home, theirs, candidates)):
            work = Work(work.changes, [*work.sites, told])
    return work


def _unhandled(client: Client, home: Place, changes: Iterable[Change], candidates: Candidates) -> Site | None:
    """What calls give that the client module of an earlier run was made without."""
    from migrator.planning.clients.given import unhandled

    names = client.index.names
    text = (candidates.project.root / home.path).read_text(encoding="utf-8")
    found = unhandled(text, names, changes)
    if not any(found):
        return None
    refused, sent, beyond = map(", ".join, found)
    said = [
        f"it refuses {refused}: take each out of `_REFUSED`, and say in `_split` what it becomes" if refused else "",
        f"it would send {sent}: add to `_IGNORED`" if sent else "",
        f"{beyond}: name the arguments that calls give by position" if beyond else "",
    ]
    message = f"made before calls gave all that they give now; {'; '.join(filter(None, said))}"
    library = next(each for each in names.rules.libraries if each.client)
    docs = names.rules.docs.get(library.id, "")
    return Site(home.path, 1, 1, library.id, Status.MANUAL, message, home.path, 1, docs)


def _alone(client: Client, home: Place, changes: Iterable[Change], candidates: Candidates) -> Change | None:
    """The change of the one file that speaks of a client module which is not there yet, and takes the client only."""
    from migrator.planning.clients import in_file

    rules = client.index.names.rules
    if client.used != {"client"} or rules.served != in_file.TARGET or client.index.names.keeps_library:
        return None
    if rules.options.get("client-module") or home.path in candidates.files:
        return None
    named = re.compile(rb"\b%b\b" % re.escape(home.dotted.rpartition(".")[2]).encode())
    speaking = [change for change in changes if change.after and named.search(change.after)]
    return speaking[0] if len(speaking) == 1 and speaking[0].language in ("python", "notebook") else None


def _with_own(
    change: Change, client: Client, home: Place, sites: Iterable[Site], candidates: Candidates
) -> tuple[Change, list[Site]] | None:
    """The change with the client in the file itself, and all sites as they are then; None where it has to be apart."""
    from migrator.planning.clients import in_file

    assert change.after is not None
    names, text = client.index.names, decode(change.after, change.path)
    settings = client_module.settings_of(names.rules)
    facts = candidates.facts.get(change.path)

    def write(name: str, options: bool) -> Written:
        return in_file.written(name, settings, options=options)

    if change.language == "notebook":
        own = _in_notebook(text.text, home.dotted, write)
    else:
        own = own_client(text.text, change.path, facts.names if facts else ("module",), home.dotted, write)
    if own is None:
        return None
    edits, name = own.edits, own.name
    after = apply(text.text, edits)
    shift, starts = Shift(edits, line_starts(after), text.text), line_starts(text.text)
    library = next(each for each in names.rules.libraries if each.client)
    said = re.compile(rf"(?:import )?(?:[\w.]+\.)?\b{re.escape(home.dotted.rpartition('.')[2])}\b(?:\.client\b)?")

    def moved(site: Site) -> Site:
        if site.path != change.path:
            return site
        line = shift.line(starts[site.new_line - 1]) if site.new_line else None
        return replace(site, new_line=line, message=said.sub(name, site.message))

    theirs = [site for site in sites if site.path == change.path]
    first = min(theirs, key=lambda site: (site.line, site.column))
    message = f"`{name}`, in the file itself as no other one needs it: set the variables it reads"
    line = after[: after.index(f"def {name}(")].count("\n") + 1
    ours = replace(first, rule=library.id, status=Status.REVIEW, message=message, new_line=line)
    ours = replace(ours, new_path=change.new_path, docs=names.rules.docs.get(library.id, ""), prose=False)
    result = encode(replace(text, text=after))
    return replace(change, after=result, edits=change.edits + len(edits)), [*map(moved, sites), ours]


def _in_notebook(text: str, client: str, write: Write) -> Own | None:
    from migrator.formats import notebook

    program = notebook.program(text)
    ends = {*(start - 1 for start in program.starts[1:]), len(program.text) - 1}
    own = own_client(program.text, "notebook.py", ("notebook",), client, write, ends)
    placed = program.placed(Finding(own.at, "", Status.MIGRATED, "", own.edits)) if own else None
    return Own(placed.edits, own.name, placed.start) if own and placed and placed.edits else None
