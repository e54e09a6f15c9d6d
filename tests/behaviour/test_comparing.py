"""The comparison itself: what differs is found, and a difference that is expected has to be there."""

from __future__ import annotations

from typing import Any

import pytest
from comparing import keys, output, requests
from programs import Difference, Expected
from recording import Request

PLAIN = Expected(("main.py",))


def sent(path: str = "/chat/completions", headers: dict[str, str] | None = None, **body: Any) -> Request:
    return Request("POST", path, headers or {}, {"model": "gpt-4o", **body})


def expecting(*differs: Difference, **more: Any) -> Expected:
    return Expected(("main.py",), differs=differs, **more)


@pytest.mark.parametrize(
    "after",
    [
        [],
        [sent(user="a"), sent(user="a")],
        [sent()],
        [sent(user=None)],
        [sent(user="b")],
        [sent(user="a", n=1)],
        [sent(user="a", model="groq/gpt-4o")],
        [sent(user="a", headers={"x-team": "a"})],
        [sent("/embeddings", user="a")],
    ],
)
def test_requests_that_differ(after: list[Request]) -> None:
    with pytest.raises(AssertionError):
        requests([sent(user="a")], after, PLAIN, "llm-gateway")


def test_what_is_the_same_to_a_provider() -> None:
    after = sent(model="openai/gpt-4o", headers={"authorization": "Bearer b"})
    requests([sent(headers={"authorization": "Bearer a"})], [after], PLAIN, "llm-gateway")
    requests([sent("/embeddings")], [sent("/embeddings", encoding_format="base64")], PLAIN, "llm-gateway")
    requests([sent()], [sent(model="@openai/gpt-4o")], PLAIN, "portkey")
    with pytest.raises(AssertionError):
        requests([sent()], [sent(model="@openai/gpt-4o")], PLAIN, "llm-gateway")


def test_an_expected_difference_has_to_be_there() -> None:
    label = Difference("0.headers.x-team", "why", after="a")
    requests([sent()], [sent(headers={"x-team": "a"})], expecting(label), "llm-gateway")
    for after in (sent(), sent(headers={"x-team": "b"}), sent(headers={"x-team": "a"}, n=1)):
        with pytest.raises(AssertionError):
            requests([sent()], [after], expecting(label), "llm-gateway")
    null = Difference("*.body.messages.0.content", "why", after="null")
    was, now = sent(messages=[{"role": "assistant"}]), sent(messages=[{"role": "assistant", "content": None}])
    requests([was, was], [now, now], expecting(null), "llm-gateway")
    with pytest.raises(AssertionError):
        requests([was, was], [now, was], expecting(null), "llm-gateway")


def test_the_order_matters_unless_it_is_chance() -> None:
    one, two = sent(n=1), sent(n=2)
    with pytest.raises(AssertionError):
        requests([one, two], [two, one], PLAIN, "llm-gateway")
    requests([one, two], [two, one], expecting(unordered=True), "llm-gateway")


def test_how_often_it_was_tried() -> None:
    fewer = expecting(Difference("requests", "why", before=3, after=2))
    requests([sent()] * 3, [sent()] * 2, fewer, "llm-gateway")
    with pytest.raises(AssertionError):
        requests([sent()] * 3, [sent()] * 3, fewer, "llm-gateway")
    with pytest.raises(AssertionError):
        requests([sent()] * 3, [sent(n=1)] * 2, fewer, "llm-gateway")


def test_output_that_differs() -> None:
    chatter = "\n\x1b[1;31mGive Feedback / Get Help: https://example.org\x1b[0m\nLiteLLM.Info: debug\n\n"
    output(f"a\n{chatter}b\n", "a\nb\n", PLAIN)
    with pytest.raises(AssertionError):
        output("a\nb\n", "a\n", PLAIN)
    output("a\nb\n", "a\nc\n", expecting(Difference("stdout", "why", before="b", after="c")))
    for before, after in (("a\n", "a\n"), ("a\nb\n", "a\nb\n")):
        with pytest.raises(AssertionError):
            output(before, after, expecting(Difference("stdout", "why", before="b", after="c")))


def test_keys_of_providers_stay_where_they_were() -> None:
    good = {"authorization": "Bearer gateway-1"}
    keys([sent(headers=good)])
    with pytest.raises(AssertionError):
        keys([sent(headers=good, api_key="provider-key")])
    with pytest.raises(AssertionError):
        keys([sent(headers={"authorization": "Bearer provider-key"})])
