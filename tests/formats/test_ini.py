"""INI-like files."""

from __future__ import annotations

import pytest

from .helpers import find, migrate, said, statuses


@pytest.mark.parametrize(
    "text",
    [
        "[integration.portkeyx]\na = 1\n",
        "[portkey]\nx-portkey-api-key = exportKey\n",
        "[a]\nVAULT_PORTKEY_KEY = 1\nurl = https://api.portkey.ai\n",
        "[options]\ninstall_requires =\n    portkey-ai-extras\n",
    ],
)
def test_look_alikes_are_not_found(text: str) -> None:
    assert find("setup.cfg", text) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[integration.portkey]\na = 1\n", "[llm_gateway]\na = 1\n"),
        (" [ integration.portkey.routes ] ; c\n", " [ llm_gateway.routes ] ; c\n"),
        ("[default.integration.portkey]\n", "[default.llm_gateway]\n"),
        ("[mypy-agentcore.integration.portkey.*]\n", "[mypy-agentcore.llm_gateway.*]\n"),
        ("integration.portkey.a=true\n", "llm_gateway.a=true\n"),
        ("[x]\nx.integration.portkey.a: 1\n", "[x]\nx.llm_gateway.a: 1\n"),
        ("[x]\nsection = integration.portkey\n", "[x]\nsection = llm_gateway\n"),
        ('[x]\nsection = "integration.portkey.ttl"\n', '[x]\nsection = "llm_gateway.ttl"\n'),
        (
            "[options.entry_points]\nx =\n    y = app.llm:PortkeyClient\n",
            "[options.entry_points]\nx =\n    y = app.llm:LLMGatewayClient\n",
        ),
        (
            "[testenv]\nsetenv =\n    PORTKEY_X = 1\npassenv = PORTKEY_*\n",
            "[testenv]\nsetenv =\n    LLM_GATEWAY_X = 1\npassenv = LLM_GATEWAY_*\n",
        ),
        ("[pytest]\ntestpaths = tests/integration/portkey\n", "[pytest]\ntestpaths = tests/integration/llm_gateway\n"),
        ("[loggers]\nkeys = agentcore.integration.portkey\n", "[loggers]\nkeys = agentcore.llm_gateway\n"),
    ],
)
def test_sections_keys_and_values_follow(before: str, after: str) -> None:
    assert migrate("tox.ini", before) == after


def test_a_section_that_is_there_already_is_not_merged() -> None:
    text = "[llm_gateway]\na = 1\n[integration.portkey]\na = 2\n"
    assert migrate("a.ini", text) == text
    assert said(find("a.ini", text)) == [
        "review: integration.portkey → llm_gateway, but llm_gateway is already there on line 1: merge them by hand"
    ]


def test_an_option_split_over_its_section_is_moved_by_hand() -> None:
    text = "[integration]\nportkey.enabled = 1\n"
    assert migrate("a.ini", text) == text
    assert statuses(find("a.ini", text)) == ["manual"]


def test_a_variable_whose_new_name_is_set_in_the_section_is_manual() -> None:
    text = "[env]\nPORTKEY_X = 1\nLLM_GATEWAY_X = 2\n[other]\nPORTKEY_X = 1\n"
    assert migrate("a.ini", text) == "[env]\nPORTKEY_X = 1\nLLM_GATEWAY_X = 2\n[other]\nLLM_GATEWAY_X = 1\n"
    assert (
        said(find("a.ini", text))[0] == "manual: LLM_GATEWAY_X is already set on line 3: remove this line or that one"
    )


def test_a_flagged_dependency_is_reported() -> None:
    text = "[options]\ninstall_requires =\n    portkey_ai[x]>=1\n"
    assert migrate("setup.cfg", text) == text
    assert [f.rule for f in find("setup.cfg", text)] == ["agentcore.portkey-sdk"]


def test_comments_are_prose() -> None:
    text = "# Portkey\n; PORTKEY_X and agentcore.integration.portkey\n"
    assert statuses(find("a.ini", text)) == ["review"] * 3
    assert migrate("a.ini", text) == text
    assert migrate("a.ini", text, prose=True) == "# LLM Gateway\n; LLM_GATEWAY_X and agentcore.llm_gateway\n"
