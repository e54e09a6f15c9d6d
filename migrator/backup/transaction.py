"""Writes a planned set of changes to disk, all of it or nothing, and takes it back byte for byte."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from migrator.backup.journal import (
    RUN_ID,
    Entry,
    Journal,
    Slot,
    Stamp,
    hash_of,
    listed,
    parents,
    parse,
    shown,
    slots_of,
)
from migrator.backup.store import Store, digest, explained, is_cache, opened
from migrator.errors import MigrateError
from migrator.sites import Change


@dataclass(frozen=True, slots=True)
class Restored:
    """The run that was taken back, the files it had changed, and the interrupted run recovered first."""

    run: str
    files: int
    recovered: str | None


def run_id(now: datetime) -> str:
    """Name a run after an aware time, such as `20261120-174501-3f2a`; a later time (by 16 µs) sorts later."""
    now = now.astimezone(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 16:04x}"


def apply(
    root: Path,
    backup_dir: Path,
    changes: Sequence[Change],
    *,
    run: str,
    meta: Mapping[str, object],
    progress: Callable[[int], None] | None = None,
) -> str | None:
    """Write `changes` below `root` and keep what `restore` needs below `backup_dir`; without changes there is no run.

    An interrupted run is taken back first, and its id returned. `meta` is kept in the journal and must be JSON;
    `progress` is told how many files are written so far. Raises MigrateError, with the tree as it was, when a file
    has changed since it was read, a destination is taken, a path leads out of `root`, another run is going on, or the
    disk fails; ValueError when a change does not fit its kind.
    """
    with explained("nothing was changed"), opened(root, backup_dir) as store:
        recovered = store.recover()
        if not changes:
            return recovered
        journal = _prepared(store, changes, run, meta, recovered)
        store.back_up(journal, {change.path: change.before for change in changes if change.before is not None})
        with ExitStack() as undo:
            undo.callback(store.withdraw, journal)
            contents = {change.new_path: change.after for change in changes if change.after is not None}
            store.perform(journal, lambda path, _: contents[path], progress or (lambda _: None))
            store.save(replace(journal, state="done"))
            undo.pop_all()
        return recovered


def restore(root: Path, backup_dir: Path, run: str | None = None, *, force: bool = False) -> Restored:
    """Take back `run`, or the last run not yet restored; finishes one that was interrupted.

    Raises MigrateError when there is no such run, it is restored already, a newer run changed the same files, or,
    unless `force`, files were edited or removed since (all are named). Nothing is touched then.
    """
    if not backup_dir.is_dir():
        raise MigrateError(f"{shown(backup_dir)}: no backup is here, so there is nothing to restore")
    with explained("nothing was restored"), opened(root, backup_dir) as store:
        halted = store.interrupted()
        other = halted is not None and run not in (None, halted.run)
        recovered = store.recover() if other else None
        journal = _chosen(store, run) if run or halted is None else halted
        store.take_back(journal, force=force)
        return Restored(journal.run, len(journal.entries), recovered)


def recover(root: Path, backup_dir: Path) -> str | None:
    """Take back a run that was killed half way and return its id; None when there is none.

    Raises MigrateError when its files were edited since; `restore` with `force` overwrites those.
    """
    if not backup_dir.is_dir():
        return None
    with explained("nothing was changed"), opened(root, backup_dir) as store:
        return store.recover()


def runs(root: Path, backup_dir: Path) -> list[Journal]:
    """The journals of the runs made on `root`, oldest first. Raises MigrateError when a journal cannot be read."""
    if not backup_dir.is_dir():
        return []
    with explained("the runs cannot be listed"):
        return Store(root.resolve(), backup_dir.resolve()).journals()


def _prepared(
    store: Store, changes: Sequence[Change], run: str, meta: Mapping[str, object], recovered: str | None
) -> Journal:
    """Check the changes against the tree as it is now, and describe them."""
    if not RUN_ID.fullmatch(run):
        raise MigrateError(f"{shown(run)}: not a run id")
    present = store.survey({path for change in changes for path in (change.path, change.new_path) if path is not None})
    stale = [c.path for c in changes if c.before is not None and digest(c.before) != hash_of(present[c.path])]
    if stale:
        cause = f" (run {recovered} had been interrupted and was taken back first)" if recovered else ""
        raise MigrateError(f"{listed(stale)}: changed since it was read{cause}; nothing was changed, run again")
    leaving = {change.path for change in changes if change.kind in ("rename", "delete")}
    arriving = {change.new_path for change in changes if change.kind in ("rename", "create")}
    taken = [path for path, stamp in present.items() if stamp and path in arriving - leaving]
    if taken:
        raise MigrateError(f"{listed(taken)}: in the way; nothing was changed, move it and run again")
    entries = tuple(_entry(change, present[change.path]) for change in sorted(changes, key=lambda c: c.path))
    slots = slots_of(entries)
    homes = {parent for path, slot in slots.items() if slot.after for parent in parents(path)}
    made = tuple(sorted(path for path in homes if not (store.root / path).is_dir()))
    removed = _emptied(store.root, slots, homes)
    journal = Journal(run, store.origin, "prepared", dict(meta), entries, made, removed)
    return parse(journal.dump(), run)  # a journal that could not be read back must never be begun


def _entry(change: Change, present: Stamp | None) -> Entry:
    before = None if change.before is None else present
    after = None if change.after is None else Stamp(digest(change.after), change.mode)
    return Entry(change.path, change.new_path, change.kind, before, after)


def _emptied(root: Path, slots: Mapping[str, Slot], homes: set[str]) -> dict[str, int]:
    """Directories, with their modes, that hold nothing but caches once the files that go are gone."""
    going = {path for path, slot in slots.items() if slot.after is None}
    emptied: dict[str, int] = {}
    for directory in sorted({parent for path in going for parent in parents(path)} - homes, reverse=True):
        place = root / directory
        if all(f"{directory}/{child.name}" in going or is_cache(child) for child in place.iterdir()):
            going.add(directory)
            emptied[directory] = stat.S_IMODE(place.lstat().st_mode)
    return dict(sorted(emptied.items()))


def _chosen(store: Store, run: str | None) -> Journal:
    """The journal of `run`, or of the last run not yet restored, if it may be restored now."""
    journals = store.journals()
    candidates = [j for j in journals if j.run == run] if run else [j for j in journals if j.state != "restored"]
    if not candidates:
        raise MigrateError(f"{shown(store.backup)}: {f'no run {shown(run)}' if run else 'no run left to restore'}")
    chosen = candidates[-1]
    if chosen.state == "restored":
        raise MigrateError(f"run {chosen.run} is already restored")
    for newer in journals[journals.index(chosen) + 1 :]:
        shared = chosen.slots.keys() & newer.slots.keys()
        if shared and newer.state != "restored":
            raise MigrateError(f"run {newer.run} changed {listed(shared)} after run {chosen.run}; restore that first")
    return chosen
