"""What an expression can come to, as far as answers go, and the fields that a pack says answers have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from migrator.primitives import Answer


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


Value = Else | Is | Many | Row | Gives | Function | Object | Class
Values = frozenset[Value]

OTHER: Values = frozenset({Else.OTHER})
UNKNOWN: Values = frozenset({Else.UNKNOWN})
NONE: Values = frozenset()
NOTHING: Values = frozenset({Else.NOTHING})


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
        fields = [self.field(v.shape, name) for v in values if isinstance(v, Is)]
        rest: Values = frozenset({Else.UNKNOWN} & values)
        if any(not isinstance(v, Is) and v not in (Else.NOTHING, Else.UNKNOWN) for v in values):
            rest |= OTHER
        return rest.union(*(_field_values(field) for field in fields))

    def may_lack(self, values: Values, name: str) -> bool:
        """Whether some value may be without a field."""
        fields = [self.field(v.shape, name) if isinstance(v, Is) else None for v in values]
        return any(field is None or field.sent for field in fields)

    def given(self, name: str, *, usage: bool = False) -> Values:
        """What a function of the library gives, or a type of it is; nothing for any other name."""
        shape = self.rule.gives.get(name, "")
        each = Is(shape.strip("[]"), usage)
        return frozenset[Value]({Many(frozenset({each})) if shape.startswith("[") else each} if shape else ())

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


def _field_values(field: Field | None) -> Values:
    if field is None or not field.shape:
        return OTHER
    inner: Value = Is(field.shape.strip("[]"))
    one: Value = Many(frozenset({inner})) if field.shape.startswith("[") else inner
    return frozenset({one, Else.NOTHING} if field.sent else {one})
