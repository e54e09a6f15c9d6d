"""The tree and the backups of its runs on disk: one process at a time, atomic, flushed, never through a link."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from migrator.backup.journal import RUN_ID, Journal, Stamp, check_path, hash_of, listed, parents, parse, shown
from migrator.errors import MigrateError

_PARTIAL = ".partial"
_CACHE = "__pycache__"


@contextmanager
def opened(root: Path, backup_dir: Path) -> Iterator[Store]:
    """The store in `backup_dir`, made if need be, and ours alone until the end of the block or of the process."""
    root, backup = root.resolve(), backup_dir.resolve()
    if root.is_relative_to(backup) or backup_dir.is_symlink():
        raise MigrateError(f"{shown(backup_dir)}: cannot hold backups; name a directory that is no link or parent")
    backup.mkdir(parents=True, exist_ok=True)
    handle = os.open(backup / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode(errors="replace") or "unknown"
            raise MigrateError(f"{shown(backup)}: in use by process {shown(holder)}; wait for it to end") from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        store = Store(root, backup)
        store.sweep()
        yield store
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Store:
    """The tree below `root` and the runs kept in `backup`, both resolved paths."""

    root: Path
    backup: Path

    @property
    def origin(self) -> str:
        return os.path.relpath(self.root, self.backup)

    def journals(self) -> list[Journal]:
        """The journals of the runs made on this root, oldest first."""
        names = sorted(path.name for path in self.backup.iterdir() if RUN_ID.fullmatch(path.name))
        found = [self._journal(name) for name in names]
        return [journal for journal in found if journal.root == self.origin]

    def _journal(self, run: str) -> Journal:
        folder = self.backup / run
        try:
            if folder.is_symlink():
                raise ValueError("a link")
            return parse(_read(folder / "journal.json")[0], run)
        except (OSError, ValueError, RecursionError, MigrateError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else fault
            raise MigrateError(f"{shown(folder)}: damaged run ({reason}); move it away to go on without it") from fault

    def interrupted(self) -> Journal | None:
        return next((journal for journal in self.journals() if journal.halted), None)

    def recover(self) -> str | None:
        journal = self.interrupted()
        if journal is None:
            return None
        self.take_back(journal, force=False)
        return journal.run

    def sweep(self) -> None:
        """Remove backups that were never finished: nothing was written in the tree for those."""
        for path in self.backup.glob(f"*{_PARTIAL}"):
            if RUN_ID.fullmatch(path.stem):
                shutil.rmtree(path, ignore_errors=True)

    def back_up(self, journal: Journal, originals: Mapping[str, bytes]) -> None:
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

    def save(self, journal: Journal) -> None:
        """Replace the journal of a run as a whole."""
        folder = self.backup / journal.run
        draft = folder / "journal.json.new"
        with _naming(f"{folder}"):
            draft.unlink(missing_ok=True)
            _write(draft, journal.dump(), 0o600)
            draft.replace(folder / "journal.json")
            _sync(folder)

    def original(self, run: str, path: str, stamp: Stamp) -> bytes:
        """The backed up bytes of a file. Raises MigrateError when they are not what was put there."""
        place = self.backup / run / "files" / path
        with _naming(f"{place}"):
            data, _ = _read(place)
        if digest(data) != stamp.sha256:
            raise MigrateError(f"{shown(place)}: the backup is damaged; nothing was restored")
        return data

    def survey(self, paths: Iterable[str]) -> dict[str, Stamp | None]:
        """What the paths hold now. Raises MigrateError for one that is not, or does not lead to, a plain file."""
        return {path: self._look(path) for path in sorted(paths)}

    def _look(self, path: str) -> Stamp | None:
        check_path(path)
        if (self.root / path).is_relative_to(self.backup):
            raise MigrateError(f"{shown(path)}: lies in the backup directory")
        with _naming(path):
            try:
                for parent in parents(path):
                    if not stat.S_ISDIR((self.root / parent).lstat().st_mode):
                        raise MigrateError(f"{shown(parent)}: not a directory, so {shown(path)} was not touched")
                if not stat.S_ISREG((self.root / path).lstat().st_mode):
                    raise MigrateError(f"{shown(path)}: not a plain file, so it was not touched")
                data, mode = _read(self.root / path)
            except FileNotFoundError:
                return None
        return Stamp(digest(data), mode)

    def perform(
        self, journal: Journal, contents: Callable[[str, Stamp], bytes], progress: Callable[[int], None]
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

    def take_back(self, journal: Journal, *, force: bool) -> None:
        """Bring the tree to where it was before the run, from wherever in the run it is."""
        present = self._verified(journal, force=force)
        if journal.state == "done":
            self.save(replace(journal, state="restoring"))
        with explained(f"run {journal.run} is not fully restored; mend this, then run: migrate --restore"):
            self._revert(journal, present)
            self.save(replace(journal, state="restored"))

    def withdraw(self, journal: Journal) -> None:
        """Take back a run that failed, and forget it."""
        with explained(f"run {journal.run} could not be taken back; mend this, then run: migrate --restore"):
            self._revert(journal, self._verified(journal, force=False))
            draft = (self.backup / journal.run).rename(self.backup / f"{journal.run}{_PARTIAL}")
            shutil.rmtree(draft, ignore_errors=True)

    def _verified(self, journal: Journal, *, force: bool) -> dict[str, Stamp | None]:
        """What the files of a run are now, once it is sure that nothing but the run's own work would be lost."""
        slots = journal.slots
        present = self.survey(slots)
        edited = {
            p for p, slot in slots.items() if hash_of(present[p]) not in (hash_of(slot.before), hash_of(slot.after))
        }
        for entry in journal.entries:
            if entry.kind == "rename" and entry.new_path and not (present[entry.path] or present[entry.new_path]):
                edited.add(entry.new_path)
        if edited and not force:
            named = listed(path if present[path] else f"{path} (missing)" for path in edited)
            mend = "put them right, or overwrite them with: migrate --restore --force"
            raise MigrateError(f"{named}: edited since run {journal.run}; nothing was restored; {mend}")
        for path, slot in slots.items():
            if slot.before and slot.before != present[path]:
                self.original(journal.run, path, slot.before)
        return present

    def _revert(self, journal: Journal, present: Mapping[str, Stamp | None]) -> None:
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
        present: Mapping[str, Stamp | None],
        goals: Mapping[str, Stamp | None],
        contents: Callable[[str, Stamp], bytes],
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
                if all(map(is_cache, children)):
                    for cache in children:
                        shutil.rmtree(cache)
                    place.rmdir()

    def _settle(self, journal: Journal) -> None:
        """Make the names on disk last: directories touched are flushed once each."""
        touched = [*journal.slots, *journal.made, *journal.removed]
        for folder in sorted({(self.root / path).parent for path in touched}):
            with suppress(FileNotFoundError):
                _sync(folder)


def is_cache(path: Path) -> bool:
    if path.name != _CACHE or path.is_symlink() or not path.is_dir():
        return False
    return all(child.suffix == ".pyc" and not child.is_dir() for child in path.iterdir())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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
def explained(consequence: str) -> Iterator[None]:
    """Turn a disk fault into one line with where, what and what it leaves behind."""
    try:
        yield
    except OSError as fault:
        raise MigrateError(f"{shown(fault.filename or 'disk')}: {fault.strerror}; {consequence}") from fault
