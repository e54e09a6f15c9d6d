"""The real SDKs of Anthropic and OpenAI, against a server that answers each with the other's replies, translated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anthropic
import openai
import orjson
import pytest
from test_anthropic_replies import COMPLETION, MESSAGE
from test_anthropic_requests import CHAT, TOOL
from test_anthropic_streams import CHAT_USAGE, FROM_ANTHROPIC, FROM_OPENAI, MESSAGE_USAGE

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic import (
    ChatStream,
    MessageStream,
    from_chat,
    from_message,
    messages_error,
    to_chat,
    to_messages,
)

BROKEN = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
PROMPT = [{"role": "user", "content": "Hi"}]


class Handler(BaseHTTPRequestHandler):
    """Answers as Anthropic would in OpenAI's words and the other way round; the model's name says how it goes."""

    def do_POST(self) -> None:
        body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.chat if self.path == "/v1/chat/completions" else self.messages
        try:
            answer(body)
        except GatewayError as error:
            whole = orjson.dumps(error.body())
            self.reply(
                error.status, orjson.loads(whole) if answer == self.chat else messages_error(error.status, whole)
            )

    def chat(self, body: JSON) -> None:
        request, _ = to_messages(body)
        if request["model"] == "overloaded":
            self.reply(529, {"error": orjson.loads(BROKEN.split(b"data: ")[1])["error"]})
        elif request.get("stream"):
            usage = bool(body.get("stream_options", {}).get("include_usage"))
            sent = (
                FROM_ANTHROPIC.partition(b"event: message_delta")[0] + BROKEN
                if request["model"] == "breaking"
                else FROM_ANTHROPIC
            )
            self.stream(ChatStream(body["model"], include_usage=usage), sent)
        else:
            self.reply(200, from_message(MESSAGE, body["model"]))

    def messages(self, body: JSON) -> None:
        request = to_chat(body)
        if request["model"] == "limited":
            self.reply(429, messages_error(429, b'{"error":{"message":"Slow down.","type":"requests"}}'))
        elif request.get("stream"):
            sent = FROM_OPENAI[:1500] if request["model"] == "breaking" else FROM_OPENAI
            self.stream(MessageStream(body["model"]), sent)
        else:
            self.reply(200, from_chat(COMPLETION))

    def stream(self, stream: ChatStream | MessageStream, data: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for start in range(0, len(data), 7):
            self.wfile.write(stream.feed(data[start : start + 7]))
        self.wfile.write(stream.end())

    def reply(self, status: int, body: JSON) -> None:
        data = orjson.dumps(body)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def chat(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def messages(url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as client:
        yield client


def test_openais_client_gets_errors_with_their_status(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="n must be 1"):
        chat.chat.completions.create(model="m", messages=PROMPT, n=2)
    with pytest.raises(openai.APIStatusError, match="Overloaded") as raised:
        chat.chat.completions.create(model="overloaded", messages=PROMPT)
    assert (raised.value.status_code, raised.value.type) == (529, "overloaded_error")


def test_openais_client_gets_an_error_in_the_stream(chat: openai.OpenAI) -> None:
    seen = []
    with pytest.raises(openai.APIError, match="Overloaded"):
        seen.extend(chat.chat.completions.create(model="breaking", messages=PROMPT, stream=True))
    assert seen[0].choices[0].delta.role == "assistant"


def test_anthropics_client_gets_errors_with_their_status(messages: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="server tool"):
        messages.messages.create(
            model="m", max_tokens=9, messages=PROMPT, tools=[{"type": "web_search_20250305", "name": "web_search"}]
        )
    with pytest.raises(anthropic.RateLimitError, match=r"Slow down\.") as raised:
        messages.messages.create(model="limited", max_tokens=9, messages=PROMPT)
    assert raised.value.body == {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}


def test_anthropics_client_gets_an_error_in_the_stream(messages: anthropic.Anthropic) -> None:
    with (
        pytest.raises(anthropic.APIStatusError, match="ended before the answer"),
        messages.messages.stream(model="breaking", max_tokens=9, messages=PROMPT) as stream,
    ):
        stream.until_done()


def test_openais_client_gets_a_completion(chat: openai.OpenAI) -> None:
    made = chat.chat.completions.create(**{**CHAT, "stream": False})
    assert made.choices[0].to_dict() == COMPLETION["choices"][0]
    assert made.usage is not None
    assert made.usage.to_dict() == COMPLETION["usage"]


def test_openais_client_gathers_a_stream(chat: openai.OpenAI) -> None:
    options = {"include_usage": True}
    with chat.chat.completions.stream(model="m", messages=PROMPT, tools=[TOOL], stream_options=options) as stream:
        seen = [event.type for event in stream]
        made = stream.get_final_completion()
    checked(made)
    assert "content.done" in seen
    assert seen.count("tool_calls.function.arguments.done") == 2


def test_openais_asynchronous_client_gathers_a_stream(url: str) -> None:
    async def gathered() -> Any:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
            options: Any = {"include_usage": True}
            manager = client.chat.completions.stream(model="m", messages=PROMPT, stream_options=options)
            async with manager as stream:
                return await stream.get_final_completion()

    checked(asyncio.run(gathered()))


def checked(made: Any) -> None:
    choice = made.choices[0]
    assert (made.id, choice.finish_reason) == ("msg_1", "tool_calls")
    assert (choice.message.role, choice.message.content) == ("assistant", "Grüße, \U0001f30d!")
    assert choice.message.reasoning_content == "Hm…"
    assert choice.message.thinking_blocks[0]["signature"] == "abc"
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert calls == [("toolu_1", "look", '{"at": "sky"}'), ("toolu_2", "wait", "{}")]
    assert made.usage.to_dict() == CHAT_USAGE


def test_the_last_chunk_has_content(chat: openai.OpenAI) -> None:
    chunks = list(chat.chat.completions.create(model="m", messages=PROMPT, stream=True))
    assert chunks[-1].choices[0].delta.content == ""
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_anthropics_client_gets_a_message(messages: anthropic.Anthropic) -> None:
    made = messages.messages.create(model="m", max_tokens=9, messages=PROMPT)
    assert made.to_dict() == from_chat(COMPLETION)


def test_anthropics_client_gathers_a_stream(messages: anthropic.Anthropic) -> None:
    with messages.messages.stream(model="m", max_tokens=9, messages=PROMPT) as stream:
        text = "".join(stream.text_stream)
        made = stream.get_final_message()
    assert text == "Grüße, \U0001f30d!"
    assert (made.id, made.stop_reason) == ("chatcmpl-1", "tool_use")
    assert [block.to_dict() for block in made.content] == [
        {"type": "thinking", "thinking": "Hm…", "signature": ""},
        {"type": "text", "text": text},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "sky"}},
        {"type": "tool_use", "id": "call_2", "name": "wait", "input": {}},
    ]
    assert made.usage.to_dict() == MESSAGE_USAGE
