"""The gateway as a framework's option: each option, metadata and trace ids from the context, hooks."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from library import Script, down

from llm_gateway import (
    LLMGateway,
    LLMGatewayClient,
    LLMGatewayConfigurationError,
    LLMGatewayConfigWarning,
    LLMGatewayRateLimitError,
)
from llm_gateway.providers.mock import MockReply

MODEL = "gpt-5-mini"
FALLBACK = {"strategy": {"mode": "fallback"}, "targets": [{"virtual_key": "one"}, {"virtual_key": "two"}]}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM_GATEWAY_", "PORTKEY_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


@pytest.fixture
def slugs(tmp_path: Path) -> Iterator[Path]:
    """Settings with the integrations `one` and `two`."""
    path = tmp_path / "gateway.toml"
    path.write_text('[integrations.one]\nprovider = "openai"\n[integrations.two]\nprovider = "anthropic"\n')
    yield path


def context() -> Any:
    return SimpleNamespace(user=SimpleNamespace(id="u-7"), run_id="run-7", metadata={})


def ask(gateway: LLMGateway, model: str = MODEL, **named: Any) -> Any:
    return asyncio.run(gateway.complete(prompt="x", model=model, **named))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"config": {"strategy": {"mode": "nonsense"}, "targets": [{}]}}, "mode"),
        ({"config": "{"}, "valid json"),
        ({"config": "{}", "retry": 2}, "belong inside it"),
        ({"retry": {"on_status_codes": [429]}}, "attempts"),
        ({"cache": {"mode": "lexical"}}, "cache"),
        ({"colour": "red"}, "no setting colour"),
        ({"client": LLMGatewayClient(mock=True), "timeout": 3}, "not both"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(LLMGatewayConfigurationError, match=said):
        LLMGateway(**options)


def test_a_mistake_of_the_guides_warns() -> None:
    config = {"strategy": {"mode": "conditional", "conditions": [{"query": {"model": "gpt-4"}, "then": "a"}]}}
    with pytest.warns(LLMGatewayConfigWarning, match=r"write 'params\.model'"):
        LLMGateway(config=config, mock=True)


def test_a_function_of_metadata_that_fails_is_not_hidden() -> None:
    gateway = LLMGateway(mock=True, metadata={"_user": lambda ctx: ctx.user.id})
    with pytest.raises(AttributeError, match="user"):
        ask(gateway)


def test_hooks_of_a_call_that_failed_are_not_run() -> None:
    ran: list[object] = []
    gateway = LLMGateway(mock=Script({"openai": down(429)}), retry=0, hooks=[ran.append])
    with pytest.raises(LLMGatewayRateLimitError):
        ask(gateway)
    assert not ran


def test_a_config_falls_back(slugs: Path) -> None:
    script = Script({"one": down(500)})
    for config in (FALLBACK, json.dumps(FALLBACK)):
        gateway = LLMGateway("pk", config=config, mock=script, gateway_file=slugs)
        assert ask(gateway).metadata["target"] == "config.targets[1]"
    assert [name for name, _ in script.asked] == ["one", "two"] * 2


def test_each_object_has_its_own_way() -> None:
    script = Script()
    premium = LLMGateway(
        config={"targets": [{"virtual_key": "gpt4"}], "override_params": {"model": "big"}}, mock=script
    )
    standard = LLMGateway(virtual_key="gpt35", mock=script)
    ask(premium)
    ask(standard)
    assert [model for _, model in script.asked] == ["big", MODEL]


def test_retry_is_the_objects_own() -> None:
    script = Script({"openai": MockReply(statuses=(429, 429, 200))})
    retry = {"attempts": 3, "on_status_codes": [429], "use_retry_after_header": True}
    script.replies = {"openai": MockReply(statuses=(429, 429, 200), headers={"retry-after-ms": "0"})}
    assert ask(LLMGateway(retry=retry, mock=script)).text
    assert len(script.asked) == 3


def test_fallback_names_models() -> None:
    script = Script({"openai": down(500), "anthropic": down(529)})
    gateway = LLMGateway(fallback=["claude-haiku-4-5", "gemini-2.5-flash"], retry=0, mock=script)
    response = ask(gateway)
    assert script.asked == [
        ("openai", MODEL),
        ("anthropic", "claude-haiku-4-5"),
        ("google", "gemini-2.5-flash"),
    ]
    assert (response.provider, response.model) == ("google", "gemini-2.5-flash")


def test_fallback_models_go_through_the_config_each(slugs: Path) -> None:
    script = Script({"one": down(500), "two": down(500)})
    gateway = LLMGateway(config=FALLBACK, fallback=["gpt-4o"], mock=script, gateway_file=slugs)
    with pytest.raises(Exception, match="out of order"):
        ask(gateway)
    assert script.asked == [("one", MODEL), ("two", MODEL), ("one", "gpt-4o"), ("two", "gpt-4o")]


@pytest.mark.parametrize("cache", [True, {"mode": "simple", "max_age": 3600}])
def test_the_cache_is_told_to_hooks(cache: object) -> None:
    gateway = LLMGateway(cache=cache, mock=True)
    notes: list[dict[str, Any]] = []

    @gateway.on_llm_end
    async def note(ctx: Any) -> None:
        notes.append(ctx.metadata["llm_gateway"])

    for _ in range(2):
        ask(gateway, ctx=context())
    assert [each["cache_hit"] for each in notes] == [False, True]
    assert notes[0]["cost"] > notes[1]["cost"] == 0.0
    assert notes[0]["usage"].total_tokens > 0
    assert (notes[0]["provider"], notes[0]["model"]) == ("openai", MODEL)


def test_a_semantic_cache_without_an_embedding_model_says_so() -> None:
    response = ask(LLMGateway(cache={"mode": "semantic", "max_age": 3600}, mock=True))
    assert "no embedding model" in response.metadata["warning"]


def test_a_semantic_cache_embeds_with_the_model_of_the_settings() -> None:
    response = ask(LLMGateway(cache={"mode": "semantic"}, embedding_model="openai/text-embedding-3-small", mock=True))
    assert response.metadata["cache_status"] == "SEMANTIC MISS"


def test_metadata_and_trace_id_come_from_the_context() -> None:
    conditional = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"metadata._user": {"$eq": "u-7"}}, "then": "theirs"}],
            "default": "other",
        },
        "targets": [{"name": "theirs", "virtual_key": "one"}, {"name": "other", "virtual_key": "two"}],
    }
    metadata = {"environment": "production", "_user": lambda ctx: ctx.user.id}
    gateway = LLMGateway(config=conditional, metadata=metadata, trace_id=lambda ctx: ctx.run_id, mock=True)
    ctx = context()
    response = ask(gateway, ctx=ctx)
    assert response.metadata["target"] == "config.targets[0]"
    assert response.metadata["trace_id"] == ctx.metadata["llm_gateway"]["trace_id"] == "run-7"


def test_it_is_called_like_openais_client() -> None:
    async def run() -> None:
        async with LLMGateway(mock=True) as gateway:
            messages = [{"role": "user", "content": "Say hello"}]
            answer = await gateway.chat.completions.create(model=MODEL, messages=messages)
            assert answer.choices[0].message.content == answer.text == "Mock reply to: Say hello"
            assert answer.usage.prompt_tokens_details.cached_tokens == 0
            chunks = await gateway.chat.completions.create(model=MODEL, messages=messages, stream=True)
            said = [chunk.choices[0].delta.get("content") or "" async for chunk in chunks if chunk.choices]
            assert "".join(said) == answer.text

    asyncio.run(run())


def test_a_stream_runs_its_hooks_when_it_has_ended() -> None:
    async def run() -> None:
        ctx, ran = context(), []
        gateway = LLMGateway(mock=True, hooks=[lambda ctx: ran.append(ctx.metadata["llm_gateway"])])
        async for _ in gateway.stream(prompt="x", model=MODEL, ctx=ctx):
            assert not ran
        (note,) = ran
        whole = await gateway.complete(prompt="x", model=MODEL)
        assert note["cost"] == pytest.approx(whole.cost)
        assert note["usage"].total_tokens == whole.usage.total_tokens
        assert (note["provider"], note["model"], note["cache_hit"]) == ("openai", MODEL, False)

    asyncio.run(run())
