"""JSON by its schema, SARIF by its structure, workflow commands by their grammar."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from jsonschema import Draft202012Validator

import migrator
from migrator.outcome import Mode, Plan
from migrator.reports import render
from migrator.sites import Site, Status

SCHEMA = json.loads((Path(migrator.__file__).parent / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def document(plan: Plan, format: str = "json", mode: Mode = "plan") -> Any:
    return json.loads(render(plan, format, colour=False, mode=mode))


def results(plan: Plan, mode: Mode = "plan") -> Any:
    return document(plan, "sarif", mode)["runs"][0]["results"]


# ------------------------------------------------------------------------------------------------------------- json


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["version"], 2),
        (["run"], ""),
        (["more"], 1),
        (["summary", "seconds"], -1),
        (["summary", "sites", "skipped"], 0),
        (["sites", 0, "line"], 0),
        (["sites", 0, "status"], "done"),
        (["sites", 0, "new_line"], "4"),
        (["changes", 0, "kind"], "move"),
        (["errors", 0, "reason"], ""),
    ],
)
def test_the_schema_refuses(plan: Plan, path: list[Any], value: object) -> None:
    report = copy.deepcopy(document(plan))
    inner = report
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert not VALIDATOR.is_valid(report)


def test_every_key_of_the_report_is_required(plan: Plan) -> None:
    for key in document(plan):
        report = document(plan)
        del report[key]
        assert not VALIDATOR.is_valid(report)


def test_the_report_is_valid(plan: Plan, hostile: Plan) -> None:
    for report in (plan, hostile, replace(plan, run="r1", sites=(), changes=(), problems=())):
        VALIDATOR.validate(document(report))


def test_odd_file_names_survive(hostile: Plan) -> None:
    assert document(hostile)["sites"][0]["path"] == hostile.sites[0].path


# ------------------------------------------------------------------------------------------------------------ sarif


def test_levels_follow_the_mode(plan: Plan) -> None:
    def levels(mode: Mode) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for result in results(plan, mode):
            found.setdefault(result["level"], set()).add(f"{result['ruleId']} {result['properties']['status']}")
        return found

    notes = {"agentcore.sdk manual", "agentcore.mention review", "agentcore.module ignored"}
    migrated = {"agentcore.module migrated", "agentcore.class migrated"}
    assert levels("plan") == {
        "error": {"agentcore.keys manual"},
        "warning": {"agentcore.env review"},
        "note": notes | migrated,
    }
    assert levels("check") == {"error": {"agentcore.keys manual", "agentcore.env review"} | migrated, "note": notes}


def test_results_point_at_their_rules(plan: Plan) -> None:
    driver = document(plan, "sarif")["runs"][0]["tool"]["driver"]
    assert [driver["rules"][r["ruleIndex"]]["id"] for r in results(plan)] == [r["ruleId"] for r in results(plan)]
    described = {rule["id"]: rule for rule in driver["rules"]}
    assert described["agentcore.module"]["helpUri"].startswith("https://")
    assert described["agentcore.keys"]["help"] == {"text": "See docs/packs/agentcore.md#keys"}


def test_only_what_is_ignored_is_suppressed(plan: Plan) -> None:
    suppressed = [r["properties"]["status"] for r in results(plan) if "suppressions" in r]
    assert suppressed == ["ignored"]


def test_a_site_keeps_its_fingerprint_when_it_moves_and_shares_it_with_none(plan: Plan) -> None:
    def prints(report: Plan) -> list[str]:
        return [r["partialFingerprints"]["migrateSite/v1"] for r in results(report)]

    moved = replace(plan, sites=tuple(replace(s, line=s.line + 7) for s in plan.sites))
    twice = replace(plan, sites=(*plan.sites, replace(plan.sites[0], line=90)))
    assert prints(moved) == prints(plan)
    assert len(set(prints(twice))) == len(twice.sites)


def test_addresses_are_relative_and_escaped(hostile: Plan) -> None:
    uri = results(hostile)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9%._~/-]+", uri)
    assert unquote_to_bytes(uri).decode("utf-8", "surrogateescape") == hostile.sites[0].path


def test_a_file_that_could_not_be_handled_fails_the_invocation(plan: Plan) -> None:
    invocation = document(plan, "sarif")["runs"][0]["invocations"][0]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "line 3: not valid Python"
    assert document(replace(plan, problems=()), "sarif")["runs"][0]["invocations"][0]["executionSuccessful"]


# ----------------------------------------------------------------------------------------------------------- github


def test_nothing_breaks_out_of_a_command(hostile: Plan) -> None:
    report = render(hostile, "github", colour=False, mode="check")
    lines = report.split("\n")
    assert len(lines) == 3 and lines[2] == ""
    assert "@team%0D%0A::error::forged" in lines[0]
    properties = re.fullmatch(r"::error (.*?)::.*", lines[0])
    assert properties and [p.split("=")[0] for p in properties[1].split(",")] == ["file", "line", "col", "title"]
    assert "%3A%2C%25" in properties[1]


def test_a_folder_below_the_workspace_is_part_of_the_file(plan: Plan) -> None:
    site = Site("a.py", 1, 2, "x.y", Status.MANUAL, "by hand", "a.py", 1)
    below = replace(plan, root=Path("services/api"), sites=(site,), problems=())
    assert render(below, "github", colour=False, mode="check") == (
        "::error file=services/api/a.py,line=1,col=2,title=x.y::by hand\n"
    )


def test_what_is_ignored_is_no_annotation(plan: Plan) -> None:
    ignored = replace(plan, sites=tuple(s for s in plan.sites if s.status is Status.IGNORED), problems=())
    assert render(ignored, "github", colour=False, mode="plan") == ""
