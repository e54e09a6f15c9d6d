"""Whole replies and errors between Anthropic's and OpenAI's shapes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion
from test_anthropic_requests import ODD, paths

from llm_gateway.core.errors import UpstreamError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic import from_chat, from_message, messages_error

MESSAGE: JSON = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [
        {"type": "thinking", "thinking": "Hm. ", "signature": "abc"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "Let me "},
        {"type": "text", "text": "see."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "sky"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 3,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 2},
    },
}
COMPLETION: JSON = {
    "id": "msg_1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "claude-sonnet-4-5-20250929",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Let me see.",
                "refusal": None,
                "tool_calls": [
                    {"id": "toolu_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sky"}'}}
                ],
                "reasoning_content": "Hm. ",
                "thinking_blocks": MESSAGE["content"][:2],
            },
            "logprobs": None,
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 18,
        "completion_tokens": 7,
        "total_tokens": 25,
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


def completion(finish: str | None = "stop", **message: Any) -> JSON:
    return {"choices": [{"message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        ({}, "choices must be a list, not null or missing"),
        ({"choices": []}, "choices must not be empty"),
        ({"choices": [{}]}, "choices[0].message must be an object, not null or missing"),
        (
            completion(tool_calls=[{"id": "1", "function": {"name": "f", "arguments": "{oh"}}]),
            "choices[0].message.tool_calls[0].function.arguments must be a JSON object written as a string; "
            "this is not JSON",
        ),
    ],
)
def test_a_completion_that_makes_no_sense(reply: JSON, line: str) -> None:
    with pytest.raises(UpstreamError) as raised:
        from_chat(reply)
    assert (raised.value.status, raised.value.message) == (502, f"The provider's reply makes no sense: {line}")


def test_a_message_that_makes_no_sense() -> None:
    with pytest.raises(
        UpstreamError, match=r"^The provider's reply makes no sense: content must be a list, not a string$"
    ):
        from_message({"content": "Hi"}, "m")


@pytest.mark.parametrize(("translate", "reply"), [(from_message, MESSAGE), (from_chat, COMPLETION)])
@given(data=st.data())
def test_a_malformed_reply_is_one_clear_line(translate: Any, reply: JSON, data: st.DataObject) -> None:
    body = deepcopy(reply)
    *above, key = data.draw(st.sampled_from(paths(body)))
    holder: Any = body
    for step in above:
        holder = holder[step]
    holder[key] = data.draw(ODD)
    try:
        made = translate(body, "m")
    except UpstreamError as error:
        assert "\n" not in error.message
    else:
        assert json.dumps(made)


def test_a_message_as_a_completion() -> None:
    made = from_message(MESSAGE, "asked-for", created=1700000000)
    assert made == COMPLETION
    ChatCompletion.model_validate(made)


def test_a_completion_as_a_message() -> None:
    made = from_chat(COMPLETION)
    assert made == {
        **MESSAGE,
        "content": [
            {"type": "thinking", "thinking": "Hm. ", "signature": ""},
            {"type": "text", "text": "Let me see."},
            MESSAGE["content"][4],
        ],
    }
    Message.model_validate(made)


def test_little_is_enough() -> None:
    made = from_message({"content": []}, "m")
    assert made["id"].startswith("chatcmpl-")
    assert made["model"] == "m"
    assert made["choices"][0]["message"] == {"role": "assistant", "content": "", "refusal": None}
    assert made["usage"]["total_tokens"] == 0
    called = from_chat(
        completion(content=None, tool_calls=[{"id": "", "function": {"name": "f", "arguments": ""}}]), "m"
    )
    assert called["id"].startswith("msg_")
    assert called["content"][0].pop("id").startswith("toolu_")
    assert called["content"] == [{"type": "tool_use", "name": "f", "input": {}}]
    assert called["stop_reason"] == "tool_use"
    Message.model_validate(from_chat(completion(content="x"), "m"))


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
    ],
)
def test_why_a_message_stopped(stop: str, finish: str) -> None:
    assert from_message({"content": [], "stop_reason": stop}, "m")["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize(
    ("finish", "message", "stop"),
    [
        ("stop", {"content": "x"}, "end_turn"),
        ("length", {"content": "x"}, "max_tokens"),
        ("length", {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}, "max_tokens"),
        ("stop", {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}, "tool_use"),
        ("content_filter", {"content": ""}, "refusal"),
        ("stop", {"refusal": "No."}, "refusal"),
        (None, {"content": [{"type": "text", "text": "x"}]}, "end_turn"),
    ],
)
def test_why_a_completion_finished(finish: str | None, message: JSON, stop: str) -> None:
    assert from_chat(completion(finish, **message))["stop_reason"] == stop


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (412, "invalid_request_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (529, "overloaded_error"),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"No.","type":"server_error","code":"x"}}',
        b'{"error":"No."}',
        b'{"status":"failure","message":"No."}',
        b"No.\n",
    ],
)
def test_errors_for_anthropics_clients(status: int, kind: str, body: bytes) -> None:
    made = messages_error(status, body)
    assert made == {"type": "error", "error": {"type": kind, "message": "No."}}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"error":{"message":3}}', b'{"error":null}'])
def test_errors_that_say_nothing(body: bytes) -> None:
    assert messages_error(500, body)["error"]["message"] == "The provider answered 500"
