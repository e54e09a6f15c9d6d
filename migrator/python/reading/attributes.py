"""Attributes of the project's classes that stand for a library: which they are, and who reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from migrator.python.reading.facts import Facts
from migrator.python.reading.joined import joined
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


def read_off(index: Index, paths: frozenset[str]) -> frozenset[str]:
    """What modules read off such attributes: `completion` of `b.lib.completion`; worked out once for the same ones."""
    known = index.shared.get(("read off attributes", paths))
    if isinstance(known, frozenset):
        return known
    names, found = having(index), set[str]()
    for parsed in map(index.parsed, sorted(paths) if names else ()):
        for _, outline in [parsed] if parsed else ():
            found.update(b for r in outline.references for a, b in pairwise(r.parts[1:]) if a in names)
            values = ((node, node.value) for node, _ in outline.loose)
            found.update(node.attr for node, of in values if isinstance(of, ast.Attribute) and of.attr in names)
    index.shared["read off attributes", paths] = frozenset(found)
    return frozenset(found)


def seen_by(index: Index, facts: Facts) -> dict[str, str]:
    """Such attributes of the classes that a module has in sight, or of whose modules it does -> what they stand for."""
    targets = _sight(index, facts)
    found = {}
    for attribute, classes in having(index).items():
        near = min((cls for cls in classes if cls in targets or index.module_of(cls) in targets), default="")
        found.update({attribute: index.canonical(index.member(near, attribute))} if near else {})
    return found


def _sight(index: Index, facts: Facts) -> set[str]:
    """The full names that a module has in sight, and the modules of these."""
    targets = {index.canonical(t) for ts in facts.bound.values() for t in ts if t} | {*facts.names, *facts.mentioned}
    return targets | {index.module_of(target) for target in targets}


class _Family(NamedTuple):
    """Classes that have an attribute from one another."""

    attribute: str
    names: frozenset[str]  # of the classes, and of the modules that have them
    paths: list[str]


def edges(index: Index) -> Iterator[tuple[str, str]]:
    """The paths of modules that have such an attribute from one another: their classes inherit it, or they read it."""
    families = list(_families(index))
    for family in families:
        yield from ((path, family.paths[0]) for path in family.paths[1:])
    for path, facts in index.by_path.items() if families else ():
        seen = _sight(index, facts)
        near = [each for each in families if path not in each.paths and not seen.isdisjoint(each.names)]
        parsed = index.parsed(path) if near else None
        read = {*_read_off_others(parsed[1])} if parsed else set()
        yield from ((path, each.paths[0]) for each in near if each.attribute in read)


def _families(index: Index) -> Iterator[_Family]:
    for attribute, classes in having(index).items():
        lineages = {cls: index.lineage(cls) for cls in classes}
        own = ((line[0], each) for line in lineages.values() for each in line if index.binds(each, attribute))
        for group in {*joined(own).values()}:
            names = {name for cls, line in lineages.items() if line[0] in group for name in (cls, *group)}
            modules = {index.module_of(name) for name in names}
            paths = sorted({index.by_name[module].path for module in modules})
            yield _Family(attribute, frozenset(names | modules), paths)


def _read_off_others(outline: Outline) -> Iterator[str]:
    """The attributes that are read off anything but `self` and `cls`, whose classes tell what they have."""
    yield from (node.attr for node, _ in outline.loose)
    for reference in outline.references:
        yield from reference.parts[2 if reference.parts[0] in ("self", "cls") else 1 :]
