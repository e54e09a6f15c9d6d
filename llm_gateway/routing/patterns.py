"""JavaScript's regular expressions (no flags), with a bound on how long they may take.

`$regex` conditions come from callers. They run in the `regex` module, because it gives up after a time and still has
the look-around and back references that JavaScript has; engines that are fast by design lack both. Octal escapes and
references to groups that do not exist, which JavaScript reads as something else, count as faults here.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from time import perf_counter

import regex

LONGEST = 1000  # characters of a pattern; compiling costs time as well
MOST_WORK = 100_000  # characters times counted repeats, which are unrolled: ((a{1000}){1000}){1000} takes all memory
_COUNT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")

_TOKEN = re.compile(
    r"""(?P<assertion>(?:[\^$]|\\[bB])(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\}))
      | (?P<name>\\k<[A-Za-z_$][A-Za-z0-9_$]*>)
      | (?P<escape>\\.)
      | (?P<class>\[\^?(?:\\.|[^\]\\])*\])
      | (?P<group>\(\?(?!:|=|!|<=|<!|<[A-Za-z_$]|-?[ims]+(?:-[ims]+)?:))
      | (?P<possessive>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[*+])
      | (?P<brace>\{(?![0-9]+(?:,[0-9]*)?\}))
      | (?P<end>\$)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = frozenset("bBcdDfnrsStuvwWx")  # the letters that mean something after a backslash


class Patience:
    """The time that all the patterns of one decision share, in seconds."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.left = seconds


def fault(pattern: str) -> str | None:
    """What is wrong with a pattern, or None."""
    if too_large(pattern):
        return "is too long or repeats too often"
    return None if _compiled(pattern) else "is no regular expression of JavaScript"


def search(pattern: str, text: str, patience: Patience) -> bool:
    """Whether `pattern` is found in `text`. False also where it is no pattern, or takes longer than there is left."""
    if patience.left <= 0 or too_large(pattern):
        return False
    start = perf_counter()
    try:
        compiled = _compiled(pattern)
        return compiled is not None and compiled.search(text, timeout=patience.left) is not None
    except TimeoutError:  # by a clock of its own
        patience.left = 0
        return False
    finally:
        patience.left -= perf_counter() - start


def work(pattern: str) -> int:
    """About how much compiling costs, at least 200; 1,000 is 5 ms at worst."""
    counts = (max(int(low), int(high or 0), 1) for low, high in _COUNT.findall(pattern[:LONGEST]))
    return 200 + len(pattern) * math.prod(counts)


def too_large(pattern: str) -> bool:
    """Whether a pattern costs too much to be compiled at all."""
    return len(pattern) > LONGEST or work(pattern) > MOST_WORK


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    try:
        # Unlike the module's own cache, this one is bounded by us and keeps failures too.
        return regex.compile(_TOKEN.sub(_translated, pattern), regex.ASCII | regex.VERSION0, cache_pattern=False)
    except (regex.error, RecursionError, OverflowError, ValueError):
        return None


def _translated(token: re.Match[str]) -> str:
    """What JavaScript reads one way and `regex` another."""
    text = token.group()
    match token.lastgroup:
        case "escape":
            return text if text[1] in _ESCAPES or not text[1].isalpha() else text[1]
        case "name":
            return f"(?P={text[3:-1]})"
        case "class":
            return _translated_class(text)
        case "brace":
            return r"\{"
        case "end":
            return r"\Z"
        case _:
            raise ValueError(f"no JavaScript: {text}")


def _translated_class(text: str) -> str:
    if text == "[]":
        return "(?!)"
    if text == "[^]":
        return r"[\s\S]"
    start = 2 if text[1] == "^" else 1
    inner = re.sub(
        r"\\.|\[", lambda part: part.group() if len(part.group()) == 2 else r"\[", text[start:-1], flags=re.S
    )
    return f"{text[:start]}{inner}]"
