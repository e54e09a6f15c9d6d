"""One program for one target: run as it was, migrated, run again, and compared."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import comparing
from programs import Program
from projects import run
from stage import Stage

Site = dict[str, Any]


def check(program: Program, target: str, stage: Stage, room: Path, mode: str = "") -> None:
    """Raises AssertionError where the migrated program does not behave as the first one did, or as it says."""
    fault = program.expected(target, mode).fault
    try:
        _check(program, target, stage, room, mode)
    except Otherwise as error:
        if not fault:
            raise AssertionError(str(error)) from error
    else:
        assert not fault, f"it behaves as it should: {fault!r} is no fault any more"


class Otherwise(Exception):
    """A program that nobody is told to look at behaves otherwise."""


def _check(program: Program, target: str, stage: Stage, room: Path, mode: str) -> None:
    expected = program.expected(target, mode)
    old = program.place(_folder(room, program, "before"))
    new = program.place(_folder(room, program, target))
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(stage.before, old, expected)
        sites = migrate(new, target, mode)
        before = running.result()
    assert before.code == 0, before.stderr
    assert before.stdout, "a program says what it found"
    told = [site["message"] for site in sites if site["status"] == "review"]
    left = [site["message"] for site in sites if site["status"] == "manual"]
    if expected.pending or expected.manual:
        assert left, "nothing is left by hand: the program is to be run"
        absent = [part for part in expected.manual if not any(part in message for message in left)]
        assert not absent, f"no manual site says {absent}: {left}"
        return
    assert left == [], "the program has places left by hand"
    said = [*expected.review, *(difference.said for difference in expected.differs)]
    assert [part for part in said if part and not any(part in message for message in told)] == [], told
    after = stage.after(new, replace(expected, keeps=expected.keeps or mode == "proxy"), target)
    try:
        assert after.code == 0, after.stderr
        comparing.requests(stage.requests(old), stage.requests(new), expected, target)
        comparing.output(before.stdout, after.stdout, expected)
        comparing.keys(stage.requests(new))
    except AssertionError as error:
        raise Otherwise(str(error)) from error


def migrate(folder: Path, target: str, mode: str = "", source: str = "litellm") -> list[Site]:
    """The sites of a migration, which is complete after one run."""
    ways = ("--mode", mode) if mode else ()
    route = ("--from", source, "--to", target, *ways)
    command = (*route, "--yes", "--allow-dirty", "--format", "json", "--path", folder)
    report = json.loads(_run(command, folder))
    assert report["errors"] == []
    again = json.loads(_run(command, folder))
    assert again["changes"] == []
    sites: list[Site] = report["sites"]
    return sites


def _run(command: tuple[str | Path, ...], folder: Path) -> str:
    ended = run(*command, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _folder(room: Path, program: Program, side: str) -> Path:
    folder = room / side
    folder.mkdir()
    return folder / f"{program.name}-{side}-{room.name}"
