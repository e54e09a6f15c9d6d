"""Generated client modules at work: what they put on the wire, and how their clients live."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import httpx
import openai
import portkey_ai
import pytest
from wire import MESSAGES, City, Wire

from migrator.clients.module import Settings
from migrator.clients.table import Destination, load

Make = Callable[..., ModuleType]
ERRORS = {"llm-gateway": openai, "portkey": portkey_ai.openai}


def test_streams_give_what_the_sdk_gives(llm: ModuleType) -> None:
    call = {"model": "gpt-4o", "messages": MESSAGES, "stream": True}

    async def words() -> list[str | None]:
        return [chunk.choices[0].delta.content async for chunk in await llm.acompletion(**call)]

    assert [chunk.choices[0].delta.content for chunk in llm.completion(**call)] == ["Be", "rn", None]
    assert asyncio.run(words()) == ["Be", "rn", None]


def test_at_portkey_only_a_request_without_a_timeout_is_given_one(make: Make, wire: Wire) -> None:
    llm = make("portkey", frozenset({"client", "async_client", "completion"}))
    seen: list[float] = []

    async def see(request: httpx.Request) -> None:
        seen.append(request.extensions["timeout"]["read"])

    async def ask(**given: float) -> None:
        client = llm.async_client(metadata={"a": "b"})
        client.openai_client._client.event_hooks["request"].append(see)
        await client.chat.completions.create(model="a", messages=MESSAGES, **given)

    llm.client().openai_client._client.event_hooks["request"].append(
        lambda request: seen.append(request.extensions["timeout"]["read"])
    )
    llm.client().chat.completions.create(model="a", messages=MESSAGES)
    llm.client(metadata={"a": "b"}).chat.completions.create(model="a", messages=MESSAGES, timeout=7)
    llm.completion("a", MESSAGES, stream=True)
    asyncio.run(ask())
    asyncio.run(ask(timeout=7))
    assert seen == [600, 7, 600, 600, 7]
    wire.take()


def test_files_are_sent(wire: Wire, llm: ModuleType) -> None:
    sound = io.BytesIO(b"RIFF")
    sound.name = "nowhere.wav"
    assert llm.transcription("openai/whisper-1", sound, "de", timeout=5).text == "hello"
    body = wire.one().body
    assert b"RIFF" in body and b"\r\n\r\nde\r\n" in body and b"whisper-1" in body


def test_nothing_is_sent_of_what_a_message_does_not_have(wire: Wire, llm: ModuleType) -> None:
    answer = llm.completion("openai/gpt-4o", MESSAGES).choices[0].message
    wire.one()
    given = [{"role": "user", "content": "hi", "name": None, "tool_calls": None}, answer]
    llm.completion("openai/gpt-4o", given)
    sent = wire.one().body["messages"]
    assert sent == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": '{"city": "Bern"}'}]
    assert given[0] == {"role": "user", "content": "hi", "name": None, "tool_calls": None}


# ------------------------------------------------------------------------------------------- the table, applied

VALUES: dict[str, Any] = {
    "timeout": 5,
    "request_timeout": 5,
    "stream": False,
    "extra_body": {"x": 1},
    "extra_query": {"x": "1"},
    "extra_headers": {"x-a": "1"},
    "headers": {"x-a": "1"},
    "metadata": {"a": "1"},
    "litellm_metadata": {"a": "1"},
    "tags": ["1"],
    "num_retries": 1,
    "max_retries": 1,
    "fallbacks": [],
    "cache": {"no-cache": True},
    "caching": False,
}
REQUIRED: dict[str, dict[str, Any]] = {
    "completion": {"model": "gpt-4o", "messages": MESSAGES},
    "text_completion": {"model": "gpt-4o", "prompt": "hi"},
    "embedding": {"model": "gpt-4o", "input": "hi"},
    "image_generation": {"model": "gpt-4o", "prompt": "hi"},
    "moderation": {"model": "gpt-4o", "input": "hi"},
    "speech": {"model": "gpt-4o", "input": "hi", "voice": "alloy"},
    "responses": {"model": "gpt-4o", "input": "hi"},
}


def test_the_module_does_what_the_table_says(wire: Wire, llm: ModuleType, target: str) -> None:
    table = load(target)
    names = {name for row in table.arguments if not row.internal for name in row.names if "*" not in name}
    names |= {name for function in table.functions.values() for name in (*function.keep, *function.takes, "unheard_of")}
    for function, required in REQUIRED.items():
        if function not in table.functions:
            continue
        getattr(llm, function)(**required)
        plain = wire.one()
        for name in sorted(names - required.keys()):
            row = table.argument(function, name)
            value = VALUES.get(name, "1")
            call = {**required, name: value}
            if row.to is Destination.MANUAL:
                with pytest.raises(TypeError):
                    getattr(llm, function)(**call)
                assert not wire.take(), name
                continue
            getattr(llm, function)(**call)
            request = wire.one()
            changed = {k: v for k, v in request.body.items() if plain.body.get(k) != v}
            kept = name in table.functions[function].keep
            if name == "stream" and not kept:
                continue  # Portkey's speech has a `stream` that it does not send
            if name == "extra_body":
                expected = {"x"}
            elif kept and name in ("stream", "stream_options"):  # nothing without a stream
                expected = set()
            elif name == "custom_llm_provider":
                expected = {"model"}
            else:
                expected = {name} if kept or row.to is Destination.EXTRA_BODY else set()
            assert changed.keys() == expected, (function, name)
            if row.to in (Destination.HEADER, Destination.OPTION, Destination.CONFIG) and name != "max_retries":
                ours = {
                    k: v for k, v in request.headers.items() if k.lower().startswith(("x-portkey", "x-llmg", "x-no"))
                }
                theirs = dict(plain.headers.items())
                assert {k for k, v in ours.items() if theirs.get(k) != v} or name == "num_retries", (function, name)


def test_metadata_becomes_headers(wire: Wire, llm: ModuleType, target: str) -> None:
    llm.completion("gpt-4o", MESSAGES, metadata={"team name": "a", "run": {"id": "é"}, "n": 1}, tags=["x"])
    request = wire.one()
    assert "metadata" not in request.body
    llm.completion("gpt-4o", MESSAGES, metadata={"a": " x", "b": "x\r\ny: z"})
    hostile = wire.one().headers
    if target == "llm-gateway":
        assert (hostile["X-LLMGateway-a"], hostile["X-LLMGateway-b"]) == ('" x"', '"x\\r\\ny: z"')
        names = ("X-LLMGateway-team-name", "X-LLMGateway-run", "X-LLMGateway-n", "X-LLMGateway-tags")
        assert [request.headers[n] for n in names] == ["a", '{"id": "\\u00e9"}', "1", '["x"]']
    else:
        sent = json.loads(request.headers["x-portkey-metadata"])
        assert sent == {"team name": "a", "run": '{"id": "\\u00e9"}', "n": "1", "tags": '["x"]'}


def test_portkeys_config(wire: Wire, make: Make) -> None:
    llm = make(
        "portkey", None, Settings(config={"cache": {"mode": "simple"}}, providers={"anthropic": "anthropic-main"})
    )
    llm.completion("gpt-4o", MESSAGES)
    assert json.loads(wire.one().headers["x-portkey-config"]) == {"cache": {"mode": "simple"}}
    others = ["anthropic/claude-x", {"model": "openai/o9", "temperature": 1, "api_key": "k", "timeout": 3}]
    llm.completion("openai/gpt-4o", MESSAGES, fallbacks=others, num_retries=9)
    assert json.loads(wire.one().headers["x-portkey-config"]) == {
        "cache": {"mode": "simple"},
        "retry": {"attempts": 5, "on_status_codes": [408, 429, 500, 502, 503, 504]},
        "strategy": {"mode": "fallback"},
        "targets": [
            {"provider": "@openai", "override_params": {"model": "gpt-4o"}},
            {"provider": "@anthropic-main", "override_params": {"model": "claude-x", "max_tokens": 4096}},
            {"provider": "@openai", "override_params": {"model": "o9", "temperature": 1}, "request_timeout": 3000},
        ],
    }
    llm.completion("openai/gpt-4o", MESSAGES, max_retries=0)
    assert json.loads(wire.one().headers["x-portkey-config"]) == {"cache": {"mode": "simple"}}
    llm.embedding("openai/e", "text", timeout=httpx.Timeout(2.5), headers={"x-team": "a"})
    headers = wire.one().headers
    assert (headers["x-team"], headers["x-portkey-forward-headers"]) == ("a", "x-team")
    assert headers["x-portkey-request-timeout"] == "2500"
    llm.completion("openai/gpt-4o", MESSAGES, response_format=City, timeout=2)
    assert wire.one().headers["x-portkey-request-timeout"] == "2000"
    llm.completion("anthropic/claude-x", MESSAGES)
    llm.completion("anthropic/claude-x", MESSAGES, max_tokens=7)
    assert [request.body["max_tokens"] for request in wire.take()] == [4096, 7]
    llm.completion("gpt-4o", MESSAGES, cache={"no-cache": True}, litellm_trace_id="t")
    headers = wire.one().headers
    assert (headers["x-portkey-cache-force-refresh"].lower(), headers["x-portkey-trace-id"]) == ("true", "t")


def test_fallbacks_at_a_gateway(wire: Wire, make: Make) -> None:
    llm = make("llm-gateway")
    others = ["gemini/g", {"model": "openai/o9", "temperature": 1}]
    call = {"model": "openai/gpt-4o", "messages": MESSAGES, "fallbacks": others, "max_retries": 0}
    for asynchronous in (False, True):
        wire.failures[:] = [500, 401]
        answer = asyncio.run(llm.acompletion(**call)) if asynchronous else llm.completion(**call)
        assert answer.choices
        sent = [(request.body["model"], request.body.get("temperature")) for request in wire.take()]
        assert sent == [("openai/gpt-4o", None), ("google-ai-studio/g", None), ("openai/o9", 1)]
    wire.failures[:] = [500, 401, 429]
    with pytest.raises(openai.RateLimitError):
        llm.completion(**call)


def test_retries_at_a_gateway(wire: Wire, make: Make) -> None:
    llm = make("llm-gateway")
    wire.failures[:] = [500, 500, 500]
    assert llm.completion("gpt-4o", MESSAGES, num_retries=3).choices
    assert len(wire.take()) == 4
    llm.completion("gpt-4o", MESSAGES, cache={"no-cache": True})
    assert wire.one().headers["x-no-cache"] == "true"


def test_errors_are_those_of_the_sdk(wire: Wire, llm: ModuleType, target: str) -> None:
    wire.failures[:] = [401]
    with pytest.raises(ERRORS[target].AuthenticationError):
        llm.completion("gpt-4o", MESSAGES)


def test_a_model_that_the_gateway_does_not_have(wire: Wire, llm: ModuleType, target: str) -> None:
    model = load(target).models.unserved[0] + "x"
    with pytest.raises(ValueError, match=rf"{model}: .* MODELS"):
        llm.completion(model, MESSAGES)
    assert not wire.take()


@pytest.mark.parametrize("prefix", ["litellm_proxy/", ""])
def test_model_ids(llm: ModuleType, target: str, prefix: str) -> None:
    expected = {
        "llm-gateway": ["google-ai-studio/g", "gpt-4o", "meta-llama/l", "openai/gpt-4o"],
        "portkey": ["@google/g", "@openai/gpt-4o", "meta-llama/l", "@openai/gpt-4o"],
    }
    models = ["gemini/g", "gpt-4o", "meta-llama/l", "openai/gpt-4o"]
    assert [llm.model_id(prefix + model) for model in models] == expected[target]
    assert [llm.model_id(model) for model in expected[target]] == expected[target]


# ------------------------------------------------------------------------------------------------- the clients


def test_threads_share_one_client(wire: Wire, make: Make, target: str) -> None:
    llm = make(target)
    together = threading.Barrier(8)

    def ask(number: int) -> Any:
        together.wait(timeout=10)
        llm.completion("gpt-4o", MESSAGES, seed=number)
        return llm.client()

    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(ask, range(8)))
    assert len({id(client) for client in clients}) == 1
    assert sorted(request.body["seed"] for request in wire.take()) == list(range(8))


def test_event_loops_one_after_the_other_and_side_by_side(wire: Wire, make: Make, target: str) -> None:
    llm = make(target)
    loops = []

    async def ask() -> Any:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(llm.acompletion("gpt-4o", MESSAGES, num_retries=1) for _ in range(3)))
        return llm.async_client()

    clients = [asyncio.run(ask()), asyncio.run(ask())]
    with ThreadPoolExecutor(2) as pool:
        clients += pool.map(lambda _: asyncio.run(ask()), range(2))
    assert len({id(client) for client in clients}) == 4
    assert all(client.is_closed() for client in clients)
    assert llm._async_clients == {}
    assert len(wire.take()) == 12
    del clients
    gc.collect()
    assert [loop() for loop in loops] == [None] * 4


def test_a_loop_that_nothing_shuts_down_is_forgotten(make: Make, target: str) -> None:
    llm = make(target)

    async def take() -> Any:
        return llm.async_client()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(take())
    loop.close()
    assert list(llm._async_clients) == [loop]
    asyncio.run(take())
    assert llm._async_clients == {}


def test_clients_can_be_replaced(monkeypatch: pytest.MonkeyPatch, make: Make, target: str) -> None:
    llm = make(target)
    calls: list[dict[str, Any]] = []

    class Fake:
        def __init__(self, **options: Any) -> None:
            self.chat = self.completions = self

        def create(self, **request: Any) -> str:
            calls.append(request)
            return "answer"

    monkeypatch.setattr(llm, "client", Fake)
    assert llm.completion("gpt-4o", MESSAGES) == "answer"
    assert calls[0]["messages"] == MESSAGES


def test_a_missing_key_is_an_error_of_the_sdk(monkeypatch: pytest.MonkeyPatch, make: Make, target: str) -> None:
    llm = make(target)
    monkeypatch.delenv(load(target).key_variable)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    with pytest.raises(ERRORS[target].OpenAIError, match="is not set"):
        llm.completion("gpt-4o", MESSAGES)
