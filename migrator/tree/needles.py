"""Searches the bytes of one file for words, without following a link and without holding the file whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

# Links are refused and a pipe put in a file's place cannot hold us up.
READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Byte order marks, each with its codec."""
BLOCK = 64 * 1024  # larger buffers are mapped and unmapped anew for every file
HEAD = 8 * 1024


def holds(path: str, needles: Sequence[bytes]) -> bool:
    """Whether the file holds one of the UTF-8 `needles`. Raises OSError when it cannot be read.

    With a NUL in its first 8 KiB it counts as binary and holds none, unless a byte order mark says UTF-16.
    """
    file = os.open(path, READ)
    try:
        return _found(file, needles)
    finally:
        os.close(file)


def _found(file: int, needles: Sequence[bytes]) -> bool:
    block = os.read(file, BLOCK)
    if block.find(0, 0, HEAD) >= 0:
        codec = UTF16.get(block[:2])
        if codec is None:
            return False
        needles = [needle.decode().encode(codec) for needle in needles]
    while True:
        for needle in needles:
            if needle in block:
                return True
        more = os.read(file, BLOCK)
        if not more:
            return False
        overlap = max(map(len, needles)) - 1
        block = block[len(block) - overlap :] + more


def shortest(words: Iterable[str]) -> tuple[bytes, ...]:
    """The words as bytes, without those that contain another one."""
    unique = sorted(_without_case({w for w in words if w}), key=lambda w: (len(w), w))
    kept: list[str] = []
    for word in unique:
        if not any(k in word for k in kept):
            kept.append(word)
    return tuple(w.encode() for w in sorted(kept))


def _without_case(words: set[str]) -> set[str]:
    """`Portkey` and `portkey` are both found by `ortkey`: every needle less is a pass over the tree less."""
    twice = {w[1:] for w in words if len(w) > 4 and w[0].islower() and w[0].upper() + w[1:] in words}
    return twice | {w for w in words if w[1:] not in twice}
