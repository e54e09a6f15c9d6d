"""The status page: what the last day was like, as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files

from llm_gateway import __version__
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import Provider, Reply
from llm_gateway.server.bars import Bar, chart
from llm_gateway.server.figures import clock, counted, dollars, seconds, share, short, span
from llm_gateway.server.html import Markup, join, tag
from llm_gateway.state.tables import State
from llm_gateway.state.urls import StateError
from llm_gateway.state.usage import Failure, ProviderSums, Sums, Window

_DAY = 86_340  # seconds: a minute short, so that the store divides it by 24 minutes and not by 25
_REFRESH = "30"  # seconds
_SHORTEST_KEY = 8  # what is shorter is no key, and would be found in any text
_KEYS = re.compile(r"\b(?:sk|gsk|xai|pplx|lgw|nvapi|r8|hf)[-_][\w-]{8,}|\bAIza[\w-]{20,}|(?<=Bearer )\S+")


def page(setup: Setup, state: State, since: float) -> Reply:
    """The page. `since` is when the gateway started, in Unix time. It waits for the usage store: call it in a thread.

    It shows the requests of all callers: who may read it is for the server to decide.
    """
    now = time.time()
    degraded = state.degraded()
    window: Window | None = None
    try:
        window = state.usage.window(now - _DAY)
    except StateError as error:
        degraded = sorted({*degraded, str(error)})
    body = join(
        _header(setup, degraded, now - since),
        tag("main", _warnings(degraded), _content(setup, window, _period(setup, now - since))),
        _footer(setup, now),
    )
    return Reply(200, _headers(), _document(body).encode("utf-8", "replace"))


def _headers() -> dict[str, str]:
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


@cache
def _style() -> str:
    return files(__package__).joinpath("status.css").read_text("utf-8")


def _document(body: Markup) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="refresh", content=_REFRESH),
        tag("title", "llm-gateway"),
        tag("style", Markup(_style())),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en") + "\n"


def _header(setup: Setup, degraded: Sequence[str], up: float) -> Markup:
    condition = tag("span", "● degraded", class_="state warn") if degraded else tag("span", "● ok", class_="state good")
    about = [f"up {span(up)}", "answers by the mock" if setup.settings.mock else ""]
    return tag(
        "header", tag("h1", "llm-gateway"), condition, tag("span", " · ".join(filter(None, about)), class_="soft")
    )


def _footer(setup: Setup, now: float) -> Markup:
    kept = "in memory: the last 10,000 requests of this process" if setup.settings.state.usage == "memory:" else ""
    said = f"llm-gateway {__version__} · {clock(now, '%Y-%m-%d %H:%M:%S')} UTC · read anew every {_REFRESH} seconds"
    return tag("footer", " · ".join(filter(None, [said, kept])))


def _warnings(degraded: Sequence[str]) -> Markup:
    if not degraded:
        return Markup()
    told = tag("ul", *(tag("li", line) for line in degraded))
    return tag("section", tag("h2", "Degraded"), told, class_="card alert")


def _period(setup: Setup, up: float) -> str:
    """The time that the figures are of. What is kept in memory begins with the process."""
    return "since the start" if setup.settings.state.usage == "memory:" and up < _DAY else "last 24 hours"


def _content(setup: Setup, window: Window | None, period: str) -> Markup:
    if window is None:
        return _providers(setup, ())
    if not window.requests:
        return join(_first_request(setup), _providers(setup, ()))
    return join(
        _tiles(window, period), _charts(window), _providers(setup, window.providers), _failures(setup, window.failures)
    )


def _first_request(setup: Setup) -> Markup:
    """What to type where nothing has been asked yet."""
    server = setup.settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)
    place = f"{f'[{host}]' if ':' in host else host}:{server.port or 'PORT'}"
    ready = [provider.name for provider in _distinct(setup) if _has_key(setup, provider)]
    model = "openai/gpt-4o-mini" if setup.settings.mock or "openai" in ready or not ready else f"{ready[0]}/MODEL"
    lines = [f"curl http://{place}/v1/chat/completions", "-H 'content-type: application/json'"]
    if not setup.is_open:
        lines.append("-H 'authorization: Bearer YOUR-GATEWAY-KEY'")
    lines.append(f'-d \'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}\'')
    parts = [tag("h2", "No requests in the last 24 hours"), tag("p", "Send one:")]
    parts.append(tag("pre", *(tag("code", line, end) for line, end in _continued(lines)), tabindex=0))
    if not ready and not setup.settings.mock:
        advice = "No provider has a key yet: set OPENAI_API_KEY, or another of those below, and start the gateway anew."
        parts.append(tag("p", advice + " With --mock it answers without any.", class_="warn"))
    return tag("section", *parts, class_="card")


def _continued(lines: Sequence[str]) -> Iterable[tuple[str, Markup]]:
    last = len(lines) - 1
    return ((("  " if n else "") + line, Markup("" if n == last else " \\\n")) for n, line in enumerate(lines))


def _tiles(window: Window, period: str) -> Markup:
    latency = window.latency
    hits = f"{share(window.cache_hits, window.requests)} of requests"
    failed = [f"{share(window.errors, window.requests)} of requests"]
    if window.extra_attempts:
        failed.append(f"retries and fallbacks: {window.extra_attempts:,}")
    tokens = [f"{short(window.prompt_tokens)} in, {short(window.completion_tokens)} out"]
    if window.estimated:
        tokens.append(f"{counted(window.estimated, 'request')} estimated")
    tiles = [
        ("Requests", f"{window.requests:,}", [period]),
        ("Errors", f"{window.errors:,}", failed),
        (
            "Latency, median",
            seconds(latency.p50) if latency else "-",
            [f"p90 {seconds(latency.p90)}", f"p99 {seconds(latency.p99)}"] if latency else [],
        ),
        ("Tokens", short(window.prompt_tokens + window.completion_tokens), tokens),
        (
            "Cost",
            _cost(window),
            [f"{counted(window.unpriced, 'request')} without a price" if window.unpriced else "US dollars"],
        ),
        ("Cache hits", f"{window.cache_hits:,}", [hits]),
    ]
    cards = [
        tag("div", tag("dt", name), tag("dd", value), *(tag("dd", line, class_="soft") for line in more), class_="card")
        for name, value, more in tiles
    ]
    return tag("dl", *cards, class_="tiles")


def _charts(window: Window) -> Markup:
    most = max(bucket.requests for bucket in window.buckets)
    dearest = max(bucket.cost for bucket in window.buckets)
    stretch = span(window.bucket_seconds)
    times = [f"{clock(b.start, '%H:%M')} to {clock(b.start + window.bucket_seconds, '%H:%M')}" for b in window.buckets]
    requests = [
        Bar(
            (b.requests - b.errors, b.errors), f"{when}: {counted(b.requests, 'request')}, {counted(b.errors, 'error')}"
        )
        for b, when in zip(window.buckets, times, strict=True)
    ]
    costs = [Bar((b.cost,), f"{when}: {dollars(b.cost)}") for b, when in zip(window.buckets, times, strict=True)]
    legend = tag(
        "span", tag("span", "answered", class_="key"), tag("span", "errors", class_="key error"), class_="soft"
    )
    said = (
        f"{counted(window.requests, 'request')}, {counted(window.errors, 'error')}, {most:,} in the busiest {stretch}"
    )
    spent = f"{dollars(window.cost)}, {dollars(dearest)} in the dearest {stretch}"
    return tag(
        "div",
        _chart(
            "Requests", legend, chart(requests, ("ok", "error"), f"Requests over 24 hours: {said}"), window, f"{most:,}"
        ),
        _chart("Cost", Markup(), chart(costs, ("ok",), f"Cost over 24 hours: {spent}"), window, dollars(dearest)),
        class_="charts",
    )


def _chart(name: str, legend: Markup, drawn: Markup, window: Window, most: str) -> Markup:
    middle = (window.since + window.until) / 2
    marks = [clock(moment, "%a %H:%M UTC") for moment in (window.since, middle)] + ["now"]
    highest = tag("div", f"highest bar: {most} · each bar: {span(window.bucket_seconds)}", class_="axis")
    axis = tag("div", *(tag("span", mark) for mark in marks), class_="axis", aria_hidden="true")
    return tag("section", tag("div", tag("h2", name), legend, class_="head"), highest, drawn, axis, class_="card")


def _providers(setup: Setup, used: Sequence[ProviderSums]) -> Markup:
    """Those with a key, or that were used, as a table; the names of the others."""
    sums = {provider.provider: provider for provider in used}
    known = {provider.name: provider for provider in _distinct(setup)}
    names = {*sums, *(name for name, provider in known.items() if _has_key(setup, provider))}
    shown = sorted(names, key=lambda name: (not name, name))  # what was refused comes last
    columns = [("Provider", ""), ("Key", ""), ("Requests", "number"), ("Errors", "number"), ("p50", "number")]
    columns += [("p90", "number"), ("p99", "number"), ("Tokens", "number"), ("Cost", "number")]
    rows = [[_name(name), _key(setup, known.get(name)), *_figures(sums.get(name))] for name in shown]
    others = [
        tag("p", f"{name} ({' or '.join(provider.key_env) or 'no key of its own'})")
        for name, provider in known.items()
        if name not in shown and provider.dialect != "mock"
    ]
    parts = [tag("h2", "Providers"), _table(columns, rows) if rows else Markup()]
    if others:
        parts.append(
            tag(
                "details", tag("summary", f"{len(others)} {'more ' if rows else ''}without a key or a request"), *others
            )
        )
    return tag("section", *parts, class_="card")


def _name(provider: str) -> Markup:
    return tag("bdi", provider) if provider else tag("span", "refused here", class_="soft")


def _key(setup: Setup, provider: Provider | None) -> Markup:
    """Whether there is a key; which one it is stands nowhere on the page."""
    if provider is None:
        return tag("span", "-", class_="soft")
    slugs = [
        f"@{slug}" + ("" if integration.key or provider.auth == "none" or not provider.needs_key else " (no key)")
        for slug in sorted(setup.settings.integrations)
        if (integration := setup.integrations[slug]).provider.name == provider.name
    ]
    if provider.dialect == "mock":
        said = tag("span", "mock", class_="soft")
    elif provider.auth == "none":
        said = tag("span", "needs none", class_="soft")
    elif _has_key(setup, provider):
        said = tag("span", "set", class_="good")
    else:
        said = tag("span", "not set", class_="warn" if provider.needs_key else "soft")
    return tag("span", said, tag("span", " " + " ".join(slugs), class_="soft")) if slugs else said


def _figures(sums: ProviderSums | None) -> list[Markup]:
    if sums is None:
        return [tag("span", "0", class_="soft"), *[tag("span", "-", class_="soft")] * 6]
    errors = tag(
        "span", f"{sums.errors:,} ({share(sums.errors, sums.requests)})", class_="bad" if sums.errors else False
    )
    latency = [join(seconds(value)) for value in (sums.latency.p50, sums.latency.p90, sums.latency.p99)]
    tokens = join(short(sums.prompt_tokens + sums.completion_tokens))
    return [join(f"{sums.requests:,}"), errors, *latency, tokens, join(_cost(sums))]


def _cost(sums: Sums) -> str:
    return "?" if sums.unpriced and not sums.cost else dollars(sums.cost)


def _failures(setup: Setup, failures: Sequence[Failure]) -> Markup:
    if not failures:
        return tag(
            "section", tag("h2", "Recent errors"), tag("p", "None in the last 24 hours.", class_="soft"), class_="card"
        )
    hide = _hider(setup)
    rows = [
        [
            tag("time", clock(failure.at, "%a %H:%M:%S"), datetime=clock(failure.at, "%Y-%m-%dT%H:%M:%SZ")),
            tag("span", str(failure.status), class_="bad"),
            _name(hide(failure.provider)),
            tag("bdi", hide(failure.model) or "-"),
            tag("bdi", hide(failure.error) or "-"),
            tag("code", hide(failure.request_id)),
        ]
        for failure in failures
    ]
    columns = [("Time (UTC)", "short"), ("Status", "short"), ("Provider", "name"), ("Model", "name"), ("Error", "")]
    table = _table([*columns, ("Request id", "short")], rows)
    return tag("section", tag("h2", "Recent errors"), table, class_="card")


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Markup]]) -> Markup:
    head = tag("thead", tag("tr", *(tag("th", name, scope="col", class_=kind) for name, kind in columns)))
    body = [
        tag("tr", *(tag("td", cell, class_=k, data_label=n) for (n, k), cell in zip(columns, row, strict=True)))
        for row in rows
    ]
    return tag("table", head, tag("tbody", *body))


def _hider(setup: Setup) -> Callable[[str], str]:
    """Takes keys out of what providers and clients wrote: those of the settings, and what looks like one."""
    keys = {integration.key for integration in setup.integrations.values() if integration.key}
    known = sorted((key for key in keys if len(key) >= _SHORTEST_KEY), key=lambda key: (-len(key), key))

    def hide(text: str) -> str:
        for key in known:
            text = text.replace(key, "***")
        return _KEYS.sub("***", text)

    return hide


def _distinct(setup: Setup) -> list[Provider]:
    return [provider for name, provider in sorted(setup.providers.items()) if name == provider.name]


def _has_key(setup: Setup, provider: Provider) -> bool:
    return any(i.key for i in setup.integrations.values() if i.provider.name == provider.name)
