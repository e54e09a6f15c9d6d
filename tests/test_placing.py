"""Where the places of findings stand once the edits are made."""

from __future__ import annotations

from migrator.placing import File, place
from migrator.sites import Edit, Finding, Status

FILE = File("a.py", "a.py", {})
STAYS = Finding(0, "some.rule", Status.REVIEW, "it stays")


def lines(text: str, *edits: Edit) -> list[int | None]:
    """The new lines of the first statement, which stays, and of the last line."""
    edit = Finding(0, "some.rule", Status.MIGRATED, "edited", edits)
    last = Finding(text.rstrip("\n").rfind("\n") + 1, "some.rule", Status.MANUAL, "later")
    return [site.new_line for site in place(text, [STAYS, edit, last], FILE).sites if site.message != "edited"]


def test_a_place_goes_with_what_is_put_above_it() -> None:
    assert lines("import a\nb\n", Edit(0, 0, "import c\n")) == [2, 3]


def test_a_line_that_an_edit_puts_again_is_found_among_its_lines() -> None:
    assert lines("import a\nb\n", Edit(0, 8, "import c\nimport d\nimport a")) == [3, 4]


def test_a_line_that_is_not_there_any_more_is_where_its_edit_is() -> None:
    assert lines("import a, b\nb\n", Edit(0, 11, "import c\nimport a")) == [1, 3]


def test_a_line_that_went_is_nowhere() -> None:
    assert lines("import a\nb\n", Edit(0, 9, "")) == [None, 1]


def test_a_name_that_stays_is_found_where_its_statement_came_apart() -> None:
    text = "from a import (\n    b,\n    c,\n)\n"
    edit = Finding(
        0, "some.rule", Status.MIGRATED, "edited", (Edit(0, 29, "from d import b\nfrom a import (\n    c,\n)"),)
    )
    stays = Finding(0, "some.rule", Status.REVIEW, "it stays", stays="c")
    assert [site.new_line for site in place(text, [edit, stays], FILE).sites] == [2, 2]


def test_a_bracket_in_a_comment_neither_opens_nor_ends_an_import() -> None:
    before = "from a import (  # (all\n    b,  # :)\n    c,\n)\n"
    edit = Finding(0, "some.rule", Status.MIGRATED, "edited", (Edit(0, len(before), f"from d import e\n{before}"),))
    stays = Finding(0, "some.rule", Status.REVIEW, "it stays", stays="c")
    assert [site.new_line for site in place(before, [edit, stays], FILE).sites] == [2, 2]
