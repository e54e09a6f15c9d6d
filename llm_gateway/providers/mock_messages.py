"""The mock's `messages`: Anthropic's dialect, whole and as an event stream."""

from __future__ import annotations

from typing import Any

import orjson

from llm_gateway.core.types import JSON
from llm_gateway.providers.mock_answer import (
    Answer,
    Ask,
    Refused,
    Tool,
    answer,
    content,
    counted,
    pieces,
    positive,
    read_messages,
    read_tools,
)
from llm_gateway.providers.mock_chat import pieces_of_json
from llm_gateway.providers.mock_script import MockReply

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def messages(body: JSON, reply: MockReply, seed: str) -> JSON | list[bytes]:
    """Anthropic's message. Raises Refused, as Anthropic does without `max_tokens`."""
    if body.get("max_tokens") is None:
        raise Refused("max_tokens: Field required")
    ask = read_ask(body)
    said = answer(ask, reply)
    prompt, completion = counted(ask, [said], reply) or (0, 0)
    whole = {
        "id": f"msg_{seed}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [_block(said, seed)],
        "stop_reason": "tool_use" if said.tool is not None else "max_tokens" if said.cut else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": prompt,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": completion,
        },
    }
    return _events(whole, said) if body.get("stream") else whole


def count_tokens(body: JSON, reply: MockReply, seed: str) -> JSON:
    """How many tokens a message's prompt has. Raises Refused."""
    count = counted(read_ask(body), [], reply)
    return {"input_tokens": count[0] if count else 0}


def read_ask(body: JSON) -> Ask:
    """The prompt in a request for a message. Raises Refused."""
    texts, last, images = read_messages(body.get("messages"))
    texts += content(body.get("system"), "system")[0]
    return Ask(
        tuple(texts),
        last,
        images,
        most=positive(body, "max_tokens"),
        tools=_tools(body.get("tools")),
        choice=_choice(body.get("tool_choice")),
    )


def error(status: int, message: str) -> JSON:
    """Anthropic's error body."""
    kind = _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}


def _tools(tools: Any) -> tuple[Tool, ...]:
    found = read_tools(tools)
    if not all(isinstance(tool.get("name"), str) for tool in found):
        raise Refused("tools: each needs a name")
    return tuple(Tool(tool["name"], tool.get("input_schema")) for tool in found)


def _choice(choice: Any) -> str | None:
    kind = choice.get("type") if isinstance(choice, dict) else None
    return "" if kind == "any" else choice.get("name") if kind == "tool" else None


def _block(said: Answer, seed: str) -> JSON:
    if said.tool is None:
        return {"type": "text", "text": said.text}
    return {"type": "tool_use", "id": f"toolu_{seed}", "name": said.tool, "input": orjson.loads(said.arguments)}


def _events(whole: JSON, said: Answer) -> list[bytes]:
    started = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    block = whole["content"][0]
    if said.tool is None:
        opened = block | {"text": ""}
        deltas = [{"type": "text_delta", "text": word} for word in pieces(said.text)]
    else:
        opened = block | {"input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in pieces_of_json(said.arguments)]
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    events = [
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": opened},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": whole["usage"]["output_tokens"]}},
        {"type": "message_stop"},
    ]
    return [event(each) for each in events]


def event(data: JSON) -> bytes:
    """A server-sent event, which Anthropic names."""
    return f"event: {data['type']}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
