"""The model router that a project gets: formatted, typed, tested by what comes with it, and at work at a gateway."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import genai_prices  # noqa: F401 - the gateway's thread would import httpx2 with it while the SDK looks at that
import openai
import pytest
import yaml
from projects import write
from serving import served

from llm_gateway.core.settings import parse
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.server.app import App
from llm_gateway.server.live import Live
from migrator.planning.router.files import Home, files

HOMES = {"plain": Home("", "core_plain"), "deep": Home("", "app_deep.llm"), "legacy": Home("", "core_legacy")}
OURS = "lint.isort.known-first-party=['core_plain', 'core_legacy', 'app_deep']"
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for each way to make it, with the tests of each beside them."""
    root = tmp_path_factory.mktemp("project")
    for name, home in HOMES.items():
        title = {"legacy": 'The "Desk"', "plain": "It's a desk"}.get(name, "")
        made = files(home, title=title, referer="https://desk.example", legacy=name == "legacy")
        tests = home.path("tests/test_model_router.py")
        write(root, {f"tests/test_{name}.py" if path == tests else path: text for path, text in made.items()})
        for folder in ("", "llm_client"):
            (root / home.inside(f"{folder}/__init__.py")).touch()
    (root / "app_deep/__init__.py").touch()
    return root


def run(project: Path, *arguments: str) -> None:
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("OPENROUTER", "AIMLAPI", "OPENAI"))}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=project, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_speaks_of_the_project_alone() -> None:
    for home in HOMES.values():
        for text in files(home).values():
            assert "migrat" not in text.lower(), text
            assert "{{" not in text
            assert "portkey" not in text.replace("USE_LEGACY_PORTKEY", "").lower()


@pytest.mark.parametrize("length", ["88", "100", "120"])
def test_it_is_formatted(project: Path, length: str) -> None:
    run(project, "ruff", "format", "--isolated", "--check", "--line-length", length, ".")


def test_it_is_clean(project: Path) -> None:
    rules = "B,C4,E,F,I,N,PT,RUF,SIM,UP,W"
    run(project, "ruff", "check", "--isolated", "--config", OURS, "--select", rules, "--line-length", "88", ".")


def test_it_is_typed(project: Path) -> None:
    run(project, "mypy", "--strict", "--no-incremental", "--config-file=", ".")


def test_its_own_tests_pass(project: Path) -> None:
    run(project, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", ".")


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("llm_client/chat_client.py", "if error:", "if error is False:"),
        ("llm_client/chat_client.py", "if not said:", "if not settings:"),
        ("llm_client/openrouter_client.py", '{"provider": {"order": order}}', '{"order": order}'),
        ("model_router.py", "last=begun or route is routes[-1]", "last=route is routes[-1]"),
        ("model_router.py", "isinstance(error, HOPELESS)", "isinstance(error, ())"),
    ],
)
def test_a_fault_in_it_fails_its_own_tests(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    made = files(Home("", "core"))
    assert right in made[f"core/{file}"]
    write(tmp_path, {**made, f"core/{file}": made[f"core/{file}"].replace(right, wrong)})
    with pytest.raises(AssertionError, match="failed"):
        run(tmp_path, "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", ".")


# ------------------------------------------------------------------------------------------------------- at a gateway


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    live = Live(parse({"mock": True, "server": {"shutdown_seconds": 5}}, "test"), http=HttpTransport(600.0))
    with served(App(live), live) as address:
        yield address


@pytest.fixture
def router(project: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The router with OpenRouter's face of a gateway, and with another one that serves what the first one fails at."""
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.setenv("OPENROUTER_API_KEY", "key")
    monkeypatch.setenv("AIMLAPI_KEY", "key")
    monkeypatch.setenv("MODEL_CONFIG_PATH", str(tmp_path / "models.yaml"))
    there = {"api_key_env": "OPENROUTER_API_KEY", "max_retries": 0}
    served_by_the_other = {f"mock-{fault}": "openai/gpt-4o-mini" for fault in ("error-503", "error-in-200", "cut")}
    data = {
        "models": {"fast": {"primary": "openai/gpt-4o", "providers": ["openrouter", "aimlapi"]}},
        "providers": {
            "openrouter": {"base_url": f"{url}/api/v1", **there},
            "aimlapi": {"base_url": f"{url}/v1", **there, "models": served_by_the_other},
        },
    }
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(data))
    made = import_module("core_plain.model_router").ModelRouter()
    yield made
    made.close()


def test_the_primary_model_answers(router: Any) -> None:
    assert router.chat(HELLO).model == "gpt-4o"
    assert "Hello" in _text(router.stream(HELLO))


@pytest.mark.parametrize("model", ["mock-error-503", "mock-error-in-200"])
def test_the_other_provider_answers(router: Any, model: str) -> None:
    assert router.chat(HELLO, model=model).model == "gpt-4o-mini"


def test_a_stream_that_cannot_begin_comes_from_the_other_provider(router: Any) -> None:
    assert "Hello" in _text(router.stream(HELLO, model="mock-error-503"))


def test_a_stream_that_ends_in_an_error_raises_it(router: Any) -> None:
    with pytest.raises(openai.InternalServerError, match="openrouter: mock error in a reply with status 200"):
        list(router.stream(HELLO, model="mock-error-in-200", provider="openrouter"))


def test_one_provider_alone_raises_its_error(router: Any) -> None:
    with pytest.raises(openai.APIStatusError, match="mock error in a reply with status 200"):
        router.chat(HELLO, model="mock-error-in-200", provider="openrouter")


def test_it_can_be_awaited_in_one_loop_after_the_other(router: Any) -> None:
    async def asked() -> str:
        answer = await router.achat(HELLO, model="mock-error-503")
        await router.aclose()
        return str(answer.model)

    async def streamed() -> list[Any]:
        chunks = [chunk async for chunk in router.astream(HELLO)]
        await router.aclose()
        return chunks

    assert asyncio.run(asked()) == "gpt-4o-mini"
    assert "Hello" in _text(asyncio.run(streamed()))


def _text(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
