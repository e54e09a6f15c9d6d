"""Primitives about code: modules, names and calls that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrator.primitives.checks import (
    BOOL,
    DOTTED,
    DOTTED_LIST,
    FOR_EACH,
    NAME,
    NAME_MAP,
    NAMES,
    STATUS,
    TEXT,
    TEXT_MAP,
)
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule
from migrator.sites import Status


@dataclass(frozen=True, eq=False, repr=False)
class Module(Rule):
    """A module or package that moved, with everything below it, its folder included."""

    old: str = key(DOTTED, "its dotted name so far")
    new: str = key(DOTTED, "its dotted name from now on")
    detect: bool = key(BOOL, "whether a tree that uses it is one to migrate; false for a name others may have", True)


@dataclass(frozen=True, eq=False, repr=False)
class Symbol(Rule):
    """Public names that changed, in a module and all of its submodules."""

    module: str = key(DOTTED, "where they live, by its old name")
    names: Mapping[str, str] = key(NAME_MAP, "old name = new name; each `*` stands for the same text in both")


@dataclass(frozen=True, eq=False, repr=False)
class Fixture(Rule):
    """pytest fixtures to rename, in files that use the old layer, together with every test that asks for them."""

    names: Mapping[str, str] = key(NAME_MAP, "old name = new name; each `*` stands for the same text in both")


@dataclass(frozen=True, eq=False, repr=False)
class Call(Rule):
    """Keyword arguments taken from a call and others put in their place."""

    of: list[str] = key(DOTTED_LIST, "the callables, by old name; a module stands for its submodules too")
    remove: list[str] = key(NAMES, "arguments that go; the rule acts when one of them is there")
    message: str = key(TEXT, "what differs, and what to do about it")
    add: Mapping[str, str] = key(TEXT_MAP, "argument = Python expression put where the first removed one stood", {})
    add_for_each: Mapping[str, str] = key(FOR_EACH, "one argument for each item of a list setting", {}, "add-for-each")
    imports: list[str] = key(NAMES, "modules the added expressions use", [])
    status: str = key(STATUS, "what a migrated call is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Promote(Rule):
    """An argument that named the old layer takes the first item of a list argument, and the list moves up."""

    of: list[str] = key(DOTTED_LIST, "the callables, by old name; a module stands for its submodules too")
    argument: str = key(NAME, "the argument that names the old layer")
    value: str = key(TEXT, "the text that names it")
    list: str = key(NAME, "the list argument")
    message: str = key(TEXT, "what differs, and what to do about it")
    fill: str = key(TEXT, "a list the moved-up list is completed from", "")
    status: str = key(STATUS, "what a migrated call is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Literal_(Rule):
    """A literal value of a keyword argument, in any call of a module that uses the old layer."""

    argument: str = key(NAME, "the keyword")
    message: str = key(TEXT, "what differs, and what to do about it")
    values: Mapping[str, str] = key(TEXT_MAP, "old text = new text", {})
    setting: str = key(NAME, "or the table setting that holds them", "")
    status: str = key(STATUS, "what a migrated value is", Status.REVIEW.value)
