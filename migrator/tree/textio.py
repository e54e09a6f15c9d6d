"""Bytes to text and back without losing one: byte order marks, encodings, and newlines as they are."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file. `bom` is the byte order mark, not part of `text`, that goes back in front of it."""

    text: str
    encoding: str
    bom: bytes = b""


def decode(data: bytes, path: str) -> Text:
    """`data` as the text `encode` turns back into the very same bytes.

    Python files (by the suffix of `path`) are read as they declare; other files by their byte order mark, else as
    UTF-8, else as Latin-1, which takes any bytes. Raises ValueError, one line, for a Python file that is not what it
    declares to be or whose encoding cannot give the same bytes back.
    """
    if path.endswith((".py", ".pyi", ".pyw")):
        return _declared(data, path)
    bom, encoding = next((mark for mark in _MARKS if data.startswith(mark[0])), (b"", "utf-8"))
    try:
        return Text(data[len(bom) :].decode(encoding), encoding, bom)
    except UnicodeDecodeError:
        return Text(data.decode("latin-1"), "latin-1")


def encode(text: Text) -> bytes:
    """The bytes of the file. Raises UnicodeEncodeError when its encoding lacks a character of the text."""
    return text.bom + text.text.encode(text.encoding)


def _declared(data: bytes, path: str) -> Text:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise ValueError(f"{path}:1: {error.msg}") from error
    bom = codecs.BOM_UTF8 if encoding == "utf-8-sig" else b""
    encoding = "utf-8" if bom else encoding
    try:
        text = Text(data[len(bom) :].decode(encoding), encoding, bom)
        lossless = encode(text) == data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}:{line}: not {encoding}, which the file is declared to be") from error
    except (LookupError, UnicodeEncodeError) as error:
        raise ValueError(f"{path}:1: {encoding} is no encoding for text") from error
    if not lossless:
        raise ValueError(f"{path}:1: {encoding} does not give the same bytes back; save the file as UTF-8")
    return text
