"""The mock's `chat/completions` and `completions`, whole and as event streams."""

from __future__ import annotations

from typing import Any

import orjson

from llm_gateway.core.types import JSON
from llm_gateway.providers.mock_answer import (
    CREATED,
    Answer,
    Ask,
    Refused,
    Tool,
    answer,
    counted,
    pieces,
    positive,
    read_format,
    read_messages,
    read_tools,
    tokens,
)
from llm_gateway.providers.mock_script import MockReply

_DONE = b"data: [DONE]\n\n"
_LOGPROB = -0.1
_MANY = 128  # answers to one prompt at most
_MOST_PROMPTS = 2048
_MOST_RANKS = 20


def chat(body: JSON, reply: MockReply, seed: str) -> JSON | list[bytes]:
    """OpenAI's chat completion. Raises Refused."""
    ask = read_chat(body)
    answers = [answer(ask, reply, index) for index in range(_many(body))]
    usage = _usage(counted(ask, answers, reply))
    shared = {
        "id": f"chatcmpl-{seed}",
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    }
    most = _top_logprobs(body)
    if body.get("stream"):
        return _chat_events(
            shared | {"object": "chat.completion.chunk"}, answers, usage, most, seed, _wants_usage(body)
        )
    choices = [
        {
            "index": index,
            "message": _message(each, f"{seed}{index}"),
            "logprobs": None if most is None else _logprobs(pieces(each.text), most),
            "finish_reason": _finish(each),
        }
        for index, each in enumerate(answers)
    ]
    return shared | {"choices": choices} | ({} if usage is None else {"usage": usage})


def completions(body: JSON, reply: MockReply, seed: str) -> JSON | list[bytes]:
    """OpenAI's older text completion. Raises Refused."""
    prompts = read_prompts(body.get("prompt"))
    if len(prompts) > _MOST_PROMPTS:
        raise Refused(f"prompt must be at most {_MOST_PROMPTS} prompts", "prompt")
    asks = [Ask((prompt,), prompt, most=positive(body, "max_tokens")) for prompt in prompts]
    answers = [answer(ask, reply, index) for ask in asks for index in range(_many(body))]
    if body.get("echo"):
        each = _many(body)
        answers = [Answer(prompts[place // each] + one.text, cut=one.cut) for place, one in enumerate(answers)]
    whole = Ask(tuple(prompts), "")
    usage = _usage(counted(whole, answers, reply))
    shared = {"id": f"cmpl-{seed}", "object": "text_completion", "created": CREATED, "model": body["model"]}
    most = None if body.get("logprobs") is None else _ranks(body["logprobs"], "logprobs")
    if body.get("stream"):
        return _completion_events(shared, answers, usage, _wants_usage(body))
    choices = [
        {
            "index": index,
            "text": each.text,
            "logprobs": None if most is None else _old_logprobs(pieces(each.text), most),
            "finish_reason": _finish(each),
        }
        for index, each in enumerate(answers)
    ]
    return shared | {"choices": choices} | ({} if usage is None else {"usage": usage})


def read_chat(body: JSON) -> Ask:
    """The prompt in a chat request. Raises Refused."""
    texts, last, images = read_messages(body.get("messages"))
    return Ask(
        tuple(texts),
        last,
        images,
        most=positive(body, "max_completion_tokens", "max_tokens"),
        tools=_tools(body.get("tools")),
        choice=_choice(body.get("tool_choice")),
        format=read_format(body.get("response_format")),
    )


def read_prompts(prompt: Any) -> list[str]:
    """The prompts of a completion: a text, several, or one or several lists of token numbers. Raises Refused."""
    if isinstance(prompt, str):
        return [prompt]
    if isinstance(prompt, list) and prompt:
        if all(isinstance(each, str) for each in prompt):
            return prompt
        if all(type(each) is int for each in prompt):
            return [" ".join(map(str, prompt))]
        if all(isinstance(each, list) and each and all(type(one) is int for one in each) for each in prompt):
            return [" ".join(map(str, each)) for each in prompt]
    raise Refused("prompt must be a string, or a list of strings or of token numbers", "prompt")


def event(data: JSON) -> bytes:
    """A server-sent event."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _many(body: JSON) -> int:
    many = positive(body, "n") or 1
    if many > _MANY:
        raise Refused(f"n must be at most {_MANY}", "n")
    return many


def _tools(tools: Any) -> tuple[Tool, ...]:
    found = []
    for tool in read_tools(tools):
        function = tool.get("function")
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            found.append(Tool(function["name"], function.get("parameters")))
        elif tool.get("type") == "function":
            raise Refused("each of tools must have a function with a name", "tools")
    return tuple(found)


def _choice(choice: Any) -> str | None:
    if isinstance(choice, dict):
        function = choice.get("function")
        return function.get("name", "") if isinstance(function, dict) else None
    return "" if choice == "required" else None


def _wants_usage(body: JSON) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))


def _finish(each: Answer) -> str:
    return "tool_calls" if each.tool is not None else "length" if each.cut else "stop"


def _message(each: Answer, seed: str) -> JSON:
    message: JSON = {"role": "assistant", "content": each.text, "refusal": None, "annotations": []}
    if each.tool is None:
        return message
    call = {"id": f"call_{seed}", "type": "function", "function": {"name": each.tool, "arguments": each.arguments}}
    return message | {"content": None, "tool_calls": [call]}


def _usage(count: tuple[int, int] | None) -> JSON | None:
    if count is None:
        return None
    prompt, completion = count
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _top_logprobs(body: JSON) -> int | None:
    """How many alternatives to each token are wanted; None for no log probabilities at all."""
    if not body.get("logprobs"):
        return None
    return _ranks(body.get("top_logprobs"), "top_logprobs")


def _ranks(most: Any, param: str) -> int:
    if most is not None and (type(most) is not int or not 0 <= most <= _MOST_RANKS):
        raise Refused(f"{param} must be a number from 0 to {_MOST_RANKS}", param)
    return most or 0


def _logprobs(words: list[str], most: int) -> JSON:
    return {"content": [_logprob(word) | {"top_logprobs": _tops(word, most)} for word in words], "refusal": None}


def _logprob(word: str, logprob: float = _LOGPROB) -> JSON:
    return {"token": word, "logprob": logprob, "bytes": list(word.encode())}


def _tops(word: str, most: int) -> list[JSON]:
    return [_logprob(word if not rank else f"{word}{rank}", _LOGPROB - 3 * rank) for rank in range(most)]


def _old_logprobs(words: list[str], most: int) -> JSON:
    offsets = [sum(map(len, words[:place])) for place in range(len(words))]
    return {
        "tokens": words,
        "token_logprobs": [_LOGPROB] * len(words),
        "top_logprobs": [{top["token"]: top["logprob"] for top in _tops(word, most)} for word in words],
        "text_offset": offsets,
    }


def _chat_events(
    shared: JSON, answers: list[Answer], usage: JSON | None, most: int | None, seed: str, wants_usage: bool
) -> list[bytes]:
    shared = shared | ({"usage": None} if wants_usage else {})

    def chunk(index: int, delta: JSON, finish: str | None = None, logprobs: JSON | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return event(shared | {"choices": [choice]})

    events = []
    for index, each in enumerate(answers):
        if each.tool is None:
            events.append(chunk(index, {"role": "assistant", "content": "", "refusal": None}))
            for word in pieces(each.text):
                events.append(
                    chunk(index, {"content": word}, logprobs=None if most is None else _logprobs([word], most))
                )
            events.append(chunk(index, {"content": ""}, _finish(each)))
            continue
        head = {"index": 0, "id": f"call_{seed}{index}", "type": "function"}
        call = head | {"function": {"name": each.tool, "arguments": ""}}
        events.append(chunk(index, {"role": "assistant", "content": None, "tool_calls": [call]}))
        for part in pieces_of_json(each.arguments):
            events.append(chunk(index, {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}))
        events.append(chunk(index, {}, "tool_calls"))
    if wants_usage and usage is not None:
        events.append(event(shared | {"choices": [], "usage": usage}))
    return [*events, _DONE]


def pieces_of_json(text: str) -> list[str]:
    """JSON as it is streamed: cut anywhere."""
    return [text[start : start + 12] for start in range(0, len(text), 12)]


def _completion_events(shared: JSON, answers: list[Answer], usage: JSON | None, wants_usage: bool) -> list[bytes]:
    shared = shared | ({"usage": None} if wants_usage else {})

    def chunk(index: int, text: str, finish: str | None = None) -> bytes:
        return event(shared | {"choices": [{"index": index, "text": text, "logprobs": None, "finish_reason": finish}]})

    events = []
    for index, each in enumerate(answers):
        events += [chunk(index, word) for word in pieces(each.text)]
        events.append(chunk(index, "", _finish(each)))
    if wants_usage and usage is not None:
        events.append(event(shared | {"choices": [], "usage": usage}))
    return [*events, _DONE]


def count_prompt(texts: list[str]) -> JSON:
    """The usage of a request that has no completion."""
    total = sum(map(tokens, texts))
    return {"prompt_tokens": total, "total_tokens": total}
