"""Text there and back: every byte returns, and Python files that lie about themselves are refused."""

from __future__ import annotations

import codecs
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.tree.textio import Text, decode, encode


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = 1\ny = '\xff'\n", "a.py:2: not utf-8, which the file is declared to be"),
        (b"# coding: klingon\n", "a.py:1: unknown encoding: klingon"),
        (b"# coding: rot13\n", "a.py:1: rot13 is no encoding for text"),
        (b"# coding: utf-7\nx = '+AGE-'\n", "a.py:1: utf-7 does not give the same bytes back; save the file as UTF-8"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "a.py:1: encoding problem: utf-8"),
        (b"# coding: ascii\n\nx = '\xe9'\n", "a.py:3: not ascii, which the file is declared to be"),
    ],
)
def test_python_files_that_lie(data: bytes, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode(data, "a.py")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "path", "text"),
    [
        (b"# coding: latin-1\r\nx = '\xe9'", "a.py", Text("# coding: latin-1\r\nx = 'é'", "iso-8859-1")),
        (b"#!/bin/x\n# -*- coding: cp1252 -*-\n\x80", "a.pyi", Text("#!/bin/x\n# -*- coding: cp1252 -*-\n€", "cp1252")),
        (codecs.BOM_UTF8 + b"x\r", "a.py", Text("x\r", "utf-8", codecs.BOM_UTF8)),
        (codecs.BOM_UTF8 + b"\xc3\xa9\n", "a.md", Text("é\n", "utf-8", codecs.BOM_UTF8)),
        (codecs.BOM_UTF16_LE + b"a\0\n\0", "a.txt", Text("a\n", "utf-16-le", codecs.BOM_UTF16_LE)),
        (codecs.BOM_UTF16_BE + b"\0a", "a.txt", Text("a", "utf-16-be", codecs.BOM_UTF16_BE)),
        (codecs.BOM_UTF16_LE + b"odd", "a.txt", Text("ÿþodd", "latin-1")),
        (b"# coding: latin-1\n\xc3\xa9", "a.toml", Text("# coding: latin-1\né", "utf-8")),
        (b"\xe9", "a.env", Text("é", "latin-1")),
        (b"", "a.py", Text("", "utf-8")),
    ],
)
def test_decoded(data: bytes, path: str, text: Text) -> None:
    assert decode(data, path) == text
    assert encode(text) == data


def test_new_text_keeps_mark_and_encoding() -> None:
    text = decode(codecs.BOM_UTF16_LE + b"a\0", "a.txt")
    assert encode(replace(text, text="b\r\n")) == codecs.BOM_UTF16_LE + b"b\0\r\0\n\0"


def test_a_character_the_encoding_lacks() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode(replace(decode(b"\xe9", "a.env"), text="€"))


MARKS = st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])
BODIES = st.binary() | st.text().map(str.encode) | st.text().map(lambda text: text.encode("utf-16-le", "replace"))
COOKIES = st.sampled_from(["utf-8", "latin-1", "cp1252", "shift_jis", "euc_kr", "iso2022_jp", "utf-7", "utf-16", "hz"])


@given(mark=MARKS, body=BODIES)
def test_any_other_file_comes_back(mark: bytes, body: bytes) -> None:
    assert encode(decode(mark + body, "a.txt")) == mark + body


@given(mark=st.sampled_from([b"", codecs.BOM_UTF8]), cookie=COOKIES, body=BODIES)
def test_a_python_file_comes_back_or_is_refused(mark: bytes, cookie: str, body: bytes) -> None:
    data = mark + f"# coding: {cookie}\n".encode() + body
    try:
        text = decode(data, "a.py")
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert encode(text) == data
