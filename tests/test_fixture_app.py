"""The sample application migrates to exactly its `after`, says the same on `llm_gateway`, and comes back as it was."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from projects import BACKUP, HOUSE, contents, git, run, spawn, tree

from migrator.packs.selection import select
from migrator.plan import Options, build
from migrator.reports.diff import unified
from migrator.tree.project import open_project

APP = HOUSE / "fixtures/agentcore_app"
SHIM = ("-m", "llm_gateway.shims.agentcore")
# What the application runs on: a stand-in for the old package, then the gateway library with scripted replies.
START: dict[str, tuple[str, ...]] = {"before": (), "after": SHIM}
ENVIRONMENT = {
    "before": {"PYTHONPATH": str(APP / "standin_before")},
    "after": {
        "PYTHONPATH": str(APP / "offline"),
        "LLM_GATEWAY_CONFIG_FILE": str(APP / "offline/gateway.toml"),
    },
}
SCHEMA = json.loads((HOUSE / "migrator/schemas/report.schema.json").read_text())
ASK = """
import asyncio
from agentcore.llm_gateway import LLMGatewayError
from supportdesk.llm.resilience import FailoverManager, backup

for manager in (backup(), FailoverManager(primary="openai")):
    try:
        print(asyncio.run(manager.execute_with_fallback(prompt="a [simulate timeout]", model="gpt-5-mini")))
    except LLMGatewayError as error:
        print(type(error).__name__, error)
"""
TICKETS = (
    "The printer jams",
    "URGENT [simulate timeout] all lines are down",
    "[simulate rate limit]",
    "Grüße: ärgerlich",
)


@pytest.fixture
def report(app: Path) -> dict[str, Any]:
    """The JSON report of the run that has just migrated the application."""
    ended = run("--path", app, "--format", "json", cwd=app.parent)
    assert ended.returncode == 0
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def test_the_result_is_exactly_what_the_fixture_says(migrated: Path) -> None:
    assert contents(migrated) == contents(APP / "after")
    assert (migrated / BACKUP).is_dir()
    assert not (migrated / "tests/integration/portkey").exists()


def test_modes_are_kept(app: Path) -> None:
    (app / "supportdesk/llm/resilience.py").chmod(0o600)
    (app / "deploy/run.sh").chmod(0o755)
    before = {path: mode for path, (mode, _) in tree(app).items()}
    run("--path", app, cwd=app.parent)
    after = {path: mode for path, (mode, _) in tree(app).items()}
    assert {path: after[path] for path in before if path in after} == {p: m for p, m in before.items() if p in after}
    assert after["supportdesk/llm/resilience.py"] == 0o600


@pytest.mark.parametrize("side", ["before", "after"])
def test_its_own_tests_pass_on_either_side(app: Path, side: str) -> None:
    if side == "after":
        run("--path", app, cwd=app.parent)
    command = (*START[side], "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ended = spawn(*command, cwd=app, env=_on(side), program=sys.executable)
    assert ended.returncode == 0, ended.stdout
    assert "skipped" not in ended.stdout


def test_neither_side_runs_on_what_the_other_needs(app: Path) -> None:
    with pytest.raises(AssertionError, match=r"No module named 'agentcore\.integration'"):
        _demo(app, "after", TICKETS[0])
    run("--path", app, cwd=app.parent)
    with pytest.raises(AssertionError, match=r"No module named 'agentcore\.llm_gateway'"):
        _demo(app, "before", TICKETS[0])


def test_without_the_shim_there_is_no_agentcore(migrated: Path) -> None:
    with pytest.raises(AssertionError, match="No module named 'agentcore'"):
        spawn("-m", "supportdesk", TICKETS[0], cwd=migrated, env=_on("after"), program=sys.executable)


def test_a_fault_really_goes_to_another_provider(migrated: Path) -> None:
    """The script answers for Anthropic alone: the same run with OpenAI only has nothing to say."""
    (migrated / "ask.py").write_text(ASK)
    ended = spawn(*SHIM, "ask.py", cwd=migrated, env=_on("after"), program=sys.executable)
    assert ended.stdout.splitlines() == ["a [simulate timeout] (3 words)", "LLMGatewayTimeoutError no answer in time"]


def test_it_says_the_same_before_and_after(app: Path) -> None:
    before = [_demo(app, "before", ticket) for ticket in TICKETS]
    run("--path", app, cwd=app.parent)
    assert [_demo(app, "after", ticket) for ticket in TICKETS] == before
    assert all(output for _, output in before)


def test_a_second_run_changes_nothing(migrated: Path) -> None:
    once = tree(migrated)
    again = run("--path", migrated, "--format", "json", cwd=migrated.parent)
    assert again.returncode == 0
    assert json.loads(again.stdout)["changes"] == []
    assert tree(migrated) == once


def test_a_restore_gives_back_every_byte_and_mode(app: Path) -> None:
    (app / "deploy/run.sh").chmod(0o755)
    (app / ".env.test").chmod(0o600)
    before = tree(app)
    run("--path", app, cwd=app.parent)
    assert tree(app) != before
    assert run("--restore", "--path", app, cwd=app.parent).returncode == 0
    assert tree(app) == before


def test_a_dry_run_writes_nothing_anywhere(app: Path) -> None:
    before = tree(app.parent)
    ended = run("--dry-run", "--path", app, cwd=app.parent)
    assert ended.returncode == 0
    assert "+from agentcore.llm_gateway import" in ended.stdout
    assert tree(app.parent) == before
    assert not (app / BACKUP).exists()


def test_git_can_apply_the_diff_of_a_dry_run(app: Path) -> None:
    project = open_project(app)
    plan = build(project, select(project, "agentcore", None, ()).packs, Options())
    patch = app.parent / "migration.patch"
    patch.write_bytes(unified(plan.changes, mask=False).encode("utf-8", "surrogateescape"))
    git(app, "init", "--quiet")
    git(app, "apply", "--whitespace=nowarn", patch)
    assert contents(app) == contents(APP / "after")


def test_the_report_keeps_to_its_schema_and_every_place_is_real(app: Path, report: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    before, after = contents(APP / "before"), contents(app)
    assert report["errors"] == []
    assert {c["path"] for c in report["changes"]} == {p for p in before if before[p] != after.get(p)}
    for site in report["sites"]:
        assert 1 <= site["line"] <= _lines(before[site["path"]]), site
        if site["new_path"] is not None:
            assert 1 <= site["new_line"] <= _lines(after[site["new_path"]]), site


def test_every_old_name_that_is_left_in_the_tree_is_reported(app: Path, report: dict[str, Any]) -> None:
    """By import in Python, and by word anywhere but in names the fixture's README says are the application's own."""
    reported = {(site["new_path"], site["new_line"]) for site in report["sites"]}
    left = {(path, line) for path in contents(app) if path.endswith(".py") for line in _old_imports(app / path)}
    assert left
    assert left <= reported


def test_secrets_of_a_workflow_are_left_and_said(app: Path, report: dict[str, Any]) -> None:
    lines = (app / ".github/workflows/ci.yml").read_text().splitlines()
    held = {n for n, line in enumerate(lines, 1) if "secrets.PORTKEY_" in line}
    said = [s for s in report["sites"] if s["path"].endswith("ci.yml") and s["status"] == "manual"]
    assert {s["new_line"] for s in said} == held
    assert len(held) == 2


def _on(side: str) -> dict[str, str]:
    return {**ENVIRONMENT[side], "PYTHONIOENCODING": "utf-8"}


def _demo(app: Path, side: str, ticket: str) -> tuple[int, str]:
    """Exit code and output of the application's command; stderr counts, as faults are told there."""
    command = (*START[side], "-m", "supportdesk", ticket)
    ended = spawn(*command, cwd=app, env=_on(side), program=sys.executable)
    return ended.returncode, ended.stdout + ended.stderr


def _lines(content: bytes) -> int:
    return max(1, len(content.decode("latin-1").splitlines()))


def _old_imports(path: Path) -> list[int]:
    old = ("agentcore.integration.portkey", "portkey_ai")
    found = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        if any(name == o or name.startswith(f"{o}.") for name in names for o in old):
            found.append(node.lineno)
    return found
