"""Portkey's own client for Python, through the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import openai
import pytest
from portkey_ai import AsyncPortkey, Portkey, createHeaders
from serving import Upstream, gateway, served

PROMPT: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def mocked() -> Iterator[str]:
    with gateway({"mock": True, "configs": {"pc-cached": {"cache": {"mode": "simple"}}}}) as (url, _):
        yield f"{url}/v1"


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[str, Upstream]]:
    """A gateway with the slug `main`, and the provider behind it, which follows the script in the key."""
    upstream = Upstream()
    with served(upstream) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAIN_KEY", "ok")
        provider = {"base_url": f"{url}/v1", "key_env": "MAIN_KEY"}
        settings = {
            "providers": {"fake": provider},
            "integrations": {"main": {"provider": "fake"}},
            "configs": {"pc-main": {"virtual_key": "main", "override_params": {"model": "stored"}}},
        }
        with gateway(settings) as (ours, _):
            yield f"{ours}/v1", upstream


@pytest.fixture
def client_of() -> Iterator[Callable[..., Portkey]]:
    """Makes clients, whose connections are closed at the end: they do not do it themselves."""
    with httpx.Client() as http:
        yield partial(Portkey, api_key="pk", http_client=http)


def headers(reply: Any) -> dict[str, str]:
    """The headers of a reply, as the client shows them: without `x-portkey-`."""
    found = reply.get_headers()
    assert found is not None
    return dict(found)


def test_chat_plain_and_streamed(client_of: Callable[..., Portkey], mocked: str) -> None:
    client = client_of(base_url=mocked, provider="openai")
    reply = client.chat.completions.create(model="gpt-4o", messages=PROMPT)
    assert reply.choices[0].message.content == "Mock reply to: hi"
    assert headers(reply)["provider"] == "openai"
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=PROMPT, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Mock reply to: hi"


def test_async_chat(mocked: str) -> None:
    async def talk() -> tuple[Any, str]:
        http = httpx.AsyncClient()
        client = AsyncPortkey(base_url=mocked, api_key="pk", virtual_key="any-key", http_client=http)
        reply = await client.chat.completions.create(model="gpt-4o", messages=PROMPT)
        stream = await client.chat.completions.create(model="gpt-4o", messages=PROMPT, stream=True)
        said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        await http.aclose()
        return reply.choices[0].message.content, said

    assert asyncio.run(talk()) == ("Mock reply to: hi", "Mock reply to: hi")


@pytest.mark.parametrize(
    ("options", "model", "sent"),
    [
        ({"virtual_key": "main"}, "gpt-x", "gpt-x"),
        ({"provider": "@main"}, "gpt-x", "gpt-x"),
        ({}, "@main/gpt-x", "gpt-x"),
        ({"config": "pc-main"}, "gpt-x", "stored"),
        ({"config": {"virtual_key": "main", "override_params": {"model": "given"}}}, "gpt-x", "given"),
        ({"config": {"strategy": {"mode": "fallback"}, "targets": [{"provider": "@main"}]}}, "gpt-x", "gpt-x"),
        (
            {
                "config": {
                    "strategy": {"mode": "fallback"},
                    "targets": [{"virtual_key": "main", "api_key": "s500"}, {"override_params": {"model": "@main/b"}}],
                }
            },
            "gpt-x",
            "b",
        ),
    ],
    ids=["virtual key", "provider", "model", "stored config", "config", "target provider", "target model"],
)
def test_each_way_to_name_a_slug(
    client_of: Callable[..., Portkey], scripted: tuple[str, Upstream], options: dict[str, Any], model: str, sent: str
) -> None:
    base, upstream = scripted
    upstream.hits.clear()
    client_of(base_url=base, **options).chat.completions.create(model=model, messages=PROMPT)
    assert (upstream.hits[-1].key, upstream.hits[-1].model) == ("ok", sent)
    assert "pk" not in json.dumps([hit.headers for hit in upstream.hits])


def test_without_a_model_the_config_gives_one(
    client_of: Callable[..., Portkey], scripted: tuple[str, Upstream]
) -> None:
    base, upstream = scripted
    client = client_of(base_url=base, config="pc-main")
    assert client.chat.completions.create(messages=PROMPT).model == "stored"
    assert upstream.hits[-1].model == "stored"


def test_trace_id_metadata_and_options_of_one_call(
    client_of: Callable[..., Portkey], scripted: tuple[str, Upstream]
) -> None:
    base, _ = scripted
    conditions = [{"query": {"metadata.plan": "paid"}, "then": "good"}]
    targets = [{"name": name, "provider": "@main", "override_params": {"model": name}} for name in ("good", "plain")]
    config = {"strategy": {"mode": "conditional", "conditions": conditions, "default": "plain"}, "targets": targets}
    client = client_of(base_url=base, config=config, trace_id="trace-1", metadata={"plan": "free"})
    reply = client.chat.completions.create(model="m", messages=PROMPT)
    assert (reply.model, headers(reply)["trace-id"]) == ("plain", "trace-1")
    reply = client.with_options(trace_id="trace-2", metadata={"plan": "paid"}).chat.completions.create(
        model="m", messages=PROMPT
    )
    assert (reply.model, headers(reply)["trace-id"]) == ("good", "trace-2")
    assert headers(reply)["last-used-option-index"] == "config.targets[0]"


def test_the_cache_of_a_stored_config(client_of: Callable[..., Portkey], mocked: str) -> None:
    client = client_of(base_url=mocked, provider="openai", config="pc-cached")
    replies = [client.chat.completions.create(model="gpt-4o", messages=PROMPT) for _ in range(2)]
    fresh = client.with_options(cache_force_refresh=True).chat.completions.create(model="gpt-4o", messages=PROMPT)
    assert [headers(reply)["cache-status"] for reply in [*replies, fresh]] == ["MISS", "HIT", "REFRESH"]


def test_embeddings_and_images(client_of: Callable[..., Portkey], mocked: str) -> None:
    client = client_of(base_url=mocked, provider="openai")
    assert len(client.embeddings.create(model="text-embedding-3-small", input=["a", "b"]).data) == 2
    images = client.images.generate(model="dall-e-3", prompt="a cat", response_format="b64_json")
    assert images.data[0].b64_json


def test_headers_made_for_openais_client(scripted: tuple[str, Upstream]) -> None:
    base, upstream = scripted
    made = createHeaders(api_key="pk", virtual_key="main", trace_id="trace-3", metadata={"_user": "u"})
    with openai.OpenAI(base_url=base, api_key="unused", default_headers=made) as client:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=PROMPT)
    assert raw.headers["x-portkey-trace-id"] == "trace-3"
    assert upstream.hits[-1].key == "ok"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "BadRequestError"), (401, "AuthenticationError"), (429, "RateLimitError")]
)
def test_its_exceptions(
    client_of: Callable[..., Portkey], scripted: tuple[str, Upstream], status: int, kind: str
) -> None:
    client = client_of(base_url=scripted[0], config={"provider": "@main", "api_key": f"s{status}"}, max_retries=0)
    with pytest.raises(Exception, match=f"fake error: fake {status}") as caught:
        client.chat.completions.create(model="m", messages=PROMPT)
    assert type(caught.value).__name__ == kind


def test_a_slug_that_is_not_there(client_of: Callable[..., Portkey], scripted: tuple[str, Upstream]) -> None:
    client = client_of(base_url=scripted[0], virtual_key="nobody")
    with pytest.raises(Exception, match="Following keys are not valid: nobody"):
        client.chat.completions.create(model="m", messages=PROMPT)


@pytest.mark.parametrize("attempts", [0, 1])
@pytest.mark.parametrize("script", ["s500", "s429ms1"])
def test_it_adds_no_retries_to_the_gateways(
    client_of: Callable[..., Portkey], scripted: tuple[str, Upstream], script: str, attempts: int
) -> None:
    base, upstream = scripted
    upstream.hits.clear()
    retry = {"attempts": attempts, "on_status_codes": [429], "use_retry_after_header": True}
    client = client_of(base_url=base, config={"provider": "@main", "api_key": script, "retry": retry})
    with pytest.raises(Exception, match="fake error"):
        client.chat.completions.create(model="m", messages=PROMPT)
    assert len(upstream.hits) == 1 + (attempts if script == "s429ms1" else 0)
