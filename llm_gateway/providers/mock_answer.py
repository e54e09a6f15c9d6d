"""What the mock says to a prompt, before any dialect gives it a shape. Equal requests get equal answers.

The reply repeats the end of the last message. A token is four characters, at least one a text; an image is 85 tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from llm_gateway.core.types import JSON
from llm_gateway.providers.mock_schema import NoInstance, instance
from llm_gateway.providers.mock_script import MockReply, without_scripts

CREATED = 1_700_000_000  # when everything was made, in Unix time
IMAGE_TOKENS = 85
_ECHO = 200  # characters of the last message that are repeated
_PIECES = re.compile(r"\S+\s*|\s+")
_OBJECT = {"type": "object"}


class Refused(ValueError):
    """A request that no provider would take; `param` is the field at fault."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that may be called, and the JSON Schema of its arguments."""

    name: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Ask:
    """A prompt in any dialect. `choice` is the tool that must be called, "" any of them, None leaves it open.

    `format` is the JSON Schema that the text must meet.
    """

    texts: tuple[str, ...]
    last: str
    images: int = 0
    most: int | None = None
    tools: tuple[Tool, ...] = ()
    choice: str | None = None
    format: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Either `text`, or a call of `tool` with `arguments` (JSON). `cut` says that the token limit ended it."""

    text: str = ""
    tool: str | None = None
    arguments: str = ""
    cut: bool = False


def answer(ask: Ask, reply: MockReply, index: int = 0) -> Answer:
    """The `index`th answer. Raises Refused when a schema cannot be met or the tool is not there."""
    wanted = reply.tool if ask.choice is None else ask.choice
    if wanted is not None and reply.text is None:
        tool = next((each for each in ask.tools if wanted in ("", each.name)), None)
        if tool is None:
            raise Refused(
                f"there is no tool {wanted}" if wanted else "a tool must be called, but there is none", "tools"
            )
        return Answer(tool=tool.name, arguments=_made(tool.schema or _OBJECT, "tools"))
    if reply.text is not None:
        text = reply.text
    elif ask.format is not None:
        text = _made(ask.format, "response_format")
    else:
        said = without_scripts(ask.last)[-_ECHO:]
        shown = f" ({ask.images} image{'s' * (ask.images > 1)})" if ask.images else ""
        text = f"Mock reply to: {said}{shown}"
        text = f"{text} ({index + 1})" if index else text
    if ask.most is not None and tokens(text) > ask.most:
        return Answer(text[: ask.most * 4], cut=True)
    return Answer(text)


def counted(ask: Ask, answers: list[Answer], reply: MockReply) -> tuple[int, int] | None:
    """Prompt and completion tokens; None when the script wants none reported."""
    if reply.usage is not None:
        return (reply.usage[0], reply.usage[1]) if reply.usage else None
    prompt = sum(map(tokens, ask.texts)) + IMAGE_TOKENS * ask.images
    return max(1, prompt), sum(tokens(each.text or each.arguments) for each in answers)


def tokens(text: str) -> int:
    """How many tokens a text is."""
    return max(1, len(text) // 4)


def pieces(text: str) -> list[str]:
    """The text word by word, as it is streamed."""
    return _PIECES.findall(text)


def positive(body: JSON, *names: str) -> int | None:
    """The first of these fields that is given, which must be a positive whole number. Raises Refused."""
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if type(value) is not int or value < 1:
            raise Refused(f"{name} must be a positive integer", name)
        return value
    return None


def content(value: Any, param: str) -> tuple[list[str], int]:
    """The texts and the number of images in a message's content. Raises Refused."""
    if value is None or isinstance(value, str):
        return ([value] if value else []), 0
    if not isinstance(value, list):
        raise Refused(f"{param} must be a string or a list of parts", param)
    texts, images = [], 0
    for part in value:
        if not isinstance(part, dict):
            raise Refused(f"{param} must be a string or a list of parts", param)
        if isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif part.get("type") in ("image_url", "input_image", "image"):
            images += 1
        elif part.get("type") == "tool_result":
            texts += content(part.get("content"), param)[0]
    return texts, images


def read_messages(messages: Any, param: str = "messages") -> tuple[list[str], str, int]:
    """All texts of a conversation, the last of the user (or of anyone) and the number of images. Raises Refused."""
    if not isinstance(messages, list) or not messages:
        raise Refused(f"{param} must be a list of at least one message", param)
    texts: list[str] = []
    last: dict[bool, str] = {}
    images = 0
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise Refused(f"{param}[{number}] must be an object", param)
        said, shown = content(message.get("content", message.get("output")), f"{param}[{number}].content")
        texts += said
        images += shown
        if said:
            last[message.get("role") == "user"] = " ".join(said)
    return texts, last.get(True, last.get(False, "")), images


def read_tools(tools: Any) -> list[JSON]:
    """The tools of a request, not yet looked into. Raises Refused."""
    if tools is None:
        return []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise Refused("tools must be a list of objects", "tools")
    return tools


def read_format(value: Any) -> Any:
    """The schema that a `response_format` (or `text.format`) asks for, None for plain text. Raises Refused."""
    if not isinstance(value, dict) or value.get("type") in (None, "text"):
        return None
    if value["type"] == "json_object":
        return {"type": "object", "properties": {"reply": {"const": "Mock reply"}}}
    named = value.get("json_schema", value)
    if value["type"] != "json_schema" or not isinstance(named, dict):
        raise Refused("response_format must be of type text, json_object or json_schema", "response_format")
    return named.get("schema") or _OBJECT


def _made(schema: Any, param: str) -> str:
    try:
        return orjson.dumps(instance(schema)).decode()
    except NoInstance as error:
        raise Refused(f"mock: no value for this schema: {error}", param) from error
