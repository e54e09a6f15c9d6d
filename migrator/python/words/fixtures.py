"""pytest fixtures: the arguments and texts by which tests ask for one that is renamed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from migrator.fates.names import expand_any
from migrator.python.module import Module
from migrator.python.reading import fixture_names
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.outline import DEFINED
from migrator.python.reading.scopes import FunctionNode, Scope, parameters
from migrator.python.reading.survey import is_fixture
from migrator.sites import Edit, Finding, Status

_ASKING_CALLS = {"usefixtures", "getfixturevalue", "parametrize", "fixture"}


def find(module: Module) -> Iterator[Finding]:
    """Findings for the parameters of tests and fixtures, their uses, and `usefixtures("…")` and its like.

    The definition itself and imports of it are renamed as any other name of the module is.
    """
    renames = _renames(module.index, module.facts.path)
    if not renames:
        return
    for node, scope, inner in module.found.functions:
        if is_fixture(node) and scope.kind == "class":
            yield from _method(module, node)
        if node.name.startswith("test") or is_fixture(node):
            yield from _parameters(module, node, inner, renames)
    for call, _ in module.found.calls:
        if parts_of(call.func)[-1:] and parts_of(call.func)[-1] in _ASKING_CALLS:
            yield from _texts(module, call, renames)


def _renames(index: Index, path: str) -> dict[str, str]:
    """The renamed fixtures that a test file can ask for: its own, and those of the conftest.py above it."""
    found: dict[str, str] = {}
    above = (str(folder / "conftest.py") for folder in reversed(PurePosixPath(path).parents))
    for place in (*above, path):
        facts = index.by_path.get(place)
        if facts and index.names.rules.fixtures:
            found.update(_offered(index, facts))  # the nearest one of a name counts, renamed or not
    return {name: new for name, new in found.items() if new != name}


def _offered(index: Index, facts: Facts) -> dict[str, str]:
    """Name now -> name afterwards of the fixtures a module has: defined, imported, or named as a plugin."""
    found: dict[str, str] = {}
    for module in (*(index.by_name[m] for m in sorted(facts.mentioned) if m in index.by_name), facts):
        renamed = fixture_names.renamed(index, module)
        found.update((name, renamed.get(name, name)) for name in module.fixtures.values())
    for name, target in facts.exports.items():
        where, _, function = index.canonical(target).rpartition(".")
        asked = index.by_name[where].fixtures.get(function) if where in index.by_name else None
        if asked == function and index.by_name[where] is not facts:
            found[name] = index.local_name(facts, name, target)
        elif asked:
            found[asked] = fixture_names.renamed(index, index.by_name[where]).get(asked, asked)
    return found


def _method(module: Module, node: FunctionNode) -> Iterator[Finding]:
    """A fixture defined in a class, which is no name of the module."""
    new = fixture_names.renamed(module.index, module.facts).get(node.name)
    match = DEFINED.match(module.source.text, module.source.start(node))
    if new and match:
        edit = Edit(match.end(), match.end() + len(node.name), new)
        yield Finding(match.end(), _rule(module, node.name), Status.MIGRATED, f"{node.name} → {new}", (edit,))


def _parameters(module: Module, node: FunctionNode, inner: Scope, renames: dict[str, str]) -> Iterator[Finding]:
    for arg in parameters(node.args):
        new = renames.get(arg.arg)
        if new is None or new in inner.bindings:
            continue
        start = module.source.start(arg)
        edits = [Edit(start, start + len(arg.arg), new)]
        for reference in module.found.references:
            if reference.parts[0] == arg.arg and reference.scope.lookup(arg.arg) is inner:
                place = module.place(reference, 1)
                if place:
                    edits.append(Edit(*place, new))
        yield Finding(start, _rule(module, arg.arg), Status.MIGRATED, f"{arg.arg} → {new}", tuple(edits))


def _texts(module: Module, call: ast.Call, renames: dict[str, str]) -> Iterator[Finding]:
    """Names inside the literals of a call that asks for fixtures by text."""
    arguments = [*call.args, *(k.value for k in call.keywords if k.arg in {"name", "argnames", "indirect"})]
    if parts_of(call.func)[-1] == "parametrize":
        arguments = [*call.args[:1], *(k.value for k in call.keywords if k.arg in {"argnames", "indirect"})]
    for literal in (n for a in arguments for n in ast.walk(a) if text_value(n) is not None):
        start, raw = module.source.start(literal), module.source.segment(literal)
        for match in re.finditer(r"(?<!\w)[A-Za-z_]\w*", raw):
            new = renames.get(match[0])
            if new:
                edit = Edit(start + match.start(), start + match.end(), new)
                yield Finding(edit.start, _rule(module, match[0]), Status.MIGRATED, f"{match[0]} → {new}", (edit,))


def _rule(module: Module, name: str) -> str:
    return next((r.id for r in module.names.rules.fixtures if expand_any(r.names, name)), "")
