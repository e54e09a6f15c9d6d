"""The application of FastAgentic's guide migrates to exactly its `after`, and says the same on `llm_gateway`.

Where it says something else, that is what the report names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from projects import HOUSE, contents, run, spawn, tree

APP = HOUSE / "fixtures/fastagentic_app"
ENVIRONMENT = {
    "before": {
        "PORTKEY_API_KEY": "pk",
        "PYTHONPATH": f"{APP / 'standin'}:{APP / 'standin_before'}",
    },
    "after": {
        "LLM_GATEWAY_API_KEY": "k",
        "LLM_GATEWAY_CONFIG_FILE": str(APP / "offline/library.toml"),
        "LLM_GATEWAY_GATEWAY_FILE": str(APP / "offline/gateway.toml"),
        "PYTHONPATH": f"{APP / 'standin'}:{APP / 'offline'}:{HOUSE}",
    },
}
SAME = (("/standard", "Hello", "Hello"), ("/premium", "Hello"), ("/premium", "[outage] Hello"), ("/balanced", "Hello"))


def test_the_result_is_exactly_what_the_fixture_says(migrated: Path) -> None:
    assert contents(migrated) == contents(APP / "after")


def test_a_second_run_changes_nothing(migrated: Path) -> None:
    once = tree(migrated)
    assert run("--path", migrated, cwd=migrated.parent).returncode == 0
    assert tree(migrated) == once


def test_a_restore_gives_back_every_byte(app: Path) -> None:
    before = tree(app)
    run("--path", app, cwd=app.parent)
    assert tree(app) != before
    assert run("--restore", "--path", app, cwd=app.parent).returncode == 0
    assert tree(app) == before


def test_neither_side_runs_on_what_the_other_needs(app: Path) -> None:
    assert "No module named 'fastagentic.integrations'" in _failure(app, "after", *SAME[0])
    run("--path", app, cwd=app.parent)
    assert "LLM_GATEWAY_API_KEY" in _failure(app, "before", *SAME[0])


def test_it_says_the_same_before_and_after(app: Path) -> None:
    before = [_said(app, "before", *asked) for asked in SAME]
    run("--path", app, cwd=app.parent)
    assert [_said(app, "after", *asked) for asked in SAME] == before
    assert before[0][2] == "/standard: 0.0000 USD, from the cache: True"
    assert before[2][-1] == "anthropic says: [outage] Hello"


def test_what_never_worked_works_afterwards(app: Path) -> None:
    assert _said(app, "before", "/routed", "Hello")[-1] == "openai says: Hello"
    assert "openai is out of order" in _failure(app, "before", "/balanced", "[outage] Hello")
    run("--path", app, cwd=app.parent)
    assert _said(app, "after", "/routed", "Hello")[-1] == "anthropic says: Hello"
    assert _said(app, "after", "/balanced", "[outage] Hello")[-1] == "anthropic says: [outage] Hello"


def test_both_are_in_the_report(app: Path) -> None:
    report = json.loads(run("--path", app, "--format", "json", cwd=app.parent).stdout)
    reviewed = {site["rule"] for site in report["sites"] if site["status"] == "review"}
    assert {"fastagentic.condition", "fastagentic.target", "fastagentic.status-codes"} <= reviewed
    assert report["summary"]["sites"]["manual"] == 0
    assert report["errors"] == []


def _said(app: Path, side: str, *asked: str) -> list[str]:
    ended = spawn("-m", "agents", *asked, cwd=app, env=ENVIRONMENT[side], program=sys.executable)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def _failure(app: Path, side: str, *asked: str) -> str:
    """The last line of what the application ends with."""
    with pytest.raises(AssertionError) as failure:
        _said(app, side, *asked)
    return str(failure.value)
