"""Where a request goes: provider, key, model and address, from the target, the headers and the model's name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from llm_gateway.core.errors import InvalidConfig, NotAllowed, UpstreamError
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import JSON, Call, Integration, Provider, Target
from llm_gateway.routing import model_ids

_PLACEHOLDER = "OPENAI_API_KEY"  # what Portkey's SDK sends as its bearer: the name itself, not a key
_UNROUTED = (
    "No provider is known for {}: Either x-portkey-config or x-portkey-provider header is required, or a model such as "
    "openai/gpt-5-mini or @slug/model"
)


@dataclass(frozen=True, slots=True)
class Destination:
    """An address and what to show there. `key` only ever belongs to this provider or came with this request."""

    provider: Provider
    model: str | None
    base_url: str
    key: str | None = field(repr=False)
    integration: Integration | None = None  # whose key it is; None: the request brought its own
    public_only: bool = False


class _MissingKey(UpstreamError):
    """No key for a provider: a fallback goes on, as it would after the provider's own 401."""

    status = 401
    kind = "authentication_error"

    def __init__(self, provider: str, how: str) -> None:
        super().__init__(f"No key for provider {provider}: {how}")
        self.provider = provider


def resolve(target: Target, call: Call, body: JSON, setup: Setup) -> Destination:
    """Where the request of a leaf goes, by the precedence of Portkey: target, then headers, then the model's name.

    Raises InvalidConfig, NotAllowed, and an UpstreamError of status 401 where no key is configured.
    """
    model = body.get("model")
    if not isinstance(model, str) or model == model_ids.NO_MODEL:
        model = _asked_in_query(call.query)
    model = setup.aliases.get(model, model) if model else None
    slug_in_model, rest = _slug_of(model)
    if slug_in_model:
        model = rest
    slug, brought = _named(target, call, setup, slug_in_model)
    if slug is None:
        route = model_ids.split(model or "", setup.providers, setup.integrations, setup.models)
        slug, model = route.provider or ("mock" if setup.settings.mock else None), route.model or None
        if slug is None:
            raise InvalidConfig(_UNROUTED.format(f"the model {model}" if model else "a request without a model"))
    integration = setup.integration(slug)
    provider = integration.provider
    host = call.headers.get("x-portkey-custom-host") or target.custom_host
    if host and provider.dialect != "mock":
        # Neither a key nor anything else of ours goes to an address that a request names.
        provider = replace(provider, own_headers={}, query="")
        return Destination(provider, model, host.rstrip("/"), brought, None, _authority(host) not in setup.allow_hosts)
    if brought:
        return Destination(provider, model, provider.base_url, brought)
    _check_allowed(call, integration, model)
    if integration.key is None and provider.needs_key and provider.auth != "none":
        how = f"set {provider.key_env[0]}" if provider.key_env else f"give integrations.{integration.slug} a key"
        raise _MissingKey(provider.name, how)
    return Destination(provider, model, provider.base_url, integration.key, integration)


def _named(target: Target, call: Call, setup: Setup, slug_in_model: str | None) -> tuple[str | None, str | None]:
    """The integration, or provider, that is named, and the key that came with the name."""
    provider, headers = target.provider, call.headers
    if provider and provider[0] == "@":
        return provider[1:], target.api_key
    if target.virtual_key or provider:
        return target.virtual_key or provider, target.api_key
    if slug_in_model and "model" in target.override_params:
        return slug_in_model, None
    provider = headers.get("x-portkey-provider")
    if provider and provider[0] == "@":
        return provider[1:], None
    if virtual_key := headers.get("x-portkey-virtual-key"):
        return virtual_key, None
    if provider:
        return provider, _bearer(call, setup)
    return slug_in_model, None


def _check_allowed(call: Call, integration: Integration, model: str | None) -> None:
    allowed = call.caller.integrations
    if allowed is not None and integration.slug not in allowed:
        raise NotAllowed(f"The key {call.caller.key} may not use {integration.slug}")
    if integration.models is not None and model is not None and model not in integration.models:
        raise NotAllowed(f"{integration.slug} does not serve the model {model}")


def _slug_of(model: str | None) -> tuple[str | None, str | None]:
    """The slug and the rest of `@slug/model`. Cloudflare's and Hugging Face's own ids begin with an @ as well."""
    if not model or model[0] != "@" or model.startswith(model_ids.NOT_SLUGS):
        return None, None
    slug, _, rest = model[1:].partition("/")
    return slug, rest or None


def _bearer(call: Call, setup: Setup) -> str | None:
    """The provider's key that came as the bearer, unless it is the gateway's own key or a placeholder."""
    gateway_key = call.headers.get("x-portkey-api-key")
    if not setup.is_open and gateway_key is None:
        return None
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    bearer = bearer.strip()
    if scheme.lower() != "bearer" or not bearer or bearer in (_PLACEHOLDER, gateway_key) or setup.issued(bearer):
        return None
    return bearer


def _asked_in_query(query: str) -> str | None:
    return parse_qs(query).get("model", [None])[0] if "model=" in query else None


def _authority(host: str) -> str:
    """`host:port` of a URL. Raises InvalidConfig for what is no http(s) URL."""
    try:
        parts = urlsplit(host)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise InvalidConfig("custom_host takes an http:// or https:// URL") from error
    if not parts.hostname or parts.username:
        raise InvalidConfig("custom_host takes an http:// or https:// URL without a user name")
    return f"[{parts.hostname}]:{port}" if ":" in parts.hostname else f"{parts.hostname}:{port}"
