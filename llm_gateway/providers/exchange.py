"""How an endpoint is spoken with a provider: as it is, or translated between OpenAI's and Anthropic's dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import orjson

from llm_gateway.core.errors import GatewayError, UpstreamError
from llm_gateway.core.types import JSON, Provider
from llm_gateway.providers import anthropic

_USAGE_ON_DEMAND = ("chat/completions", "completions")  # other streams tell it anyway


class Translator(Protocol):
    """Turns one event stream into another, fed with whole events."""

    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class Exchange:
    """An endpoint of OpenAI's API at a provider that speaks it: nothing needs translating."""

    identity = True
    prices_translated = False  # whether the cost goes into the translated stream

    def __init__(self, path: str) -> None:
        self.path = path
        self.opaque = path.startswith("audio/")  # answers may be what is no JSON

    def request(self, body: JSON) -> tuple[JSON, Sequence[str]]:
        """The body for the provider, and warnings about what it cannot take."""
        return (_with_usage(body) if self.hides_usage(body) else body), ()

    def reply(self, data: JSON) -> JSON:
        """The provider's reply in the endpoint's own shape."""
        return data

    def translator(self, body: JSON) -> Translator | None:
        """What translates the provider's event stream; None where it needs none."""
        return None

    def hides_usage(self, body: JSON) -> bool:
        """Whether the usage at a stream's end is for the gateway alone, which asked for it."""
        return body.get("stream") is True and self.path in _USAGE_ON_DEMAND and not _asks_for_usage(body)

    def failure(self, status: int, error: JSON) -> JSON:
        """The body of an error."""
        return {"error": error}

    def broken_stream(self, error: UpstreamError) -> bytes:
        """The last event of a stream that broke off."""
        return b"data: " + orjson.dumps(self.failure(error.status, error.body()["error"])) + b"\n\n"


class _ChatAtAnthropic(Exchange):
    """Chat completions at a provider that speaks Anthropic's Messages API."""

    identity = False
    prices_translated = True

    def __init__(self) -> None:
        super().__init__("messages")
        self._model = ""

    def request(self, body: JSON) -> tuple[JSON, Sequence[str]]:
        """As in Exchange. Raises GatewayError for what has no counterpart."""
        self._model = str(body.get("model") or "")
        return anthropic.to_messages(body)

    def reply(self, data: JSON) -> JSON:
        """As in Exchange."""
        return anthropic.from_message(data, self._model)

    def translator(self, body: JSON) -> Translator | None:
        """As in Exchange."""
        return anthropic.ChatStream(self._model, include_usage=_asks_for_usage(body))

    def hides_usage(self, body: JSON) -> bool:
        """As in Exchange: the translator sees to it."""
        return False


class _Messages(Exchange):
    """Anthropic's Messages API at Anthropic itself."""

    def __init__(self, path: str = "messages") -> None:
        super().__init__(path)

    def hides_usage(self, body: JSON) -> bool:
        """As in Exchange: usage is always part of the stream."""
        return False

    def failure(self, status: int, error: JSON) -> JSON:
        """As in Exchange, in Anthropic's shape."""
        return anthropic.messages_error(status, orjson.dumps({"error": error}))

    def broken_stream(self, error: UpstreamError) -> bytes:
        """As in Exchange, as an event with a name."""
        body = self.failure(error.status, error.body()["error"])
        return b"event: error\ndata: " + orjson.dumps(body) + b"\n\n"


class _MessagesByChat(_Messages):
    """Anthropic's Messages API at a provider that speaks OpenAI's chat completions."""

    identity = False

    def __init__(self) -> None:
        super().__init__("chat/completions")
        self._model = ""

    def request(self, body: JSON) -> tuple[JSON, Sequence[str]]:
        """As in Exchange. Raises GatewayError for what has no counterpart."""
        self._model = str(body.get("model") or "")
        chat = anthropic.to_chat(body)
        return _with_usage(chat) if chat.get("stream") is True else chat, ()

    def reply(self, data: JSON) -> JSON:
        """As in Exchange."""
        return anthropic.from_chat(data, self._model)

    def translator(self, body: JSON) -> Translator | None:
        """As in Exchange."""
        return anthropic.MessageStream(self._model)


def exchange_for(endpoint: str, provider: Provider) -> Exchange:
    """How `endpoint` is spoken with `provider`. Raises GatewayError where it has no such thing."""
    if endpoint == "messages" and provider.dialect == "openai":
        return _MessagesByChat()
    if endpoint in ("messages", "messages/count_tokens") and provider.dialect != "openai":
        return _Messages(endpoint)
    if endpoint == "messages/count_tokens":
        raise GatewayError(f"Provider {provider.name} does not serve {endpoint}")
    if provider.dialect == "anthropic":
        if endpoint == "chat/completions":
            return _ChatAtAnthropic()
        if endpoint != "models":
            raise GatewayError(f"Provider {provider.name} does not serve {endpoint}")
    return Exchange(endpoint)


def _with_usage(body: JSON) -> JSON:
    """The body, asking for the usage at the stream's end: it is what costs are counted by."""
    if _asks_for_usage(body):
        return body
    options = body.get("stream_options")
    return {**body, "stream_options": {**(options if isinstance(options, dict) else {}), "include_usage": True}}


def _asks_for_usage(body: JSON) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
