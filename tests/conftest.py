"""What every test shares: how hypothesis searches, an environment that stays, copies of fixture applications."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from projects import run

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: builds or installs the project; deselect with -m 'not slow'")


_READ = ("ANTHROPIC_", "GIT_", "LLM_GATEWAY_", "OPENAI_", "PORTKEY_")  # what our programs read


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    """No test may leave a variable behind: programs that later tests start would read it."""
    before = {name: value for name, value in os.environ.items() if name.startswith(_READ)}
    yield
    assert {name: value for name, value in os.environ.items() if name.startswith(_READ)} == before


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the test module's application (`APP`) before its migration, and nothing else near it."""
    before = request.module.APP / "before"
    return Path(shutil.copytree(before, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def migrated(app: Path) -> Path:
    """The same after its migration."""
    assert run("--path", app, cwd=app.parent).returncode == 0
    return app
