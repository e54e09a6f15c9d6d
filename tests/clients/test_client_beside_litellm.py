"""Generated client modules and LiteLLM itself, given the same arguments: what each puts on the wire."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from wire import MESSAGES, MODELS, City, Wire

from migrator.clients.module import Settings

# LiteLLM leaves an event loop and sockets open. What the modules leave open is tested by test_client_module.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

# Values an application gives, by argument: what goes to the body, what LiteLLM keeps to itself, what it does not know.
CHAT_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "n": st.integers(1, 3),
    "stop": st.sampled_from(["x", ["x", "y"]]),
    "max_tokens": st.integers(1, 99),
    "max_completion_tokens": st.integers(1, 99),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "logit_bias": st.just({"50256": -100}),
    "user": st.text("abc", min_size=1, max_size=4),
    "seed": st.integers(0, 9),
    "logprobs": st.just(True),
    "top_logprobs": st.integers(0, 5),
    "response_format": st.sampled_from([{"type": "json_object"}, {"type": "text"}]),
    "service_tier": st.just("auto"),
    "store": st.booleans(),
    "stream_options": st.just({"include_usage": True}),
    "extra_body": st.dictionaries(st.sampled_from(["min_p", "seedling"]), st.integers(0, 9), min_size=1),
    "extra_headers": st.just({"x-team": "a"}),
    "headers": st.just({"x-part": "b"}),
    "top_k": st.integers(1, 9),
    "repetition_penalty": st.floats(0, 2),
    "timeout": st.sampled_from([5, 7.5]),
    "drop_params": st.booleans(),
    "metadata": st.dictionaries(st.sampled_from(["team", "run"]), st.text(max_size=4), min_size=1),
    "num_retries": st.integers(0, 3),
    "max_retries": st.integers(0, 3),
    "custom_llm_provider": st.just("openai"),
    "input_cost_per_token": st.just(0.1),
    "caching": st.booleans(),
}
EMBEDDING_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "dimensions": st.integers(1, 9),
    "user": st.text("abc", min_size=1, max_size=4),
    "encoding_format": st.just("float"),
    "extra_body": st.just({"input_type": "query"}),
    "truncate": st.just("END"),
    "timeout": st.sampled_from([5, 7.5]),
    "metadata": st.just({"team": "a"}),
    "max_retries": st.integers(0, 3),
    "drop_params": st.booleans(),
}


def some(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the arguments, in any order, each with a value or with None."""
    optional = {name: st.none() | value for name, value in values.items()}
    return st.fixed_dictionaries({}, optional=optional)


@pytest.fixture(scope="module")
def litellm_call(wire: Wire) -> Iterator[Callable[..., Any]]:
    """Calls a function as LiteLLM has it, with what it changes and leaves open kept from the other tests."""

    def call(function: str, arguments: dict[str, Any], *positional: Any) -> Any:
        reach = {"api_base": wire.url, "api_key": "provider-key"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its own code
            import litellm

            answer = getattr(litellm, function)(*positional, **copy.deepcopy(arguments), **reach)
            return list(answer) if arguments.get("stream") else answer

    yield call
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm

        for client in litellm.in_memory_llm_clients_cache.cache_dict.values():
            if isinstance(client, openai.OpenAI):
                client.close()
        litellm.in_memory_llm_clients_cache.flush_cache()
        gc.collect()


def header_of(request: Any, *names: str) -> dict[str, str | None]:
    return {name: request.headers.get(name) for name in names}


@search(max_examples=60)
@given(arguments=some(CHAT_VALUES), stream=st.sampled_from([None, False, True]), asynchronous=st.booleans())
def test_chat_sends_what_litellm_sends(
    litellm_call: Callable[..., Any],
    wire: Wire,
    llm: ModuleType,
    target: str,
    arguments: dict[str, Any],
    stream: bool | None,
    asynchronous: bool,
) -> None:
    call = {"model": "openai/gpt-4o", "messages": MESSAGES, "stream": stream, **arguments}
    litellm_call("completion", call)
    before = wire.one()
    given_arguments = copy.deepcopy(call)

    async def acompletion() -> Any:
        answer = await llm.acompletion(**call)
        return [chunk async for chunk in answer] if stream else answer

    if asynchronous:
        asyncio.run(acompletion())
    else:
        answer = llm.completion(**call)
        _ = list(answer) if stream else answer
    after = wire.one()
    assert after.path == before.path == "/chat/completions"
    assert after.body == {**before.body, "model": MODELS[target]}
    assert header_of(after, "x-team", "x-part") == header_of(before, "x-team", "x-part")
    assert call == given_arguments  # nothing of the caller's is changed
    secrets = [value for value in after.headers.values() if "provider-key" in value]
    assert secrets == []


@search(max_examples=30)
@given(arguments=some(EMBEDDING_VALUES), asynchronous=st.booleans())
def test_embeddings_send_what_litellm_sends(
    litellm_call: Callable[..., Any],
    wire: Wire,
    llm: ModuleType,
    target: str,
    arguments: dict[str, Any],
    asynchronous: bool,
) -> None:
    call = {"model": "openai/text-embedding-3-small", "input": ["a", "b"], **arguments}
    litellm_call("embedding", call)
    before = wire.one()
    answer = asyncio.run(llm.aembedding(**call)) if asynchronous else llm.embedding(**call)
    after = wire.one()
    # The OpenAI SDK asks for base64 and decodes it; Portkey's does not decode it, so it asks for numbers.
    default = {"encoding_format": "base64" if target == "llm-gateway" else "float"}
    model = MODELS[target].replace("gpt-4o", "text-embedding-3-small")
    assert after.body == {**default, **before.body, "model": model}
    assert answer.data[0].embedding == [0.5, 0.25]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("image_generation", {"prompt": "a cat", "model": "openai/gpt-image-1", "n": 2, "size": None, "extra": 1}),
        ("speech", {"model": "openai/tts-1", "input": "hi", "voice": "alloy", "instructions": "slowly"}),
        ("moderation", {"input": "hm", "model": "openai/omni-moderation-latest"}),
    ],
)
def test_the_others_send_what_litellm_sends(
    litellm_call: Callable[..., Any], wire: Wire, llm: ModuleType, target: str, function: str, arguments: dict[str, Any]
) -> None:
    litellm_call(function, arguments)
    before = wire.one()
    getattr(llm, function)(**arguments)
    after = wire.one()
    assert after.path == before.path
    assert after.body == {**before.body, "model": ("@" if target == "portkey" else "") + arguments["model"]}
    answer = getattr(llm, f"a{function}")(**arguments)
    asyncio.run(answer)
    assert wire.one().body == after.body


def test_a_model_class_sends_the_schema_that_litellm_sends(
    litellm_call: Callable[..., Any], wire: Wire, llm: ModuleType
) -> None:
    call = {"model": "openai/gpt-4o", "messages": MESSAGES, "response_format": City, "stream": False}
    litellm_call("completion", call)
    schema = wire.one().body["response_format"]
    answer = llm.completion(**call)
    assert wire.one().body["response_format"] == schema
    assert answer.choices[0].message.content == '{"city": "Bern"}'
    assert answer.choices[0].message.parsed == City(city="Bern")
    assert asyncio.run(llm.acompletion(**call)).choices[0].message.parsed == City(city="Bern")
    with pytest.raises(TypeError, match=r"chat\.completions\.stream"):
        llm.completion(**{**call, "stream": True})


def test_positions_are_those_of_litellm(litellm_call: Callable[..., Any], wire: Wire, llm: ModuleType) -> None:
    litellm_call("completion", {}, "openai/gpt-4o", MESSAGES, 5, 0.5)
    assert wire.one().body["temperature"] == 0.5
    llm.completion("openai/gpt-4o", MESSAGES, 5, 0.5)
    assert wire.one().body["temperature"] == 0.5
    asyncio.run(llm.acompletion("openai/gpt-4o", MESSAGES, [{"name": "f"}], "auto", 5, 0.5))
    body = wire.one().body
    assert (body["functions"], body["temperature"]) == ([{"name": "f"}], 0.5)
    llm.moderation("hm", "openai/omni")
    assert wire.one().body["input"] == "hm"
    with pytest.raises(TypeError, match="4 positional arguments, at most 3"):
        llm.moderation("hm", "openai/omni", "key", "more")
    with pytest.raises(TypeError, match="given twice: model"):
        llm.completion("openai/gpt-4o", MESSAGES, model="another")


@pytest.mark.parametrize("positional", [2, 4])
def test_positions_that_calls_use_are_named(
    make: Callable[..., ModuleType], wire: Wire, target: str, positional: int
) -> None:
    llm = make(target, frozenset({"completion", "acompletion", "embedding"}), Settings(positional=positional))
    names = list(inspect.signature(llm.acompletion).parameters)
    assert names == [*["model", "messages", "functions", "function_call"][:positional], "kwargs"]
    llm.completion("openai/gpt-4o", MESSAGES, **{"timeout": None, "temperature": 0.5, "tools": None})
    assert wire.one().body.keys() == {"model", "messages", "temperature"}
    llm.embedding("openai/e", ["text"], encoding_format=None)
    assert wire.one().body["encoding_format"] == {"llm-gateway": "base64", "portkey": "float"}[target]
    with pytest.raises(TypeError, match="model"):
        llm.completion("openai/gpt-4o", MESSAGES, model="another")
