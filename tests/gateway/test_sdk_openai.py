"""OpenAI's own client for Python, through the gateway: each route that is served, errors, and who retries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from serving import Upstream, gateway, served

PROMPT: Any = [{"role": "user", "content": "How warm is it?"}]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
RETRIES = {"retry": {"attempts": 2, "on_status_codes": [429], "use_retry_after_header": True}}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with gateway({"mock": True, "models": {"gpt-4o": "openai"}}) as (url, _):
        yield f"{url}/v1"


@pytest.fixture
def client(base: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base, api_key="sk-any") as client:
        yield client


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[str, Upstream]]:
    """A gateway whose provider `fake` follows the script in the key, and that provider."""
    upstream = Upstream()
    with served(upstream) as url, gateway({"providers": {"fake": {"base_url": f"{url}/v1"}}}) as (ours, _):
        yield f"{ours}/v1", upstream


def as_script(base: str, script: str, config: dict[str, Any] | None = None, **options: Any) -> openai.OpenAI:
    """A client whose provider plays `script`."""
    headers = {"x-portkey-provider": "fake"}
    if config is not None:
        headers["x-portkey-config"] = json.dumps(config)
    return openai.OpenAI(base_url=base, api_key=script, default_headers=headers, **options)


def test_chat(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="gpt-4o", messages=PROMPT)
    assert reply.choices[0].message.content == "Mock reply to: How warm is it?"
    assert reply.usage is not None and reply.usage.total_tokens > 0
    assert reply._request_id


@pytest.mark.parametrize("asked", [True, False])
def test_a_chat_stream_tells_its_usage_to_those_who_ask(client: openai.OpenAI, asked: bool) -> None:
    options: Any = {"stream_options": {"include_usage": True}} if asked else {}
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=PROMPT, stream=True, **options))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == "Mock reply to: How warm is it?"
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert len(usages) == asked
    assert [usage.model_extra["cost"] > 0 for usage in usages if usage.model_extra] == [True] * asked


def test_async_chat_and_stream(base: str) -> None:
    async def talk() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=base, api_key="sk-any") as client:
            reply = await client.chat.completions.create(model="gpt-4o", messages=PROMPT)
            stream = await client.chat.completions.create(model="gpt-4o", messages=PROMPT, stream=True)
            return reply.choices[0].message.content, "".join(
                [chunk.choices[0].delta.content or "" async for chunk in stream]
            )

    whole, streamed = asyncio.run(talk())
    assert whole == streamed == "Mock reply to: How warm is it?"


def test_a_tool_is_called_plain_and_streamed(client: openai.OpenAI) -> None:
    ask: Any = {"model": "gpt-4o", "messages": PROMPT, "tools": [TOOL], "tool_choice": "required"}
    calls = client.chat.completions.create(**ask).choices[0].message.tool_calls
    assert calls is not None and calls[0].type == "function"
    assert isinstance(json.loads(calls[0].function.arguments)["city"], str)
    with client.chat.completions.stream(**ask) as stream:
        streamed = stream.get_final_completion().choices[0].message.tool_calls
    assert streamed is not None
    assert streamed[0].function.parsed_arguments == json.loads(calls[0].function.arguments)


def test_a_reply_is_parsed_into_a_model(client: openai.OpenAI) -> None:
    chat = client.chat.completions.parse(model="gpt-4o", messages=PROMPT, response_format=Person)
    assert isinstance(chat.choices[0].message.parsed, Person)
    assert isinstance(client.responses.parse(model="gpt-4o", input="who?", text_format=Person).output_parsed, Person)


def test_responses_plain_and_streamed_to_the_last_event(client: openai.OpenAI) -> None:
    assert client.responses.create(model="gpt-4o", input="hi").output_text == "Mock reply to: hi"
    with client.responses.stream(model="gpt-4o", input="hi") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert final.output_text == "Mock reply to: hi"
    assert final.usage is not None and final.usage.total_tokens > 0


def test_embeddings(client: openai.OpenAI) -> None:
    reply = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    plain = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    assert len(reply.data) == 2
    assert reply.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)  # it came in base64


def test_the_other_routes(client: openai.OpenAI) -> None:
    images = client.images.generate(model="gpt-image-1", prompt="a cat", n=2).data
    assert images is not None and len(images) == 2 and images[0].b64_json
    assert client.moderations.create(model="omni-moderation-latest", input="hello").results[0].flagged is False
    completion = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi")
    assert completion.choices[0].text == "Mock reply to: hi"
    streamed = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi", stream=True)
    assert "".join(piece.choices[0].text for piece in streamed) == "Mock reply to: hi"
    assert len(client.audio.speech.create(model="tts-1", voice="alloy", input="hello").content) > 100
    heard = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF...."))
    assert heard.text.startswith("Mock transcription")
    assert client.audio.translations.create(model="whisper-1", file=("a.wav", b"RIFF....")).text


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["gpt-4o"]
    assert client.models.retrieve("gpt-4o").owned_by == "openai"
    with pytest.raises(openai.NotFoundError, match="no-such-model"):
        client.models.retrieve("no-such-model")


def test_the_headers_of_a_raw_response(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=PROMPT, extra_headers={"x-portkey-trace-id": "trace-7"}
    )
    assert raw.headers["x-portkey-trace-id"] == "trace-7"
    assert raw.headers["x-portkey-cache-status"] == "DISABLED"
    assert raw.headers["x-portkey-retry-attempt-count"] == "0"
    assert float(raw.headers["x-llm-gateway-cost"]) > 0
    assert raw.parse()._request_id == raw.headers["x-request-id"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
def test_each_status_is_its_exception(
    scripted: tuple[str, Upstream], status: int, kind: type[openai.APIStatusError]
) -> None:
    with (
        as_script(scripted[0], f"s{status}", max_retries=0) as client,
        pytest.raises(kind, match=f"fake error: fake {status}") as caught,
    ):
        client.chat.completions.create(model="m", messages=PROMPT)
    assert (caught.value.status_code, caught.value.code, caught.value.type) == (status, "fake_code", "fake_type")
    assert caught.value.request_id


def test_a_refusal_of_the_gateway_itself_is_read(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Invalid 'mode' value") as caught:
        client.chat.completions.create(
            model="gpt-4o", messages=PROMPT, extra_headers={"x-portkey-config": '{"strategy": {"mode": "random"}}'}
        )
    assert caught.value.type == "invalid_request_error"


def test_a_timeout_of_the_config_is_a_408(scripted: tuple[str, Upstream]) -> None:
    with (
        as_script(scripted[0], "d800", {"request_timeout": 30}, max_retries=0) as client,
        pytest.raises(openai.APIStatusError, match="30ms") as caught,
    ):
        client.chat.completions.create(model="m", messages=PROMPT)
    assert caught.value.status_code == 408


def test_a_stream_that_breaks_off_is_an_error(scripted: tuple[str, Upstream]) -> None:
    with as_script(scripted[0], "half", max_retries=0) as client, pytest.raises(openai.APIError, match="broke off"):
        list(client.chat.completions.create(model="m", messages=PROMPT, stream=True))


@pytest.mark.parametrize(
    ("config", "sent"),
    [
        (None, 3),  # the client's own: once and two more
        (RETRIES, 3),  # the gateway's, and none on top
        ({"strategy": {"mode": "fallback"}, "targets": [{"provider": "fake", "api_key": "s429ms1"}] * 2}, 2),
    ],
    ids=["client", "gateway", "fallback"],
)
@pytest.mark.parametrize("stream", [False, True])
def test_nobody_retries_what_another_has_retried(
    scripted: tuple[str, Upstream], config: dict[str, Any] | None, sent: int, stream: bool
) -> None:
    base, upstream = scripted
    upstream.hits.clear()
    with as_script(base, "s429ms1", config) as client, pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="m", messages=PROMPT, stream=stream)
    assert len(upstream.hits) == sent


def test_a_retry_that_helps(scripted: tuple[str, Upstream]) -> None:
    with as_script(scripted[0], "seq429ms1,429ms1,200", RETRIES, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=PROMPT)
    assert raw.headers["x-portkey-retry-attempt-count"] == "2"
    assert raw.parse().choices[0].message.content == "hi from m"
