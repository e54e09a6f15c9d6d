"""Whole replies between Anthropic's and OpenAI's shapes: messages and chat completions, and errors with their status.

A reply that makes no sense is the provider's fault: `UpstreamError` (502), whose line names the place.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import orjson

from llm_gateway.core.errors import GatewayError, UpstreamError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic_shapes import (
    a_name,
    a_string,
    an_object,
    objects,
    parsed_arguments,
    tokens,
    written_arguments,
)

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_TYPE_OF_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
ERROR_TYPES = frozenset({*_TYPE_OF_STATUS.values(), "api_error", "invalid_request_error"})


def from_message(reply: JSON, model: str, *, created: int | None = None) -> JSON:
    """The chat completion for Anthropic's message. `model` stands in where the message names none.

    Thinking is `reasoning_content`, and with its signatures `thinking_blocks`: sent back with the message, these let
    a model go on thinking after a tool call. `created` is in Unix seconds, and now where it is not given.
    """
    try:
        message, finish = _chat_message(reply)
    except GatewayError as error:
        raise UpstreamError(f"The provider's reply makes no sense: {error.message}") from None
    return {
        "id": _id(reply, "chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()) if created is None else created,
        "model": _model(reply, model),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": chat_usage(reply.get("usage")),
    }


def from_chat(reply: JSON, model: str = "") -> JSON:
    """Anthropic's message for a chat completion. `model` stands in where the completion names none.

    Reasoning becomes a thinking block. Its signature is empty: nothing but Anthropic can sign one.
    """
    try:
        choices = objects(reply.get("choices"), "choices")
        if not choices:
            raise GatewayError("choices must not be empty")
        message = an_object(choices[0].get("message"), "choices[0].message")
        content = _message_content(message)
    except GatewayError as error:
        raise UpstreamError(f"The provider's reply makes no sense: {error.message}") from None
    called = any(block["type"] == "tool_use" for block in content)
    return {
        "id": _id(reply, "msg_"),
        "type": "message",
        "role": "assistant",
        "model": _model(reply, model),
        "content": content,
        "stop_reason": stop_reason(
            choices[0].get("finish_reason"), called=called, refused=bool(message.get("refusal"))
        ),
        "stop_sequence": None,
        "usage": message_usage(reply.get("usage")),
    }


def stop_reason(finish: Any, *, called: bool, refused: bool) -> str:
    """Anthropic's `stop_reason`. Some providers finish with `stop` though they called a tool: what was done counts."""
    reason = STOP_REASONS.get(finish, "end_turn") if isinstance(finish, str) else "end_turn"
    if refused:
        return "refusal"
    return "tool_use" if called and reason == "end_turn" else reason


def chat_usage(usage: Any) -> JSON:
    """OpenAI's usage for Anthropic's. OpenAI counts cached tokens as prompt tokens, Anthropic beside them."""
    usage = usage if isinstance(usage, dict) else {}
    read, written = tokens(usage, "cache_read_input_tokens"), tokens(usage, "cache_creation_input_tokens")
    prompt, completion = tokens(usage, "input_tokens") + read + written, tokens(usage, "output_tokens")
    made: JSON = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
    }
    details = usage.get("output_tokens_details")
    if isinstance(details, dict):
        made["completion_tokens_details"] = {"reasoning_tokens": tokens(details, "thinking_tokens")}
    return made


def message_usage(usage: Any) -> JSON:
    """Anthropic's usage for OpenAI's: the opposite of `chat_usage`."""
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    read, written = tokens(details, "cached_tokens"), tokens(details, "cache_write_tokens")
    made: JSON = {
        "input_tokens": max(0, tokens(usage, "prompt_tokens") - read - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": tokens(usage, "completion_tokens"),
    }
    spent = usage.get("completion_tokens_details")
    if isinstance(spent, dict) and tokens(spent, "reasoning_tokens"):
        made["output_tokens_details"] = {"thinking_tokens": tokens(spent, "reasoning_tokens")}
    return made


def messages_error(status: int, body: bytes) -> JSON:
    """Anthropic's error body, typed by the status, for the body of any other error. The status stays what it is."""
    kind = _TYPE_OF_STATUS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    message = _error_said(body) or f"The provider answered {status}"
    return {"type": "error", "error": {"type": kind, "message": message}}


def _error_said(body: bytes) -> str:
    """The message of an error body; of one that is no JSON its text."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:1000].decode("utf-8", "replace").strip()
    data = data if isinstance(data, dict) else {}
    error = data.get("error")
    message = error.get("message") if isinstance(error, dict) else error or data.get("message")
    return message if isinstance(message, str) else ""


def _chat_message(reply: JSON) -> tuple[JSON, str]:
    said: list[str] = []
    calls: list[JSON] = []
    thoughts: list[JSON] = []
    for i, block in enumerate(objects(reply.get("content"), "content")):
        where = f"content[{i}]"
        match block.get("type"):
            case "text":
                said.append(a_string(block.get("text"), f"{where}.text"))
            case "tool_use":
                function = {
                    "name": a_name(block.get("name"), f"{where}.name"),
                    "arguments": written_arguments(block.get("input"), f"{where}.input"),
                }
                calls.append({"id": a_name(block.get("id"), f"{where}.id"), "type": "function", "function": function})
            case "thinking" | "redacted_thinking" as kind:
                names = ("thinking", "signature") if kind == "thinking" else ("data",)
                thoughts.append(
                    {"type": kind, **{name: a_string(block.get(name), f"{where}.{name}") for name in names}}
                )
    message: JSON = {"role": "assistant", "content": "".join(said) if said or not calls else None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if thoughts:
        message["reasoning_content"] = "".join(block["thinking"] for block in thoughts if block["type"] == "thinking")
        message["thinking_blocks"] = thoughts
    reason = reply.get("stop_reason")
    return message, FINISH_REASONS.get(reason, "stop") if isinstance(reason, str) else "stop"


def _message_content(message: JSON) -> list[JSON]:
    content: list[JSON] = []
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if reasoning and isinstance(reasoning, str):
        content.append({"type": "thinking", "thinking": reasoning, "signature": ""})
    said = message.get("content")
    if isinstance(said, list):
        said = "".join(
            a_string(part.get("text", ""), f"choices[0].message.content[{i}].text")
            for i, part in enumerate(objects(said, "choices[0].message.content"))
        )
    for text, name in ((said, "content"), (message.get("refusal"), "refusal")):
        if text:
            content.append({"type": "text", "text": a_string(text, f"choices[0].message.{name}")})
    for i, call in enumerate(objects(message.get("tool_calls") or [], "choices[0].message.tool_calls")):
        where = f"choices[0].message.tool_calls[{i}]"
        function = an_object(call.get("function"), f"{where}.function")
        used = {
            "type": "tool_use",
            "id": _id(call, "toolu_"),
            "name": a_name(function.get("name"), f"{where}.function.name"),
            "input": parsed_arguments(function.get("arguments") or "", f"{where}.function.arguments"),
        }
        content.append(used)
    return content


def _model(reply: JSON, default: str) -> str:
    given = reply.get("model")
    return given if isinstance(given, str) and given else default


def _id(reply: JSON, prefix: str) -> str:
    given = reply.get("id")
    return given if isinstance(given, str) and given else prefix + uuid4().hex
