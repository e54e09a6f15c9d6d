"""The mock provider: its shapes by the SDKs' own models and by OpenAI's document, its scripts, its sameness."""

import asyncio
import base64
import io
import json
import math
import os
import struct
import time
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic.types
import jsonschema
import openai.types
import openai.types.chat
import openai.types.responses
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState

from llm_gateway.core.errors import UpstreamTimeout, UpstreamUnreachable
from llm_gateway.core.types import Outgoing
from llm_gateway.providers.mock import MockReply, MockTransport
from llm_gateway.providers.mock_schema import NoInstance, instance

HELLO = [{"role": "user", "content": "Say hello"}]
TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 6}, "days": {"type": "integer", "minimum": 3, "maximum": 9}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
CHAT_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": TOOL}}]
Answered = tuple[int, dict[str, str], bytes]


def send(
    endpoint: str,
    body: Any = None,
    *,
    transport: MockTransport | None = None,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    timeout: float | None = None,
) -> Answered:
    async def run() -> Answered:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        outgoing = Outgoing(method, f"mock:/{endpoint}", headers or {}, raw, timeout)
        incoming = await (transport or MockTransport()).send(outgoing)
        try:
            return incoming.status, dict(incoming.headers), await incoming.read()
        finally:
            incoming.close()

    return asyncio.run(run())


def ask(endpoint: str, body: Any, **options: Any) -> Any:
    status, headers, raw = send(endpoint, body, **options)
    assert status == 200, raw
    assert headers["content-type"] == "application/json"
    return json.loads(raw)


def chat(**more: Any) -> Any:
    return ask("chat/completions", {"model": "gpt-4o", "messages": HELLO} | more)


def events(endpoint: str, body: Any) -> list[dict[str, Any]]:
    status, headers, raw = send(endpoint, body | {"stream": True})
    assert status == 200, raw
    assert headers["content-type"].startswith("text/event-stream")
    lines = [line[6:] for line in raw.decode().splitlines() if line.startswith("data: ")]
    if endpoint in ("chat/completions", "completions"):
        assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def said(text: str) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}


# Shapes, by the SDKs

SHAPES: list[tuple[str, Any, Any]] = [
    ("chat/completions", {"messages": HELLO}, openai.types.chat.ChatCompletion),
    (
        "chat/completions",
        {"messages": HELLO, "n": 3, "logprobs": True, "top_logprobs": 2},
        openai.types.chat.ChatCompletion,
    ),
    (
        "chat/completions",
        {"messages": HELLO, "tools": CHAT_TOOLS, "tool_choice": "required"},
        openai.types.chat.ChatCompletion,
    ),
    ("completions", {"prompt": "Once", "logprobs": 2}, openai.types.Completion),
    ("completions", {"prompt": ["a", "b"], "n": 2, "echo": True}, openai.types.Completion),
    ("responses", {"input": "Hello", "instructions": "Be brief"}, openai.types.responses.Response),
    ("responses", {"input": HELLO, "max_output_tokens": 2}, openai.types.responses.Response),
    (
        "responses",
        {
            "input": "Weather?",
            "tools": [{"type": "function", "name": "get_weather", "parameters": TOOL}],
            "tool_choice": {"type": "function", "name": "get_weather"},
        },
        openai.types.responses.Response,
    ),
    ("embeddings", {"input": ["a", "b"], "dimensions": 8}, openai.types.CreateEmbeddingResponse),
    ("images/generations", {"prompt": "a cat", "n": 2}, openai.types.ImagesResponse),
    ("moderations", {"input": "[mock flag] x"}, openai.types.ModerationCreateResponse),
    ("moderations", {"input": [{"type": "text", "text": "x"}]}, openai.types.ModerationCreateResponse),
    ("messages", {"messages": HELLO, "max_tokens": 50, "system": "Be brief"}, anthropic.types.Message),
    (
        "messages",
        {
            "messages": HELLO,
            "max_tokens": 50,
            "tools": [{"name": "get_weather", "input_schema": TOOL}],
            "tool_choice": {"type": "any"},
        },
        anthropic.types.Message,
    ),
]


@pytest.mark.parametrize(("endpoint", "body", "shape"), SHAPES, ids=range(len(SHAPES)))
def test_the_sdks_know_every_shape(endpoint: str, body: Any, shape: type[pydantic.BaseModel]) -> None:
    reply = ask(endpoint, {"model": "some-model"} | body)
    parsed = shape.model_validate(reply, strict=True)
    unknown = {name for name in (parsed.model_extra or {}) if name not in ("usage",)}
    assert not unknown
    assert getattr(parsed, "model", "some-model") == "some-model"


OPENAI_SCHEMAS = {
    "chat/completions": "CreateChatCompletionResponse",
    "completions": "CreateCompletionResponse",
    "responses": "Response",
    "embeddings": "CreateEmbeddingResponse",
    "images/generations": "ImagesResponse",
    "moderations": "CreateModerationResponse",
}


@pytest.mark.skipif("LLM_GATEWAY_OPENAPI" not in os.environ, reason="LLM_GATEWAY_OPENAPI names no OpenAPI document")
def test_openais_document_allows_every_shape() -> None:
    document = json.loads(Path(os.environ["LLM_GATEWAY_OPENAPI"]).read_text())
    _nullable(document)

    def check(name: str, value: Any) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    for endpoint, body, _ in SHAPES:
        if endpoint in OPENAI_SCHEMAS:
            check(OPENAI_SCHEMAS[endpoint], ask(endpoint, {"model": "some-model"} | body))
        if endpoint == "chat/completions":
            more = {"model": "some-model", "stream_options": {"include_usage": True}}
            for event in events(endpoint, body | more):
                check("CreateChatCompletionStreamResponse", event)
        if endpoint == "responses":
            for event in events(endpoint, body | {"model": "some-model"}):
                check("ResponseStreamEvent", event)
    check("ListModelsResponse", ask("models", None, method="GET"))


def _nullable(node: Any) -> None:
    """OpenAPI 3.0's `nullable`, of which the document has a rest, as JSON Schema says it."""
    for value in list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else ():
        _nullable(value)
    if isinstance(node, dict) and node.get("nullable") is True:
        rest = {key: node.pop(key) for key in list(node)}
        rest.pop("nullable")
        node["anyOf"] = [rest, {"type": "null"}]


# What OpenAI's document requires of the replies that clients read most, in our words; it is not at hand everywhere.
REQUIRED: dict[str, set[str]] = {
    "chat/completions": {"id", "choices", "created", "model", "object", "usage"},
    "completions": {"id", "choices", "created", "model", "object", "usage"},
    "responses": {
        *("id", "object", "created_at", "error", "incomplete_details", "instructions", "model", "tools", "output"),
        *("parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p", "usage"),
    },
    "embeddings": {"object", "data", "model", "usage"},
    "images/generations": {"created", "data"},
    "moderations": {"id", "model", "results"},
}


@pytest.mark.parametrize("endpoint", sorted(REQUIRED))
def test_nothing_required_is_missing(endpoint: str) -> None:
    body = next(body for name, body, _ in SHAPES if name == endpoint)
    reply = ask(endpoint, {"model": "m"} | body)
    assert reply.keys() >= REQUIRED[endpoint]
    for choice in reply.get("choices", ()):
        wanted = {"finish_reason", "index", "logprobs", "message" if endpoint == "chat/completions" else "text"}
        assert choice.keys() >= wanted
        assert choice.get("message", {"role": 1, "content": 1, "refusal": 1}).keys() >= {"role", "content", "refusal"}


# Sameness


@pytest.mark.parametrize(("endpoint", "body", "shape"), SHAPES, ids=range(len(SHAPES)))
def test_equal_requests_get_equal_bytes(endpoint: str, body: Any, shape: Any) -> None:
    for more in ({}, {"stream": True}):
        request = {"model": "m"} | body | more
        first, second = send(endpoint, request), send(endpoint, request, headers={"authorization": "Bearer another"})
        assert first == second


def test_different_requests_get_different_ids() -> None:
    assert chat()["id"] != chat(messages=[{"role": "user", "content": "Say more"}])["id"]


# Chat


def test_chat_says_what_was_asked_and_counts() -> None:
    reply = chat(messages=[{"role": "system", "content": "x" * 400}, *HELLO])
    assert reply["choices"][0]["message"]["content"] == "Mock reply to: Say hello"
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["prompt_tokens"] == 100 + 2
    assert reply["usage"]["completion_tokens"] == len("Mock reply to: Say hello") // 4
    assert reply["usage"]["total_tokens"] == 102 + reply["usage"]["completion_tokens"]


def test_images_in_a_message_are_seen_and_counted() -> None:
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ]
    reply = chat(messages=[{"role": "user", "content": parts}])
    assert reply["choices"][0]["message"]["content"] == "Mock reply to: Look (1 image)"
    assert reply["usage"]["prompt_tokens"] == 86


def test_a_token_limit_ends_the_answer() -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        choice = chat(**{name: 2})["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("Mock rep", "length")


def test_several_answers_differ() -> None:
    texts = [choice["message"]["content"] for choice in chat(n=3)["choices"]]
    assert len(set(texts)) == 3


def test_json_object_and_json_schema() -> None:
    assert json.loads(chat(response_format={"type": "json_object"})["choices"][0]["message"]["content"])
    form = {"type": "json_schema", "json_schema": {"name": "w", "schema": TOOL, "strict": True}}
    jsonschema.validate(json.loads(chat(response_format=form)["choices"][0]["message"]["content"]), TOOL)


@pytest.mark.parametrize(
    "choice",
    ["required", {"type": "function", "function": {"name": "get_weather"}}, "auto"],
    ids=["any", "named", "script"],
)
def test_tool_calls_have_valid_arguments(choice: Any) -> None:
    asked = [{"role": "user", "content": "[mock tool]" if choice == "auto" else "Weather?"}]
    found = chat(messages=asked, tools=CHAT_TOOLS, tool_choice=choice)["choices"][0]
    assert found["finish_reason"] == "tool_calls"
    assert found["message"]["content"] is None
    call = found["message"]["tool_calls"][0]
    assert call["function"]["name"] == "get_weather"
    jsonschema.validate(json.loads(call["function"]["arguments"]), TOOL)


def test_tools_left_open_are_not_called() -> None:
    assert chat(tools=CHAT_TOOLS)["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"n": -1}, "n"),
        ({"n": 1000}, "n"),
        ({"tools": [3]}, "tools"),
        ({"tools": 3}, "tools"),
        ({"logprobs": True, "top_logprobs": 10**9}, "top_logprobs"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"tool_choice": "required"}, "tools"),
        ({"tools": CHAT_TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}}, "tools"),
        ({"response_format": {"type": "yaml"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/no"}}}}, "response_format"),
    ],
    ids=str,
)
def test_requests_without_sense_are_refused(more: Any, param: str) -> None:
    status, _, raw = send("chat/completions", said("x") | more)
    error = json.loads(raw)["error"]
    assert (status, error["param"], error["type"]) == (400, param, "invalid_request_error"), raw
    assert error["message"]


FIELDS = st.sampled_from(
    [
        "model",
        "messages",
        "prompt",
        "input",
        "documents",
        "query",
        "max_tokens",
        "n",
        "stream",
        "tools",
        "tool_choice",
        "response_format",
        "text",
        "logprobs",
        "top_logprobs",
        "stream_options",
        "encoding_format",
        "dimensions",
        "system",
    ]
)
VALUES = st.recursive(
    st.sampled_from(
        [None, True, 0, -1, 1.5, 10**18, "", "x", "[mock tool]", "required", "json_schema", "function", "any"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                ["type", "role", "content", "text", "name", "function", "schema", "json_schema", "parameters"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(
    endpoint=st.sampled_from(sorted({name for name, _, _ in SHAPES} | {"rerank"})), more=st.dictionaries(FIELDS, VALUES)
)
def test_whatever_is_sent_is_answered_or_refused(endpoint: str, more: dict[str, Any]) -> None:
    usual = {
        "model": "m",
        "messages": HELLO,
        "prompt": "p",
        "input": "i",
        "documents": ["d"],
        "query": "q",
        "max_tokens": 9,
    }
    assert send(endpoint, usual | more)[0] in (200, 400)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    assert send("chat/completions", raw)[0] == 400


@pytest.mark.parametrize(
    ("method", "endpoint"),
    [("POST", "nothing"), ("POST", "models"), ("GET", "chat/completions"), ("DELETE", "models/x")],
)
def test_unknown_routes_are_not_found(method: str, endpoint: str) -> None:
    status, _, raw = send(endpoint, {}, method=method)
    assert (status, json.loads(raw)["error"]["type"]) == (404, "not_found_error")


# Streams


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"n": 2, "logprobs": True, "top_logprobs": 1},
        {"tools": CHAT_TOOLS, "tool_choice": "required"},
        {"max_tokens": 1},
    ],
    ids=["plain", "two with logprobs", "tool", "cut"],
)
def test_a_chat_stream_adds_up_to_the_whole_reply(more: dict[str, Any]) -> None:
    body = said("Say hello") | more
    state: Any = ChatCompletionStreamState()
    for event in events("chat/completions", body | {"stream_options": {"include_usage": True}}):
        state.handle_chunk(openai.types.chat.ChatCompletionChunk.model_validate(event, strict=True))
    whole, added = ask("chat/completions", body), state.current_completion_snapshot.model_dump()
    assert [added["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")] == [
        whole["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    ]
    for one, other in zip(added["choices"], whole["choices"], strict=True):
        assert one["finish_reason"] == other["finish_reason"]
        assert one["message"]["content"] == other["message"]["content"]
        calls = [call["function"] for call in other["message"].get("tool_calls", ())]
        found = [call["function"] for call in one["message"]["tool_calls"] or ()]
        assert [(c["name"], c["arguments"]) for c in found] == [(c["name"], c["arguments"]) for c in calls]
        assert bool(one["logprobs"]) == bool(other["logprobs"])
        if other["logprobs"]:
            assert [t["token"] for t in one["logprobs"]["content"]] == [
                t["token"] for t in other["logprobs"]["content"]
            ]


def test_the_last_piece_of_a_text_is_empty_and_usage_comes_only_when_wanted() -> None:
    *_, last = events("chat/completions", said("hi"))
    assert last["choices"][0]["delta"]["content"] == ""
    assert last["choices"][0]["finish_reason"] == "stop"
    assert all("usage" not in event for event in events("chat/completions", said("hi")))
    *others, usage = events("chat/completions", said("hi") | {"stream_options": {"include_usage": True}})
    assert usage["choices"] == [] and usage["usage"]["total_tokens"] > 0
    assert all(event["usage"] is None for event in others)


def test_a_completion_stream_adds_up() -> None:
    whole = ask("completions", {"model": "m", "prompt": "Once upon"})
    chunks = events("completions", {"model": "m", "prompt": "Once upon"})
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == whole["choices"][0]["text"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_response_stream_adds_up() -> None:
    adapter: Any = pydantic.TypeAdapter(openai.types.responses.ResponseStreamEvent)
    tools = [{"type": "function", "name": "get_weather", "parameters": TOOL}]
    for more in ({}, {"tools": tools, "tool_choice": "required"}):
        body = {"model": "m", "input": "Say hello"} | more
        found = events("responses", body)
        for number, event in enumerate(found):
            assert adapter.validate_python(event).type == event["type"]
            assert event["sequence_number"] == number
        deltas = "".join(event["delta"] for event in found if event["type"].endswith(".delta"))
        whole = ask("responses", body)
        item = whole["output"][0]
        assert deltas == (item["arguments"] if more else item["content"][0]["text"])
        assert found[-1]["type"] == "response.completed"
        assert found[-1]["response"] | {"id": 0, "output": 0} == whole | {"id": 0, "output": 0}


def test_an_anthropic_stream_adds_up() -> None:
    tools = [{"name": "get_weather", "input_schema": TOOL}]
    adapter: Any = pydantic.TypeAdapter(anthropic.types.RawMessageStreamEvent)
    for more in ({}, {"tools": tools, "tool_choice": {"type": "tool", "name": "get_weather"}}, {"max_tokens": 1}):
        body = {"model": "claude", "max_tokens": 100, "messages": HELLO} | more
        found = events("messages", body)
        for event in found:
            if event["type"] != "ping":
                assert adapter.validate_python(event).type == event["type"]
        whole = ask("messages", body)
        block = found[1]["content_block"] | {name: whole["content"][0][name] for name in ("id",) if more.get("tools")}
        deltas = [event["delta"] for event in found if event["type"] == "content_block_delta"]
        if block["type"] == "text":
            block["text"] += "".join(delta["text"] for delta in deltas)
        else:
            block["input"] = json.loads("".join(delta["partial_json"] for delta in deltas))
        start, end = found[0]["message"], found[-2]
        assert (
            start | {"id": whole["id"], "content": [block], **end["delta"], "usage": start["usage"] | end["usage"]}
            == whole
        )
        assert [event["type"] for event in found[:3]] == ["message_start", "content_block_start", "ping"]
        assert found[-1] == {"type": "message_stop"}


def test_anthropic_wants_max_tokens_and_has_its_own_errors() -> None:
    status, _, raw = send("messages", {"model": "claude", "messages": HELLO})
    assert status == 400
    assert json.loads(raw)["error"] == {"type": "invalid_request_error", "message": "max_tokens: Field required"}
    for status, kind in ((429, "rate_limit_error"), (529, "overloaded_error"), (500, "api_error")):
        found, _, raw = send("messages", {"model": f"mock-error-{status}", "messages": HELLO, "max_tokens": 5})
        assert (found, json.loads(raw)["type"], json.loads(raw)["error"]["type"]) == (status, "error", kind)
    count = ask("messages/count_tokens", {"model": "claude", "messages": HELLO, "system": "x" * 40})
    assert count == {"input_tokens": 12}


# The other endpoints


def test_embeddings_are_unit_vectors_that_equal_texts_share() -> None:
    reply = ask("embeddings", {"model": "text-embedding-3-small", "input": ["a", "b", "a"]})
    one, other, same = (each["embedding"] for each in reply["data"])
    assert len(one) == 1536
    assert one == same
    assert math.isclose(sum(x * x for x in one), 1, rel_tol=1e-5)
    assert abs(sum(x * y for x, y in zip(one, other, strict=True))) < 0.2
    packed = ask("embeddings", {"model": "text-embedding-3-small", "input": "a", "encoding_format": "base64"})
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert list(struct.unpack(f"<{len(raw) // 4}f", raw)) == one
    assert len(ask("embeddings", {"model": "text-embedding-3-large", "input": "a"})["data"][0]["embedding"]) == 3072
    assert ask("embeddings", {"model": "m", "input": [[1, 2], [3]], "dimensions": 4})["usage"]["prompt_tokens"] == 2


@pytest.mark.parametrize(
    "more", [{"input": []}, {"input": None}, {"input": [{}]}, {"encoding_format": "x"}, {"dimensions": 10**6}], ids=str
)
def test_embeddings_without_sense_are_refused(more: Any) -> None:
    assert send("embeddings", {"model": "m", "input": "a"} | more)[0] == 400


def test_images_come_as_data_when_asked_and_as_addresses_otherwise() -> None:
    for body in ({"response_format": "b64_json"}, {"model": "gpt-image-1"}):
        picture = base64.b64decode(ask("images/generations", {"prompt": "cat"} | body)["data"][0]["b64_json"])
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        start = picture.index(b"IDAT") + 4
        assert len(zlib.decompress(picture[start : start + int.from_bytes(picture[start - 8 : start - 4])])) == 4
    assert ask("images/generations", {"prompt": "cat"})["data"][0]["url"].startswith("https://mock.invalid/")
    assert send("images/generations", {"prompt": ""})[0] == 400


def test_moderations_flag_only_what_a_script_flags() -> None:
    assert [r["flagged"] for r in ask("moderations", {"input": ["a", "b"]})["results"]] == [False, False]
    flagged = ask("moderations", {"input": "[mock flag] a"})["results"][0]
    assert flagged["flagged"] and flagged["categories"]["violence"]


def test_rerank_puts_the_nearest_first() -> None:
    body = {"model": "rerank-v3.5", "query": "red fox", "documents": ["a blue whale", {"text": "the red fox"}, "fox"]}
    assert [r["index"] for r in ask("rerank", body)["results"]] == [1, 2, 0]
    top = ask("rerank", body | {"top_n": 1, "return_documents": True})["results"]
    assert top == [{"index": 1, "relevance_score": 0.666667, "document": {"text": "the red fox"}}]
    assert send("rerank", body | {"documents": [5]})[0] == 400


def test_speech_is_a_sound_file() -> None:
    status, headers, raw = send("audio/speech", {"model": "tts-1", "input": "one two", "voice": "alloy"})
    assert (status, headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(raw)) as audio:
        assert audio.getnframes() == audio.getframerate() // 10


FILE_END = "one"  # what a boundary starts with is no boundary within a line


def form(boundary: str, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    raw = "".join([*parts, head]).encode() + f"RIFF\r\n\x00--{FILE_END}".encode() + f"\r\n--{boundary}--\r\n".encode()
    return raw, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def test_transcriptions_depend_on_the_sound_alone() -> None:
    texts = []
    for boundary in ("one", "another"):
        raw, headers = form(boundary, model="whisper-1")
        texts.append(send("audio/transcriptions", raw, headers=headers))
    assert texts[0] == texts[1]
    assert json.loads(texts[0][2])["text"].startswith("Mock transcription ")
    raw, headers = form("b", model="whisper-1", response_format="srt", prompt="[mock reply=Hi]")
    _, got, raw = send("audio/translations", raw, headers=headers)
    assert (got["content-type"], raw) == ("text/plain; charset=utf-8", b"1\n00:00:00,000 --> 00:00:01,000\nHi\n\n")


@pytest.mark.parametrize("fields", [{}, {"model": "m", "response_format": "mp3"}], ids=["no model", "no such format"])
def test_transcriptions_without_sense_are_refused(fields: dict[str, str]) -> None:
    raw, headers = form("b", **fields)
    assert send("audio/transcriptions", raw, headers=headers)[0] == 400
    assert send("audio/transcriptions", b"", headers={"content-type": "text/plain"})[0] == 400


def test_any_model_is_known() -> None:
    listed = openai.types.Model.model_validate(ask("models", None, method="GET")["data"][0], strict=True)
    assert listed.owned_by == "mock"
    assert ask("models/vendor/some-model", None, method="GET")["id"] == "vendor/some-model"


def test_azures_paths_lead_to_the_same_endpoints() -> None:
    assert (
        ask("openai/deployments/d/chat/completions?api-version=2024-10-21", said("hi"))["object"] == "chat.completion"
    )


# Scripts


@pytest.mark.parametrize(
    ("text", "model", "headers"),
    [
        ("[mock status=429 retry-after=2] hello", "gpt-4o", {}),
        ("hello", "gpt-4o", {"Authorization": "Bearer mock:status=429;retry-after=2"}),
        ("hello", "gpt-4o", {"x-api-key": "mock:status=429 retry-after=2"}),
        ("hello", "gpt-4o", {"X-Mock-Script": "status=429 retry-after=2"}),
        ("[mock retry-after=2]", "mock-error-429", {}),
        ("[mock status=429] and [mock retry-after=2]", "mock-error-500", {}),
    ],
    ids=["prompt", "key", "anthropic key", "header", "model", "last wins"],
)
def test_errors_can_be_scripted_from_everywhere(text: str, model: str, headers: dict[str, str]) -> None:
    status, got, raw = send("chat/completions", said(text) | {"model": model}, headers=headers)
    assert (status, got["retry-after"], json.loads(raw)["error"]["type"]) == (429, "2", "rate_limit_error")


def test_scripts_of_earlier_messages_are_over() -> None:
    past = [{"role": "user", "content": "[mock status=500]"}, {"role": "assistant", "content": "no"}, *HELLO]
    assert chat(messages=past)["choices"][0]["message"]["content"] == "Mock reply to: Say hello"


@pytest.mark.parametrize(
    "script", ["stauts=429", "status=999", "status=x", "delay=-1", "usage=many", "explode", "cut=1"]
)
def test_a_script_that_makes_no_sense_is_named(script: str) -> None:
    status, _, raw = send("chat/completions", said(f"[mock {script}]"))
    assert status == 400
    assert script in json.loads(raw)["error"]["message"]


def test_a_sequence_runs_for_each_key_and_stays_at_its_end() -> None:
    transport = MockTransport()
    body = said("[mock seq=500,429,200]")

    def statuses(key: str, times: int) -> list[int]:
        headers = {"authorization": f"Bearer {key}"}
        return [send("chat/completions", body, transport=transport, headers=headers)[0] for _ in range(times)]

    assert statuses("a", 2) == [500, 429]
    assert statuses("b", 4) == [500, 429, 200, 200]
    assert statuses("a", 1) == [200]
    assert send("chat/completions", said("x") | {"model": "mock-seq-503-200"}, transport=transport)[0] == 503


def test_texts_usage_and_silence_about_it() -> None:
    reply = ask("chat/completions", said("[mock usage=1000/200 reply=Good day, all = well]"))
    assert reply["choices"][0]["message"]["content"] == "Good day, all = well"
    assert (reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"]) == (1000, 200)
    assert "usage" not in ask("chat/completions", said("[mock no-usage]"))
    assert ask("embeddings", {"model": "m", "input": "[mock usage=70]"})["usage"]["total_tokens"] == 70


def test_a_delay_beyond_the_timeout_ends_in_time() -> None:
    start = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="exceeded the timeout sent in the request: 30ms"):
        send("chat/completions", said("[mock delay=60]"), timeout=0.03)
    assert 0.03 <= time.monotonic() - start < 5
    start = time.monotonic()
    assert send("chat/completions", said("[mock delay=0.05]"), timeout=5)[0] == 200
    assert time.monotonic() - start >= 0.05


def test_pauses_between_the_pieces_of_a_stream() -> None:
    start = time.monotonic()
    events("chat/completions", said("[mock chunk-delay=0.01] a b"))
    assert time.monotonic() - start >= 0.05


def received(body: Any, transport: MockTransport | None = None) -> tuple[list[bytes], BaseException | None]:
    async def run() -> tuple[list[bytes], BaseException | None]:
        outgoing = Outgoing("POST", "mock:/chat/completions", {}, json.dumps(body).encode())
        incoming = await (transport or MockTransport()).send(outgoing)
        assert incoming.status == 200
        pieces: list[bytes] = []
        try:
            async for piece in incoming.chunks():
                pieces.append(piece)
        except (UpstreamUnreachable, UpstreamTimeout) as error:
            return pieces, error
        return pieces, None

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_cut_inside_a_piece(stream: bool) -> None:
    pieces, error = received(said("[mock cut]") | {"stream": stream})
    assert isinstance(error, UpstreamUnreachable)
    assert len(pieces) == 1 + stream
    assert not pieces[-1].endswith(b"\n\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(pieces[-1].removeprefix(b"data: "))


def test_a_stalled_stream_is_given_up_in_the_end() -> None:
    pieces, error = received(said("[mock stall]") | {"stream": True}, MockTransport(silence=0.02))
    assert isinstance(error, UpstreamTimeout)
    assert len(pieces) == 2


def test_closing_a_stalled_reply_ends_it() -> None:
    async def run() -> None:
        body = json.dumps(said("[mock stall]")).encode()
        incoming = await MockTransport().send(Outgoing("POST", "mock:/chat/completions", {}, body))
        reading = asyncio.ensure_future(incoming.read())
        await asyncio.sleep(0)
        assert not reading.done()
        incoming.close()
        with pytest.raises(UpstreamUnreachable):
            async with asyncio.timeout(5):
                await reading

    asyncio.run(run())


def test_no_connection() -> None:
    with pytest.raises(UpstreamUnreachable):
        send("chat/completions", said("x") | {"model": "mock-unreachable"})


def test_replies_that_are_no_json() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(send("chat/completions", said("[mock invalid-json]"))[2])
    pieces, error = received(said("[mock invalid-json]") | {"stream": True})
    assert error is None
    assert pieces[-1] == b"data: [DONE]\n\n"
    with pytest.raises(json.JSONDecodeError):
        json.loads(pieces[1].removeprefix(b"data: "))


def test_an_error_with_status_200() -> None:
    assert "error" in ask("chat/completions", said("[mock error-in-200]"))
    pieces, _ = received(said("[mock error-in-200]") | {"stream": True})
    assert "choices" in json.loads(pieces[0][6:])
    assert "error" in json.loads(pieces[1][6:])
    assert len(pieces) == 2


def test_a_function_can_decide() -> None:
    def script(outgoing: Outgoing) -> MockReply | None:
        if b"broken" in outgoing.body:
            return MockReply(status=503, headers={"Retry-After": "9"})
        if b"raw" in outgoing.body:
            return MockReply(body={"as": "it is"})
        return MockReply(text="From the script") if b"text" in outgoing.body else None

    transport = MockTransport(script)
    status, headers, _ = send("chat/completions", said("broken"), transport=transport)
    assert (status, headers["Retry-After"]) == (503, "9")
    assert ask("chat/completions", said("raw"), transport=transport) == {"as": "it is"}
    for text, said_back in (("text", "From the script"), ("else", "Mock reply to: else")):
        found = ask("chat/completions", said(text), transport=transport)
        assert found["choices"][0]["message"]["content"] == said_back


def test_headers_are_found_in_any_case() -> None:
    async def run() -> str:
        outgoing = Outgoing("POST", "mock:/chat/completions", {}, json.dumps(said("hi")).encode())
        return (await MockTransport().send(outgoing)).headers["Content-Type"]

    assert asyncio.run(run()) == "application/json"


# Instances of schemas


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/b"}}, "b": {"enum": [3, 4]}}},
        {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "v": {"type": "integer"}},
            "required": ["next", "v"],
        },
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "string", "format": "date"}}}], "type": "object"},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": ["x", "y", "z"]}},
        {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "integer"}},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
        {"type": "integer", "multipleOf": 7, "minimum": 10},
        {"type": "string", "pattern": "^[0-9]{4}$"},
        {"type": "string", "minLength": 9, "maxLength": 9},
        {"type": ["string", "null"]},
        {"type": "object", "minProperties": 2, "additionalProperties": {"type": "boolean"}},
        {"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]}, {"type": "null"}]},
    ],
    ids=str,
)
def test_instances_are_valid(schema: Any) -> None:
    jsonschema.Draft202012Validator(schema).validate(instance(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/none"},
        {"$ref": "https://example.com/s.json"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "string", "pattern": "^(unlikely){7}$"},
        {"type": "string", "pattern": "("},
        {"type": "string", "minLength": 10**9},
        {"type": "string", "minLength": "x"},
        {"type": "array", "minItems": 10**9},
        {"properties": 3},
        {"allOf": 5},
        {"type": "file"},
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
    ],
    ids=str,
)
def test_schemas_that_cannot_be_met_are_said_so(schema: Any) -> None:
    with pytest.raises(NoInstance, match=r"^\$"):
        instance(schema)


def _leaves() -> st.SearchStrategy[Any]:
    bounds: Callable[[int, int], dict[str, int]] = lambda a, b: {"minimum": min(a, b), "maximum": max(a, b)}  # noqa: E731
    whole = st.integers(-50, 50)
    return st.one_of(
        st.builds(lambda a, b: {"type": "integer"} | bounds(a, b), whole, whole),
        st.builds(lambda a, b: {"type": "number"} | bounds(a, b), whole, whole),
        st.builds(
            lambda a, b: {"type": "string", "minLength": min(a, b), "maxLength": max(a, b)}, *[st.integers(0, 9)] * 2
        ),
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": [1]}, {"enum": ["a", None]}, {}, True]),
    )


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return st.one_of(
        st.builds(
            lambda p, r: {"type": "object", "properties": p, "required": [*p][:r], "additionalProperties": False},
            fields,
            st.integers(0, 3),
        ),
        st.builds(
            lambda i, n: {"type": "array", "items": i, "minItems": n, "maxItems": n + 1}, inner, st.integers(0, 3)
        ),
        st.builds(lambda i: {"anyOf": i}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda i: {"$ref": "#/$defs/x", "$defs": {"x": i}}, inner).map(lambda s: s["$defs"]["x"]),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(_leaves(), _grown, max_leaves=8))
def test_instances_of_generated_schemas_are_valid(schema: Any) -> None:
    jsonschema.Draft202012Validator(schema).validate(instance(schema))
