"""Attributes of the project's classes that stand for a library: which they are, and who reads them."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from migrator.python.reading.facts import Facts
from migrator.python.reading.outline import Outline

if TYPE_CHECKING:
    from migrator.python.reading.index import Index


def having(index: Index) -> dict[str, set[str]]:
    """The attributes that stand for a library -> the classes that have them, their own or inherited, by full name."""
    known = index.shared.get("attributes")
    if isinstance(known, dict):
        return known
    found: dict[str, set[str]] = {}
    modules = index.by_path.values() if index.names.rules.libraries else ()
    named = ((module, facts) for facts in modules for module in facts.names)
    classes = {f"{module}.{name}": each for module, facts in named for name, each in facts.classes.items()}
    for each in classes.values():
        found.update((a, set()) for a, given in each.members.items() if index.names.is_module(index.canonical(given)))
    for attribute, owners in found.items():
        given = ((cls, index.member(cls, attribute)) for cls in classes)
        owners |= {cls for cls, target in given if target and index.names.is_module(index.canonical(target))}
    index.shared["attributes"] = found
    return found


def sharing(index: Index, facts: Facts) -> list[Facts]:
    """The other modules that have classes with such attributes, or that read them, where a module does, by path."""
    waiting, groups = [facts.path], _groups(index)
    found = {facts.path}
    while waiting:
        path = waiting.pop()
        more = {each for group in groups if path in group for each in group} - found
        found |= more
        waiting += sorted(more)
    return [index.by_path[path] for path in sorted(found - {facts.path})]


def read_off(index: Index, facts: Facts) -> set[str]:
    """What the modules that `sharing` tells read off such attributes: `completion` of `b.lib.completion`."""
    names, found = having(index), set[str]()
    for each in sharing(index, facts):
        parsed = index.parsed(each.path)
        for _, outline in [parsed] if parsed else ():
            found.update(b for r in outline.references for a, b in pairwise(r.parts[1:]) if a in names)
            values = ((node, node.value) for node, _ in outline.loose)
            found.update(node.attr for node, of in values if isinstance(of, ast.Attribute) and of.attr in names)
    return found


def seen_by(index: Index, facts: Facts) -> dict[str, str]:
    """Such attributes of the classes that a module has in sight, or of whose modules it does -> what they stand for."""
    targets = {index.canonical(t) for ts in facts.bound.values() for t in ts if t} | {*facts.names, *facts.mentioned}
    targets |= {index.module_of(target) for target in targets}
    found = {}
    for attribute, classes in having(index).items():
        near = min((cls for cls in classes if cls in targets or index.module_of(cls) in targets), default="")
        found.update({attribute: index.canonical(index.member(near, attribute))} if near else {})
    return found


def _groups(index: Index) -> list[set[str]]:
    """For each such attribute the paths of the modules that have it, or that read it off what has it."""
    known = index.shared.get("sharing attributes")
    if isinstance(known, list):
        return known
    found = []
    for attribute, classes in having(index).items():
        owners = {index.module_of(cls) for cls in classes}
        group = {index.by_name[owner].path for owner in owners}
        for facts in index.by_path.values():
            targets = {index.canonical(t) for ts in facts.bound.values() for t in ts if t}
            if facts.path not in group and not targets.isdisjoint(classes | owners):
                parsed = index.parsed(facts.path)
                group |= {facts.path} if parsed and _reads(parsed[1], attribute) else set()
        found.append(group)
    index.shared["sharing attributes"] = found
    return found


def _reads(outline: Outline, attribute: str) -> bool:
    loose = any(node.attr == attribute for node, _ in outline.loose)
    return loose or any(attribute in reference.parts[1:] for reference in outline.references)
