"""The text fields of a multipart body, which is where an upload names its model."""

from __future__ import annotations

import re

from llm_gateway.core.errors import GatewayError

_MOST_BYTES = 64 * 1024  # of a text field
_MOST_PARTS = 200
_BOUNDARY = re.compile(r';\s*boundary="?([^";,\s]{1,70})', re.IGNORECASE)
_NAME = re.compile(rb';\s*name="?([^";\r\n]+)', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)


def fields(raw: bytes, content_type: str) -> dict[str, str]:
    """The fields that are no files, by name. Raises GatewayError for what is not multipart or names two models."""
    boundary = _BOUNDARY.search(content_type)
    mark = b"\r\n--" + boundary[1].encode("latin-1") if boundary else b""
    if not mark or not (raw.startswith(mark[2:]) or mark in raw):
        raise GatewayError("The body is not multipart/form-data with the boundary that its header names")
    parts = raw.split(mark, _MOST_PARTS)
    if len(parts) > _MOST_PARTS:
        raise GatewayError(f"The body has more than {_MOST_PARTS} parts")
    found: dict[str, str] = {}
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name and not _FILE.search(head) and len(content) <= _MOST_BYTES:
            if name[1] == b"model" and "model" in found:  # which of them a provider takes nobody knows
                raise GatewayError("The field model is given more than once")
            found[name[1].decode("utf-8", "replace")] = content.decode("utf-8", "replace").strip()
    return found
