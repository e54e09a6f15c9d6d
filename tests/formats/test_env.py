"""Environment files."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from .helpers import apply, find, migrate, names, said, statuses


@pytest.mark.parametrize(
    "text",
    [
        "VAULT_PORTKEY_KEY=1\n",
        "USE_PORTKEY=1\n",
        "exportKey=PORTKEYS\n",
        "HEADER=x-portkey-api-key\n",
        "SECRET=PORTKEY_live_abc123\n",
        "MODULE=myagentcore.integration.portkey\n",
        "URL=https://api.portkey.ai\n",
    ],
)
def test_look_alikes_are_not_found(text: str) -> None:
    assert find(".env", text) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("PORTKEY_X=1\n", "LLM_GATEWAY_X=1\n"),
        ("  PORTKEY_X = 1 # note\n", "  LLM_GATEWAY_X = 1 # note\n"),
        ("export\tPORTKEY_X='it # s'   \n", "export\tLLM_GATEWAY_X='it # s'   \n"),
        ("'PORTKEY_X'=1\n", "'LLM_GATEWAY_X'=1\n"),
        ("PORTKEY_X\n", "LLM_GATEWAY_X\n"),
        ("PORTKEY_X=\n", "LLM_GATEWAY_X=\n"),
        ("PORTKEY_X= # PORTKEY_Y\n", "LLM_GATEWAY_X= # PORTKEY_Y\n"),
        ('A=1\n\nPORTKEY_X="a\nPORTKEY\n"\nB=2\n', 'A=1\n\nLLM_GATEWAY_X="a\nPORTKEY\n"\nB=2\n'),
        ("# PORTKEY_X=1\n#export PORTKEY_Y=2\n", "# LLM_GATEWAY_X=1\n#export LLM_GATEWAY_Y=2\n"),
        ("PORTKEY_X=1\nPORTKEY_X=2\n", "LLM_GATEWAY_X=1\nLLM_GATEWAY_X=2\n"),
        ("A=${PORTKEY_X:-d}-$PORTKEY_Y\n", "A=${LLM_GATEWAY_X:-d}-$LLM_GATEWAY_Y\n"),
        ("# A=${PORTKEY_X}\n", "# A=${LLM_GATEWAY_X}\n"),
        ("NEED=PORTKEY_X,PORTKEY_Y\n", "NEED=LLM_GATEWAY_X,LLM_GATEWAY_Y\n"),
        ("APP=agentcore.integration.portkey.PortkeyClient\n", "APP=agentcore.llm_gateway.LLMGatewayClient\n"),
        ("APP=app.llm:PortkeyClient\n", "APP=app.llm:LLMGatewayClient\n"),
        ("source x $PORTKEY_X\nPORTKEY_Y=1\n", "source x $LLM_GATEWAY_X\nLLM_GATEWAY_Y=1\n"),
    ],
)
def test_only_the_names_change(before: str, after: str) -> None:
    assert migrate(".env.example", before) == after


def test_statuses_are_those_of_the_rules() -> None:
    found = find(".env", "PORTKEY_CACHE=1\nPORTKEY_API_KEY=sk-secret\nPORTKEY_OPENAI_VIRTUAL_KEY=vk-secret\n")
    assert statuses(found) == ["migrated", "review", "review"]
    assert "OPENAI_API_KEY" in said(found)[1]
    assert "provider's own key" in said(found)[2]


@pytest.mark.parametrize("value", ["https://api.PORTKEY.ai/v1?key=sk-secret", '"https://api.portkey.ai"'])
def test_a_value_that_still_points_at_the_vendor_is_reviewed_and_never_quoted(value: str) -> None:
    (finding,) = find(".env", f"PORTKEY_BASE_URL={value}\n")
    assert finding.status == "review"
    assert finding.message == "PORTKEY_BASE_URL → LLM_GATEWAY_BASE_URL; its value still points at Portkey"


def test_a_value_that_only_refers_to_a_renamed_name_does_not_point_at_the_vendor() -> None:
    assert statuses(find(".env", "PORTKEY_X=${PORTKEY_Y}\n")) == ["migrated", "migrated"]


def test_an_old_name_beside_the_new_one_is_left_with_what_refers_to_it() -> None:
    text = "A=${PORTKEY_X}\nPORTKEY_X=1\n# PORTKEY_X=2\nLLM_GATEWAY_X=3\nPORTKEY_X=4\n"
    assert migrate(".env", text) == text.replace("# PORTKEY_X", "# LLM_GATEWAY_X")
    assert said(find(".env", text)) == [
        "manual: PORTKEY_X is not renamed, see line 4: this reference follows the line you keep",
        "manual: LLM_GATEWAY_X is already set on line 4: remove this line or that one",
        "migrated: PORTKEY_X → LLM_GATEWAY_X",
        "manual: LLM_GATEWAY_X is already set on line 4: remove this line or that one",
    ]


def test_a_reference_in_single_quotes_follows_because_python_dotenv_expands_it() -> None:
    text = "PORTKEY_X=1\nA='${PORTKEY_X}'\n"
    after = apply(text, find(".env", text))
    assert dotenv_values(stream=io.StringIO(text))["A"] == dotenv_values(stream=io.StringIO(after))["A"] == "1"
    assert said(find(".env", text))[1].startswith("review: PORTKEY_X → LLM_GATEWAY_X; in single quotes")


def test_comments_are_prose() -> None:
    text = "# Portkey Wallet\nA=1 # set PORTKEY_X\n"
    assert apply(text, find(".env", text)) == text
    assert statuses(find(".env", text)) == ["review", "review"]
    assert migrate(".env", text, prose=True) == "# LLM Gateway Wallet\nA=1 # set LLM_GATEWAY_X\n"


_KEYS = st.sampled_from(["PORTKEY_A", "PORTKEY_B", "VAULT_PORTKEY_KEY", "A", "OTHER", "LLM_GATEWAY_C"])
_PLAIN = st.text(st.sampled_from("abc/:.- \t#é"), max_size=8)
_VALUES = st.one_of(
    _PLAIN,
    st.builds("'{}'".format, st.text(st.sampled_from("abc #\n"), max_size=6)),
    st.builds('"{}"'.format, st.text(st.sampled_from("abc #\n"), max_size=6)),
    st.builds("x${{{}}}".format, _KEYS),
    st.builds('"${{{}:-d}} y"'.format, _KEYS),
)
_LINES = st.one_of(
    st.builds(
        "{}{}{}{}".format, st.sampled_from(["", "export ", "  "]), _KEYS, st.sampled_from(["=", " = ", "= "]), _VALUES
    ),
    _KEYS,
    st.builds("# {}".format, _PLAIN),
    st.just(""),
)


@given(st.lists(_LINES, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_file_means_the_same_under_the_new_names(rows: list[str], newline: str, ends: bool) -> None:
    text = newline.join(rows) + (newline if ends else "")
    found = find(".env", text)
    after = apply(text, found)
    assert find(".env", after) == []
    assert all(text[e.start : e.end] in ("PORTKEY_A", "PORTKEY_B") for f in found for e in f.edits)
    assert after.replace("LLM_GATEWAY_A", "PORTKEY_A").replace("LLM_GATEWAY_B", "PORTKEY_B") == text
    assert list(_values(after).items()) == [(_new(key), value) for key, value in _values(text).items()]


def _values(text: str) -> dict[str, str | None]:
    return dotenv_values(stream=io.StringIO(text, newline=""))


def _new(key: str) -> str:
    renamed = names().env(key)
    return renamed[0] if renamed else key
