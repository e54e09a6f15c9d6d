"""Primitives about what a project holds besides code: settings, variables, dependencies, prose, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from migrator.primitives.checks import (
    BOOL,
    DISTRIBUTION,
    DOTTED,
    GLOB,
    GLOBS,
    MATCH,
    NAME,
    REQUIREMENT,
    REQUIREMENTS,
    STATUS,
    TEXT,
    TEXT_MAP,
    TEXTS,
)
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule
from migrator.sites import Status


@dataclass(frozen=True, eq=False, repr=False)
class Setting(Rule):
    """A section of configuration files (TOML, ini) that moved, and the keys that read it."""

    old: str = key(DOTTED, "its dotted key so far")
    new: str = key(DOTTED, "its dotted key from now on")


@dataclass(frozen=True, eq=False, repr=False)
class Env(Rule):
    """Environment variables to rename. An exact name goes before a pattern, a longer pattern before a shorter."""

    old: str = key(GLOB, "the variable, or a pattern with `*`")
    new: str = key(GLOB, "its new name; each `*` stands for the same text")
    status: str = key(STATUS, "what a renamed variable is", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")
    yields: bool = key(BOOL, "whether it goes, instead of being reported, where its new name is set beside it", False)


@dataclass(frozen=True, eq=False, repr=False)
class EnvAdd(Rule):
    """An environment variable to add to templates such as `.env.example`, after the last of those it belongs to."""

    name: str = key(NAME, "the variable")
    after: list[str] = key(GLOBS, "the variables it belongs to, by their old names; a template has one of them")
    value: str = key(TEXT, "what the template says it is", "")
    message: str = key(TEXT, "what it is for", "")


@dataclass(frozen=True, eq=False, repr=False)
class Dependency(Rule):
    """A distribution that another one replaces, wherever a project states what it needs."""

    old: str = key(DISTRIBUTION, "its name on the package index, in any spelling")
    new: str = key(REQUIREMENT, "the requirement that takes its place; left out: nothing does", "")
    message: str = key(TEXT, "what differs, and what to do about it", "")
    also: list[str] = key(REQUIREMENTS, "requirements that come with the new one", [])
    yanked: list[str] = key(TEXTS, "malicious releases of the old one: a pin of one is called out", [])
    stays: bool = key(BOOL, "whether the old one goes on being needed; only a pin that is yanked is reported", False)
    extra: str = key(DISTRIBUTION, "the extra of the old one that alone goes, and the new one comes beside it", "")
    uses: list[str] = key(TEXTS, "what shows in code that it is still used; by default an import of it", [])
    servers: list[str] = key(TEXTS, "extras of the old one that are servers: with one of them it stays", [])
    unused: str = key(TEXT, "what is said where no code imports either: the old one goes, for nothing new", "")


@dataclass(frozen=True, eq=False, repr=False)
class Flag(Rule):
    """Something to report and leave alone: another library, with the reason and the next step."""

    module: str = key(DOTTED, "the module whose imports and uses are reported")
    message: str = key(TEXT, "what to do about it")
    distribution: str = key(TEXT, "the name of its package in dependency files", "")
    check: bool = key(BOOL, "whether `migrate check` fails on it", True)


@dataclass(frozen=True, eq=False, repr=False)
class Mention(Rule):
    """Words that name the old layer in prose: reported, and replaced only with `--text`."""

    words: Mapping[str, str] = key(TEXT_MAP, "word = what replaces it with `--text`")


@dataclass(frozen=True, eq=False, repr=False)
class Column(Rule):
    """A database column that holds an old name."""

    table: str = key(TEXT, "the table, with its schema if it has one")
    column: str = key(TEXT, "the column")
    match: Literal["equals", "contains"] = key(MATCH, "whether the value is the name or holds it")
    old: str = key(TEXT, "the old name")
    new: str = key(TEXT, "the new name")
