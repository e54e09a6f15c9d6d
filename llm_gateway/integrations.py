"""A gateway as an application framework's option: routing, cache and retries per object, with hooks after each call."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Protocol, Self

from llm_gateway.client import LLMGatewayClient, Route
from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.errors import InvalidConfig
from llm_gateway.core.types import JSON, Target
from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayConfigWarning
from llm_gateway.models import LLMRequest, LLMResponse
from llm_gateway.routing import config as configs

__all__ = ["Context", "HookContext", "LLMGateway"]

_NOTE = "llm_gateway"  # where a context's metadata tell of a call


class Context(Protocol):
    """What a framework knows of a run. Callables of metadata and trace id get it, with whatever else it has."""

    @property
    def metadata(self) -> MutableMapping[str, Any]:
        """Notes on the run; those of a call are put under `llm_gateway`."""


@dataclass
class HookContext:
    """The context of a call that was given none."""

    metadata: dict[str, Any] = field(default_factory=dict)


Computed = Callable[[Any], object]
Hook = Callable[[Any], object]


class LLMGateway:
    """One way to the models, such as an endpoint's: `config`, `cache`, `retry` and `fallback` belong to the object.

        premium = LLMGateway(config={"strategy": {"mode": "fallback"}, "targets": [{"virtual_key": "gpt4-key"}, …]})
        response = await premium.complete(prompt="Say hello", model="gpt-5-mini", ctx=ctx)

    - `config`: a Portkey config as a mapping or as JSON.
    - `cache`: `{"mode": "simple", "max_age": 3600}` (seconds), or True for `simple`.
    - `retry`: `{"attempts": 3, "on_status_codes": […]}`, or a number of attempts.
    - `fallback`: models to ask in turn once the one asked for has failed.
    - `virtual_key`: an integration of `gateway_file`.
    - `metadata`: goes with every request; a value that is a function is called with the context.
    - `trace_id`: text, or a function of the context.
    - `hooks`: called with the context after each call, awaited if they are asynchronous. By then
      `ctx.metadata["llm_gateway"]` has cost (USD), cache_hit, provider, model, usage, latency_ms and trace_id.

    `settings` are those of LLMGatewayConfig. Raises LLMGatewayConfigurationError.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        config: Mapping[str, Any] | str | None = None,
        cache: Mapping[str, Any] | bool | None = None,
        retry: Mapping[str, Any] | int | None = None,
        fallback: Sequence[str] | None = None,
        virtual_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        trace_id: str | Computed | None = None,
        hooks: Iterable[Hook] = (),
        client: LLMGatewayClient | None = None,
        **settings: Any,
    ) -> None:
        if client is not None and (settings or api_key):
            raise LLMGatewayConfigurationError("LLMGateway takes a client, or its settings, not both")
        self.client = client or LLMGatewayClient(LLMGatewayConfig(api_key=api_key, **settings))
        self.hooks = list(hooks)
        self._metadata = dict(metadata or {})
        self._trace_id = trace_id
        self._fallback = tuple(fallback or ())
        said = _parsed(_tree(config, cache, retry, virtual_key), self.client.config)
        if said is not None and said.warnings:
            warnings.warn(f"LLMGateway: {'; '.join(said.warnings)}", LLMGatewayConfigWarning, stacklevel=2)
        self._config = said if config is not None or virtual_key else None
        self._laid_over: dict[str, Any] = {}  # what the options say of every leaf
        if said is not None and self._config is None:
            self._laid_over |= {"cache": said.cache} if cache else {}
            self._laid_over |= {"retry": said.retry} if retry is not None else {}

    @property
    def chat(self) -> _Chat:
        """`chat.completions.create(…)`, as OpenAI's client has it."""
        return _Chat(self)

    def on_llm_end(self, hook: Hook) -> Hook:
        """Adds a hook; to be used as a decorator."""
        self.hooks.append(hook)
        return hook

    async def complete(
        self,
        request: LLMRequest | str | None = None,
        *,
        ctx: Context | None = None,
        prompt: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        **params: Any,
    ) -> LLMResponse:
        """The answer; arguments and errors as for `LLMGatewayClient.complete`. Notes it in `ctx` and runs the hooks."""
        asked = self.client.request(request, prompt=prompt, messages=messages, model=model, **params)
        context = HookContext() if ctx is None else ctx
        response = await self.client.ask(asked, self._route(asked, context))
        note = {
            "cost": response.cost or 0.0,
            "cache_hit": response.cached,
            "provider": response.provider,
            "model": response.model,
            "usage": response.usage,
            "latency_ms": response.latency_ms,
            "trace_id": response.metadata["trace_id"],
        }
        await self._end(context, note)
        return response

    async def stream(
        self,
        request: LLMRequest | str | None = None,
        *,
        ctx: Context | None = None,
        prompt: str | None = None,
        messages: Sequence[Mapping[str, Any]] | None = None,
        model: str | None = None,
        **params: Any,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answer's chunks, as OpenAI's API has them. When they have all come, the hooks are run."""
        asked = self.client.request(request, prompt=prompt, messages=messages, model=model, **params)
        context = HookContext() if ctx is None else ctx
        told: dict[str, Any] = {}
        async with aclosing(self.client.follow(asked, self._route(asked, context), told)) as chunks:
            async for chunk in chunks:
                yield chunk
        await self._end(context, told)

    async def close(self) -> None:
        """Closes the connections of the running loop."""
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _end(self, context: Context, note: dict[str, Any]) -> None:
        context.metadata[_NOTE] = note
        for hook in self.hooks:
            result = hook(context)
            if inspect.isawaitable(result):
                await result

    def _route(self, request: LLMRequest, context: Context) -> Route:
        metadata = {name: value(context) if callable(value) else value for name, value in self._metadata.items()}
        trace_id = self._trace_id(context) if callable(self._trace_id) else self._trace_id
        return Route(self._target(request), metadata, None if trace_id is None else str(trace_id))

    def _target(self, request: LLMRequest) -> Target:
        if not self._fallback:
            return self._one(request)
        targets = []
        for index, model in enumerate((request.model, *self._fallback)):
            one = self._one(request.model_copy(update={"model": model}))
            targets.append(_renamed(one, f"config.targets[{index}]", model))
        return Target(mode="fallback", targets=tuple(targets))

    def _one(self, request: LLMRequest) -> Target:
        return self._config or _laid(self.client.target(request), self._laid_over)


class _Completions:
    def __init__(self, gateway: LLMGateway) -> None:
        self._gateway = gateway

    async def create(self, *, stream: bool = False, **named: Any) -> LLMResponse | AsyncGenerator[dict[str, Any], None]:
        """As OpenAI's client: the answer, or with `stream` its chunks."""
        return self._gateway.stream(**named) if stream else await self._gateway.complete(**named)


class _Chat:
    def __init__(self, gateway: LLMGateway) -> None:
        self.completions = _Completions(gateway)


def _tree(
    config: Mapping[str, Any] | str | None,
    cache: Mapping[str, Any] | bool | None,
    retry: Mapping[str, Any] | int | None,
    virtual_key: str | None,
) -> Mapping[str, Any] | str:
    """One config out of all the options; what `config` says itself stays."""
    if isinstance(config, str):
        if cache or retry is not None or virtual_key:
            raise LLMGatewayConfigurationError("LLMGateway: with a config in JSON, cache and retry belong inside it")
        return config
    said: JSON = {}
    if cache:
        said["cache"] = {"mode": "simple"} if cache is True else dict(cache)
    if retry is not None:
        said["retry"] = {"attempts": retry} if isinstance(retry, int) else dict(retry)
    if virtual_key:
        said["virtual_key"] = virtual_key
    return {**said, **(config or {})}


def _parsed(tree: Mapping[str, Any] | str, settings: LLMGatewayConfig) -> Target | None:
    if not tree:
        return None
    try:
        target = configs.parse(tree)
    except InvalidConfig as error:
        raise LLMGatewayConfigurationError(f"LLMGateway: {'; '.join(error.errors) or error.message}") from None
    return _timed(target, max(1, round(settings.timeout * 1000)))


def _timed(node: Target, milliseconds: int) -> Target:
    """The tree with a timeout wherever it says none."""
    targets = tuple(_timed(child, milliseconds) for child in node.targets)
    return replace(node, targets=targets, request_timeout=node.request_timeout or milliseconds)


def _laid(node: Target, fields: Mapping[str, Any]) -> Target:
    return replace(node, **fields, targets=tuple(_laid(child, fields) for child in node.targets))


def _renamed(node: Target, path: str, model: str) -> Target:
    """The tree below another path, for another model."""
    targets = tuple(_renamed(child, path + child.path.removeprefix(node.path), model) for child in node.targets)
    asked = {"model": model} if not node.targets and "model" not in node.override_params else {}
    return replace(node, path=path, targets=targets, override_params={**node.override_params, **asked})
