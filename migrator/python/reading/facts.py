"""What other modules need to know of a module: small, and kept for every candidate file; syntax trees are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrator.python.library.built import Made


@dataclass(frozen=True, slots=True)
class Class:
    """A class at module level: its bases, and what its attributes stand for ("" for anything else), as full names."""

    bases: tuple[str, ...]
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One module seen from outside. `names` are its dotted names, the most likely one first."""

    path: str
    names: tuple[str, ...]
    is_package: bool
    exports: Mapping[str, str]  # name at module level -> the dotted name it stands for
    bound: Mapping[str, frozenset[str]]  # every name bound in any scope -> what it stands for ("" for anything else)
    stars: tuple[str, ...]  # modules it imports * from
    classes: Mapping[str, Class]  # by name, those at module level
    fixtures: Mapping[str, str]  # function that is a pytest fixture -> the name tests ask for it by
    constants: frozenset[str]  # string literals that could name an environment variable
    mentioned: frozenset[str]  # full names it imports, or spells in a string literal, up to every dot
    unused: frozenset[str]  # names bound by `from` imports that nothing in the module uses
    suppressed: Mapping[int, frozenset[str]]  # line -> the rules a comment there suppresses; empty for all of them
    reached: Mapping[str, frozenset[str]]  # imported name -> what is read off it; "" for the thing itself, handed on
    made: tuple[Made, ...]  # the calls of imported classes
    inherited: frozenset[str]  # what classes anywhere in it inherit from, as it is written
    kept: Mapping[str, frozenset[str]]  # name that stays what it is here -> the rules that hold for; empty for all
    assigned: frozenset[str]  # full names in other modules that it puts something else in the place of
    spelled: frozenset[str]  # full names that its texts spell, or the last part of such: `.name`
    frozen: bool = False  # nothing in it may be edited
    words: frozenset[str] = frozenset()  # every word in it, where it imports * from anywhere
    requested: frozenset[str] = frozenset()  # modules that functions of the project's own import by name for it
    aliases: frozenset[str] = frozenset()  # names at module level that are given what another name stands for
    variables: frozenset[str] = frozenset()  # names at module level that something is assigned to
    urls: Mapping[str, str] = field(default_factory=dict)  # name at module level -> the URL in what it is assigned
    asked: frozenset[str] = frozenset()  # attributes of other things that are asked for something: `admin.http.get()`
    gives: Mapping[str, str] = field(default_factory=dict)  # function, method, class -> the module it gives when called
    called: frozenset[str] = frozenset()  # what it calls, as it is spelled; `.name` of methods as well
    taken: Mapping[str, frozenset[str]] = field(default_factory=dict)  # `.method` -> what is read off what it gives
    told: Mapping[str, str] = field(default_factory=dict)  # those of `called` that others have -> the module they give
    read_off: frozenset[str] = frozenset()  # every attribute that it reads, where it is told of such

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def package(self) -> str:
        return package_of(self.name, self.is_package)


def used_of(facts: Facts) -> Iterator[str]:
    """The full names of what a module imports, and of what it reads off that."""
    for local, targets in facts.bound.items():
        for target in filter(None, targets):
            yield target
            yield from (f"{target}.{read}" for read in facts.reached.get(local, ()) if read)


def package_of(module: str, is_package: bool) -> str:
    """The package that a module's relative imports start from."""
    return module if is_package else module.rpartition(".")[0]
