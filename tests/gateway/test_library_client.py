"""The client: what it refuses, how it fails, what it answers, and that it leaves nothing open in any loop."""

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from library import Script, down, provider
from servers import RedisServer, redis_server  # noqa: F401  # a fixture

import llm_gateway
from llm_gateway import (
    LLMGateway,
    LLMGatewayAuthenticationError,
    LLMGatewayBudgetExceededError,
    LLMGatewayClient,
    LLMGatewayConfig,
    LLMGatewayConfigurationError,
    LLMGatewayError,
    LLMGatewayProviderError,
    LLMGatewayRateLimitError,
    LLMGatewayRequest,
    LLMGatewayTimeoutError,
    LLMGatewayValidationError,
    LLMRequest,
    SyncLLMGatewayClient,
)
from llm_gateway.core.types import Incoming, Outgoing
from llm_gateway.exceptions import from_reply
from llm_gateway.providers.mock import MockReply, MockTransport
from llm_gateway.state.usage_sqlite import SqliteUsage

MODEL = "gpt-5-mini"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM_GATEWAY_", "PORTKEY_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


def client(script: Script | bool = True, **settings: object) -> LLMGatewayClient:
    return LLMGatewayClient(mock=script, **settings)


def ask(script: Script | bool = True, model: str = MODEL, prompt: str = "Say hello", **settings: object) -> object:
    return asyncio.run(client(script, **settings).complete(prompt=prompt, model=model))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"colour": "red"}, "no setting colour"),
        ({"time_out": 3}, "did you mean timeout"),
        ({"timeout": 0}, "timeout"),
        ({"config": {"timeout": 3}}, "takes an LLMGatewayConfig, not dict"),
        ({"providers": "openai"}, "list of names"),
        ({"mock": "no_such_module_at_all:reply"}, "cannot be loaded"),
        ({"gateway_file": "/nonexistent/gateway.toml"}, "gateway.toml"),
        ({"provider_keys": {"nobody": "k"}}, "no provider nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(LLMGatewayConfigurationError, match=said):
        LLMGatewayClient(**arguments)


@pytest.mark.parametrize("arguments", [{"providers": ["portkey"]}, {"fallback_providers": ["x"]}])
def test_a_provider_that_nobody_knows_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(LLMGatewayProviderError, match="unknown provider"):
        LLMGatewayClient(**arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": MODEL}, "give prompt or messages"),
        ({"prompt": "x"}, "model"),
        ({"prompt": "x", "messages": [], "model": MODEL}, "not both"),
        ({"prompt": "x", "request": "y", "model": MODEL}, "not two"),
        ({"prompt": "x", "model": MODEL, "stream": True}, "stream_complete"),
        ({"request": {"model": MODEL}}, "takes an LLMRequest, not dict"),
        ({"prompt": "x", "model": MODEL, "max_tokens": -1}, "max_tokens"),
    ],
)
def test_a_request_that_says_nothing_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(LLMGatewayValidationError, match=said) as caught:
        asyncio.run(client().complete(**arguments))
    assert caught.value.status_code == 400


def test_a_client_that_is_switched_off_says_so() -> None:
    with pytest.raises(LLMGatewayConfigurationError, match="switched off"):
        ask(enabled=False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, LLMGatewayValidationError),
        (401, LLMGatewayAuthenticationError),
        (403, LLMGatewayAuthenticationError),
        (402, LLMGatewayBudgetExceededError),
        (404, LLMGatewayProviderError),
        (408, LLMGatewayTimeoutError),
        (429, LLMGatewayRateLimitError),
        (500, LLMGatewayProviderError),
        (503, LLMGatewayProviderError),
        (504, LLMGatewayTimeoutError),
    ],
)
def test_each_status_has_its_exception(status: int, kind: type[LLMGatewayError]) -> None:
    with pytest.raises(LLMGatewayError) as caught:
        ask(Script({"openai": down(status, "my own words", retry_after="7")}), max_retries=0)
    error = caught.value
    assert type(error) is kind
    assert (str(error), error.status_code, error.provider) == ("my own words", status, "openai")
    assert getattr(error, "retry_after", 7.0) == 7.0


def test_a_spent_budget_is_no_providers_fault() -> None:
    body = b'{"status": "failure", "error": {"message": "spent", "code": "04"}}'
    assert isinstance(from_reply(412, {}, body), LLMGatewayBudgetExceededError)


def test_without_a_key_the_error_names_the_variable() -> None:
    with pytest.raises(LLMGatewayAuthenticationError, match="set OPENAI_API_KEY"):
        asyncio.run(LLMGatewayClient().complete(prompt="x", model=MODEL))


def test_a_model_of_nobody_is_told() -> None:
    with pytest.raises(LLMGatewayValidationError, match="provider is known"):
        asyncio.run(LLMGatewayClient().complete(prompt="x", model="my-own-model"))


@pytest.mark.parametrize("script", ["[mock delay=30]", "[mock stall]"])
def test_a_provider_that_keeps_silent_times_out(script: str) -> None:
    with pytest.raises(LLMGatewayTimeoutError):
        ask(prompt=script, timeout=0.05)


def test_retries_are_those_of_the_settings() -> None:
    script = Script({"openai": down(429, retry_after_ms="0")})
    with pytest.raises(LLMGatewayRateLimitError):
        ask(script, max_retries=2)
    assert len(script.asked) == 3


def test_a_provider_that_is_not_allowed_is_not_asked() -> None:
    script = Script()
    with pytest.raises(LLMGatewayProviderError, match="not among the client's providers"):
        asyncio.run(LLMGatewayClient(mock=script, providers=["anthropic"]).complete(prompt="x", model=MODEL))
    with pytest.raises(LLMGatewayProviderError, match="not among the client's providers"):
        asyncio.run(
            LLMGatewayClient(mock=script, providers=["openai"]).complete(prompt="x", model=MODEL, provider="google")
        )
    assert not script.asked


@pytest.mark.parametrize(
    ("providers", "model", "asked"),
    [
        (None, "gpt-5-mini", ("openai", "gpt-5-mini")),
        (None, "anthropic/claude-haiku-4-5", ("anthropic", "claude-haiku-4-5")),
        (["openai", "anthropic", "google"], "claude-haiku-4-5", ("anthropic", "claude-haiku-4-5")),
        (["groq"], "my-own-model", ("groq", "my-own-model")),
        (["gemini"], "gemini-2.5-flash", ("gemini", "gemini-2.5-flash")),
        (["openrouter"], "gpt-5-mini", ("openrouter", "openai/gpt-5-mini")),
    ],
)
def test_a_request_goes_to_whose_model_it_is(providers: list[str] | None, model: str, asked: tuple[str, str]) -> None:
    script = Script()
    asyncio.run(LLMGatewayClient(mock=script, providers=providers).complete(prompt="x", model=model))
    assert script.asked == [asked]


def test_the_default_provider_takes_what_is_nobodys() -> None:
    script = Script()
    ask(script, "my-own-model", default_provider="together-ai")
    assert script.asked == [("together-ai", "my-own-model")]


def test_the_answer_has_all_that_the_guide_reads() -> None:
    response = ask()
    assert response.text == "Mock reply to: Say hello"
    assert response.model == MODEL
    usage = response.usage
    assert usage.total_tokens == usage["total_tokens"] == usage.get("total_tokens") > 0
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens
    assert response.cost > 0
    assert (response.provider, response.cached, response.tool_calls) == ("openai", False, [])
    assert response.choices[0]["message"]["content"] == response.text


def test_every_way_to_ask_says_the_same() -> None:
    async def all_ways() -> set[str]:
        messages = [{"role": "user", "content": "Say hello"}]
        async with client() as c:
            answers = [
                await c.complete(prompt="Say hello", model=MODEL),
                await c.complete("Say hello", model=MODEL),
                await c.complete(messages=messages, model=MODEL),
                await c.complete(LLMRequest(model=MODEL, messages=messages)),
                await c.complete(LLMRequest(model="gpt-4o", prompt="Say hello"), model=MODEL),
                await c.complete(LLMRequest(model=MODEL, prompt="other"), prompt="Say hello"),
                await c.send(LLMGatewayRequest(model=MODEL, prompt="Say hello")),
            ]
        return {answer.model_dump_json(include={"choices", "model"}) for answer in answers}

    assert len(asyncio.run(all_ways())) == 1


def test_what_the_library_does_not_know_goes_to_the_provider() -> None:
    script = Script()
    asyncio.run(client(script).complete(LLMRequest(model=MODEL, prompt="x", top_p=0.5), temperature=0.1, seed=4))
    body = script.bodies[0]
    assert (body["top_p"], body["temperature"], body["seed"]) == (0.5, 0.1, 4)
    assert "prompt" not in body and "context" not in body


def test_the_second_answer_comes_out_of_the_cache() -> None:
    script = Script()

    async def twice() -> list[object]:
        c = client(script, cache_enabled=True)
        return [await c.complete(prompt="x", model=MODEL) for _ in range(2)]

    first, second = asyncio.run(twice())
    assert (first.cached, second.cached, second.cost) == (False, True, 0.0)
    assert first.text == second.text
    assert len(script.asked) == 1


@pytest.mark.parametrize("settings", [{}, {"cache_enabled": True, "cache_ttl_seconds": 0}])
def test_without_a_cache_each_request_is_asked(settings: dict[str, object]) -> None:
    script = Script()
    c = client(script, **settings)
    for _ in range(2):  # in two loops
        asyncio.run(c.complete(prompt="x", model=MODEL))
    assert len(script.asked) == 2


def test_a_cache_on_disk_outlives_the_client(tmp_path: Path) -> None:
    for cached in (False, True):
        url = f"sqlite:///{tmp_path}/cache.db"
        answer = ask(cache_enabled=True, cache_url=url, usage_url=f"sqlite:///{tmp_path}/usage.db")
        assert answer.cached is cached


def test_a_store_that_cannot_be_opened_is_told_each_time(tmp_path: Path) -> None:
    c = client(cache_url=f"sqlite:///{tmp_path}/none/cache.db")
    for _ in range(2):
        with pytest.raises(LLMGatewayConfigurationError, match="none/cache"):
            asyncio.run(c.complete(prompt="x", model=MODEL))


def test_failover_asks_the_next_provider_for_a_model_of_its_own() -> None:
    script = Script({"openai": down(400)})
    answer = ask(script, failover_enabled=True, fallback_providers=["anthropic", "google"])
    assert script.asked == [("openai", MODEL), ("anthropic", "claude-haiku-4-5")]
    assert (answer.provider, answer.model) == ("anthropic", "claude-haiku-4-5")


def test_a_stream_says_the_same_as_the_whole() -> None:
    async def both() -> tuple[str, list[str], list[dict[str, object]]]:
        async with client() as c:
            whole = await c.complete(prompt="Say hello", model=MODEL)
            pieces = [piece async for piece in c.stream(prompt="Say hello", model=MODEL)]
            chunks = [chunk async for chunk in c.stream_complete(LLMRequest(model=MODEL, prompt="Say hello"))]
            assert len(c.cost_tracker.get_cost_history()) == 3
            assert c.cost_tracker.get_total_cost() == pytest.approx(3 * whole.cost)
        return whole.text, pieces, chunks

    text, pieces, chunks = asyncio.run(both())
    assert "".join(pieces) == text
    assert len(pieces) > 1
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("status=429", LLMGatewayRateLimitError),
        ("cut", LLMGatewayProviderError),
        ("stall", LLMGatewayTimeoutError),
        ("error-in-200", LLMGatewayProviderError),
    ],
)
def test_a_stream_that_fails_raises_wherever_it_fails(script: str, kind: type[LLMGatewayError]) -> None:
    async def read() -> None:
        async with client(timeout=0.1, max_retries=0) as c:
            async for _ in c.stream(prompt=f"Say hello [mock {script}]", model=MODEL):
                pass

    with pytest.raises(kind):
        asyncio.run(read())


class Watched(MockTransport):
    """Counts the replies that are open."""

    opened = 0

    async def send(self, outgoing: Outgoing) -> Incoming:
        incoming = await super().send(outgoing)
        self.opened += 1
        close = incoming.close

        def closed() -> None:
            self.opened -= 1
            close()

        incoming.close = closed  # type: ignore[method-assign]
        return incoming


def test_a_stream_that_is_left_early_lets_go_of_the_provider() -> None:
    async def leave() -> None:
        transport = Watched()
        async with LLMGatewayClient(mock=True, transports={"mock": transport}) as c:
            pieces = c.stream(prompt="Say hello", model=MODEL)
            async for _ in pieces:
                assert transport.opened == 1
                break
            await pieces.aclose()
            assert transport.opened == 0

    asyncio.run(leave())


def test_a_hundred_at_once_share_one_client() -> None:
    async def many() -> list[str]:
        async with client() as c:
            answers = await asyncio.gather(*(c.complete(prompt=f"n{n}", model=MODEL) for n in range(100)))
            assert len(c.cost_tracker.get_cost_history()) == 100
        return [answer.text for answer in answers]

    assert asyncio.run(many()) == [f"Mock reply to: n{n}" for n in range(100)]


def test_the_first_caller_may_give_up_without_harm_to_the_others() -> None:
    async def run() -> str:
        c = client()
        first = asyncio.create_task(c.complete(prompt="x", model=MODEL))
        second = asyncio.create_task(c.complete(prompt="y", model=MODEL))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).text

    assert asyncio.run(run()) == "Mock reply to: y"


def test_a_client_works_again_after_it_was_closed() -> None:
    async def run() -> None:
        c = client()
        for _ in range(2):
            await c.complete(prompt="x", model=MODEL)
            await c.close()
            await c.close()

    asyncio.run(run())


def test_keys_go_to_their_provider_over_http_and_nothing_stays_open(tmp_path: Path) -> None:
    async def run() -> None:
        async with provider("gpt-5-mini-2025-08-07") as upstream:
            settings = tmp_path / "gateway.toml"
            settings.write_text(f'[providers.openai]\nbase_url = "{upstream.url}"\n')
            config = LLMGatewayConfig(openai_api_key="sk-given", gateway_file=settings)
            c = LLMGatewayClient(config=config, providers=["openai", "anthropic", "google"])
            answer = await c.complete(prompt="hi", model=MODEL)
            assert (answer.text, answer.model) == ("real reply to hi", MODEL)
            assert answer.metadata["model"] == "gpt-5-mini-2025-08-07"
            assert answer.cost == pytest.approx(1000 * 0.25e-6 + 100 * 2e-6)
            assert upstream.asked[0][0] == "Bearer sk-given"
            assert "sk-given" not in repr((c, config, c.engine.setup, answer))

    asyncio.run(run())  # the client is not closed: its loop does it
    gc.collect()  # what was left open warns here, and warnings are errors


def test_a_client_that_is_forgotten_is_closed_by_its_loop(tmp_path: Path) -> None:
    async def run() -> None:
        async with provider() as upstream:
            for make in (LLMGatewayClient, LLMGateway):
                one = make(openai_api_key="sk", base_url=upstream.url)
                await one.complete(prompt="hi", model=MODEL)
                gone = weakref.ref((one.client if isinstance(one, LLMGateway) else one).engine)
                del one
                assert gone() is None  # no cycle: what it has open is not torn down in any order
                await asyncio.sleep(0)

    asyncio.run(run())
    gc.collect()


def test_many_loops_leave_no_trace() -> None:
    c = client()
    for _ in range(5):
        asyncio.run(c.complete(prompt="x", model=MODEL))
    assert len(c.engine.gateways) == 1


def test_another_gateways_answers_cost_what_their_model_costs() -> None:
    async def run() -> None:
        async with provider() as upstream, LLMGatewayClient(base_url=upstream.url, api_key="pk") as c:
            answer = await c.complete(prompt="hi", model=MODEL)
            assert answer.cost == pytest.approx(1000 * 0.25e-6 + 100 * 2e-6)

    asyncio.run(run())


def test_another_gateway_can_answer_everything() -> None:
    async def run() -> None:
        async with provider() as upstream:
            base = upstream.url.removesuffix("/v1")
            async with LLMGatewayClient(api_key="pk-1", base_url=base, virtual_key="vk", providers=["openai"]) as c:
                await c.complete(prompt="hi", model="claude-haiku-4-5")
        assert upstream.asked == [("Bearer pk-1", upstream.asked[0][1])]
        assert upstream.asked[0][1]["model"] == "@vk/claude-haiku-4-5"

    asyncio.run(run())


def test_a_transport_can_be_replaced() -> None:
    transport = MockTransport(script=lambda outgoing: MockReply(text="own"))
    c = LLMGatewayClient(transports={"openai": transport}, openai_api_key="sk")
    assert asyncio.run(c.complete(prompt="x", model=MODEL)).text == "own"


def test_the_synchronous_client_needs_no_loop_and_minds_none() -> None:
    with SyncLLMGatewayClient(mock=True) as c:
        text = c.complete(prompt="Say hello", model=MODEL).text
        assert "".join(c.stream(prompt="Say hello", model=MODEL)) == text
        assert list(c.stream_complete(prompt="Say hello", model=MODEL))[-1]["usage"]

        async def inside() -> str:
            return c.send(LLMRequest(prompt="Say hello", model=MODEL)).text

        assert asyncio.run(inside()) == text
        with pytest.raises(LLMGatewayRateLimitError):
            c.complete(prompt="[mock status=429 retry-after-ms=0]", model=MODEL)
        for _ in c.stream(prompt="Say hello", model=MODEL):
            break
    with pytest.raises(LLMGatewayError, match="closed"):
        c.complete(prompt="x", model=MODEL)
    c.close()


def test_a_synchronous_client_that_is_forgotten_ends_its_thread() -> None:
    c = SyncLLMGatewayClient(mock=True)
    c.complete(prompt="x", model=MODEL)
    thread = c._thread._thread
    del c
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_a_program_that_closes_nothing_ends_without_a_word(tmp_path: Path) -> None:
    program = (
        "import asyncio\n"
        "from llm_gateway import LLMGatewayClient, SyncLLMGatewayClient\n"
        "c = LLMGatewayClient()\n"
        "print(asyncio.run(c.complete(prompt='x', model='gpt-5-mini')).text)\n"
        "s = SyncLLMGatewayClient()\n"
        "print(s.complete(prompt='y', model='gpt-5-mini').text)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "LLM_GATEWAY_MOCK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr) == ("Mock reply to: x\nMock reply to: y\n", "")


def test_importing_the_package_loads_none_of_it(tmp_path: Path) -> None:
    program = "import sys, llm_gateway; print(sorted({'pydantic', 'aiohttp', 'orjson'} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_threads_with_loops_of_their_own_share_a_client() -> None:
    c = client(cache_enabled=True)

    def work(n: int) -> list[str]:
        async def ask_some() -> list[str]:
            answers = await asyncio.gather(*(c.complete(prompt=f"{n} {i}", model=MODEL) for i in range(20)))
            return [answer.text for answer in answers]

        return asyncio.run(ask_some())

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(work, range(8)))
    assert found == [[f"Mock reply to: {n} {i}" for i in range(20)] for n in range(8)]
    assert len(c.cost_tracker.get_cost_history()) == 160


def test_clients_share_a_cache_in_redis_and_usage_on_disk(redis_server: RedisServer, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "usage.db"
    script = Script()
    settings = {"cache_enabled": True, "cache_url": redis_server.url, "usage_url": f"sqlite:///{path}"}
    answers = [ask(script, metadata={"team": "desk"}, **settings) for _ in range(2)]
    assert [answer.cached for answer in answers] == [False, True]
    assert len(script.asked) == 1
    usage = SqliteUsage(path)
    try:
        (row,) = usage.costs(by=("model",))
    finally:
        usage.close()
    assert (row.group, row.requests, row.cache_hits, row.errors) == ((MODEL,), 2, 1, 0)


def test_every_name_of_the_package_is_there() -> None:
    named = {name for names in llm_gateway._MODULES.values() for name in names}
    assert named == set(llm_gateway.__all__)
    for name in llm_gateway.__all__:
        assert getattr(llm_gateway, name).__name__ in (name, name.replace("LLMGateway", "LLM"))
        assert name in dir(llm_gateway)
    with pytest.raises(AttributeError, match="no attribute 'PortkeyClient'"):
        _ = llm_gateway.PortkeyClient
