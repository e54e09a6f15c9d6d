"""The client: requests answered inside the process, by the same core as the server's."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from pydantic import ValidationError

from llm_gateway import replies, routes
from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.types import Call, Reply, Target, Transport
from llm_gateway.cost_tracker import CostMetrics, CostTracker, owners
from llm_gateway.engine import Engine
from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayValidationError
from llm_gateway.models import LLMRequest, LLMResponse, Usage

__all__ = ["LLMGatewayClient"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """How one request goes where the settings do not say it: its target, and what the gateway is told about it."""

    target: Target | None = None
    metadata: Mapping[str, Any] | None = None
    trace_id: str | None = None


class LLMGatewayClient:
    """Asks language models, through fallbacks, retries and a cache, with the costs counted.

        async with LLMGatewayClient(providers=["openai", "anthropic"]) as client:
            response = await client.complete(prompt="Say hello", model="gpt-5-mini")

    `providers` are those it may use: whose model it is, if it is among them, else one that may have the models of
    others. `config` and any of its settings by name (`timeout=5`) may be given; what is not known is refused.
    `transports` replace the way to the providers, by dialect (openai, anthropic, mock). A client works in any event
    loop and in several, and each loop closes what it has opened when it ends; `close` does so earlier. Without `await`
    there is SyncLLMGatewayClient. Raises LLMGatewayConfigurationError, and LLMGatewayProviderError for a provider that
    nobody knows.
    """

    def __init__(
        self,
        config: LLMGatewayConfig | None = None,
        *,
        providers: Sequence[str] | None = None,
        transports: Mapping[str, Transport] | None = None,
        **settings: Any,
    ) -> None:
        if config is not None and not isinstance(config, LLMGatewayConfig):
            raise LLMGatewayConfigurationError(f"config takes an LLMGatewayConfig, not {type(config).__name__}")
        if isinstance(providers, str):
            raise LLMGatewayConfigurationError(f"providers takes a list of names: [{providers!r}]")
        self.config = LLMGatewayConfig(**settings) if config is None else config.changed(settings)
        self.providers = None if providers is None else list(providers)
        self.timeout = self.config.timeout
        self.cost_tracker = CostTracker(prices=self.config.prices)
        self.engine = Engine(self.config, self.providers, transports)

    async def complete(
        self,
        request: LLMRequest | str | None = None,
        *,
        prompt: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        provider: str | None = None,
        **params: Any,
    ) -> LLMResponse:
        """The answer to a request object, to `prompt` or to `messages`; the rest overrides fields of the request.

        `params` are those of chat completions (`temperature`, `tools`, …) and go to the provider. `provider` names who
        is asked. Raises LLMGatewayError.
        """
        asked = _request(request, prompt, messages, model, params)
        return await self.ask(asked, Route(self.target(asked, provider)))

    async def send(self, request: LLMRequest) -> LLMResponse:
        """The answer to a request object. Raises LLMGatewayError."""
        return await self.ask(request)

    async def stream_complete(
        self,
        request: LLMRequest | str | None = None,
        *,
        prompt: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        provider: str | None = None,
        **params: Any,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answer's chunks as OpenAI's API has them, the last with the usage. Arguments and errors as `complete`."""
        asked = _request(request, prompt, messages, model, params)
        async with aclosing(self.follow(asked, Route(self.target(asked, provider)))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def stream(self, *arguments: Any, **named: Any) -> AsyncGenerator[str, None]:
        """The answer's text, piece by piece. Arguments and errors as `complete`."""
        async with aclosing(self.stream_complete(*arguments, **named)) as chunks:
            async for chunk in chunks:
                for choice in chunk.get("choices") or ():
                    if text := (choice.get("delta") or {}).get("content"):
                        yield text

    def request(
        self,
        request: LLMRequest | str | None = None,
        *,
        prompt: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        **params: Any,
    ) -> LLMRequest:
        """The request that `complete` would send. Raises LLMGatewayValidationError."""
        return _request(request, prompt, messages, model, params)

    async def ask(self, request: LLMRequest, route: Route | None = None) -> LLMResponse:
        """The answer to a request that goes the given way. Raises LLMGatewayError."""
        if request.stream:
            raise LLMGatewayValidationError("for a stream, call stream or stream_complete", field="stream")
        started = time.perf_counter()
        reply = await self._reply(request, request.body(), route)
        bare = routes.owner(request.model, self.engine.setup)[1]
        response = await replies.response(reply, bare, round((time.perf_counter() - started) * 1000))
        if self.config.cost_tracking:
            self.cost_tracker.record_response(response, request.context)
        return response

    async def follow(
        self, request: LLMRequest, route: Route | None = None, told: dict[str, Any] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The chunks of the answer to a request that goes the given way; at the end, `told` is what came of it.

        Raises LLMGatewayError.
        """
        started = time.perf_counter()
        body = {**request.body(), "stream": True}
        body.setdefault("stream_options", {"include_usage": True})
        reply = await self._reply(request, body, route)
        counted: CostMetrics | None = None
        usage: Usage | None = None
        async with aclosing(replies.events(reply)) as chunks:
            async for chunk in chunks:
                if chunk.get("usage"):
                    usage = Usage(chunk["usage"])
                    counted = self.cost_tracker.of_stream(str(chunk.get("model") or request.model), usage, reply)
                yield chunk
        latency_ms = round((time.perf_counter() - started) * 1000)
        if counted is not None and self.config.cost_tracking:
            self.cost_tracker.record_cost(
                counted.model_copy(update={"latency_ms": latency_ms} | owners(request.context))
            )
        if told is not None:
            told |= {
                "cost": counted.total_cost if counted else 0.0,
                "cache_hit": replies.cached(reply),
                "provider": reply.headers["x-portkey-provider"],
                "model": counted.model if counted else request.model,
                "usage": usage,
                "latency_ms": latency_ms,
                "trace_id": reply.headers["x-portkey-trace-id"],
            }

    async def close(self) -> None:
        """Closes the connections and stores of the running loop."""
        await self.engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def target(self, request: LLMRequest, provider: str | None = None) -> Target:
        """Where a request goes. Raises LLMGatewayProviderError for a provider that nobody knows."""
        if provider is not None:
            self.engine.check_provider(provider)
        return routes.plan(request.model, self.engine.setup, self.config, self.providers, provider)

    async def _reply(self, request: LLMRequest, body: dict[str, Any], route: Route | None) -> Reply:
        if not self.config.enabled:
            raise LLMGatewayConfigurationError("the gateway is switched off: enabled is false")
        logger.debug("request to %s", request.model)
        route = route or Route()
        headers = {}
        if metadata := {**self.config.metadata, **request.context, **(route.metadata or {})}:
            headers["x-portkey-metadata"] = orjson.dumps(metadata, default=str).decode()
        if route.trace_id:
            headers["x-portkey-trace-id"] = route.trace_id
        target = route.target or self.target(request)
        return await self.engine.handle(
            Call("chat/completions", body, headers, caller=self.engine.caller, config=target)
        )


def _request(
    request: LLMRequest | str | None,
    prompt: str | None,
    messages: Sequence[Mapping[str, Any]] | None,
    model: str | None,
    params: Mapping[str, Any],
) -> LLMRequest:
    """One request out of the ways to say it. Raises LLMGatewayValidationError."""
    if isinstance(request, str):
        if prompt is not None:
            raise LLMGatewayValidationError("give one prompt, not two")
        request, prompt = None, request
    if request is not None and not isinstance(request, LLMRequest):
        raise LLMGatewayValidationError(f"request takes an LLMRequest, not {type(request).__name__}")
    said: dict[str, Any] = {}
    if messages is not None:
        said = {"messages": [dict(message) for message in messages], "prompt": None}
    elif prompt is not None:
        said = {"prompt": prompt, "messages": []}
    if prompt is not None and messages is not None:
        raise LLMGatewayValidationError("give prompt or messages, not both")
    given = {**params, **said, **({} if model is None else {"model": model})}
    if request is not None and not given:
        return request
    before = {} if request is None else {name: getattr(request, name) for name in request.model_fields_set}
    try:
        return LLMRequest(**{**before, **((request.model_extra or {}) if request else {}), **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise LLMGatewayValidationError(f"{place}: {message}" if place else message, field=place or None) from None
