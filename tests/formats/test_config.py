"""YAML, JSON, shell and the like."""

from __future__ import annotations

import pytest

from .helpers import find, migrate, said, statuses


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "VAULT_PORTKEY_KEY: 1\nexportKey: 2\nheaders: {x-portkey-api-key: X-Portkey-Config}\n"),
        ("a.yaml", "integration:\n  portkeyx: 1\nportkey:\n  integration: 1\nx-integration:\n  portkey: 1\n"),
        ("a.yaml", "integration:\n  a: 1\nother:\n  portkey: 1\n"),
        ("a.json", '{"integration": {"a": 1}, "portkey": {"b": "portkey"}}'),
        ("a.json", '{"key": "integration.portkeyx", "dependencies": {"@portkey/wallet": "1"}}'),
        ("a.sh", "curl https://api.portkey.ai/v1 -H 'x-portkey-api-key: x'\n"),
        ("requirements.txt", "portkey-ai-extras==1\n# portkey-ai\n-r portkey-ai.txt\n"),
    ],
)
def test_look_alikes_are_not_found(path: str, text: str) -> None:
    assert find(path, text) == []


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            "a.sh",
            "export PORTKEY_X=1\necho ${PORTKEY_X} # PORTKEY_Y\n",
            "export LLM_GATEWAY_X=1\necho ${LLM_GATEWAY_X} # LLM_GATEWAY_Y\n",
        ),
        ("Makefile", "test:\n\tpytest tests/integration/portkey\n", "test:\n\tpytest tests/integration/llm_gateway\n"),
        (
            "Procfile",
            "web: gunicorn agentcore.integration.portkey.app:main\n",
            "web: gunicorn agentcore.llm_gateway.app:main\n",
        ),
        (
            "run.sh",
            'python -c "from agentcore.integration.portkey import PortkeyClient as P, A; P; PortkeyClient()"\n',
            'python -c "from agentcore.llm_gateway import LLMGatewayClient as P, A; P; LLMGatewayClient()"\n',
        ),
        (
            "a.ts",
            "const x = process.env.PORTKEY_X ?? env['PORTKEY_Y']\n",
            "const x = process.env.LLM_GATEWAY_X ?? env['LLM_GATEWAY_Y']\n",
        ),
        (
            "log.yaml",
            "loggers:\n  agentcore.integration.portkey: {level: x}\n",
            "loggers:\n  agentcore.llm_gateway: {level: x}\n",
        ),
        ("CODEOWNERS", "/src/agentcore/integration/portkey/ @team\n", "/src/agentcore/llm_gateway/ @team\n"),
        ("a.json", '{"key": "integration.portkey.ttl"}\n', '{"key": "llm_gateway.ttl"}\n'),
    ],
)
def test_names_follow_as_they_are_spelt(path: str, before: str, after: str) -> None:
    assert migrate(path, before) == after


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "x:\n  integration:  # c\n    a: [1]\n\n    'portkey':\n      b: 1\n    c: 2\n"),
        ("a.yaml", "integration: { a: {b: 1}, portkey: {c: 1} }\n"),
        ("a.json", '{"integration": {"a": [{"b": "}"}], "portkey": {"c": {}}}}'),
        ("a.ts", "export default { integration: { portkey: { a: 1 } } }\n"),
        ("a.tf", 'integration {\n  portkey {\n    a = "b"\n  }\n}\n'),
        (
            "a.yaml",
            "x: \"}}}\\\"{[\\\n  \\\"'integration': {'a': 1, portkey: {c: 1}}\n",
        ),  # each line leaves a quote open
        ("a.ts", "}}{" * 9 + "{integration: {portkey: {a: 1}}}\n"),
        ("a.sh", "app --set integration.portkey.ttl=1\n"),
        ("a.yaml", "integration.portkey:\n  a: 1\n"),
    ],
)
def test_nested_sections_are_reported_with_what_to_write(path: str, text: str) -> None:
    assert migrate(path, text) == text
    (finding,) = find(path, text)
    assert (finding.rule, finding.status) == ("agentcore.setting", "manual")
    assert "llm_gateway" in finding.message
    assert text[finding.start :].startswith(("portkey", "integration.portkey"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("compose.yml", "a:\n  environment:\n    PORTKEY_X: 1\n    # c\n    LLM_GATEWAY_X: 2\n"),
        ("a.yaml", "- LLM_GATEWAY_X: 2\n  'PORTKEY_X': 1\n"),
        ("a.yaml", "env: {PORTKEY_X: 1, LLM_GATEWAY_X: 2}\n"),
        ("a.json", '{"a": {"PORTKEY_X": [1], "LLM_GATEWAY_X": "2"}}\n'),
        ("a.yaml", "a: \"x\n  \\\"{'b': {PORTKEY_X: 1, LLM_GATEWAY_X: 2}\n"),
        ("a.tf", 'variables = {\n  LLM_GATEWAY_X = "1"\n  PORTKEY_X = "2"\n}\n'),
    ],
)
def test_a_variable_whose_new_name_the_same_table_has_is_not_renamed(path: str, text: str) -> None:
    assert migrate(path, text) == text
    (finding,) = find(path, text)
    line = text[: text.index("LLM_GATEWAY_X")].count("\n") + 1
    assert said([finding]) == [f"manual: LLM_GATEWAY_X is already set on line {line}: remove this one or that one"]
    assert text[finding.start :].startswith("PORTKEY_X")


def test_a_logger_that_is_there_under_its_new_name_is_not_renamed() -> None:
    text = "loggers:\n  agentcore.llm_gateway: {level: x}\n  agentcore.integration.portkey: {level: y}\n"
    assert migrate("log.yaml", text) == text
    assert said(find("log.yaml", text)) == [
        "manual: agentcore.llm_gateway is already set on line 2: remove this one or that one"
    ]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("Dockerfile", "ENV PORTKEY_X=1 LLM_GATEWAY_X=2\n", 1),
        ("a.sh", "export PORTKEY_X=1\nexport LLM_GATEWAY_X=2\n", 2),
        ("a.yaml", "environment:\n- LLM_GATEWAY_X=2\n- PORTKEY_X=1\n", 2),
        ("a.yaml", "env:\n- name: PORTKEY_X\n  value: 1\n- name: LLM_GATEWAY_X\n  value: 2\n", 4),
    ],
)
def test_a_variable_whose_new_name_is_set_as_well_is_reviewed(path: str, text: str, line: int) -> None:
    assert migrate(path, text) == text.replace("PORTKEY_X", "LLM_GATEWAY_X")
    (finding,) = find(path, text)
    assert finding.status == "review"
    assert finding.message.endswith(f"; LLM_GATEWAY_X is set on line {line} as well: keep one of the two")


@pytest.mark.parametrize("text", ["echo $PORTKEY_X\nLLM_GATEWAY_X=2\n", "PORTKEY_X=$LLM_GATEWAY_X\n", "PORTKEY_X=1\n"])
def test_a_variable_that_is_only_read_is_not_set_twice(text: str) -> None:
    assert statuses(find("a.sh", text)) == ["migrated"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "a:\n  PORTKEY_X: 1\nb:\n  LLM_GATEWAY_X: 2\n"),
        ("a.yaml", "- PORTKEY_X: 1\n- LLM_GATEWAY_X: 2\n"),
        ("a.yaml", "PORTKEY_X: 1\n---\nLLM_GATEWAY_X: 2\n"),
        ("a.yaml", "PORTKEY_X: 1\na: {LLM_GATEWAY_X: 2}\n"),
        ("a.json", '{"a": {"PORTKEY_X": 1}, "b": [{"LLM_GATEWAY_X": 2}]}\n'),
    ],
)
def test_the_new_name_in_another_table_is_in_nobodys_way(path: str, text: str) -> None:
    assert migrate(path, text) == text.replace("PORTKEY_X", "LLM_GATEWAY_X")


def test_a_string_that_is_a_setting_is_reviewed() -> None:
    assert statuses(find("a.json", '{"key": "integration.portkey"}')) == ["review"]


def test_secrets_of_a_workflow_stay_and_its_variables_are_reviewed() -> None:
    before = (
        "env:\n  PORTKEY_X: ${{ secrets.PORTKEY_X }}\n  PORTKEY_Y: ${{ vars['PORTKEY_Y'] }}\n"
        "run: echo ${{ env.PORTKEY_X }} $PORTKEY_Y\n"
    )
    after = (
        "env:\n  LLM_GATEWAY_X: ${{ secrets.PORTKEY_X }}\n  LLM_GATEWAY_Y: ${{ vars['PORTKEY_Y'] }}\n"
        "run: echo ${{ env.LLM_GATEWAY_X }} $LLM_GATEWAY_Y\n"
    )
    path = ".github/workflows/ci.yml"
    assert migrate(path, before) == after
    assert statuses(find(path, before)) == ["review", "manual", "review", "manual", "review", "review"]
    assert said(find(path, before))[1] == (
        "manual: secrets.PORTKEY_X: add LLM_GATEWAY_X to the secrets of the repository, then rename it here"
    )


@pytest.mark.parametrize(
    ("path", "text", "status"),
    [
        ("config/app.yaml", "PORTKEY_X: 1\n", "migrated"),
        ("run.sh", "export PORTKEY_X=1\n", "migrated"),
        ("Dockerfile", "ENV PORTKEY_X=1\n", "migrated"),
        ("docker-compose.override.yml", "PORTKEY_X: 1\n", "review"),
        ("compose.yaml", "PORTKEY_X: 1\n", "review"),
        (".gitlab-ci.yml", "PORTKEY_X: 1\n", "review"),
        ("infra/main.tf", 'name = "PORTKEY_X"\n', "review"),
        ("k8s/app.yaml", "apiVersion: v1\nname: PORTKEY_X\n", "review"),
        ("chart/values-prod.yaml", "PORTKEY_X: 1\n", "review"),
    ],
)
def test_deployment_files_say_that_a_variable_is_set_elsewhere(path: str, text: str, status: str) -> None:
    (finding,) = find(path, text)
    assert finding.status == status
    assert finding.message.endswith("set outside this tree") == (status == "review")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "portkey_ai==1\n"),
        ("requirements/base.in", "Portkey-AI[x]>=1 ; python_version > '3'\n"),
        ("environment.yml", "dependencies:\n  - pip:\n    - portkey-ai==1\n"),
        ("Dockerfile", "RUN pip install --no-cache 'portkey-ai>=1' x\n"),
        ("a.sh", "uv add portkey-ai\n"),
    ],
)
def test_flagged_dependencies_are_reported_with_their_message(path: str, text: str) -> None:
    assert migrate(path, text) == text
    (finding,) = find(path, text)
    assert (finding.rule, finding.status) == ("agentcore.portkey-sdk", "manual")


def test_words_and_bare_class_names_are_prose() -> None:
    text = "# Portkey Wallet\nname: PortkeyClient\n"
    assert statuses(find("a.yaml", text)) == ["review", "review"]
    assert migrate("a.yaml", text) == text
    assert migrate("a.yaml", text, prose=True) == "# LLM Gateway Wallet\nname: LLMGatewayClient\n"


def test_importing_the_old_package_from_its_parent_is_manual() -> None:
    text = 'python -c "from agentcore.integration import portkey"\n'
    assert migrate("a.sh", text) == text
    assert "write `from agentcore import llm_gateway`" in said(find("a.sh", text))[0]
