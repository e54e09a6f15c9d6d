"""A Messages request as a chat completions request, so that any OpenAI-compatible provider can serve it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic_blocks import block_parts, parts
from llm_gateway.providers.anthropic_shapes import (
    THINKING_BUDGETS,
    a_count,
    a_list,
    a_name,
    a_string,
    an_object,
    objects,
    written_arguments,
)

_LONGEST_USER = 64  # characters that OpenAI accepts
_REASONING_MODELS = re.compile(r"(?:.*/)?(?:o\d|gpt-[5-9])")


def to_chat(body: JSON) -> JSON:
    """The chat completions request that means the same.

    - Tool results become `tool` messages; the images in them move to the user message that follows. A result marked
      `is_error` starts with "Error: ".
    - `thinking` with a budget, or `output_config.effort`, becomes `reasoning_effort`. Earlier thinking, `top_k`,
      `cache_control` and whatever else only Anthropic knows are left out.
    - `max_tokens` keeps its name, except for OpenAI's reasoning models, which know it as `max_completion_tokens`.
    - A user id longer than OpenAI accepts is hashed. A stream reports its usage.

    Raises GatewayError (400) if the request is malformed, or holds what chat completions cannot say, such as
    Anthropic's server tools.
    """
    model = a_name(body.get("model"), "model")
    limit = "max_completion_tokens" if _REASONING_MODELS.match(model) else "max_tokens"
    messages = [*_system(body.get("system"), "system"), *_messages(objects(body.get("messages"), "messages"))]
    request: JSON = {"model": model, "messages": messages, limit: a_count(body.get("max_tokens"), "max_tokens")}
    request |= {name: body[name] for name in ("temperature", "top_p") if body.get(name) is not None}
    if body.get("stream"):
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    if stops := a_list(body.get("stop_sequences") or [], "stop_sequences"):
        request["stop"] = [a_string(stop, f"stop_sequences[{i}]") for i, stop in enumerate(stops)]
    user = an_object(body.get("metadata") or {}, "metadata").get("user_id")
    if user:
        request["user"] = _user(a_string(user, "metadata.user_id"))
    tier = body.get("service_tier")
    if tier in ("auto", "standard_only"):
        request["service_tier"] = "auto" if tier == "auto" else "default"
    return request | _tools(body) | _output(body)


def _messages(turns: list[JSON]) -> list[JSON]:
    made: list[JSON] = []
    for i, turn in enumerate(turns):
        where = f"messages[{i}].content"
        match turn.get("role"):
            case "user":
                made += _user_turn(turn.get("content"), where)
            case "assistant":
                made += _assistant_turn(turn.get("content"), where)
            case "system":
                made += _system(turn.get("content"), where)
            case _:
                raise GatewayError(f"messages[{i}].role must be user, assistant or system")
    return made


def _system(content: Any, where: str) -> list[JSON]:
    if content is None:
        return []
    said = parts(content, where)
    if any(part["type"] != "text" for part in said):
        raise GatewayError(f"{where} may hold text only")
    return [{"role": "system", "content": "\n\n".join(part["text"] for part in said)}] if said else []


def _user_turn(content: Any, where: str) -> list[JSON]:
    """The tool messages, which OpenAI wants right after the calls, and then the rest of the turn."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[JSON] = []
    said: list[JSON] = []
    for i, block in enumerate(objects(content, where)):
        if block.get("type") == "tool_result":
            result, others = _tool_result(block, f"{where}[{i}]")
            results.append(result)
            said += others
        else:
            said += block_parts(block, f"{where}[{i}]")
    if not said:
        return results
    plain = len(said) == 1 and said[0]["type"] == "text"
    return [*results, {"role": "user", "content": said[0]["text"] if plain else said}]


def _tool_result(block: JSON, where: str) -> tuple[JSON, list[JSON]]:
    """The tool message, which holds text only, and the parts that it cannot hold."""
    given = parts(block.get("content") or [], f"{where}.content")
    said = "\n".join(part["text"] for part in given if part["type"] == "text")
    text = f"Error: {said}" if block.get("is_error") else said
    call = a_name(block.get("tool_use_id"), f"{where}.tool_use_id")
    message = {"role": "tool", "tool_call_id": call, "content": text}
    return message, [part for part in given if part["type"] != "text"]


def _assistant_turn(content: Any, where: str) -> list[JSON]:
    if isinstance(content, str):
        return [{"role": "assistant", "content": content}]
    said: list[str] = []
    calls: list[JSON] = []
    for i, block in enumerate(objects(content, where)):
        match block.get("type"):
            case "text":
                said.append(a_string(block.get("text"), f"{where}[{i}].text"))
            case "tool_use":
                calls.append(_tool_call(block, f"{where}[{i}]"))
            case "thinking" | "redacted_thinking":
                pass
            case kind:
                raise GatewayError(f"{where}[{i}].type {kind!r} has no equivalent in chat completions")
    if not said and not calls:
        return []
    message: JSON = {"role": "assistant", "content": "".join(said) or None if calls else "".join(said)}
    return [message | ({"tool_calls": calls} if calls else {})]


def _tool_call(block: JSON, where: str) -> JSON:
    function = {
        "name": a_name(block.get("name"), f"{where}.name"),
        "arguments": written_arguments(block.get("input"), f"{where}.input"),
    }
    return {"id": a_name(block.get("id"), f"{where}.id"), "type": "function", "function": function}


def _tools(body: JSON) -> JSON:
    tools = [_tool(tool, f"tools[{i}]") for i, tool in enumerate(objects(body.get("tools") or [], "tools"))]
    if not tools:
        return {}
    made: JSON = {"tools": tools}
    choice = an_object(body.get("tool_choice") or {}, "tool_choice")
    match choice.get("type"):
        case None:
            pass
        case "auto" | "none" as kind:
            made["tool_choice"] = kind
        case "any":
            made["tool_choice"] = "required"
        case "tool":
            name = a_name(choice.get("name"), "tool_choice.name")
            made["tool_choice"] = {"type": "function", "function": {"name": name}}
        case _:
            raise GatewayError("tool_choice.type must be auto, any, none or tool")
    if choice.get("disable_parallel_tool_use"):
        made["parallel_tool_calls"] = False
    return made


def _tool(tool: JSON, where: str) -> JSON:
    if tool.get("type") not in (None, "custom"):
        raise GatewayError(f"{where}: Anthropic's server tool {tool['type']!r} is not to be had from another provider")
    function: JSON = {
        "name": a_name(tool.get("name"), f"{where}.name"),
        "parameters": an_object(tool.get("input_schema"), f"{where}.input_schema"),
    }
    if tool.get("description"):
        function["description"] = a_string(tool["description"], f"{where}.description")
    if tool.get("strict"):
        function["strict"] = True
    return {"type": "function", "function": function}


def _output(body: JSON) -> JSON:
    """`reasoning_effort` and `response_format`."""
    made: JSON = {}
    config = an_object(body.get("output_config") or {}, "output_config")
    thinking = an_object(body.get("thinking") or {}, "thinking")
    if thinking.get("type") == "enabled":
        made["reasoning_effort"] = _effort(a_count(thinking.get("budget_tokens"), "thinking.budget_tokens"))
    elif config.get("effort"):
        made["reasoning_effort"] = a_string(config["effort"], "output_config.effort")
    if config.get("format"):
        form = an_object(config["format"], "output_config.format")
        if form.get("type") != "json_schema":
            raise GatewayError("output_config.format.type must be json_schema")
        schema = an_object(form.get("schema"), "output_config.format.schema")
        made["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "output", "schema": schema, "strict": True},
        }
    return made


def _effort(budget: int) -> str:
    """The highest of OpenAI's three common levels that the budget pays for."""
    return next((level for level in ("high", "medium") if budget >= THINKING_BUDGETS[level]), "low")


def _user(identifier: str) -> str:
    return identifier if len(identifier) <= _LONGEST_USER else sha256(identifier.encode("utf-8", "replace")).hexdigest()
