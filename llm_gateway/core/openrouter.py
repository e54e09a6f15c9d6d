"""OpenRouter's way to name fallbacks: `models`, a list in order of preference, and `provider`, whom to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llm_gateway.core.errors import InvalidConfig
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Caller, Target
from llm_gateway.routing import model_ids

_MOST = 20  # targets of one request


def fallbacks(body: JSON, config: Target, setup: Setup) -> tuple[JSON, Target]:
    """The body without `models` and `provider`, and `config` as a fallback over them.

    They stay as they are where the config routes by itself or OpenRouter is whom the request goes to: it knows them.
    Raises InvalidConfig.
    """
    models = [model for model in body["models"] if isinstance(model, str) and model]
    if len(models) != len(body["models"]) or len(models) > _MOST:
        raise InvalidConfig(f"models takes a list of at most {_MOST} model ids")
    first = body.get("model")
    if isinstance(first, str) and first and first not in models:
        models.insert(0, first)
    if config.targets or config.provider or config.virtual_key or not models or _goes_to_openrouter(models[0], setup):
        return body, config
    preferences = body.get("provider")
    order = _order(preferences if isinstance(preferences, Mapping) else {}, setup)
    names = [f"@{provider}/{_bare(model, setup)}" if provider else model for model in models for provider in order]
    targets = tuple(
        replace(config, path=f"config.targets[{index}]", override_params={**config.override_params, "model": name})
        for index, name in enumerate(names[:_MOST])
    )
    rest = {name: value for name, value in body.items() if name not in ("models", "provider")}
    return rest, replace(config, mode="fallback", targets=targets)


def own_route(body: JSON, headers: Mapping[str, str], caller: Caller, setup: Setup) -> Target | None:
    """The way to OpenRouter itself, for what came by its path: there `vendor/model` is an id of its own.

    None where it has no key here, or the request or the settings ask for another way.
    """
    integration = setup.integrations["openrouter"]
    allowed = caller.integrations is None or "openrouter" in caller.integrations
    asks = any(name.startswith("x-portkey-") and name != "x-portkey-api-key" for name in headers)
    slug = str(body.get("model", "")).startswith("@")
    if integration.key is None or not allowed or asks or slug or setup.settings.default_config:
        return None
    return Target(provider="openrouter")


def _order(preferences: Mapping[str, Any], setup: Setup) -> list[str | None]:
    """The providers to ask, in order; None is the model's own."""
    only, order, ignored = (_names(preferences.get(key)) for key in ("only", "order", "ignore"))
    found: list[str | None] = [name for name in order or only if name in setup.providers and name not in ignored]
    if not order and not only:
        return [None]
    if preferences.get("allow_fallbacks", True) is not False and not only:
        found.append(None)
    if not found:
        raise InvalidConfig("provider.order and provider.only name no provider that this gateway knows")
    return found


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _bare(model: str, setup: Setup) -> str:
    """A model's id without the provider's name in front."""
    return model_ids.split(model, setup.providers, setup.integrations, setup.models).model or model


def _goes_to_openrouter(model: str, setup: Setup) -> bool:
    route = model_ids.split(model, setup.providers, setup.integrations, setup.models)
    slug = route.integration_slug or route.provider
    integration = setup.integrations.get(slug) if slug else None
    return integration is not None and integration.provider.name == "openrouter"
