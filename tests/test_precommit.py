"""The hooks of `.pre-commit-hooks.yaml` in a real repository, installed and run by pre-commit as a user's would be."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from projects import BACKUP, HOUSE, Ended, committed, git, spawn, write

pytestmark = pytest.mark.slow

USER = "from agentcore.integration.portkey import PortkeyClient\n\nclient = PortkeyClient()\n"
MIGRATED = USER.replace("integration.portkey", "llm_gateway").replace("PortkeyClient", "LLMGatewayClient")
CONFIG = """
repos:
  - repo: {source}
    rev: {rev}
    hooks:
      - id: migrate-check
        stages: [manual]
      - id: migrate-fix
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where pre-commit finds this project, as a repository of its own, and the store it has installed it in."""
    folder = tmp_path_factory.mktemp("pre-commit")
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "fixtures", "tests", "benchmarks")
    source = Path(shutil.copytree(HOUSE, folder / "source", ignore=ignored))
    shutil.copy(HOUSE / ".pre-commit-hooks.yaml", source)
    committed(source)
    config = CONFIG.format(source=source, rev=git(source, "rev-parse", "HEAD").strip())
    store = {"PRE_COMMIT_HOME": str(folder / "store"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    trial = committed(write(folder / "trial", {".pre-commit-config.yaml": config}))
    ended = _pre_commit(trial, store, "install-hooks")
    if ended.returncode != 0:
        reason = f"NO PACKAGE INDEX IN REACH, the hooks were not tested:\n{ended.stdout}{ended.stderr}"
        pytest.fail(reason) if os.environ.get("CI") or "No matching distribution" not in reason else pytest.skip(reason)
    return {**store, "CONFIG": config}


@pytest.fixture
def root(tmp_path: Path, installed: dict[str, str]) -> Path:
    files = {".pre-commit-config.yaml": installed["CONFIG"], ".gitignore": f"{BACKUP}/\n", "clean.py": "import os\n"}
    return committed(write(tmp_path / "project", files))


def _pre_commit(root: Path, env: dict[str, str], *arguments: str) -> Ended:
    return spawn(*arguments, cwd=root, env=env, program=Path(sys.executable).with_name("pre-commit"))


def test_the_check_fails_on_the_files_of_the_commit(root: Path, installed: dict[str, str]) -> None:
    write(root, {"app.py": USER, "unstaged.py": USER})
    git(root, "add", "app.py")
    ended = _pre_commit(root, installed, "run", "migrate-check", "--hook-stage", "manual")
    assert ended.returncode == 1
    assert "app.py:1:1: agentcore.module: " in ended.stdout
    assert "unstaged.py" not in ended.stdout
    assert (root / "app.py").read_text() == USER


def test_the_check_passes_without_old_references(root: Path, installed: dict[str, str]) -> None:
    ended = _pre_commit(root, installed, "run", "migrate-check", "--hook-stage", "manual", "--all-files")
    assert ended.returncode == 0, ended.stdout


def test_the_fix_migrates_and_stops_the_commit_once(root: Path, installed: dict[str, str]) -> None:
    write(root, {"app.py": USER})
    git(root, "add", "app.py")
    ended = _pre_commit(root, installed, "run")
    assert ended.returncode == 1
    assert "files were modified by this hook" in ended.stdout
    assert (root / "app.py").read_text() == MIGRATED
    git(root, "add", "app.py")
    assert _pre_commit(root, installed, "run").returncode == 0


def test_the_fix_works_beside_changes_that_are_not_staged(root: Path, installed: dict[str, str]) -> None:
    write(root, {"app.py": USER, "other.py": "a = 1\n"})
    git(root, "add", "app.py", "other.py")
    write(root, {"other.py": "a = 2\n"})
    ended = _pre_commit(root, installed, "run")
    assert ended.returncode == 1
    assert (root / "app.py").read_text() == MIGRATED
    assert (root / "other.py").read_text() == "a = 2\n"
    assert git(root, "show", ":app.py") == USER
