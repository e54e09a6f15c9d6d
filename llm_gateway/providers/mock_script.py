"""Scripts for the mock provider: how one reply should go wrong, be slow, or say something in particular.

Directives are words between spaces or semicolons: `status=429 retry-after=2`. They stand in these places; of two that
differ the one further down holds:
- the model: `mock-error-429`, `mock-delay-0.8`, `mock-cut`: the words below with dashes, `error` standing for `status`;
- the key: `mock:status=500`, so that each target of a config can have its own;
- the header `x-mock-script: status=500`;
- brackets in the last user message (or prompt, input, query): `[mock status=429 retry-after=2]`.

| directive | what it does |
| --- | --- |
| `status=429` | answers that status, with an error body |
| `seq=500,429,200` | the next of these statuses at each request with the same key; the last one stays |
| `retry-after=2`, `retry-after-ms=200` | the header of that name |
| `delay=0.8` | seconds before the reply's headers |
| `chunk-delay=0.02` | seconds before each piece of a stream |
| `cut` | the connection breaks in the middle of the body; in a stream, of its second piece |
| `stall` | the same place, but nothing more comes until the request is given up |
| `unreachable` | no connection |
| `invalid-json` | a body that is not JSON; in a stream, one such piece |
| `error-in-200` | status 200 with an error for a body; in a stream, after its first piece |
| `tool`, `tool=get_weather` | calls the first tool, or that tool, though `tool_choice` leaves it open |
| `usage=1000/200` | reports these prompt and completion tokens |
| `no-usage` | reports none |
| `flag` | a moderation finds violence |
| `reply=…` | the text of the reply: all that follows in the bracket |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

Fault = Literal["cut", "stall", "unreachable", "invalid-json", "error-in-200"]
_FAULTS = frozenset(get_args(Fault))
_BRACKET = re.compile(r"\[mock ([^\]]*)\]")
_MODEL = re.compile(
    r"mock-(error-in-200|error|delay|seq|cut|stall|unreachable|invalid-json|tool|no-usage|flag)(?:-(.+))?"
)
_HEADERS = ("retry-after", "retry-after-ms")


class BadScript(ValueError):
    """A directive that does not exist or has no sensible value; the message names it."""


@dataclass(frozen=True, slots=True)
class MockReply:
    """What to answer. `text` is said in the shape of the endpoint; `body` goes out as it is (bytes, or JSON).

    Times are in seconds. `statuses` are taken one after the other and win over `status`. `usage` is (prompt tokens,
    completion tokens); () reports no usage, None counts. `tool` is a tool's name, or "" for the first.
    """

    text: str | None = None
    body: Any = None
    status: int = 200
    statuses: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    chunk_delay: float = 0.0
    fault: Fault | None = None
    tool: str | None = None
    usage: tuple[int, int] | tuple[()] | None = None
    flag: bool = False


def parse(text: str, model: str = "", key: str = "", header: str = "") -> MockReply:
    """The reply that these scripts ask for together; `text` is what the user says. Raises BadScript."""
    reply = MockReply()
    if found := _MODEL.fullmatch(model):
        name, value = found.groups()
        value = value and value.replace("-", ",") if name == "seq" else value
        reply = _directive(reply, "status" if name == "error" else name, value)
    if key.startswith("mock:"):
        reply = _directives(reply, key[5:])
    if header:
        reply = _directives(reply, header)
    for bracket in _BRACKET.findall(text) if "[mock " in text else ():
        reply = _directives(reply, bracket)
    return reply


def without_scripts(text: str) -> str:
    """The text with its brackets taken out."""
    return _BRACKET.sub("", text).strip() if "[mock " in text else text


def _directives(reply: MockReply, script: str) -> MockReply:
    head, says, text = script.partition("reply=")
    for word in re.split(r"[\s;]+", head.strip(" ;")) if head.strip(" ;") else ():
        name, given, value = word.partition("=")
        reply = _directive(reply, name, value if given else None)
    return replace(reply, text=text) if says else reply


def _directive(reply: MockReply, name: str, value: str | None) -> MockReply:
    try:
        if value is None:
            return _switch(reply, name)
        if name == "status":
            return replace(reply, status=_status(value))
        if name == "seq":
            return replace(reply, statuses=tuple(_status(each) for each in value.split(",")))
        if name in _HEADERS:
            return replace(reply, headers={**reply.headers, name: value})
        if name == "delay":
            return replace(reply, delay=_seconds(value))
        if name == "chunk-delay":
            return replace(reply, chunk_delay=_seconds(value))
        if name == "tool":
            return replace(reply, tool=value)
        if name == "usage":
            prompt, _, completion = value.partition("/")
            return replace(reply, usage=(int(prompt), int(completion or 0)))
    except ValueError:
        raise BadScript(f"mock: {name}={value} has no sensible value") from None
    raise BadScript(f"mock: there is no directive {name}={value}")


def _switch(reply: MockReply, name: str) -> MockReply:
    if name in _FAULTS:
        return replace(reply, fault=cast(Fault, name))
    if name == "tool":
        return replace(reply, tool="")
    if name == "no-usage":
        return replace(reply, usage=())
    if name == "flag":
        return replace(reply, flag=True)
    raise BadScript(f"mock: there is no directive {name}")


def _status(value: str) -> int:
    status = int(value)
    if not 200 <= status <= 599:
        raise ValueError(value)
    return status


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 <= seconds <= 3600:
        raise ValueError(value)
    return seconds
