"""Primitives about a gateway as an option of a framework: the configs it is given, what it notes of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrator.primitives.checks import DOTTED_LIST, MENDS, NAME, STATUS, TEXT, TEXT_MAP, TEXTS
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule
from migrator.sites import Status


@dataclass(frozen=True, eq=False, repr=False)
class Routing(Rule):
    """A mistake in the configs of Portkey's that a class is given: what one seemed to say is made to work, or reported.

    `conditions` without `params.`; `targets` that no name leads to; `statuses` on which to go on, where the load is
    balanced; `weights` of a fallback; `slugs` of virtual keys, which the setting slugs makes providers; a `cache` by
    another word; keys that are `unread`; a config from `elsewhere`.
    """

    of: list[str] = key(DOTTED_LIST, "the classes, by full old name")
    mends: str = key(MENDS, "the mistake")
    message: str = key(TEXT, "what differs, and what to do about it")
    names: list[str] = key(TEXTS, "the keys, for `unread`", [])
    status: str = key(STATUS, "what a mended config is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Note(Rule):
    """Keys of a mapping that the objects of a class carry, and what is read below them."""

    of: list[str] = key(DOTTED_LIST, "the classes; a module stands for its submodules too")
    attribute: str = key(NAME, "the attribute that holds the mapping")
    names: Mapping[str, str] = key(TEXT_MAP, "old key = new key; empty for one without a counterpart")
    message: str = key(
        TEXT, "what to do about a key without a counterpart, and about a mapping that nothing is known of"
    )
    decorators: list[str] = key(DOTTED_LIST, "functions whose decorated function is given such an object first", [])
    bases: list[str] = key(DOTTED_LIST, "classes whose methods are given one first", [])
    keys: list[str] = key(TEXTS, "what can be read below the new key; left out: anything", [])
