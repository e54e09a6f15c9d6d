"""Notebooks: cells are one program, edited where they stand; the JSON around them stays byte for byte."""

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.formats.cells import cells
from migrator.formats.notebook import program
from tests.formats.helpers import apply, find, migrate, said

OLD = "agentcore.integration.portkey"
NEW = "agentcore.llm_gateway"


def notebook(*sources: str | list[str], kind: str = "code", **others: object) -> str:
    """A notebook with one cell a source, spelled as Jupyter does."""
    rows = [{"cell_type": kind, "metadata": {}, "source": source} for source in sources]
    return json.dumps({"cells": rows, **others, "nbformat": 4}, indent=1) + "\n"


def sources(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def test_what_only_looks_like_it_is_left() -> None:
    text = notebook("import portkey\nprint('Portkey Wallet', \"x-portkey-api-key\")", ["# exportKey\n"])
    assert migrate("a.ipynb", text) == text
    assert find("a.ipynb", text) == []


def test_a_name_in_an_output_is_for_the_next_run() -> None:
    row = {"cell_type": "code", "source": [], "outputs": [{"text": [f"module {OLD}\n"]}]}
    text = json.dumps({"cells": [row]})
    assert migrate("a.ipynb", text) == text
    assert said(find("a.ipynb", text)) == [f"review: {OLD} → {NEW}: in an output, run the notebook again"]


def test_cells_are_edited_where_they_stand() -> None:
    lines = ["import os\n", f'import {OLD}  # \\ " \U0001f600 \u00e9\n', f"{OLD}.x('\\t')"]
    text = notebook(lines, f"y = {OLD}.z\n", [f"print(\n  {OLD}.a,\n", ")"])
    assert migrate("a.ipynb", text) == text.replace(OLD, NEW)


def test_lines_that_come_in_are_lines_of_the_cell() -> None:
    text = notebook(["x = 1\n", "import portkey_ai\n", "y = 2"], ["import portkey_ai\n", "z"])
    after = migrate("a.ipynb", text)
    assert [cell["source"] for cell in json.loads(after)["cells"]] == [
        ["x = 1\n", "import os\n", "import re\n", "y = 2"],
        ["import os\n", "import re\n", "z"],
    ]


def test_a_cell_of_one_string_stays_one() -> None:
    assert sources(migrate("a.ipynb", notebook("import portkey_ai\nx"))) == ["import os\nimport re\nx"]


def test_a_statement_at_the_end_of_a_cell_has_no_line_end() -> None:
    text = notebook(["x = 1\n", "import portkey_ai"], "import portkey_ai")
    assert sources(migrate("a.ipynb", text)) == ["x = 1\nimport os\nimport re", "import os\nimport re"]


@pytest.mark.parametrize(
    "magic",
    ["!ls {x}", "%env A=1", "files = !ls", "  %matplotlib inline".strip(), "print?", "%%time", "%time y = 1", "?print"],
)
def test_commands_of_ipython_hide_nothing(magic: str) -> None:
    text = notebook(f"{magic}\nx = {OLD}.y", f"import {OLD}")
    assert migrate("a.ipynb", text) == text.replace(OLD, NEW)


def test_timed_code_is_code() -> None:
    text = notebook(f"%time y = {OLD}.x", f"%%time\nif y:\n    {OLD}.z")
    assert migrate("a.ipynb", text) == text.replace(OLD, NEW)


def test_cells_of_another_language_are_read_as_commands() -> None:
    text = notebook("%%bash\nexport PORTKEY_API_KEY=1\nif x", f"import {OLD}")
    after = migrate("a.ipynb", text)
    assert sources(after) == ["%%bash\nexport LLM_GATEWAY_API_KEY=1\nif x", f"import {NEW}"]


def test_a_cell_that_does_not_parse_leaves_the_others_alone() -> None:
    text = notebook("def f(:", f"import {OLD}")
    assert migrate("a.ipynb", text) == text.replace(OLD, NEW)


def test_markdown_cells_are_prose() -> None:
    text = notebook(["# Portkey\n", f"```python\nimport {OLD}\n```\n"], kind="markdown")
    assert migrate("a.ipynb", text) == text.replace(OLD, NEW)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"cells": []}', '{"worksheets": [{"cells": []}]}', '{"cells": [1, "a"]}']
)
def test_other_shapes_have_no_cells(text: str) -> None:
    assert list(cells(text)) == []
    assert program(text).text == ""


SOURCE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.one_of(SOURCE, st.lists(SOURCE, max_size=4)), max_size=4), st.booleans())
def test_cells_are_what_json_says(rows: list[str | list[str]], escaped: bool) -> None:
    document = {"cells": [{"source": row, "cell_type": "code"} for row in rows]}
    text = json.dumps(document, ensure_ascii=escaped)
    expected = ["".join(row) for row in rows if row != []]
    assert [cell.text for cell in cells(text)] == expected
    for cell in cells(text):
        for at in range(len(cell.text)):
            edited = json.loads(apply_one(text, cell.edit(at, at, 'a"\\\n')))
            assert 'a"\\\n'.join((cell.text[:at], cell.text[at:])) in [
                "".join(row["source"]) for row in edited["cells"]
            ]


def apply_one(text: str, edit: object) -> str:
    from migrator.sites import Edit, Finding, Status

    assert isinstance(edit, Edit)
    return apply(text, [Finding(edit.start, "test", Status.MIGRATED, "", (edit,))])


@given(st.lists(SOURCE, max_size=4))
def test_the_program_parses_or_a_cell_is_apart(rows: list[str]) -> None:
    whole = program(notebook(*rows))
    for cell in whole.cells:
        assert cell.text in rows
    try:
        ast.parse(whole.text)
    except (SyntaxError, ValueError):
        assert len(whole.cells) > 1  # each parses by itself
