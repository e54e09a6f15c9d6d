"""What a command loads: starting up, telling its version and checking a clean tree need no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import committed, run, spawn, write

HEAVY = {"dotenv", "git", "jsonschema", "libcst", "markdown_it", "psycopg", "rich", "sqlglot", "tomlkit"}
PROBE = """
import json, sys
from migrator.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def loaded(program: str, cwd: Path) -> set[str]:
    """The top-level modules that a program has loaded when it prints them on its last line."""
    ended = spawn("-c", program, cwd=cwd, program=sys.executable)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_the_probe_sees_what_is_loaded(tmp_path: Path) -> None:
    assert "libcst" in loaded("import libcst\n" + PROBE.format(arguments=["--version"]), tmp_path)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"], ["check"], ["--dry-run"], []])
def test_a_clean_tree_needs_no_heavy_library(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, {"app.py": "import os\n", "README.md": "# Nothing here\n", "conf.toml": "a = 1\n"})
    committed(tmp_path)
    assert loaded(PROBE.format(arguments=arguments), tmp_path).isdisjoint(HEAVY)


def test_python_alone_needs_no_format_parser(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "from agentcore.integration.portkey import PortkeyClient\n\nPortkeyClient()\n"})
    assert loaded(PROBE.format(arguments=["--dry-run"]), tmp_path).isdisjoint(HEAVY - {"libcst"})


def test_restoring_needs_no_heavy_library(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "from agentcore.integration.portkey import PortkeyClient\n\nPortkeyClient()\n"})
    assert spawn(cwd=tmp_path).returncode == 0
    assert loaded(PROBE.format(arguments=["--restore"]), tmp_path).isdisjoint(HEAVY)


def test_a_bare_check_of_a_clean_repository_does_not_even_load_click(tmp_path: Path) -> None:
    """And says what the whole command says."""
    (tmp_path / "clean.py").write_text("import os\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    code = (
        "import sys; sys.argv = ['migrate', 'check']\n"
        "from migrator.entry import main; main()\n"
        "print('click' in sys.modules, file=sys.stderr)"
    )
    short = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    whole = run("check", cwd=tmp_path)
    assert (short.stdout, short.stderr) == (whole.stdout, "False\n")
    (tmp_path / "old.py").write_text("from agentcore.integration.portkey import PortkeyClient\n")
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "old.py:1:" in found.stdout
