"""Primitives about what nothing takes the place of, and about what a project gets where it chose for itself."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.primitives.checks import GLOBS, TEXT, TEXTS
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule


@dataclass(frozen=True, eq=False, repr=False)
class EnvGone(Rule):
    """Environment variables that nothing takes the place of: where one is set goes, where one is read is reported."""

    names: list[str] = key(GLOBS, "the variables")
    message: str = key(TEXT, "what to do where one is read")


@dataclass(frozen=True, eq=False, repr=False)
class Router(Rule):
    """A model router, clients of its providers, settings and tests: made for a project that chose among several keys.

    The settings that it goes by are `router`, `router-package`, `app-title`, `app-url` and `legacy-portkey`.
    """

    variables: list[str] = key(GLOBS, "the variables of such keys; a project that names two of them gets the router")
    beside: str = key(TEXT, "a word in the names of modules whose package it goes to, in lower case")
    message: str = key(TEXT, "what to see to in what is made")


@dataclass(frozen=True, eq=False, repr=False)
class Obsolete(Rule):
    """Files about the old layer that nothing uses: proposed for deletion, and deleted with `--delete-obsolete`."""

    words: list[str] = key(TEXTS, "words in the name of such a file, in lower case")
    message: str = key(TEXT, "why it can go")


@dataclass(frozen=True, eq=False, repr=False)
class Lingering(Rule):
    """What `migrate check --route` looks for in every line of the tree, so that nothing of the old layer is left."""

    words: list[str] = key(TEXTS, "what a line must not hold, in lower case; `*` stands for letters, digits and `_`")
    message: str = key(TEXT, "what such a line is")
    but: list[str] = key(TEXTS, "what such a word may be a part of, in lower case", [])
