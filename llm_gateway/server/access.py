"""Who may ask what: the key a client shows, and what keeps web pages of others away from an open gateway."""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache

from llm_gateway.core.errors import Forbidden
from llm_gateway.core.setup import Setup
from llm_gateway.core.types import Caller


def admitted(setup: Setup, headers: Mapping[str, str]) -> Caller:
    """Who calls. Raises InvalidKey, and Forbidden for what a browser sends on behalf of another site."""
    if setup.is_open and (headers.get("sec-fetch-site") == "cross-site" or not _is_local(headers.get("host", ""))):
        # A page on the web could otherwise use the gateway of whoever looks at it, also by a name that it makes
        # resolve to this machine.
        raise Forbidden("An open gateway answers to localhost only; make a key with `llm-gateway keys new`")
    return setup.caller(credential(headers))


def credential(headers: Mapping[str, str]) -> str | None:
    """The gateway key, as each family of clients shows it; browsers show it as a password."""
    for name in ("x-portkey-api-key", "x-api-key", "api-key"):
        if name in headers:
            return headers[name]
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return shown.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(shown, validate=True).decode("utf-8", "replace").partition(":")[2]
        except ValueError:
            return None
    return None


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address without a port, is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _is_local(host: str) -> bool:
    """Whether a Host header names this machine; a client that sends none is no browser."""
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    return not host or is_loopback(name)
