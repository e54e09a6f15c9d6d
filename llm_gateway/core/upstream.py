"""The edge to the providers: one pooled HTTP client, which follows no redirect and keeps request-given hosts public."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp

from llm_gateway.core.errors import HostRefused, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from llm_gateway.core.types import Incoming, Outgoing

MAX_REPLY = 64 * 1024 * 1024  # bytes of a reply that has to be held whole
_AT_ONCE = 512 * 1024  # bytes of a body that is sent in one go
_CONNECT = 10.0  # seconds to open a connection
_SILENCE = 600.0  # seconds without a byte after which a reply counts as stalled; OpenAI's client waits as long
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class HttpTransport:
    """Sends requests over pooled connections. Must be made, used and closed in one event loop."""

    def __init__(self, silence: float = _SILENCE) -> None:
        self._silence = silence
        self._trusted: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    async def send(self, outgoing: Outgoing) -> Incoming:
        """The answer, once its headers are there.

        Raises UpstreamTimeout after `outgoing.timeout`, UpstreamUnreachable without a connection, HostRefused for a
        host that a request may not name.
        """
        session = self._session(outgoing.public_only)
        try:
            if outgoing.timeout is None:
                return _Answer(await self._request(session, outgoing))
            async with asyncio.timeout(outgoing.timeout):
                return _Answer(await self._request(session, outgoing))
        except TimeoutError as error:
            if outgoing.timeout is None or isinstance(error, aiohttp.ServerTimeoutError):
                raise UpstreamTimeout("The provider did not answer in time") from error
            limit = round(outgoing.timeout * 1000)
            raise UpstreamTimeout(f"Request exceeded the timeout sent in the request: {limit}ms") from error
        except ValueError as error:  # among them aiohttp's InvalidURL, and a control character in a header
            if outgoing.public_only:
                raise HostRefused("custom_host takes an http:// or https:// URL") from error
            raise UpstreamUnreachable("The request cannot be sent: its address or a header is malformed") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachable(f"The provider cannot be reached: {_reason(error)}") from error

    async def close(self) -> None:
        """Closes every connection."""
        for session in (self._trusted, self._guarded):
            if session is not None:
                await session.close()
        self._trusted = self._guarded = None

    async def _request(self, session: aiohttp.ClientSession, outgoing: Outgoing) -> aiohttp.ClientResponse:
        body = outgoing.body
        data = io.BytesIO(body) if len(body) > _AT_ONCE else body or None  # larger ones are written piece by piece
        return await session.request(
            outgoing.method, outgoing.url, headers=outgoing.headers, data=data, allow_redirects=False
        )

    def _session(self, public_only: bool) -> aiohttp.ClientSession:
        if public_only:
            if self._guarded is None:
                self._guarded = self._new_session(_public_socket)
            return self._guarded
        if self._trusted is None:
            self._trusted = self._new_session(None)
        return self._trusted

    def _new_session(self, socket_factory: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, socket_factory=socket_factory)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=self._silence)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "llm-gateway", "accept-encoding": "identity"},
        )


class _Answer:
    """aiohttp's response as an Incoming."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def read(self) -> bytes:
        """The whole body. Raises UpstreamError when it breaks off or exceeds MAX_REPLY."""
        content = self._response.content
        try:
            pieces, size = [], 0
            while piece := await content.readany():
                size += len(piece)
                if size > MAX_REPLY:
                    raise UpstreamError(f"The provider's reply exceeds {MAX_REPLY} bytes")
                pieces.append(piece)
        except TimeoutError as error:
            raise UpstreamTimeout("The provider's reply stalled") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachable(f"The provider's reply broke off: {_reason(error)}") from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises UpstreamError when it breaks off."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except TimeoutError as error:
            raise UpstreamTimeout("The provider's reply stalled") from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamUnreachable(f"The provider's reply broke off: {_reason(error)}") from error

    def close(self) -> None:
        """Gives the connection back, or cuts it when the body was not read to its end."""
        self._response.close()


def _public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that a request's `custom_host` may lead to; checked after the name is resolved."""
    family, kind, protocol, _, place = address
    if not _is_public(ipaddress.ip_address(place[0].partition("%")[0])):
        raise HostRefused("custom_host leads to a private address; allow it in [server] allow_hosts")
    return socket.socket(family, kind, protocol)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is of the public internet, and holds no IPv4 address that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return _is_public(address.ipv4_mapped)
        if address.sixtofour or address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _reason(error: BaseException) -> str:
    """Why, without the address: replies must not tell the inside of a network."""
    cause = error.__cause__ or error
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)  # below 0 they are the resolver's
    return type(error).__name__
