"""Asks one provider after the other until one answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from llm_gateway import routes
from llm_gateway.client import LLMGatewayClient, Route
from llm_gateway.core.types import Retry
from llm_gateway.cost_tracker import CostTracker
from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayProviderError
from llm_gateway.models import LLMRequest, LLMResponse
from llm_gateway.registry import ProviderRegistry, ProviderSelectionCriteria

__all__ = ["FailoverConfig", "FailoverManager", "HealthMonitor"]


@dataclass
class FailoverConfig:
    """Whom to ask first, and whom then. `models` names what a provider is asked for in place of another's model."""

    primary_provider: str = "openai"
    fallback_providers: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)

    @property
    def order(self) -> list[str]:
        """All providers, each once."""
        return list(dict.fromkeys((self.primary_provider, *self.fallback_providers)))


class HealthMonitor(Protocol):
    """What knows whether a provider is up."""

    def is_provider_available(self, provider_id: str) -> bool:
        """Whether it is worth asking."""


class FailoverManager:
    """Sends a request to the primary provider and, as long as none answers, to each fallback; none is retried.

    It takes `config=FailoverConfig(…)`, or `primary=` and `fallbacks=`, or AgentCore's `client, registry,
    health_monitor`, where the registry chooses. A provider that does not have the model asked for is asked for the one
    in its place: `models`, `default_models` of the settings, or a small model of the provider. Without a `client` it
    has its own, from the environment. Raises LLMGatewayProviderError for a provider that nobody knows.
    """

    def __init__(
        self,
        client: LLMGatewayClient | FailoverConfig | None = None,
        registry: ProviderRegistry | None = None,
        health_monitor: HealthMonitor | None = None,
        cost_tracker: CostTracker | None = None,
        max_failover_attempts: int = 3,
        *,
        config: FailoverConfig | None = None,
        primary: str | None = None,
        fallbacks: Sequence[str] | None = None,
        models: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(client, FailoverConfig):
            client, config = None, client
        if config is not None and (primary is not None or fallbacks is not None):
            raise LLMGatewayConfigurationError("FailoverManager takes config, or primary and fallbacks, not both")
        if config is None and (primary is not None or fallbacks is not None or registry is None):
            config = FailoverConfig(primary or "openai", list(fallbacks or ()))
        self.config = config
        self.registry = registry
        self.health_monitor = health_monitor
        self.cost_tracker = cost_tracker
        self.max_failover_attempts = max_failover_attempts
        self.client = client or LLMGatewayClient()
        self._models = {**self.client.config.default_models, **(config.models if config else {}), **(models or {})}
        for name in config.order if config else ():
            self.client.engine.check_provider(name)

    async def execute_with_fallback(self, prompt: str | None = None, model: str | None = None, **params: Any) -> str:
        """The text of the first answer. `params` as for `LLMGatewayClient.complete`. Raises LLMGatewayError."""
        response = await self.execute_with_failover(self.client.request(prompt=prompt, model=model, **params))
        return response.text

    async def execute_with_failover(
        self, request: LLMRequest, criteria: ProviderSelectionCriteria | None = None
    ) -> LLMResponse:
        """The first answer; its `provider` and `model` say whose. Raises the last provider's LLMGatewayError."""
        order = [name for name in self._order(request, criteria) if self._is_available(name)]
        if not order:
            raise LLMGatewayProviderError("no provider is available")
        return await self._execute(request, order)

    async def execute_with_specific_provider(self, request: LLMRequest, provider_id: str) -> LLMResponse:
        """That provider's answer. Raises LLMGatewayError."""
        self.client.engine.check_provider(provider_id)
        return await self._execute(request, [provider_id])

    def get_available_providers_count(self) -> int:
        """How many providers may be asked."""
        names = self.config.order if self.config else self.registry.list_providers() if self.registry else ()
        return sum(self._is_available(name) for name in names)

    async def close(self) -> None:
        """Closes the client's connections."""
        await self.client.close()

    async def _execute(self, request: LLMRequest, order: Sequence[str]) -> LLMResponse:
        client = self.client
        leaf = replace(routes.leaf_of(client.config), retry=Retry())
        target = routes.over(order, request.model, client.engine.setup, leaf, self._models)
        response = await client.ask(request, Route(target))
        if self.cost_tracker is not None and self.cost_tracker is not client.cost_tracker:
            self.cost_tracker.record_response(response, request.context)
        return response

    def _order(self, request: LLMRequest, criteria: ProviderSelectionCriteria | None) -> list[str]:
        if self.registry is None or (criteria is None and self.config is not None):
            assert self.config is not None
            return self.config.order
        if criteria is None and request.model_requirements is not None:
            criteria = ProviderSelectionCriteria(preferred_providers=request.model_requirements.preferred_providers)
        chosen = self.registry.select_provider(criteria)
        found = [chosen.provider, *chosen.fallback_providers][: self.max_failover_attempts]
        self._models |= {each.provider_id: each.model for each in found if each.model}
        return [each.provider_id for each in found]

    def _is_available(self, name: str) -> bool:
        return self.health_monitor is None or self.health_monitor.is_provider_available(name)
