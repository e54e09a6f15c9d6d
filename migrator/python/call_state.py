"""Whether a project keeps state that the client module's functions read, so that its calls have to go through them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates import Fate
from migrator.python.facts import Facts
from migrator.python.index import Index

_TEXT = r"""(?:"[^"\n]*"|'[^'\n]*')"""
_TEXTS = rf"\[(?:\s|,|{_TEXT})*\]"
# What follows a list in a statement that puts nothing but texts into it.
_ONLY_TEXTS = (
    rf"[ \t]*(?:\+?=[ \t]*(?:{_TEXTS}|list\(\))|\.append\({_TEXT}\)|\.extend\({_TEXTS}\))[ \t]*(?:#[^\r\n]*)?\r?$"
)


def is_kept(index: Index) -> bool:
    """Whether some module uses a variable of the library that every call reads: settings, callbacks, aliases.

    Lists into which no module puts more than texts are none of them.
    """
    used = [fate for facts in index.by_path.values() for fate in _variables(index, facts)]
    return any(not fate.texts for fate in used) or (bool(used) and are_filled(index))


def are_filled(index: Index) -> bool:
    """Whether some module puts more than texts into lists of which only these go, or does anything else with one."""
    if "filled" not in index.shared:
        index.shared["filled"] = any(_fills(index, facts) for facts in index.by_path.values())
    return bool(index.shared["filled"])


def _fills(index: Index, facts: Facts) -> bool:
    names = {fate.name for fate in _variables(index, facts) if fate.texts}
    parsed = index.parsed(facts.path) if names else None
    if parsed is None:
        return bool(names)
    named = "|".join(sorted(map(re.escape, names)))
    text = parsed[0].text
    only_texts = re.findall(rf"^[ \t]*(?:[\w.]+\.)?(?:{named}){_ONLY_TEXTS}", text, re.MULTILINE)
    return len(re.findall(rf"\b(?:{named})\b", text)) != len(only_texts)


def _variables(index: Index, facts: Facts) -> Iterator[Fate]:
    """What becomes of the variables of the library that a module imports, spells in texts or reads off a module."""
    for dotted in _used(index, facts):
        fate = index.names.fate(index.canonical(dotted))
        if fate is not None and fate.variable and fate.name != "CustomLogger":
            yield fate


def _used(index: Index, facts: Facts) -> Iterator[str]:
    yield from facts.mentioned
    for name, targets in facts.bound.items():
        for target in filter(index.names.is_module, targets):
            yield from (f"{target}.{attribute}" for attribute in facts.reached.get(name, ()) if attribute)
