"""The text of generated client modules: formatted, typed, tested by what comes with it, without anything unused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from wire import Wire

from migrator.clients import parts
from migrator.clients.module import Settings, provided, render
from migrator.clients.table import TARGETS, load
from migrator.clients.tests import render as render_tests
from migrator.errors import MigrateError

CHAT = frozenset({"completion", "acompletion"})
STATE = frozenset({"Router", "CustomLogger", "num_retries", "request_timeout", "headers", "model_alias_map"})
LEAN = Settings(features=frozenset(), positional=2)
OWN = Settings(
    providers={"openai": "openai-prod"},
    models={"bedrock/some-arn": "@bedrock-prod/some-model"},
    base_url="http://gateway.internal/v1",
    config={"cache": {"mode": "simple", "max_age": 3600}, "retry": {"attempts": 3}},
)


def test_what_cannot_be_generated() -> None:
    with pytest.raises(MigrateError, match=r"llm-gateway: `text_completion` cannot be generated: .*/v1/completions"):
        render("llm-gateway", frozenset({"text_completion"}), Settings())
    with pytest.raises(MigrateError, match="portkey: `rerank` cannot be generated: the SDK has no method"):
        render("portkey", frozenset({"rerank"}), Settings())
    with pytest.raises(MigrateError, match="`complete` cannot be generated: it is not a function of LiteLLM"):
        render_tests("portkey", frozenset({"complete"}), Settings(), "client")
    with pytest.raises(MigrateError, match="targets are"):
        render("openrouter", CHAT, Settings())


@pytest.mark.parametrize("target", TARGETS)
def test_only_what_is_used_is_there(target: str) -> None:
    text = render(target, frozenset({"aembedding"}), LEAN)
    assert "async def aembedding(" in text
    for absent in (
        "def embedding(",
        "completion",
        "overload",
        "import json",
        "x-no-cache",
        "image",
        "_parsed",
        "Stream",
    ):
        assert absent not in text
    assert "fallbacks" in render(target, CHAT, Settings())
    assert "def _change" not in render(target, CHAT, LEAN)


@pytest.mark.parametrize("target", TARGETS)
def test_it_speaks_of_the_project_alone(target: str) -> None:
    functions = frozenset(load(target).functions)
    for text in (render(target, functions, OWN), render_tests(target, functions, OWN, "app.llm")):
        assert "migrat" not in text.lower()
        assert "generated" not in text.lower()
        assert "{{" not in text
        assert "TODO" not in text


def test_the_text_is_the_same_every_time() -> None:
    assert render("portkey", CHAT, OWN) == render("portkey", frozenset(sorted(CHAT)), OWN)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for each target, set of functions and settings, with its tests."""
    root = tmp_path_factory.mktemp("project")
    for target in TARGETS:
        every = provided(target)
        variants = {
            "every": (every, OWN),
            "parts": (parts.provided(target) - {"batch_completion"}, Settings()),
            "counted": (frozenset({"token_counter", "cost_per_token", "AnyStream"}), Settings()),
            "chat": (CHAT, LEAN),
            "sync": (frozenset({"completion", "embedding"}), Settings()),
            "async": (frozenset({"acompletion", "aembedding"}), Settings()),
            "others": (frozenset({"speech", "amoderation"}), Settings()),
            "state": (STATE, Settings()),
        }
        for name, (functions, settings) in variants.items():
            package = root / f"{target.replace('-', '_')}_{name}"
            package.mkdir()
            (package / "__init__.py").touch()
            (package / "llm_client.py").write_text(render(target, functions, settings), encoding="utf-8")
            for style in ("pytest", "unittest"):
                tests = render_tests(target, functions, settings, f"{package.name}.llm_client", style)
                if "def test_" in tests:  # there are tests for what reaches the gateway
                    (package / f"test_llm_client_{style}.py").write_text(tests, encoding="utf-8")
    return root


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("LLM_GATEWAY", "PORTKEY", "OPENAI"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=variables | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("length", ["88", "100", "120"])
def test_it_is_formatted(project: Path, length: str) -> None:
    run(project, "-m", "ruff", "format", "--isolated", "--check", "--line-length", length, ".")


def test_it_is_clean(project: Path) -> None:
    rules = "B,C4,E,F,I,N,PT,RUF,SIM,UP,W"
    how = (
        "--isolated",
        "--select",
        rules,
        "--line-length",
        "88",
        "--per-file-ignores",
        "*_unittest.py:PT,*_unittest.py:N802",
    )
    run(project, "-m", "ruff", "check", *how, ".")


def test_it_is_typed(project: Path) -> None:
    run(project, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", ".")


def test_its_own_tests_pass(project: Path) -> None:
    run(project, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", ".")


@pytest.mark.parametrize("style", ["pytest", "unittest"])
def test_a_fault_in_it_fails_its_own_tests(project: Path, tmp_path: Path, style: str) -> None:
    source = (project / "portkey_every" / "llm_client.py").read_text(encoding="utf-8")
    tests = render_tests("portkey", frozenset(load("portkey").functions), OWN, "llm_client", style)
    faults = {
        "await made.close()": "pass",
        "case _ if value is None:": 'case "no such":',
        'request.setdefault("encoding_format", "float")': "pass",
        'raise openai.OpenAIError("PORTKEY_API_KEY is not set")': 'return ""',
    }
    (tmp_path / "test_llm_client.py").write_text(tests, encoding="utf-8")
    for old, new in faults.items():
        assert old in source
        (tmp_path / "llm_client.py").write_text(source.replace(old, new), encoding="utf-8")
        with pytest.raises(AssertionError, match="failed"):
            run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", ".")


LEAKS = """
import asyncio, gc, os, threading
from {package} import llm_client as llm

MESSAGES = [{{"role": "user", "content": "hi"}}]

async def ask():
    calls = (llm.acompletion("gpt-4o", MESSAGES, seed=1) for _ in range(4))
    await asyncio.gather(*calls)
    async for _ in await llm.acompletion("gpt-4o", MESSAGES, stream=True):
        break

def files():
    gc.collect()
    return len(os.listdir("/dev/fd"))

llm.completion("gpt-4o", MESSAGES)
asyncio.run(ask())
before = files()
for _ in range(5):
    asyncio.run(ask())
print(files() - before)
"""


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_stays_open(project: Path, wire: Wire, target: str) -> None:
    table = load(target)
    script = LEAKS.format(package=f"{target.replace('-', '_')}_chat")
    reach = {table.key_variable: "key", table.url_variable: wire.url}
    done = run(project, "-W", "error::ResourceWarning", "-c", script, **reach)
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("target", TARGETS)
def test_importing_needs_no_key_and_no_network(project: Path, target: str) -> None:
    script = (
        "import socket\n"
        "def refuse(*args): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        f"import {target.replace('-', '_')}_every.llm_client as llm\n"
        "print(llm._client, llm._async_clients)\n"
    )
    assert run(project, "-c", script).stdout == "None {}\n"
