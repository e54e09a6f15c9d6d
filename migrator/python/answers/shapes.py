"""The fields that a pack says answers have, and what reading them comes to."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from migrator.primitives.library import Answer
from migrator.python.answers.values import (
    OTHER,
    UNKNOWN,
    Else,
    Error,
    Gives,
    Is,
    Many,
    Row,
    Table,
    Value,
    Values,
    inside,
    tables_of,
    union,
)


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
        there = [each for each in fields if each[0]]  # what has no such field raises
        return rest.union(*(_field_values(field, of) for field, of in there or fields))

    def held(self, values: Values, key: str | None) -> Values:
        """What dictionaries among values have under a key, or None for one that only run time knows."""
        return union(v.at(key) for v in tables_of(values))

    def is_under(self, values: Values, key: str | None) -> bool:
        """Whether all the dictionaries among values are sure to have something under a key."""
        whole = [v for v in tables_of(values) if v.whole]
        return bool(whole) and all(key in dict(v.fields) for v in whole)

    def may_lack(self, values: Values, name: str) -> bool:
        """Whether some value may be without a field."""
        fields = [self.field(v.shape, name) if isinstance(v, Is) else None for v in values]
        return any(field is None or field.sent for field in fields)

    def lacking(self, values: Values, names: tuple[str, ...]) -> Values:
        """Those of the values that may be without one of some attributes.

        What gives no dictionary of itself is no answer, but may be a stream of one.
        """
        there = {v for v in values if isinstance(v, Is) and all(self._has(v.shape, name) for name in names)}
        whole = [v for v in there if "model_dump" in names and isinstance(v, Is)]
        streams = (Many(frozenset({Is(self.rule.each[v.shape], v.usage)})) for v in whole if v.shape in self.rule.each)
        return frozenset([*(v for v in values if v not in there), *streams])

    def _has(self, shape: str, name: str) -> bool:
        """Whether what has a shape is sure to have an attribute: a field, or the method that gives a dictionary."""
        if name == "model_dump":
            return shape not in self.rule.closed
        field = self.field(shape, name)
        return field is not None and (field.none or not field.sent)

    def given(self, name: str, *, usage: bool = False) -> Values:
        """What a function of the library gives, or a type of it is; nothing for any other name."""
        shape = self.rule.gives.get(name, "")
        each = Is(shape.strip("[]"), usage)
        return frozenset[Value]({Many(frozenset({each})) if shape.startswith("[") else each} if shape else ())

    def telltale(self) -> set[str]:
        """The fields that hardly anything else has: those that are parts of answers, and what only the library had."""
        parts = {name for fields in self.rule.fields.values() for name, said in fields.items() if said.strip("[]?~")}
        return {*parts, *(name for name in self.rule.gone if name.startswith("_"))}

    def error(self, name: str, rule: str) -> Error | None:
        """An error of the library by its name; None where the name is none of an error's."""
        return Error(name, rule) if any(fnmatchcase(name, each) for each in self.rule.raised) else None

    def items(self, values: Values) -> Values:
        """What iterating comes to, or an item by its number."""
        return union(self._items(value) for value in values)

    def _items(self, value: Value) -> Values:
        match value:
            case Many() | Row():
                return inside(value)
            case Table():
                return value.keys
            case Is() if value.shape in self.rule.each:
                return frozenset({Is(self.rule.each[value.shape], value.usage)})
            case Else.NOTHING:
                return frozenset()
            case Else.UNKNOWN:
                return UNKNOWN
        return OTHER

    def step(self, values: Values, step: int | str) -> Values:
        """What a step of unpacking, iterating or entering comes to."""
        if step == "enter":
            return union(v.items if isinstance(v, Many) else frozenset({v}) for v in values)
        if step == "rest":
            return frozenset({Many(self.items(values))})
        if step == "item":
            return self.items(values)
        rows = (v.items[step] for v in values if isinstance(v, Row) and isinstance(step, int) and step < len(v.items))
        return union(rows) | self.items(frozenset(v for v in values if not isinstance(v, Row)))

    def steps(self, values: Values, steps: tuple[int | str, ...]) -> Values:
        """What several steps come to, one after the other."""
        for step in steps:
            values = self.step(values, step)
        return values


def _field_values(field: Field | None, of: str) -> Values:
    if field is None or not field.shape:
        return OTHER
    if field.shape.endswith("()"):
        return frozenset({Gives(frozenset({Is(field.shape[:-2], of=of)}))})
    inner: Value = Is(field.shape.strip("[]"), of=of)
    one: Value = Many(frozenset({inner})) if field.shape.startswith("[") else inner
    return frozenset({one, Else.NOTHING} if field.sent else {one})
