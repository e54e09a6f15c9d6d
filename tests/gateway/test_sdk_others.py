"""Other clients through the gateway: LiteLLM, Anthropic's, OpenRouter's way of using OpenAI's, Node, curl."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import openai
import pytest
from serving import Upstream, gateway, served

PROMPT: Any = [{"role": "user", "content": "hi"}]
SAID = "Mock reply to: hi"
NODE = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "sk-any", maxRetries: 0 });
const ask = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const whole = (await client.chat.completions.create(ask)).choices[0].message.content;
let streamed = "";
for await (const chunk of await client.chat.completions.create({ ...ask, stream: true }))
  streamed += chunk.choices[0]?.delta?.content ?? "";
const response = client.responses.stream({ model: "gpt-4o", input: "hi" });
const responded = (await response.finalResponse()).output_text;
const vectors = (await client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] })).data.length;
const headers = { "x-portkey-config": "{nope" };
const refused = await client.chat.completions.create(ask, { headers }).catch((error) => [error.status, error.type]);
console.log(JSON.stringify({ whole, streamed, responded, vectors, refused }));
"""


@pytest.fixture(scope="module")
def mocked() -> Iterator[str]:
    with gateway({"mock": True, "models": {"gpt-4o": "openai"}}) as (url, _):
        yield url


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[str, Upstream]]:
    """A gateway with two providers, `good` and `bad`, and the server behind both."""
    upstream = Upstream()
    with served(upstream) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOOD_KEY", "ok")
        patch.setenv("BAD_KEY", "s503")
        with gateway(
            {
                "providers": {
                    "good": {"base_url": f"{url}/v1", "key_env": "GOOD_KEY"},
                    "bad": {"base_url": f"{url}/v1", "key_env": "BAD_KEY"},
                }
            }
        ) as (ours, _):
            yield ours, upstream


def needed(*names: str) -> None:
    """Skips where a program is missing, which in CI is a failure."""
    absent = [name for name in names if shutil.which(name) is None]
    if absent and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(absent)}")
    if absent:
        pytest.skip(f"NOT TESTED: {', '.join(absent)} not installed")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")
def test_litellm(mocked: str) -> None:
    import litellm

    reach: Any = {"api_base": f"{mocked}/v1", "api_key": "sk-any"}
    reply: Any = litellm.completion(model="openai/gpt-4o", messages=PROMPT, **reach)
    assert reply.choices[0].message.content == SAID
    chunks: Any = litellm.completion(model="openai/gpt-4o", messages=PROMPT, stream=True, **reach)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID
    reply = asyncio.run(litellm.acompletion(model="openai/gpt-4o", messages=PROMPT, **reach))
    assert reply.choices[0].message.content == SAID
    assert len(litellm.embedding(model="openai/text-embedding-3-small", input=["a", "b"], **reach).data) == 2
    images = litellm.image_generation(model="openai/dall-e-3", prompt="a cat", **reach).data
    assert images and (images[0].url or images[0].b64_json)
    with pytest.raises(litellm.BadRequestError, match="You need to pass a valid json"):
        litellm.completion(
            model="openai/gpt-4o", messages=PROMPT, extra_headers={"x-portkey-config": "{nope"}, num_retries=0, **reach
        )


def test_anthropic(mocked: str) -> None:
    tool: Any = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    with anthropic.Anthropic(base_url=mocked, api_key="sk-any", max_retries=0) as client:
        for model in ("claude-any", "gpt-4o"):
            reply = client.messages.create(model=model, max_tokens=100, messages=PROMPT)
            assert reply.content[0].type == "text" and reply.content[0].text == SAID
            assert reply.usage.input_tokens > 0
            with client.messages.stream(model=model, max_tokens=100, messages=PROMPT) as stream:
                assert "".join(stream.text_stream) == SAID
                assert stream.get_final_message().stop_reason == "end_turn"
            called = client.messages.create(
                model=model, max_tokens=100, messages=PROMPT, tools=[tool], tool_choice={"type": "any"}
            )
            assert [block.name for block in called.content if block.type == "tool_use"] == ["weather"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (429, anthropic.RateLimitError),
        (503, anthropic.InternalServerError),
    ],
)
def test_anthropics_exceptions(
    scripted: tuple[str, Upstream], status: int, kind: type[anthropic.APIStatusError]
) -> None:
    headers = {"x-portkey-config": json.dumps({"provider": "good", "api_key": f"s{status}"})}
    with (
        anthropic.Anthropic(base_url=scripted[0], api_key="x", max_retries=0, default_headers=headers) as client,
        pytest.raises(kind, match=f"good error: fake {status}") as caught,
    ):
        client.messages.create(model="m", max_tokens=100, messages=PROMPT)
    body: Any = caught.value.body
    assert body["type"] == "error" and body["error"]["type"].endswith("_error")


def test_openrouters_path_with_its_fallbacks(scripted: tuple[str, Upstream]) -> None:
    base, upstream = scripted
    upstream.hits.clear()
    headers = {"HTTP-Referer": "https://app.example", "X-Title": "An app"}
    with openai.OpenAI(base_url=f"{base}/api/v1", api_key="x", default_headers=headers, max_retries=0) as client:
        reply = client.chat.completions.create(
            model="bad/first", messages=PROMPT, extra_body={"models": ["bad/second", "good/third"]}
        )
        assert reply.model == "third"
        assert [hit.model for hit in upstream.hits] == ["first", "second", "third"]
        assert {"models", "provider"}.isdisjoint(upstream.hits[-1].body)
        assert upstream.hits[-1].headers["http-referer"] == "https://app.example"
        assert upstream.hits[-1].headers["x-title"] == "An app"
        reply = client.chat.completions.create(
            model="bad/any",
            messages=PROMPT,
            extra_body={"models": ["bad/any"], "provider": {"order": ["bad", "good"], "allow_fallbacks": False}},
        )
        assert reply.model == "any" and upstream.hits[-1].key == "ok"


def test_openrouters_shape_of_an_error(scripted: tuple[str, Upstream]) -> None:
    with (
        openai.OpenAI(base_url=f"{scripted[0]}/api/v1", api_key="x", max_retries=0) as client,
        pytest.raises(openai.InternalServerError, match="bad error: fake 503") as caught,
    ):
        client.chat.completions.create(model="bad/m", messages=PROMPT)
    body: Any = caught.value.body
    assert body["code"] == 503
    assert body["metadata"]["provider_name"] == "bad"


def test_curl(mocked: str) -> None:
    needed("curl")
    ask = json.dumps({"model": "gpt-4o", "messages": PROMPT, "stream": True})
    command = ["curl", "-sSN", "--fail", f"{mocked}/v1/chat/completions", "-H", "content-type: application/json"]
    sent = subprocess.run([*command, "-d", ask], capture_output=True, text=True, timeout=30, check=True).stdout
    events = sent.strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == SAID


@pytest.mark.slow
def test_openais_client_for_node(mocked: str, tmp_path: Path) -> None:
    needed("node", "npm")
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path), "openai@^6"]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=300)
    assert installed.returncode == 0, installed.stderr
    script = tmp_path / "smoke.mjs"
    script.write_text(NODE, encoding="utf-8")
    command = ["node", str(script), f"{mocked}/v1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "whole": SAID,
        "streamed": SAID,
        "responded": SAID,
        "vectors": 2,
        "refused": [400, "invalid_request_error"],
    }


def test_a_kept_connection_waits_for_no_acknowledgement(mocked: str) -> None:
    """Head and body of a reply are two packets: held back together they would cost 40 ms each time."""
    place = urlsplit(mocked)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port)
    taken = []
    for _ in range(15):
        started = time.perf_counter()
        connection.request("GET", "/v1/models")
        connection.getresponse().read()
        taken.append(time.perf_counter() - started)
    connection.close()
    assert statistics.median(taken) < 0.03
