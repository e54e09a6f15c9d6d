"""What a migrated program may do otherwise: what it says itself, and little that holds for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import unified_diff
from typing import Any

from programs import Difference, Expected
from recording import Request

Facts = dict[str, Any]

# What LiteLLM prints of an error, unless it is told not to.
CHATTER = re.compile(r"\n\x1b\[1;31m(Provider List.*|Give Feedback.*\nLiteLLM\.Info.*)\n\n")

TIMED = re.compile(r"(?<= passed) in [\d.]+s")  # by pytest

# LiteLLM takes a provider's name off a model's id (not for moderations), the gateways want it there.
PREFIXES = {"llm-gateway": "{provider}/", "portkey": "@{provider}/"}
# How an SDK asks for vectors, which it decodes itself.
VECTORS = {"llm-gateway": "base64", "portkey": "float"}
# What a client says to its gateway: the key, and how Portkey's client describes itself.
_CLIENT = ("headers.authorization", "headers.x-api-key", "headers.x-portkey-api-key")


def requests(before: Sequence[Request], after: Sequence[Request], expected: Expected, target: str) -> None:
    """Raises AssertionError where the requests differ in what is not expected."""
    differs = [each for each in expected.differs if each.at != "stdout"]
    count = next((each for each in differs if each.at == "requests"), None)
    if count:
        assert (len(before), len(after)) == (count.before, count.after), "the number of requests"
        paths = {each.path for each in before}
        before, after = _once(before), _once([r for r in after if r.method != "GET" or r.path in paths])
    was = [_plain(request, f"{expected.provider}/", "") for request in before]
    now = [_plain(request, PREFIXES[target].format(provider=expected.provider), target) for request in after]
    if expected.unordered:
        was, now = (sorted(each, key=repr) for each in (was, now))
    for difference in differs:
        if difference is not count:
            _settle(difference, was, now)
    assert len(now) == len(was), f"{len(was)} requests before, {len(now)} after"
    for place, (old, new) in enumerate(zip(was, now, strict=True)):
        changed = {name: (old.get(name), new.get(name)) for name in old | new if old.get(name) != new.get(name)}
        assert not changed, f"request {place}, before and after: {changed}"


def output(before: str, after: str, expected: Expected) -> None:
    """Raises AssertionError where the output differs in what is not expected."""
    lines = TIMED.sub("", CHATTER.sub("", before)).splitlines()
    for difference in expected.differs:
        if difference.at == "stdout":
            assert difference.before in lines, f"before, no line of the output is {difference.before!r}"
            put = [] if difference.after is None else [difference.after]
            place = lines.index(difference.before)
            lines[place : place + 1] = put
    now = TIMED.sub("", CHATTER.sub("", after)).splitlines()
    changed = "\n".join(unified_diff(lines, now, "before", "after", lineterm=""))
    assert not changed, changed


def _plain(request: Request, prefix: str, target: str) -> Facts:
    facts = {name: value for name, value in request.facts().items() if name not in _CLIENT}
    if "body.model" in facts:
        facts["body.model"] = facts["body.model"].removeprefix(prefix)
    if facts.get("body.stream") is False:  # as the SDK's `parse` says it
        del facts["body.stream"]
    if request.path == "/embeddings" and facts.get("body.encoding_format") == VECTORS.get(target, "float"):
        del facts["body.encoding_format"]
    return facts


def _settle(difference: Difference, was: list[Facts], now: list[Facts]) -> None:
    """Takes the difference out of both, which must be as it says."""
    number, _, name = difference.at.partition(".")
    places = range(len(was)) if number == "*" else [int(number)]
    for place in places:
        found = was[place].pop(name, None), now[place].pop(name, None)
        assert found == (difference.before, difference.after), f"{difference.at}: {found}"


def _once(requests: Sequence[Request]) -> list[Request]:
    """Without repetitions of the one before."""
    return [each for place, each in enumerate(requests) if not place or each != requests[place - 1]]


def keys(after: Sequence[Request]) -> None:
    """Raises AssertionError where a provider's key reaches the gateway."""
    assert "provider-key" not in repr(after)
    assert all("gateway-" in repr(request.headers) for request in after)
