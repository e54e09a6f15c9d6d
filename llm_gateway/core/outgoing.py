"""The request that goes upstream: address, headers, body."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from llm_gateway.core.destination import Destination
from llm_gateway.core.errors import GatewayError, InvalidConfig
from llm_gateway.core.types import JSON, Call, Outgoing, Target
from llm_gateway.providers.exchange import Exchange
from llm_gateway.routing.model_ids import NO_MODEL

# What clients tell providers in headers; everything else stays here.
_MEANT = ("openai-beta", "openai-organization", "openai-project", "anthropic-beta")
_TOLD = ("http-referer", "x-title")  # who asks; the answer does not depend on it
_HOP = {"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
_OURS = {"accept-encoding", "content-length", "content-type"}
_SECRET = {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"}
_NEVER = frozenset(_HOP | _OURS | _SECRET)


def build(
    call: Call, target: Target, body: JSON, destination: Destination, exchange: Exchange
) -> tuple[Outgoing, Sequence[str]]:
    """The request, and warnings about parameters the provider cannot take. Raises InvalidConfig, GatewayError."""
    provider = destination.provider
    model = destination.model
    warnings: Sequence[str] = ()
    if call.method == "GET":
        content = b""
    elif call.content_type != "application/json":
        content = _with_model(call, body.get("model"), model)
    else:
        sent = body
        if model is None and body.get("model") == NO_MODEL:
            sent = {name: value for name, value in body.items() if name != "model"}
        elif model is not None and body.get("model") != model:
            sent = {**body, "model": model}
        sent, warnings = exchange.request(sent)
        # Never the bytes that came: a key that stands there twice could mean one thing to us and another upstream.
        try:
            content = orjson.dumps(sent)
        except TypeError as error:  # only of a call made in process: a body that was JSON can be written again
            raise GatewayError(f"The body cannot be written as JSON: {error}") from error
    url = f"{destination.base_url}/{exchange.path}"
    if provider.query:
        url = f"{url}?{provider.query}"
    timeout = _timeout(call, target)
    headers = _headers(call, target, destination)
    return Outgoing(call.method, url, headers, content, timeout, destination.public_only), warnings


def _with_model(call: Call, asked: object, model: str | None) -> bytes:
    """A multipart body whose field `model` says what the provider calls it."""
    form = call.raw or b""
    boundary = re.search(r'boundary="?([^";]+)', call.content_type)
    if model is None or not isinstance(asked, str) or asked == model or not boundary:
        return form
    part = rb"--%b\r\n(?:[^\r\n]+\r\n)*?" % re.escape(boundary[1].encode())
    field = rb'(%b[^\r\n]*\bname="?model"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)%b' % (part, re.escape(asked.encode()))
    return re.sub(field, lambda found: found[1] + model.encode(), form, count=1)


def _headers(call: Call, target: Target, destination: Destination) -> dict[str, str]:
    given, provider = call.headers, destination.provider
    headers = {**provider.headers, **provider.own_headers}
    if call.method != "GET":
        headers["content-type"] = call.content_type
    for name in _TOLD:
        if name in given:
            headers[name] = given[name]
    headers |= meant(call, target)
    if destination.key:
        if provider.auth == "bearer":
            headers["authorization"] = f"Bearer {destination.key}"
        elif provider.auth != "none":
            headers[provider.auth] = destination.key
    return headers


def meant(call: Call, target: Target) -> dict[str, str]:
    """The headers of the client that go upstream and that the answer may depend on."""
    given = call.headers
    found = {name: given[name] for name in _MEANT if name in given}
    if target.forward_headers or "x-portkey-forward-headers" in given:
        found |= {name: given[name] for name in _forwarded(call, target) if name in given}
    return found


def _forwarded(call: Call, target: Target) -> list[str]:
    """The headers that the client asks to be sent on, less those that are the gateway's own business."""
    asked = call.headers.get("x-portkey-forward-headers")
    names = asked.split(",") if asked else target.forward_headers
    lowered = [name.strip().lower() for name in names]
    return [name for name in lowered if name not in _NEVER and not name.startswith("x-portkey-")]


def _timeout(call: Call, target: Target) -> float | None:
    """Seconds; the header beats the config."""
    given = call.headers.get("x-portkey-request-timeout")
    if given is None:
        return target.request_timeout / 1000 if target.request_timeout else None
    try:
        seconds = int(given) / 1000
    except (ValueError, OverflowError) as error:
        raise InvalidConfig("x-portkey-request-timeout takes milliseconds") from error
    return seconds if seconds > 0 else None
