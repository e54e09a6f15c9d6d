"""What a run would do, or did: every site, every change, every file that could not be handled, and how to read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from migrator.sites import Change, Problem, Site, Status

Mode = Literal["plan", "check", "applied"]
Level = Literal["error", "warning", "note"]


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as `1 file` and `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Place(NamedTuple):
    """Where a reader finds a site. `column` is None where only the line is known."""

    path: str
    line: int
    column: int | None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" + (f":{self.column}" if self.column else "")


@dataclass(frozen=True)
class Plan:
    """Every change and every site of one run. `seconds` is what planning took; `run` is the id once it is applied.

    `docs` says where a rule is documented; `notes` are the rules that inform without failing a check.
    """

    root: Path
    packs: tuple[str, ...]
    sites: tuple[Site, ...]
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    files_seen: int
    files_matched: int
    seconds: float
    run: str | None = None
    docs: Mapping[str, str] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()
    strict: bool = False  # a check fails on notes and prose mentions as well

    @property
    def counts(self) -> dict[Status, int]:
        """How many sites there are of each status, every status included."""
        found = [site.status for site in self.sites]
        return {status: found.count(status) for status in Status}

    @property
    def counts_by_rule(self) -> dict[str, dict[Status, int]]:
        """The same for each rule that has a site, sorted by rule."""
        table = {rule: dict.fromkeys(Status, 0) for rule in sorted({site.rule for site in self.sites})}
        for site in self.sites:
            table[site.rule][site.status] += 1
        return table

    def ordered(self) -> Plan:
        """The same plan with its sites and problems sorted by place; the changes keep the order they apply in."""
        sites = sorted(self.sites, key=lambda s: (s.path, s.line, s.column, s.rule, s.message))
        return replace(
            self, sites=tuple(sites), problems=tuple(sorted(self.problems, key=lambda p: (p.path, p.reason)))
        )

    def only(self, paths: Collection[str]) -> Plan:
        """What the plan has of these files."""
        kept = frozenset(paths)
        return replace(
            self,
            sites=tuple(s for s in self.sites if s.path in kept),
            changes=tuple(c for c in self.changes if c.path in kept),
            problems=tuple(p for p in self.problems if p.path in kept),
            files_seen=len(kept),
        )

    @property
    def mentions(self) -> list[Site]:
        """The sites in prose, which stay as they are unless the user asks for more."""
        return [s for s in self.sites if s.prose and s.status is Status.REVIEW]

    @property
    def lingering(self) -> list[Site]:
        """The lines that keep a word of the old layer in a name of the project's own, or in what a document says."""
        return [s for s in self.sites if s.prose and s.status is Status.MANUAL]

    @property
    def pending(self) -> list[Site]:
        """The sites that need a person: what behaves differently now and what was not edited; no prose, no notes."""
        return [s for s in self._open if not s.prose and s.rule not in self.notes]

    @property
    def noted(self) -> list[Site]:
        """The sites that only inform, such as the uses of another library that stays."""
        return [s for s in self._open if not s.prose and s.rule in self.notes]

    @property
    def _open(self) -> list[Site]:
        return [s for s in self.sites if s.status in (Status.REVIEW, Status.MANUAL)]

    @property
    def failing(self) -> list[Site]:
        """The sites that make a check fail."""
        return [s for s in self.sites if self.fails(s)]

    def fails(self, site: Site) -> bool:
        """Whether a check fails on this site."""
        if site.status is Status.IGNORED:
            return False
        return self.strict or (site.rule not in self.notes and not site.prose)

    def level(self, site: Site, mode: Mode) -> Level:
        """How loud a site is: in a check whatever fails it is an error, elsewhere its status tells."""
        if not self.fails(site) or (mode != "check" and site.status is Status.MIGRATED):
            return "note"
        return "warning" if mode != "check" and site.status is Status.REVIEW else "error"

    def docs_of(self, site: Site) -> str:
        """Where the site's rule is documented, empty if nowhere."""
        return site.docs or self.docs.get(site.rule, "")

    def place(self, site: Site, mode: Mode) -> Place:
        """Where the site stands: after the run once it is applied, before it otherwise."""
        if mode != "applied" or site.new_path is None or site.new_line is None:
            return Place(self.located(site.path), site.line, site.column)
        moved = (site.new_path, site.new_line) != (site.path, site.line)
        return Place(self.located(site.new_path), site.new_line, None if moved else site.column)

    def located(self, path: str) -> str:
        """A path of this plan as seen from where the command was started, or from the root if that is absolute."""
        return path if self.root.is_absolute() else (self.root / path).as_posix()
