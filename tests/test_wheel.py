"""The wheel holds what the command needs, and works from it alone, away from the sources."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from projects import HOUSE, Ended, spawn, write

pytestmark = pytest.mark.slow

USER = "from agentcore.integration.portkey import PortkeyClient\n\nPortkeyClient()\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, HOUSE)
    ended = spawn(*build, cwd=folder, program=sys.executable)
    assert ended.returncode == 0, ended.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`migrate` in an environment that has the wheel, and its dependencies from the one the tests run in."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    installed = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    ended = spawn(*installed, cwd=folder, program=sys.executable)
    assert ended.returncode == 0, ended.stderr
    # After the environment's own packages; the .pth files there, which may lead to the sources, are not read.
    own = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.with_name("migrate")


@pytest.fixture
def away(tmp_path: Path) -> Path:
    return write(tmp_path, {"app.py": USER})


def _run(command: Path, cwd: Path, *arguments: str) -> Ended:
    return spawn(*arguments, cwd=cwd, program=command)


def test_it_holds_rules_schemas_and_the_mark_of_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    held = {f"migrator/{path.relative_to(HOUSE).as_posix()}" for path in HOUSE.glob("rules/*/pack.toml")}
    data = [
        *HOUSE.glob("migrator/schemas/*.json"),
        *HOUSE.glob("llm_gateway/**/*.toml"),
        *HOUSE.glob("llm_gateway/**/*.css"),
    ]
    held |= {path.relative_to(HOUSE).as_posix() for path in data}
    assert len(held) >= 5
    assert held | {"migrator/py.typed", "llm_gateway/py.typed"} <= names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"llm_gateway", "migrator"}
    assert not [name for name in names if name.endswith(".pyc")]


def test_it_runs_away_from_the_sources(command: Path, away: Path) -> None:
    where = spawn("-c", "import migrator; print(migrator.__file__)", cwd=away, program=command.with_name("python"))
    assert where.stdout.startswith(str(command.parent.parent))
    listed = _run(command, away, "rules", "list").stdout
    assert re.search("^agentcore-portkey-to-llm-gateway +agentcore → llm-gateway", listed, re.MULTILINE)


def test_it_migrates_and_restores(command: Path, away: Path) -> None:
    assert "+from agentcore.llm_gateway import" in _run(command, away, "--dry-run").stdout
    assert _run(command, away, "check").returncode == 1
    assert _run(command, away).returncode == 0
    assert _run(command, away, "check").returncode == 0
    assert _run(command, away, "--restore").returncode == 0
    assert (away / "app.py").read_text() == USER


def test_it_says_its_version(command: Path, away: Path, wheel: Path) -> None:
    assert _run(command, away, "--version").stdout.split()[-1] == wheel.name.split("-")[1]
