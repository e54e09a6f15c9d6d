"""Routing over HTTP: a gateway in front of an upstream that follows a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from serving import CHAT, Answer, Upstream, ask, eventually, gateway, served

FAKE = {"provider": "fake", "api_key": "ok"}


class Stage:
    """A gateway whose provider `fake` is `upstream`, where the key of a request is its script."""

    def __init__(self, url: str, upstream: Upstream) -> None:
        self.url = url
        self.upstream = upstream

    def ask(self, config: Any = None, body: Any = CHAT, path: str = "/v1/chat/completions", **headers: str) -> Answer:
        self.upstream.hits.clear()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.url, body, sent, path, config=config)

    @property
    def scripts(self) -> list[str]:
        """The scripts that were played since `ask`, in order."""
        return [hit.key for hit in self.upstream.hits]

    @property
    def models(self) -> list[str | None]:
        return [hit.model for hit in self.upstream.hits]


@pytest.fixture(scope="module")
def addressed() -> Iterator[tuple[str, Upstream]]:
    upstream = Upstream()
    with served(upstream) as url:
        yield url, upstream


@pytest.fixture(scope="module")
def stage(addressed: tuple[str, Upstream]) -> Iterator[Stage]:
    url, upstream = addressed
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLUG_KEY", "ok")
        patch.setenv("FAILING_KEY", "s503")
        settings = {
            "providers": {"fake": {"base_url": f"{url}/v1", "key_env": "SLUG_KEY"}},
            "integrations": {
                "slug": {"provider": "fake", "key_env": "SLUG_KEY"},
                "failing": {"provider": "fake", "key_env": "FAILING_KEY"},
                "narrow": {"provider": "fake", "key_env": "SLUG_KEY", "models": ["allowed"]},
            },
            "models": {"house-model": "@slug/the-real-one", "bare": "fake"},
            "configs": {"pc-down": {"strategy": {"mode": "fallback"}, "targets": [both("s500"), both("ok")]}},
            "prices": {"fake/m": {"input": 1000, "output": 2000}},
        }
        with gateway(settings) as (base, _):
            yield Stage(base, upstream)


def both(script: str, **more: Any) -> dict[str, Any]:
    return {"provider": "fake", "api_key": script, **more}


def strategy(mode: str, *targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"strategy": {"mode": mode, **more}, "targets": list(targets)}


def test_the_header_names_the_provider_and_the_bearer_is_its_key(stage: Stage) -> None:
    answer = stage.ask(x_portkey_provider="fake", authorization="Bearer ok")
    assert (answer.status, stage.scripts) == (200, ["ok"])
    assert answer.json["choices"][0]["message"]["content"] == "hi from m"


@pytest.mark.parametrize("script", ["s400", "s401", "s404", "s422", "s429", "s500", "s503"])
def test_an_upstreams_status_goes_through_with_its_fields(stage: Stage, script: str) -> None:
    answer = stage.ask(both(script))
    assert answer.status == int(script[1:])
    assert answer.json["error"] == {
        "message": f"fake error: fake {script[1:]}",
        "type": "fake_type",
        "param": None,
        "code": "fake_code",
    }
    assert answer.headers["x-portkey-trace-id"]
    assert "x-should-retry" not in answer.headers  # the client may still try: nothing was tried again here


def test_fallback_goes_on_until_one_answers(stage: Stage) -> None:
    answer = stage.ask(strategy("fallback", both("s500"), both("s429"), both("ok"), both("s400")))
    assert (answer.status, stage.scripts) == (200, ["s500", "s429", "ok"])
    assert answer.headers["x-portkey-last-used-option-index"] == "config.targets[2]"


def test_fallback_stops_at_a_status_that_is_not_listed(stage: Stage) -> None:
    answer = stage.ask(strategy("fallback", both("s400"), both("ok"), on_status_codes=[429]))
    assert (answer.status, stage.scripts) == (400, ["s400"])


def test_a_fallback_that_is_spent_is_not_retried_by_clients(stage: Stage) -> None:
    answer = stage.ask(strategy("fallback", both("s500"), both("s503")))
    assert (answer.status, stage.scripts) == (503, ["s500", "s503"])
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("fault", ["error200", "nojson", "redirect", "reset"])
def test_fallback_sees_a_fault_for_what_it_is(stage: Stage, fault: str) -> None:
    answer = stage.ask(strategy("fallback", both(fault), both("ok")))
    assert (answer.status, stage.scripts) == (200, [fault, "ok"])


def test_loadbalance_never_takes_weight_zero(stage: Stage) -> None:
    config = strategy("loadbalance", both("s500", weight=0), both("ok", weight=1))
    assert {stage.ask(config).status for _ in range(20)} == {200}


def test_loadbalance_uses_every_weight(stage: Stage) -> None:
    config = strategy("loadbalance", both("ok"), both("s418"))
    assert {stage.ask(config).status for _ in range(60)} == {200, 418}


def test_conditional_by_metadata_and_params(stage: Stage) -> None:
    config = strategy(
        "conditional",
        both("ok", name="paid"),
        both("s418", name="free"),
        conditions=[
            {"query": {"metadata.plan": {"$eq": "paid"}}, "then": "paid"},
            {"query": {"params.model": {"$regex": "^big"}}, "then": "paid"},
        ],
        default="free",
    )
    assert stage.ask(config, x_portkey_metadata='{"plan": "paid"}').status == 200
    assert stage.ask(config, {**CHAT, "model": "big-1"}).status == 200
    assert stage.ask(config, x_portkey_metadata='{"plan": "free"}').status == 418
    assert stage.ask(config, x_portkey_metadata='["plan"]').status == 400
    assert stage.scripts == []


def test_nested_strategies(stage: Stage) -> None:
    inner = strategy("fallback", both("s500"), both("s502"))
    config = strategy("fallback", inner, strategy("loadbalance", both("ok", weight=1)))
    answer = stage.ask(config)
    assert (answer.status, stage.scripts) == (200, ["s500", "s502", "ok"])
    assert answer.headers["x-portkey-last-used-option-index"] == "config.targets[1].targets[0]"


def test_retry_until_it_works(stage: Stage) -> None:
    key = "seq429ms10,200"
    answer = stage.ask(both(key, retry={"attempts": 2, "use_retry_after_headers": True}))
    assert (answer.status, stage.scripts) == (200, [key, key])
    assert answer.headers["x-portkey-retry-attempt-count"] == "1"


def test_retry_that_is_spent_says_so(stage: Stage) -> None:
    answer = stage.ask(both("s429ms1", retry={"attempts": 2, "use_retry_after_headers": True}))
    assert (answer.status, len(stage.scripts)) == (429, 3)
    assert answer.headers["x-portkey-retry-attempt-count"] == "-1"
    assert answer.headers["x-should-retry"] == "false"


def test_retry_leaves_other_statuses_alone(stage: Stage) -> None:
    assert stage.ask(both("s400", retry={"attempts": 3})).status == 400
    assert stage.scripts == ["s400"]


def test_a_wait_of_minutes_is_not_waited_for(stage: Stage) -> None:
    answer = stage.ask(both("s429ra3600", retry={"attempts": 3, "use_retry_after_headers": True}))
    assert (answer.status, len(stage.scripts)) == (429, 1)
    assert answer.headers["retry-after"] == "3600"


def test_request_timeout_is_in_milliseconds_and_falls_back(stage: Stage) -> None:
    answer = stage.ask(both("d2000", request_timeout=100))
    assert (answer.status, answer.message) == (408, "Request exceeded the timeout sent in the request: 100ms")
    assert "request_timeout 100 is in milliseconds" in answer.headers["x-llm-gateway-warning"]
    assert stage.ask(strategy("fallback", both("d2000", request_timeout=100), both("ok"))).status == 200
    assert stage.ask(both("d2000"), x_portkey_request_timeout="100").status == 408
    for nonsense in ("soon", "9" * 400, "9" * 5_000, "1e3"):
        assert stage.ask(both("ok"), x_portkey_request_timeout=nonsense).status == 400


def test_params_are_defaulted_overridden_and_dropped_in_this_order(stage: Stage) -> None:
    params = {
        "default_params": {"temperature": 0.1, "top_p": 0.2, "seed": 1},
        "override_params": {"top_p": 0.9, "stop": "x"},
        "drop_params": ["stop", "seed", "response_format.strict"],
    }
    body = {**CHAT, "temperature": 1.0, "top_p": 0.5, "response_format": {"type": "json_object", "strict": True}}
    stage.ask({**FAKE, **params}, body)
    assert stage.upstream.hits[0].body == {
        **CHAT,
        "temperature": 1.0,
        "top_p": 0.9,
        "response_format": {"type": "json_object"},
    }


def test_a_stored_config(stage: Stage) -> None:
    assert (stage.ask("pc-down").status, stage.scripts) == (200, ["s500", "ok"])
    answer = stage.ask("pc-unknown")
    assert (answer.status, answer.message) == (400, "Invalid config id passed: pc-unknown")


def test_the_default_config_is_for_who_names_none(addressed: tuple[str, Upstream]) -> None:
    url, upstream = addressed
    settings = {
        "providers": {"fake": {"base_url": f"{url}/v1"}},
        "configs": {"pc-all": strategy("fallback", both("s500"), both("ok"))},
        "default_config": "pc-all",
    }
    with gateway(settings) as (base, _):
        stage = Stage(base, upstream)
        assert (stage.ask().status, stage.scripts) == (200, ["s500", "ok"])
        assert (stage.ask(both("s418")).status, stage.scripts) == (418, ["s418"])


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("@slug/some/model", "some/model"),
        ("fake/m2", "m2"),
        ("house-model", "the-real-one"),
        ("bare", "bare"),
    ],
)
def test_a_model_names_where_it_goes(stage: Stage, model: str, sent: str) -> None:
    answer = stage.ask(None, {**CHAT, "model": model})
    assert (answer.status, stage.scripts, stage.models) == (200, ["ok"], [sent])


def test_virtual_keys_and_slugs(stage: Stage) -> None:
    assert stage.ask({"virtual_key": "slug"}).status == 200
    assert stage.ask(x_portkey_virtual_key="slug").status == 200
    assert stage.ask(x_portkey_provider="@slug").status == 200
    assert stage.ask({"override_params": {"model": "@slug/x"}}).status == 200
    assert stage.models == ["x"]
    assert stage.ask(strategy("fallback", {"virtual_key": "failing"}, {"virtual_key": "slug"})).status == 200
    assert stage.scripts == ["s503", "ok"]
    assert stage.ask({"virtual_key": "nobody"}).status == 400


def test_an_integration_serves_its_models_only(stage: Stage) -> None:
    assert stage.ask(None, {**CHAT, "model": "@narrow/allowed"}).status == 200
    answer = stage.ask(None, {**CHAT, "model": "@narrow/other"})
    assert (answer.status, stage.scripts) == (412, [])
    assert answer.json["error"]["type"] == "model_not_allowed_error"


def test_nothing_to_go_by_is_a_clear_400(stage: Stage) -> None:
    answer = stage.ask(None, {**CHAT, "model": "no-such-model-anywhere"})
    assert answer.status == 400
    assert "No provider is known for the model no-such-model-anywhere" in answer.message


def test_openrouters_models_are_a_fallback(stage: Stage) -> None:
    body = {"messages": CHAT["messages"], "models": ["@failing/a", "@slug/b"]}
    answer = stage.ask(None, body, "/api/v1/chat/completions")
    assert (answer.status, stage.scripts, stage.models) == (200, ["s503", "ok"], ["a", "b"])
    assert "models" not in stage.upstream.hits[1].body


def test_openrouters_provider_says_whom_to_ask(stage: Stage) -> None:
    body = {"messages": CHAT["messages"], "models": ["openai/gpt-x"], "provider": {"only": ["fake"]}}
    answer = stage.ask(None, body, "/api/v1/chat/completions")
    assert (answer.status, stage.models) == (200, ["gpt-x"])
    answer = stage.ask(None, {**body, "provider": {"only": ["nobody"]}}, "/api/v1/chat/completions")
    assert answer.status == 400
    assert answer.json["error"]["code"] == 400  # OpenRouter's shape


def test_openrouters_errors(stage: Stage) -> None:
    answer = stage.ask(both("s429"), path="/api/v1/chat/completions")
    error = answer.json["error"]
    assert (error["code"], error["metadata"]["provider_name"]) == (429, "fake")


CACHED = {**FAKE, "cache": {"mode": "simple"}}


def test_the_simple_cache(stage: Stage) -> None:
    first = stage.ask(CACHED, x_portkey_cache_namespace="simple")
    again = stage.ask(CACHED, x_portkey_cache_namespace="simple")
    assert [answer.headers["x-portkey-cache-status"] for answer in (first, again)] == ["MISS", "HIT"]
    assert stage.scripts == []
    assert again.json["choices"] == first.json["choices"]
    assert (first.json["usage"]["cost"], again.json["usage"]["cost"]) == (pytest.approx(0.015), 0.0)
    other = stage.ask(CACHED, x_portkey_cache_namespace="another")
    assert other.headers["x-portkey-cache-status"] == "MISS"
    changed = stage.ask(CACHED, {**CHAT, "seed": 7}, x_portkey_cache_namespace="simple")
    assert changed.headers["x-portkey-cache-status"] == "MISS"


def test_force_refresh_replaces_what_is_cached(stage: Stage) -> None:
    asked = {"x_portkey_cache_namespace": "refresh"}
    stage.ask(CACHED, **asked)
    answer = stage.ask(CACHED, x_portkey_cache_force_refresh="true", **asked)
    assert (answer.headers["x-portkey-cache-status"], stage.scripts) == ("REFRESH", ["ok"])
    assert stage.ask(CACHED, **asked).headers["x-portkey-cache-status"] == "HIT"


def test_errors_are_not_cached(stage: Stage) -> None:
    config = {**both("s500"), "cache": {"mode": "simple"}}
    for _ in range(2):
        assert stage.ask(config).headers["x-portkey-cache-status"] == "MISS"
        assert stage.scripts == ["s500"]


def test_a_stream_is_cached_whole(stage: Stage) -> None:
    asked = {"x_portkey_cache_namespace": "streams"}
    first = stage.ask(CACHED, {**CHAT, "stream": True}, **asked)
    again = stage.ask(CACHED, {**CHAT, "stream": True}, **asked)
    assert again.headers["x-portkey-cache-status"] == "HIT"
    assert again.headers["content-type"].startswith("text/event-stream")
    assert again.events == first.events


def test_a_broken_stream_is_not_cached(stage: Stage) -> None:
    config = {**both("half"), "cache": {"mode": "simple"}}
    for _ in range(2):
        assert stage.ask(config, {**CHAT, "stream": True}).headers["x-portkey-cache-status"] == "MISS"


def test_the_semantic_cache_embeds_by_a_configured_provider(
    addressed: tuple[str, Upstream], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, upstream = addressed
    monkeypatch.setenv("EMBEDDING_KEY", "ok")
    settings = {
        "providers": {"fake": {"base_url": f"{url}/v1", "key_env": "EMBEDDING_KEY"}},
        "state": {"semantic": {"model": "fake/embedder"}},
        "configs": {"pc-chats": {"override_params": {"model": "not-for-embeddings"}}},
        "default_config": "pc-chats",
    }
    config = {**FAKE, "cache": {"mode": "semantic"}}
    with gateway(settings) as (base, live):
        stage = Stage(base, upstream)
        assert stage.ask(config).headers["x-portkey-cache-status"] == "SEMANTIC MISS"
        semantic = live.gateway.attempts.caching.semantic
        assert semantic is not None
        eventually(lambda: semantic.size > 0)
        assert [hit.path for hit in upstream.hits] == ["/v1/chat/completions", "/v1/embeddings"]
        meant = {**CHAT, "messages": [{"role": "user", "content": "good day"}]}
        answer = stage.ask(config, meant)  # this upstream gives everything the same vector
        assert answer.headers["x-portkey-cache-status"] == "SEMANTIC HIT"
        assert [hit.path for hit in upstream.hits] == ["/v1/embeddings"]
        assert "x-llm-gateway-warning" not in answer.headers
        # Embedding costs too, and is counted.
        assert live._state is not None
        assert {row.group for row in live._state.usage.costs(by=("model",))} == {("embedder",), ("m",)}


def test_a_semantic_cache_without_embeddings_is_exact_and_says_so(stage: Stage) -> None:
    config = {**FAKE, "cache": {"mode": "semantic"}}
    asked = {"x_portkey_cache_namespace": "semantic"}
    first = stage.ask(config, **asked)
    assert "no embedding model is configured" in first.headers["x-llm-gateway-warning"]
    meant = {**CHAT, "messages": [{"role": "user", "content": "good day"}]}
    assert stage.ask(config, meant, **asked).headers["x-portkey-cache-status"] == "MISS"
    assert stage.ask(config, **asked).headers["x-portkey-cache-status"] == "HIT"


def test_trace_ids_come_back_and_are_never_empty(stage: Stage) -> None:
    assert stage.ask(FAKE, x_portkey_trace_id="my-trace").headers["x-portkey-trace-id"] == "my-trace"
    assert stage.ask(FAKE, x_portkey_trace_id="").headers["x-portkey-trace-id"]
    ids = {stage.ask(FAKE).headers["x-portkey-trace-id"] for _ in range(3)}
    assert len(ids) == 3


def test_cost_is_told_in_the_body_and_in_a_header(stage: Stage) -> None:
    answer = stage.ask(FAKE)  # nine tokens in, three out
    assert answer.json["usage"]["cost"] == pytest.approx(0.015)
    assert answer.headers["x-llm-gateway-cost"] == "0.015"
    streamed = stage.ask(FAKE, {**CHAT, "stream": True, "stream_options": {"include_usage": True}})
    assert json.loads(streamed.events[-2])["usage"]["cost"] == pytest.approx(0.015)
    unpriced = stage.ask(FAKE, {**CHAT, "model": "unpriced"})
    assert "x-llm-gateway-cost" not in unpriced.headers
    assert "cost" not in unpriced.json["usage"]


def test_usage_that_a_client_has_not_asked_for_is_counted_but_not_shown(stage: Stage) -> None:
    streamed = stage.ask(FAKE, {**CHAT, "stream": True})
    assert stage.upstream.hits[0].body["stream_options"] == {"include_usage": True}
    assert not any("usage" in event for event in streamed.events)


HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"


@pytest.fixture
def keyed(addressed: tuple[str, Upstream], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a stage whose one key has these limits or this budget."""
    url, upstream = addressed
    monkeypatch.setenv("FAKE_KEY", "ok")

    def settings(**key: Any) -> dict[str, Any]:
        return {
            "providers": {"fake": {"base_url": f"{url}/v1", "key_env": "FAKE_KEY"}},
            "keys": {"ci": {"hash": HASH, **key}},
            "prices": {"fake/m": {"input": 1000, "output": 2000}},
        }

    return settings, upstream


def test_a_rate_limit_is_told_and_kept(keyed: Any) -> None:
    settings, upstream = keyed
    with gateway(settings(limits={"rph": 2})) as (base, _):
        stage = Stage(base, upstream)
        asked = {"authorization": "Bearer secret", "x_portkey_provider": "fake"}
        remaining = [stage.ask(**asked).headers["x-ratelimit-remaining-requests"] for _ in range(2)]
        assert remaining == ["1", "0"]
        refused = stage.ask(**asked)
        assert (refused.status, stage.scripts) == (429, [])
        assert refused.headers["x-ratelimit-limit-requests"] == "2"
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert refused.json["error"]["type"] == "rate_limit_error"


def test_a_token_limit_counts_what_was_used(keyed: Any) -> None:
    settings, upstream = keyed
    with gateway(settings(limits={"tph": 20})) as (base, _):
        stage = Stage(base, upstream)
        asked = {"authorization": "Bearer secret", "x_portkey_provider": "fake"}
        assert [stage.ask(**asked).status for _ in range(3)] == [200, 200, 429]  # twelve tokens each
        assert stage.ask(**asked).headers["x-ratelimit-limit-tokens"] == "20"


def test_a_budget_that_is_spent_is_a_412(keyed: Any) -> None:
    settings, upstream = keyed
    with gateway(settings(budget={"usd": 0.02})) as (base, _):
        stage = Stage(base, upstream)
        asked = {"authorization": "Bearer secret", "x_portkey_provider": "fake"}
        assert [stage.ask(**asked).status for _ in range(3)] == [200, 200, 412]
        refused = stage.ask(None, {**CHAT, "stream": True}, **asked)
        assert (refused.status, stage.scripts) == (412, [])
        assert refused.json["error"]["type"] == "budget_exceeded_error"


def test_the_circuit_breaker_leaves_a_failing_target_alone(stage: Stage) -> None:
    breaker = {"failure_threshold": 2, "cooldown_interval": 60_000, "minimum_requests": 1}
    config = strategy("fallback", both("s500"), both("ok"), cb_config=breaker)
    seen = []
    for _ in range(4):
        assert stage.ask(config).status == 200
        seen.append(stage.scripts)
    assert seen == [["s500", "ok"], ["s500", "ok"], ["ok"], ["ok"]]


def test_a_documented_mistake_gets_a_warning(stage: Stage) -> None:
    weights = strategy("loadbalance", both("ok", weight=0), both("ok", weight=0))
    assert stage.ask(weights).status == 400
    wrong = strategy(
        "conditional", both("ok", name="x"), conditions=[{"query": {"model": "m"}, "then": "x"}], default="x"
    )
    assert "params." in stage.ask(wrong).headers["x-llm-gateway-warning"]


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/images/generations", "/api/v1/chat/completions"])
def test_other_routes_go_the_same_way(stage: Stage, path: str) -> None:
    body = {"model": "m", "input": "x", "prompt": "x", "messages": []}
    assert stage.ask(FAKE, body, path).status == 200
    assert stage.upstream.hits[0].path == path.replace("/api", "")


def test_models_are_those_of_the_settings_or_the_providers(stage: Stage) -> None:
    listed = ask(stage.url, path="/v1/models", method="GET")
    assert [model["id"] for model in listed.json["data"]] == ["@narrow/allowed", "bare", "house-model"]
    theirs = ask(stage.url, path="/v1/models", method="GET", config=FAKE)
    assert [model["id"] for model in theirs.json["data"]] == ["gpt-x"]


def test_the_list_says_what_the_price_table_and_the_mock_know() -> None:
    with gateway({"mock": True, "models": {"house": "openai/gpt-4o", "gpt-4o": "openai", "odd": "groq/odd"}}) as (
        url,
        _,
    ):
        listed = {model["id"]: model for model in ask(url, path="/v1/models", method="GET").json["data"]}
        odd = ask(url, path="/v1/models/odd", method="GET").json
    for name in ("house", "gpt-4o"):
        assert listed[name]["context_length"] == 128_000
        assert float(listed[name]["pricing"]["prompt"]) < float(listed[name]["pricing"]["completion"]) < 1e-3
        (offer,) = listed[name]["providers"]
        assert (offer["providerId"], offer["modelName"], offer["tools"]) == ("openai", "gpt-4o", True)
    assert "pricing" not in odd and "context_length" not in odd
    with gateway({"models": {"gpt-4o": "openai"}}) as (url, _):
        (real,) = ask(url, path="/v1/models", method="GET").json["data"]
    assert real["context_length"] == 128_000 and "tools" not in real["providers"][0]


def test_an_upload_names_the_model_as_the_provider_does() -> None:
    with served(upstream := Upstream()) as there:
        settings = {"providers": {"house": {"base_url": f"{there}/v1"}}, "models": {"whisper": "house/whisper-1"}}
        with gateway(settings) as (url, _):
            form = {"file": ("a.wav", b'RIFF name="model"\r\n\r\nwhisper', "audio/wav"), "model": (None, "whisper")}
            httpx.post(f"{url}/v1/audio/transcriptions", files=form)
    (hit,) = upstream.hits
    assert b'name="model"\r\n\r\nwhisper-1\r\n' in hit.body


def test_a_key_that_stands_twice_goes_upstream_once() -> None:
    body = b'{"model": "house/a", "model": "house/b", "messages": []}'
    with (
        served(upstream := Upstream()) as there,
        gateway({"providers": {"house": {"base_url": f"{there}/v1"}}}) as (url, _),
    ):
        httpx.post(f"{url}/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert [hit.model for hit in upstream.hits] == ["b"]


def test_a_translated_stream_tells_its_cost() -> None:
    with gateway({"mock": True}) as (url, _):
        body = {"model": "anthropic/claude-haiku-4-5", "messages": [{"role": "user", "content": "hi"}]}
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        reply = httpx.post(f"{url}/v1/chat/completions", json=body)
    assert '"cost":' in reply.text


def test_on_its_own_path_openrouter_gets_its_own_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "ok")
    asked = [("api/v1", "anthropic/claude-haiku-4.5"), ("api/v1", "meta/llama"), ("v1", "openrouter/auto")]
    with (
        served(upstream := Upstream()) as there,
        gateway({"providers": {"openrouter": {"base_url": there}}}) as (url, _),
    ):
        for path, model in asked:
            httpx.post(f"{url}/{path}/chat/completions", json={"model": model, "messages": []}).raise_for_status()
    assert [hit.model for hit in upstream.hits] == [model for _, model in asked]
