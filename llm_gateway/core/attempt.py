"""One target's turn: where it goes, what the cache has, what the limits say, and the tries until it answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from llm_gateway.core import outgoing, params
from llm_gateway.core.admission import Admission, Ticket
from llm_gateway.core.answer import Reader
from llm_gateway.core.caching import Caching, Lookup, without_cost
from llm_gateway.core.destination import resolve
from llm_gateway.core.errors import UpstreamError
from llm_gateway.core.outcome import Outcome
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Call, Outgoing, Retry, Target, Transport
from llm_gateway.pricing import Prices
from llm_gateway.providers.exchange import exchange_for

_BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0)
_LONGEST_WAIT = 60.0  # seconds of Retry-After, one or all together, beyond which waiting makes no sense
_WAITS = (("retry-after-ms", 1000.0), ("x-ms-retry-after-ms", 1000.0), ("retry-after", 1.0))


@dataclass(frozen=True)
class Attempts:
    """What every turn needs. `transports` are by dialect, and `sleep` takes seconds."""

    setup: Setup
    transports: Mapping[str, Transport]
    caching: Caching
    admission: Admission
    prices: Prices
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def run(self, target: Target, call: Call, ticket: Ticket) -> Outcome:
        """The outcome of the turn of the leaf `target`. Raises GatewayError for what is no upstream's fault."""
        body = params.applied(call.body, target)
        destination = resolve(target, call, body, self.setup)
        exchange = exchange_for(call.endpoint, destination.provider)
        lookup = await self.caching.look_up(target, call, body, destination)
        if lookup.found is not None:
            outcome = _cached(lookup)
        else:
            provider, model = destination.provider, destination.model or ""

            def priced(usage: JSON) -> float | None:
                cost = self.prices.cost(provider, model, usage)
                return None if cost is None else round(cost, 12)

            request, warnings = outgoing.build(call, target, body, destination, exchange)
            await self.admission.check_budget(call.caller)
            headers = await self.admission.admit(call, destination.integration, ticket)
            reader = Reader(exchange, body, provider.name, priced)
            outcome = await self._tries(self.transports[provider.dialect], request, reader, target.retry)
            outcome.headers.update(headers)
            outcome.warnings = tuple(warnings)
            if lookup.key is not None and outcome.status == 200:
                await self._keep(lookup, outcome)
        outcome.cache = lookup.status
        outcome.path = target.path
        outcome.provider = destination.provider.name
        outcome.model = outcome.model or destination.model or ""
        if warning := self.caching.warning(target.cache):
            outcome.warnings = (*outcome.warnings, warning)
        return outcome

    async def _tries(self, transport: Transport, request: Outgoing, reader: Reader, retry: Retry) -> Outcome:
        waited = 0.0
        for number in range(retry.attempts + 1):
            try:
                outcome = await reader.read(await transport.send(request))
            except UpstreamError as error:
                outcome = reader.failed(error)
            outcome.sent = number + 1
            if not retry.attempts or outcome.status not in retry.on_status_codes:
                outcome.retries = number
                break
            outcome.retries = -1
            wait = _asked_wait(retry, outcome)
            waited += wait or 0.0
            if number == retry.attempts or (wait is not None and (wait >= _LONGEST_WAIT or waited > _LONGEST_WAIT)):
                break
            await outcome.discard()
            await self.sleep(_BACKOFF[number] if wait is None else wait)
        return outcome

    async def _keep(self, lookup: Lookup, outcome: Outcome) -> None:
        if isinstance(outcome.body, bytes):
            await self.caching.keep(lookup, outcome.content_type, outcome.body)
        else:
            outcome.body = self.caching.recorded(lookup, outcome, outcome.body)


def _cached(lookup: Lookup) -> Outcome:
    assert lookup.found is not None
    return Outcome(200, without_cost(lookup.found, lookup.content_type), lookup.content_type, cost=0.0)


def _asked_wait(retry: Retry, outcome: Outcome) -> float | None:
    """The seconds that a 429 asks for; None where it does not or is not to be heeded."""
    if not retry.use_retry_after or outcome.status != 429:
        return None
    for name, divisor in _WAITS:
        try:
            wait = float(outcome.headers[name]) / divisor
        except (KeyError, ValueError):
            continue
        if math.isfinite(wait) and wait >= 0:
            return wait
    return None
