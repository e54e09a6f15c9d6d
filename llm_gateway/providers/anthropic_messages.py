"""A chat completions request as a Messages request: the conversation, the tools and every parameter that has a place.

What Anthropic has no word for is dropped, and said in a warning. Several answers (`n`), audio and OpenAI's custom
tools have no equivalent at all: those are errors. Anthropic's own `thinking`, `top_k` and `cache_control` pass through.
"""

from __future__ import annotations

import re
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic_blocks import blocks, texts
from llm_gateway.providers.anthropic_shapes import (
    THINKING_BUDGETS,
    a_count,
    a_list,
    a_name,
    a_number,
    a_string,
    an_object,
    objects,
    parsed_arguments,
    version,
)

_TRANSLATED = frozenset(
    (
        *("model", "messages", "max_tokens", "max_completion_tokens", "stream", "stream_options", "n", "stop"),
        *("user", "safety_identifier", "temperature", "top_p", "top_k", "tools", "tool_choice", "parallel_tool_calls"),
        *("response_format", "reasoning_effort", "thinking", "service_tier", "cache_control"),
    )
)
_FORBIDDEN_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": None}  # with the value that means "as the model likes"


def to_messages(body: JSON) -> tuple[JSON, list[str]]:
    """The Messages request that means the same, and a line for each thing that it cannot say.

    - System and developer messages, wherever they stand, become `system`. Turns of one role in a row become one.
    - `max_tokens`, which Anthropic demands, is the most that the model family surely accepts: see `default_max_tokens`.
    - `response_format` with a JSON schema becomes `output_config.format`. `json_object` is dropped with a warning:
      Anthropic has no such mode, and putting words into the prompt is the caller's business.
    - `reasoning_effort` is adaptive thinking with that effort since Claude 4.6, and where the name tells no version;
      before, it is a budget of tokens.
    - Models since Claude 4.7 refuse sampling parameters, so there these are dropped.

    Raises GatewayError (400) if the request is malformed, or asks for what Anthropic cannot do.
    """
    warnings: list[str] = []
    model = a_name(body.get("model"), "model")
    if body.get("n") not in (None, 1):
        raise GatewayError("n must be 1: Anthropic gives one answer to a request")
    for old, new in (("functions", "tools"), ("function_call", "tool_choice")):
        if body.get(old):
            raise GatewayError(f"{old} is not supported with Anthropic: use {new}")
    system, turns = _conversation(objects(body.get("messages"), "messages"), warnings)
    request: JSON = {"model": model, "max_tokens": _max_tokens(body, model), "messages": turns}
    if system:
        request["system"] = system
    if body.get("stream"):
        request["stream"] = True
    request |= _tools(body)
    request |= _reasoning(body, request, warnings)
    request |= _sampling(body, request, warnings)
    if schema := _schema(body, warnings):
        request["output_config"] = {**request.get("output_config", {}), "format": schema}
    request |= _rest(body, warnings)
    unknown = sorted(name for name, value in body.items() if name not in _TRANSLATED and value)
    warnings += [f"{name} was dropped: Anthropic has no such parameter" for name in unknown]
    return request, warnings


def default_max_tokens(model: str) -> int:
    """The output tokens asked for when the caller names no limit: 32000, or what older Claude models stop at."""
    known = version(model)
    if known is None or known == (3, 5):
        return 8192
    return 4096 if known < (3, 5) else 32000


def _max_tokens(body: JSON, model: str) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None:
            return a_count(body[name], name)
    return default_max_tokens(model)


def _conversation(messages: list[JSON], warnings: list[str]) -> tuple[str | list[JSON], list[JSON]]:
    """The system prompt and the turns. The prompt is one string, or blocks where one of them is marked for caching."""
    system: list[JSON] = []
    turns: list[JSON] = []
    for i, message in enumerate(messages):
        where = f"messages[{i}]"
        role = message.get("role")
        if role in ("system", "developer"):
            system += texts(message.get("content"), f"{where}.content")
            continue
        if role == "user":
            turn = blocks(message.get("content"), f"{where}.content")
        elif role == "assistant":
            role, turn = "assistant", _assistant(message, where)
        elif role == "tool":
            role, turn = "user", [_tool_result(message, where)]
        else:
            raise GatewayError(f"{where}.role must be system, developer, user, assistant or tool")
        if message.get("name"):
            warnings.append(f"{where}.name was dropped: Anthropic's messages have no names")
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += turn
        elif turn:
            turns.append({"role": role, "content": turn})
    if not turns:
        raise GatewayError("messages must hold a message of the user or the assistant that is not empty")
    if any("cache_control" in block for block in system):
        return system, turns
    return "\n\n".join(block["text"] for block in system), turns


def _assistant(message: JSON, where: str) -> list[JSON]:
    content, calls, refusal = message.get("content"), message.get("tool_calls"), message.get("refusal")
    if message.get("function_call"):
        raise GatewayError(f"{where}.function_call is not supported with Anthropic: use tool_calls")
    if content is None and not calls and not refusal:
        raise GatewayError(f"{where}.content must be a string or a list: only next to tool_calls may it be null")
    turn = _thoughts(message.get("thinking_blocks") or [], f"{where}.thinking_blocks")
    turn += blocks(content, f"{where}.content") if content is not None else []
    if refusal:
        turn += blocks(a_string(refusal, f"{where}.refusal"), where)
    turn += [_tool_use(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(objects(calls or [], where))]
    return turn


def _thoughts(given: Any, where: str) -> list[JSON]:
    """The thinking of an earlier answer, as the reply gave it: Anthropic checks its signature."""
    thoughts = [{name: part for name, part in block.items() if name != "index"} for block in objects(given, where)]
    if any(block.get("type") not in ("thinking", "redacted_thinking") for block in thoughts):
        raise GatewayError(f"{where} may hold thinking and redacted_thinking only")
    return thoughts


def _tool_use(call: JSON, where: str) -> JSON:
    if call.get("type", "function") != "function":
        raise GatewayError(f"{where}.type must be function: Anthropic has no other tool calls")
    function = an_object(call.get("function"), f"{where}.function")
    return {
        "type": "tool_use",
        "id": _identifier(call.get("id"), f"{where}.id"),
        "name": a_name(function.get("name"), f"{where}.function.name"),
        "input": parsed_arguments(function.get("arguments", ""), f"{where}.function.arguments"),
    }


def _tool_result(message: JSON, where: str) -> JSON:
    result: JSON = {
        "type": "tool_result",
        "tool_use_id": _identifier(message.get("tool_call_id"), f"{where}.tool_call_id"),
    }
    if content := blocks(message.get("content"), f"{where}.content"):
        result["content"] = content
    if "cache_control" in message:
        result["cache_control"] = message["cache_control"]
    return result


def _identifier(value: Any, where: str) -> str:
    """The id of a tool call, without the characters that other providers allow and Anthropic refuses."""
    return _FORBIDDEN_IN_IDS.sub("_", a_name(value, where))


def _tools(body: JSON) -> JSON:
    tools = [_tool(tool, f"tools[{i}]") for i, tool in enumerate(objects(body.get("tools") or [], "tools"))]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = an_object(choice.get("allowed_tools"), "tool_choice.allowed_tools")
        named = objects(allowed.get("tools"), "tool_choice.allowed_tools.tools")
        names = [an_object(tool.get("function"), "tool_choice.allowed_tools.tools[]").get("name") for tool in named]
        tools, choice = [tool for tool in tools if tool["name"] in names], allowed.get("mode")
    picked = _tool_choice(choice)
    if not tools:
        if picked.get("type") in ("any", "tool"):
            raise GatewayError("tool_choice demands a tool, but there are none in tools")
        return {}
    if body.get("parallel_tool_calls") is False and picked.get("type") != "none":
        picked = {"type": "auto", **picked, "disable_parallel_tool_use": True}
    return {"tools": tools, **({"tool_choice": picked} if picked else {})}


def _tool_choice(choice: Any) -> JSON:
    match choice:
        case None:
            return {}
        case "auto" | "none":
            return {"type": choice}
        case "required":
            return {"type": "any"}
        case {"type": "function", "function": {"name": str(name)}}:
            return {"type": "tool", "name": name}
    raise GatewayError("tool_choice must be auto, required, none, or an object that names a function")


def _tool(tool: JSON, where: str) -> JSON:
    if tool.get("type") != "function":
        raise GatewayError(f"{where}.type must be function: Anthropic has no other tools of OpenAI's")
    function = an_object(tool.get("function"), f"{where}.function")
    parameters = an_object(function.get("parameters") or {}, f"{where}.function.parameters")
    made: JSON = {
        "name": a_name(function.get("name"), f"{where}.function.name"),
        "input_schema": parameters if "type" in parameters else {"type": "object", **parameters},
    }
    if function.get("description"):
        made["description"] = a_string(function["description"], f"{where}.function.description")
    if function.get("strict"):
        made["strict"] = True
    if "cache_control" in tool:
        made["cache_control"] = tool["cache_control"]
    return made


def _reasoning(body: JSON, request: JSON, warnings: list[str]) -> JSON:
    """`thinking`, and since Claude 4.6 `output_config.effort`. A tool that is forced rules thinking out."""
    if body.get("thinking") is not None:
        return {"thinking": an_object(body["thinking"], "thinking")}
    effort = body.get("reasoning_effort")
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if not isinstance(effort, str) or effort not in THINKING_BUDGETS:
        raise GatewayError(f"reasoning_effort must be none, {', '.join(THINKING_BUDGETS)}")
    known = version(request["model"])
    forced = request.get("tool_choice", {}).get("type") in ("any", "tool")
    if known is None or known >= (4, 6):
        config: JSON = {"output_config": {"effort": "low" if effort == "minimal" else effort}}
        return config if forced else {"thinking": {"type": "adaptive", "display": "summarized"}, **config}
    reason = (
        "this model cannot think"
        if known < (3, 7)
        else "a forced tool rules thinking out"
        if forced
        else "max_tokens leaves no room for thinking"
        if request["max_tokens"] <= THINKING_BUDGETS["minimal"]
        else "the tool call that awaits its answer lost its thinking_blocks"
        if _awaits_thinking(request["messages"])
        else None
    )
    if reason:
        warnings.append(f"reasoning_effort was dropped: {reason}")
        return {}
    budget = max(THINKING_BUDGETS["minimal"], min(THINKING_BUDGETS[effort], request["max_tokens"] * 3 // 4))
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _awaits_thinking(turns: list[JSON]) -> bool:
    """Whether the conversation stops in the middle of a tool call that was made without thinking."""
    if len(turns) < 2 or not any(block["type"] == "tool_result" for block in turns[-1]["content"]):
        return False
    return not any(block.get("type") in ("thinking", "redacted_thinking") for block in turns[-2]["content"])


def _sampling(body: JSON, request: JSON, warnings: list[str]) -> JSON:
    given = {name: a_number(body[name], name) for name in _SAMPLING if body.get(name) is not None}
    if given.get("temperature", 0) > 1 or given.get("temperature", 0) < 0:
        warnings.append(f"temperature {given['temperature']} was moved into Anthropic's range, 0 to 1")
        given["temperature"] = min(1.0, max(0.0, given["temperature"]))
    known = version(request["model"])
    thinks = request.get("thinking", {}).get("type") in ("enabled", "adaptive")
    reason = None
    if known is not None and known >= (4, 7):
        reason = "this model takes no sampling parameters"
    elif thinks:
        reason = "a model that thinks takes no sampling parameters"
    if reason:
        warnings += [f"{name} was dropped: {reason}" for name in given if given[name] != _SAMPLING[name]]
        return {}
    if "temperature" in given and given.get("top_p", 1) != 1 and known is not None and known >= (4, 1):
        warnings.append("top_p was dropped: this model takes temperature or top_p, not both")
        given["top_p"] = 1
    return {name: value for name, value in given.items() if (name, value) != ("top_p", 1)}


def _schema(body: JSON, warnings: list[str]) -> JSON:
    form = an_object(body.get("response_format") or {"type": "text"}, "response_format")
    match form.get("type"):
        case "text":
            return {}
        case "json_object":
            warnings.append(
                "response_format json_object was dropped: Anthropic has none; ask in the prompt, or json_schema"
            )
            return {}
        case "json_schema":
            described = an_object(form.get("json_schema"), "response_format.json_schema")
            schema = an_object(described.get("schema"), "response_format.json_schema.schema")
            return {"type": "json_schema", "schema": schema}
    raise GatewayError("response_format.type must be text, json_object or json_schema")


def _rest(body: JSON, warnings: list[str]) -> JSON:
    rest: JSON = {}
    if body.get("stop"):
        given = [body["stop"]] if isinstance(body["stop"], str) else a_list(body["stop"], "stop")
        stops = [a_string(stop, f"stop[{i}]") for i, stop in enumerate(given)]
        if kept := [stop for stop in stops if stop.strip()]:
            rest["stop_sequences"] = kept
        if len(kept) < len(stops):
            warnings.append("stop lost its blank sequences: Anthropic refuses them")
    if user := body.get("user") or body.get("safety_identifier"):
        rest["metadata"] = {"user_id": a_string(user, "user")}
    if tier := body.get("service_tier"):
        if tier in ("auto", "default"):
            rest["service_tier"] = "auto" if tier == "auto" else "standard_only"
        else:
            warnings.append("service_tier was dropped: Anthropic has auto and default")
    if body.get("cache_control"):
        rest["cache_control"] = an_object(body["cache_control"], "cache_control")
    return rest
