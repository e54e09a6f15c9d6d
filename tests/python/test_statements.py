"""Names taken out of an import leave every comment of another name where it stands, and give up their own."""

from __future__ import annotations

import ast

import pytest

from migrator.python.statements import without_names


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after", "comments"),
    [
        ("from a import b, c", "from a import c", []),
        ("from a import c, b", "from a import c", []),
        ("from a import c, b, d", "from a import c, d", []),
        ("from a import c, \\\n    b, \\\n    d", "from a import c, \\\n    d", []),
        ("from a import (c, b)", "from a import (c)", []),
        (
            "from a import (  # head\n    b,  # own\n    c,  # other\n)",
            "from a import (  # head\n    c,  # other\n)",
            ["# own"],
        ),
        ("from a import (\n    c,  # other\n    b  # own\n)", "from a import (\n    c  # other\n)", ["# own"]),
        (
            "from a import (\n    b as x,  # own\n    # above\n    c,\n)",
            "from a import (\n    # above\n    c,\n)",
            ["# own"],
        ),
        ("from a import (\n    c, b,  # both\n)", "from a import (\n    c,  # both\n)", []),
    ],
)
def test_a_name_goes_with_its_own_comment(before: str, after: str, comments: list[str], newline: str) -> None:
    text, own = without_names(before.replace("\n", newline), {"b"})
    assert text == after.replace("\n", newline)
    assert own == comments
    ast.parse(text)
