"""A use of a library that is written with another module: what is edited, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.fates.library import Fate
from migrator.python.direct.call import OMITTED, SDK, Direct
from migrator.python.library import built_texts
from migrator.python.library.built import Plan
from migrator.python.library.references import Use, is_read
from migrator.python.module import Module
from migrator.sites import Edit, Finding, Status


@dataclass(slots=True)
class Written:
    """A use that is written with another module; `text` is where a literal names the attribute."""

    use: Use
    fate: Fate
    place: tuple[int, int]
    text: tuple[int, int] | None = None
    built: Plan | None = None
    call: Direct | None = None
    differs: str = ""

    def finding(self, module: Module, names: dict[str, tuple[str, str]]) -> Finding:
        """What is said and edited, with `names` as `Imports.names_for` has them."""
        fate = self.fate
        local = names[fate.to or fate.name][0]
        if self.call:
            sdk = names[SDK][0] if self.call.of_sdk else ""
            return self.call.finding(lambda name: f"{sdk if name in OMITTED else local}.{name}")
        edits: tuple[Edit, ...]
        if self.text:
            edits = (Edit(*self.place, local), Edit(*self.text, fate.name))
            new = f"{local}, {fate.name!r}"
        else:
            new = f"{local}.{fate.name}" if fate.to and fate.name else local
            edits = (Edit(*self.place, new),)
        status, message = fate.status, fate.message if fate.status is Status.REVIEW else ""
        if self.built:
            status, message = self.built.status, self.built.message
            edits = (*edits, *built_texts.edits(module.source, self.built))
        if self.differs:
            status, message = Status.REVIEW, self.differs
        said = f"{self.use.text} → {new}" + (f": {message}" if message else "")
        return Finding(self.place[0], fate.rule, status, said, tuple(e for e in edits if _changes(module, e)))


def followed(module: Module, use: Use, differs: str) -> Iterator[Finding]:
    """What is said of a use that has the client module by the name it had the library by, where something differs."""
    said = differs or (use.fate.message if use.fate.status is Status.REVIEW else "")
    if said and is_read_off(use):
        start = module.source.start(use.reference.nodes[0])
        yield Finding(start, use.fate.rule, Status.REVIEW, f"{use.text} → {use.fate.new}: {said}")


def is_read_off(use: Use) -> bool:
    """Whether what the rule speaks of is read where a use names it."""
    return is_read(use.reference.nodes[use.own - 1])


def _changes(module: Module, edit: Edit) -> bool:
    return module.source.text[edit.start : edit.end] != edit.text
