"""Which providers a client's request is sent to, and with which model: settings turned into a target of the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llm_gateway.config import LLMGatewayConfig
from llm_gateway.core.errors import GatewayError
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import CachePolicy, Retry, Target
from llm_gateway.engine import REMOTE
from llm_gateway.exceptions import LLMGatewayProviderError
from llm_gateway.routing import model_ids

# What a provider is asked for in place of another provider's model, unless the settings say so.
STAND_INS = {"anthropic": "claude-haiku-4-5", "google": "gemini-2.5-flash", "openai": "gpt-5-mini"}

_AGGREGATOR = "openrouter"  # which has the models of all, named provider/model


def plan(
    model: str, setup: Setup, config: LLMGatewayConfig, allowed: Sequence[str] | None, provider: str | None = None
) -> Target:
    """The target of a request for `model`: `provider` if one is named, else the model's own, else the default one.

    With failover, the other providers that are allowed follow, or else the fallback providers of the settings. Raises
    LLMGatewayProviderError where none that is allowed has the model.
    """
    leaf = leaf_of(config)
    if provider is None and config.base_url:
        slug = f"@{config.virtual_key.get_secret_value()}/" if config.virtual_key else ""
        return replace(leaf, override_params={"model": f"@{REMOTE}/{slug}{model}"})
    if provider is None and config.virtual_key:
        return replace(leaf, virtual_key=config.virtual_key.get_secret_value())
    first = provider or _own(model, setup, allowed) or config.default_provider or (allowed[0] if allowed else None)
    rest = (allowed or config.fallback_providers) if config.failover_enabled else ()
    if first is None:
        return leaf
    order = [first, *(name for name in rest if name != first)]
    return over(order, model, setup, leaf, config.default_models)


def over(order: Sequence[str], model: str, setup: Setup, leaf: Target, models: Mapping[str, str]) -> Target:
    """`leaf` at each provider of `order`, one after the other until one answers."""
    targets = tuple(
        replace(
            leaf,
            path=f"config.targets[{index}]" if len(order) > 1 else "config",
            provider=name,
            override_params={"model": model_at(name, model, setup, models)},
        )
        for index, name in enumerate(order)
    )
    return targets[0] if len(targets) == 1 else Target(mode="fallback", targets=targets)


def leaf_of(config: LLMGatewayConfig) -> Target:
    """What the settings say of every request."""
    cache = None
    if config.cache_enabled and config.cache_ttl_seconds:
        mode = "semantic" if config.cache_mode == "semantic" else "simple"
        cache = CachePolicy(mode, config.cache_ttl_seconds)  # type: ignore[arg-type]
    retry = Retry(config.max_retries, use_retry_after=True)
    return Target(retry=retry, cache=cache, request_timeout=max(1, round(config.timeout * 1000)))


def model_at(provider: str, model: str, setup: Setup, models: Mapping[str, str]) -> str:
    """The model to ask `provider` for: `model` where it is its own or nobody's, else what stands in for it."""
    own, bare = owner(model, setup)
    if own is None or _same(own, provider, setup):
        return bare
    if _kind(provider, setup) == _AGGREGATOR:
        return f"{own}/{bare}"
    return models.get(provider) or STAND_INS.get(_kind(provider, setup)) or bare


def owner(model: str, setup: Setup) -> tuple[str | None, str]:
    """Whose model it is, as far as its name tells, and the model's name without its provider's."""
    try:
        route = model_ids.split(setup.aliases.get(model, model), setup.providers, setup.integrations, setup.models)
    except GatewayError:  # a slug that is not known; the core says so in its reply
        return None, model
    slug = route.integration_slug
    return ("@" + slug if slug else route.provider), route.model or model


def _own(model: str, setup: Setup, allowed: Sequence[str] | None) -> str | None:
    """The provider of the model, under the name by which it is allowed; None where the model's name does not tell."""
    own, _ = owner(model, setup)
    if own is None or allowed is None:
        return own
    found = [name for name in allowed if _same(name, own, setup)]
    found += [name for name in allowed if _kind(name, setup) not in STAND_INS]  # they may have anybody's models
    if not found:
        raise LLMGatewayProviderError(f"{model} is a model of {own}, which is not among the client's providers")
    return found[0]


def _same(first: str, second: str, setup: Setup) -> bool:
    return first == second or _kind(first, setup) == _kind(second, setup)


def _kind(name: str, setup: Setup) -> str:
    integration = setup.integrations.get(name.removeprefix("@"))
    return integration.provider.name if integration else name
