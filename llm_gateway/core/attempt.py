"""One target's turn: where it goes, what the cache has, what the limits say, and the tries until it answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from llm_gateway.core import answer, outgoing, params
from llm_gateway.core.admission import Admission
from llm_gateway.core.caching import Caching, Lookup, without_cost
from llm_gateway.core.destination import Destination, resolve
from llm_gateway.core.errors import UpstreamError
from llm_gateway.core.outcome import Outcome
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Call, Retry, Target, Transport
from llm_gateway.pricing import Prices
from llm_gateway.providers.exchange import Exchange, exchange_for

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

    async def run(self, target: Target, call: Call) -> Outcome:
        """The outcome of the turn of the leaf `target`. Raises GatewayError for what is no upstream's fault."""
        body = params.applied(call.body, target)
        destination = resolve(target, call, body, self.setup)
        exchange = exchange_for(call.endpoint, destination.provider)
        lookup = await self.caching.look_up(target.cache, call, body, destination)
        if lookup.found is not None:
            outcome = _cached(lookup)
        else:
            await self.admission.check_budget(call.caller)
            headers: dict[str, str] = {}
            charged = await self.admission.admit(call, destination.integration, headers)
            outcome = await self._tries(target, call, body, destination, exchange)
            outcome.headers.update(headers)
            outcome.charged = charged
            if lookup.key is not None and outcome.status == 200:
                await self._keep(lookup, outcome)
        outcome.cache = lookup.status
        outcome.path = target.path
        outcome.provider = destination.provider.name
        outcome.model = outcome.model or destination.model or ""
        if warning := self.caching.warning(target.cache):
            outcome.warnings = (*outcome.warnings, warning)
        return outcome

    async def _tries(
        self, target: Target, call: Call, body: JSON, destination: Destination, exchange: Exchange
    ) -> Outcome:
        request, warnings = outgoing.build(call, target, body, destination, exchange)
        transport = self.transports[destination.provider.dialect]

        def priced(usage: JSON) -> float | None:
            return self.prices.cost(destination.provider, destination.model or "", usage)

        retry, waited = target.retry, 0.0
        for number in range(retry.attempts + 1):
            try:
                incoming = await transport.send(request)
                outcome = await answer.read(incoming, exchange, body, destination.provider.name, priced)
            except UpstreamError as error:
                outcome = answer.failed(error, exchange)
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
        outcome.warnings = tuple(warnings)
        return outcome

    async def _keep(self, lookup: Lookup, outcome: Outcome) -> None:
        if isinstance(outcome.body, bytes):
            await self.caching.keep(lookup, outcome.content_type, outcome.body)
        else:
            outcome.body = self.caching.recorded(lookup, outcome, outcome.body)


def _cached(lookup: Lookup) -> Outcome:
    assert lookup.found is not None
    return Outcome(200, without_cost(lookup.found), lookup.content_type, cost=0.0)


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
