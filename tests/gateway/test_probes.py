"""What a published Portkey gateway (1.15.2) was asked and answered; ours is asked the same and differs as listed.

`data/probes.json` holds requests and recorded answers; `UPSTREAM` in a request stands for the upstream's address.
An answer without a `body` passes on what the upstream said, with what the answer `adds` to it.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from serving import Upstream, gateway, served

from llm_gateway.server.live import Live

PROBES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/probes.json").read_text(encoding="utf-8"))
BODY = {"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]}
OWN = "the upstream's own"
ABSENT = "(absent)"
PASSED = {"status": 200, "body": OWN, "body.status": ABSENT, "body.message": ABSENT}
COST = {"body.usage.cost": 5.25e-05}  # 9 tokens in, 3 out of gpt-4o, which has a price; gpt-x has none

REFUSED = "a refusal tells what every reply tells"
ERROR = "OpenAI's clients read their message from an error object"
SLUGS = "slugs are served: they need no hosted account"
ENDS = "after the last try there is nothing to wait for"
CACHE = "the published build has no cache"
GUARDRAILS = "guardrails are not run; the config is taken and a warning says so"
OBJECT = "a body that is no JSON object is refused; there it became a request of the gateway's own"

# What was recorded, what ours says instead (as a pattern), and why: wherever it occurs.
EVERYWHERE: dict[tuple[str, str], tuple[str, str]] = {
    ("trace-id", ""): ("[0-9a-f]{32}", "Portkey's client retries a failure once more unless it has a trace id"),
    ("trace-id", ABSENT): ("[0-9a-f]{32}", REFUSED),
    ("last-used-option-index", ABSENT): (r"config(\.targets\[\d\])?", REFUSED),
    ("cache-status", ABSENT): ("DISABLED", REFUSED),
    ("retry-attempt-count", ABSENT): ("0", REFUSED),
    ("body.error.message", ABSENT): (".+", ERROR),
    ("body.error.type", ABSENT): ("invalid_request_error", ERROR),
    ("body.error.param", ABSENT): ("None", ERROR),
    ("body.error.code", ABSENT): ("None", ERROR),
}

# What ours says instead to one probe, and why.
DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "no provider, no config": (
        "the model's name tells the provider, which then lacks a key",
        {
            "status": 401,
            "provider": "openai",
            "body.status": ABSENT,
            "body.message": ABSENT,
            "body.error.type": "authentication_error",
        },
    ),
    "retry-only config, model @slug": (SLUGS, {**PASSED, **COST, "hits": [["ok", "gpt-4o"]], "provider": "openai"}),
    "fallback by override model only": (
        SLUGS,
        {**PASSED, **COST, "hits": [["ok", "gpt-4o"]], "provider": "openai", "body.errors": ABSENT},
    ),
    "virtual_key targets": (
        SLUGS,
        {**PASSED, "hits": [["ok", "gpt-x"]], "provider": "openai", "body.errors": ABSENT},
    ),
    "retry use_retry_after_header 429 ra=3": (ENDS, {"waits": [3]}),
    "retry use_retry_after_header 429 ra-ms=200": (ENDS, {"waits": [0.2, 0.2]}),
    "config id string": (
        "stored configs are served, and a missing one is called by its name",
        {"body.message": "Invalid config id passed: pc-abc123"},
    ),
    "loadbalance weights both 0": (
        "there it hangs for good",
        {
            "status": 400,
            "hits": [],
            "waits": [],
            "body.status": "failure",
            "body.message": "Invalid config passed",
            "body.errors": [
                "path: targets, message: Every weight is 0, so no target can be chosen."
                " Give at least one a weight above 0"
            ],
        },
    ),
    "cache simple 1st": (CACHE, {"cache-status": "MISS"}),
    "cache simple 2nd": (CACHE, {"cache-status": "HIT", "hits": []}),
    "semantic": (f"{CACHE}; without an embedding model exact matches are found", {"cache-status": "HIT", "hits": []}),
    "malformed JSON body": (
        OBJECT,
        {
            "status": 400,
            "hits": [],
            "body": ABSENT,
            "body.status": "failure",
            "body.message": "The body must be a JSON object",
            **dict.fromkeys(
                ("cache-status", "last-used-option-index", "provider", "retry-attempt-count", "trace-id"), ABSENT
            ),
        },
    ),
    "before_request guardrail deny": (
        GUARDRAILS,
        {
            "status": 200,
            "hits": [["ok", "gpt-x"]],
            "body": OWN,
            "body.hook_results": ABSENT,
            **dict.fromkeys(("body.error.message", "body.error.type", "body.error.param", "body.error.code"), ABSENT),
        },
    ),
    "output guardrail not deny": (GUARDRAILS, {"status": 200, "body.hook_results": ABSENT}),
}


@dataclass(frozen=True)
class Bench:
    """A gateway whose waits are noted instead of waited for, and its upstream."""

    url: str
    upstream_url: str
    upstream: Upstream
    waits: list[float]

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is seen of the answer to a recorded request, as flat names and values."""
        request = json.loads(json.dumps(request).replace("UPSTREAM", f"{self.upstream_url}/v1"))
        self.upstream.hits.clear()
        self.waits.clear()
        headers = {"content-type": "application/json", **request.get("headers", {})}
        config = request.get("config")
        if config is not None:
            headers["x-portkey-config"] = config if isinstance(config, str) else json.dumps(config)
        body = request.get("body", BODY)
        path, method = request.get("path", "/v1/chat/completions"), request.get("method", "POST")
        status, given, reply = _http(self.url + path, method, headers, body)
        seen = {"status": status, "hits": [[hit.key, hit.model] for hit in self.upstream.hits], "waits": [*self.waits]}
        seen |= {name: value for name, value in given.items() if name == "retry-after"}
        seen |= {name[10:]: value for name, value in given.items() if name.startswith("x-portkey-")}
        return seen | (self._passed(path, method, reply) if status == 200 else _flat("body", reply))

    def _passed(self, path: str, method: str, reply: Any) -> dict[str, Any]:
        last = self.upstream.hits[-1].body if self.upstream.hits else BODY
        own = _http(self.upstream_url + path, method, {"content-type": "application/json"}, last)[2]
        added = {"body.usage.cost": reply["usage"].pop("cost")} if "cost" in reply.get("usage", {}) else {}
        return {"body": OWN} | added if reply == own else _flat("body", reply) | added


def _http(url: str, method: str, headers: dict[str, str], body: Any) -> tuple[int, dict[str, str], Any]:
    data = None if method == "GET" else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            status, given, raw = reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            status, given, raw = error.code, error.headers, error.read()
    return status, {name.lower(): value for name, value in given.items()}, json.loads(raw)


def _flat(name: str, value: Any) -> dict[str, Any]:
    """A JSON value as dotted names, down to what is no object."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(f"{name}.{key}", inner)
    return found


def _recorded(answer: dict[str, Any]) -> dict[str, Any]:
    """A recorded answer in the names of `Bench.ask`."""
    if answer["status"] is None:  # it never came
        return {"status": None}
    seen = {"status": answer["status"], "hits": answer.get("hits", []), "waits": answer.get("waits", [])}
    return (
        seen
        | answer.get("headers", {})
        | _flat("body", answer.get("body", OWN))
        | _flat("body", answer.get("adds", {}))
    )


def _noting(live: Live, waits: list[float]) -> None:
    """Makes a gateway note its waits instead of waiting."""

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    live._gateway = replace(live.gateway, attempts=replace(live.gateway.attempts, sleep=sleep))


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, dict[str, Any]]]:
    """What ours says to each probe, by name; asked in order, since the cache makes one answer depend on another."""
    upstream, waits = Upstream(), list[float]()
    with pytest.MonkeyPatch.context() as patch, served(upstream) as url:
        patch.delenv("OPENAI_API_KEY", raising=False)
        patch.setenv("PROBE_KEY", "ok")
        ours = {"provider": "openai", "base_url": f"{url}/v1", "key_env": "PROBE_KEY"}
        settings = {
            "server": {"allow_hosts": [url.removeprefix("http://"), "127.0.0.1:9999"]},
            "integrations": {"openai-prod": ours, "openai-key": ours},
        }
        with gateway(settings) as (gateway_url, live):
            _noting(live, waits)
            bench = Bench(gateway_url, url, upstream, waits)
            yield {probe["name"]: bench.ask(probe["request"]) for probe in PROBES}


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"])
def test_the_answer_differs_as_listed_and_in_nothing_else(
    answers: dict[str, dict[str, Any]], probe: dict[str, Any]
) -> None:
    seen, recorded = answers[probe["name"]], _recorded(probe["answer"])
    _, listed = DIFFERENCES.get(probe["name"], ("", {}))
    for name in sorted(seen.keys() | recorded.keys() | listed.keys()):
        ours, theirs = seen.get(name, ABSENT), recorded.get(name, ABSENT)
        if name in listed:
            assert listed[name] != theirs, f"{name} is listed as a difference and is none"
            assert ours == listed[name], name
        elif ours != theirs:
            pattern, _ = EVERYWHERE.get((name, str(theirs)), (None, ""))
            assert pattern is not None, f"{name} was {theirs!r} and is {ours!r}"
            assert re.fullmatch(pattern, str(ours)), f"{name} is {ours!r}"


def test_every_difference_that_is_listed_occurs(answers: dict[str, dict[str, Any]]) -> None:
    assert DIFFERENCES.keys() <= answers.keys()
    for name, theirs in EVERYWHERE:
        probes = [probe for probe in PROBES if str(_recorded(probe["answer"]).get(name, ABSENT)) == theirs]
        assert any(answers[probe["name"]].get(name, ABSENT) != theirs for probe in probes), name


def test_a_trace_id_is_made_for_every_request_that_brings_none(answers: dict[str, dict[str, Any]]) -> None:
    made = [seen["trace-id"] for seen in answers.values() if seen.get("trace-id", "tr-1") != "tr-1"]
    assert len(set(made)) == len(made) > 50
