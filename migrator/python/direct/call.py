"""One call as it is written with the SDK: its edits, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migrator.python.direct.request import Request
from migrator.python.direct.rows import Rows, merged
from migrator.sites import Edit, Finding, Status

SDK = "openai"
OMITTED = ("not_given", "omit")  # names of the SDK for an argument that is left out


@dataclass(frozen=True, slots=True)
class Omitted:
    """Where a value stands that may be left out, and the name for what is left out.

    `before` and `after` are what stands around that name in what takes the place of the value.
    """

    start: int
    end: int
    instead: str
    before: str
    after: str

    def edit(self, spelled: str) -> Edit:
        """The value, or what leaves the argument out, where `spelled` is how its name is written."""
        return Edit(self.start, self.end, f"{self.before}{spelled}{self.after}")


@dataclass(frozen=True, slots=True)
class Direct:
    """One call as one of the SDK; `names` are those of the client module that it is written with."""

    place: tuple[int, int]
    old: str
    rule: str
    request: Request
    client: str
    options: str
    edits: tuple[Edit, ...]
    models: tuple[tuple[int, int], ...]  # where models stand that are mapped at run time
    omits: tuple[Omitted, ...] = ()
    rows: Rows | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.client, *(("model_id",) if self.models else ())})

    @property
    def of_sdk(self) -> frozenset[str]:
        """The names of the SDK's own that it is written with."""
        return frozenset(omitted.instead for omitted in self.omits)

    @property
    def status(self) -> Status:
        return Status.REVIEW if self.request.differs else Status.MIGRATED

    def finding(self, spelled: Callable[[str], str]) -> Finding:
        """The edits and what they say, where `spelled` is how a name of the client module, or the SDK, is written."""
        new = f"{spelled(self.client)}({self.options}).{self.request.method}"
        edits = [Edit(*self.place, new), *(Edit(end, end, ")") for _, end in self.models), *self.edits]
        edits += [Edit(start, start, f"{spelled('model_id')}(") for start, _ in self.models]
        edits += [omitted.edit(spelled(omitted.instead)) for omitted in self.omits]
        before, after = self.rows.edits(edits) if self.rows else ([], [])
        if self.rows and len(before) > 1:
            edits = list(map(self.rows.spread, edits))
        edits = [*before, *edits, *after]
        said = "; ".join((f"{self.old} → {new}", *self.request.told))
        return Finding(self.place[0], self.rule, self.status, said, tuple(merged(edits)))
