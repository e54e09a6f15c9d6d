"""Callbacks of generated client modules, beside LiteLLM's: who is told of what."""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import openai
import pytest
from conftest import Make
from wire import CHUNKS, MESSAGES, Wire

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::UserWarning"
)
NAMES = frozenset({"completion", "acompletion", "embedding", "aembedding", "responses", "callbacks"})
Told = list[tuple[str, Any]]


@pytest.fixture(scope="module")
def made(make: Make, target: str) -> ModuleType:
    return make(target, NAMES)


@pytest.fixture
def llm(made: ModuleType) -> Iterator[ModuleType]:
    yield made
    for name in ("callbacks", "success_callback", "failure_callback", "_async_success_callback"):
        setattr(made, name, [])


def logger(base: type, told: Told, of: object = MESSAGES) -> Any:
    """A logger that notes what it is told of one call's messages: the method, and what was answered or which error was
    raised. LiteLLM's worker tells of earlier calls too, once a loop runs again.
    """

    def note(method: str, what: Any, kwargs: dict[str, Any]) -> None:
        if kwargs["messages"] == of:
            told.append((method, what))

    def text(answer: Any, kwargs: dict[str, Any]) -> Any:
        if answer is None:
            return getattr(kwargs["exception"], "status_code", None)
        return answer.choices[0].message.content if hasattr(answer, "choices") else len(answer.data)

    class Logger(base):  # type: ignore[misc]
        def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
            note("pre", messages, kwargs)

        def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            note("success", text(response_obj, kwargs), kwargs)

        def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            note("failure", text(response_obj, kwargs), kwargs)

        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            note("async success", text(response_obj, kwargs), kwargs)

        async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            note("async failure", text(response_obj, kwargs), kwargs)

    return Logger()


def functions(told: Told) -> list[Callable[..., Any]]:
    def plain(kwargs: Any, answer: Any, start: Any, end: Any) -> None:
        told.append(("plain", kwargs["messages"]))

    async def waiting(kwargs: Any, answer: Any, start: Any, end: Any) -> None:
        told.append(("waiting", kwargs["messages"]))

    return [plain, waiting]


CALL: dict[str, Any] = {"model": "openai/gpt-4o", "messages": MESSAGES, "max_retries": 0}
CALLS: dict[str, dict[str, Any]] = {
    "whole": {},
    "stream": {"stream": True},
    "refused": {"status": 400},
}


def nothing() -> bool:
    return True


def calls(
    module: Any, kind: str, wire: Wire, *, asynchronous: bool, told: Callable[[], bool] = nothing, **more: Any
) -> None:
    """One call, and its answer read. `told`: what to wait for: LiteLLM tells from a task and threads of its own."""
    given = CALL | CALLS[kind] | more
    wire.failures[:] = [given.pop("status")] if "status" in given else []

    async def ask() -> None:
        answer = await module.acompletion(**given)
        _ = [chunk async for chunk in answer] if kind == "stream" else None
        for _ in range(500):
            if told():
                break
            await asyncio.sleep(0.02)

    try:
        if asynchronous:
            asyncio.run(ask())
        else:
            answer = module.completion(**given)
            _ = list(answer) if kind == "stream" else None
    except openai.BadRequestError:
        assert kind == "refused"
    except Exception as error:
        assert kind == "refused", error
        assert type(error).__name__ == "BadRequestError"


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_logger_is_told_what_litellm_tells_it(wire: Wire, llm: ModuleType, kind: str, asynchronous: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
        from litellm.integrations.custom_logger import CustomLogger
    messages = [{"role": "user", "content": f"{llm.__name__} {kind} {asynchronous}"}]
    litellm.suppress_debug_info = True
    before: Told = []

    def told() -> bool:
        return len(before) >= 2

    litellm.callbacks = [logger(CustomLogger, before, messages)]
    try:
        reach = {"api_base": wire.url, "api_key": "key"}
        calls(litellm, kind, wire, asynchronous=asynchronous, told=told, messages=messages, **reach)
        settle(told)
    finally:
        litellm.callbacks = []
        for name in ("success", "failure", "_async_success", "_async_failure", "input"):
            setattr(litellm, f"{name}_callback", [])
    after: Told = []
    llm.callbacks = [logger(llm.CustomLogger, after, messages)]
    calls(llm, kind, wire, asynchronous=asynchronous, messages=messages)
    assert after == before


def settle(done: Callable[[], bool]) -> None:
    """Waits for LiteLLM's threads."""
    for _ in range(500):
        if done():
            return
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("kind", "asynchronous", "expected"),
    [
        ("whole", False, ["plain"]),
        ("whole", True, ["waiting"]),
        ("stream", False, ["plain"]),
        ("stream", True, ["waiting"]),
        ("refused", False, ["plain"]),
        ("refused", True, ["plain", "waiting"]),
    ],
)
def test_functions(wire: Wire, llm: ModuleType, kind: str, asynchronous: bool, expected: list[str]) -> None:
    told: Told = []
    llm.success_callback = llm.failure_callback = functions(told)
    calls(llm, kind, wire, asynchronous=asynchronous)
    assert told == [(name, MESSAGES) for name in expected]


def test_what_they_are_told(wire: Wire, llm: ModuleType) -> None:
    told: list[Any] = []
    llm.success_callback = [lambda *call: told.append(call), "langfuse"]
    llm.completion("openai/gpt-4o", MESSAGES, metadata={"run": "1"}, temperature=0)
    ((kwargs, answer, start, end),) = told
    assert kwargs["model"] == "gpt-4o"
    assert kwargs["messages"] == MESSAGES
    assert kwargs["temperature"] == 0
    assert kwargs["litellm_params"] == {"metadata": {"run": "1"}}
    assert kwargs["response_cost"] is None
    assert answer.usage.total_tokens == 2
    assert datetime.timedelta(0) <= end - start < datetime.timedelta(minutes=1)


def test_a_callback_that_fails_fails_no_call(wire: Wire, llm: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    def fails(*call: Any) -> None:
        raise RuntimeError("the meter is broken")

    async def fails_later(*call: Any) -> None:
        fails()

    llm.success_callback = [fails, fails_later]
    with caplog.at_level(logging.ERROR):
        assert llm.embedding("openai/e", ["a"]).data[0].embedding == [0.5, 0.25]
        assert asyncio.run(llm.aembedding("openai/e", ["a"])).data[0].embedding == [0.5, 0.25]
    assert [record.message for record in caplog.records] == ["a callback failed"] * 2


def test_one_in_two_lists_is_told_once_and_a_stream_is_the_sdks(wire: Wire, llm: ModuleType) -> None:
    told: Told = []
    each = logger(llm.CustomLogger, told)
    llm.callbacks, llm.success_callback = [each], [each]
    stream = llm.completion(**CALL, stream=True)
    assert next(stream).choices[0].delta.content == "Be"
    assert stream.response.status_code == 200
    assert [name for name, _ in told] == ["pre"]
    assert len(list(stream)) == 2
    assert told[1:] == [("success", "Bern")]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stream_that_is_cut_short_is_told_of_as_it_came(
    wire: Wire, llm: ModuleType, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNKS[-1]["choices"][0], "finish_reason", "length")
    told: list[Any] = []

    async def waiting(kwargs: Any, answer: Any, start: Any, end: Any) -> None:
        told.append(answer)

    llm.success_callback = [waiting, lambda kwargs, answer, start, end: told.append(answer)]
    calls(llm, "stream", wire, asynchronous=asynchronous)
    assert [(a.choices[0].message.content, a.choices[0].finish_reason) for a in told] == [("Bern", "length")]
    assert told[0].usage is None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_each_attempt_of_a_call_with_fallbacks_is_told_of(wire: Wire, make: Make, asynchronous: bool) -> None:
    """As LiteLLM has it, which is silent on the failure of the second attempt, and loses that of a synchronous one."""
    llm = make("llm-gateway", NAMES)
    wire.failures[:] = [500, 400]
    told: Told = []

    class Logger(llm.CustomLogger):  # type: ignore[misc, name-defined]
        def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
            told.append(("pre", model))

        def log_success_event(self, kwargs: dict[str, Any], *_: Any) -> None:
            told.append(("success", kwargs["model"]))
            assert "fallbacks" not in kwargs

        def log_failure_event(self, kwargs: dict[str, Any], *_: Any) -> None:
            told.append(("failure", kwargs["model"]))

        async def async_log_success_event(self, *call: Any) -> None:
            self.log_success_event(*call)

        async def async_log_failure_event(self, *call: Any) -> None:
            self.log_failure_event(*call)

    llm.callbacks = [Logger()]
    call = CALL | {"model": "openai/a", "fallbacks": ["openai/b", {"model": "openai/c"}]}
    answer = asyncio.run(llm.acompletion(**call)) if asynchronous else llm.completion(**call)
    assert answer.choices
    failed = [(kind, model) for model in "ab" for kind in ("pre", "failure")]
    assert told == [*failed, ("pre", "c"), ("success", "c")]
