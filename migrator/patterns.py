"""How names are compared: by dots, by `*`, and as package indexes spell them."""

from __future__ import annotations

import re


def expand(old: str, new: str, name: str) -> str | None:
    """What `name` becomes under `old` -> `new`, where each `*` stands for the same text in both; None for no match.

    >>> expand("Portkey*Error", "LLMGateway*Error", "PortkeyTimeoutError")
    'LLMGatewayTimeoutError'
    """
    if "*" not in old:
        return new if name == old else None
    match = re.fullmatch(re.escape(old).replace(r"\*", r"(\w*)"), name)
    if match is None:
        return None
    texts = iter(match.groups())
    return re.sub(r"\*", lambda _: next(texts), new)


def under(dotted: str, prefix: str) -> bool:
    """Whether `dotted` is `prefix` or lies below it."""
    return dotted == prefix or dotted.startswith(prefix + ".")


def canonical(distribution: str) -> str:
    """The one spelling of a distribution's name (PEP 503).

    >>> canonical("Portkey_AI")
    'portkey-ai'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


def glob_regex(pattern: str) -> str:
    """A regular expression for a name in which `*` stands for any text."""
    return re.escape(pattern).replace(r"\*", r"\w*")
