"""The status page, read as a browser would: hostile input stays text, keys stay unseen, nothing is loaded."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_gateway.core.settings import parse
from llm_gateway.core.setup import Setup, prepare
from llm_gateway.core.types import Reply, Usage
from llm_gateway.server.figures import counted, dollars, seconds, share, short, span
from llm_gateway.server.html import Markup, tag
from llm_gateway.server.status import page
from llm_gateway.state.tables import State, open_state

SECRETS = {"OPENAI_API_KEY": "sk-first0123456789", "TEAM_KEY": "team+key/of&ours<1>"}
HASH = "sha256:" + "0" * 64
ACTIVE = {"script", "img", "iframe", "link", "base", "form", "object", "embed", "a", "b", "animate", "foreignobject"}


class Page(HTMLParser):
    """Elements with their attributes, and the text of each."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        assert isinstance(reply.body, bytes)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.source = reply.body.decode()
        self.feed(self.source)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in prepare(parse({}, "test")).providers.values():
        for name in provider.key_env:
            monkeypatch.delenv(name, raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def ready(**tables: Any) -> Setup:
    return prepare(parse(tables, "test"))


def opened(rows: list[Usage] | None = None, url: str = "memory:") -> State:
    async def run() -> State:
        return await open_state(usage_url=url)

    state = asyncio.run(run())
    for row in rows or []:
        state.usage.add(row)
    assert state.usage.flush()
    return state


def usage(age: float = 60.0, **fields: Any) -> Usage:
    fields = {"provider": "openai", "model": "gpt-4o-mini", "status": 200, "seconds": 0.25, **fields}
    return Usage(
        at=time.time() - age,
        request_id=fields.pop("request_id", "request-1"),
        trace_id="t",
        key="a-gateway-key",
        project="p",
        endpoint="chat/completions",
        **fields,
    )


def shown(setup: Setup, state: State) -> Page:
    return Page(page(setup, state, time.time() - 3_700))


# What must never be there

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "\x00\x1b[31m\r\n",
    "\ud800",
    "</style><style>*{display:none}",
    "x" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_stays_text(text: str) -> None:
    failed = usage(status=500, provider=text, model=text, error=text, request_id=text)
    found = shown(ready(), opened([failed, usage()]))
    names = [name for name, _ in found.elements]
    assert not ACTIVE & set(names) and names.count("style") == 1
    for _, attributes in found.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "style", "action")]
    assert not set("\x00\x1b\r\u202e") & set(found.source)
    if text.isprintable() and len(text) < 100:
        assert found.text.count(text) >= 4
    assert len(found.source) < 60_000


def test_keys_are_not_shown() -> None:
    integrations = {"team": {"provider": "openai", "key_env": "TEAM_KEY"}}
    setup = ready(integrations=integrations, keys={"alice": {"hash": HASH}})
    errors = [*SECRETS.values(), "sk-proj-unknown_0123456789", "Authorization: Bearer abcdef", "AIza" + "x" * 35]
    rows = [usage(status=401, error=f"Wrong key: {text}.", model=text, request_id=text) for text in errors]
    found = shown(
        setup, opened([*rows, usage(status=404, error="no gpt-4o-mini-2024-07-18 in task-force-ten-and-more")])
    )
    for text in [*SECRETS.values(), "unknown_0123456789", "abcdef", "AIzax", "a-gateway-key", HASH, "0" * 64]:
        assert text not in found.source and text not in found.words
    assert "Wrong key: ***" in found.words
    assert "no gpt-4o-mini-2024-07-18 in task-force-ten-and-more" in found.words
    assert "set @team" in found.words


def test_nothing_is_loaded_and_nothing_may_run() -> None:
    reply = page(ready(), opened([usage()]), time.time())
    found = Page(reply)
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";"))
    digest = b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"url\(|@import|https?:", found.style)
    assert reply.headers["cache-control"] == "no-store" and reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


@given(st.text(), st.text())
def test_whatever_the_text_it_is_read_back_as_text(content: str, attribute: str) -> None:
    found = Page(Reply(200, {}, tag("p", content, title=attribute).encode("utf-8", "replace")))
    assert [name for name, _ in found.elements] == ["p"]
    if content.isprintable() and len(content) <= 400:
        assert "".join(found.text) == content
    if attribute.isprintable() and len(attribute) <= 400:
        assert found.elements[0][1]["title"] == attribute


# What is there


def test_the_first_request() -> None:
    found = shown(ready(server={"host": "::", "port": 9000}), opened())
    assert "No requests in the last 24 hours" in found.words and "svg" not in dict(found.elements)
    command = (
        "curl http://[::1]:9000/v1/chat/completions \\\n  -H 'content-type: application/json' \\\n  -d '{\"model\": "
    )
    assert command + '"openai/gpt-4o-mini"' in "".join(found.text)
    assert "Bearer" not in found.words and "No provider has a key yet" not in found.words
    kept = shown(ready(keys={"alice": {"hash": HASH}}), opened())
    assert "-H 'authorization: Bearer YOUR-GATEWAY-KEY'" in kept.words


def test_without_any_key_of_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    found = shown(ready(), opened())
    assert "No provider has a key yet: set OPENAI_API_KEY" in found.words
    assert "openai (OPENAI_API_KEY)" in found.words
    assert "No provider has a key yet" not in shown(ready(mock=True), opened()).words
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789")
    assert '"model": "groq/MODEL"' in shown(ready(), opened()).words


def test_yesterday_is_over() -> None:
    assert "No requests in the last 24 hours" in shown(ready(), opened([usage(age=86_500)])).words


def test_a_day() -> None:
    rows = [usage(seconds=0.1 * number, prompt_tokens=1000, completion_tokens=500, cost=0.5) for number in range(1, 9)]
    rows += [
        usage(cache="HIT", cost=0.0, seconds=0.01),
        usage(age=7200, status=503, error="Overloaded", seconds=2.0, attempts=4),
    ]
    rows += [usage(provider="groq", model="llama", prompt_tokens=5, estimated=True, seconds=0.02)]
    rows += [usage(provider="", model="", status=429, error="Rate limited", seconds=0.001)]
    found = shown(ready(), opened(rows))
    for words in (
        "● ok up 1 h 1 min",
        "Requests 12 since the start",
        "Errors 2 17% of requests retries and fallbacks: 3",
        "Latency, median 300 ms p90 800 ms p99 2.00 s",
        "Tokens 12.0k 8,005 in, 4,000 out 1 request estimated",
        "Cost $4.00 1 request without a price",
        "Cache hits 1 8.3% of requests",
        "openai set 10 1 (10%) 400 ms 800 ms 2.00 s 12.0k $4.00",
        "groq not set 1 0 (0.0%) 20 ms 20 ms 20 ms 5 ?",
        "refused here - 1 1 (100%)",
        "503 openai gpt-4o-mini Overloaded request-1",
    ):
        assert words in found.words, words
    labels = [attributes["aria-label"] for name, attributes in found.elements if name == "svg"]
    assert len(labels) == 2 and all(label for label in labels)
    assert labels[0] is not None and labels[0].startswith("Requests over 24 hours: 12 requests, 2 errors")
    assert labels[1] is not None and labels[1].startswith("Cost over 24 hours: $4.00")
    bars = [attributes for name, attributes in found.elements if name == "rect" and attributes["class"] == "error"]
    assert len(bars) == 2 and "highest bar: 11 · each bar: 24 min" in found.words
    assert ": 1 request, 1 error" in found.words


def test_figures_of_a_store_that_outlives_the_process_are_of_a_day(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/usage.db"
    state = opened([usage()], url)
    try:
        found = shown(ready(state={"usage": url}), state)
        assert "Requests 1 last 24 hours" in found.words and "retries and fallbacks" not in found.words
    finally:
        state.usage.close()


def test_the_mock_needs_no_keys() -> None:
    state = opened([usage(), usage(provider="groq")])
    setup = ready(mock=True, integrations={"team": {"provider": "anthropic", "key_env": "MISSING_KEY"}})
    found = shown(setup, state)
    assert "groq mock 1" in found.words and "openai mock 1" in found.words
    assert "not set" not in found.words and "(no key)" not in found.words
    assert "groq not set 1" in shown(ready(), state).words


def test_what_is_degraded_is_told() -> None:
    state = opened([usage()])
    state.limiter.degraded = "redis://***@cache: not <reachable>"  # type: ignore[misc]  # a plain attribute in memory
    found = shown(ready(), state)
    assert "● degraded" in found.words and "redis://***@cache: not <reachable>" in found.words


def test_a_usage_store_that_cannot_be_read_leaves_the_rest_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    state = opened([usage()], f"sqlite:///{path}")
    try:
        assert "Requests 1" in shown(ready(), state).words
        path.unlink()
        found = shown(ready(), state)
        assert "● degraded" in found.words and "usage.db: the usage cannot be read" in found.words
        assert "openai set" in found.words and "No requests" not in found.words
    finally:
        state.usage.close()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (tag("p", Markup("<b>"), "<b>"), "<p><b>&lt;b&gt;</p>"),
        (
            tag("td", class_="a", data_label='"', hidden=True, open=False),
            '<td class="a" data-label="&quot;" hidden></td>',
        ),
        (seconds(0.0004), "0 ms"),
        (seconds(0.9996), "1.00 s"),
        (seconds(1234.5), "1,234 s"),
        (dollars(0), "$0.00"),
        (dollars(0.00001), "<$0.0001"),
        (dollars(0.0123), "$0.0123"),
        (dollars(1234.567), "$1,234.57"),
        (share(1, 10_000), "<0.1%"),
        (share(0, 0), "0.0%"),
        (share(1, 3), "33%"),
        (short(9_999), "9,999"),
        (short(12_345), "12.3k"),
        (short(1_500_000), "1.5M"),
        (short(123_456_789), "123M"),
        (counted(0, "error"), "0 errors"),
        (counted(1, "error"), "1 error"),
        (counted(2_000, "error"), "2,000 errors"),
        (span(0), "0 s"),
        (span(90_061), "1 d 1 h"),
        (span(1440), "24 min"),
    ],
)
def test_how_things_are_written(made: str, said: str) -> None:
    assert made == said
