"""The gateway inside a process: the server's core over a client's settings, one for each event loop that uses it."""

from __future__ import annotations

import asyncio
import logging
import pkgutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from llm_gateway import pricing
from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.assembly import assemble
from llm_gateway.core.gateway import Gateway
from llm_gateway.core.settings import IntegrationTable, ProviderTable, SemanticTable, Settings, SettingsError, load
from llm_gateway.core.setup import Setup, prepare
from llm_gateway.core.types import Call, Caller, Integration, Reply, Transport
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayProviderError
from llm_gateway.loops import PerLoop
from llm_gateway.providers.mock import MockTransport, Script
from llm_gateway.state.breaker import MemoryBreaker
from llm_gateway.state.cache import MemoryCache
from llm_gateway.state.limits import MemoryLimiter
from llm_gateway.state.spend import MemorySpend
from llm_gateway.state.tables import State, open_state
from llm_gateway.state.urls import StateError
from llm_gateway.state.usage_sqlite import MemoryUsage

REMOTE = "gateway"  # the provider that stands for another gateway, at `base_url`
_MEMORY = "memory:"

log = logging.getLogger(__name__)


class Engine:
    """Answers calls. Nothing is opened before the first one; raises LLMGatewayConfigurationError for bad settings."""

    def __init__(
        self,
        config: LLMGatewayConfig,
        providers: Sequence[str] | None = None,
        transports: Mapping[str, Transport] | None = None,
    ) -> None:
        self.setup = _setup(config)
        slugs = None if providers is None else frozenset((*(name.removeprefix("@") for name in providers), REMOTE))
        self.caller = Caller("library", "default", integrations=slugs)
        for name in (*(providers or ()), *config.fallback_providers, config.default_provider):
            if name is not None:
                self.check_provider(name)
        # What is in memory is shared by all loops; what is not is opened with each.
        in_memory = config.cache_url == config.usage_url == _MEMORY
        state = _in_memory() if in_memory else None
        mock = MockTransport(_script(config), silence=config.timeout)
        self.gateways = PerLoop(partial(_lifetime, config, self.setup, state, mock, dict(transports or {})))

    def check_provider(self, name: str) -> None:
        """Raises LLMGatewayProviderError for a provider that nobody knows, or that this client may not use."""
        if name.removeprefix("@") not in self.setup.integrations:
            raise LLMGatewayProviderError(f"unknown provider {name!r}: it is in no catalogue and no settings")
        allowed = self.caller.integrations
        if allowed is not None and name.removeprefix("@") not in allowed:
            raise LLMGatewayProviderError(f"{name} is not among the client's providers")

    async def handle(self, call: Call) -> Reply:
        """The reply to `call`, whatever happens to it. Raises LLMGatewayConfigurationError where no store opens."""
        return await (await self.gateways.get()).handle(call)

    async def close(self) -> None:
        """Closes what the running loop has opened. The next call opens it anew."""
        await self.gateways.close()


async def _lifetime(
    config: LLMGatewayConfig, setup: Setup, shared: State | None, mock: Transport, given: Mapping[str, Transport]
) -> AsyncGenerator[Gateway, None]:
    """The gateway of one loop, as PerLoop wants it."""
    http = HttpTransport(silence=config.timeout)
    state, gateway = shared, None
    try:
        await asyncio.to_thread(pricing.warm)
        if state is None:
            state = await open_state(config.cache_url, usage_url=config.usage_url)
        transports: dict[str, Transport] = {"openai": http, "anthropic": http, "mock": mock}
        gateway = assemble(setup, state, {**transports, **given})
        yield gateway
    except StateError as error:
        raise LLMGatewayConfigurationError(str(error)) from error
    finally:
        if gateway is not None:
            await gateway.aclose()
        await http.close()
        if state is not None and state is not shared and not await state.aclose():
            log.error("usage could not be written: %s", "; ".join(state.degraded()))


def _in_memory() -> State:
    return State(MemoryCache(), MemoryLimiter(), MemoryBreaker(), MemorySpend(), MemoryUsage())


def _setup(config: LLMGatewayConfig) -> Setup:
    try:
        settings = load(config.gateway_file) if config.gateway_file else Settings()
        changes: dict[str, object] = {"prices": {**settings.prices, **config.prices}}
        if config.mock:
            changes["mock"] = True
        if config.embedding_model:
            semantic = SemanticTable(model=config.embedding_model)
            changes["state"] = settings.state.model_copy(update={"semantic": semantic})
        if config.base_url:
            remote = {REMOTE: ProviderTable(base_url=_with_version(config.base_url))}
            changes["providers"] = {**settings.providers, **remote}
            changes["integrations"] = {**settings.integrations, REMOTE: IntegrationTable(provider=REMOTE)}
        settings = settings.model_copy(update=changes)
        setup = prepare(settings)
    except SettingsError as error:
        raise LLMGatewayConfigurationError(str(error)) from error
    keys = config.keys()
    for name in keys:
        if name not in setup.providers:
            raise LLMGatewayConfigurationError(f"provider_keys: there is no provider {name}")
    own = {setup.providers[name].name: key for name, key in keys.items()}
    if config.base_url and config.api_key:
        own[REMOTE] = config.api_key.get_secret_value()
    integrations = {
        slug: _ready(slug, integration, own, slug in settings.integrations and slug != REMOTE, bool(config.mock))
        for slug, integration in setup.integrations.items()
    }
    return replace(setup, integrations=integrations)


def _ready(slug: str, integration: Integration, keys: Mapping[str, str], has_own: bool, mock: bool) -> Integration:
    """The integration with the key that was given, and in mock mode with an address that scripts can tell apart."""
    if mock:
        return replace(integration, provider=replace(integration.provider, base_url=f"mock:{slug}"))
    if slug == REMOTE:  # whoever answers there, the model tells the price
        integration = replace(integration, provider=replace(integration.provider, prices="*"))
    key = keys.get(integration.provider.name)
    return replace(integration, key=key) if key and not has_own else integration


def _with_version(url: str) -> str:
    scheme, _, rest = url.rstrip("/").partition("://")
    return f"{scheme}://{rest}" if "/" in rest else f"{scheme}://{rest}/v1"


def _script(config: LLMGatewayConfig) -> Script | None:
    if not isinstance(config.mock, str):
        return config.mock if callable(config.mock) else None
    try:
        found: Script = pkgutil.resolve_name(config.mock)
        return found
    except (ImportError, AttributeError, ValueError) as error:
        raise LLMGatewayConfigurationError(f"mock: {config.mock} cannot be loaded: {error}") from error
