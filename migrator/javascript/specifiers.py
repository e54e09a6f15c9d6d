"""Packages as imports name them: by name, from Deno's `npm:`, or from a server that hands packages out."""

from __future__ import annotations

import re

BEFORE = r"(?:npm:|https://(?:esm\.sh|esm\.run|cdn\.skypack\.dev|unpkg\.com|cdn\.jsdelivr\.net/npm)/)"
_ELSEWHERE = re.compile(
    rf"(?P<before>{BEFORE})(?P<package>(?:@[\w.-]+/)?[\w.-]+)(?P<version>@[^/?]+)?(?P<path>/(?!\+esm)[^?]*)?(?P<rest>.*)"
)


def package(specifier: str) -> str:
    """The package that an import names, with the path inside it.

    >>> package("npm:portkey-ai@1.3.2"), package("https://esm.sh/portkey-ai@1?target=deno"), package("portkey-ai/x")
    ('portkey-ai', 'portkey-ai', 'portkey-ai/x')
    """
    match = _ELSEWHERE.fullmatch(specifier)
    return f"{match['package']}{match['path'] or ''}" if match else specifier


def respelled(specifier: str, instead: str, versions: str) -> str:
    """Another package in the place of one; `versions` where one was asked for.

    >>> respelled("npm:portkey-ai@1.3.2", "openai", "^6.8.1"), respelled("portkey-ai", "openai", "^6.8.1")
    ('npm:openai@^6.8.1', 'openai')
    """
    match = _ELSEWHERE.fullmatch(specifier)
    if match is None:
        return instead
    return f"{match['before']}{instead}{'@' + versions if match['version'] else ''}{match['rest']}"
