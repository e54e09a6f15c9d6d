"""Commands of curl in texts of JSON, as the scripts of a package.json are: told as a whole, with what they send."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.formats.headers import Headers
from migrator.formats.search import merged
from migrator.primitives.client import Client
from migrator.sites import Finding, Span, Status

_TEXT = re.compile(r'"(?:\\.|[^"\\\r\n])*"')
_CURL = re.compile(r"(?:(?<![\w./-])|(?<=\\n))curl(?=[ ]+(?:-|https?:|\$|\\?[\"']))")
_NEXT = re.compile(r"&&|[|;]")
_TOGETHER = "write its address, the key as a bearer token and the model id by hand, together"


def spans(text: str, headers: Headers) -> list[Span]:
    """The commands in texts that call the address that is left, or send its key."""
    found = (
        (curl.start(), _end(text, curl.start(), match.end()))
        for match in _TEXT.finditer(text)
        for curl in _CURL.finditer(text, *match.span())
    )
    return merged([(start, end) for start, end in found if _calls(text[start:end], headers.client)])


def _calls(command: str, client: Client) -> bool:
    """Whether a command calls the address, or sends its headers to one that is not somebody else's."""
    if (
        any(word in command for word in (*client.hosts, *client.address))
        or f"{client.prefix}api-key" in command.lower()
    ):
        return True
    return client.prefix in command.lower() and "://" not in command


def _end(text: str, start: int, end: int) -> int:
    """Where a command ends that begins at `start`: before the next one that is not in quotes, or with its text."""
    ends = (each.start() for each in _NEXT.finditer(text, start, end))
    return next((at for at in ends if all(text.count(q, start, at) % 2 == 0 for q in ("'", '\\"'))), end)


def find(text: str, spans: list[Span], headers: Headers) -> Iterator[Finding]:
    """A finding for each command, and one for each variable that is sent with it: they stay."""
    for start, end in spans:
        yield Finding(start, headers.client.id, Status.MANUAL, f"curl in a text: {_TOGETHER}")
        for named in headers.names.envs_in(text[start:end], start):
            old = text[named.edits[0].start : named.edits[0].end]
            why = f"{old}: it stays as long as what is sent with it here"
            yield Finding(named.start, named.rule, Status.MANUAL, why, stays=old)
