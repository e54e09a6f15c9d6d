"""The raw diff makes, through the tools people use, exactly the tree the plan describes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.outcome import Plan
from migrator.reports import FORMATS, render
from migrator.reports.diff import diff_lines, unified
from migrator.sites import Change, Site, Status


def modify(before: bytes, after: bytes, path: str = "x.py") -> Change:
    return Change(path, path, "modify", "text", 1, before, after, 0o644)


def rename(path: str, new_path: str, before: bytes, after: bytes, mode: int = 0o644) -> Change:
    return Change(path, new_path, "rename", "text", 1, before, after, mode)


def raw(changes: list[Change]) -> bytes:
    return unified(changes, mask=False).encode("utf-8", "surrogateescape")


def write_before(root: Path, changes: list[Change]) -> None:
    for change in changes:
        if change.before is not None:
            (root / change.path).parent.mkdir(parents=True, exist_ok=True)
            (root / change.path).write_bytes(change.before)
            (root / change.path).chmod(0o100755 & change.mode if change.mode & 0o100 else 0o644)


def tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def expected(changes: list[Change]) -> dict[str, bytes]:
    return {c.new_path: c.after for c in changes if c.new_path is not None and c.after is not None}


LONG = b"".join(b"line %d\n" % n for n in range(100))
CASES = {
    "modify": modify(b"a\nb\nc\n", b"a\nB\nc\n"),
    "two hunks": modify(LONG, LONG.replace(b"line 5\n", b"five\n").replace(b"line 90\n", b"")),
    "near hunks": modify(LONG, LONG.replace(b"line 50\n", b"").replace(b"line 57\n", b"57\n")),
    "touching hunks": modify(LONG, LONG.replace(b"line 50\n", b"").replace(b"line 58\n", b"58\n")),
    "first and last": modify(LONG, b"first\n" + LONG + b"last\n"),
    "lines moved": modify(LONG, LONG[500:] + LONG[:500]),
    "crlf": modify(b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    "mixed line ends": modify(b"a\r\nb\nc\rd\n", b"a\r\nB\nc\rD\r\n"),
    "no final newline": modify(b"a\nb", b"a\nc"),
    "newline gained": modify(b"a\nb", b"a\nb\n"),
    "newline lost": modify(b"a\nb\n", b"a\nb"),
    "emptied": modify(b"a\n", b""),
    "filled": modify(b"", b"a\n"),
    "latin-1": modify("# café\nold\n".encode("latin-1"), "# café\nnew\n".encode("latin-1")),
    "utf-8 with bom": modify("\ufeff# naïve 日本\nold\n".encode(), "\ufeff# naïve 日本\nnew\n".encode()),
    "utf-16": modify("old\nsame\n".encode("utf-16"), "new\nsame\n".encode("utf-16")),
    "form feeds": modify(b"a\x0cb\nc\x1cd\n\xe2\x80\xa8e\n", b"a\x0cb\nC\x1cd\n\xe2\x80\xa8e\n"),
    "lines like headers": modify(b"-- a/x\n++ b/x\n@@ -1 +1 @@\n", b"-- a/y\n++ b/x\n@@ -1 +1 @@\n"),
    "rename alone": rename("old.py", "sub/new.py", b"a\nb\n", b"a\nb\n"),
    "rename of bytes": rename("a.bin", "b.bin", bytes(range(256)), bytes(range(256))),
    "rename of nothing": rename("pkg/__init__.py", "new/__init__.py", b"", b""),
    "rename and modify": rename("old.py", "new.py", b"a\nb\nc\nd\n", b"a\nB\nc\nd\n", 0o755),
    "rename of another text": rename("old.py", "new.py", b"a\n", b"b\nc\n"),
    "create": Change("new.py", "new.py", "create", "text", 0, None, b"a\nb\n", 0o644),
    "create a program": Change("run.sh", "run.sh", "create", "text", 0, None, b"#!/bin/sh\n", 0o755),
    "create an empty file": Change("e.py", "e.py", "create", "text", 0, None, b"", 0o644),
    "delete": Change("x.py", None, "delete", "text", 0, b"a\nb", None, 0o644),
    "delete an empty file": Change("x.py", None, "delete", "text", 0, b"", None, 0o644),
    "spaces in the name": modify(b"a\n", b"b\n", "my app/the file.py"),
    "rename with spaces": rename("my app/a b.py", "my app/b a.py", b"a\n", b"b\n"),
    "name beyond ascii": modify(b"a\n", b"b\n", "café/日本.py"),
    "name with quotes": modify(b"a\n", b"b\n", 'a"b\\c\td\ne.py'),
    "name that is no utf-8": rename("a\udcff.py", "b\udcff.py", b"a\n", b"b\n"),
}


@pytest.mark.parametrize("change", CASES.values(), ids=list(CASES))
def test_git_applies_the_raw_diff(tmp_path: Path, change: Change) -> None:
    write_before(tmp_path, [change])
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=raw([change]), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert tree(tmp_path) == expected([change])
    if change.new_path:
        assert bool((tmp_path / change.new_path).stat().st_mode & 0o100) == bool(change.mode & 0o100)


def test_git_applies_many_changes_at_once(tmp_path: Path) -> None:
    files = {f"{n}/{c.path}": c for n, c in enumerate(CASES.values())}
    changes = [
        Change(f"{n}/{c.path}", c.new_path and f"{n}/{c.new_path}", c.kind, c.language, 1, c.before, c.after, c.mode)
        for n, c in enumerate(files.values())
    ]
    write_before(tmp_path, changes)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=raw(changes), check=True)
    assert tree(tmp_path) == expected(changes)


@pytest.mark.parametrize("name", ["modify", "two hunks", "crlf", "no final newline", "latin-1", "spaces in the name"])
def test_patch_applies_the_raw_diff(tmp_path: Path, name: str) -> None:
    write_before(tmp_path, [CASES[name]])
    subprocess.run(["patch", "-p1", "--silent", "--force"], cwd=tmp_path, input=raw([CASES[name]]), check=True)
    assert tree(tmp_path) == expected([CASES[name]])


LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"d\n", b"e\n", b"unique\n"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.sampled_from([b"", b"end"]))
def test_any_two_texts(
    tmp_path_factory: pytest.TempPathFactory, old: list[bytes], new: list[bytes], end: bytes
) -> None:
    change = modify(b"".join(old), b"".join(new) + end)
    folder = tmp_path_factory.mktemp("any")
    write_before(folder, [change])
    if change.before != change.after:
        subprocess.run(["git", "apply", "-"], cwd=folder, input=raw([change]), check=True)
    assert tree(folder) == expected([change])


def test_only_what_changed_is_in_the_diff_of_a_large_file() -> None:
    assert unified([modify(LONG, LONG.replace(b"line 5\n", b"5\n"))]).count("\n") == 12
    lines = [b"same\n", b"\n"] * 20_000
    edited = [b"first\n", *lines[1:20_000], b"middle\n", *lines[20_001:-1], b"last\n"]
    assert [text for kind, text in diff_lines(modify(b"".join(lines), b"".join(edited))) if kind == "add"] == [
        "+first\n",
        "+middle\n",
        "+last\n",
    ]


def test_a_line_that_moved_far_leaves_the_rest_alone() -> None:
    lines = LONG.splitlines(keepends=True)
    diff = list(diff_lines(modify(LONG, b"".join([*lines[1:], lines[0]]))))
    assert [text for kind, text in diff if kind in ("add", "delete")] == ["-line 0\n", "+line 0\n"]


def test_a_diff_without_secrets_and_control_characters_is_shown_as_it_is() -> None:
    change = CASES["crlf"]
    assert unified([change]) == unified([change], mask=False)
    assert "-b\r\n+B\r\n" in unified([change])


def test_the_shown_diff_hides_keys_and_the_raw_one_keeps_them(plan: Plan, key: str) -> None:
    assert key in unified(plan.changes, mask=False)
    assert key not in unified(plan.changes)
    assert ' KEY = "sk-***"\n' in unified(plan.changes)


def test_what_names_a_secret_may_stand_outside_the_hunk() -> None:
    body = "Zx81QmPw02LkJh45TyUiAb"
    before = f"api_key = (\n    '{body}'\n)\na\nold\n"
    diff = unified([modify(before.encode(), before.replace("old", "new").encode())])
    assert "@@ -2,4 +2,4 @@" in diff
    assert body not in diff


def test_a_path_is_no_secret(plan: Plan) -> None:
    path = "alembic/versions/4f3a9c2b1d0e_add_api_key.py"
    site = Site(path, 1, 1, "x.y", Status.MANUAL, "by hand", path, 1)
    shown = replace(plan, changes=(modify(b"a\n", b"b\n", path),), sites=(site,))
    assert f"+++ b/{path}\n" in unified(shown.changes)
    for form in FORMATS:
        assert path in render(shown, form, colour=False, mode="plan"), form


def test_the_shown_diff_obeys_no_control_character(hostile: Plan) -> None:
    diff = unified(hostile.changes)
    assert not any(ord(c) < 32 and c != "\n" for c in diff)
    assert "-a\\x1b[31m\\x00\\xff</span><script>\n+b\n" in diff


def test_colours_go_around_lines_and_change_nothing_else(plan: Plan) -> None:
    from click import unstyle

    coloured = unified(plan.changes, colour=True)
    assert unstyle(coloured) == unified(plan.changes)
    assert "\x1b[31m-x = 1\x1b[0m\n" in coloured
    assert "\x1b[36m@@ -1 +0,0 @@\x1b[0m\n" in coloured
    assert "\x1b[1mrename to app/new.py\x1b[0m\n" in coloured
