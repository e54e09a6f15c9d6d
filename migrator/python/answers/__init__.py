"""What is read off the answers of a library's functions: keys become attributes, where the answer can be traced."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python.answers import errors, fakes, printing, reads, streams
from migrator.python.answers.trace import Trace
from migrator.python.module import Module
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.sites import Finding


def find(module: Module) -> Iterator[Finding]:
    """Findings for `answer["choices"][0]`, `answer.json()` and their like, wherever the project has the answer from."""
    if module.names.rules.answers:
        yield from reads.find(module, trace_of(module))
        yield from streams.find(module, trace_of(module))
        yield from errors.find(module, trace_of(module))
        yield from fakes.find(module, trace_of(module))
        yield from printing.find(module, trace_of(module))


def handed_on(facts: Facts, index: Index) -> Iterator[str]:
    """The functions and classes of a module that hand answers on, or read keys of them or call what others give."""
    if index.names.rules.answers:
        yield from _shared(index).functions.handed_on(facts)
        yield from _shared(index).functions.taken(facts)
        yield from _shared(index).functions.calling(facts)


def receivers(index: Index) -> tuple[frozenset[str], frozenset[str]]:
    """The dotted names that come from modules beside the library's users, which may be given answers; and the keys.

    A module that reads none of these keys of what it is given has nothing to change.
    """
    if not index.names.rules.answers:
        return frozenset(), frozenset()
    return _shared(index).views.handed_to(), frozenset(_shared(index).shapes.telltale())


def of_clients(index: Index) -> set[str]:
    """What is read off clients that are left and has to be looked at, by name."""
    rules = index.names.rules
    return {name for rule in rules.answers if rules.clients for name in rule.fields.get("client", ())}


def trace_of(module: Module) -> Trace:
    """What follows the answers, and the clients, of the module's project."""
    ours = module.index.by_path.get(module.facts.path) is module.facts
    return _shared(module.index) if ours else _shared(module.index).apart()


def _shared(index: Index) -> Trace:
    trace = index.shared.get("answers")
    if not isinstance(trace, Trace):
        trace = index.shared["answers"] = Trace(index)
    return trace
