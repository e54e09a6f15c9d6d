"""Which of LiteLLM's arguments come to the functions of a client module, by position and by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import NamedTuple

from migrator.clients.module import FEATURE_ARGUMENTS, Settings, ignorable
from migrator.clients.table import load
from migrator.fates.names import Names
from migrator.formats import notebook
from migrator.patterns import under
from migrator.python import rewrite
from migrator.python.reading.facts import Facts
from migrator.sites import Change
from migrator.tree.textio import decode


def given(settings: Settings, names: Names, changes: Iterable[Change], modules: Collection[Facts]) -> Settings:
    """The settings of a client module for what these changes give to its functions.

    Where every call spells its arguments, only those are handled that some file with a call spells. `modules` are those
    of the project: where one takes a function from another one, its calls are not in sight.
    """
    leaf = names.client.rpartition(".")[2].encode()
    naming = [change for change in changes if change.after and leaf in change.after]
    calls = [call for _, call in _calls_of(names, naming)]
    calls += [None] if _is_handed_on(names, modules) else []
    settings = replace(settings, positional=_by_position(calls))
    if not _spell_arguments(calls):
        return settings
    wanted = {**{name: {name} for name in ignorable(names.rules.served)}, **FEATURE_ARGUMENTS}
    found = _spelled((change.after for change in naming if change.after), wanted)
    return replace(settings, features=found & FEATURE_ARGUMENTS.keys(), ignored=found - FEATURE_ARGUMENTS.keys())


class Unhandled(NamedTuple):
    """What calls give that a client module was made without."""

    refused: list[str]  # arguments
    sent: list[str]  # arguments of LiteLLM alone, which would be sent on
    beyond: list[str]  # functions that are given more by position than they take


def unhandled(module: str, names: Names, changes: Iterable[Change]) -> Unhandled:
    """What these changes give to functions of a client module that is there, by its text, and it does not handle."""
    leaf = names.client.rpartition(".")[2].encode()
    naming = [change for change in changes if change.after and leaf in change.after]
    texts = [change.after for change in naming if change.after]
    tree = ast.parse(module)
    refused, ignored = _tables(tree)
    refused = {name for name in refused if module.count(f'"{name}"') == 1}  # others are handled before they get there
    featured = {name for words in FEATURE_ARGUMENTS.values() for name in words}
    plain = {name for name in ignorable(names.rules.served) if "*" not in name and not ignored.fullmatch(name)}
    there, sent = (_spelled(texts, {name: {name} for name in each}) for each in (refused & featured, plain))
    taken = _positions(tree)
    beyond = {name for name, call in _calls_of(names, naming) if name in taken and _exceeds(call, taken[name])}
    return Unhandled(sorted(there), sorted(sent), sorted(beyond))


def _positions(tree: ast.Module) -> dict[str, int]:
    """How many arguments the functions of a module take by position, those that take any number left out."""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {f.name: len((*f.args.posonlyargs, *f.args.args)) for f in functions if not f.args.vararg}


def _exceeds(call: ast.Call | None, taken: int) -> bool:
    return call is not None and (len(call.args) > taken or any(isinstance(a, ast.Starred) for a in call.args))


def _is_handed_on(names: Names, modules: Collection[Facts]) -> bool:
    """Whether a module has something of the library from another module of the project."""
    libraries = [library.module for library in names.rules.libraries]
    theirs = {
        f"{name}.{bound}"
        for facts in modules
        for name in facts.names
        for bound, targets in facts.bound.items()
        if any(under(target, library) for target in targets for library in libraries)
    }
    givers = {each.rpartition(".")[0] for each in theirs}
    return any(
        not theirs.isdisjoint(_taken(facts)) or not givers.isdisjoint({*facts.stars} - {*facts.names})
        for facts in modules
    )


def _taken(facts: Facts) -> Iterator[str]:
    """What a module has from others, by full names up to every dot."""
    for name, targets in facts.bound.items():
        for chain in (f"{target}.{read}" for target in targets if target for read in facts.reached.get(name, ("",))):
            parts = chain.rstrip(".").split(".")
            yield from (".".join(parts[:count]) for count in range(2, len(parts) + 1))


def _tables(module: ast.Module) -> tuple[Set[str], re.Pattern[str]]:
    """The arguments that a client module refuses, and the pattern of those that it leaves out: all without one."""
    refused: Set[str] = frozenset()
    ignored = re.compile(".*")
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="_REFUSED")], value=ast.Set(elts=items)):
                refused = {
                    item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)
                }
            case ast.Assign(targets=[ast.Name(id="_IGNORED")], value=ast.Call(args=[ast.Constant(value=str(pattern))])):
                ignored = re.compile(pattern)
    return refused, ignored


def _by_position(calls: Collection[ast.Call | None]) -> int | None:
    """How many arguments calls give by position, two at least; None where one is not in sight, or is starred."""
    if any(call is None or any(isinstance(a, ast.Starred) for a in call.args) for call in calls):
        return None
    return max((2, *(len(call.args) for call in calls if call)))


def _spell_arguments(calls: Collection[ast.Call | None]) -> bool:
    """Whether calls spell each argument they give, so that none comes from a caller or a database."""
    return _by_position(calls) is not None and all(keyword.arg for call in calls if call for keyword in call.keywords)


def _calls_of(names: Names, changes: Iterable[Change]) -> Iterator[tuple[str, ast.Call | None]]:
    """The functions of a client module and their calls: None for each place where one, or the module, is handed on."""
    client, functions = names.client, load(names.rules.served).functions.keys()
    for change in changes:
        program = notebook.program_in(decode(change.after or b"", change.path).text, change.language)
        if program is None:
            continue
        _, outline, _ = rewrite.read(program, "snippet.py", ("snippet",))
        called = {id(call.func): call for call, _ in outline.calls}
        for reference in outline.references:
            holder = reference.scope.lookup(reference.parts[0])
            targets = {binding.target for binding in holder.bindings[reference.parts[0]]} if holder else set()
            meant = {".".join((target, *reference.parts[1:])) for target in targets if target}
            ours = {m[len(client) + 1 :].partition(".")[0] for m in meant if under(m, client)}
            for name in sorted(ours & {"", *functions}):
                yield name, called.get(id(reference.nodes[-1]))


def _spelled(texts: Iterable[bytes], names: Mapping[str, Set[str]]) -> frozenset[str]:
    """The keys of which some name is an argument in a text, or a key, or set; `*` stands for any letters."""
    text = b"\n".join(texts)
    return frozenset(key for key, words in names.items() if _given(words).search(text))


def _given(words: Set[str]) -> re.Pattern[bytes]:
    any_of = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in sorted(words))
    return re.compile(rb"\b(?:%b)\b\\?[\"']?\s*[:=,)\]}]" % any_of.encode())
