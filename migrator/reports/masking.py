"""What may reach a reader: values that look like keys are masked, control characters are shown instead of obeyed.

Every pattern is linear in the text: quantifiers that could overlap are possessive or bounded.
"""

from __future__ import annotations

import re

_KEY = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?: sk | pk | xai ) - [\w-]{8,}+
      | (?: gsk | hf | pk | [psr]k_live | [psr]k_test | gh[opsur] | llmgtwy ) _ [A-Za-z0-9]{16,}+ \w*+
      | github_pat_ \w{16,}+
      | AIza [\w-]{16,}+
      | A[KS]IA [A-Z0-9]{12,}+
      | (?: xox[abprs]- | glpat- | pypi- ) [\w-]{16,}+
      | npm_ [A-Za-z0-9]{16,}+
      | eyJ [\w-]{8,}+ (?: \. [\w-]*+ ){0,2}
    )""",
    re.ASCII | re.VERBOSE,
)
_PRIVATE = re.compile(r"(?<=PRIVATE KEY-----)[^-]++")
_BODY = re.compile(r"[A-Za-z0-9+/=]{8,}+")
_BEARER = re.compile(r"(?<=\b[Bb]earer )(?:(?=[A-Za-z_.~+/-]*+\d)[\w.~+/-]{8,}+|[\w.~+/-]{20,}+)=*+", re.ASCII)
_PASSWORD = re.compile(r"""(://[^\s/:@"'<>]*+:)(?![${<*]|%[s(])[^\s/"'<>]+(?=@)""")
# `portkey` is a product, and every other line of what is migrated names it: alone it makes no key of its neighbours.
_NAMED = re.compile(r"""(?<!port)key|token|secret|passw(?:or)?d|credential|portkey["']?\s{0,4}[:=]""", re.IGNORECASE)
# A name whose value stands on the next line, as YAML and wrapped assignments have it.
_NAMED_BELOW = re.compile(rf"""(?:{_NAMED.pattern})[\w-]{{0,64}}+["']?\s*+[:=]?\s*+[(\\]?\s*+$""", re.IGNORECASE)
_IMPORT = re.compile(r"[-+ ]?\s*+(?:from|import)\s")
_TOKEN = re.compile(r"[A-Za-z0-9+/_~.-]{16,}+={0,2}")
_WORD = re.compile(r"[A-Za-z]+|[A-Za-z]{1,14}\d{1,4}|\d+[A-Za-z]{0,2}")
_PLACEHOLDER = re.compile(r"(?:^|[_-])(?:your|here|example|placeholder|xxx+)(?![^_-])", re.IGNORECASE)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(rf"(?!\t|\n|\r\n){_CONTROL.pattern}")


def mask(text: str) -> str:
    """The text with values that look like keys cut to their first three characters and `***`, lines kept.

    >>> mask("Authorization: Bearer abcdef123456")
    'Authorization: Bearer abc***'
    """
    text = _PRIVATE.sub(lambda body: _BODY.sub("***", body[0]), text)
    text = _KEY.sub(_shorten_unless_placeholder, text)
    text = _BEARER.sub(_shorten_unless_placeholder, text)
    text = _PASSWORD.sub(r"\1***", text)
    return "\n".join(_mask_named(text.split("\n"))) if _NAMED.search(text) else text


def visible(text: str) -> str:
    r"""The text on one line, its control characters, newlines and bytes of no encoding written as `\x1b`.

    >>> visible("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return _CONTROL.sub(_escape, text)


def visible_lines(text: str) -> str:
    """The same for text of many lines: tabs and line ends stay."""
    return _CONTROL_BUT_LINES.sub(_escape, text)


def _mask_named(lines: list[str]) -> list[str]:
    """The lines, with random tokens masked where the line, or the end of the one above, names a secret."""
    masked, named_above = [], False
    for line in lines:
        named = bool(_NAMED.search(line))
        below = named_above and not _IMPORT.match(line)
        masked.append(_TOKEN.sub(_shorten_if_random, line) if named or below else line)
        named_above = named and bool(_NAMED_BELOW.search(line))
    return masked


def _shorten_unless_placeholder(match: re.Match[str]) -> str:
    return match[0] if _PLACEHOLDER.search(match[0]) and not _is_random(match[0]) else _shortened(match[0])


def _shorten_if_random(match: re.Match[str]) -> str:
    return _shortened(match[0]) if _is_random(match[0]) else match[0]


def _shortened(key: str) -> str:
    return key[:3] + "***"


def _is_random(text: str) -> bool:
    """Keys have a long part that mixes letters and digits; module paths, model ids and dates are made of words."""
    return any(len(part) >= 8 and not _WORD.fullmatch(part) for part in re.split(r"[^A-Za-z0-9]", text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        code -= 0xDC00
    return {"\t": r"\t", "\n": r"\n", "\r": r"\r"}.get(match[0]) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    )
