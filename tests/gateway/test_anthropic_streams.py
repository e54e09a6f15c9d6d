"""Event streams between Anthropic's and OpenAI's shapes: however they are cut, and however they break off."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter
from test_anthropic_requests import ODD, paths

from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic import ChatStream, MessageStream
from llm_gateway.providers.anthropic_events import MAX_EVENT


def named(event: JSON) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def plain(event: JSON) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def block(index: int, start: JSON, *deltas: JSON) -> list[JSON]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def piece(text: str) -> JSON:
    return {"type": "input_json_delta", "partial_json": text}


ANTHROPIC: list[JSON] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5-20250929",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1},
        },
    },
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Hm"},
        {"type": "thinking_delta", "thinking": "…"},
        {"type": "signature_delta", "signature": "abc"},
    ),
    {"type": "ping"},
    *block(
        1,
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": "Grüße, "},
        {"type": "text_delta", "text": "\U0001f30d!"},
    ),
    *block(2, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}, piece('{"query": "x"}')),
    *block(
        3,
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
        piece(""),
        piece('{"at": "s'),
        piece('ky"}'),
    ),
    *block(4, {"type": "tool_use", "id": "toolu_2", "name": "wait", "input": {}}, piece("")),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 20, "output_tokens_details": {"thinking_tokens": 4}},
    },
    {"type": "message_stop"},
]
CHAT_USAGE = {
    "prompt_tokens": 15,
    "completion_tokens": 20,
    "total_tokens": 35,
    "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


def chunk(delta: JSON, finish: str | None = None, **others: Any) -> JSON:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "gpt-4o"}
    return {**head, "choices": choices, **others}


def called(index: int, arguments: str, **others: Any) -> JSON:
    name = {"name": others.pop("name")} if "name" in others else {}
    return {"tool_calls": [{"index": index, **others, "function": {**name, "arguments": arguments}}]}


OPENAI: list[JSON] = [
    {**chunk({}), "choices": [], "id": "", "model": "", "prompt_filter_results": []},
    chunk({"role": "assistant", "content": "", "refusal": None}),
    chunk({"reasoning_content": "Hm"}),
    chunk({"reasoning_content": "…"}),
    chunk({"content": "Grüße, "}),
    chunk({"content": "\U0001f30d!"}),
    chunk(called(0, "", id="call_1", type="function", name="look")),
    chunk(called(0, '{"at": "s')),
    chunk(called(0, 'ky"}')),
    chunk(called(1, "", id="call_2", type="function", name="wait")),
    chunk({}, "tool_calls"),
    {
        **chunk({}),
        "choices": [],
        "usage": {
            "prompt_tokens": 15,
            "completion_tokens": 20,
            "total_tokens": 35,
            "prompt_tokens_details": {"cached_tokens": 5},
        },
    },
]
MESSAGE_USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 5,
    "output_tokens": 20,
}
FROM_ANTHROPIC = b"".join(map(named, ANTHROPIC))
FROM_OPENAI = b": keep-alive\n\n" + b"".join(map(plain, OPENAI)) + b"data: [DONE]\n\n"


def chat_stream() -> ChatStream:
    return ChatStream("asked-for", include_usage=True, created=1700000000)


def message_stream() -> MessageStream:
    return MessageStream("asked-for")


def run(stream: ChatStream | MessageStream, *chunks: bytes) -> bytes:
    return b"".join([*map(stream.feed, chunks), stream.end()])


def events(data: bytes) -> list[Any]:
    """The JSON of each event, and [DONE] as a string. Each event of Anthropic's is named as its type says."""
    found = []
    for event in data.decode().removesuffix("\n\n").split("\n\n"):
        *names, line = event.split("\n")
        written = line.removeprefix("data: ")
        made = written if written == "[DONE]" else json.loads(written)
        assert names in ([], [f"event: {made['type']}" if names else ""])
        found.append(made)
    return found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The provider's stream ended before the answer did"),
        (FROM_ANTHROPIC[:1500], "The provider's stream ended before the answer did"),
        (b"data: {oh\n\n", "The provider sent an event that makes no sense: {oh"),
        (b"data: [1]\n\n", "The provider sent an event that makes no sense: [1]"),
        (named(ANTHROPIC[-1]), 'The provider sent an event that makes no sense: {"type": "message_stop"}'),
        (named({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), "Overloaded"),
        (named({"type": "error", "error": "no"}), "no"),
    ],
)
def test_an_anthropic_stream_that_breaks_off(data: bytes, message: str) -> None:
    stream = chat_stream()
    last = events(run(stream, data))[-1]
    kind = "overloaded_error" if message == "Overloaded" else "api_error"
    assert last == {"error": {"type": kind, "message": message, "param": None, "code": None}}
    assert stream.error == {"type": kind, "message": message}
    assert (stream.usage or {}).get("prompt_tokens") == (15 if b"message_start" in data else None)
    assert stream.feed(FROM_ANTHROPIC) == b""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The provider's stream ended before the answer did"),
        (b"".join(map(plain, OPENAI[:6])), "The provider's stream ended before the answer did"),
        (b"data: [DONE]\n\n", "The provider sent an event that makes no sense: [DONE]"),
        (plain({"choices": "x"}), 'The provider sent an event that makes no sense: {"choices": "x"}'),
        (plain({"error": {"message": "Broken", "type": "server_error"}}), "Broken"),
    ],
)
def test_an_openai_stream_that_breaks_off(data: bytes, message: str) -> None:
    stream = message_stream()
    last = events(run(stream, data))[-1]
    assert last == {"type": "error", "error": {"type": "api_error", "message": message}}
    assert stream.error is not None
    assert stream.feed(FROM_OPENAI) == b""


def test_an_event_without_end() -> None:
    stream = chat_stream()
    out = stream.feed(b"data: " + b" " * MAX_EVENT)
    assert events(out)[-1]["error"]["message"] == "The provider's stream has an event without end"
    assert run(stream, FROM_ANTHROPIC) == b""


@pytest.mark.parametrize(("make", "good", "write"), [(chat_stream, ANTHROPIC, named), (message_stream, OPENAI, plain)])
@given(data=st.data())
def test_a_malformed_event_never_raises(make: Any, good: list[JSON], write: Any, data: st.DataObject) -> None:
    sent = deepcopy(good)
    *above, key = data.draw(st.sampled_from(paths(sent)).filter(lambda path: len(path) > 1))
    holder: Any = sent
    for step in above:
        holder = holder[step]
    holder[key] = data.draw(ODD)
    out = run(make(), *(plain(event) for event in sent))
    last = events(out)[-1]
    assert last == "[DONE]" or last.get("type") == "message_stop" or "error" in last


def test_an_anthropic_stream_as_chunks() -> None:
    stream = chat_stream()
    *made, done = events(run(stream, FROM_ANTHROPIC))
    assert done == "[DONE]"
    for event in made:
        ChatCompletionChunk.model_validate(event)
        assert (event["id"], event["model"]) == ("msg_1", "claude-sonnet-4-5-20250929")
    *parts, last = made
    assert [part["choices"][0]["delta"] for part in parts] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Hm"},
        {"reasoning_content": "…"},
        {"thinking_blocks": [{"index": 0, "type": "thinking", "thinking": "Hm…", "signature": "abc"}]},
        {"content": "Grüße, "},
        {"content": "\U0001f30d!"},
        called(0, "", id="toolu_1", type="function", name="look"),
        called(0, '{"at": "s'),
        called(0, 'ky"}'),
        called(1, "", id="toolu_2", type="function", name="wait"),
        called(1, "{}"),
        {"content": ""},
    ]
    assert [part["choices"][0]["finish_reason"] for part in parts] == [None] * 11 + ["tool_calls"]
    assert (last["choices"], last["usage"]) == ([], CHAT_USAGE)
    assert stream.usage == CHAT_USAGE


def test_blocks_that_come_whole_and_thoughts_that_are_hidden() -> None:
    sent = [
        ANTHROPIC[0],
        *block(0, {"type": "redacted_thinking", "data": "xyz"}),
        *block(1, {"type": "text", "text": "Hi"}),
        *block(2, {"type": "tool_use", "id": "t", "name": "look", "input": {"at": "sky"}}),
        ANTHROPIC[-1],
    ]
    made = events(run(chat_stream(), *map(named, sent)))[:-2]
    assert [event["choices"][0]["delta"] for event in made[1:]] == [
        {"thinking_blocks": [{"index": 0, "type": "redacted_thinking", "data": "xyz"}]},
        {"content": "Hi"},
        called(0, "", id="t", type="function", name="look"),
        called(0, '{"at":"sky"}'),
        {"content": ""},
    ]
    assert made[-1]["choices"][0]["finish_reason"] == "stop"


def test_usage_is_sent_only_to_who_asked() -> None:
    stream = ChatStream("m")
    assert b"usage" not in run(stream, FROM_ANTHROPIC)
    assert stream.usage == CHAT_USAGE


def test_an_openai_stream_as_events() -> None:
    stream = message_stream()
    made = events(run(stream, FROM_OPENAI))
    known = TypeAdapter[Any](RawMessageStreamEvent)
    for event in made:
        known.validate_python(event)
    assert made[0]["message"] == {
        **ANTHROPIC[0]["message"],
        "id": "chatcmpl-1",
        "model": "gpt-4o",
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    tools = [
        {"type": "tool_use", "id": f"call_{n}", "name": name, "input": {}} for n, name in ((1, "look"), (2, "wait"))
    ]
    assert made[1:] == [
        *block(0, ANTHROPIC[1]["content_block"], *(event["delta"] for event in ANTHROPIC[2:4])),
        *block(
            1,
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "Grüße, "},
            {"type": "text_delta", "text": "\U0001f30d!"},
        ),
        *block(2, tools[0], piece('{"at": "s'), piece('ky"}')),
        *block(3, tools[1]),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": MESSAGE_USAGE,
        },
        {"type": "message_stop"},
    ]
    assert stream.usage == MESSAGE_USAGE


@pytest.mark.parametrize(
    "end", [b"data: [DONE]\n\n", b"data: [DONE]", b""], ids=["done", "done without a line's end", "nothing"]
)
def test_an_openai_stream_that_just_ends(end: bytes) -> None:
    made = events(run(message_stream(), plain(chunk({"content": "x"}, "length")), end))
    assert made[-2]["delta"]["stop_reason"] == "max_tokens"
    assert made[-1] == {"type": "message_stop"}


def test_a_refusal_is_text_that_says_so() -> None:
    made = events(run(message_stream(), plain(chunk({"refusal": "No."})), plain(chunk({}, "stop"))))
    assert made[2]["delta"] == {"type": "text_delta", "text": "No."}
    assert made[-2]["delta"]["stop_reason"] == "refusal"


def tools(deltas: list[JSON]) -> list[JSON]:
    return events(run(message_stream(), *(plain(chunk(delta)) for delta in deltas), plain(chunk({}, "stop"))))


def test_tool_calls_as_other_providers_send_them() -> None:
    """Without an index, all with index 0, with an id that changes from piece to piece, and in turns."""
    whole = [{"id": key, "function": {"name": key, "arguments": "{}"}} for key in ("a", "b")]
    without = run(message_stream(), plain(chunk({"tool_calls": whole}, "stop")))
    zero = [{"index": 0, **call} for call in whole]
    assert run(message_stream(), plain(chunk({"tool_calls": zero}, "stop"))) == without
    started = [event["content_block"] for event in events(without) if event["type"] == "content_block_start"]
    assert [call["id"] for call in started] == ["a", "b"]

    restless = [called(0, "", id="a", name="f"), called(0, "{}", id="b")]
    steady = [called(0, "", id="a", name="f"), called(0, "{}")]
    assert tools(restless) == tools(steady)

    pieces = [
        called(0, "", id="a", name="f"),
        called(1, "", id="b", name="g"),
        called(0, "{}"),
        called(1, "[]"),
    ]
    deltas = [event for event in tools(pieces) if event["type"] == "content_block_delta"]
    assert [(event["index"], event["delta"]["partial_json"]) for event in deltas] == [(0, "{}"), (1, "[]")]


@given(cuts=st.lists(st.integers(0, len(FROM_ANTHROPIC)), max_size=30), crlf=st.booleans())
def test_however_an_anthropic_stream_is_cut(cuts: list[int], crlf: bool) -> None:
    assert cut(chat_stream(), FROM_ANTHROPIC, cuts, crlf) == run(chat_stream(), FROM_ANTHROPIC)


@given(cuts=st.lists(st.integers(0, len(FROM_OPENAI)), max_size=30), crlf=st.booleans())
def test_however_an_openai_stream_is_cut(cuts: list[int], crlf: bool) -> None:
    assert cut(message_stream(), FROM_OPENAI, cuts, crlf) == run(message_stream(), FROM_OPENAI)


@pytest.mark.parametrize(("make", "data"), [(chat_stream, FROM_ANTHROPIC), (message_stream, FROM_OPENAI)])
def test_byte_by_byte(make: Any, data: bytes) -> None:
    assert run(make(), *(data[i : i + 1] for i in range(len(data)))) == run(make(), data)


def cut(stream: ChatStream | MessageStream, data: bytes, cuts: list[int], crlf: bool) -> bytes:
    if crlf:
        data = data.replace(b"\n", b"\r\n")
    places = [0, *sorted(cuts), len(data)]
    return run(stream, *(data[start:end] for start, end in pairwise(places)))


@given(st.lists(st.sampled_from(["content", "reasoning_content", "tool"]), max_size=8), st.data())
def test_there_and_back_is_the_same_stream(kinds: list[str], data: st.DataObject) -> None:
    """What OpenAI's chunks say is still what they say after a journey through Anthropic's events."""
    text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
    deltas: list[JSON] = [{"role": "assistant", "content": ""}]
    for n, kind in enumerate(kinds):
        calls = sum(before == "tool" for before in kinds[:n])
        if kind == "tool":
            deltas += [called(calls, "", id=f"c{n}", type="function", name=f"f{n}"), called(calls, '{"a":1}')]
        else:
            deltas.append({kind: data.draw(text)})
    finish = "tool_calls" if "tool" in kinds else "stop"
    sent = b"".join(plain(chunk(delta)) for delta in deltas) + plain(chunk({}, finish)) + b"data: [DONE]\n\n"
    back = events(run(ChatStream("m"), run(MessageStream("m"), sent)))[:-1]
    again = [event["choices"][0]["delta"] for event in back]
    assert [delta for delta in again if "thinking_blocks" not in delta] == [*deltas, {"content": ""}]
    assert back[-1]["choices"][0]["finish_reason"] == finish
