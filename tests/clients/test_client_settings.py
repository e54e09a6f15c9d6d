"""Settings of generated client modules that hold for every call, beside LiteLLM's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import openai
import pytest
from conftest import Make
from wire import MESSAGES, Wire

NAMES = frozenset(
    {"completion", "acompletion", "embedding", "num_retries", "request_timeout", "headers", "model_alias_map"}
)


@pytest.fixture(scope="module")
def made(make: Make, target: str) -> ModuleType:
    return make(target, NAMES)


@pytest.fixture
def llm(made: ModuleType) -> Iterator[ModuleType]:
    yield made
    made.num_retries = made.request_timeout = made.headers = None
    made.model_alias_map = {}


def test_without_them_calls_are_as_they_were(wire: Wire, llm: ModuleType) -> None:
    llm.completion("openai/gpt-4o", MESSAGES)
    request = wire.one()
    assert request.headers["x-team"] is None
    assert set(request.body) == {"model", "messages"}


def test_headers(wire: Wire, llm: ModuleType) -> None:
    llm.headers = {"x-team": "a", "x-part": "b"}
    llm.completion("openai/gpt-4o", MESSAGES, extra_headers={"x-own": "c", "x-part": "d"})
    headers = wire.one().headers
    assert (headers["x-team"], headers["x-part"], headers["x-own"]) == ("a", "d", "c")
    asyncio.run(llm.acompletion("openai/gpt-4o", MESSAGES, headers={"x-own": "c"}))
    headers = wire.one().headers
    assert (headers["x-team"], headers["x-own"]) == (None, "c")  # LiteLLM takes one or the other


def test_another_name_of_a_model(wire: Wire, llm: ModuleType, target: str) -> None:
    llm.model_alias_map["fast"] = "groq/some-model"
    llm.completion("fast", MESSAGES)
    assert wire.one().body["model"] == {"llm-gateway": "groq/some-model", "portkey": "@groq/some-model"}[target]


@pytest.mark.parametrize(
    ("given", "attempts"),
    [({}, 1), ({"num_retries": 1}, 2), ({"max_retries": 2}, 3), ({"max_retries": None}, 1)],
)
def test_retries_of_a_call_go_before(wire: Wire, make: Make, given: dict[str, Any], attempts: int) -> None:
    llm = make("llm-gateway", NAMES)
    llm.num_retries = 0
    wire.failures[:] = [500] * 5
    with pytest.raises(openai.InternalServerError):
        llm.embedding("openai/e", ["text"], **given)
    assert len(wire.take()) == attempts
    assert llm.num_retries == 0


def test_retries_at_portkey_are_its_config(wire: Wire, make: Make) -> None:
    llm = make("portkey", NAMES)
    llm.num_retries = 2
    llm.completion("openai/gpt-4o", MESSAGES)
    assert '"attempts": 2' in wire.one().headers["x-portkey-config"]


@pytest.mark.parametrize(("given", "seconds"), [({}, 7.0), ({"timeout": 3}, 3.0), ({"request_timeout": 4}, 4.0)])
def test_timeouts_of_a_call_go_before(wire: Wire, make: Make, given: dict[str, Any], seconds: float) -> None:
    llm = make("llm-gateway", NAMES)
    llm.request_timeout = 7
    llm.completion("openai/gpt-4o", MESSAGES, **given)
    assert float(wire.one().headers["x-stainless-read-timeout"]) == seconds
