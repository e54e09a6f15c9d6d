"""What a URL at an address that is left asks for, and what has become of that at the new one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from migrator.primitives.client import Client, Method
from migrator.sites import Status

_PLAIN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What differs about a URL: the rule that says so, and whether the URL is edited (`review`) or stays (`manual`)."""

    rule: str
    status: Status
    message: str


def address_in(text: str, client: Client) -> str:
    """The old address that a text begins with; "" for none."""
    begun = (a for a in sorted(client.addresses, key=len, reverse=True) if text.startswith(a))
    return next((a for a in begun if not re.match(r"[\w-]|\.\w", text[len(a) :])), "")


def moved(text: str, client: Client, new: str) -> str:
    """The `new` address for a text that is the old one or begins with it; "" for any other."""
    longest = max(client.addresses, key=len)
    for old in sorted(client.addresses, key=len, reverse=True):
        if text == old or text.startswith(f"{old}/"):
            return new.removesuffix(longest[len(old) :]) + text[len(old) :]
    return ""


def left_out(base: str, path: str, client: Client, new: str) -> str:
    """What of the `new` address is left out where a path is resolved against what becomes of a base; "" for nothing.

    A path that begins with a slash takes the place of all of the base's, any other that of its last part.
    """
    here, whole = moved(base, client, new), moved(urljoin(base, path), client, new)
    return urlsplit(new).path.rstrip("/").removesuffix("/v1") if here and whole and urljoin(here, path) != whole else ""


def open_ended(client: Client) -> str:
    """What to see to about an address with paths behind it that are not written down there."""
    return f"what is asked for behind it is not written down here: see that {client.called} serves it"


def elsewhere(texts: Iterable[str], client: Client, new: str) -> str:
    """What to see to where one of the texts is neither the old address nor the `new` one; "" for none.

    It is that of a gateway which the project runs itself.
    """
    own = next((t for t in texts if "://" in t and not address_in(t, client) and not t.startswith(new)), "")
    return f"its address stays {own}: see that this is {client.called}'s" if own else ""


def asked(url: str, client: Client, methods: Iterable[Method]) -> Asked | None:
    """What differs about a URL at the old address; None where nothing does, or what it asks for is put together."""
    address = address_in(url, client)
    path = re.sub(r"[?#].*", "", url[len(address) :], flags=re.DOTALL).strip("/").removeprefix("v1").strip("/")
    wanted, first = path.replace("-", "_").replace("/", "."), path.partition("/")[0]
    if not address or not path:
        return None
    rows = ((n, row) for row in methods if row.of == client.of for n in row.names)
    own = [(len(n), row) for n, row in rows if f"{wanted}.".startswith(f"{n}.")]
    if own:
        row = max(own, key=lambda each: each[0])[1]
        return Asked(row.id, Status(row.status), row.message)
    if not client.served or first in client.served or not _PLAIN.fullmatch(first.replace("-", "_")):
        return None
    return Asked(client.id, Status.MANUAL, f"{client.called} is not known to serve /{first}: see what this is for")
