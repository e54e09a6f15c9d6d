"""The words every part shares: an edit, a finding in one text, a site in the tree, a change to one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Span = tuple[int, int]
"""Where a piece of a text begins and ends, as offsets in characters of the decoded file."""


class Status(StrEnum):
    """What became of one reference to the old layer."""

    MIGRATED = "migrated"  # edited, behaves the same
    REVIEW = "review"  # behaves differently in a way the message names; prose mentions are `review` too
    MANUAL = "manual"  # not edited; the message says what to do
    IGNORED = "ignored"  # suppressed by the user


_ORDER = list(Status)


def gravest(*statuses: Status) -> Status:
    """The one of several that asks most of the user."""
    return max(statuses, key=_ORDER.index)


@dataclass(slots=True)
class Noted:
    """What becomes of something that is put together of several, each of which may differ."""

    status: Status = Status.MIGRATED
    notes: list[str] = field(default_factory=list)

    def say(self, status: Status, note: str) -> None:
        """Note what differs."""
        self.status = gravest(self.status, status)
        if note and note not in self.notes:
            self.notes.append(note)


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace `text[start:end]`, offsets in characters of the decoded file, by `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One reference in one text, and the edits (none for `manual`) that migrate it together or not at all.

    `prose` marks a mention in prose, which is edited only if the user asks for it. `stays` is the name that goes on
    standing there: a statement that comes apart is found by it, and which variables are read still. What is `alone`
    is no part of a request: nothing else stays for its sake.
    """

    start: int
    rule: str
    status: Status
    message: str
    edits: tuple[Edit, ...] = ()
    prose: bool = False
    stays: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A finding placed in the tree. Paths are POSIX and relative to the root; lines and columns count from 1.

    `new_path` and `new_line` say where the place stands after the run, and are None when it is gone.
    """

    path: str
    line: int
    column: int
    rule: str
    status: Status
    message: str
    new_path: str | None
    new_line: int | None
    docs: str = ""
    prose: bool = False


Kind = Literal["modify", "rename", "create", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one file. `before` is None for `create`, `after` is None for `delete`.

    A `rename` may change the content as well. `path` equals `new_path` for `modify` and `create`; `new_path` is
    None for `delete`. `edits` counts the edits inside the text; `mode` is the permission bits the result has.
    """

    path: str
    new_path: str | None
    kind: Kind
    language: str
    edits: int
    before: bytes | None
    after: bytes | None
    mode: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be read, parsed or written, and why."""

    path: str
    reason: str
