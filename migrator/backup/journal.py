"""The journal of a run: what it did to which file, as plain data that is checked before anything is believed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from migrator.errors import MigrateError
from migrator.sites import Kind

RunState = Literal["prepared", "done", "restoring", "restored"]
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file without its bytes."""

    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Slot:
    """What one path holds before and after a run; None is no file."""

    before: Stamp | None
    after: Stamp | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the journal keeps it."""

    path: str
    new_path: str | None
    kind: Kind
    before: Stamp | None
    after: Stamp | None


@dataclass(frozen=True, slots=True)
class Journal:
    """All that is needed to take a run back, but the bytes.

    `root` is relative to the backup directory; `made` and `removed` (with modes) are directories, parents first.
    """

    run: str
    root: str
    state: RunState
    meta: Mapping[str, object]
    entries: tuple[Entry, ...]
    made: tuple[str, ...]
    removed: Mapping[str, int]

    @property
    def slots(self) -> dict[str, Slot]:
        return slots_of(self.entries)

    @property
    def halted(self) -> bool:
        """Whether the run, or its undoing, was interrupted."""
        return self.state in ("prepared", "restoring")

    def dump(self) -> bytes:
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=1).encode()


def slots_of(entries: Iterable[Entry]) -> dict[str, Slot]:
    """Sort entries by the paths they touch. Raises MigrateError when they contradict each other."""
    before: dict[str, Stamp] = {}
    after: dict[str, Stamp] = {}
    for entry in entries:
        for path, stamp, side in ((entry.path, entry.before, before), (entry.new_path, entry.after, after)):
            if path is not None and stamp is not None and side.setdefault(path, stamp) is not stamp:
                raise MigrateError(f"{shown(path)}: two changes to one file")
    slots = {path: Slot(before.get(path), after.get(path)) for path in sorted({*before, *after})}
    for path in slots:
        if not slots.keys().isdisjoint(parents(path)):
            raise MigrateError(f"{shown(path)}: lies below a path that is a file")
    return slots


def parse(raw: bytes, run: str) -> Journal:
    """Read the journal of `run`. Raises ValueError, RecursionError or MigrateError when it is not a sound one."""
    match json.loads(raw):
        case {
            "version": 1,
            "run": str(named),
            "root": str(root),
            "state": ("prepared" | "done" | "restoring" | "restored") as state,
            "meta": dict(meta),
            "entries": list(entries),
            "made": list(made),
            "removed": dict(removed),
        } if named == run:
            files, folders = tuple(map(_parsed_entry, entries)), tuple(map(str, made))
            journal = Journal(run, root, state, meta, files, folders, removed)
        case _:
            raise ValueError("fields are missing or of the wrong type")
    slots = journal.slots
    grown = {parent for path, slot in slots.items() if slot.after for parent in parents(path)}
    shrunk = {parent for path, slot in slots.items() if slot.before for parent in parents(path)}
    if not (grown.issuperset(journal.made) and shrunk.issuperset(removed) and all(map(_is_mode, removed.values()))):
        raise ValueError("directories that no file of the run lies in")
    return journal


def _parsed_entry(raw: object) -> Entry:
    match raw:
        case {"path": str(path), "new_path": new_path, "kind": kind, "before": old, "after": new}:
            before, after = _parsed_stamp(old), _parsed_stamp(new)
        case _:
            raise ValueError("an entry is not complete")
    check_path(path)
    match kind, new_path, before, after:
        case "modify", str(), Stamp(), Stamp() if path == new_path:
            return Entry(path, new_path, "modify", before, after)
        case "create", str(), None, Stamp() if path == new_path:
            return Entry(path, new_path, "create", before, after)
        case "rename", str(), Stamp(), Stamp() if path != new_path:
            check_path(new_path)
            return Entry(path, new_path, "rename", before, after)
        case "delete", None, Stamp(), None:
            return Entry(path, None, "delete", before, after)
    raise ValueError(f"the entry of {shown(path)} does not fit its kind")


def _parsed_stamp(raw: object) -> Stamp | None:
    match raw:
        case None:
            return None
        case {"sha256": str(sha256), "mode": int(mode)} if _SHA256.fullmatch(sha256) and _is_mode(mode):
            return Stamp(sha256, mode)
    raise ValueError("a file is described by its sha256 and mode")


def _is_mode(mode: object) -> bool:
    return isinstance(mode, int) and 0 <= mode <= 0o7777


def check_path(path: str) -> None:
    """Refuse a path that is not a plain relative one, or that reaches into git's own files."""
    parts = path.split("/")
    if "\0" in path or not {"", ".", ".."}.isdisjoint(parts) or ".git" in path.lower().split("/"):
        raise MigrateError(f"{shown(path)}: not a path inside the project")
    os.fsencode(path)


def parents(path: str) -> list[str]:
    """The directories above a relative path, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def hash_of(stamp: Stamp | None) -> str | None:
    return stamp.sha256 if stamp else None


def shown(name: object) -> str:
    """A name fit for one line on any terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)


def listed(paths: Iterable[str]) -> str:
    return ", ".join(map(shown, sorted(paths)))
