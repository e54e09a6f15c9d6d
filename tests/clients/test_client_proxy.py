"""Client modules that have LiteLLM call the gateway, beside LiteLLM itself: what reaches the wire, and what is told."""

from __future__ import annotations

import asyncio
import copy
import gc
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest
from importing import import_file
from wire import CHAT, MESSAGES, Wire

from migrator.clients.module import Settings
from migrator.clients.proxy import provided, render
from migrator.clients.table import TARGETS, load
from migrator.errors import MigrateError

# LiteLLM leaves an event loop and sockets open, and warns of its own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::RuntimeWarning"),
]

PREFIX = {"llm-gateway": "openai/", "portkey": "@openai/"}  # of OpenAI's models, on the wire
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
CHATS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "max_tokens": 9, "stop": ["x"], "seed": 1, "user": "ann"},
    {"tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False},
    {"response_format": {"type": "json_object"}, "logprobs": True, "top_logprobs": 2},
    {"stream": True, "stream_options": {"include_usage": True}},
    {"top_k": 3, "extra_body": {"min_p": 1}, "extra_headers": {"x-team": "a"}, "metadata": {"run": "1"}},
    {"functions": [{"name": "f", "parameters": {}}], "function_call": "auto", "n": 2},
]


@pytest.fixture(scope="module")
def litellm() -> Iterator[ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm

        yield litellm
        for client in litellm.in_memory_llm_clients_cache.cache_dict.values():
            if isinstance(client, openai.OpenAI):
                client.close()
        litellm.in_memory_llm_clients_cache.flush_cache()
        gc.collect()


@pytest.fixture(scope="module")
def proxied(litellm: ModuleType, target: str, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    path = tmp_path_factory.mktemp("proxied") / "client.py"
    path.write_text(render(target, provided(target), Settings()), encoding="utf-8")
    return import_file(path)


def plain(litellm: ModuleType, wire: Wire, function: str, arguments: dict[str, Any]) -> Any:
    answer = getattr(litellm, function)(**copy.deepcopy(arguments), api_base=wire.url, api_key="provider-key")
    return list(answer) if arguments.get("stream") else answer


# ------------------------------------------------------------------------------------------------ beside LiteLLM itself


@pytest.mark.parametrize("arguments", CHATS, ids=lambda arguments: " ".join(arguments) or "bare")
@pytest.mark.parametrize("model", ["gpt-4o", "o3-mini"])
def test_chat_sends_what_litellm_sends(
    litellm: ModuleType, wire: Wire, proxied: ModuleType, target: str, model: str, arguments: dict[str, Any]
) -> None:
    call = {"model": f"openai/{model}", "messages": MESSAGES, "drop_params": True, **arguments}
    plain(litellm, wire, "completion", call)
    before = wire.one()
    given = copy.deepcopy(call)

    async def acompletion() -> None:
        answer = await proxied.acompletion(**call)
        if arguments.get("stream"):
            assert [chunk.choices[0].delta.content async for chunk in answer][:2] == ["Be", "rn"]

    asyncio.run(acompletion())
    after = [wire.one()]
    answer = proxied.completion(**call)
    if arguments.get("stream"):
        assert [chunk.choices[0].delta.content for chunk in answer][:2] == ["Be", "rn"]
    after.append(wire.one())
    own = call.keys() - {"metadata"}  # where LiteLLM itself puts something
    assert {name: call[name] for name in own} == {name: given[name] for name in own}
    for request in after:
        assert request.path == before.path
        assert request.body == {**before.body, "model": f"{PREFIX[target]}{model}"}
        assert request.headers["x-team"] == before.headers["x-team"]
        assert request.headers["authorization"] == "Bearer gateway-key"
        assert request.headers["x-portkey-api-key"] == ("gateway-key" if target == "portkey" else None)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("embedding", {"model": "openai/text-embedding-3-small", "input": ["a"], "dimensions": 2, "user": "ann"}),
        ("image_generation", {"model": "openai/dall-e-3", "prompt": "a", "style": "vivid", "response_format": "url"}),
        ("speech", {"model": "openai/tts-1", "input": "hi", "voice": "alloy", "speed": 1.5}),
        ("responses", {"model": "openai/gpt-4o", "input": "hi", "temperature": 0.5, "user": "ann"}),
    ],
)
def test_the_others_send_what_litellm_sends(
    litellm: ModuleType, wire: Wire, proxied: ModuleType, target: str, function: str, arguments: dict[str, Any]
) -> None:
    plain(litellm, wire, function, arguments)
    before = wire.one()
    getattr(proxied, function)(**arguments)
    after = [wire.one()]
    asyncio.run(getattr(proxied, f"a{function}")(**arguments))
    after.append(wire.one())
    model = PREFIX[target] + arguments["model"].removeprefix("openai/")
    assert [request.body for request in after] == [{**before.body, "model": model}] * 2
    assert {request.headers["authorization"] for request in after} == {"Bearer gateway-key"}


def test_files_and_moderations_and_batches(wire: Wire, proxied: ModuleType, target: str) -> None:
    sound = io.BytesIO(b"RIFF")
    sound.name = "nowhere.wav"
    assert proxied.transcription("openai/whisper-1", sound).text == "hello"
    assert f"\r\n\r\n{PREFIX[target]}whisper-1\r\n".encode() in wire.one().body
    proxied.moderation("hm", "openai/omni-moderation-latest", "provider-key")
    asyncio.run(proxied.amoderation("hm", "openai/omni-moderation-latest"))
    assert {request.body["model"] for request in wire.take()} == {f"{PREFIX[target]}omni-moderation-latest"}
    answers = proxied.batch_completion("openai/gpt-4o", [MESSAGES, MESSAGES], max_workers=2)
    assert [answer.id for answer in answers] == [CHAT["id"]] * 2
    assert {request.body["model"] for request in wire.take()} == {f"{PREFIX[target]}gpt-4o"}


# ----------------------------------------------------------------------------------------------- what is not sent there


def test_nothing_of_a_provider_is_sent(
    litellm: ModuleType, wire: Wire, proxied: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "provider-key")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setattr(litellm, "api_key", "provider-key")
    monkeypatch.setattr(litellm, "api_base", "http://127.0.0.1:9")
    own = {"api_key": "provider-key", "api_base": "http://127.0.0.1:9", "api_version": "1", "aws_region_name": "x"}
    other = openai.OpenAI(api_key="provider-key", base_url="http://127.0.0.1:9")
    proxied.completion("gpt-4o", MESSAGES, **own, client=other)
    other.close()
    request = wire.one()
    assert "provider-key" not in repr((request.headers.items(), request.body))
    assert request.body.keys() == {"model", "messages"}
    with pytest.raises(TypeError, match="deployment_id would lead past the gateway"):
        proxied.completion("azure/x", MESSAGES, deployment_id="x")
    with pytest.raises(TypeError, match="model_list would lead past"):
        proxied.completion("x", MESSAGES, model_list=[{"model_name": "x"}])
    assert wire.take() == []


def test_no_key_of_another_is_sent_where_there_is_none(
    wire: Wire, proxied: ModuleType, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "provider-key")
    monkeypatch.delenv(load(target).key_variable)
    proxied.completion("gpt-4o", MESSAGES)
    assert wire.one().headers["authorization"] == f"Bearer {load(target).key_variable}-is-not-set"


# ----------------------------------------------------------------------------------------------------------- its models


def test_ids_are_those_of_the_gateway(wire: Wire, proxied: ModuleType, target: str) -> None:
    new = {"llm-gateway": "google-ai-studio/gemini-2.0-flash", "portkey": "@google/gemini-2.0-flash"}[target]
    proxied.completion("gemini/gemini-2.0-flash", MESSAGES, thinking={"type": "enabled", "budget_tokens": 1024})
    body = wire.one().body
    assert (body["model"], body["thinking"]) == (new, {"type": "enabled", "budget_tokens": 1024})
    proxied.embedding("gemini/gemini-2.0-flash", ["a"], dimensions=3)
    body = wire.one().body
    assert (body["model"], body["dimensions"]) == (new, 3)
    proxied.completion("gemini-2.0-flash", MESSAGES, custom_llm_provider="gemini")
    assert wire.one().body["model"] == new
    with pytest.raises(ValueError, match="has to be put into MODELS"):
        proxied.completion("watsonx/granite", MESSAGES)
    assert wire.take() == []


def test_claude_has_a_limit_where_litellm_set_one(wire: Wire, proxied: ModuleType, target: str) -> None:
    proxied.completion("anthropic/claude-3-5-sonnet", MESSAGES)
    assert wire.one().body.get("max_tokens") == (4096 if target == "portkey" else None)
    proxied.completion("anthropic/claude-3-5-sonnet", MESSAGES, max_tokens=9)
    assert wire.one().body["max_tokens"] == 9


def test_fallbacks_go_through_the_gateway_as_well(wire: Wire, proxied: ModuleType, target: str) -> None:
    second = {"llm-gateway": "anthropic/claude-x", "portkey": "@anthropic/claude-x"}[target]
    third = {"llm-gateway": "groq/llama", "portkey": "@groq/llama"}[target]
    wire.failures[:] = [400, 400]
    fallbacks = ["anthropic/claude-x", {"model": "groq/llama", "api_key": "provider-key"}]
    proxied.completion("openai/gpt-4o", MESSAGES, fallbacks=fallbacks)
    requests = wire.take()
    assert [request.body["model"] for request in requests] == [f"{PREFIX[target]}gpt-4o", second, third]
    assert {request.headers["authorization"] for request in requests} == {"Bearer gateway-key"}
    assert fallbacks[1] == {"model": "groq/llama", "api_key": "provider-key"}


def test_a_longer_model_is_asked_where_the_context_ends(wire: Wire, proxied: ModuleType, target: str) -> None:
    wire.failures[:] = [
        (400, {"message": "This model's maximum context length is 1", "code": "context_length_exceeded"})
    ]
    proxied.completion("openai/gpt-4o", MESSAGES, context_window_fallback_dict={"openai/gpt-4o": "openai/gpt-4.1"})
    assert [r.body["model"] for r in wire.take()] == [f"{PREFIX[target]}gpt-4o", f"{PREFIX[target]}gpt-4.1"]


def test_errors_are_those_of_litellm(litellm: ModuleType, wire: Wire, proxied: ModuleType) -> None:
    wire.failures[:] = [401]
    with pytest.raises(litellm.AuthenticationError) as caught:
        proxied.completion("anthropic/claude-3-5-sonnet", MESSAGES, num_retries=0, max_retries=0)
    assert caught.value.llm_provider == "openai"


def test_positions_are_those_of_litellm(wire: Wire, proxied: ModuleType) -> None:
    proxied.completion("gpt-4o", MESSAGES, 5, 0.5)
    assert wire.one().body["temperature"] == 0.5
    with pytest.raises(TypeError, match="4 positional arguments, at most 3"):
        proxied.moderation("hm", "openai/omni", "key", "more")
    with pytest.raises(TypeError, match="given twice: model"):
        proxied.moderation("hm", "openai/omni", model="openai/omni")


# ------------------------------------------------------------------------------------------------------------- its text


def test_what_cannot_be_made() -> None:
    with pytest.raises(MigrateError, match="llm-gateway: LiteLLM does not call `text_completion` through the gateway"):
        render("llm-gateway", frozenset({"completion", "text_completion"}), Settings())
    with pytest.raises(MigrateError, match="targets are"):
        render("openrouter", frozenset({"completion"}), Settings())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("names", ["completion", "aembedding amoderation", "image_generation speech", ""])
def test_it_is_formatted_clean_and_typed(target: str, names: str, tmp_path: Path) -> None:
    path = tmp_path / "client.py"
    own = Settings(providers={"openai": "own"}, models={"a": "b"}, base_url="http://gateway.internal/v1")
    text = render(target, frozenset(names.split()) or provided(target), own)
    assert "migrat" not in text.lower() and "generated" not in text.lower() and "{{" not in text
    path.write_text(text, encoding="utf-8")
    for command in (
        *(["ruff", "format", "--isolated", "--check", "--line-length", length] for length in ("88", "100", "120")),
        ["ruff", "check", "--isolated", "--select", "B,C4,E,F,I,N,PT,RUF,SIM,UP,W", "--line-length", "88"],
        ["mypy", "--strict", "--follow-imports=skip", "--cache-dir", os.devnull],
    ):
        done = subprocess.run([sys.executable, "-m", *command, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
