"""What an expression can come to, as far as answers go."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Else(Enum):
    """Everything that is no answer."""

    OTHER = "something else"
    UNKNOWN = "a parameter that nothing here says more of"
    NOTHING = "None, or an empty literal"
    STRAIGHT = "a client of the new SDK that goes straight to a provider"
    LOGGER = "what makes a text of what it is given"


@dataclass(frozen=True, slots=True)
class Is:
    """An answer or a part of one; `usage` says that a stream of it may end in a chunk without choices."""

    shape: str
    usage: bool = False
    of: str = ""  # the provider of the client that it is of
    route: tuple[tuple[str, str], ...] = ()  # providers and models that this client has calls ask, in order


@dataclass(frozen=True, slots=True)
class Many:
    """A list, an iterator or a generator."""

    items: Values


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple that is laid out, be it one whose items are attributes by these names as well."""

    items: tuple[Values, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary with something of the library's in it: what its `fields` have no text for is in `items`.

    One that is not `whole` is what may be put into another one.
    """

    keys: Values
    items: Values
    fields: tuple[tuple[str, Values], ...] = ()
    whole: bool = True

    def all(self) -> Values:
        """Whatever stands under a key."""
        return union((self.items, *(values for _, values in self.fields)))

    def at(self, key: str | None) -> Values:
        """What stands under a key, or None for one that only run time knows."""
        return self.all() if key is None else dict(self.fields).get(key, self.items)


@dataclass(frozen=True, slots=True)
class Gives:
    """Something that gives this when it is called."""

    result: Values


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the project: `name` is `function` or `Class.method`."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Object:
    """An instance of a class of the project, by its dotted name."""

    cls: str


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the project, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Space:
    """A `SimpleNamespace` or the like, by the call that makes it and the path of the module that has that."""

    path: str
    call: ast.Call


@dataclass(frozen=True, slots=True)
class Library:
    """A library that is left, or a module of it, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Tuples:
    """A class of tuples that `namedtuple` makes, by the names of their items."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Error:
    """An error of the library, by its old name, with the rule that moves its class."""

    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class Kind:
    """The class of an error of the library."""

    of: Error


@dataclass(frozen=True, slots=True)
class Caught:
    """What `pytest.raises` and `assertRaises` give, which has what was raised in an attribute."""

    errors: Values


_Known = Is | Many | Row | Table | Gives | Function | Object | Class | Space | Library | Tuples | Error | Kind | Caught
Value = Else | _Known
Values = frozenset[Value]

OTHER: Values = frozenset({Else.OTHER})
UNKNOWN: Values = frozenset({Else.UNKNOWN})
NONE: Values = frozenset()
NOTHING: Values = frozenset({Else.NOTHING})
STRAIGHT: Values = frozenset({Else.OTHER, Else.STRAIGHT})
LOGGER: Values = frozenset({Else.LOGGER})


def asks_usage(values: Values) -> bool:
    """Whether one of the answers, or of those in a list, is of a stream that may end in a chunk without choices."""
    return any(v.usage if isinstance(v, Is) else isinstance(v, Many) and asks_usage(v.items) for v in values)


def asked(value: Value) -> Value:
    """An answer, or a list of them, of a call that may ask for usage."""
    if isinstance(value, Many):
        return Many(frozenset(asked(v) for v in value.items))
    return Is(value.shape, True) if isinstance(value, Is) else value


def tables_of(values: Values) -> tuple[Table, ...]:
    """The dictionaries among values."""
    return tuple(v for v in values if isinstance(v, Table))


def inside(value: Value) -> Values:
    """What stands in a list, a tuple or a dictionary."""
    match value:
        case Many():
            return value.items
        case Row():
            return union(value.items)
        case Table():
            return value.keys | value.all()
    return NONE


def matters(values: Values) -> bool:
    """Whether there is anything but what is no answer among values, or in what they hold."""
    return any(matters(inside(v)) if isinstance(v, Many | Row | Table) else not isinstance(v, Else) for v in values)


def leads(values: Values) -> bool:
    """Whether there is an answer among values, or in a list, a tuple or a dictionary among them."""
    return any(isinstance(v, Is) or leads(inside(v)) for v in values)


def tells(said: Values) -> bool:
    """Whether an annotation names a class that is known; `dict` is also said of answers, whose keys were read."""
    return any(isinstance(v, Is | Object | Error) or tells(inside(v)) for v in said)


def said_of(said: Values, given: Values) -> Values:
    """What an annotation says of what is given, which alone says whether usage is asked for."""
    return frozenset(asked(v) for v in said) if asks_usage(given) else said


def as_told(values: Values, said: Values, *, holds: bool) -> Values:
    """What is left of values once a test has told their types; an answer may still turn out to be a stream of it."""
    if holds:
        return said_of(said, values)
    gone = {v for v in said if not isinstance(v, Is)}
    return frozenset(v for v in values if v not in gone and not (isinstance(v, Many) and asked(v) in map(asked, gone)))


def raised(types: Values) -> Values:
    """What is caught where these are the types: a class, or classes in a tuple."""
    classes = union(
        t.items if isinstance(t, Many) else union(t.items) if isinstance(t, Row) else frozenset({t}) for t in types
    )
    return frozenset(c.of if isinstance(c, Kind) else Else.OTHER for c in classes)


def union(many: Iterable[Values]) -> Values:
    return frozenset[Value]().union(*many)
