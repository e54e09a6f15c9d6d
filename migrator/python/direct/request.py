"""What a call becomes as one of the SDK: each of its arguments at its destination."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from migrator.clients.table import Argument, Function
from migrator.python.direct.keys import Key

WHOLE = frozenset({"extra_headers", "extra_query", "extra_body"})  # the methods take None for them
OF_STREAMS = frozenset({"stream", "stream_options"})


class NotKnownError(Exception):
    """Why a call cannot be written as one of the SDK: which argument, and what is in the way."""


def see_streams(function: Function, name: str) -> None:
    """Raise NotKnownError for what asks for a stream of a call that LiteLLM gives none of."""
    if name in OF_STREAMS and name not in function.keep:
        raise NotKnownError(f"{name}: this call gives no stream")


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as the call has it."""

    name: str
    value: ast.expr
    node: ast.expr | ast.keyword  # the value itself where it is positional


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a key of a dict that the call is given with `**`.

    `name` is what it is called from now on, "" where it goes; `inner` is the key that its value has in a dict of its
    own from now on, "" where the value stays what it is.
    """

    key: Key
    name: str = ""
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Omit:
    """A value that may have to be left out, and the name for what is left out then.

    It is where it is None, or where it is false if it `asks`; or where `test` is, which is another value.
    """

    value: ast.expr
    instead: str = "omit"
    asks: bool = False
    test: ast.expr | None = None


@dataclass(slots=True)
class Request:
    """What a call becomes. Every argument is in exactly one of the lists."""

    method: str
    kept: list[tuple[Given, str]] = field(default_factory=list)  # with its name from now on
    options: list[tuple[Given, str]] = field(default_factory=list)
    body: list[Given] = field(default_factory=list)  # `extra_body` among them, if there is one
    headers: list[Given] = field(default_factory=list)  # `extra_headers` or `headers`, at most one
    fixed: dict[str, str] = field(default_factory=dict)  # headers whose texts are known
    gone: list[Given] = field(default_factory=list)
    model: Given | None = None
    model_id: str = ""  # the model's id from now on, where it is a literal
    mapped: list[ast.expr] = field(default_factory=list)  # models that are mapped at run time
    omits: list[Omit] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)  # options of the client, and their texts
    added: list[tuple[str, str]] = field(default_factory=list)  # what LiteLLM does by itself, and its text
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dropped: dict[str, list[str]] = field(default_factory=dict)  # why -> the arguments that are not sent any more
    differs: bool = False

    def say(self, note: str) -> None:
        """Note what is said of the call, once."""
        if note not in self.notes:
            self.notes.append(note)

    def drop(self, name: str, row: Argument) -> None:
        """Say that an argument is not sent any more."""
        names = self.dropped.setdefault(row.note, [])
        names += [] if name in names else [name]
        self.differs = True

    @property
    def told(self) -> list[str]:
        """What is said of the call, one reason for all the arguments that it holds for."""
        gone = (f"{', '.join(names)} {'go' if len(names) > 1 else 'goes'}: {n}" for n, names in self.dropped.items())
        return [*self.notes, *gone]

    def see(self, row: Argument) -> None:
        """Say what differs of an argument that goes on in another way."""
        if row.differs:
            self.say(row.note)
            self.differs = True

    def map(self, model: ast.expr, *, told: bool) -> None:
        """Have a model mapped at run time; `told` is whether what it comes to is known."""
        self.mapped.append(model)
        self.say("the model is mapped at run time")
        self.differs |= not told
