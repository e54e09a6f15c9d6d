"""The tests that come with a client module: where they are written, in which style, and that they pass there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import contents, run, write

CALL = "import litellm\n\n\ndef ask(text, **more):\n    return litellm.completion(model='a', messages=text, **more)\n"
TEST = "from app import llm\n\n\ndef test_it():\n    assert llm.ask\n"
CASE = "import unittest\n\nfrom app import llm\n\n\nclass Test(unittest.TestCase):\n    def test_it(self): llm.ask\n"
APP = {"app/__init__.py": "", "app/llm.py": CALL}


def _written(root: Path, *arguments: str) -> set[str]:
    """The files that a run adds."""
    before = contents(root).keys()
    ended = run("--yes", "--rules", "litellm-to-llm-gateway", *arguments, cwd=root)
    assert ended.returncode == 0, ended.stderr
    return {path for path in contents(root).keys() - before if not path.startswith(".migration_backup")}


def _run(root: Path, *arguments: str) -> str:
    ended = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no tests"),
        pytest.param({"tests/test_other.py": "import json\n"}, id="tests that import nothing of the project's own"),
        pytest.param({"tests/helpers.py": TEST}, id="a helper beside tests"),
        pytest.param({"evaluation/images/test_images.py": TEST}, id="a script that is called like a test"),
        pytest.param(
            {
                "tests/test_llm.py": TEST,
                "pyproject.toml": "[tool.migrate.packs.litellm-to-llm-gateway]\nclient-tests = false\n",
            },
            id="a setting",
        ),
        pytest.param(
            {"tests/test_llm.py": TEST, "old/test_llm_client.py": "", "old/test_llm_client_calls.py": ""},
            id="names that are taken",
        ),
    ],
)
def test_there_are_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert _written(write(tmp_path, APP | files)) == {"app/llm_client.py"}


@pytest.mark.parametrize(
    ("files", "path"),
    [
        pytest.param({"tests/test_llm.py": TEST}, "tests/test_llm_client.py", id="beside the others"),
        pytest.param(
            {"tests/integration/test_a.py": TEST, "tests/integration/test_b.py": TEST, "tests/unit/test_llm.py": TEST},
            "tests/unit/test_llm_client.py",
            id="beside the quick ones",
        ),
        pytest.param(
            {"tests_integ/test_a.py": TEST, "tests_integ/test_b.py": TEST, "tests/models/test_llm.py": TEST},
            "tests/models/test_llm_client.py",
            id="beside the quick ones by another name",
        ),
        pytest.param(
            {"app/ingest/__init__.py": "", "tests/ingest/test_a.py": TEST, "tests/ingest/test_b.py": TEST},
            "tests/test_llm_client.py",
            id="above those of a folder beside the client module",
        ),
        pytest.param(
            {"tests/app/test_llm.py": TEST, "tests/other/test_a.py": TEST, "tests/other/test_b.py": TEST},
            "tests/app/test_llm_client.py",
            id="beside those of the folder of the client module",
        ),
        pytest.param(
            {"tests/test_llm.py": TEST, "tests/test_llm_client.py": TEST},
            "tests/test_llm_client_calls.py",
            id="under another name where one is taken",
        ),
        pytest.param({"app/llm_test.py": TEST}, "app/test_llm_client.py", id="in the package"),
    ],
)
def test_they_stand_beside_the_project_s_own_and_pass(tmp_path: Path, files: dict[str, str], path: str) -> None:
    root = write(tmp_path, APP | files)
    before = contents(root)
    assert _written(root) == {"app/llm_client.py", path}
    text = (root / path).read_text()
    assert "from app import llm_client as llm\n" in text
    assert "import pytest\n" in text
    assert "passed" in _run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", path)
    _run(root, "-m", "ruff", "format", "--isolated", "--check", path, "app/llm_client.py")
    assert _written(root) == set()
    assert run("--restore", cwd=root).returncode == 0
    left = contents(root)
    assert {name: data for name, data in left.items() if name in before} == before
    assert path not in left


def test_they_are_of_unittest_where_the_others_are(tmp_path: Path) -> None:
    root = write(tmp_path, APP | {"tests/__init__.py": "", "tests/test_llm.py": CASE})
    assert _written(root) == {"app/llm_client.py", "tests/test_llm_client.py"}
    assert "pytest" not in (root / "tests/test_llm_client.py").read_text()
    assert "OK" in _run(root, "-m", "unittest", "-q", "tests.test_llm_client")


def test_there_are_none_of_a_client_in_the_file_itself(tmp_path: Path) -> None:
    call = "import litellm\n\nlitellm.embedding(model='a', input='b')\n"
    assert _written(write(tmp_path, APP | {"app/llm.py": call, "tests/test_llm.py": TEST})) == set()
