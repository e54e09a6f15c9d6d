"""The words of shell commands."""

from __future__ import annotations

import re

import pytest

from migrator.formats.shell import Command, commands, listed

_CURL = re.compile(r"\bcurl(?= )")


def _only(text: str) -> Command:
    (command,) = commands(text, _CURL)
    return command


@pytest.mark.parametrize(
    "text",
    [
        """echo "no command" 'of that name'""",
        "curling along",
    ],
)
def test_no_command(text: str) -> None:
    assert not list(commands(text, _CURL))


def test_a_quote_that_stays_open_ends_the_words() -> None:
    assert [word.text for word in _only("curl -s 'https://a.example\nls").words] == ["curl", "-s"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a", "a"),
        ("'a \"b\" $c'", 'a "b" $c'),
        ('"a \\"b\\" $c"', 'a "b" $c'),
        ("$'it\\'s'", "it's"),
        ("a'b'\"c\"", "abc"),
        ('"$(echo "a b" | tr a b)"', '$(echo "a b" | tr a b)'),
        ('"${A:-${B:-"c d"}}"', '${A:-${B:-"c d"}}'),
        ("${{ secrets.KEY }}", "${{ secrets.KEY }}"),
        ("a\\ b", "a b"),
    ],
)
def test_words_in_quotes_of_every_kind(written: str, said: str) -> None:
    word = _only(f"curl {written} end").words[1]
    assert (word.raw, word.text) == (written, said)


@pytest.mark.parametrize("end", ["\n", "; ls", " | jq .", ") && ls", " && ls", " # why", ""])
def test_where_a_command_ends(end: str) -> None:
    assert [word.text for word in _only(f"curl -s \\\n  a{end}").words] == ["curl", "-s", "a"]


def test_redirections_are_words() -> None:
    assert [word.raw for word in _only("curl a >/dev/null 2>&1 &").words] == ["curl", "a", ">/dev/null", "2>&1"]


def test_here_documents() -> None:
    text = "curl -d @- <<'EOF' | jq .\n{}\nEOF\nls\n"
    ((start, end),) = _only(text).documents
    assert text[start:end] == "{}\n"


def test_an_array_goes_on_over_lines() -> None:
    text = 'A=(\n  -H "a: b"\n  -s\n)\nls'
    array = listed(text, text.index("(") + 1)
    assert array is not None
    assert [word.text for word in array.words] == ["-H", "a: b", "-s"]
