"""Killed, or failed by the disk, at any of its steps, a run leaves either all of its changes or none."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrator.backup.transaction import apply, recover, restore, runs
from migrator.errors import MigrateError
from migrator.sites import Change

BACKUP = ".migration_backup"
RUN, NEXT = "20261120-174501-3f2a", "20261120-174502-3f2a"
STEPS = ("open", "fdopen", "mkdir", "replace", "rename", "unlink", "rmdir", "chmod", "fchmod", "fsync")
FORK = multiprocessing.get_context("fork")

CHANGES = (
    Change("app.py", "app.py", "modify", "python", 1, b"old app", b"new app", 0o755),
    Change("old/__init__.py", "new/__init__.py", "rename", "python", 0, b"", b"", 0o644),
    Change("old/a.py", "old/b.py", "rename", "python", 0, b"a", b"a", 0o644),
    Change("old/b.py", "new/deep/c.py", "rename", "python", 1, b"b", b"c", 0o600),
    Change("made/x.py", "made/x.py", "create", "python", 0, None, b"x", 0o644),
    Change("gone/y.py", None, "delete", "python", 0, b"y", None, 0),
)

AFTER = {
    "app.py": (0o755, b"new app"),
    "made": (0o755, None),
    "made/x.py": (0o644, b"x"),
    "new": (0o755, None),
    "new/__init__.py": (0o644, b""),
    "new/deep": (0o755, None),
    "new/deep/c.py": (0o600, b"c"),
    "old": (0o755, None),
    "old/b.py": (0o644, b"a"),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project on a disk that need not be flushed, for no test here cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    mask = os.umask(0o022)
    root = tmp_path / "project"
    for change in CHANGES:
        if change.before is not None:
            (root / change.path).parent.mkdir(parents=True, exist_ok=True)
            (root / change.path).write_bytes(change.before)
    (root / "app.py").chmod(0o755)
    (root / "old/b.py").chmod(0o600)
    (root / "gone").chmod(0o700)
    yield root
    os.umask(mask)


def snapshot(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every path but the backup, with its mode, and its bytes when it is a file."""
    paths = [path for path in root.rglob("*") if BACKUP not in path.parts]
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else None)
        for path in paths
    }


def copies(root: Path) -> Iterator[tuple[int, Path]]:
    """A fresh copy of the tree for each step 0, 1, 2, …"""
    for step in range(10_000):
        copy = root.with_name(f"copy-{step}")
        shutil.copytree(root, copy)
        yield step, copy
        shutil.rmtree(copy)


def start(root: Path, run: str = RUN) -> object:
    return apply(root, root / BACKUP, CHANGES, run=run, meta={})


def take_back(root: Path) -> object:
    return restore(root, root / BACKUP)


def at_step(step: int, strike: Callable[[], object], replace: Callable[[str, Any], None]) -> None:
    """Have `strike` called in place of the step-th call that touches the disk."""
    calls = 0

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step + 1:
                strike()
            return real(*args, **kwargs)

        return call

    for name in STEPS:
        replace(name, counted(name, getattr(os, name)))


def killed(action: Callable[[Path], object], root: Path, step: int) -> bool:
    """Run the action in a process that is killed at that step; False when it ended before."""

    def child() -> None:
        at_step(step, lambda: os.kill(os.getpid(), signal.SIGKILL), lambda name, call: setattr(os, name, call))
        action(root)

    process = FORK.Process(target=child)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def states(root: Path) -> list[str]:
    return [info.state for info in runs(root, root / BACKUP)]


def test_a_run_killed_at_any_step_is_taken_back_or_done(root: Path) -> None:
    before = snapshot(root)
    ends = set()
    for step, copy in copies(root):
        finished = not killed(start, copy, step)
        recovered = recover(copy, copy / BACKUP)
        ends.add((recovered, *states(copy)))
        if states(copy) == ["done"]:
            assert snapshot(copy) == AFTER
            take_back(copy)
        assert snapshot(copy) == before
        assert not list((copy / BACKUP).glob("*.partial"))
        assert recover(copy, copy / BACKUP) is None
        if finished:
            break
    assert ends == {(None,), (RUN, "restored"), (None, "done")}


def test_a_restore_killed_at_any_step_goes_on_where_it_was(root: Path) -> None:
    before = snapshot(root)
    start(root)
    ends = set()
    for step, copy in copies(root):
        finished = not killed(take_back, copy, step)
        ends.update(states(copy))
        if states(copy) != ["restored"]:
            take_back(copy)
        assert snapshot(copy) == before
        assert states(copy) == ["restored"]
        if finished:
            break
    assert ends == {"done", "restoring", "restored"}


@pytest.mark.parametrize("first", (40, 60, 80, 100))
def test_a_recovery_that_is_killed_too_is_taken_up_again(root: Path, first: int) -> None:
    before = snapshot(root)
    assert killed(start, root, first)
    for step, copy in copies(root):
        finished = not killed(lambda place: recover(place, place / BACKUP), copy, step)
        recover(copy, copy / BACKUP)
        assert snapshot(copy) == before
        if finished:
            break
    assert step > 5


def failed(action: Callable[[Path], object], root: Path, step: int) -> tuple[bool, str]:
    """Run the action with a disk that is full at that step: whether it came that far, and the refusal."""
    struck = []

    def fail() -> None:
        struck.append(step)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        at_step(step, fail, lambda name, call: patch.setattr(os, name, call))
        try:
            action(root)
        except MigrateError as refusal:
            return bool(struck), str(refusal)
    return bool(struck), ""


def test_a_fault_of_the_disk_at_any_step_of_a_run_changes_nothing(root: Path) -> None:
    before = snapshot(root)
    refused = 0
    for step, copy in copies(root):
        struck, text = failed(start, copy, step)
        if text:
            refused += 1
            assert text.endswith("No space left on device; nothing was changed")
            assert ".migrate-" not in text
            assert not list((copy / BACKUP).glob("*.partial"))
            assert snapshot(copy) == before
            start(copy, NEXT)
        assert snapshot(copy) == AFTER
        if not struck:
            break
    assert refused > 80


def test_a_restore_the_disk_fails_leaves_no_litter_and_is_taken_up_again(root: Path) -> None:
    before = snapshot(root)
    start(root)
    refused = 0
    for step, copy in copies(root):
        struck, text = failed(take_back, copy, step)
        assert not list(copy.rglob(".migrate-*"))
        if text:
            refused += 1
            assert "No space left on device" in text
        if states(copy) != ["restored"]:
            take_back(copy)
        assert snapshot(copy) == before
        if not struck:
            break
    assert refused > 50


def test_the_next_run_takes_an_interrupted_one_back_first(root: Path) -> None:
    assert killed(start, root, 100)
    assert states(root) == ["prepared"]
    assert apply(root, root / BACKUP, CHANGES, run=NEXT, meta={}) == RUN
    assert snapshot(root) == AFTER
    assert restore(root, root / BACKUP).run == NEXT


def test_files_edited_after_the_kill_are_not_overwritten_unasked(root: Path) -> None:
    before = snapshot(root)
    assert killed(start, root, 100)
    (root / "app.py").write_bytes(b"mine")
    with pytest.raises(MigrateError, match=r"^app\.py: edited since"):
        start(root, NEXT)
    assert (root / "app.py").read_bytes() == b"mine"
    assert restore(root, root / BACKUP, force=True).run == RUN
    assert snapshot(root) == before


def test_a_named_restore_takes_the_interrupted_run_back_first(root: Path) -> None:
    extra = Change("z.py", "z.py", "create", "python", 0, None, b"z", 0o644)
    before = snapshot(root)
    apply(root, root / BACKUP, [extra], run=RUN, meta={})
    assert killed(lambda place: start(place, NEXT), root, 100)
    restored = restore(root, root / BACKUP, RUN)
    assert (restored.run, restored.recovered) == (RUN, NEXT)
    assert snapshot(root) == before


def test_a_second_process_is_refused_until_the_first_is_gone(root: Path) -> None:
    """The lock ends with its process, even when that is killed, and the run it was in is taken back."""
    inside = FORK.Event()

    def wait(_: int) -> None:
        inside.set()
        signal.pause()

    def child() -> None:
        apply(root, root / BACKUP, CHANGES, run=RUN, meta={}, progress=wait)

    process = FORK.Process(target=child, daemon=True)
    process.start()
    assert inside.wait(60)
    actions: tuple[Callable[[Path], object], ...] = (
        lambda at: start(at, NEXT),
        take_back,
        lambda at: recover(at, at / BACKUP),
    )
    for action in actions:
        with pytest.raises(MigrateError, match=f"in use by process {process.pid}; wait for it to end"):
            action(root)
    assert states(root) == ["prepared"]
    process.kill()
    process.join()
    assert recover(root, root / BACKUP) == RUN
