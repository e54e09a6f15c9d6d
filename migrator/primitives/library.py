"""Primitives about a library that is left: its names, its answers, its model ids, its variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrator.primitives.checks import (
    BOOL,
    BUILT,
    DOTTED,
    FIELDS,
    GLOBS,
    NAME_MAP,
    NAMES,
    STATUS,
    TEXT,
    TEXT_MAP,
    TEXTS,
)
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule
from migrator.sites import Status


@dataclass(frozen=True, eq=False, repr=False)
class OfLibrary(Rule):
    """A rule about a library."""

    of: str = key(DOTTED, "the library")


@dataclass(frozen=True, eq=False, repr=False)
class Library(Rule):
    """A library that is left: its names move to a client module made for the project and to other libraries, or stay.

    Its import stays as long as something in the file still needs it.
    """

    module: str = key(DOTTED, "the library's top module")
    message: str = key(TEXT, "what to do about a name that no rule knows")
    instead: str = key(DOTTED, "the module to ask for where the library was asked for")
    client: str = key(TEXT, "the target that the client module is made for; left out: none is", "")
    modules: list[str] = key(NAMES, "its submodules that are imported as such", [])
    loggers: list[str] = key(TEXTS, "the names of its loggers", [])
    apart: list[str] = key(TEXTS, "modules that an import of the package they are in does not give by itself", [])
    made: str = key(TEXT, "what to see to in the client module that is made", "")
    raised: str = key(TEXT, "a module with errors that catch the library's, and not those of what takes its place", "")
    callers: list[str] = key(
        TEXTS,
        "names of other libraries, `*` for any text, that call it by themselves: what only sets it stays for them",
        [],
    )
    stays: bool = key(
        BOOL, "whether what no rule speaks of stays on it, unsaid; the client module then calls it", False
    )


@dataclass(frozen=True, eq=False, repr=False)
class Moved(OfLibrary):
    """Names of a library that another module has, wherever in the library they were."""

    to: str = key(TEXT, "the module that has them; `{client}` for the one made for the project, `.` if each is one")
    source: str = key(TEXT, "the module to import one by its name from, where `to` is only reached by dots", "", "from")
    names: list[str] = key(GLOBS, "those that keep their name", [])
    renames: Mapping[str, str] = key(NAME_MAP, "old name = new name", {})
    status: str = key(STATUS, "what a moved name is", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")
    differs: Mapping[str, str] = key(TEXT_MAP, "a module of it, with dots = what differs for names from there", {})
    built: Mapping[str, Any] = key(BUILT, "class, by old name or `*` = how an object of it is built", {})
    above: list[str] = key(TEXTS, "errors, by new name, that they catch as well; `*` for all others of the rules", [])
    variable: bool = key(BOOL, "whether they are variables, which may be set from outside, too", False)
    texts: str = key(TEXT, "why a statement goes that only puts texts into such a variable, a list", "")


@dataclass(frozen=True, eq=False, repr=False)
class Needless(OfLibrary):
    """Settings of a library that nothing takes the place of: statements that only set them go."""

    names: list[str] = key(GLOBS, "the settings")
    message: str = key(TEXT, "what differs, and what to do about it")
    status: str = key(STATUS, "what a statement that went is", Status.MIGRATED.value)


@dataclass(frozen=True, eq=False, repr=False)
class Gone(OfLibrary):
    """Names of a library without a counterpart: reported and left alone, with the next step."""

    names: list[str] = key(GLOBS, "the names")
    message: str = key(TEXT, "what to do about it")


@dataclass(frozen=True, eq=False, repr=False)
class Answer(OfLibrary):
    """What is read off the answers of the functions that moved to the client module, by key so far.

    A shape is an answer, or a part of one, with fields. What a field is: "" for a plain value, a shape, `[shape]` for a
    list of them; then `?` where the library has the field only if it was sent and the new layer has None otherwise, or
    `~` where both have it only if it was sent.
    """

    gives: Mapping[str, str] = key(TEXT_MAP, "function of the library = the shape it gives; type = the shape it is")
    fields: Mapping[str, Mapping[str, str]] = key(FIELDS, "shape = its fields, each with what it is")
    message: str = key(TEXT, "what to do about a key that is no field")
    each: Mapping[str, str] = key(TEXT_MAP, "shape = the shape that iterating it gives, chunk by chunk", {})
    keyed: list[str] = key(TEXTS, "shapes whose keys can still be read", [])
    listed: list[str] = key(TEXTS, "shapes that `in` never found a key in", [])
    flat: list[str] = key(TEXTS, "shapes that `dict(…)` makes the same of as before", [])
    methods: Mapping[str, str] = key(TEXT_MAP, "old method = new method", {})
    dumped: list[str] = key(TEXTS, "shapes whose methods these are", [])
    differs: str = key(TEXT, "what is different about the new methods", "")
    sent: Mapping[str, str] = key(TEXT_MAP, "shape = what `model_dump` is given to leave out what was not sent", {})
    gone: Mapping[str, str] = key(TEXT_MAP, "attribute without a counterpart = what to do about it", {})
    instead: Mapping[str, str] = key(TEXT_MAP, "attribute and key of a gone one, with a dot = the path to read", {})
    closed: Mapping[str, str] = key(TEXT_MAP, "shape = what to do about an attribute that is none of its fields", {})
    telling: list[str] = key(NAMES, "keys that are reported on values of which nothing is known", [])
    told: Mapping[str, str] = key(
        TEXT_MAP, "method of the library's listeners, or its list of functions = the shape that it is given second", {}
    )
    usage: str = key(TEXT, "the argument that may ask for a last chunk without `last`", "")
    last: str = key(TEXT, "the field that is empty in such a chunk", "")
    counted: str = key(TEXT, "the field that such a chunk alone has", "")
    raised: list[str] = key(GLOBS, "names of the library that are classes of errors", [])
    lost: Mapping[str, str] = key(TEXT_MAP, "attribute that no error has any more = what to do about it", {})
    lacking: Mapping[str, str] = key(
        TEXT_MAP,
        "error and attribute, with a dot, that it may lack from now on = Python expression for what it was",
        {},
    )
    faked: Mapping[str, str] = key(
        TEXT_MAP, "key by which tests have the library make an answer up, in a dict = what to do instead", {}
    )
    once: list[str] = key(TEXTS, "shapes that a text can be made of once only", [])
    printed: str = key(TEXT, "attribute that the library's errors are printed from, those of the new layer are not", "")


@dataclass(frozen=True, eq=False, repr=False)
class ModelId(OfLibrary):
    """Ids of models as a library spells them, in a project that uses it: told by their use, or by their name."""

    names: list[str] = key(GLOBS, "what holds a model id, in lower case: variables, arguments, fields, keys")
    message: str = key(TEXT, "what to see to where only the name says that it is one")
    asked: list[str] = key(GLOBS, "names of the library that stay and take an id: then ids stay too", [])
    others: list[str] = key(TEXTS, "beginnings of texts that look like an id and are something else", [])


@dataclass(frozen=True, eq=False, repr=False)
class Variable(OfLibrary):
    """Environment variables that a library read by itself: reported wherever a project names them, and left alone."""

    names: list[str] = key(GLOBS, "the variables; a name that several rules have is the first one's")
    message: str = key(TEXT, "what to do about them")
    templates: bool = key(
        BOOL, "whether only files that set variables are looked at, one report each, and code beside the library", False
    )
    check: bool = key(BOOL, "whether `migrate check` fails on it", True)
    unused: str = key(TEXT, "what is said of them instead where no code imports the library", "")

    @property
    def brand(self) -> str:
        """How variables begin that are called after the library."""
        return f"{self.of.rpartition('.')[2].partition('_')[0].upper()}_"

    def is_librarys(self, name: str) -> bool:
        """Whether a variable is called after the library, and not one that a project may have for itself."""
        return self.check and name.startswith(self.brand)
