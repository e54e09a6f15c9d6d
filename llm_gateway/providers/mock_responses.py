"""The mock's `responses`, whole and as an event stream."""

from __future__ import annotations

from typing import Any

import orjson

from llm_gateway.core.types import JSON
from llm_gateway.providers.mock_answer import (
    CREATED,
    Answer,
    Ask,
    Tool,
    answer,
    counted,
    pieces,
    positive,
    read_format,
    read_messages,
    read_tools,
)
from llm_gateway.providers.mock_chat import pieces_of_json
from llm_gateway.providers.mock_script import MockReply


def responses(body: JSON, reply: MockReply, seed: str) -> JSON | list[bytes]:
    """OpenAI's response object. Raises Refused."""
    ask = read_input(body)
    said = answer(ask, reply)
    item = _item(said, seed)
    whole = _response(body, said, [item], _usage(counted(ask, [said], reply)), seed)
    return _events(whole, item, said) if body.get("stream") else whole


def read_input(body: JSON) -> Ask:
    """The prompt in a request for a response. Raises Refused."""
    given = body.get("input")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    texts, last, images = read_messages(messages, "input")
    if isinstance(body.get("instructions"), str):
        texts.append(body["instructions"])
    text = body.get("text")
    return Ask(
        tuple(texts),
        last,
        images,
        most=positive(body, "max_output_tokens"),
        tools=_tools(body.get("tools")),
        choice=_choice(body.get("tool_choice")),
        format=read_format(text.get("format")) if isinstance(text, dict) else None,
    )


def _tools(tools: Any) -> tuple[Tool, ...]:
    named = [tool for tool in read_tools(tools) if isinstance(tool.get("name"), str)]
    return tuple(Tool(tool["name"], tool.get("parameters")) for tool in named)


def _choice(choice: Any) -> str | None:
    if isinstance(choice, dict):
        return choice.get("name") if choice.get("type") == "function" else None
    return "" if choice == "required" else None


def _item(said: Answer, seed: str) -> JSON:
    if said.tool is not None:
        call = {"id": f"fc_{seed}", "type": "function_call", "status": "completed", "call_id": f"call_{seed}"}
        return call | {"name": said.tool, "arguments": said.arguments}
    part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
    status = "incomplete" if said.cut else "completed"
    return {"id": f"msg_{seed}", "type": "message", "status": status, "role": "assistant", "content": [part]}


def _usage(count: tuple[int, int] | None) -> JSON | None:
    return count and {
        "input_tokens": count[0],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": count[1],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(count),
    }


def _response(body: JSON, said: Answer, output: list[JSON], usage: JSON | None, seed: str) -> JSON:
    tools = [
        {"parameters": {}, "strict": True} | t if t.get("type") == "function" else t for t in body.get("tools") or ()
    ]
    whole = {
        "id": f"resp_{seed}",
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if said.cut else "completed",
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if said.cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "temperature": _or(body.get("temperature"), 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": tools,
        "top_p": _or(body.get("top_p"), 1.0),
        "truncation": body.get("truncation") or "disabled",
    }
    return whole if usage is None else whole | {"usage": usage}


def _or(value: Any, usual: float) -> Any:
    return usual if value is None else value


def _events(whole: JSON, item: JSON, said: Answer) -> list[bytes]:
    started = {key: value for key, value in whole.items() if key != "usage"} | {"status": "in_progress", "output": []}
    started["incomplete_details"] = None
    place = {"item_id": item["id"], "output_index": 0}
    events: list[JSON] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    if said.tool is not None:
        opened = item | {"arguments": "", "status": "in_progress"}
        events.append({"type": "response.output_item.added", "output_index": 0, "item": opened})
        for part in pieces_of_json(said.arguments):
            events.append({"type": "response.function_call_arguments.delta", **place, "delta": part})
        done = {"name": said.tool, "arguments": said.arguments}
        events.append({"type": "response.function_call_arguments.done", **place, **done})
    else:
        part = item["content"][0]
        place["content_index"] = 0
        opened = item | {"content": [], "status": "in_progress"}
        events.append({"type": "response.output_item.added", "output_index": 0, "item": opened})
        events.append({"type": "response.content_part.added", **place, "part": part | {"text": ""}})
        for word in pieces(said.text):
            events.append({"type": "response.output_text.delta", **place, "delta": word, "logprobs": []})
        events.append({"type": "response.output_text.done", **place, "text": said.text, "logprobs": []})
        events.append({"type": "response.content_part.done", **place, "part": part})
    events.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [_event(each | {"sequence_number": number}) for number, each in enumerate(events)]


def _event(data: JSON) -> bytes:
    return f"event: {data['type']}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
