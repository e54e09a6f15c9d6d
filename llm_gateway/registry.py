"""The providers that requests may go to, and choosing among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, Field, ValidationError

from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayProviderError
from llm_gateway.providers import catalog

__all__ = [
    "ProviderConfiguration",
    "ProviderName",
    "ProviderPricing",
    "ProviderRegistry",
    "ProviderSelectionCriteria",
    "ProviderSelectionResult",
    "get_provider_registry",
]

_DEFAULT = ("openai", "anthropic", "google")
_MOST_FALLBACKS = 3


class ProviderPricing(BaseModel):
    """USD for a thousand tokens."""

    input_token_price: float = Field(ge=0)
    output_token_price: float = Field(ge=0)


class ProviderConfiguration(BaseModel):
    """A provider that may be chosen; the higher `priority` first. `provider_id` is its name in the catalogue."""

    provider_id: str
    enabled: bool = True
    priority: int = 100
    capabilities: set[str] = set()
    tags: list[str] = []
    pricing: ProviderPricing | None = None
    model: str | None = None  # what it is asked for in place of another provider's model


class ProviderSelectionCriteria(BaseModel):
    """What the chosen provider must have; `max_cost_per_1k_tokens` is held against the mean of both prices."""

    required_capabilities: list[str] = []
    preferred_providers: list[str] = []
    excluded_providers: list[str] = []
    tags: list[str] = []
    max_cost_per_1k_tokens: float | None = None


class ProviderSelectionResult(BaseModel):
    """The provider to ask, and up to three to ask after it."""

    provider: ProviderConfiguration
    fallback_providers: list[ProviderConfiguration] = []


class ProviderName(str):
    """A provider's name, with its configuration at hand."""

    config: ProviderConfiguration

    @classmethod
    def of(cls, config: ProviderConfiguration) -> ProviderName:
        """The name of a configured provider."""
        name = cls(config.provider_id)
        name.config = config
        return name

    @property
    def provider_id(self) -> str:
        """The name itself."""
        return str(self)


class ProviderRegistry:
    """Begins with openai, anthropic and google; any other provider of the catalogue can be registered."""

    def __init__(self, providers: Iterable[str | ProviderConfiguration] = _DEFAULT) -> None:
        self._providers: dict[str, ProviderConfiguration] = {}
        self.register_providers(tuple(providers))

    def register_provider(self, provider: str | ProviderConfiguration) -> None:
        """Adds a provider, or puts it in the place of the one with its name. Raises LLMGatewayConfigurationError."""
        config = ProviderConfiguration(provider_id=provider) if isinstance(provider, str) else provider
        if config.provider_id not in catalog.load() and not config.provider_id.startswith("@"):
            raise LLMGatewayConfigurationError(
                f"unknown provider {config.provider_id!r}: name one of the catalogue, or @slug for an integration"
            )
        self._providers[config.provider_id] = config

    def register_providers(self, providers: Sequence[str | ProviderConfiguration]) -> None:
        """Adds several. Raises LLMGatewayConfigurationError."""
        for provider in providers:
            self.register_provider(provider)

    def get_provider(self, provider_id: str) -> ProviderConfiguration | None:
        """The provider of that name."""
        return self._providers.get(provider_id)

    def list_providers(
        self, enabled_only: bool = True, capability: str | None = None, tags: Sequence[str] | None = None
    ) -> list[ProviderName]:
        """The providers' names, in the order they were registered; each has its `config`."""
        return [
            ProviderName.of(config)
            for config in self._providers.values()
            if (config.enabled or not enabled_only)
            and (capability is None or capability in config.capabilities)
            and set(tags or ()) <= set(config.tags)
        ]

    def select_provider(self, criteria: ProviderSelectionCriteria | None = None) -> ProviderSelectionResult:
        """The best provider: a preferred one, else by priority, then as registered. Raises LLMGatewayProviderError."""
        wanted = criteria or ProviderSelectionCriteria()
        fitting = [config for config in self._providers.values() if config.enabled and _fits(config, wanted)]
        if not fitting:
            raise LLMGatewayProviderError("no provider meets the criteria", details=wanted.model_dump())
        preferred = wanted.preferred_providers
        place = {name: index for index, name in enumerate(preferred)}
        fitting.sort(key=lambda config: (place.get(config.provider_id, len(preferred)), -config.priority))
        return ProviderSelectionResult(provider=fitting[0], fallback_providers=fitting[1 : 1 + _MOST_FALLBACKS])

    def load_from_file(self, path: str | Path) -> None:
        """Registers the providers of a JSON file, `{"providers": […]}`. Raises LLMGatewayConfigurationError."""
        try:
            data: Any = orjson.loads(Path(path).read_bytes())
            found = [ProviderConfiguration.model_validate(each) for each in data["providers"]]
        except OSError as error:
            raise LLMGatewayConfigurationError(f"{path}: {error.strerror}") from error
        except (orjson.JSONDecodeError, ValidationError, KeyError, TypeError) as error:
            raise LLMGatewayConfigurationError(f'{path}: no JSON object with "providers": {_line(error)}') from error
        self.register_providers(found)

    def save_to_file(self, path: str | Path) -> None:
        """Writes the providers as `load_from_file` reads them."""
        data = {"providers": [config.model_dump(mode="json") for config in self._providers.values()]}
        Path(path).write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2))

    def get_stats(self) -> dict[str, int]:
        """How many providers there are, and how many are enabled."""
        return {"total_providers": len(self._providers), "enabled_providers": len(self.list_providers())}


@cache
def get_provider_registry() -> ProviderRegistry:
    """The one registry of this process."""
    return ProviderRegistry()


def _fits(config: ProviderConfiguration, wanted: ProviderSelectionCriteria) -> bool:
    pricing, most = config.pricing, wanted.max_cost_per_1k_tokens
    too_dear = (
        pricing is not None and most is not None and (pricing.input_token_price + pricing.output_token_price) / 2 > most
    )
    return (
        set(wanted.required_capabilities) <= config.capabilities
        and set(wanted.tags) <= set(config.tags)
        and config.provider_id not in wanted.excluded_providers
        and not too_dear
    )


def _line(error: Exception) -> str:
    return str(error).splitlines()[0]
