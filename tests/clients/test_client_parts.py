"""The parts of client modules: what they are put together from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from inspect import signature
from types import ModuleType
from typing import Any, ClassVar
from unittest.mock import patch

import httpx
import openai
import portkey_ai
import pytest
import tokenizers
from genai_prices import Usage, calc_price
from wire import CHAT, CHUNKS, MESSAGES, Wire

from migrator.clients import parts
from migrator.clients.table import TARGETS, load


@pytest.mark.parametrize("target", TARGETS)
def test_every_part_has_its_text_and_needs_what_there_is(target: str) -> None:
    there = [part.name for part in parts.of(target)]
    assert len({*there, *load(target).functions}) == len(there) + len(load(target).functions)
    for part in parts.of(target):
        assert (parts.TEMPLATES / f"{part.name}.txt").is_file()
        assert {*part.needs} <= {*there, *load(target).functions}
        assert {*part.targets} <= {*TARGETS}


@pytest.mark.parametrize("target", TARGETS)
def test_no_name_is_provided_twice(target: str) -> None:
    provided = [name for part in parts.of(target) for name in part.provides]
    assert len({*provided, *load(target).functions}) == len(provided) + len(load(target).functions)


def test_a_name_needs_its_part_and_what_that_needs() -> None:
    wanted = parts.needed("portkey", ["completion"], {"completion": ["client"]})
    assert wanted == {"completion", "client", "connection"}
    assert parts.needed("portkey", ["model_id"], {}) == {"model_id"}


def test_imports_come_first_once_and_only_where_they_are_used() -> None:
    texts = [
        "import re\nfrom a.b import One, two, UNUSED\n\nx = re.compile(two)\n",
        "import os.path\nimport json\n"
        "from a.b import THREE, One\nfrom abc import ABC\n\n\nclass B(One, ABC):\n    y = THREE\n",
    ]
    assert parts.joined(texts, 88) == (
        "import re\nfrom abc import ABC\n\nfrom a.b import THREE, One, two\n\n"
        "x = re.compile(two)\n\n\nclass B(One, ABC):\n    y = THREE"
    )
    assert parts.joined(["from a import b, c\n\n\ndef d(): b, c"], 12).startswith(
        "from a import (\n    b,\n    c,\n)\n\n\ndef"
    )


# ---------------------------------------------------------------------------------------------------- parts at work


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class TestTokens:
    """Beside LiteLLM, for models whose tokens both count with the same tables."""

    @pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "gpt-3.5-turbo"])
    @pytest.mark.parametrize(
        "call",
        [
            {"text": "Grüße, world! 你好"},
            {"text": ["a b", "c"]},
            {"text": "<|endoftext|>"},
            {"messages": []},
            {
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "hi", "name": "bob"},
                ]
            },
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "what is this"}]}]},
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}
                ]
            },
            {"messages": [{"role": "user", "content": "hi"}], "count_response_tokens": True},
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Bern"}'}}
                        ],
                    }
                ]
            },
        ],
    )
    def test_as_litellm_counts(self, llm: ModuleType, model: str, call: dict[str, Any]) -> None:
        litellm = pytest.importorskip("litellm")
        assert llm.token_counter(model=model, **call) == litellm.token_counter(model=model, **call)

    def test_encoded_and_decoded(self, llm: ModuleType) -> None:
        litellm = pytest.importorskip("litellm")
        tokens = llm.encode("gpt-4o", "Grüße, world!")
        assert llm.decode("openai/gpt-4o", tokens) == "Grüße, world!"
        assert llm.encode("gpt-4", "Grüße") == litellm.encode("gpt-4", "Grüße")

    def test_nothing_to_count(self, llm: ModuleType) -> None:
        with pytest.raises(ValueError, match="Either text or messages"):
            llm.token_counter(model="gpt-4o")

    def test_a_tokenizer_of_the_projects_own(self, llm: ModuleType) -> None:
        class Letters:
            def encode(self, text: str) -> list[str]:
                return list(text)

        assert llm.token_counter("gpt-4o", {"tokenizer": Letters()}, text="four") == 4
        assert llm.encode(text="four", custom_tokenizer={"tokenizer": Letters()}) == [*"four"]


def test_a_tokenizer_from_the_hub(llm: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[Any, ...]]()
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()

    class Hub:
        @staticmethod
        def from_pretrained(*given: Any) -> tokenizers.Tokenizer:
            asked.append(given)
            return own

    monkeypatch.setattr(llm, "Tokenizer", Hub)
    made = llm.create_pretrained_tokenizer("a/b", auth_token="t")
    assert asked == [("a/b", "main", "t")]
    assert made["type"] == "huggingface_tokenizer"
    assert llm.token_counter("gpt-4o", made, text="a b a c") == 4
    assert llm.encode(text="a b a c", custom_tokenizer=made) == [0, 1, 0, 2]
    assert llm.decode(tokens=[0, 1], custom_tokenizer=made) == "a b"
    own.add_special_tokens(["<s>"])
    marked = {"tokens": [3, 0, 1], "custom_tokenizer": made}
    assert llm.decode(**marked) == "a b"
    assert llm.decode(**marked, skip_special_tokens=False) == "<s> a b"


def test_an_answer_is_counted_like_its_fields(llm: ModuleType) -> None:
    message = llm.completion("gpt-4o", MESSAGES).choices[0].message
    assert llm.token_counter("gpt-4o", messages=[message]) == llm.token_counter(
        "gpt-4o", messages=[{"role": "assistant", "content": message.content}]
    )


class TestCost:
    """What the gateway says, else list prices."""

    USAGE: ClassVar[dict[str, Any]] = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}

    def test_the_gateway_goes_first(self, llm: ModuleType) -> None:
        answer = {"model": "no-such", "usage": {**self.USAGE, "cost": 0.25}}
        assert llm.completion_cost(completion_response=answer) == 0.25
        assert llm.completion_cost(_answer(llm, answer)) == 0.25

    @pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o", "@openai/gpt-4o"])
    def test_list_prices(self, llm: ModuleType, model: str) -> None:
        price = calc_price(Usage(input_tokens=1000, output_tokens=100), "gpt-4o", provider_id="openai").total_price
        assert llm.completion_cost({"model": model, "usage": self.USAGE}) == pytest.approx(float(price))
        assert sum(llm.cost_per_token(model, 1000, 100)) == pytest.approx(float(price))

    def test_what_was_cached_costs_less(self, llm: ModuleType) -> None:
        cached = {**self.USAGE, "prompt_tokens_details": {"cached_tokens": 900}}
        answers = [{"model": "gpt-4o", "usage": usage} for usage in (cached, self.USAGE)]
        assert llm.completion_cost(answers[0]) < llm.completion_cost(answers[1])

    def test_prices_of_the_projects_own(self, llm: ModuleType) -> None:
        own = {"input_cost_per_token": 1.0, "output_cost_per_token": 2.0}
        assert llm.completion_cost({"model": "x", "usage": self.USAGE}, custom_cost_per_token=own) == 1200.0

    def test_an_unknown_model(self, llm: ModuleType) -> None:
        with pytest.raises(LookupError):
            llm.cost_per_token("no-such-model", 1, 1)
        with pytest.raises(LookupError):
            llm.completion_cost({"model": "no-such/model", "usage": self.USAGE})


def _answer(llm: ModuleType, fields: dict[str, Any]) -> Any:
    chat = {**CHAT, **fields}
    return type(llm.completion("gpt-4o", MESSAGES)).model_validate(chat)


def test_conversations_side_by_side(wire: Wire, llm: ModuleType) -> None:
    wire.failures.append((400, {"message": "no"}))
    answers = llm.batch_completion("gpt-4o", [MESSAGES, MESSAGES, MESSAGES], temperature=0, max_retries=0)
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(error).__name__ for error in failed] == ["BadRequestError"]
    assert [a.choices[0].message.content for a in answers if a not in failed] == ['{"city": "Bern"}'] * 2
    assert {request.body["temperature"] for request in wire.take()} == {0}


def test_a_stream_put_together(llm: ModuleType) -> None:
    chunks = list(llm.completion("gpt-4o", MESSAGES, stream=True))
    answer = llm.stream_chunk_builder(chunks, messages=MESSAGES)
    assert type(answer).__name__ == ("ChatCompletions" if hasattr(llm, "Portkey") else "ChatCompletion")
    assert answer.choices[0].message.content == "Bern"
    assert (answer.choices[0].finish_reason, answer.model, answer.usage) == ("stop", "m", None)
    assert llm.stream_chunk_builder([]) is None


def test_a_stream_with_tools_that_ends_too_early(llm: ModuleType) -> None:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> Any:
        return kind.model_validate({**CHUNKS[0], "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    kind = type(next(iter(llm.completion("gpt-4o", MESSAGES, stream=True))))
    usage = kind.model_validate({**CHUNKS[0], "choices": [], "usage": CHAT["usage"]})
    call = {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}
    more = {"index": 0, "function": {"arguments": ": 1}"}}
    chunks = [chunk({"role": "assistant", "tool_calls": [call]}), chunk({"tool_calls": [more]}), chunk({}, "length")]
    answer = llm.stream_chunk_builder([*chunks, usage])
    (joined,) = answer.choices[0].message.tool_calls
    assert (joined.id, joined.function.name, joined.function.arguments) == ("t1", "f", '{"a": 1}')
    assert (answer.choices[0].finish_reason, answer.usage.total_tokens) == ("length", 2)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ({"message": "too many", "code": "context_length_exceeded"}, "ContextWindowExceededError"),
        ({"message": "This model's maximum context length is 8 tokens"}, "ContextWindowExceededError"),
        ({"message": "prompt is too long: 9 tokens"}, "ContextWindowExceededError"),
        ({"message": "no", "code": "content_policy_violation"}, "ContentPolicyViolationError"),
        ({"message": "rejected by our safety system"}, "ContentPolicyViolationError"),
        ({"message": "unknown field"}, "BadRequestError"),
    ],
)
def test_kinds_of_bad_requests(wire: Wire, llm: ModuleType, target: str, error: dict[str, str], name: str) -> None:
    family = openai if target == "llm-gateway" else portkey_ai.openai
    for call in (
        lambda: llm.completion("gpt-4o", MESSAGES, stream=True),
        lambda: asyncio.run(llm.acompletion("gpt-4o", MESSAGES)),
        lambda: llm.embedding("gpt-4o", "hi"),
    ):
        wire.failures.append((400, error))
        with pytest.raises(family.BadRequestError) as raised:
            call()
        assert (type(raised.value).__name__, raised.value.status_code) == (name, 400)
        assert raised.value.code == error.get("code")
        assert isinstance(raised.value.__cause__, family.BadRequestError) == (name != "BadRequestError")


def test_streams_are_recognized(llm: ModuleType) -> None:
    async def asynchronous() -> bool:
        return isinstance(await llm.acompletion("gpt-4o", MESSAGES, stream=True), llm.AnyStream)

    assert isinstance(llm.completion("gpt-4o", MESSAGES, stream=True), llm.AnyStream)
    assert asyncio.run(asynchronous())
    assert not isinstance(llm.completion("gpt-4o", MESSAGES), llm.AnyStream)


def test_prices_as_data(make: Callable[..., ModuleType], target: str) -> None:
    llm = make(target, frozenset({"model_cost", "register_model", "completion_cost", "cost_per_token"}))
    entry = llm.model_cost["openai/gpt-4o"]
    assert entry == llm.model_cost["gpt-4o"]
    assert entry["input_cost_per_token"] == pytest.approx(llm.cost_per_token("gpt-4o", 1, 0)[0])
    assert {"gpt-4o", "gemini/gemini-2.5-flash"} <= {*llm.model_cost}
    assert "no-such" not in llm.model_cost
    llm.register_model({"own": {"input_cost_per_token": 1.0, "output_cost_per_token": 2.0}, "gpt-4o": {"mode": "chat"}})
    llm.model_cost["other"] = {"max_input_tokens": 9}
    assert len(llm.model_cost) == len([*llm.model_cost])
    assert {"own", "other"} < {*llm.model_cost}
    assert llm.model_cost["gpt-4o"] == {**entry, "mode": "chat"}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5}
    assert llm.completion_cost({"model": "openai/own", "usage": usage}) == 11.0
    assert llm.completion_cost({"model": "gpt-4o", "usage": usage}) == 0.5
    with pytest.raises(LookupError):
        llm.cost_per_token("other", 1)


PRICES = frozenset({"model_cost", "register_model", "completion_cost", "cost_per_token"})


def test_prices_are_a_dictionary(make: Callable[..., ModuleType], target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    llm = make(target, PRICES)
    assert isinstance(llm.model_cost, dict)
    assert json.loads(json.dumps(llm.model_cost)) == {**llm.model_cost} == llm.model_cost.copy()
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5}
    llm.model_cost["openai/gpt-4o"]["input_cost_per_token"] = 1.0
    assert llm.model_cost["gpt-4o"]["input_cost_per_token"] == 1.0
    output = llm.model_cost["gpt-4o"]["output_cost_per_token"]
    assert llm.completion_cost({"model": "gpt-4o", "usage": usage}) == pytest.approx(3 + 4 * output)
    assert llm.model_cost["gpt-4o-2024-08-06"] is not llm.model_cost["gpt-4o"]
    llm.model_cost.update(own={"max_input_tokens": 1})
    assert llm.model_cost.setdefault("own", {}) == {"max_input_tokens": 1}
    with monkeypatch.context() as patched:
        patched.setitem(llm.model_cost, "own", {"max_input_tokens": 2})
        assert llm.model_cost["own"] == {"max_input_tokens": 2}
    with patch.dict(llm.model_cost, {"other": {}}, clear=True):
        assert "gpt-4o" not in llm.model_cost
    assert llm.model_cost.pop("own") == {"max_input_tokens": 1}
    del llm.model_cost["gpt-4o"]
    for gone in ("own", "other", "gpt-4o", "openai/gpt-4o"):
        assert gone not in llm.model_cost
    with pytest.raises(KeyError, match="openai/gpt-4o"):
        llm.model_cost["openai/gpt-4o"]


def test_prices_of_some_models(make: Callable[..., ModuleType], target: str) -> None:
    llm = make(target, PRICES)
    azure = llm.cost_per_token("azure/gpt-4o", 10, 10)
    read = {"input_cost_per_token": 1, "output_cost_per_token": "2", "cache_read_input_token_cost": 0.5}
    llm.register_model(
        {
            "emb": {"input_cost_per_token": "2e-6", "mode": "embedding"},
            "azure/dep": {"input_cost_per_token": 1.0, "output_cost_per_token": 2.0, "litellm_provider": "azure"},
            "gpt-4o": {"input_cost_per_token": 7.0},
            "read": read,
        }
    )
    assert llm.cost_per_token("emb", 10) == (pytest.approx(2e-5), 0)
    assert llm.cost_per_token("dep", 10, 1, custom_llm_provider="azure") == (10.0, 2.0)
    with pytest.raises(LookupError):
        llm.cost_per_token("dep", 10, 1, custom_llm_provider="openai")
    assert llm.cost_per_token("azure/gpt-4o", 10, 10) == azure
    assert llm.cost_per_token("openai/gpt-4o", 1)[0] == llm.cost_per_token("gpt-4o", 1)[0] == 7.0
    assert llm.cost_per_token("openai/read", 10, 1, cache_read_input_tokens=4) == (8.0, 2.0)


@pytest.mark.parametrize(
    ("model", "name", "provider"),
    [
        ("gpt-4o", "gpt-4o", "openai"),
        ("gemini/gemini-2.5-pro", "gemini-2.5-pro", "gemini"),
        ("ollama/llama3", "llama3", "ollama"),
        ("huggingface/a/b", "a/b", "huggingface"),
        ("openai/ft:gpt-4o:x", "ft:gpt-4o:x", "openai"),
        ("ft:gpt-4o:x", "ft:gpt-4o:x", "openai"),
        ("text-embedding-004", "text-embedding-004", "vertex_ai"),
        ("text-embedding-3-small", "text-embedding-3-small", "openai"),
    ],
)
def test_whose_a_model_is(llm: ModuleType, model: str, name: str, provider: str) -> None:
    assert llm.get_llm_provider(model) == (name, provider, None, None)
    assert llm.get_llm_provider(model=model, api_base="http://x") == llm.get_llm_provider(model, None, None)
    assert llm.get_llm_provider(llm.model_id("gemini/gemini-2.5-pro"))[1] == "gemini"
    assert llm.get_llm_provider("some/where", custom_llm_provider="some")[:2] == ("where", "some")
    for unknown in ("nobody/knows-it", "its-own"):
        with pytest.raises(llm.openai.BadRequestError, match="its provider is not known"):
            llm.get_llm_provider(unknown)


# ------------------------------------------------------------------------------------------------ at the gateway only


@pytest.fixture
def gateway(make: Callable[..., ModuleType]) -> ModuleType:
    return make("llm-gateway", parts.provided("llm-gateway"))


def test_what_models_are_able_to_do(wire: Wire, gateway: ModuleType) -> None:
    assert gateway.supports_vision("openai/gpt-4o")
    assert gateway.supports_vision("gpt-4o")
    assert not gateway.supports_vision("azure/gpt-4o")
    assert not gateway.supports_vision("gpt-4o", custom_llm_provider="azure")
    assert not gateway.supports_vision("mistral/gpt-4o")
    assert not gateway.supports_vision("bare")
    assert not gateway.supports_vision("no-such")
    assert gateway.supports_function_calling("gpt-4o")
    assert gateway.supports_parallel_function_calling("openai/gpt-4o")
    assert not gateway.supports_parallel_function_calling("azure/gpt-4o")
    assert not gateway.supports_reasoning("gpt-4o")
    assert gateway.supports_response_schema("gpt-4o")
    assert gateway.supports_tool_choice("gpt-4o")
    assert not gateway.supports_tool_choice("bare")
    assert gateway.get_supported_openai_params("openai/gpt-4o") == ["temperature", "tool_choice"]
    assert gateway.get_supported_openai_params("no-such") is None
    assert [request.path for request in wire.take()] == ["/models"]


def test_which_models_there_are(wire: Wire, gateway: ModuleType) -> None:
    assert gateway.get_valid_models() == ["gpt-4o", "bare"]
    assert gateway.get_valid_models(True, custom_llm_provider="openai") == ["gpt-4o"]
    assert gateway.get_valid_models(api_key="a provider's", custom_llm_provider="gemini") == []
    assert [request.path for request in wire.take()] == ["/models"]


def test_no_models_where_the_gateway_cannot_be_asked(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_GATEWAY_BASE_URL", "http://127.0.0.1:9/v1")
    assert gateway.get_valid_models() == []


@pytest.mark.parametrize("variable", ["LLM_GATEWAY_API_KEY", "OPENAI_API_KEY"])
def test_the_key_that_is_looked_for(gateway: ModuleType, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("LLM_GATEWAY_API_KEY", raising=False)
    assert gateway.validate_environment("gpt-4o") == {
        "keys_in_environment": False,
        "missing_keys": ["LLM_GATEWAY_API_KEY"],
    }
    monkeypatch.setenv(variable, "k")
    there = gateway.validate_environment(model="gpt-4o", api_base=None)["keys_in_environment"]
    assert there == (variable == "LLM_GATEWAY_API_KEY")


def test_providers_by_their_old_names(gateway: ModuleType) -> None:
    assert {"openai", "gemini", "openrouter"} < set(gateway.provider_list)
    assert "ollama" not in gateway.provider_list
    for provider in gateway.provider_list:
        assert gateway.model_id(f"{provider}/some-model").endswith("some-model")


def test_what_is_known_of_a_model(gateway: ModuleType) -> None:
    info = gateway.get_model_info("openai/gpt-4o")
    assert (info["max_input_tokens"], info["input_cost_per_token"], info["output_cost_per_token"]) == (
        128000,
        2.5e-6,
        1e-5,
    )
    assert (info["litellm_provider"], info["supports_vision"], info["max_tokens"]) == ("openai", True, None)
    assert gateway.get_model_info("bare")["max_input_tokens"] is None
    with pytest.raises(ValueError, match="no-such: the gateway does not list it"):
        gateway.get_model_info("no-such")


def test_what_the_project_says_of_a_model_it_registers(gateway: ModuleType) -> None:
    gateway.register_model({"mine": {"supports_vision": True, "max_tokens": 10}, "openai/gpt-4o": {"max_tokens": 9}})
    info = gateway.get_model_info("mine")
    assert (info["max_tokens"], info["max_output_tokens"], info["supports_reasoning"]) == (10, None, False)
    assert gateway.supports_vision("mine")
    assert not gateway.supports_function_calling("mine")
    info = gateway.get_model_info("openai/gpt-4o")
    assert (info["max_tokens"], info["max_input_tokens"], info["supports_vision"]) == (9, 128000, True)


def test_documents_by_relevance(wire: Wire, gateway: ModuleType) -> None:
    answer = gateway.rerank("cohere_/rank", "q", ["a", "b"], top_n=1, api_key="a provider's", rank_fields=None)
    assert answer.results[0]["index"] == 1
    assert wire.one().body == {"model": "cohere_/rank", "query": "q", "documents": ["a", "b"], "top_n": 1}
    answer = asyncio.run(gateway.arerank("m", "q", ["a"], "cohere_", None, None, False))
    body = {"model": "cohere_/m", "query": "q", "documents": ["a"], "return_documents": False}
    assert wire.requests[-1].body == body
    assert answer.results[0]["relevance_score"] == 0.9
    assert "max_tokens_per_doc" in signature(gateway.rerank).parameters
    assert signature(gateway.rerank).parameters.keys() == signature(gateway.arerank).parameters.keys()


@pytest.mark.parametrize("given", [True, False])
def test_a_session_is_closed_by_whoever_made_it(make: Callable[..., ModuleType], given: bool) -> None:
    llm = make("llm-gateway", frozenset({"async_client", "aclient_session"}))
    session = httpx.AsyncClient()

    async def use() -> openai.AsyncOpenAI:
        llm.aclient_session = session if given else None
        made: openai.AsyncOpenAI = llm.async_client()
        llm.aclient_session = None if given else session
        return made

    made = asyncio.run(use())
    assert made.is_closed() is not given
    asyncio.run(session.aclose())


def test_the_timeout_of_a_session_counts(wire: Wire, make: Callable[..., ModuleType]) -> None:
    llm = make("llm-gateway", frozenset({"completion", "client_session"}))
    with httpx.Client(timeout=7) as llm.client_session:
        llm.completion("gpt-4o", MESSAGES)
        assert wire.one().headers["x-stainless-read-timeout"] == "7"
        llm.completion("gpt-4o", MESSAGES, timeout=3)
        assert wire.one().headers["x-stainless-read-timeout"] == "3"
