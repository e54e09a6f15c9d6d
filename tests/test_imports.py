"""What a command loads: starting up, telling its version and checking a clean tree need no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import committed, run, spawn, write

HEAVY = {"ast_grep_py", "dotenv", "git", "jsonschema", "libcst", "markdown_it", "psycopg", "rich", "sqlglot", "tomlkit"}
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


@pytest.mark.parametrize(
    ("path", "text", "parsed"),
    [
        ("app.py", "from portkey_ai import Portkey\n\nPortkey()\n", False),
        ("README.md", "PORTKEY_API_KEY\n", False),
        ("app.ts", "const key = process.env.PORTKEY_API_KEY;\n", True),
    ],
)
def test_only_scripts_need_their_parser(tmp_path: Path, path: str, text: str, parsed: bool) -> None:
    write(tmp_path, {path: text})
    arguments = ["--dry-run", "--rules", "portkey-to-llm-gateway"]
    assert ("ast_grep_py" in loaded(PROBE.format(arguments=arguments), tmp_path)) is parsed


def test_restoring_needs_no_heavy_library(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "from agentcore.integration.portkey import PortkeyClient\n\nPortkeyClient()\n"})
    assert spawn(cwd=tmp_path).returncode == 0
    assert loaded(PROBE.format(arguments=["--restore"]), tmp_path).isdisjoint(HEAVY)


SLOW = {"click", "dataclasses", "git", "pathlib", "tomllib", "typing"}
BARE = f"""
import sys; sys.argv = ["migrate", "check"]
from migrator.entry import main; main()
print(sorted({SLOW} & sys.modules.keys()), file=sys.stderr)
"""


def bare_check(cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BARE], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    write(tmp_path, {"clean.py": "import os\n"})
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_bare_check_of_a_clean_repository_does_not_even_load_click(repo: Path) -> None:
    """And says what the whole command says."""
    short = bare_check(repo)
    assert (short.stdout, short.stderr) == (run("check", cwd=repo).stdout, "[]\n")


@pytest.mark.parametrize(
    "files",
    [
        {"old.py": "from agentcore.integration.portkey import PortkeyClient\n"},
        {"agentcore/integration/portkey/new.py": "x = 1\n"},
        {"pyproject.toml": "[tool.migrate]\nno = 1\n"},
        {"pyproject.toml": "tool.migrate = 1\n"},
        {"pyproject.toml": "[tool.migrate.packs.none]\n"},
        {"migrate_rules/mine/pack.toml": "wrong\n"},
    ],
)
def test_a_bare_check_leaves_the_rest_to_the_whole_command(repo: Path, files: dict[str, str]) -> None:
    write(repo, files)
    short, whole = bare_check(repo), run("check", cwd=repo)
    assert (short.returncode, short.stdout, short.stderr) == (whole.returncode, whole.stdout, whole.stderr)
    assert whole.returncode


def test_a_bare_check_refuses_backups_behind_a_link(repo: Path) -> None:
    (repo / ".migration_backup").symlink_to(repo.parent)
    short, whole = bare_check(repo), run("check", cwd=repo)
    assert (short.returncode, short.stderr) == (whole.returncode, whole.stderr)
    assert whole.returncode == 2


def test_a_word_in_the_settings_of_others_keeps_a_bare_check_short(repo: Path) -> None:
    write(repo, {"pyproject.toml": '[dependency-groups]\ndev = ["llm-migrate"]\n'})
    assert "click" not in bare_check(repo).stderr
