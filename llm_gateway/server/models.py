"""The list of models: those that the settings name, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from llm_gateway.core.errors import NotFound
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Caller, Reply
from llm_gateway.pricing import described
from llm_gateway.providers.mock import ABILITIES


def listed(setup: Setup, caller: Caller, name: str = "") -> Reply:
    """All models that `caller` may use, or the one called `name`. Raises NotFound."""
    models = [
        {"id": model, "object": "model", "created": 0, "owned_by": owner, **_described(setup, owner, asked)}
        for model, owner, asked in sorted(_known(setup, caller))
    ]
    if not name:
        return _reply({"object": "list", "data": models})
    for model in models:
        if model["id"] == name:
            return _reply(model)
    raise NotFound(f"The model {name} is not known")


def _known(setup: Setup, caller: Caller) -> Iterator[tuple[str, str, str]]:
    """Models by the name they are asked for, each with whose it is and its name there."""
    allowed = setup.integrations.keys() if caller.integrations is None else caller.integrations
    for model, value in setup.settings.models.items():
        owner, _, asked = value.removeprefix("@").partition("/")
        if owner in allowed:
            yield model, owner, asked or model
    for slug, integration in setup.integrations.items():
        if slug in allowed:
            for model in integration.models or ():
                yield f"@{slug}/{model}", integration.provider.name, model


def _described(setup: Setup, owner: str, model: str) -> JSON:
    """Context window, prices and abilities of a model, as far as they are known: the price table has no abilities."""
    integration = setup.integrations.get(owner)
    provider = integration.provider if integration else setup.providers.get(owner)
    if provider is None:
        return {}
    facts = described(provider, model)
    prices = {"pricing": facts["pricing"]} if "pricing" in facts else {}
    mocked = provider.dialect == "mock"
    offer = {"providerId": provider.name, "modelName": model, **prices, **(ABILITIES if mocked else {})}
    return {**facts, **({"structured_outputs": True} if mocked else {}), "providers": [offer]}


def _reply(data: JSON) -> Reply:
    return Reply(200, {"content-type": "application/json"}, orjson.dumps(data))
