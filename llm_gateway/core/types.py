"""The words that both faces and every part of the gateway share: a call, its caller, a target, a provider, a reply."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JSON = dict[str, Any]

Dialect = Literal["openai", "anthropic", "mock"]
Mode = Literal["single", "fallback", "loadbalance", "conditional"]
CacheStatus = Literal["DISABLED", "HIT", "MISS", "SEMANTIC HIT", "SEMANTIC MISS", "REFRESH"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `value` requests or tokens in `seconds`."""

    kind: Literal["requests", "tokens"]
    value: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `usd` in a period; "total" never starts anew. Periods are those of the UTC calendar."""

    usd: float
    period: Literal["day", "month", "total"] = "month"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a gateway key and its project. An open gateway knows one caller, `ANYONE`."""

    key: str
    project: str
    limits: tuple[Limit, ...] = ()
    budget: Budget | None = None
    integrations: frozenset[str] | None = None  # the slugs it may use; None is all


ANYONE = Caller("anyone", "default")


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of upstream. `base_url` ends before the endpoint, so that `{base_url}/chat/completions` is the route."""

    name: str
    base_url: str
    dialect: Dialect = "openai"
    auth: Literal["bearer", "api-key", "x-api-key", "none"] = "bearer"
    key_env: tuple[str, ...] = ()
    needs_key: bool = True
    prices: str = ""  # the provider's id in the price table, where it is not its name
    headers: Mapping[str, str] = field(default_factory=dict)
    own_headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # for no address but `base_url`
    query: str = ""  # appended to each URL, say "api-version=2025-04-01-preview"


@dataclass(frozen=True, slots=True)
class Integration:
    """A provider with a key: what `@slug/model` and virtual keys name. `key` is a secret: it has no place in a log."""

    slug: str
    provider: Provider
    key: str | None = field(repr=False)
    models: frozenset[str] | None = None  # the models it may serve; None is all
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed upstream request is tried again: after 1, 2, 4, 8, 16 seconds, at most 5 times."""

    attempts: int = 0
    on_status_codes: frozenset[int] = frozenset({429, 500, 502, 503, 504})
    use_retry_after: bool = False


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """`max_age` in seconds; None leaves it to the request's Cache-Control and then to the default of seven days."""

    mode: Literal["simple", "semantic"]
    max_age: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Where `query` is true the target named `then` is taken."""

    query: Mapping[str, Any]
    then: str


@dataclass(frozen=True, slots=True)
class Sticky:
    """Load balancing that keeps a caller (or equal values of `hash_fields`) on one target for `ttl` seconds."""

    hash_fields: tuple[str, ...] = ()
    ttl: float = 300.0


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a target is left alone: after `failures`, or a share of them, until `cooldown` seconds after the first."""

    failures: int | None = None
    percentage: float | None = None
    minimum_requests: int = 5
    cooldown: float = 30.0
    on_status_codes: frozenset[int] = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Target:
    """A node of a config, with what it inherits already resolved: a leaf is all one needs to send a request.

    `path` is where it stands, as Portkey writes it: `config`, `config.targets[1].targets[0]`.
    """

    path: str = "config"
    name: str | None = None
    weight: float = 1.0
    mode: Mode = "single"
    targets: tuple[Target, ...] = ()
    on_status_codes: frozenset[int] | None = None  # of a fallback
    conditions: tuple[Condition, ...] = ()
    default: str | None = None
    sticky: Sticky | None = None
    breaker: BreakerPolicy | None = None
    provider: str | None = None  # a provider's name or "@slug"
    virtual_key: str | None = None
    api_key: str | None = field(default=None, repr=False)
    custom_host: str | None = None
    override_params: Mapping[str, Any] = field(default_factory=dict)
    default_params: Mapping[str, Any] = field(default_factory=dict)
    drop_params: tuple[str, ...] = ()
    retry: Retry = Retry()
    cache: CachePolicy | None = None
    request_timeout: int | None = None  # milliseconds, to the reply's headers
    forward_headers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # of the whole config; only the root has them


@dataclass(slots=True)
class Call:
    """One request to the gateway, whichever face it came through.

    `endpoint` is the route below `/v1`, such as `chat/completions`. `headers` have lower-case names. `raw` is the body
    of an upload, a form of the given `content_type`; `body` then holds its text fields, which routing needs.
    """

    endpoint: str
    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    query: str = ""
    raw: bytes | None = None
    content_type: str = "application/json"
    caller: Caller = ANYONE
    config: Target | None = None  # given in process; over HTTP it is in the headers


class Stream(Protocol):
    """A body in pieces, to be iterated once. Its receiver runs it to its end or calls `aclose`, begun or not."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


@dataclass(slots=True)
class Reply:
    """What goes back."""

    status: int
    headers: dict[str, str]
    body: bytes | Stream


class Incoming(Protocol):
    """An upstream's answer whose headers are there. Exactly one of `read` and `chunks` is used, then `close`."""

    status: int
    headers: Mapping[str, str]  # case-insensitive

    async def read(self) -> bytes: ...

    def chunks(self) -> AsyncIterator[bytes]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Outgoing:
    """A request to an upstream. `timeout` is in seconds and ends with the reply's headers."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes
    timeout: float | None = None
    public_only: bool = False  # the host came from a request: refuse private addresses


class Transport(Protocol):
    """Sends a request. Raises errors.UpstreamTimeout and errors.UpstreamUnreachable."""

    async def send(self, outgoing: Outgoing) -> Incoming: ...


@dataclass(slots=True)
class Usage:
    """One finished request, as it is stored. Tokens are the provider's, or `estimated` from lengths; cost in USD."""

    at: float  # Unix time
    request_id: str
    trace_id: str
    key: str
    project: str
    endpoint: str
    provider: str
    model: str
    status: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None  # None: no price is known
    estimated: bool = False
    cache: CacheStatus = "DISABLED"
    seconds: float = 0.0
    first_token: float | None = None  # seconds until the first streamed piece
    attempts: int = 1
    error: str = ""
    metadata: str = ""  # JSON, as it was sent
