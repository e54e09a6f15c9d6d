"""A small LLM gateway: one core, a Python client library and an OpenAI-compatible server.

The names of the library are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_gateway.cache_service import CacheService
    from llm_gateway.client import LLMGatewayClient
    from llm_gateway.config import LLMGatewayConfig
    from llm_gateway.cost_tracker import BudgetConfig, CostTracker
    from llm_gateway.exceptions import (
        LLMGatewayAuthenticationError,
        LLMGatewayBudgetExceededError,
        LLMGatewayConfigurationError,
        LLMGatewayConfigWarning,
        LLMGatewayError,
        LLMGatewayProviderError,
        LLMGatewayRateLimitError,
        LLMGatewayTimeoutError,
        LLMGatewayValidationError,
    )
    from llm_gateway.failover import FailoverConfig, FailoverManager
    from llm_gateway.integrations import LLMGateway
    from llm_gateway.models import (
        LLMGatewayRequest,
        LLMGatewayResponse,
        LLMRequest,
        LLMResponse,
        ModelRequirements,
        Usage,
    )
    from llm_gateway.registry import (
        ProviderConfiguration,
        ProviderPricing,
        ProviderRegistry,
        ProviderSelectionCriteria,
        ProviderSelectionResult,
        get_provider_registry,
    )
    from llm_gateway.sync_client import SyncLLMGatewayClient

__version__ = "0.1.0"

_MODULES = {
    "cache_service": ("CacheService",),
    "client": ("LLMGatewayClient",),
    "config": ("LLMGatewayConfig",),
    "cost_tracker": ("BudgetConfig", "CostTracker"),
    "exceptions": (
        "LLMGatewayAuthenticationError",
        "LLMGatewayBudgetExceededError",
        "LLMGatewayConfigWarning",
        "LLMGatewayConfigurationError",
        "LLMGatewayError",
        "LLMGatewayProviderError",
        "LLMGatewayRateLimitError",
        "LLMGatewayTimeoutError",
        "LLMGatewayValidationError",
    ),
    "failover": ("FailoverConfig", "FailoverManager"),
    "integrations": ("LLMGateway",),
    "models": (
        "LLMGatewayRequest",
        "LLMGatewayResponse",
        "LLMRequest",
        "LLMResponse",
        "ModelRequirements",
        "Usage",
    ),
    "provider": (),
    "registry": (
        "ProviderConfiguration",
        "ProviderPricing",
        "ProviderRegistry",
        "ProviderSelectionCriteria",
        "ProviderSelectionResult",
        "get_provider_registry",
    ),
    "sync_client": ("SyncLLMGatewayClient",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BudgetConfig",
    "CacheService",
    "CostTracker",
    "FailoverConfig",
    "FailoverManager",
    "LLMGateway",
    "LLMGatewayAuthenticationError",
    "LLMGatewayBudgetExceededError",
    "LLMGatewayClient",
    "LLMGatewayConfig",
    "LLMGatewayConfigWarning",
    "LLMGatewayConfigurationError",
    "LLMGatewayError",
    "LLMGatewayProviderError",
    "LLMGatewayRateLimitError",
    "LLMGatewayRequest",
    "LLMGatewayResponse",
    "LLMGatewayTimeoutError",
    "LLMGatewayValidationError",
    "LLMRequest",
    "LLMResponse",
    "ModelRequirements",
    "ProviderConfiguration",
    "ProviderPricing",
    "ProviderRegistry",
    "ProviderSelectionCriteria",
    "ProviderSelectionResult",
    "SyncLLMGatewayClient",
    "Usage",
    "get_provider_registry",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
