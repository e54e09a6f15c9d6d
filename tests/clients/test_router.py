"""The Router of generated client modules, beside LiteLLM's own: who is called, in which order, and what is raised."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import openai
import pytest
from conftest import Make
from wire import MESSAGES, Wire

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::UserWarning",  # LiteLLM's
)


@pytest.fixture(scope="module")
def llm(make: Make) -> ModuleType:
    return make("llm-gateway", frozenset({"Router"}))


def deployment(name: str, model: str, **params: Any) -> dict[str, Any]:
    reach = {"api_base": os.environ["LLM_GATEWAY_BASE_URL"], "api_key": "provider-key"}
    return {"model_name": name, "litellm_params": {"model": f"openai/{model}", **reach, **params}}


def called(wire: Wire) -> list[str]:
    """The models that were called, as LiteLLM names them on the wire."""
    return [request.body["model"].removeprefix("openai/") for request in wire.take()]


def outcome(router: Any, *, asynchronous: bool, **given: Any) -> str:
    """`ok`, or which error was raised."""
    call = {"model": "small", "messages": MESSAGES, **given}
    try:
        _ = asyncio.run(router.acompletion(**call)) if asynchronous else router.completion(**call)
    except openai.APIStatusError as error:
        return f"{error.status_code}"
    return "ok"


@pytest.fixture(scope="module")
def theirs() -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm

        litellm.suppress_debug_info = True
        return litellm.Router


ALONE, LARGE, HUGE = ("small", "one"), ("large", "two"), ("huge", "three")
CHAIN: dict[str, Any] = {"num_retries": 0, "fallbacks": [{"small": ["large", "huge"]}]}


@pytest.mark.parametrize(
    ("failures", "deployments", "settings"),
    [
        ([], [ALONE], {}),
        ([400], [ALONE], {}),  # what would fail again is not tried again
        ([401, 401], [ALONE], {}),
        ([404], [ALONE], {}),
        ([503], [ALONE, LARGE, HUGE], CHAIN),
        ([503, 503], [ALONE, LARGE, HUGE], CHAIN),
        ([400], [ALONE, LARGE, HUGE], CHAIN),
        ([503, 429, 400], [ALONE, LARGE, HUGE], CHAIN),  # the first error is raised, not the last
        ([429, 503, 503], [ALONE, LARGE, HUGE], CHAIN),
        (
            [503, 503],
            [ALONE, LARGE, HUGE],
            {"num_retries": 0, "fallbacks": [{"small": ["large"]}, {"large": ["huge"]}]},
        ),
        ([503], [ALONE, HUGE], {"num_retries": 0, "default_fallbacks": ["huge"]}),
        ([503], [ALONE, HUGE], {"num_retries": 0, "fallbacks": [{"*": ["huge"]}]}),
        ([503, 503], [ALONE, LARGE], {"num_retries": 0, "fallbacks": [{"large": ["small"]}]}),
        ([], [LARGE], {"model_group_alias": {"small": "large"}}),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_same_are_called_and_the_same_is_raised(
    wire: Wire,
    llm: ModuleType,
    theirs: Callable[..., Any],
    failures: list[int],
    deployments: list[tuple[str, str]],
    settings: dict[str, Any],
    asynchronous: bool,
) -> None:
    results = []
    for build in (theirs, llm.Router):
        wire.failures[:] = failures
        router = build(model_list=[deployment(*each) for each in deployments], **settings)
        results.append((outcome(router, asynchronous=asynchronous), called(wire)))
        wire.failures.clear()
    assert results[0] == results[1]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_another_deployment_is_tried_and_the_failed_one_rests(wire: Wire, llm: ModuleType, asynchronous: bool) -> None:
    router = llm.Router(model_list=[deployment("small", "one"), deployment("small", "two")])
    wire.failures[:] = [503]
    answers = [outcome(router, asynchronous=asynchronous) for _ in range(6)]
    first, *others = called(wire)
    assert answers == ["ok"] * 6
    assert set(others) == {"one", "two"} - {first}


def test_with_all_at_rest_calls_are_made_nevertheless(wire: Wire, llm: ModuleType) -> None:
    router = llm.Router(
        model_list=[deployment("small", "one"), deployment("small", "two")], num_retries=0, cooldown_time=60
    )
    wire.failures[:] = [503, 503]
    assert [outcome(router, asynchronous=False) for _ in range(3)] == ["503", "503", "ok"]
    assert set(called(wire)[:2]) == {"one", "two"}


@pytest.mark.parametrize("settings", [{"disable_cooldowns": True}, {"allowed_fails": 300}])
def test_what_may_fail_does_not_rest(wire: Wire, llm: ModuleType, settings: dict[str, Any]) -> None:
    deployments = [deployment("small", "one", weight=1), deployment("small", "two", weight=0)]
    router = llm.Router(model_list=deployments, num_retries=0, **settings)
    wire.failures[:] = [429] * 3
    assert [outcome(router, asynchronous=False) for _ in range(4)] == ["429", "429", "429", "ok"]
    assert called(wire) == ["one"] * 4


@pytest.mark.parametrize("share", ["weight", "rpm", "tpm"])
def test_shares_are_kept_roughly(wire: Wire, llm: ModuleType, share: str) -> None:
    deployments = [deployment("small", "one", **{share: 90}), deployment("small", "two", **{share: 10})]
    router = llm.Router(model_list=deployments)
    assert {outcome(router, asynchronous=False) for _ in range(200)} == {"ok"}
    count = Counter(called(wire))
    assert 150 < count["one"] < 198
    assert count.total() == 200


def test_arguments_of_a_call_go_before_those_of_its_deployment(
    wire: Wire, llm: ModuleType, theirs: Callable[..., Any]
) -> None:
    params = {"temperature": 0.5, "max_tokens": 7, "rpm": 10}
    bodies = []
    for build in (theirs, llm.Router):
        router = build(model_list=[deployment("small", "one", **params)], default_litellm_params={"top_p": 0.25})
        router.completion("small", MESSAGES, temperature=0, seed=None)
        bodies.append(wire.one().body | {"model": "one"})
    assert bodies[0] == bodies[1] == {
        "model": "one", "messages": MESSAGES, "temperature": 0, "max_tokens": 7, "top_p": 0.25,
    }  # fmt: skip


def test_a_context_that_is_too_long_has_fallbacks_of_its_own(wire: Wire, llm: ModuleType) -> None:
    deployments = [deployment(*each) for each in (ALONE, LARGE, HUGE)]
    fallbacks = {"fallbacks": [{"small": ["large"]}], "context_window_fallbacks": [{"small": ["huge"]}]}
    router = llm.Router(model_list=deployments, **fallbacks)
    for code, fallback in (("context_length_exceeded", "three"), ("another", "two")):
        wire.failures[:] = [(400, {"message": "no", "code": code})]
        assert outcome(router, asynchronous=False) == "ok"
        assert called(wire) == ["one", fallback]


def test_a_call_has_retries_and_fallbacks_of_its_own(wire: Wire, llm: ModuleType) -> None:
    router = llm.Router(model_list=[deployment(*ALONE), deployment(*LARGE)], retry_after=0)
    wire.failures[:] = [503] * 2
    assert outcome(router, asynchronous=False, num_retries=0, fallbacks=["large"]) == "503"
    assert called(wire) == ["one", "two"]
    wire.failures[:] = [503]
    assert outcome(router, asynchronous=False, num_retries=1) == "ok"
    assert called(wire) == ["one", "one"]


def test_embeddings_and_streams(wire: Wire, llm: ModuleType) -> None:
    router = llm.Router(
        model_list=[deployment(*ALONE), deployment(*LARGE)], **CHAIN | {"fallbacks": [{"small": ["large"]}]}
    )
    wire.failures[:] = [503]
    assert router.embedding("small", ["text"]).data[0].embedding == [0.5, 0.25]
    assert called(wire) == ["one", "two"]
    assert asyncio.run(router.aembedding(model="small", input=["text"])).data[0].embedding == [0.5, 0.25]
    wire.failures[:] = [503]
    chunks = list(router.completion("small", MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Bern"
    assert router.get_model_names() == ["small", "large"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"redis_host": "cache"}, "redis_host"),
        ({"routing_strategy": "latency-based-routing"}, "routing_strategy"),
        ({"provider_budget_config": {"openai": {}}, "retry_policy": {"x": 1}}, "provider_budget_config, retry_policy"),
    ],
)
def test_what_it_cannot_do_is_refused(llm: ModuleType, settings: dict[str, Any], what: str) -> None:
    with pytest.raises(TypeError, match=f"set up at the gateway: {what}"):
        llm.Router(model_list=[], **settings)


def test_what_asks_for_nothing_is_taken(llm: ModuleType) -> None:
    quiet = {"redis_host": None, "set_verbose": True, "num_retries": None, "fallbacks": None}
    router = llm.Router(model_list=[deployment(*ALONE)], routing_strategy="simple-shuffle", **quiet)
    with pytest.raises(ValueError, match="medium: no deployment"):
        router.completion("medium", MESSAGES)
