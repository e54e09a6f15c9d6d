"""What a fake in `sys.modules` stands in for: the modules that import the library, and what they import afterwards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from migrator.patterns import under
from migrator.placing import File, place
from migrator.python.module import Module
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.scopes import FunctionNode
from migrator.python.reading.source import Source
from migrator.tree.aside import is_test


class Afterwards(NamedTuple):
    """Whether a module goes on importing the library, and the client module that it has; "" for none."""

    stays: bool = False
    client: str = ""


def client_for(module: Module, library: str) -> tuple[str, str]:
    """The client module of those that a fake in this module stands in for, or "" and why it is none.

    They are those it imports or names; where it does so with none of them, all that are no tests.
    """
    users = _users(module, library)
    meant = _named(module, users) or [facts for facts in users if not is_test(facts.path)]
    if staying := _staying(module.index, meant, library):
        return "", f"{staying} goes on importing it: leave this until it does not"
    clients = {client for facts in meant if (client := _afterwards(module.index, facts, library).client)}
    if len(clients) != 1:
        return "", "no one client module is imported in its place: see what this stands in for"
    return clients.pop(), ""


def kept_by(module: Module, library: str) -> str:
    """The path of a module that this one imports or names, and that goes on importing the library; "" for none."""
    return _staying(module.index, _named(module, _users(module, library)), library)


def _users(module: Module, library: str) -> list[Facts]:
    """The other modules that import the library."""
    return [facts for facts in module.index.by_path.values() if facts is not module.facts and _imports(facts, library)]


def _named(module: Module, users: Iterable[Facts]) -> list[Facts]:
    mentioned = module.facts.mentioned
    return [facts for facts in users if any(under(m, name) for m in mentioned for name in facts.names)]


def _staying(index: Index, users: Iterable[Facts], library: str) -> str:
    return min((facts.path for facts in users if _afterwards(index, facts, library).stays), default="")


def _imports(facts: Facts, library: str) -> bool:
    return any(under(target, library) for targets in facts.bound.values() for target in targets)


def _afterwards(index: Index, facts: Facts, library: str) -> Afterwards:
    """What a module imports after the run."""
    known = index.shared.get(("afterwards", library, facts.path))
    if not isinstance(known, Afterwards):
        index.shared["afterwards", library, facts.path] = Afterwards()  # what two fakes that look for each other get
        known = index.shared["afterwards", library, facts.path] = _worked_out(index, facts, library)
    return known


def _worked_out(index: Index, facts: Facts, library: str) -> Afterwards:
    from migrator.python.library.staying import with_what_stays
    from migrator.python.rewrite import find

    parsed = index.parsed(facts.path)
    if parsed is None or facts.frozen:
        return Afterwards(stays=True)
    source, found = parsed
    client = index.client_of(facts.path) or index.names.client
    findings = with_what_stays(partial(find, source, found, facts), index.speaking_of(client))
    wary = index.names.rules.wary
    text = place(source.text, findings, File(facts.path, facts.path, {}, wary)).text
    try:
        after = Source(text).tree
    except (SyntaxError, ValueError):
        return Afterwards(stays=True)
    local = any(_local(source.tree, library))
    stays = any(_local(after, library)) if local else any(_of(node, library) for node in ast.walk(after))
    leaf = client.rpartition(".")[2]
    return Afterwards(stays, client if leaf and re.search(rf"\b{re.escape(leaf)}\b", text) else "")


def _local(tree: ast.AST, library: str) -> Iterator[ast.AST]:
    """The imports of a library that functions make when they are called."""
    for function in ast.walk(tree):
        if isinstance(function, FunctionNode):
            yield from (node for node in ast.walk(function) if _of(node, library))


def _of(node: ast.AST, library: str) -> bool:
    """Whether a node is an import of a library or of what is in it."""
    if isinstance(node, ast.Import):
        return any(under(alias.name, library) for alias in node.names)
    return isinstance(node, ast.ImportFrom) and not node.level and under(node.module or "", library)
