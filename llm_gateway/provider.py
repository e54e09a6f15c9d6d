"""The registry under the name that guides import it by."""

from llm_gateway.registry import (
    ProviderConfiguration,
    ProviderName,
    ProviderPricing,
    ProviderRegistry,
    ProviderSelectionCriteria,
    ProviderSelectionResult,
    get_provider_registry,
)

__all__ = [
    "ProviderConfiguration",
    "ProviderName",
    "ProviderPricing",
    "ProviderRegistry",
    "ProviderSelectionCriteria",
    "ProviderSelectionResult",
    "get_provider_registry",
]
