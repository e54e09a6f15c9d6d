"""Commands of curl in texts of JSON, as the scripts of a package.json are: told as a whole, with what they send."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.formats.headers import Headers
from migrator.sites import Finding, Span, Status

_TEXT = re.compile(r'"(?:\\.|[^"\\\r\n])*"')
_CURL = re.compile(r"(?<![\w./-])curl(?=[ ]+(?:-|https?:|\$|\\?[\"']))")
_TOGETHER = "write its address, the key as a bearer token and the model id by hand, together"


def spans(text: str, headers: Headers) -> list[Span]:
    """The texts that call the address that is left, or send its headers, from their commands on."""
    client = headers.client
    words = (client.prefix, *client.hosts)
    found = ((match, _CURL.search(text, *match.span())) for match in _TEXT.finditer(text))
    return [
        (curl.start(), match.end()) for match, curl in found if curl and any(word in match[0].lower() for word in words)
    ]


def find(text: str, spans: list[Span], headers: Headers) -> Iterator[Finding]:
    """A finding for each command, and one for each variable that is sent with it: they stay."""
    for start, end in spans:
        yield Finding(start, headers.client.id, Status.MANUAL, f"curl in a text: {_TOGETHER}")
        for named in headers.names.envs_in(text[start:end], start):
            old = text[named.edits[0].start : named.edits[0].end]
            why = f"{old}: it stays as long as what is sent with it here"
            yield Finding(named.start, named.rule, Status.MANUAL, why, stays=old)
