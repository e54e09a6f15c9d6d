"""What an expression can come to, as far as answers go, and the fields that a pack says answers have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple

from migrator.primitives.library import Answer


class Else(Enum):
    """Everything that is no answer."""

    OTHER = "something else"
    UNKNOWN = "a parameter that nothing here says more of"
    NOTHING = "None, or an empty literal"


@dataclass(frozen=True, slots=True)
class Is:
    """An answer or a part of one; `usage` says that a stream of it may end in a chunk without choices."""

    shape: str
    usage: bool = False
    of: str = ""  # the provider of the client that it is of


@dataclass(frozen=True, slots=True)
class Many:
    """A list, an iterator or a generator."""

    items: Values


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple that is laid out."""

    items: tuple[Values, ...]


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


Value = Else | Is | Many | Row | Gives | Function | Object | Class | Error | Kind | Caught
Values = frozenset[Value]

OTHER: Values = frozenset({Else.OTHER})
UNKNOWN: Values = frozenset({Else.UNKNOWN})
NONE: Values = frozenset()
NOTHING: Values = frozenset({Else.NOTHING})


def asks_usage(values: Values) -> bool:
    """Whether one of the answers, or of those in a list, is of a stream that may end in a chunk without choices."""
    return any(v.usage if isinstance(v, Is) else isinstance(v, Many) and asks_usage(v.items) for v in values)


def asked(value: Value) -> Value:
    """An answer, or a list of them, of a call that may ask for usage."""
    if isinstance(value, Many):
        return Many(frozenset(asked(v) for v in value.items))
    return Is(value.shape, True) if isinstance(value, Is) else value


def said_of(said: Values, given: Values) -> Values:
    """What an annotation says of what is given, which alone says whether usage is asked for."""
    return frozenset(asked(v) for v in said) if asks_usage(given) else said


def raised(types: Values) -> Values:
    """What is caught where these are the types: a class, or classes in a tuple."""
    classes = union(
        t.items if isinstance(t, Many) else union(t.items) if isinstance(t, Row) else frozenset({t}) for t in types
    )
    return frozenset(c.of if isinstance(c, Kind) else Else.OTHER for c in classes)


def union(many: Iterable[Values]) -> Values:
    return frozenset[Value]().union(*many)


class Field(NamedTuple):
    """A field of a shape: the shape it has itself ("" for a plain value), and where it is there.

    `sent` marks one that LiteLLM has only where it was sent, `none` one that the new layer has as None otherwise.
    """

    shape: str
    sent: bool
    none: bool


class Shapes:
    """The shapes that a rule lays down."""

    def __init__(self, rule: Answer) -> None:
        self.rule = rule

    def field(self, shape: str, name: str) -> Field | None:
        """A field by its name; None where the shape has no such field."""
        said = self.rule.fields.get(shape, {}).get(name)
        return None if said is None else Field(said.rstrip("?~"), said[-1:] in "?~" and bool(said), said[-1:] == "?")

    def read(self, values: Values, name: str) -> Values:
        """What `x.name` or `x["name"]` of an answer comes to."""
        fields = [(self.field(v.shape, name), v.of) for v in values if isinstance(v, Is)]
        rest: Values = frozenset({Else.UNKNOWN} & values)
        if any(not isinstance(v, Is) and v not in (Else.NOTHING, Else.UNKNOWN) for v in values):
            rest |= OTHER
        return rest.union(*(_field_values(field, of) for field, of in fields))

    def may_lack(self, values: Values, name: str) -> bool:
        """Whether some value may be without a field."""
        fields = [self.field(v.shape, name) if isinstance(v, Is) else None for v in values]
        return any(field is None or field.sent for field in fields)

    def given(self, name: str, *, usage: bool = False) -> Values:
        """What a function of the library gives, or a type of it is; nothing for any other name."""
        shape = self.rule.gives.get(name, "")
        each = Is(shape.strip("[]"), usage)
        return frozenset[Value]({Many(frozenset({each})) if shape.startswith("[") else each} if shape else ())

    def error(self, name: str, rule: str) -> Error | None:
        """An error of the library by its name; None where the name is none of an error's."""
        return Error(name, rule) if any(fnmatchcase(name, each) for each in self.rule.raised) else None

    def items(self, values: Values) -> Values:
        """What iterating comes to, or an item by its number."""
        return union(self._items(value) for value in values)

    def _items(self, value: Value) -> Values:
        match value:
            case Many():
                return value.items
            case Row():
                return union(value.items)
            case Is() if value.shape in self.rule.each:
                return frozenset({Is(self.rule.each[value.shape], value.usage)})
            case Else.NOTHING:
                return frozenset()
            case Else.UNKNOWN:
                return UNKNOWN
        return OTHER


def _field_values(field: Field | None, of: str) -> Values:
    if field is None or not field.shape:
        return OTHER
    if field.shape.endswith("()"):
        return frozenset({Gives(frozenset({Is(field.shape[:-2], of=of)}))})
    inner: Value = Is(field.shape.strip("[]"), of=of)
    one: Value = Many(frozenset({inner})) if field.shape.startswith("[") else inner
    return frozenset({one, Else.NOTHING} if field.sent else {one})
