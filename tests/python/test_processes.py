"""Which files of a project can be in one process."""

from __future__ import annotations

import pytest

from migrator.python.reading.processes import Processes

SETTING, ASKING = "x = 1\n", "y = 1\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"asking.py": "import setting\n"}, True),
        ({"main.py": "import setting, asking\n"}, True),
        ({"main.py": "import setting\n", "other.py": "import asking\n"}, False),
        (
            {"main.py": "from lib import (  # (not) all\n    a,\n)\nimport setting\n", "lib/a.py": "import asking\n"},
            True,
        ),
        ({"main.py": "import setting\nfrom \\\n    asking import y\n"}, True),
        ({"main.py": "import setting\nuvicorn.run('pkg.asking:y')\n", "pkg/asking.py": "import asking\n"}, True),
        ({"main.py": "import setting\nimport_module('asking')\n"}, True),
        ({"main.py": "import_module(name)\n"}, True),
        ({"main.py": "from importlib import import_module\nimport_module('other')\n"}, False),
        ({"web/settings.py": "INSTALLED_APPS = []\n"}, True),
        ({"book.ipynb": '["import setting\\n", "from asking import y\\n"]'}, True),
        ({"test_a.py": "import setting\n", "test_b.py": "import asking\n"}, True),
        ({"asking.py": "from logging import handlers\n", "logging/handlers.py": "import setting\n"}, True),
        ({"asking.py": "import logging\n", "logging.py": "import setting\n"}, False),
    ],
)
def test_what_runs_together(files: dict[str, str], expected: bool) -> None:
    files = {"setting.py": SETTING, "asking.py": ASKING, **files}
    assert Processes.build(files.items()).are_one("setting.py", "asking.py") is expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.py": "import app.asking\n"}, False),
        ({"main.py": "import app.asking\n", "pyproject.toml": ""}, True),
        ({}, True),  # who runs it is not seen
        ({"test_asking.py": "import app.asking\n"}, True),
        ({"main.py": "import app.asking\n", "app/__init__.py": "from . import setting\n"}, True),
        ({"main.py": "import app.asking\n", "app/asking.py": "from .inner.deep import a\n"}, False),
        ({"main.py": "from .app import asking, setting\n"}, True),
    ],
)
def test_what_packages_run_together(files: dict[str, str], expected: bool) -> None:
    files = {"app/__init__.py": "", "app/setting.py": SETTING, "app/asking.py": ASKING, **files}
    texts = {path: text for path, text in files.items() if path.endswith(".py")}
    assert Processes.build(texts.items(), files).are_one("app/setting.py", "app/asking.py") is expected


def test_pages_run_with_the_script_above_them() -> None:
    files = {"ui/home.py": "", "ui/pages/1_Ask.py": "", "ui/pages/2_Tell.py": "", "tool.py": ""}
    processes = Processes.build(files.items())
    assert processes.are_one("ui/pages/1_Ask.py", "ui/pages/2_Tell.py")
    assert not processes.are_one("tool.py", "ui/pages/1_Ask.py")


def test_of_a_file_that_is_not_known_anything_may_be() -> None:
    processes = Processes.build({"a.py": "", "test_b.py": "", "test_c.py": "import a\n"}.items())
    assert processes.are_one("a.py", "README.md")
    assert processes.seen_with("test_c.py", ["a.py"]) == "test_c.py"
    assert processes.seen_with("test_b.py", ["d.py"]) == "test_b.py"
    assert Processes.build({"a.py": "", "test_b.py": ""}.items()).seen_with("test_b.py", ["a.py"]) == ""


def test_a_long_line_of_marks_is_read_in_one_go() -> None:
    text = '"' + "#" * 300_000 + '"\nimport asking\n'  # minutes, where each mark looks for the end of the line
    processes = Processes.build({"asking.py": "", "other.py": text}.items())
    assert processes.are_one("asking.py", "other.py")
