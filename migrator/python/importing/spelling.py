"""How imports are written afterwards: the module of a `from`, its names with their `as`, relative ones as such."""

from __future__ import annotations

import ast
import re

from migrator.fates.names import Renamed
from migrator.python import statements
from migrator.python.module import Module
from migrator.python.reading.expressions import absolute
from migrator.python.reading.facts import package_of
from migrator.sites import Edit

Moves = list[tuple[ast.alias, Renamed | None]]
"""The names of an import statement, each with what becomes of it; None for one that stays."""
_FROM = re.compile(r"from(?P<gap>[\s\\]*)(?P<module>[.\w\s\\]*?)(?P<after>[\s\\]*)\bimport\b")


def alias_spelling(module: Module, alias: ast.alias, dotted: str, renamed: Renamed) -> str:
    """How an imported name is written afterwards, with its `as` where it needs one."""
    leaf = renamed.new.rpartition(".")[2]
    if renamed.local:
        return leaf if renamed.local == leaf else f"{leaf} as {renamed.local}"
    local = module.index.local_name(module.facts, alias.asname or alias.name, dotted)
    if alias.asname == alias.name:
        return f"{leaf} as {local}"  # `X as X` is how a stub says that X is public
    return leaf if local == leaf else f"{leaf} as {local}"


def rewritten(module: Module, segment: str, moves: Moves, old: str) -> str:
    """An import statement's text with its module and names replaced."""
    renamed = {a.name: (a, r) for a, r in moves if r is not None}
    new = parent_of(moves[0][1], old)
    match = _FROM.match(segment)
    if match and new != old:
        level = len(match["module"]) - len(match["module"].lstrip(". \t\\\r\n"))
        segment = segment[: match.start("module")] + _spell(module, new, bool(level)) + segment[match.end("module") :]

    def spell(name: str) -> str:
        alias, target = renamed[name]
        return alias_spelling(module, alias, f"{old}.{name}", target)

    written, twice = set[str](), set[str]()
    for alias, _ in moves:
        spelling = spell(alias.name) if alias.name in renamed else alias.name
        twice |= {alias.name} if spelling in written else set()
        written.add(spelling)
    segment = statements.without_names(segment, twice)[0] if twice else segment
    return statements.with_names(segment, {n: spell(n) for n in renamed if n not in twice and spell(n) != n})


def module_edit(module: Module, node: ast.ImportFrom, new: str) -> Edit | None:
    """The edit of the part between `from` and `import`, if it has to change."""
    source, facts = module.source, module.facts
    if new == absolute(facts.package, node.level, node.module) and module.new_name() == facts.name:
        return None  # however it is written: a module that is started as a script may have more above it
    match = _FROM.match(source.text, source.start(node))
    if match is None:
        return None
    written = "".join(match["module"].replace("\\", " ").split())
    wanted = spell_module(module, node, new)
    return Edit(match.start("module"), match.end("module"), wanted) if wanted != written else None


def spell_module(module: Module, node: ast.ImportFrom, new: str) -> str:
    return _spell(module, new, node.level > 0)


def _spell(module: Module, new: str, relative: bool) -> str:
    """How a module is written in a `from`: relative imports stay relative where they can."""
    package = package_of(module.new_name(), module.facts.is_package)
    return relative_to(new, package) if relative else new


def relative_to(target: str, package: str) -> str:
    """`target` as a relative module inside `package`; absolute where they share nothing.

    >>> relative_to("agentcore.llm_gateway", "agentcore.integration")
    '..llm_gateway'
    """
    here, there = package.split("."), target.split(".")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(there[shared:]) if shared else target


def parent_of(renamed: Renamed | None, old: str) -> str:
    return renamed.new.rpartition(".")[0] if renamed else old
