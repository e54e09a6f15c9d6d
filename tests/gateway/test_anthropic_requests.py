"""Requests between OpenAI's and Anthropic's shapes: what is refused, what is said, and there and back."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from anthropic.types import message_create_params
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic import default_max_tokens, to_chat, to_messages

MODEL = "claude-sonnet-4-5"
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0xLjQ="
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CHAT = {
    "model": MODEL,
    "max_tokens": 100,
    "temperature": 0.5,
    "stop": ["END"],
    "user": "u",
    "stream": True,
    "tools": [TOOL],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}},
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": PNG}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "blue"},
        {"role": "user", "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}]},
        {"role": "assistant", "content": "Blue.", "refusal": "No."},
    ],
}
MESSAGES = {
    **to_messages(CHAT)[0],
    "thinking": {"type": "enabled", "budget_tokens": 9000},
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
}


def one(message: JSON, **others: Any) -> JSON:
    return {"model": MODEL, "messages": [message], **others}


def said(**others: Any) -> JSON:
    return one({"role": "user", "content": "Hi"}, **others)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"messages": []}, "model must be a string that is not empty, not null or missing"),
        ({"model": MODEL, "messages": "Hi"}, "messages must be a list, not a string"),
        ({"model": MODEL, "messages": ["Hi"]}, "messages[0] must be an object, not a string"),
        (
            {"model": MODEL, "messages": []},
            "messages must hold a message of the user or the assistant that is not empty",
        ),
        (one({"role": "user", "content": None}), "messages[0].content must be a string or a list of parts"),
        (
            one({"role": "assistant", "content": None}),
            "messages[0].content must be a string or a list: only next to tool_calls may it be null",
        ),
        (
            one({"role": "function", "content": "x"}),
            "messages[0].role must be system, developer, user, assistant or tool",
        ),
        (
            one({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}),
            "messages[0].content[0].type must be text, image_url or file: Anthropic has nothing for any other",
        ),
        (
            one({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}),
            "messages[0].content[0].image_url.url must be an https URL or a data URL in base64",
        ),
        (
            one(
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA=="}}],
                }
            ),
            "messages[0].content[0].image_url.url must hold a JPEG, PNG, GIF or WebP image, a PDF or text",
        ),
        (
            one({"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{oh"}}]}),
            "messages[0].tool_calls[0].function.arguments must be a JSON object written as a string; this is not JSON",
        ),
        (
            one({"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "[1]"}}]}),
            "messages[0].tool_calls[0].function.arguments, as JSON, must be an object, not a list",
        ),
        (
            one({"role": "assistant", "content": "x", "thinking_blocks": [{"type": "text"}]}),
            "messages[0].thinking_blocks may hold thinking and redacted_thinking only",
        ),
        (
            one({"role": "system", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}),
            "messages[0].content may hold text only",
        ),
        (
            one({"role": "user", "content": [{"type": "file", "file": {"file_data": "data:text/plain;base64,////"}}]}),
            "messages[0].content[0].file.file_data must be UTF-8 text in base64",
        ),
        (said(n=2), "n must be 1: Anthropic gives one answer to a request"),
        (said(functions=[{"name": "f"}]), "functions is not supported with Anthropic: use tools"),
        (said(max_tokens=0), "max_tokens must be a whole number above 0, not 0"),
        (said(tool_choice="required"), "tool_choice demands a tool, but there are none in tools"),
        (
            said(tools=[TOOL], tool_choice="maybe"),
            "tool_choice must be auto, required, none, or an object that names a function",
        ),
        (
            said(tools=[{"type": "custom", "custom": {"name": "f"}}]),
            "tools[0].type must be function: Anthropic has no other tools of OpenAI's",
        ),
        (said(response_format={"type": "xml"}), "response_format.type must be text, json_object or json_schema"),
        (said(temperature="hot"), "temperature must be a number, not a string"),
        (said(reasoning_effort="huge"), "reasoning_effort must be none, minimal, low, medium, high, xhigh, max"),
    ],
)
def test_a_chat_request_that_cannot_be_said_is_refused(body: JSON, line: str) -> None:
    with pytest.raises(GatewayError) as raised:
        to_messages(body)
    assert (raised.value.status, raised.value.message) == (400, line)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"max_tokens": None}, "max_tokens must be a whole number above 0, not null or missing"),
        ({"messages": {}}, "messages must be a list, not an object"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role must be user, assistant or system"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content must be a list, not null or missing"),
        (
            {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
            "messages[0].content[0].type 'container_upload' has no equivalent in chat completions",
        ),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "i", "name": "f", "input": "{}"}]}
                ]
            },
            "messages[0].content[0].input must be an object, not a string",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}]},
            "messages[0].content[0].type 'server_tool_use' has no equivalent in chat completions",
        ),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "tools[0]: Anthropic's server tool 'web_search_20250305' is not to be had from another provider",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "url", "url": "x"}}]}]},
            "messages[0].content[0].source.type must be text, content, base64 or file: "
            "chat completions have no other documents",
        ),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type must be auto, any, none or tool"),
    ],
)
def test_a_messages_request_that_cannot_be_said_is_refused(change: JSON, line: str) -> None:
    with pytest.raises(GatewayError) as raised:
        to_chat({**MESSAGES, **change})
    assert (raised.value.status, raised.value.message) == (400, line)


def test_what_anthropic_has_no_word_for_is_named() -> None:
    body = said(
        seed=1,
        logprobs=True,
        store=False,
        presence_penalty=0,
        temperature=1.5,
        top_p=0.9,
        stop=["\n", "END"],
        service_tier="flex",
        response_format={"type": "json_object"},
    )
    request, warnings = to_messages(body)
    assert request == {
        "model": MODEL,
        "max_tokens": 32000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "temperature": 1.0,
        "stop_sequences": ["END"],
    }
    assert warnings == [
        "temperature 1.5 was moved into Anthropic's range, 0 to 1",
        "top_p was dropped: this model takes temperature or top_p, not both",
        "response_format json_object was dropped: Anthropic has none; ask in the prompt, or json_schema",
        "stop lost its blank sequences: Anthropic refuses them",
        "service_tier was dropped: Anthropic has auto and default",
        "logprobs was dropped: Anthropic has no such parameter",
        "seed was dropped: Anthropic has no such parameter",
    ]


def test_a_whole_chat_request() -> None:
    request, warnings = to_messages(CHAT)
    assert warnings == []
    assert request == {
        "model": MODEL,
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "sky"}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "blue"}]},
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQ="},
                        "title": "a.pdf",
                    },
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "Blue."}, {"type": "text", "text": "No."}]},
        ],
        "stream": True,
        "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
        "temperature": 0.5,
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u"},
    }


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-sonnet-20241022", 8192),
        ("claude-3-7-sonnet-latest", 32000),
        ("claude-sonnet-4-20250514", 32000),
        ("anthropic/claude-opus-4.5", 32000),
        ("claude-mythos-preview", 8192),
        ("somebody-elses", 8192),
    ],
)
def test_the_limit_that_anthropic_demands(model: str, most: int) -> None:
    assert default_max_tokens(model) == most
    assert to_messages({**said(), "model": model})[0]["max_tokens"] == most
    assert to_messages({**said(max_tokens=7, max_completion_tokens=9), "model": model})[0]["max_tokens"] == 9


@pytest.mark.parametrize(
    ("model", "others", "made", "warnings"),
    [
        ("claude-sonnet-4-5", {}, {"thinking": {"type": "enabled", "budget_tokens": 16000}}, []),
        ("claude-sonnet-4-5", {"max_tokens": 3000}, {"thinking": {"type": "enabled", "budget_tokens": 2250}}, []),
        ("claude-sonnet-4-5", {"max_tokens": 1024}, {}, ["max_tokens leaves no room for thinking"]),
        ("claude-3-5-haiku-latest", {}, {}, ["this model cannot think"]),
        ("claude-haiku-4-5", {"tools": [TOOL], "tool_choice": "required"}, {}, ["a forced tool rules thinking out"]),
        (
            "claude-opus-4-7",
            {},
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
            [],
        ),
        ("claude-opus-5", {"tools": [TOOL], "tool_choice": "required"}, {"output_config": {"effort": "high"}}, []),
    ],
)
def test_reasoning_effort(model: str, others: JSON, made: JSON, warnings: list[str]) -> None:
    request, warned = to_messages({**said(reasoning_effort="high", **others), "model": model})
    assert {name: request[name] for name in ("thinking", "output_config") if name in request} == made
    assert warned == [f"reasoning_effort was dropped: {reason}" for reason in warnings]


def test_thinking_goes_on_after_a_tool_call_only_with_what_was_thought() -> None:
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
    body = {
        "model": MODEL,
        "reasoning_effort": "low",
        "messages": [*asked, {"role": "tool", "tool_call_id": "call_1", "content": "x"}],
    }
    request, warnings = to_messages(body)
    assert "thinking" not in request
    assert warnings == ["reasoning_effort was dropped: the tool call that awaits its answer lost its thinking_blocks"]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "abc"}
    body["messages"][1]["thinking_blocks"] = [{"index": 0, **thought}]
    request, warnings = to_messages(body)
    assert request["messages"][1]["content"][0] == thought
    assert request["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert warnings == []


@pytest.mark.parametrize(
    ("model", "effort", "kept"), [("claude-opus-4-7", None, False), (MODEL, "low", False), (MODEL, None, True)]
)
def test_sampling_where_the_model_takes_it(model: str, effort: str | None, kept: bool) -> None:
    request, warnings = to_messages({**said(temperature=0.2, reasoning_effort=effort), "model": model})
    assert ("temperature" in request) == kept
    assert len(warnings) == (not kept)


def test_other_turns_of_the_conversation() -> None:
    text = base64.b64encode("é".encode()).decode()
    messages = [
        {"role": "user", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}]},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.test/b.png"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_data": f"data:text/csv;base64,{text}"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "file_1"}}], "name": "Ann"},
        {"role": "assistant", "tool_calls": [{**CALL, "id": "functions.look:0", "function": {"name": "f"}}]},
        {"role": "tool", "tool_call_id": "functions.look:0", "content": ""},
    ]
    request, warnings = to_messages({"model": MODEL, "messages": messages})
    assert warnings == ["messages[5].name was dropped: Anthropic's messages have no names"]
    assert request["system"] == [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}]
    assert request["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            ],
        },
        {"role": "assistant", "content": [{"type": "tool_use", "id": "functions_look_0", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "functions_look_0"}]},
    ]


def test_allowed_tools_are_the_tools() -> None:
    other = {"type": "function", "function": {"name": "other"}}
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "other"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    request, _ = to_messages(said(tools=[TOOL, other], tool_choice=choice))
    assert request["tools"] == [{"name": "other", "input_schema": {"type": "object"}}]
    assert request["tool_choice"] == {"type": "any"}


def test_a_whole_messages_request() -> None:
    body = {
        "model": "gpt-4o",
        "max_tokens": 10,
        "system": [
            {"type": "text", "text": "One.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Two."},
        ],
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "sky"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And?"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "clouds"},
                            {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}},
                        ],
                    },
                ],
            },
        ],
        "stop_sequences": ["END"],
        "stream": True,
        "temperature": 0.1,
        "top_k": 4,
        "thinking": {"type": "enabled", "budget_tokens": 9000},
        "metadata": {"user_id": "u" * 65},
        "tools": [{"name": "look", "description": "Look.", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    }
    chat = to_chat(body)
    assert len(chat.pop("user")) == 64
    assert chat == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "One.\n\nTwo."},
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    {"id": "toolu_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sky"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "toolu_1", "content": "Error: clouds"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "And?"},
                    {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}},
                ],
            },
        ],
        "max_tokens": 10,
        "temperature": 0.1,
        "stream": True,
        "stream_options": {"include_usage": True},
        "stop": ["END"],
        "tools": [
            {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}, "description": "Look."}}
        ],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "reasoning_effort": "medium",
    }


@pytest.mark.parametrize("model", ["o3", "gpt-5.2", "openai/o4-mini"])
def test_openais_reasoning_models_have_another_word_for_the_limit(model: str) -> None:
    chat = to_chat({**MESSAGES, "model": model})
    assert chat["max_completion_tokens"] == 100
    assert "max_tokens" not in chat


def test_anthropics_own_words_pass_through() -> None:
    mark = {"type": "ephemeral"}
    body = {
        "model": MODEL,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "cache_control": mark,
        "service_tier": "default",
        "tools": [{**TOOL, "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": mark}]},
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "x", "cache_control": mark},
        ],
    }
    request, warnings = to_messages(body)
    assert warnings == []
    assert (request["thinking"], request["cache_control"]) == (body["thinking"], mark)
    assert request["service_tier"] == "standard_only"
    marked = [request["tools"][0], request["messages"][0]["content"][0], request["messages"][2]["content"][0]]
    assert [item["cache_control"] for item in marked] == [mark] * 3
    assert to_messages(said(reasoning_effort="none"))[0]["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("turn", "messages"),
    [
        ({"role": "system", "content": "Now."}, [{"role": "system", "content": "Now."}]),
        ({"role": "assistant", "content": "Yes."}, [{"role": "assistant", "content": "Yes."}]),
        ({"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]}, []),
        (
            {"role": "user", "content": [{"type": "document", "source": {"type": "text", "data": "a"}}]},
            [{"role": "user", "content": "a"}],
        ),
        (
            {"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]},
            [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}],
        ),
    ],
)
def test_other_turns_of_anthropics(turn: JSON, messages: list[JSON]) -> None:
    assert to_chat({"model": "m", "max_tokens": 1, "messages": [turn]})["messages"] == messages


def test_effort_and_tier_of_anthropics() -> None:
    chat = to_chat({**MESSAGES, "thinking": None, "output_config": {"effort": "max"}, "service_tier": "standard_only"})
    assert (chat["reasoning_effort"], chat["service_tier"]) == ("max", "default")


def test_documents_and_search_results_are_what_they_hold() -> None:
    held = [{"type": "text", "text": "a"}, {"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}}]
    document = {"type": "document", "source": {"type": "content", "content": held}}
    result = {"type": "search_result", "title": "T", "source": "https://a.test", "content": held[:1]}
    body = {**MESSAGES, "messages": [{"role": "user", "content": [document, result]}]}
    assert to_chat(body)["messages"][1:] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}},
                {"type": "text", "text": "T (https://a.test)"},
                {"type": "text", "text": "a"},
            ],
        }
    ]
    held[0] = document
    with pytest.raises(
        GatewayError, match=r"^messages\[0\]\.content\[0\]\.source\.content may hold text and images only$"
    ):
        to_chat(body)


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
PARTS = st.one_of(
    WORDS.map(lambda text: {"type": "text", "text": text}),
    st.sampled_from([PNG, "https://a.test/b.png"]).map(lambda url: {"type": "image_url", "image_url": {"url": url}}),
    NAMES.map(lambda name: {"type": "file", "file": {"filename": name, "file_data": PDF}}),
)
TEXTS = WORDS | st.lists(WORDS.map(lambda text: {"type": "text", "text": text}), min_size=1, max_size=2)


@st.composite
def exchanges(draw: st.DrawFn) -> list[JSON]:
    """Some messages that may follow each other: of tool calls each is answered."""
    kind = draw(st.sampled_from(["system", "developer", "user", "assistant", "tools"]))
    if kind == "user":
        return [{"role": kind, "content": draw(WORDS | st.lists(PARTS, min_size=1, max_size=3))}]
    if kind != "tools":
        return [{"role": kind, "content": draw(TEXTS)}]
    names = draw(
        st.dictionaries(NAMES, st.tuples(NAMES, st.dictionaries(WORDS, VALUES, max_size=3)), min_size=1, max_size=2)
    )
    calls = [
        {"id": key, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for key, (name, arguments) in names.items()
    ]
    answers = [{"role": "tool", "tool_call_id": key, "content": draw(TEXTS | st.just(""))} for key in names]
    return [{"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": calls}, *answers]


@st.composite
def chats(draw: st.DrawFn) -> JSON:
    """Chat requests of which Anthropic can say everything."""
    begin = {"role": "user", "content": draw(WORDS)}
    messages = [begin, *(message for some in draw(st.lists(exchanges(), max_size=6)) for message in some)]
    schema = st.fixed_dictionaries({"type": st.just("object"), "title": WORDS})
    tool = st.fixed_dictionaries(
        {"name": NAMES, "parameters": schema}, optional={"description": WORDS, "strict": st.just(True)}
    )
    optional = {
        "temperature": st.floats(0, 1),
        "stop": st.lists(WORDS, min_size=1, max_size=3),
        "user": NAMES,
        "stream": st.just(True),
        "response_format": schema.map(
            lambda made: {"type": "json_schema", "json_schema": {"name": "output", "schema": made, "strict": True}}
        ),
    }
    body = draw(st.fixed_dictionaries({"max_tokens": st.integers(1, 9999)}, optional=optional))
    if tools := draw(st.lists(tool, max_size=2)):
        named = {"type": "function", "function": {"name": tools[0]["name"]}}
        body["tools"] = [{"type": "function", "function": function} for function in tools]
        body |= draw(st.fixed_dictionaries({}, optional={"tool_choice": st.sampled_from(["auto", "required", named])}))
        body |= draw(st.fixed_dictionaries({}, optional={"parallel_tool_calls": st.just(False)}))
    return {"model": MODEL, "messages": messages, **body}


def meaning(chat: JSON) -> JSON:
    """A chat request without the freedom it has in spelling the same thing."""
    system: list[str] = []
    turns: list[tuple[str, list[Any]]] = []
    for message in chat["messages"]:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        role = message["role"]
        if role in ("system", "developer"):
            system += [part["text"] for part in parts]
            continue
        if role == "tool":
            items = [(message["tool_call_id"], "\n".join(part["text"] for part in parts))]
        elif role == "assistant":
            items = ["".join(part["text"] for part in parts)]
            items += [
                (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                for call in message.get("tool_calls", [])
            ]
        else:
            items = list(parts)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(items)
        else:
            turns.append((role, items))
    spoken = [(role, _joined(items) if role == "assistant" else items) for role, items in turns]
    rest = {name: value for name, value in chat.items() if name not in ("messages", "stream_options")}
    if rest.get("parallel_tool_calls") is False:
        rest.setdefault("tool_choice", "auto")
    return {**rest, "system": "\n\n".join(system), "turns": spoken}


def _joined(items: list[Any]) -> list[Any]:
    return [
        "".join(item for item in items if isinstance(item, str)),
        *(item for item in items if not isinstance(item, str)),
    ]


@given(chats())
def test_there_and_back_is_the_same(chat: JSON) -> None:
    before = deepcopy(chat)
    request, warnings = to_messages(chat)
    assert warnings == []
    assert meaning(to_chat(request)) == meaning(chat)
    assert chat == before


ANTHROPICS = TypeAdapter(
    message_create_params.MessageCreateParamsStreaming | message_create_params.MessageCreateParamsNonStreaming
)
OPENAIS = TypeAdapter(completion_create_params.CompletionCreateParams)


@given(chats())
def test_requests_are_what_the_sdks_declare(chat: JSON) -> None:
    request, _ = to_messages(chat)
    ANTHROPICS.validate_python(request)
    OPENAIS.validate_python(to_chat(request))


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in inner for path in ((*here, key), *paths(item, (*here, key)))]


ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", [], {}, [None], [[]], [{}], {"type": "text"}, {"type": []}, 2**70]
).map(deepcopy)


@pytest.mark.parametrize("translate", [to_messages, to_chat])
@given(data=st.data())
def test_a_malformed_request_is_one_clear_line(translate: Any, data: st.DataObject) -> None:
    body = deepcopy(CHAT if translate is to_messages else MESSAGES)
    for _ in range(data.draw(st.integers(1, 2))):
        *above, key = data.draw(st.sampled_from(paths(body)))
        holder: Any = body
        for step in above:
            holder = holder[step]
        holder[key] = data.draw(ODD)
    try:
        made = translate(body)
    except GatewayError as error:
        assert error.status == 400
        assert error.message
        assert "\n" not in error.message
    else:
        assert json.dumps(made)
