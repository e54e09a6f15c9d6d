"""Writes a planned set of changes to disk, all of it or nothing, and takes it back byte for byte."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from migrator.errors import MigrateError
from migrator.sites import Change, Kind

RunState = Literal["prepared", "done", "restoring", "restored"]

_VERSION = 1
_RUN = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PARTIAL = ".partial"
_CACHE = "__pycache__"


@dataclass(frozen=True, slots=True)
class Applied:
    """A finished run: its id (None when there was nothing to change), the files changed, the run recovered first."""

    run: str | None
    files: int
    recovered: str | None


@dataclass(frozen=True, slots=True)
class Restored:
    """The run that was taken back, the files it had changed, and the interrupted run recovered first."""

    run: str
    files: int
    recovered: str | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as a list shows it. `time` is ISO 8601 in UTC; `packs` comes from the `packs` of its meta."""

    run: str
    time: str
    state: RunState
    files: int
    packs: tuple[str, ...]


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
) -> Applied:
    """Write `changes` below `root` and keep what `restore` needs below `backup_dir`.

    An interrupted run is taken back first. `meta` is kept in the journal and must be JSON; `progress` is told how
    many files are written so far. Raises MigrateError, with the tree as it was, when a file has changed since it was
    read, a destination is taken, a path leads out of `root`, another run is going on, or the disk fails; ValueError
    when a change does not fit its kind.
    """
    with _explained("nothing was changed"), _opened(root, backup_dir) as store:
        recovered = store.recover()
        if not changes:
            return Applied(None, 0, recovered)
        journal = _prepared(store, changes, run, meta, recovered)
        store.back_up(journal, {change.path: change.before for change in changes if change.before is not None})
        with ExitStack() as undo:
            undo.callback(store.withdraw, journal)
            contents = {change.new_path: change.after for change in changes if change.after is not None}
            store.perform(journal, lambda path, _: contents[path], progress or (lambda _: None))
            store.save(replace(journal, state="done"))
            undo.pop_all()
        return Applied(run, len(changes), recovered)


def restore(root: Path, backup_dir: Path, run: str | None = None, *, force: bool = False) -> Restored:
    """Take back `run`, or the last run not yet restored; finishes one that was interrupted.

    Raises MigrateError when there is no such run, it is restored already, a newer run changed the same files, or,
    unless `force`, files were edited or removed since (all are named). Nothing is touched then.
    """
    if not backup_dir.is_dir():
        raise MigrateError(f"{_shown(backup_dir)}: no backup is here, so there is nothing to restore")
    with _explained("nothing was restored"), _opened(root, backup_dir) as store:
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
    with _explained("nothing was changed"), _opened(root, backup_dir) as store:
        return store.recover()


def runs(root: Path, backup_dir: Path) -> list[RunInfo]:
    """List the runs made on `root`, oldest first. Raises MigrateError when a journal cannot be read."""
    if not backup_dir.is_dir():
        return []
    with _explained("the runs cannot be listed"):
        return [_info(journal) for journal in _Store(root.resolve(), backup_dir.resolve()).journals()]


def _info(journal: _Journal) -> RunInfo:
    run, packs = journal.run, journal.meta.get("packs")
    time = f"{run[:4]}-{run[4:6]}-{run[6:8]}T{run[9:11]}:{run[11:13]}:{run[13:15]}Z"
    names = tuple(str(pack) for pack in packs) if isinstance(packs, list) else ()
    return RunInfo(run, time, journal.state, len(journal.entries), names)


def _prepared(
    store: _Store, changes: Sequence[Change], run: str, meta: Mapping[str, object], recovered: str | None
) -> _Journal:
    """Check the changes against the tree as it is now, and describe them."""
    if not _RUN.fullmatch(run):
        raise MigrateError(f"{_shown(run)}: not a run id")
    present = store.survey({path for change in changes for path in (change.path, change.new_path) if path is not None})
    stale = [c.path for c in changes if c.before is not None and _digest(c.before) != _hash(present[c.path])]
    if stale:
        cause = f" (run {recovered} had been interrupted and was taken back first)" if recovered else ""
        raise MigrateError(f"{_names(stale)}: changed since it was read{cause}; nothing was changed, run again")
    leaving = {change.path for change in changes if change.kind in ("rename", "delete")}
    arriving = {change.new_path for change in changes if change.kind in ("rename", "create")}
    taken = [path for path, stamp in present.items() if stamp and path in arriving - leaving]
    if taken:
        raise MigrateError(f"{_names(taken)}: in the way; nothing was changed, move it and run again")
    entries = tuple(_entry(change, present[change.path]) for change in sorted(changes, key=lambda c: c.path))
    slots = _slots(entries)
    homes = {parent for path, slot in slots.items() if slot.after for parent in _parents(path)}
    made = tuple(sorted(path for path in homes if not (store.root / path).is_dir()))
    removed = _emptied(store.root, slots, homes)
    journal = _Journal(run, store.origin, "prepared", dict(meta), entries, made, removed)
    return _parsed(journal.dump(), run)  # a journal that could not be read back must never be begun


def _entry(change: Change, present: _Stamp | None) -> _Entry:
    before = None if change.before is None else present
    after = None if change.after is None else _Stamp(_digest(change.after), change.mode)
    return _Entry(change.path, change.new_path, change.kind, before, after)


def _emptied(root: Path, slots: Mapping[str, _Slot], homes: set[str]) -> dict[str, int]:
    """Directories, with their modes, that hold nothing but caches once the files that go are gone."""
    going = {path for path, slot in slots.items() if slot.after is None}
    emptied: dict[str, int] = {}
    for directory in sorted({parent for path in going for parent in _parents(path)} - homes, reverse=True):
        place = root / directory
        if all(f"{directory}/{child.name}" in going or _is_cache(child) for child in place.iterdir()):
            going.add(directory)
            emptied[directory] = stat.S_IMODE(place.lstat().st_mode)
    return dict(sorted(emptied.items()))


def _chosen(store: _Store, run: str | None) -> _Journal:
    """The journal of `run`, or of the last run not yet restored, if it may be restored now."""
    journals = store.journals()
    candidates = [j for j in journals if j.run == run] if run else [j for j in journals if j.state != "restored"]
    if not candidates:
        raise MigrateError(f"{_shown(store.backup)}: {f'no run {_shown(run)}' if run else 'no run left to restore'}")
    chosen = candidates[-1]
    if chosen.state == "restored":
        raise MigrateError(f"run {chosen.run} is already restored")
    for newer in journals[journals.index(chosen) + 1 :]:
        shared = chosen.slots.keys() & newer.slots.keys()
        if shared and newer.state != "restored":
            raise MigrateError(f"run {newer.run} changed {_names(shared)} after run {chosen.run}; restore that first")
    return chosen


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A file without its bytes."""

    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class _Slot:
    """What one path holds before and after a run; None is no file."""

    before: _Stamp | None
    after: _Stamp | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A change as the journal keeps it."""

    path: str
    new_path: str | None
    kind: Kind
    before: _Stamp | None
    after: _Stamp | None


@dataclass(frozen=True, slots=True)
class _Journal:
    """All that is needed to take a run back, but the bytes.

    `root` is relative to the backup directory; `made` and `removed` (with modes) are directories, parents first.
    """

    run: str
    root: str
    state: RunState
    meta: Mapping[str, object]
    entries: tuple[_Entry, ...]
    made: tuple[str, ...]
    removed: Mapping[str, int]

    @property
    def slots(self) -> dict[str, _Slot]:
        return _slots(self.entries)

    def dump(self) -> bytes:
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=1).encode()


def _slots(entries: Iterable[_Entry]) -> dict[str, _Slot]:
    """Sort entries by the paths they touch. Raises MigrateError when they contradict each other."""
    before: dict[str, _Stamp] = {}
    after: dict[str, _Stamp] = {}
    for entry in entries:
        for path, stamp, side in ((entry.path, entry.before, before), (entry.new_path, entry.after, after)):
            if path is not None and stamp is not None and side.setdefault(path, stamp) is not stamp:
                raise MigrateError(f"{_shown(path)}: two changes to one file")
    slots = {path: _Slot(before.get(path), after.get(path)) for path in sorted({*before, *after})}
    for path in slots:
        if not slots.keys().isdisjoint(_parents(path)):
            raise MigrateError(f"{_shown(path)}: lies below a path that is a file")
    return slots


def _parsed(raw: bytes, run: str) -> _Journal:
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
            journal = _Journal(run, root, state, meta, files, folders, removed)
        case _:
            raise ValueError("fields are missing or of the wrong type")
    slots = journal.slots
    grown = {parent for path, slot in slots.items() if slot.after for parent in _parents(path)}
    shrunk = {parent for path, slot in slots.items() if slot.before for parent in _parents(path)}
    if not (grown.issuperset(journal.made) and shrunk.issuperset(removed) and all(map(_is_mode, removed.values()))):
        raise ValueError("directories that no file of the run lies in")
    return journal


def _parsed_entry(raw: object) -> _Entry:
    match raw:
        case {"path": str(path), "new_path": new_path, "kind": kind, "before": old, "after": new}:
            before, after = _parsed_stamp(old), _parsed_stamp(new)
        case _:
            raise ValueError("an entry is not complete")
    _check(path)
    match kind, new_path, before, after:
        case "modify", str(), _Stamp(), _Stamp() if path == new_path:
            return _Entry(path, new_path, "modify", before, after)
        case "create", str(), None, _Stamp() if path == new_path:
            return _Entry(path, new_path, "create", before, after)
        case "rename", str(), _Stamp(), _Stamp() if path != new_path:
            _check(new_path)
            return _Entry(path, new_path, "rename", before, after)
        case "delete", None, _Stamp(), None:
            return _Entry(path, None, "delete", before, after)
    raise ValueError(f"the entry of {_shown(path)} does not fit its kind")


def _parsed_stamp(raw: object) -> _Stamp | None:
    match raw:
        case None:
            return None
        case {"sha256": str(sha256), "mode": int(mode)} if _SHA256.fullmatch(sha256) and _is_mode(mode):
            return _Stamp(sha256, mode)
    raise ValueError("a file is described by its sha256 and mode")


def _is_mode(mode: object) -> bool:
    return isinstance(mode, int) and 0 <= mode <= 0o7777


def _check(path: str) -> None:
    """Refuse a path that is not a plain relative one, or that reaches into git's own files."""
    parts = path.split("/")
    if "\0" in path or not {"", ".", ".."}.isdisjoint(parts) or ".git" in path.lower().split("/"):
        raise MigrateError(f"{_shown(path)}: not a path inside the project")
    os.fsencode(path)


@contextmanager
def _opened(root: Path, backup_dir: Path) -> Iterator[_Store]:
    """The store in `backup_dir`, made if need be, and ours alone until the end of the block or of the process."""
    root, backup = root.resolve(), backup_dir.resolve()
    if root.is_relative_to(backup) or backup_dir.is_symlink():
        raise MigrateError(f"{_shown(backup_dir)}: cannot hold backups; name a directory that is no link or parent")
    backup.mkdir(parents=True, exist_ok=True)
    handle = os.open(backup / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode(errors="replace") or "unknown"
            raise MigrateError(f"{_shown(backup)}: in use by process {_shown(holder)}; wait for it to end") from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        store = _Store(root, backup)
        store.sweep()
        yield store
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class _Store:
    """The tree below `root` and the runs kept in `backup`, both resolved paths."""

    root: Path
    backup: Path

    @property
    def origin(self) -> str:
        return os.path.relpath(self.root, self.backup)

    def journals(self) -> list[_Journal]:
        """The journals of the runs made on this root, oldest first."""
        names = sorted(path.name for path in self.backup.iterdir() if _RUN.fullmatch(path.name))
        found = [self._journal(name) for name in names]
        return [journal for journal in found if journal.root == self.origin]

    def _journal(self, run: str) -> _Journal:
        folder = self.backup / run
        try:
            if folder.is_symlink():
                raise ValueError("a link")
            return _parsed(_read(folder / "journal.json")[0], run)
        except (OSError, ValueError, RecursionError, MigrateError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else fault
            raise MigrateError(f"{_shown(folder)}: damaged run ({reason}); move it away to go on without it") from fault

    def interrupted(self) -> _Journal | None:
        return next((journal for journal in self.journals() if journal.state in ("prepared", "restoring")), None)

    def recover(self) -> str | None:
        journal = self.interrupted()
        if journal is None:
            return None
        self.take_back(journal, force=False)
        return journal.run

    def sweep(self) -> None:
        """Remove backups that were never finished: nothing was written in the tree for those."""
        for path in self.backup.glob(f"*{_PARTIAL}"):
            if _RUN.fullmatch(path.stem):
                shutil.rmtree(path, ignore_errors=True)

    def back_up(self, journal: _Journal, originals: Mapping[str, bytes]) -> None:
        """Keep the original bytes and the journal; the run exists once its directory has its final name."""
        ignore, final = self.backup / ".gitignore", self.backup / journal.run
        draft = final.with_name(final.name + _PARTIAL)
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, draft, ignore_errors=True)
            with _naming(f"{draft}"):
                draft.mkdir()
                if not os.path.lexists(ignore):
                    _write(draft / "ignore", b"*\n", 0o644)
                    (draft / "ignore").rename(ignore)
            for path, data in originals.items():
                target = draft / "files" / path
                with _naming(f"backup of {path}"):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    _write(target, data, 0o600)
            with _naming(f"{final}"):
                _write(draft / "journal.json", journal.dump(), 0o600)
                for folder, _, _ in os.walk(draft):
                    _sync(Path(folder))
                draft.rename(final)
                _sync(self.backup)
                _sync(self.backup.parent)

    def save(self, journal: _Journal) -> None:
        """Replace the journal of a run as a whole."""
        folder = self.backup / journal.run
        draft = folder / "journal.json.new"
        with _naming(f"{folder}"):
            draft.unlink(missing_ok=True)
            _write(draft, journal.dump(), 0o600)
            draft.replace(folder / "journal.json")
            _sync(folder)

    def original(self, run: str, path: str, stamp: _Stamp) -> bytes:
        """The backed up bytes of a file. Raises MigrateError when they are not what was put there."""
        place = self.backup / run / "files" / path
        with _naming(f"{place}"):
            data, _ = _read(place)
        if _digest(data) != stamp.sha256:
            raise MigrateError(f"{_shown(place)}: the backup is damaged; nothing was restored")
        return data

    def survey(self, paths: Iterable[str]) -> dict[str, _Stamp | None]:
        """What the paths hold now. Raises MigrateError for one that is not, or does not lead to, a plain file."""
        return {path: self._look(path) for path in sorted(paths)}

    def _look(self, path: str) -> _Stamp | None:
        _check(path)
        if (self.root / path).is_relative_to(self.backup):
            raise MigrateError(f"{_shown(path)}: lies in the backup directory")
        with _naming(path):
            try:
                for parent in _parents(path):
                    if not stat.S_ISDIR((self.root / parent).lstat().st_mode):
                        raise MigrateError(f"{_shown(parent)}: not a directory, so {_shown(path)} was not touched")
                if not stat.S_ISREG((self.root / path).lstat().st_mode):
                    raise MigrateError(f"{_shown(path)}: not a plain file, so it was not touched")
                data, mode = _read(self.root / path)
            except FileNotFoundError:
                return None
        return _Stamp(_digest(data), mode)

    def perform(
        self, journal: _Journal, contents: Callable[[str, _Stamp], bytes], progress: Callable[[int], None]
    ) -> None:
        """Bring the tree from before the run to after it."""
        slots = journal.slots
        for path in journal.made:
            with _naming(path):
                (self.root / path).mkdir()
        present = {path: slot.before for path, slot in slots.items()}
        self._swap(journal.run, present, {path: slot.after for path, slot in slots.items()}, contents, progress)
        self._drop(journal.removed)
        self._settle(journal)
        progress(len(journal.entries))

    def take_back(self, journal: _Journal, *, force: bool) -> None:
        """Bring the tree to where it was before the run, from wherever in the run it is."""
        present = self._verified(journal, force=force)
        if journal.state == "done":
            self.save(replace(journal, state="restoring"))
        with _explained(f"run {journal.run} is not fully restored; mend this, then run: migrate --restore"):
            self._revert(journal, present)
            self.save(replace(journal, state="restored"))

    def withdraw(self, journal: _Journal) -> None:
        """Take back a run that failed, and forget it."""
        with _explained(f"run {journal.run} could not be taken back; mend this, then run: migrate --restore"):
            self._revert(journal, self._verified(journal, force=False))
            draft = (self.backup / journal.run).rename(self.backup / f"{journal.run}{_PARTIAL}")
            shutil.rmtree(draft, ignore_errors=True)

    def _verified(self, journal: _Journal, *, force: bool) -> dict[str, _Stamp | None]:
        """What the files of a run are now, once it is sure that nothing but the run's own work would be lost."""
        slots = journal.slots
        present = self.survey(slots)
        edited = {p for p, slot in slots.items() if _hash(present[p]) not in (_hash(slot.before), _hash(slot.after))}
        for entry in journal.entries:
            if entry.kind == "rename" and entry.new_path and not (present[entry.path] or present[entry.new_path]):
                edited.add(entry.new_path)
        if edited and not force:
            named = _names(path if present[path] else f"{path} (missing)" for path in edited)
            mend = "put them right, or overwrite them with: migrate --restore --force"
            raise MigrateError(f"{named}: edited since run {journal.run}; nothing was restored; {mend}")
        for path, slot in slots.items():
            if slot.before and slot.before != present[path]:
                self.original(journal.run, path, slot.before)
        return present

    def _revert(self, journal: _Journal, present: Mapping[str, _Stamp | None]) -> None:
        goals = {path: slot.before for path, slot in journal.slots.items()}
        for number, path in enumerate(goals):
            self._temporary(journal.run, number, path).unlink(missing_ok=True)
        for path in journal.removed:
            with _naming(path):
                (self.root / path).mkdir(mode=0o700, exist_ok=True)
        self._swap(journal.run, present, goals, partial(self.original, journal.run), lambda _: None)
        self._drop(journal.made)
        for path, mode in journal.removed.items():
            with _naming(path):
                (self.root / path).chmod(mode)
        self._settle(journal)

    def _swap(
        self,
        run: str,
        present: Mapping[str, _Stamp | None],
        goals: Mapping[str, _Stamp | None],
        contents: Callable[[str, _Stamp], bytes],
        progress: Callable[[int], None],
    ) -> None:
        """Write every file beside its place first, where a full disk does no harm; then put all in place."""
        with ExitStack() as leftovers:
            staged: dict[str, Path] = {}
            for number, (path, goal) in enumerate(goals.items()):
                if goal is not None and goal != present[path]:
                    staged[path] = self._temporary(run, number, path)
                    leftovers.callback(staged[path].unlink, missing_ok=True)
                    with _naming(path):
                        _write(staged[path], contents(path, goal), goal.mode)
                    progress(len(staged))
            for path, temporary in staged.items():
                with _naming(path):
                    temporary.replace(self.root / path)
            for path, goal in goals.items():
                if goal is None:
                    with _naming(path):
                        (self.root / path).unlink(missing_ok=True)

    def _temporary(self, run: str, number: int, path: str) -> Path:
        """Where the new content of a file waits: beside it, so that it can be moved; short, so that it can be made."""
        return (self.root / path).with_name(f".migrate-{run}-{number}")

    def _drop(self, directories: Iterable[str]) -> None:
        """Remove the directories that hold nothing, or nothing but caches: one left over stays importable."""
        for directory in sorted(directories, reverse=True):
            place = self.root / directory
            with _naming(directory), suppress(FileNotFoundError):
                children = list(place.iterdir())
                if all(map(_is_cache, children)):
                    for cache in children:
                        shutil.rmtree(cache)
                    place.rmdir()

    def _settle(self, journal: _Journal) -> None:
        """Make the names on disk last: directories touched are flushed once each."""
        touched = [*journal.slots, *journal.made, *journal.removed]
        for folder in sorted({(self.root / path).parent for path in touched}):
            with suppress(FileNotFoundError):
                _sync(folder)


def _is_cache(path: Path) -> bool:
    if path.name != _CACHE or path.is_symlink() or not path.is_dir():
        return False
    return all(child.suffix == ".pyc" and not child.is_dir() for child in path.iterdir())


def _parents(path: str) -> list[str]:
    """The directories above a relative path, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash(stamp: _Stamp | None) -> str | None:
    return stamp.sha256 if stamp else None


def _read(path: Path) -> tuple[bytes, int]:
    """The bytes and permission bits of a file; never follows a link nor waits for a pipe."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Make a new file and have it on disk before returning."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Let a disk fault name the file the user knows, not the temporary one or none."""
    try:
        yield
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, path) from fault


@contextmanager
def _explained(consequence: str) -> Iterator[None]:
    """Turn a disk fault into one line with where, what and what it leaves behind."""
    try:
        yield
    except OSError as fault:
        raise MigrateError(f"{_shown(fault.filename or 'disk')}: {fault.strerror}; {consequence}") from fault


def _shown(name: object) -> str:
    """A name fit for one line on any terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)


def _names(paths: Iterable[str]) -> str:
    return ", ".join(map(_shown, sorted(paths)))
