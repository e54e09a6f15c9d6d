"""TOML files."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .helpers import apply, find, migrate, said, statuses


@pytest.mark.parametrize(
    "text",
    [
        "[integration.portkeyx]\na = 1\n",
        "[xintegration.portkey]\n",
        "[integration]\nportkeyx.a = 1\nx.portkey = 1\n",
        "[integration.x.portkey]\n",
        "[portkey]\na = 1\n",
        'VAULT_PORTKEY_KEY = "x-portkey-api-key"\nexportKey = "myagentcore.integration.portkey"\n',
        'name = "portkey-ai"\nkeywords = ["portkey-ai"]\n[project]\ndependencies = ["portkey-ai-extras>=1"]\n',
        '[tool.migrate]\n# Portkey\nold = "agentcore.integration.portkey"\nPORTKEY_X = 1\n',
        "[tool.migrate.integration.portkey]\n",
        "[llm_gateway.integration.portkey]\n",
    ],
)
def test_look_alikes_are_left(text: str) -> None:
    assert find("a.toml", text) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# top\n[integration.portkey] # c\na = 1\n", "# top\n[llm_gateway] # c\na = 1\n"),
        ('[ integration . "portkey" ]\na = 1\n', "[ llm_gateway ]\na = 1\n"),
        ("['integration'.\"port\\u006bey\"]\na = 1\n", "[llm_gateway]\na = 1\n"),
        ("[integration.portkey]\n[integration.portkey.x.y]\n", "[llm_gateway]\n[llm_gateway.x.y]\n"),
        (
            "[[integration.portkey.routes]]\nn = 1\n[[ integration.portkey.routes ]]\nn = 2\n",
            "[[llm_gateway.routes]]\nn = 1\n[[ llm_gateway.routes ]]\nn = 2\n",
        ),
        (
            "integration.portkey.a = true\nintegration . portkey . b = 1\n",
            "llm_gateway.a = true\nllm_gateway . b = 1\n",
        ),
        ("integration.portkey = { a = 1 }\n", "llm_gateway = { a = 1 }\n"),
        ("integration.portkey = 'x'\n", "llm_gateway = 'x'\n"),
        ("integration = { portkey = { a = 1 } } # c\n", "llm_gateway = { a = 1 } # c\n"),
        (
            "integration = { portkey = { a = 1 }, b = 2 } # c\n[x]\n",
            "integration = { b = 2 } # c\nllm_gateway = { a = 1 }\n[x]\n",
        ),
        (
            "integration = { b = 2, portkey = { a = 'PORTKEY_X' } }\n[x]\n",
            "integration = { b = 2 }\nllm_gateway = { a = 'LLM_GATEWAY_X' }\n[x]\n",
        ),
        (
            "x = { integration = { b = 2, portkey = { a = 1 } }, c = 3 }\n",
            "x = { integration = { b = 2 }, llm_gateway = { a = 1 }, c = 3 }\n",
        ),
        ("x = [{ integration = { portkey = { a = 1 } } }]\n", "x = [{ llm_gateway = { a = 1 } }]\n"),
        (
            "[tool.agentcore.integration.portkey]\n[default.integration.portkey.x]\n",
            "[tool.agentcore.llm_gateway]\n[default.llm_gateway.x]\n",
        ),
        ("[tool.agentcore]\nintegration.portkey.a = 1\n", "[tool.agentcore]\nllm_gateway.a = 1\n"),
        ("[[envs]]\n[envs.integration.portkey]\na = 1\n[[envs]]\n", "[[envs]]\n[envs.llm_gateway]\na = 1\n[[envs]]\n"),
        (
            "[[a]]\n[integration.portkey]\nx = [ 2020-01-01 10:00:00 ]\n[[a]]\nb = 1\n",
            "[[a]]\n[llm_gateway]\nx = [ 2020-01-01 10:00:00 ]\n[[a]]\nb = 1\n",
        ),
        (
            'x = """\n[a]\n"""\ny = [\n  [1],\n["b"]\n]\n  [integration.portkey] # ]\nz = """\n[integration.x]\n"""\n',
            'x = """\n[a]\n"""\ny = [\n  [1],\n["b"]\n]\n  [llm_gateway] # ]\nz = """\n[integration.x]\n"""\n',
        ),
    ],
)
def test_a_section_moves_in_every_spelling(before: str, after: str) -> None:
    assert migrate("a.toml", before) == after
    assert {str(f.status) for f in find("a.toml", before)} == {"migrated"}


def test_keys_split_over_a_header_go_to_a_table_of_their_own() -> None:
    before = (
        "[x.integration] # one\nfoo = 1\n# about it\n# at length\nportkey.a = true # yes\n\n"
        'portkey.b.c = """\nPORTKEY_X\n"""\nbar = 2\n\n# next\n[integration]\nq = 1\n'
    )
    after = (
        "[x.integration] # one\nfoo = 1\n\nbar = 2\n\n[x.llm_gateway]\n# about it\n# at length\na = true # yes\n"
        'b.c = """\nLLM_GATEWAY_X\n"""\n\n# next\n[integration]\nq = 1\n'
    )
    assert migrate("a.toml", before) == after
    assert said(find("a.toml", before)) == ["migrated: integration.portkey → llm_gateway; PORTKEY_X → LLM_GATEWAY_X"]


def test_an_inline_table_below_its_header_becomes_a_table() -> None:
    before = "[integration]\n# why\nportkey = { a = 1, b.c = ['x', 'y'] } # c\n[z]\n"
    assert migrate("a.toml", before) == "[integration]\n\n[llm_gateway]\n# why\na = 1\nb.c = ['x', 'y'] # c\n[z]\n"


@pytest.mark.parametrize(
    "text",
    [
        "[integration]\nportkey = true\n",
        "[[integration]]\nportkey.a = 1\n",
        "[[integration]]\n[integration.portkey]\n",
        "integration = { portkey.a = 1 }\n",
    ],
)
def test_what_cannot_move_safely_is_manual(text: str) -> None:
    assert migrate("a.toml", text) == text
    assert said(find("a.toml", text)) == [
        "manual: integration.portkey is llm_gateway now: this spelling has to be moved by hand"
    ]


def test_a_target_that_is_there_already_is_named_with_the_keys_that_clash() -> None:
    text = "[integration.portkey]\na = 'sk-secret'\nb = 1\n[integration.portkey.x]\n\n[llm_gateway]\nb = 2\na = 3\n"
    assert migrate("a.toml", text) == text
    line = "review: integration.portkey → llm_gateway, but llm_gateway is already there on line 6: merge them by hand, "
    assert said(find("a.toml", text)) == [line + "both set a, b"] * 2


def test_one_section_that_cannot_move_does_not_hold_back_another() -> None:
    text = "[integration.portkey]\n[llm_gateway]\n[default.integration.portkey]\n"
    assert migrate("a.toml", text) == "[integration.portkey]\n[llm_gateway]\n[default.llm_gateway]\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 'agentcore.integration.portkey.client'\n", "a = 'agentcore.llm_gateway.client'\n"),
        (
            '[project.scripts]\nx = "agentcore.integration.portkey:PortkeyClient"\n',
            '[project.scripts]\nx = "agentcore.llm_gateway:LLMGatewayClient"\n',
        ),
        (
            "paths = [\n  'tests/integration/portkey', # Portkey\n]\n",
            "paths = [\n  'tests/integration/llm_gateway', # Portkey\n]\n",
        ),
        ('env = ["PORTKEY_X=1"]\n', 'env = ["LLM_GATEWAY_X=1"]\n'),
        ('[env]\nPORTKEY_X = 1\n"PORTKEY_Y" = 2\n', '[env]\nLLM_GATEWAY_X = 1\n"LLM_GATEWAY_Y" = 2\n'),
        ("env.PORTKEY_X = 1\n[env.y.PORTKEY_Z]\n", "env.LLM_GATEWAY_X = 1\n[env.y.LLM_GATEWAY_Z]\n"),
        ('env."PORT\\u004bEY_X" = 1\n', "env.LLM_GATEWAY_X = 1\n"),
        ('["agentcore.integration.portkey"]\n', '["agentcore.llm_gateway"]\n'),
        ("a = '''\nagentcore.integration.portkey'''\n", "a = '''\nagentcore.llm_gateway'''\n"),
        ('key = "integration.portkey.ttl"\n["integration.portkey"]\n', 'key = "llm_gateway.ttl"\n["llm_gateway"]\n'),
    ],
)
def test_strings_and_keys_follow(before: str, after: str) -> None:
    assert migrate("pyproject.toml", before) == after


def test_a_key_whose_new_name_is_set_beside_it_is_manual() -> None:
    text = "[env]\nPORTKEY_X = 1\nLLM_GATEWAY_X = 2\n"
    assert migrate("a.toml", text) == text
    assert said(find("a.toml", text)) == ["manual: LLM_GATEWAY_X is already set on line 3: remove this one or that one"]


@pytest.mark.parametrize(
    "text",
    [
        '[project]\ndependencies = ["x", "Portkey_AI[y]>=1; python_version > \'3\'"]\n',
        '[dependency-groups]\ndev = ["portkey-ai"]\n',
        "[build-system]\nrequires = ['portkey.ai ~= 1.0']\n",
        "[tool.poetry.dependencies]\nportkey-ai = '^1'\n",
        "[packages]\nportkey-ai = { version = '*' }\n",
    ],
)
def test_flagged_dependencies_are_reported_with_their_message(text: str) -> None:
    assert migrate("pyproject.toml", text) == text
    (finding,) = find("pyproject.toml", text)
    assert (finding.rule, finding.status) == ("agentcore.portkey-sdk", "manual")


def test_comments_and_words_in_strings_are_prose() -> None:
    text = "# Portkey, was [integration.portkey]\nabout = 'A Portkey adapter'\n"
    assert statuses(find("a.toml", text)) == ["review"] * 3
    assert migrate("a.toml", text) == text
    after = "# LLM Gateway, was [llm_gateway]\nabout = 'A LLM Gateway adapter'\n"
    assert migrate("a.toml", text, prose=True) == after


def test_a_text_that_is_no_toml_is_searched_as_configuration() -> None:
    text = "[integration.portkey]\na = {{ jinja }}\nb = agentcore.integration.portkey\n"
    assert migrate("a.toml", text) == text.replace("agentcore.integration.portkey", "agentcore.llm_gateway")
    assert statuses(find("a.toml", text)) == ["manual", "migrated"]


def test_a_section_whose_new_name_is_there_is_manual() -> None:
    text = "[PORTKEY_X]\n[LLM_GATEWAY_X]\n"
    assert migrate("a.toml", text) == text
    assert said(find("a.toml", text)) == ["manual: LLM_GATEWAY_X is already set on line 2: remove this one or that one"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "[PORTKEY_X.integration]\nportkey.a = 1\n",
            "[LLM_GATEWAY_X.integration]\n\n[LLM_GATEWAY_X.llm_gateway]\na = 1\n",
        ),
        ("PORTKEY_X.integration = { portkey = 1 }\n", "LLM_GATEWAY_X.llm_gateway = 1\n"),
        (
            "PORTKEY_X.integration = { portkey = 1, b = 2 }\n",
            "LLM_GATEWAY_X.integration = { b = 2 }\nLLM_GATEWAY_X.llm_gateway = 1\n",
        ),
    ],
)
def test_keys_above_a_section_that_moves_follow_too(before: str, after: str) -> None:
    assert migrate("a.toml", before) == after


_NAME = st.sampled_from(["a", "b", "integration", "portkey", '"portkey"', "routes", "default"])
_VALUE: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["1", "nan", "'x # [y]'", '"""\n]\n"""', "2020-01-01 10:00:00"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[ {', '.join(items)} ]"),
        st.dictionaries(_NAME, inner, max_size=2).map(
            lambda table: "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
        ),
    ),
    max_leaves=4,
)
_DOTTED = st.lists(_NAME, min_size=1, max_size=4).map(".".join)
_ROWS = st.one_of(
    st.builds("[{}]".format, _DOTTED),
    st.builds("[[{}]]".format, _DOTTED),
    st.builds("{} = {}".format, _DOTTED, _VALUE),
    st.builds("{} = {} # c".format, _DOTTED, _VALUE),
    st.sampled_from(["", "# note", "[integration]", "portkey.a = 1", "[integration.portkey]", "portkey = { a = 1 }"]),
)


@given(st.lists(_ROWS, max_size=7), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_document_holds_the_same_data_moved(rows: list[str], newline: str, ends: bool) -> None:
    kept: list[str] = []
    for row in rows:  # keep the rows that leave a valid document, so that most examples say something
        try:
            tomllib.loads("\n".join([*kept, row]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(row)
    text = newline.join(kept).replace("\n", newline).replace("\r\r", "\r") + (newline if ends else "")
    found = find("a.toml", text)
    after = apply(text, found)
    data = tomllib.loads(after, parse_float=str)
    if all(f.edits for f in found):
        assert _pruned(data) == _pruned(_moved(tomllib.loads(text, parse_float=str)))
    if newline in text:
        assert after.count("\r") == (after.count("\n") if newline == "\r\n" else 0)
    again = find("a.toml", after)
    assert apply(after, again) == after


def _moved(data: Any) -> Any:
    """The data with `integration.portkey` of every table, where it is one, as `llm_gateway`."""
    if isinstance(data, list):
        return [_moved(item) for item in data]
    if not isinstance(data, dict):
        return data
    data = copy.copy(data)
    integration = data.get("integration")
    if isinstance(integration, dict) and "portkey" in integration:
        data["integration"] = {key: value for key, value in integration.items() if key != "portkey"}
        return {key: _moved(value) for key, value in data.items()} | {"llm_gateway": integration["portkey"]}
    return {key: _moved(value) for key, value in data.items()}


def _pruned(data: Any) -> Any:
    """The data without empty tables named `integration`."""
    if isinstance(data, list):
        return [_pruned(item) for item in data]
    if not isinstance(data, dict):
        return data
    pruned = {key: _pruned(value) for key, value in data.items()}
    return {key: value for key, value in pruned.items() if (key, value) != ("integration", {})}
