"""The list of models: those that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from llm_gateway.core.errors import NotFound
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Caller, Reply


def listed(setup: Setup, caller: Caller, name: str = "") -> Reply:
    """All models that `caller` may use, or the one called `name`. Raises NotFound."""
    models = [
        {"id": model, "object": "model", "created": 0, "owned_by": owner}
        for model, owner in sorted(_known(setup, caller))
    ]
    if not name:
        return _reply({"object": "list", "data": models})
    for model in models:
        if model["id"] == name:
            return _reply(model)
    raise NotFound(f"The model {name} is not known")


def _known(setup: Setup, caller: Caller) -> Iterator[tuple[str, str]]:
    allowed = setup.integrations.keys() if caller.integrations is None else caller.integrations
    for model, value in setup.settings.models.items():
        owner = value.partition("/")[0].removeprefix("@")
        if owner in allowed:
            yield model, owner
    for slug, integration in setup.integrations.items():
        if slug in allowed:
            for model in integration.models or ():
                yield f"@{slug}/{model}", integration.provider.name


def _reply(data: JSON) -> Reply:
    return Reply(200, {"content-type": "application/json"}, orjson.dumps(data))
