"""Puts a gateway together: settings and stores in, something that answers calls out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from llm_gateway.core.admission import Admission
from llm_gateway.core.attempt import Attempts
from llm_gateway.core.caching import Caching
from llm_gateway.core.errors import GatewayError
from llm_gateway.core.gateway import Gateway
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import Call, Reply, Target, Transport, Usage
from llm_gateway.pricing import Prices
from llm_gateway.state.semantic import SemanticCache
from llm_gateway.state.tables import State


def assemble(
    setup: Setup,
    state: State,
    transports: Mapping[str, Transport],
    observers: Sequence[Callable[[Usage], object]] = (),
    before: Gateway | None = None,
) -> Gateway:
    """A gateway for this setup. From the one `before` it takes over what has been learnt about meanings."""
    settings = setup.settings
    semantic = None
    if asked := settings.state.semantic:
        embedder = _Embedder(asked.model)
        if before is not None and before.setup.settings.state.semantic == asked:
            semantic = before.attempts.caching.semantic
        semantic = semantic or SemanticCache(embedder, asked.threshold)
    gateway = Gateway(
        setup,
        Attempts(
            setup,
            transports,
            Caching(state.cache, semantic),
            Admission(state.limiter, state.spend, setup.projects),
            Prices({name: (table.input, table.output) for name, table in settings.prices.items()}),
        ),
        state.breaker,
        (state.usage.add, *observers),
    )
    if asked and semantic is not None:
        embedder.handle = gateway.handle
        semantic.embed = embedder  # with the keys of this setup
    return gateway


class _Embedder:
    """Embeds text by way of the gateway's own embeddings route, so that it costs and counts as any other call."""

    handle: Callable[[Call], Awaitable[Reply]]

    def __init__(self, model: str) -> None:
        self._model = model

    async def __call__(self, text: str) -> list[float]:
        """The vector. Raises GatewayError where the provider has none."""
        reply = await self.handle(Call("embeddings", {"model": self._model, "input": text}, config=Target()))
        if not isinstance(reply.body, bytes):
            await reply.body.aclose()
            raise GatewayError("the provider answered with a stream")
        data = orjson.loads(reply.body)
        if reply.status != 200:
            raise GatewayError(data.get("error", {}).get("message", "the embedding failed"))
        vector: list[float] = data["data"][0]["embedding"]
        return vector
