"""The newsroom migrates to exactly its `after`, says the same on the gateway, and its own tests pass on either side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway.noting import Noting, noting_gateway
from projects import HOUSE, Ended, contents, run, spawn, tree

APP = HOUSE / "fixtures/litellm_app"
TARGETS = {"llm-gateway": "LLM_GATEWAY", "portkey": "PORTKEY"}
# Runs a module where another cannot be imported.
WITHOUT = """
import runpy, sys
sys.modules[sys.argv[1]] = None
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[str, Noting]]:
    """The base URL of a gateway, and what it notes."""
    with noting_gateway() as (url, noting):
        yield url, noting


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _migrate(app: Path, target: str, *options: str) -> Ended:
    return run("--path", app, "--from", "litellm", "--to", target, *options, cwd=app.parent)


def test_the_result_is_exactly_what_the_fixture_says(app: Path, target: str) -> None:
    assert _migrate(app, target).returncode == 0
    assert contents(app) == contents(APP / f"after-{target}")


def test_a_second_run_changes_nothing(app: Path, target: str) -> None:
    _migrate(app, target)
    once = tree(app)
    assert _migrate(app, target).returncode == 0
    assert tree(app) == once


def test_a_restore_gives_back_every_byte(app: Path, target: str) -> None:
    before = tree(app)
    _migrate(app, target)
    assert tree(app) != before
    assert run("--restore", "--path", app, cwd=app.parent).returncode == 0
    assert tree(app) == before


def test_nothing_is_left_to_do_by_hand(app: Path, target: str) -> None:
    report = json.loads(_migrate(app, target, "--format", "json").stdout)
    assert report["summary"]["sites"]["manual"] == 0
    assert report["errors"] == []
    assert run("check", "--path", app, "--from", "litellm", "--to", target, cwd=app.parent).returncode == 0


def test_it_sends_and_says_the_same_before_and_after(app: Path, target: str, gateway: tuple[str, Noting]) -> None:
    url, noting = gateway
    before = _said(app, _providers(url), "portkey_ai")
    asked = _taken(noting)
    _migrate(app, target)
    assert _said(app, _gateway(url, target), "litellm") == before
    assert before[0] == "Summary: Mock reply to: Sum up: The bridge is open"
    assert len(before) == 6
    assert _taken(noting) == asked


def test_its_own_tests_pass_on_either_side(app: Path, target: str) -> None:
    nowhere = "http://127.0.0.1:9/v1"
    tests = ("pytest", "-q", "-p", "no:cacheprovider")
    assert " passed" in _run(app, _providers(nowhere), "portkey_ai", *tests)[-1]
    _migrate(app, target)
    assert " passed" in _run(app, _gateway(nowhere, target), "litellm", *tests)[-1]


def _providers(url: str) -> dict[str, str]:
    """What leads LiteLLM to a gateway, whichever provider it asks."""
    keys = {f"{name}_API_KEY": "key" for name in ("OPENAI", "ANTHROPIC", "GEMINI")}
    return {**keys, "OPENAI_BASE_URL": url, "ANTHROPIC_API_BASE": url.removesuffix("/v1")}


def _gateway(url: str, target: str) -> dict[str, str]:
    return {f"{TARGETS[target]}_API_KEY": "key", f"{TARGETS[target]}_BASE_URL": url}


def _said(app: Path, environment: dict[str, str], without: str) -> list[str]:
    return _run(app, environment, without, "newsroom", "The bridge is open")


def _run(app: Path, environment: dict[str, str], without: str, *command: str) -> list[str]:
    """The lines that a module of the application prints."""
    ended = spawn("-c", WITHOUT, without, *command, cwd=app, env=environment, program=sys.executable)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


def _taken(noting: Noting) -> list[tuple[str, object]]:
    """Which model was asked what, in order: Anthropic's own API has other paths, and texts in blocks."""
    asked = [(request.body["model"].rpartition("/")[2], _last_text(request.body)) for request in noting.seen]
    noting.seen.clear()
    return asked


def _last_text(body: dict[str, Any]) -> object:
    if "input" in body:
        return body["input"]
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]
