"""What every test shares: the installed command, and how hypothesis searches."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

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
