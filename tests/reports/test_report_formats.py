"""What every format promises: it can be written anywhere, it holds no key, and it looks as agreed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_snapshot.plugin import Snapshot

from migrator import __version__
from migrator.outcome import Mode, Plan
from migrator.reports import FORMATS, render

SNAPSHOTS = Path(__file__).parent / "snapshots"
RUN = "20250102-030405-abcdef"


@pytest.mark.parametrize("mode", ["plan", "check", "applied"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_key_gets_through(plan: Plan, key: str, format: str, mode: Mode) -> None:
    text = render(plan, format, colour=False, mode=mode)
    assert key not in text
    assert "agentcore.keys" in text


@pytest.mark.parametrize("mode", ["plan", "check", "applied"])
@pytest.mark.parametrize("format", FORMATS)
def test_nothing_hostile_reaches_a_terminal(hostile: Plan, format: str, mode: Mode) -> None:
    text = render(hostile, format, colour=False, mode=mode)
    text.encode("utf-8")
    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_plan_has_a_report(format: str) -> None:
    nothing = Plan(Path(), (), (), (), (), 0, 0, 0.0)
    for mode in ("plan", "check", "applied"):
        assert render(nothing, format, colour=False, mode=mode).endswith("\n") or format == "github"


@pytest.mark.parametrize("format", FORMATS)
def test_the_order_of_sites_and_problems_makes_no_difference(plan: Plan, format: str) -> None:
    turned = replace(plan, sites=plan.sites[::-1], problems=plan.problems[::-1])
    assert render(turned, format, colour=False, mode="check") == render(plan, format, colour=False, mode="check")


@pytest.mark.parametrize(
    ("name", "format", "mode"),
    [
        ("plan.txt", "text", "plan"),
        ("check.txt", "text", "check"),
        ("applied.txt", "text", "applied"),
        ("plan.json", "json", "plan"),
        ("check.github", "github", "check"),
        ("plan.github", "github", "plan"),
        ("plan.md", "markdown", "plan"),
        ("check.sarif", "sarif", "check"),
        ("applied.html", "html", "applied"),
    ],
)
def test_it_looks_as_agreed(snapshot: Snapshot, plan: Plan, name: str, format: str, mode: Mode) -> None:
    snapshot.snapshot_dir = SNAPSHOTS
    shown = replace(plan, run=RUN) if mode == "applied" else plan
    text = render(shown, format, colour=False, mode=mode, backup=f".migration_backup/{RUN}")
    snapshot.assert_match(text.replace(f'"version": "{__version__}"', '"version": "0"').encode(), name)


def test_the_json_report_imports_nothing_it_does_not_need() -> None:
    code = "import sys, migrator.reports.json; print({'click', 'difflib', 'rich'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
