"""The report for people: what is a line, what is only counted, what to type next."""

from __future__ import annotations

from dataclasses import replace

from click import unstyle

from migrator.outcome import Mode, Plan
from migrator.reports import render
from migrator.sites import Site, Status


def text(plan: Plan, mode: Mode) -> str:
    return render(plan, "text", colour=False, mode=mode, fix_command="migrate --path src --from agentcore")


def test_a_check_ends_with_the_command_that_mends_it(plan: Plan) -> None:
    assert text(plan, "check").splitlines()[-1] == (
        "6 references in 3 files (1 to be changed by hand); to migrate: migrate --path src --from agentcore"
    )


def test_a_check_names_no_command_where_none_helps(plan: Plan) -> None:
    by_hand = replace(plan, sites=tuple(s for s in plan.sites if s.status is Status.MANUAL), problems=())
    assert text(by_hand, "check").splitlines()[-1] == "1 reference in 1 file, to be changed by hand as the messages say"


def test_a_check_that_finds_only_notes_says_that_nothing_fails(plan: Plan) -> None:
    notes = replace(plan, sites=tuple(s for s in plan.sites if not plan.fails(s)), problems=())
    assert text(notes, "check") == (
        "1 note of agentcore.sdk: another library: it stays\n"
        "1 prose mention in 1 file; to edit them: migrate --path src --from agentcore --text\n"
        "no reference to the old layer fails the check (40 files seen)\n"
    )


def test_a_site_of_a_check_is_one_line(plan: Plan) -> None:
    site = Site("a.py", 1, 2, "x.y", Status.MANUAL, "first\nsecond\r\nthird", "a.py", 1)
    assert text(replace(plan, sites=(site,)), "check").startswith("a.py:1:2: x.y: first\\nsecond\\r\\nthird\n")


def test_only_a_plan_shows_the_diff(plan: Plan) -> None:
    assert "diff --git a/app/llm.py b/app/llm.py\n" in text(plan, "plan")
    assert "diff --git" not in text(plan, "check") + text(plan, "applied")


def test_after_the_run_sites_stand_where_they_are_now(plan: Plan) -> None:
    assert "app/llm.py:12:5  review" in text(plan, "plan")
    assert "\nagentcore.env (2)\n  app/llm.py:14  review" in text(plan, "applied")
    assert "  app/new.py:4   review" in text(plan, "applied")


def test_after_the_run_it_says_how_to_undo_that_run(plan: Plan) -> None:
    applied = render(replace(plan, run="r1"), "text", colour=False, mode="applied", backup="kept/r1")
    assert "Applied as run r1; the files as they were are in kept/r1\n" in applied
    assert "  undo  migrate --restore --run r1\n" in applied


def test_without_changes_there_is_nothing_to_apply_or_undo(plan: Plan) -> None:
    report = text(replace(plan, changes=()), "plan")
    assert report.endswith("Nothing to write: by hand is all that is left.\n")
    assert "--restore" not in report


def test_colour_adds_nothing_but_colour(plan: Plan) -> None:
    coloured = render(plan, "text", colour=True, mode="plan", fix_command="migrate --path src --from agentcore")
    assert coloured != text(plan, "plan")
    assert unstyle(coloured) == text(plan, "plan")
