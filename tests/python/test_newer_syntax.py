"""Syntax that only Python 3.12 can parse is migrated by every Python that runs the tool."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from migrator import plan as planning
from migrator.packs.load import builtin_folder, load
from migrator.python.reading import newer
from migrator.tree.project import open_project

NEWER = [
    'x = f"a {d["k"]!r:>{w}} b {y=} c"\n',
    'x = "before" f"{a["b"]}" "after"\n',
    'f"""first\n{\n  x["a"]  # a comment\n}\n"""\n',
    "f'{f'{a}' + \"q\"}'\n",
    'f"{*a, b["k"]}"\n',
    'f"{x["a"]:%Y-{m}}"\n',
    'f"{{literal}} {x["a"]}"\n',
    'f"{ {"a": x}["a"] }"\n',
    'f"{(lambda: x["a"])()}"\n',
    'é = f"ü {x["ä"]} # no comment"\r\nf"{y}"\r\n',
    "type Ids = list[str]\n",
    "class Box[T, *Ts, **P](Base):\n    type Rows[U] = dict[str, U]\n    def put[V: int](self, value: V) -> V: ...\n",
    'type Kind = f"{x["a"]}"\r\nprint(type(x))\r\n',
]


def migrated(text: str, folder: Path) -> str:
    """What becomes of a module that is alone in a folder."""
    (folder / "app.py").write_text(text)
    pack = load(builtin_folder() / "agentcore-portkey-to-llm-gateway")
    plan = planning.build(open_project(folder), [pack], planning.Options())
    assert not plan.problems
    (change,) = plan.changes
    return (change.after or b"").decode()


@pytest.mark.parametrize("text", ["x = (\n", 'f"{"\n', "print 'hello'\n"])
def test_what_no_python_can_parse_is_left_to_the_caller(text: str) -> None:
    assert newer.masked(text) is None


@pytest.mark.parametrize("text", NEWER)
def test_the_masked_text_parses_and_every_name_stands_where_it_stood(text: str) -> None:
    found = newer.masked(text)
    assert found is not None
    masked, spans = found
    assert len(masked) == len(text)
    lines, real = masked.splitlines(), text.splitlines()
    names = [n for n in ast.walk(ast.parse(masked)) if isinstance(n, ast.Name)]
    assert names
    for name in names:
        start = len(lines[name.lineno - 1].encode()[: name.col_offset].decode())
        assert real[name.lineno - 1][start : start + len(name.id)] == name.id
    assert all(text[start] in "f\"'" and text[end - 1] in "\"'" for start, end in spans)


def test_names_paths_and_variables_in_such_an_f_string_are_migrated(tmp_path: Path) -> None:
    before = (
        "import os\n"
        "from agentcore.integration.portkey import PortkeyError\n"
        'print(f"{os.environ["PORTKEY_TIMEOUT"]} {PortkeyError.__name__} agentcore.integration.portkey.x # {1}")\n'
    )
    after = (
        "import os\n"
        "from agentcore.llm_gateway import LLMGatewayError\n"
        'print(f"{os.environ["LLM_GATEWAY_TIMEOUT"]} {LLMGatewayError.__name__} agentcore.llm_gateway.x # {1}")\n'
    )
    assert migrated(before, tmp_path) == after


@pytest.mark.parametrize("text", ["def f[T: Answer](x: T): ...\n", "class C[T = Answer]: ...\n"])
def test_parameters_that_name_something_else_are_not_masked(text: str) -> None:
    found = newer.masked(text)
    assert found is not None
    assert "Answer" in found[0]


def test_type_statements_and_parameters_are_migrated(tmp_path: Path) -> None:
    before = (
        "from agentcore.integration.portkey import PortkeyError\n\n"
        "type Errors = list[PortkeyError]\n\n\n"
        "class First[T]:\n"
        "    def of[U](self, rows: list[U]) -> U | PortkeyError: ...\n"
    )
    renamed = before.replace("agentcore.integration.portkey", "agentcore.llm_gateway")
    assert migrated(before, tmp_path) == renamed.replace("PortkeyError", "LLMGatewayError")
