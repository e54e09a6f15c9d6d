"""A run is refused whole, written whole, and taken back byte for byte."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.backup.transaction import apply, recover, restore, run_id, runs
from migrator.errors import MigrateError
from migrator.sites import Change

BACKUP = ".migration_backup"
START = datetime(2026, 11, 20, 17, 45, 1, tzinfo=UTC)
FIRST, SECOND = run_id(START), run_id(START + timedelta(seconds=1))
LONG = "n" * 252 + ".py"
UNDECODABLE = os.fsdecode(b"caf\xe9.py")

Tree = dict[str, tuple[int, bytes | None]]


def snapshot(root: Path) -> Tree:
    """Every path but the backup, with its mode, and its bytes when it is a file."""
    found: Tree = {}
    for path in root.rglob("*"):
        if BACKUP not in path.parts:
            data = path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(root))] = (stat.S_IMODE(path.lstat().st_mode), data)
    return found


def put(root: Path, path: str, data: bytes = b"old", mode: int = 0o644) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    (root / path).chmod(mode)


def modify(path: str, before: bytes = b"old", after: bytes = b"new", mode: int = 0o644) -> Change:
    return Change(path, path, "modify", "python", 1, before, after, mode)


def rename(path: str, new_path: str, before: bytes = b"old", after: bytes = b"old", mode: int = 0o644) -> Change:
    return Change(path, new_path, "rename", "python", 0, before, after, mode)


def create(path: str, after: bytes = b"new", mode: int = 0o644) -> Change:
    return Change(path, path, "create", "python", 0, None, after, mode)


def delete(path: str, before: bytes = b"old") -> Change:
    return Change(path, None, "delete", "python", 0, before, None, 0)


def run_on(root: Path, *changes: Change, run: str = FIRST) -> str | None:
    return apply(root, root / BACKUP, changes, run=run, meta={"packs": ["a-pack"]})


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(MigrateError) as caught:
        action()
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one file of each sort."""
    root = tmp_path / "project"
    put(root, "app.py")
    put(root, "tool.sh", b"#!/bin/sh\n", 0o755)
    put(root, "old/pkg/__init__.py", b"", 0o644)
    put(root, "old/pkg/llm.py")
    put(root, "keep/notes.md")
    return root


# --- refused before anything is written ---


def test_files_that_changed_since_are_all_named_and_nothing_is_written(root: Path) -> None:
    put(root, "app.py", b"edited")
    (root / "keep/notes.md").unlink()
    before = snapshot(root)
    text = refusal(lambda: run_on(root, modify("app.py"), delete("keep/notes.md"), modify("old/pkg/llm.py")))
    assert text == "app.py, keep/notes.md: changed since it was read; nothing was changed, run again"
    assert snapshot(root) == before
    assert runs(root, root / BACKUP) == []


@pytest.mark.parametrize("change", [create("keep/notes.md"), rename("app.py", "keep/notes.md")])
def test_a_taken_destination_is_refused(root: Path, change: Change) -> None:
    before = snapshot(root)
    assert refusal(lambda: run_on(root, change)).startswith("keep/notes.md: in the way")
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "path",
    [
        "../out.py",
        "/etc/out.py",
        "a/../../out.py",
        "a//b.py",
        "./a.py",
        "",
        ".git/hooks/pre-commit",
        "a/.GIT/b",
        "a\0b",
    ],
)
def test_a_path_that_is_not_plainly_inside_is_refused(root: Path, path: str) -> None:
    before = snapshot(root.parent)
    assert "not a path inside the project" in refusal(lambda: run_on(root, create(path)))
    assert snapshot(root.parent) == before


def test_a_path_in_the_backup_directory_is_refused(root: Path) -> None:
    assert "backup directory" in refusal(lambda: run_on(root, create(f"{BACKUP}/x")))


@pytest.mark.parametrize("change", [modify("link.py"), modify("way/file.py"), create("way/new/file.py")])
def test_links_are_never_written_through(root: Path, change: Change) -> None:
    outside = root.parent / "outside"
    put(outside, "file.py")
    (root / "link.py").symlink_to(outside / "file.py")
    (root / "way").symlink_to(outside)
    before = snapshot(root.parent)
    assert "was not touched" in refusal(lambda: run_on(root, change))
    assert snapshot(root.parent) == before


@pytest.mark.parametrize(
    "changes",
    [
        (modify("app.py"), delete("app.py")),
        (rename("app.py", "new.py"), rename("keep/notes.md", "new.py")),
        (create("new"), create("new/file.py")),
    ],
)
def test_changes_that_contradict_each_other_are_refused(root: Path, changes: tuple[Change, ...]) -> None:
    before = snapshot(root)
    refusal(lambda: run_on(root, *changes))
    assert snapshot(root) == before


def test_a_change_that_does_not_fit_its_kind_is_never_begun(root: Path) -> None:
    before = snapshot(root)
    with pytest.raises(ValueError, match=r"app\.py"):
        run_on(root, rename("app.py", "app.py"))
    assert snapshot(root) == before


def test_a_backup_directory_that_is_a_link_or_holds_the_project_is_refused(root: Path) -> None:
    (root / BACKUP).symlink_to(root.parent)
    for place in (root / BACKUP, root, root.parent):
        assert "cannot hold backups" in refusal(lambda at=place: apply(root, at, [], run=FIRST, meta={}))  # type: ignore[misc]
    assert not (root.parent / "lock").exists()


def test_a_run_id_is_used_once(root: Path) -> None:
    run_on(root, modify("app.py"))
    before = snapshot(root)
    assert "nothing was changed" in refusal(lambda: run_on(root, modify("tool.sh", b"#!/bin/sh\n")))
    assert snapshot(root) == before
    assert refusal(lambda: run_on(root, create("x"), run="../x")) == "../x: not a run id"


# --- written, and taken back ---

ALL_KINDS = (
    modify("app.py"),
    modify("tool.sh", b"#!/bin/sh\n", b"", 0o755),
    rename("old/pkg/__init__.py", "new/pkg/__init__.py", b"", b""),
    rename("old/pkg/llm.py", "new/pkg/llm.py", after=b"newer"),
    create("made/here.py", b"made", 0o755),
    delete("keep/notes.md"),
)


def test_every_kind_is_written_and_restored(root: Path) -> None:
    before = snapshot(root)
    counts: list[int] = []
    applied = apply(root, root / BACKUP, ALL_KINDS, run=FIRST, meta={"packs": ["p"]}, progress=counts.append)
    assert applied is None
    assert counts == sorted(counts)
    assert counts[-1] == 6
    files = {path: item for path, item in snapshot(root).items() if item[1] is not None}
    assert files == {
        "app.py": (0o644, b"new"),
        "tool.sh": (0o755, b""),
        "new/pkg/__init__.py": (0o644, b""),
        "new/pkg/llm.py": (0o644, b"newer"),
        "made/here.py": (0o755, b"made"),
    }
    assert not (root / "old").exists()
    assert not (root / "keep").exists()

    restored = restore(root, root / BACKUP)
    assert (restored.run, restored.files, restored.recovered) == (FIRST, 6, None)
    assert snapshot(root) == before


def test_files_may_trade_places(root: Path) -> None:
    put(root, "b.py", b"other", 0o600)
    before = snapshot(root)
    chain = (rename("app.py", "b.py"), rename("b.py", "c.py", b"other", b"other", 0o600), create("app.py"))
    run_on(root, *chain)
    assert [(root / name).read_bytes() for name in ("app.py", "b.py", "c.py")] == [b"new", b"old", b"other"]
    restore(root, root / BACKUP)
    assert snapshot(root) == before


def test_odd_names_and_modes_come_back(root: Path) -> None:
    put(root, f"odd/{LONG}", b"", 0o400)
    put(root, f"odd/{UNDECODABLE}", b"\xff\x00", 0o750)
    (root / "odd").chmod(0o2750)
    before = snapshot(root)
    moves = (
        rename(f"odd/{LONG}", f"{'d' * 255}/{LONG}", b"", b"", 0o400),
        rename(f"odd/{UNDECODABLE}", UNDECODABLE, b"\xff\x00", b"\xff", 0o750),
    )
    run_on(root, *moves)
    assert (root / UNDECODABLE).stat().st_mode & 0o777 == 0o750
    assert not (root / "odd").exists()
    restore(root, root / BACKUP)
    assert snapshot(root) == before


def test_a_package_left_with_nothing_but_its_cache_goes(root: Path) -> None:
    put(root, "old/pkg/__pycache__/llm.cpython-311.pyc")
    put(root, "keep/__pycache__/precious.txt")
    run_on(root, rename("old/pkg/__init__.py", "new.py", b"", b""), delete("old/pkg/llm.py"), delete("keep/notes.md"))
    assert not (root / "old").exists()
    assert (root / "keep/__pycache__/precious.txt").exists()
    put(root, "old", b"a file now")
    assert refusal(lambda: restore(root, root / BACKUP, force=True)).startswith("old: not a directory")


def test_directories_of_ours_go_unless_someone_uses_them(root: Path) -> None:
    run_on(root, create("mine/a.py"), create("shared/b.py"))
    put(root, "mine/__pycache__/a.cpython-311.pyc")
    put(root, "shared/theirs.py")
    restore(root, root / BACKUP)
    assert not (root / "mine").exists()
    assert [path.name for path in (root / "shared").iterdir()] == ["theirs.py"]


def test_nothing_to_change_makes_no_run(root: Path) -> None:
    assert run_on(root) is None
    assert runs(root, root / BACKUP) == []


def test_the_backup_holds_the_originals_and_hides_from_git(root: Path) -> None:
    run_on(root, *ALL_KINDS)
    kept = root / BACKUP / FIRST
    assert (root / BACKUP / ".gitignore").read_text() == "*\n"
    assert (kept / "files/old/pkg/llm.py").read_bytes() == b"old"
    journal = json.loads((kept / "journal.json").read_text())
    assert (journal["version"], journal["run"], journal["state"]) == (1, FIRST, "done")
    assert (journal["meta"], journal["made"]) == ({"packs": ["a-pack"]}, ["made", "new", "new/pkg"])
    assert list(journal["removed"]) == ["keep", "old", "old/pkg"]


def test_the_backup_may_live_on_another_filesystem(root: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == root.stat().st_dev:
        pytest.skip("no second filesystem on this machine")
    before = snapshot(root)
    with tempfile.TemporaryDirectory(dir=shared) as backup:
        apply(root, Path(backup), ALL_KINDS, run=FIRST, meta={})
        assert snapshot(root) != before
        restore(root, Path(backup))
    assert snapshot(root) == before


# --- what restore refuses ---


def test_without_a_backup_there_is_nothing_to_restore(root: Path) -> None:
    assert "nothing to restore" in refusal(lambda: restore(root, root / BACKUP))
    assert recover(root, root / BACKUP) is None
    assert not (root / BACKUP).exists()


def test_edited_and_missing_files_are_all_named_and_only_force_overwrites(root: Path) -> None:
    before = snapshot(root)
    run_on(root, *ALL_KINDS)
    put(root, "app.py", b"mine")
    put(root, "keep/notes.md", b"mine too")
    (root / "tool.sh").unlink()
    (root / "new/pkg/llm.py").unlink()
    edited = snapshot(root)
    text = refusal(lambda: restore(root, root / BACKUP))
    assert text.startswith("app.py, keep/notes.md, new/pkg/llm.py (missing), tool.sh (missing): edited since")
    assert snapshot(root) == edited
    restore(root, root / BACKUP, force=True)
    assert snapshot(root) == before


def test_a_file_put_back_by_hand_is_no_obstacle(root: Path) -> None:
    before = snapshot(root)
    run_on(root, *ALL_KINDS)
    put(root, "app.py")
    (root / "made/here.py").unlink()
    restore(root, root / BACKUP)
    assert snapshot(root) == before


def test_runs_are_restored_one_by_one_the_last_first(root: Path) -> None:
    before = snapshot(root)
    run_on(root, modify("app.py"))
    between = snapshot(root)
    run_on(root, modify("app.py", b"new", b"newer"), create("x.py"), run=SECOND)
    text = refusal(lambda: restore(root, root / BACKUP, FIRST))
    assert text == f"run {SECOND} changed app.py after run {FIRST}; restore that first"
    assert restore(root, root / BACKUP).run == SECOND
    assert snapshot(root) == between
    assert refusal(lambda: restore(root, root / BACKUP, SECOND)) == f"run {SECOND} is already restored"
    assert restore(root, root / BACKUP).run == FIRST
    assert snapshot(root) == before
    assert "no run left to restore" in refusal(lambda: restore(root, root / BACKUP))
    assert "no run ../etc" in refusal(lambda: restore(root, root / BACKUP, "../etc"))
    listed = [(info.run, info.state, len(info.entries), info.meta) for info in runs(root, root / BACKUP)]
    assert listed == [
        (FIRST, "restored", 1, {"packs": ["a-pack"]}),
        (SECOND, "restored", 2, {"packs": ["a-pack"]}),
    ]


def test_an_older_run_on_other_files_is_restored_alone(root: Path) -> None:
    run_on(root, modify("app.py"))
    run_on(root, create("x.py"), run=SECOND)
    assert restore(root, root / BACKUP, FIRST).run == FIRST
    assert [info.state for info in runs(root, root / BACKUP)] == ["restored", "done"]
    assert (root / "x.py").exists()


def test_a_project_that_was_moved_is_still_restored(root: Path) -> None:
    before = snapshot(root)
    run_on(root, *ALL_KINDS)
    moved = root.rename(root.with_name("moved"))
    restore(moved, moved / BACKUP)
    assert snapshot(moved) == before


def test_projects_sharing_a_backup_directory_keep_out_of_each_other(root: Path) -> None:
    other, backup = root.with_name("other"), root.with_name("backups")
    shutil.copytree(root, other)
    apply(root, backup, [modify("app.py")], run=FIRST, meta={})
    assert "no run left" in refusal(lambda: restore(other, backup))
    assert restore(root, backup).run == FIRST


def test_a_damaged_backup_is_noticed_before_anything_is_touched(root: Path) -> None:
    run_on(root, *ALL_KINDS)
    (root / BACKUP / FIRST / "files/keep/notes.md").write_bytes(b"odd")
    after = snapshot(root)
    assert "the backup is damaged" in refusal(lambda: restore(root, root / BACKUP, force=True))
    assert snapshot(root) == after
    assert [info.state for info in runs(root, root / BACKUP)] == ["done"]


# --- hostile backups ---

Forge = Callable[[dict[str, Any]], object]
FORGERIES: dict[str, Forge] = {
    "version": lambda j: j.update(version=2),
    "other run": lambda j: j.update(run=SECOND),
    "state": lambda j: j.update(state="finished"),
    "no entries": lambda j: j.pop("entries"),
    "entry type": lambda j: j.update(entries=[3]),
    "climbing": lambda j: j["entries"][0].update(path="../out.py", new_path="../out.py"),
    "absolute": lambda j: j["entries"][0].update(path="/out.py", new_path="/out.py"),
    "rename out": lambda j: j["entries"][0].update(kind="rename", new_path="../../out.py"),
    "git hook": lambda j: j["entries"][0].update(path=".git/hooks/x", new_path=".git/hooks/x"),
    "not a name": lambda j: j["entries"][0].update(path="\ud800", new_path="\ud800"),
    "kind": lambda j: j["entries"][0].update(kind="delete"),
    "hash": lambda j: j["entries"][0]["before"].update(sha256="../../etc/passwd"),
    "mode": lambda j: j["entries"][0]["before"].update(mode=1 << 40),
    "twice": lambda j: j["entries"].append(j["entries"][0]),
    "below a file": lambda j: j["entries"].append(dict(j["entries"][0], path="app.py/x", new_path="app.py/x")),
    "foreign directory made": lambda j: j.update(made=["keep"]),
    "outside directory made": lambda j: j.update(made=[".."]),
    "directory type": lambda j: j.update(made=[[]]),
    "outside directory removed": lambda j: j.update(removed={"..": 0o777}),
    "directory mode": lambda j: j.update(removed={"keep": "rwx"}),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_journal_is_refused(root: Path, forge: Forge) -> None:
    put(root.parent, "out.py")
    (root / "empty").mkdir()
    run_on(root, modify("app.py"))
    file = root / BACKUP / FIRST / "journal.json"
    journal = json.loads(file.read_text())
    forge(journal)
    file.write_text(json.dumps(journal))
    before = snapshot(root.parent)
    for action in (lambda: restore(root, root / BACKUP, force=True), lambda: run_on(root, create("x"), run=SECOND)):
        assert "damaged run" in refusal(action)
    assert snapshot(root.parent) == before


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[" * 100_000, b"null", b'{"version": 1}'])
def test_a_journal_that_is_no_journal_is_refused(root: Path, raw: bytes) -> None:
    run_on(root, modify("app.py"))
    (root / BACKUP / FIRST / "journal.json").write_bytes(raw)
    assert "damaged run" in refusal(lambda: restore(root, root / BACKUP))
    assert "damaged run" in refusal(lambda: runs(root, root / BACKUP))


def test_a_journal_or_run_that_is_a_link_is_refused(root: Path) -> None:
    run_on(root, modify("app.py"))
    folder = root / BACKUP / FIRST
    elsewhere = folder.rename(root.parent / FIRST)
    folder.symlink_to(elsewhere)
    assert "damaged run (a link)" in refusal(lambda: restore(root, root / BACKUP))
    folder.unlink()
    folder.mkdir()
    (folder / "journal.json").symlink_to(elsewhere / "journal.json")
    assert "damaged run" in refusal(lambda: restore(root, root / BACKUP))


def test_a_pipe_in_the_backup_is_not_waited_for(root: Path) -> None:
    run_on(root, modify("app.py"))
    original = root / BACKUP / FIRST / "files/app.py"
    original.unlink()
    os.mkfifo(original)
    assert "the backup is damaged" in refusal(lambda: restore(root, root / BACKUP))


@pytest.mark.parametrize("force", [False, True])
def test_restore_never_writes_through_a_link_put_there_since(root: Path, force: bool) -> None:
    run_on(root, modify("keep/notes.md"), delete("old/pkg/llm.py"))
    outside = (root / "keep").rename(root.parent / "outside")
    (root / "keep").symlink_to(outside)
    before = snapshot(root.parent)
    assert refusal(lambda: restore(root, root / BACKUP, force=force)).startswith("keep: not a directory")
    assert snapshot(root.parent) == before


# --- disks that fail ---


def test_a_full_disk_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    """On a real file system of 256 KiB, with the backup on the same one."""
    root = tmp_path / "small"
    root.mkdir()
    if os.geteuid() or os.system(f"mount -t tmpfs -o size=256k tmpfs '{root}' 2>/dev/null"):
        pytest.skip("only root may mount the tiny file system this needs")
    try:
        old = b"o" * 40_000
        for name in ("a.py", "b.py", "c/d.py"):
            put(root, name, old)
        before = snapshot(root)
        changes = [modify(name, old, b"n" * 60_000) for name in ("a.py", "b.py")] + [
            rename("c/d.py", "e/d.py", old, old)
        ]
        text = refusal(lambda: run_on(root, *changes))
        assert text.endswith(f"{os.strerror(errno.ENOSPC)}; nothing was changed")
        assert snapshot(root) == before
        assert runs(root, root / BACKUP) == []
        run_on(root, modify("a.py", old, b"small"))
        assert (root / "a.py").read_bytes() == b"small"
    finally:
        os.system(f"umount '{root}'")


def test_a_read_only_directory_leaves_the_tree_as_it_was() -> None:
    """As an ordinary user, for root may write anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        put(root, "a.py")
        put(root, "locked/b.py")
        ordinary = 65534 if os.geteuid() == 0 else os.geteuid()
        for path in (root, *root.rglob("*")):
            os.chown(path, ordinary, -1)
        (root / "locked").chmod(0o555)
        before = snapshot(root)
        privileged = os.geteuid()
        os.seteuid(ordinary)
        try:
            text = refusal(lambda: run_on(root, modify("a.py"), rename("locked/b.py", "c.py")))
            assert text == f"locked/b.py: {os.strerror(errno.EACCES)}; nothing was changed"
            assert snapshot(root) == before
            assert runs(root, root / BACKUP) == []
        finally:
            os.seteuid(privileged)
            (root / "locked").chmod(0o755)


def test_an_interrupt_from_the_keyboard_leaves_the_tree_as_it_was(root: Path) -> None:
    before = snapshot(root)

    def impatient(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(root, root / BACKUP, ALL_KINDS, run=FIRST, meta={}, progress=impatient)
    assert snapshot(root) == before
    assert runs(root, root / BACKUP) == []


# --- any tree, any changes ---

FOLDERS = st.lists(st.sampled_from(["d", "e", os.fsdecode(b"\xe9")]), max_size=3).map("/".join)
NAMES = st.sampled_from(["a.py", "b", " ", UNDECODABLE, LONG, "__init__.py"])
PATHS = st.builds(lambda folder, name: f"{folder}/{name}".lstrip("/"), FOLDERS, NAMES)
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o444])
FILES = st.dictionaries(PATHS, st.tuples(st.binary(max_size=8), MODES), max_size=8)


@st.composite
def trees_and_changes(draw: st.DrawFn) -> tuple[dict[str, tuple[bytes, int]], list[Change]]:
    files = draw(FILES)
    fate = {path: draw(st.sampled_from(["stay", "modify", "rename", "delete"])) for path in files}
    staying = {path for path, kind in fate.items() if kind in ("stay", "modify")}
    free = draw(st.lists(PATHS.filter(lambda path: path not in staying), unique=True, max_size=10))
    changes = []
    for path, (before, mode) in files.items():
        after, new_mode = draw(st.one_of(st.just(before), st.binary(max_size=8))), draw(MODES)
        if fate[path] == "modify":
            changes.append(modify(path, before, after, new_mode))
        elif fate[path] == "delete":
            changes.append(delete(path, before))
        elif fate[path] == "rename" and free and (new := free.pop()) != path:
            changes.append(rename(path, new, before, after, mode))
    taken = files.keys() - {change.path for change in changes if change.kind in ("rename", "delete")}
    taken |= {change.new_path for change in changes if change.new_path}
    changes += [create(path, draw(st.binary(max_size=8)), draw(MODES)) for path in free if path not in taken]
    return files, changes


@settings(max_examples=150, deadline=None)
@given(trees_and_changes())
def test_any_run_does_what_it_says_and_is_taken_back(case: tuple[dict[str, tuple[bytes, int]], list[Change]]) -> None:
    files, changes = case
    leaving = [change for change in changes if change.kind in ("rename", "delete")]
    stayed = files.keys() - {change.path for change in leaving}
    if any(change.kind == "rename" and change.new_path in stayed for change in changes):
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, (data, mode) in files.items():
            put(root, path, data, mode)
        before = snapshot(root)
        run_on(root, *changes)
        if not changes:
            return
        expected = {path: (mode, data) for path, (data, mode) in files.items()}
        for change in leaving:
            del expected[change.path]
        for change in changes:
            if change.new_path is not None and change.after is not None:
                expected[change.new_path] = (change.mode, change.after)
        after = snapshot(root)
        assert {path: item for path, item in after.items() if item[1] is not None} == expected
        homes = {str(parent) for path in expected for parent in Path(path).parents} - {"."}
        assert {path for path, item in after.items() if item[1] is None} == homes
        restore(root, root / BACKUP)
        assert snapshot(root) == before


@given(st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)), st.integers(16, 10**12))
def test_later_runs_have_later_ids(now: datetime, gap: int) -> None:
    if now.year < 9000:
        assert run_id(now) < run_id(now + timedelta(microseconds=gap))
