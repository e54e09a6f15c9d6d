"""What is wrong with a store, said in one line that holds no password."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus, urlsplit

_PASSWORD = re.compile(r"([?&][^=&]*pass[^=&]*=)([^&]*)", re.IGNORECASE)


class StateError(ValueError):
    """A store that cannot be opened or read. The message is one line: what, where, how to mend it."""


def masked(url: str) -> str:
    """`url` with `***` for its passwords. Of a URL that is not well formed it rather hides too much."""
    scheme, _, credentials, address = _parts(url)
    user, colon, password = credentials.partition(":")
    shown = f"{user}{colon}{'***' if password else ''}"
    return _PASSWORD.sub(r"\1***", scheme + shown + address)


def without_passwords(text: str, url: str) -> str:
    """`text` on one line, with `***` wherever it repeats a password of `url`."""
    text = text.replace(url, masked(url))
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return " ".join(text.split())


def _secrets(url: str) -> list[str]:
    """The passwords of `url` as they are written and as they are meant, the longest first."""
    _, authority, credentials, _ = _parts(url)
    written = [credentials.partition(":")[2], authority.rpartition("@")[0].partition(":")[2]]
    written += [found.group(2) for found in _PASSWORD.finditer(url)]
    return sorted({*written, *map(unquote_plus, written), *map(unquote, written)} - {""}, key=lambda word: -len(word))


def _parts(url: str) -> tuple[str, str, str, str]:
    """The scheme with its slashes, what follows it up to the query, the part before the last @, and what is left."""
    scheme, slashes, rest = url.partition("://") if "://" in url else ("", "", url)
    credentials, at, address = rest.rpartition("@")
    return scheme + slashes, rest.partition("?")[0], credentials, at + address


def sqlite_path(url: str) -> str:
    """The file of `sqlite:///relative/path` or `sqlite:////path/from/the/root`. Raises StateError."""
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/") or parts.query:
        raise StateError(
            f"{masked(url)}: write a SQLite file as sqlite:///file.db, or sqlite:////path/from/the/root.db"
        )
    return unquote(parts.path.removeprefix("/"))
