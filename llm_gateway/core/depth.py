"""How deep JSON may be nested: orjson reads 1,024 levels but writes only 254."""

from __future__ import annotations

from typing import Any

import orjson

MOST_DEPTH = 200
_WRITTEN = 254


def too_deep(raw: bytes, data: Any) -> bool:
    """Whether `data`, which was read from `raw`, could not be written again inside what a dialect wraps it in."""
    if raw.count(b"[") + raw.count(b"{") <= MOST_DEPTH:
        return False
    for _ in range(_WRITTEN - MOST_DEPTH):
        data = [data]
    try:
        orjson.dumps(data)
    except TypeError:
        return True
    return False
