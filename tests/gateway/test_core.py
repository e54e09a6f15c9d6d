"""The core alone, over a transport that follows a script: what is counted, kept and let go of when things go wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from llm_gateway import LLMGatewayClient
from llm_gateway.core.assembly import assemble
from llm_gateway.core.errors import GatewayError, UpstreamUnreachable
from llm_gateway.core.gateway import Gateway
from llm_gateway.core.settings import Settings, parse
from llm_gateway.core.setup import Setup, prepare
from llm_gateway.core.types import CachePolicy, Call, Caller, Outgoing, Reply, Target, Usage
from llm_gateway.routing.config import from_header
from llm_gateway.server.live import Live
from llm_gateway.server.models import listed
from llm_gateway.server.multipart import fields
from llm_gateway.state.breaker import MemoryBreaker
from llm_gateway.state.cache import MemoryCache
from llm_gateway.state.limits import MemoryLimiter
from llm_gateway.state.spend import MemorySpend
from llm_gateway.state.tables import State
from llm_gateway.state.usage_sqlite import MemoryUsage

CHAT = {"model": "fake/m", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**CHAT, "stream": True}
GOOD = b'{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}'
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
CREATED = b'event: response.created\ndata: {"type": "response.created"}\n\n'
SSE = "text/event-stream"
SIMPLE = CachePolicy("simple")


@dataclass
class Sent:
    """An upstream's answer."""

    body: bytes | tuple[bytes, ...] = GOOD
    status: int = 200
    kind: str = "application/json"
    closed: bool = False
    headers: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"content-type": self.kind}

    async def read(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in (self.body,) if isinstance(self.body, bytes) else self.body:
            yield piece

    def close(self) -> None:
        self.closed = True


@dataclass
class Wire:
    """A transport whose answers are made by `answer`; `hits` has what was asked."""

    answer: Callable[[Outgoing], Sent] = lambda outgoing: Sent()
    hits: list[Outgoing] = field(default_factory=list)
    answers: list[Sent] = field(default_factory=list)
    held: Callable[[Outgoing], Awaitable[object]] | None = None

    async def send(self, outgoing: Outgoing) -> Sent:
        self.hits.append(outgoing)
        if self.held is not None:
            await self.held(outgoing)
        self.answers.append(self.answer(outgoing))
        return self.answers[-1]

    @property
    def keys(self) -> list[str]:
        return [hit.headers.get("authorization", "").removeprefix("Bearer ") for hit in self.hits]


def state() -> State:
    return State(MemoryCache(), MemoryLimiter(), MemoryBreaker(), MemorySpend(), MemoryUsage())


def set_up(**settings: Any) -> Setup:
    fake = {"base_url": "http://fake.example/v1", "key_env": "FAKE_KEY"}
    return prepare(parse({"providers": {"fake": fake}, **settings}, "test"))


def over(wire: Wire, counted: list[Usage] | None = None, **settings: Any) -> Gateway:
    observers = [] if counted is None else [counted.append]
    return assemble(set_up(**settings), state(), {"openai": wire, "anthropic": wire}, observers)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEY", "sk-fake")
    monkeypatch.setenv("OTHER_KEY", "sk-other")


async def joined(reply: Reply) -> bytes:
    if isinstance(reply.body, bytes):
        return reply.body
    return b"".join([piece async for piece in reply.body])


def run(steps: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await steps()

    asyncio.run(all_of_it())


# --- letting go


def test_a_stream_that_is_never_begun_is_let_go_and_counted() -> None:
    counted: list[Usage] = []
    wire = Wire(lambda outgoing: Sent((EVENT, DONE), kind=SSE))
    gateway = over(wire, counted)

    async def steps() -> None:
        reply = await gateway.handle(Call("chat/completions", STREAM, config=Target(cache=SIMPLE)))
        assert not isinstance(reply.body, bytes)
        await reply.body.aclose()
        await reply.body.aclose()

    run(steps)
    assert wire.answers[0].closed
    assert [(usage.status, usage.error) for usage in counted] == [(200, "the client went away")]


def test_a_stream_that_is_left_is_counted_once() -> None:
    counted: list[Usage] = []
    wire = Wire(lambda outgoing: Sent((EVENT, EVENT, DONE), kind=SSE))
    gateway = over(wire, counted)

    async def steps() -> None:
        reply = await gateway.handle(Call("chat/completions", STREAM))
        assert not isinstance(reply.body, bytes)
        async for _ in reply.body:
            break
        await reply.body.aclose()

    run(steps)
    assert wire.answers[0].closed
    assert [(usage.completion_tokens, usage.error) for usage in counted] == [(1, "the client went away")]


class _SlowSpend(MemorySpend):
    """A store that does not answer."""

    async def add(self, name: str, budget: Any, usd: float) -> None:
        await asyncio.Event().wait()


def test_a_client_that_leaves_while_a_store_is_slow_is_still_in_the_usage() -> None:
    counted: list[Usage] = []
    setup = set_up(
        keys={"ci": {"hash": "sha256:" + "0" * 64, "budget": {"usd": 1}}}, prices={"fake/m": {"input": 1000}}
    )
    stores = state()
    stores.spend = _SlowSpend()
    gateway = assemble(setup, stores, {"openai": Wire()}, [counted.append])
    caller = setup.keys["ci"][1]

    async def steps() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.handle(Call("chat/completions", CHAT, caller=caller)), 0.05)

    run(steps)
    assert [(usage.status, usage.cost) for usage in counted] == [(200, pytest.approx(0.009))]


# --- what counts as an answer


@pytest.mark.parametrize(
    "sent",
    [
        Sent((), kind=SSE),
        Sent((b": keep-alive\n",), kind=SSE),
        Sent(b"<html>log in here</html>", kind="text/html"),
        Sent(b"", kind="text/plain"),
    ],
)
@pytest.mark.parametrize("body", [CHAT, STREAM])
def test_an_answer_that_says_nothing_falls_back(sent: Sent, body: dict[str, Any]) -> None:
    wire = Wire(lambda outgoing: sent if outgoing.url.startswith("http://fake.") else Sent(GOOD))
    gateway = over(
        wire, providers={name: {"base_url": f"http://{name}.example", "key_env": "FAKE_KEY"} for name in ("fake", "b")}
    )
    config = '{"strategy": {"mode": "fallback"}, "targets": [{"provider": "@fake"}, {"provider": "@b"}]}'

    async def steps() -> None:
        reply = await gateway.handle(Call("chat/completions", body, {"x-portkey-config": config}))
        assert (reply.status, reply.headers["x-portkey-provider"]) == (200, "b")

    run(steps)
    assert sent.closed


def test_what_is_no_json_is_passed_on_where_that_is_an_answer() -> None:
    wire = Wire(lambda outgoing: Sent(b"WEBVTT", kind="text/vtt"))
    call = Call("audio/transcriptions", {"model": "fake/m"}, raw=b"", content_type="multipart/form-data; boundary=x")

    async def steps() -> None:
        reply = await over(wire).handle(call)
        assert (reply.status, reply.headers["content-type"], await joined(reply)) == (200, "text/vtt", b"WEBVTT")

    run(steps)


@pytest.mark.parametrize(
    ("endpoint", "pieces"),
    [
        ("chat/completions", (EVENT,)),
        ("chat/completions", (EVENT, EVENT)),
        ("responses", (CREATED,)),
        ("responses", (CREATED, b'data: {"type": "response.failed", "response": {"error": {"code": 1}}}\n\n', DONE)),
    ],
)
def test_half_a_stream_is_not_cached(endpoint: str, pieces: tuple[bytes, ...]) -> None:
    wire = Wire(lambda outgoing: Sent(pieces, kind=SSE))
    gateway = over(wire)

    async def steps() -> None:
        for _ in range(2):
            reply = await gateway.handle(Call(endpoint, STREAM, config=Target(cache=SIMPLE)))
            assert reply.headers["x-portkey-cache-status"] == "MISS"
            assert await joined(reply) == b"".join(pieces)

    run(steps)


@pytest.mark.parametrize(
    ("endpoint", "pieces"),
    [
        ("chat/completions", (EVENT, DONE)),
        ("chat/completions", (EVENT, b"data:[DONE]")),
        ("responses", (b'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n',)),
        ("images/generations", (b'data: {"type": "image_generation.completed", "b64_json": "eA=="}\n\n',)),
    ],
)
def test_a_whole_stream_is_cached(endpoint: str, pieces: tuple[bytes, ...]) -> None:
    gateway = over(Wire(lambda outgoing: Sent(pieces, kind=SSE)))

    async def steps() -> None:
        seen = []
        for _ in range(2):
            reply = await gateway.handle(Call(endpoint, STREAM, config=Target(cache=SIMPLE)))
            seen.append(reply.headers["x-portkey-cache-status"])
            await joined(reply)
        assert seen == ["MISS", "HIT"]

    run(steps)


def test_a_stream_out_of_the_cache_costs_nothing() -> None:
    told = b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}\n\n'
    gateway = over(Wire(lambda outgoing: Sent((EVENT, told, DONE), kind=SSE)), prices={"fake/m": {"input": 1000}})
    body = {**STREAM, "stream_options": {"include_usage": True}}

    async def steps() -> None:
        costs = []
        for _ in range(2):
            text = await joined(await gateway.handle(Call("chat/completions", body, config=Target(cache=SIMPLE))))
            usage = next(line for line in text.splitlines() if b'"usage"' in line)
            costs.append(json.loads(usage[6:])["usage"]["cost"])
        assert costs == [pytest.approx(0.009), 0.0]

    run(steps)


def test_a_sound_that_breaks_off_is_an_error_in_the_usage() -> None:
    class Breaking(Sent):
        async def chunks(self) -> AsyncIterator[bytes]:
            yield b"RIFF"
            raise UpstreamUnreachable("it broke off")

    counted: list[Usage] = []
    gateway = over(Wire(lambda outgoing: Breaking(kind="audio/wav")), counted)

    async def steps() -> None:
        with pytest.raises(UpstreamUnreachable):  # half a sound can say so only by its missing end
            await joined(await gateway.handle(Call("audio/speech", {"model": "fake/m"})))

    run(steps)
    assert [usage.error for usage in counted] == ["it broke off"]


# --- what is the same request


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"anthropic-beta": "a"}, {"anthropic-beta": "b"}),
        ({"openai-organization": "a"}, {}),
        ({"x-portkey-provider": "fake", "authorization": "Bearer a"}, {"x-portkey-provider": "fake"}),
        (
            {"x-portkey-provider": "fake", "authorization": "Bearer a"},
            {"x-portkey-provider": "fake", "authorization": "Bearer b"},
        ),
        (
            {"x-portkey-forward-headers": "x-tenant", "x-tenant": "a"},
            {"x-portkey-forward-headers": "x-tenant", "x-tenant": "b"},
        ),
    ],
)
def test_requests_that_differ_in_what_goes_upstream_share_no_answer(
    first: dict[str, str], second: dict[str, str]
) -> None:
    gateway = over(Wire())

    async def steps() -> None:
        seen = []
        for headers in (first, second, first):
            reply = await gateway.handle(Call("chat/completions", CHAT, headers, config=Target(cache=SIMPLE)))
            seen.append(reply.headers["x-portkey-cache-status"])
        assert seen == ["MISS", "MISS", "HIT"]

    run(steps)


def test_what_only_tells_who_asks_shares_an_answer() -> None:
    gateway = over(Wire())

    async def steps() -> None:
        seen = []
        for title in ("a", "b"):
            call = Call("chat/completions", CHAT, {"x-title": title}, config=Target(cache=SIMPLE))
            seen.append((await gateway.handle(call)).headers["x-portkey-cache-status"])
        assert seen == ["MISS", "HIT"]

    run(steps)


# --- limits


def _limited(**settings: Any) -> Setup:
    return set_up(
        keys={"ci": {"hash": "sha256:" + "0" * 64, "limits": {"rph": 3}, **settings}},
        integrations={"narrow": {"provider": "fake", "key_env": "FAKE_KEY", "limits": {"rph": 1}}},
    )


def test_a_fallback_counts_once_against_its_key() -> None:
    setup = _limited()
    gateway = assemble(setup, state(), {"openai": Wire(lambda outgoing: Sent(b"{}", 500))})
    caller = setup.keys["ci"][1]
    config = from_header(
        '{"strategy": {"mode": "fallback"}, "targets": [{"provider": "@fake"}, {"provider": "@fake"}, '
        '{"provider": "@fake"}]}'
    )

    async def steps() -> None:
        seen = []
        for _ in range(4):
            reply = await gateway.handle(Call("chat/completions", CHAT, caller=caller, config=config))
            seen.append((reply.status, reply.headers["x-ratelimit-remaining-requests"]))
        assert seen == [(500, "2"), (500, "1"), (500, "0"), (429, "0")]

    run(steps)


def test_a_request_that_one_limit_refuses_is_given_back_to_the_others() -> None:
    setup = _limited()
    gateway = assemble(setup, state(), {"openai": Wire()})
    caller = setup.keys["ci"][1]

    async def steps() -> None:
        narrow = Target(provider="@narrow")
        seen = [
            (await gateway.handle(Call("chat/completions", CHAT, caller=caller, config=narrow))).status
            for _ in range(5)
        ]
        assert seen == [200, 429, 429, 429, 429]
        reply = await gateway.handle(Call("chat/completions", CHAT, caller=caller))
        assert (reply.status, reply.headers["x-ratelimit-remaining-requests"]) == (200, "1")

    run(steps)


def test_a_request_that_cannot_be_sent_counts_against_nothing() -> None:
    setup = _limited()
    gateway = assemble(setup, state(), {"openai": Wire()})
    caller = setup.keys["ci"][1]

    async def steps() -> None:
        wrong = {"x-portkey-request-timeout": "soon"}
        for _ in range(5):
            reply = await gateway.handle(Call("chat/completions", CHAT, wrong, caller=caller))
            assert reply.status == 400
        reply = await gateway.handle(Call("chat/completions", CHAT, caller=caller))
        assert reply.headers["x-ratelimit-remaining-requests"] == "2"

    run(steps)


# --- breakers


def _guarded(*statuses: str) -> str:
    targets = [{"provider": f"@{name}"} for name in statuses]
    breaker = {"failure_threshold": 1, "cooldown_interval": 60_000}
    return json.dumps({"strategy": {"mode": "fallback", "cb_config": breaker}, "targets": targets})


def test_the_breakers_of_two_configs_are_apart() -> None:
    wire = Wire(lambda outgoing: Sent(b"{}", 500) if outgoing.url.startswith("http://fake.") else Sent())
    providers = {name: {"base_url": f"http://{name}.example", "key_env": "FAKE_KEY"} for name in ("fake", "b", "c")}
    stored = {"pc-one": json.loads(_guarded("fake", "b")), "pc-two": json.loads(_guarded("b", "c"))}
    gateway = over(wire, providers=providers, configs=stored)

    async def answered(config: str) -> str:
        reply = await gateway.handle(Call("chat/completions", {"model": "m"}, {"x-portkey-config": config}))
        return reply.headers["x-portkey-last-used-option-index"] + " " + reply.headers["x-portkey-provider"]

    async def steps() -> None:
        for one, two in (("pc-one", "pc-two"), (_guarded("fake", "b"), _guarded("b", "c"))):
            assert await answered(one) == "config.targets[1] b"
            assert await answered(two) == "config.targets[0] b"
            wire.hits.clear()
            assert await answered(one) == "config.targets[1] b"
            assert [hit.url.partition(".")[0] for hit in wire.hits] == ["http://b"]

    run(steps)


# --- where a request goes


def test_headers_of_the_settings_go_to_no_host_that_a_request_names() -> None:
    fake = {"base_url": "http://fake.example/v1", "query": "code=secret", "headers": {"x-house-token": "secret"}}
    wire = Wire()
    gateway = over(wire, providers={"fake": fake})

    async def steps() -> None:
        headers = {"x-portkey-provider": "fake", "authorization": "Bearer own"}
        await gateway.handle(Call("chat/completions", CHAT, headers))
        assert (wire.hits[0].headers["x-house-token"], "secret" in wire.hits[0].url) == ("secret", True)
        headers["x-portkey-custom-host"] = "http://elsewhere.example"
        assert (await gateway.handle(Call("chat/completions", CHAT, headers))).status == 200
        assert wire.hits[1].url == "http://elsewhere.example/chat/completions"
        assert "secret" not in str(wire.hits[1].headers)
        headers["x-portkey-provider"] = "anthropic"
        await gateway.handle(Call("messages", CHAT, headers))
        assert "anthropic-version" in wire.hits[2].headers

    run(steps)


def test_tokens_are_counted_where_anthropic_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    wire = Wire(lambda outgoing: Sent(b'{"input_tokens": 5}'))
    gateway = over(wire)

    async def steps() -> None:
        reply = await gateway.handle(Call("messages/count_tokens", {**CHAT, "model": "anthropic/claude-haiku-4-5"}))
        assert (reply.status, wire.hits[0].url.endswith("/v1/messages/count_tokens")) == (200, True)
        reply = await gateway.handle(Call("messages/count_tokens", CHAT))
        assert (reply.status, len(wire.hits)) == (400, 1)

    run(steps)


def test_a_get_has_no_body() -> None:
    wire = Wire(lambda outgoing: Sent(b'{"data": []}'))

    async def steps() -> None:
        await over(wire).handle(Call("models", {}, {"x-portkey-provider": "@fake"}, "GET"))
        assert (wire.hits[0].method, wire.hits[0].body, "content-type" in wire.hits[0].headers) == ("GET", b"", False)

    run(steps)


@pytest.mark.parametrize("second", ["m2", "m1"])
def test_an_upload_that_names_its_model_twice_is_refused(second: str) -> None:
    parts = "".join(
        f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("model", "m1"), ("tags[]", "a"), ("tags[]", "b"), ("model", second))
    )
    with pytest.raises(GatewayError, match="model"):
        fields(f"{parts}--x--\r\n".encode(), "multipart/form-data; boundary=x")


def test_only_the_models_that_a_caller_may_use_are_listed() -> None:
    setup = set_up(models={"ours": "fake", "theirs": "openai/gpt-5-mini"})

    def names(integrations: frozenset[str] | None) -> list[str]:
        reply = listed(setup, Caller("ci", "default", integrations=integrations))
        assert isinstance(reply.body, bytes)
        return [model["id"] for model in json.loads(reply.body)["data"]]

    assert names(None) == ["ours", "theirs"]
    assert names(frozenset({"fake"})) == ["ours"]


# --- settings read anew


def test_of_two_reloads_the_later_one_holds() -> None:
    async def steps() -> None:
        slow = threading.Event()
        models = iter(("old", "new"))

        def source() -> Settings:
            model = next(models)
            if model == "old":
                slow.wait(5)
            return parse({"mock": True, "models": {model: "openai"}}, "test")

        live = Live(parse({"mock": True}, "test"), source)
        await live.start()
        first = asyncio.create_task(live.reload())
        await asyncio.sleep(0)
        second = asyncio.create_task(live.reload())
        await asyncio.wait([second], timeout=0.1)
        slow.set()
        await asyncio.gather(first, second)
        assert list(live.settings.models) == ["new"]
        await live.stop()

    run(steps)


# --- the library's own ways


@pytest.mark.parametrize("value", ["\ud800", 10**30, object()])
@pytest.mark.parametrize("cache", [None, SIMPLE])
def test_a_body_that_is_no_json_is_a_400(value: object, cache: CachePolicy | None) -> None:
    async def steps() -> None:
        reply = await over(Wire()).handle(Call("chat/completions", {**CHAT, "x": value}, config=Target(cache=cache)))
        assert (reply.status, b"cannot be written as JSON" in await joined(reply)) == (400, True)

    run(steps)


# --- the semantic cache


VECTOR = b'{"data": [{"embedding": [1.0, 0.0]}]}'
SEMANTIC = {"state": {"semantic": {"model": "other/embedder"}}}


def _embeds(outgoing: Outgoing) -> Sent:
    return Sent(VECTOR if outgoing.url.endswith("/embeddings") else GOOD)


def _semantic(wire: Wire, key: str = "OTHER_KEY", before: Gateway | None = None) -> Gateway:
    other = {"base_url": "http://other.example/v1", "key_env": key}
    fake = {"base_url": "http://fake.example/v1", "key_env": "FAKE_KEY"}
    return assemble(
        set_up(providers={"fake": fake, "other": other}, **SEMANTIC), state(), {"openai": wire}, before=before
    )


MEANING = Target(cache=CachePolicy("semantic"))


def asking(text: str) -> Call:
    return Call("chat/completions", {**CHAT, "messages": [{"role": "user", "content": text}]}, config=MEANING)


def test_an_answer_does_not_wait_for_its_embedding() -> None:
    async def steps() -> None:
        free = asyncio.Event()

        async def held(outgoing: Outgoing) -> None:
            if outgoing.url.endswith("/embeddings"):
                await free.wait()

        wire = Wire(_embeds, held=held)
        gateway = _semantic(wire)
        first = await asyncio.wait_for(gateway.handle(asking("one")), 1)
        assert first.headers["x-portkey-cache-status"] == "SEMANTIC MISS"
        free.set()
        await gateway.aclose()  # waits for what is still to be kept
        assert [hit.url.rpartition("/")[2] for hit in wire.hits] == ["completions", "embeddings"]
        second = await gateway.handle(asking("another"))
        assert second.headers["x-portkey-cache-status"] == "SEMANTIC HIT"

    run(steps)


def test_the_end_does_not_wait_for_an_embedder_that_never_answers() -> None:
    async def steps() -> None:
        async def never(outgoing: Outgoing) -> None:
            if outgoing.url.endswith("/embeddings"):
                await asyncio.Event().wait()

        gateway = _semantic(Wire(_embeds, held=never))
        await gateway.handle(asking("one"))
        await asyncio.wait_for(gateway.aclose(0.05), 1)
        assert len(asyncio.all_tasks()) == 1

    run(steps)


def test_new_settings_embed_with_the_new_key() -> None:
    async def steps() -> None:
        wire = Wire(_embeds)
        old = _semantic(wire)
        await old.handle(asking("one"))
        await old.aclose()
        new = _semantic(wire, "FAKE_KEY", before=old)
        wire.hits.clear()
        assert (await new.handle(asking("another"))).headers["x-portkey-cache-status"] == "SEMANTIC HIT"
        assert wire.keys == ["sk-fake"]

    run(steps)


@pytest.mark.parametrize("sent", [Sent((EVENT, DONE), kind=SSE), Sent(b"no", kind="text/plain"), Sent(b"{}", 500)])
def test_an_embedder_that_answers_nonsense_spoils_nothing(sent: Sent) -> None:
    wire = Wire(lambda outgoing: sent if outgoing.url.endswith("/embeddings") else Sent())
    gateway = _semantic(wire)

    async def steps() -> None:
        for text in ("one", "two"):
            assert (await gateway.handle(asking(text))).status == 200
            await gateway.aclose()

    run(steps)
    assert all(answer.closed for answer in wire.answers)


def test_a_client_that_closes_waits_for_its_embeddings() -> None:
    wire = Wire(_embeds)
    ours = {"openai": wire, "anthropic": wire}
    settings = {"cache_enabled": True, "cache_mode": "semantic", "embedding_model": "openai/e"}

    async def steps() -> None:
        async with LLMGatewayClient(transports=ours, openai_api_key="sk-own", **settings) as client:
            await client.complete(prompt="hi", model="gpt-5-mini")
        assert [hit.url.rpartition("/")[2] for hit in wire.hits] == ["completions", "embeddings"]
        assert all(answer.closed for answer in wire.answers)

    run(steps)
