"""Keys do not get through, ordinary text does, and no line is too long."""

from __future__ import annotations

import subprocess
import sys

import pytest

from migrator.reports.masking import mask, visible, visible_lines

BODY = "Zx81QmPw02LkJh45TyUiAb"
SECRETS = {
    f"sk-{BODY}": "sk-***",
    f"sk-proj-{BODY}_x-y": "sk-***",
    f"sk-ant-api03-{BODY}": "sk-***",
    f"sk-or-v1-{BODY}": "sk-***",
    "sk-abcdefghijklmnop": "sk-***",
    f"pk-{BODY}": "pk-***",
    f"pk_live_{BODY}": "pk_***",
    f"gsk_{BODY}": "gsk***",
    f"AIza{BODY}": "AIz***",
    f"xai-{BODY}": "xai***",
    f"hf_{BODY}": "hf_***",
    f"ghp_{BODY}": "ghp***",
    f"github_pat_{BODY}_{BODY}": "git***",
    "AKIA" + "Z7QK2M4XW9PLV3TB": "AKI***",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fw": "eyJ***",
    f"llmgtwy_{BODY}": "llm***",
    f"Authorization: Bearer {BODY}": "Authorization: Bearer Zx8***",
    f'"authorization": "bearer {BODY}=="': '"authorization": "bearer Zx8***"',
    f"OPENAI_API_KEY={BODY}": "OPENAI_API_KEY=Zx8***",
    f'PORTKEY = "{BODY}"': 'PORTKEY = "Zx8***"',
    f'api_key: str = Field(default="{BODY}")': 'api_key: str = Field(default="Zx8***")',
    f"    'accessToken': '{BODY}',": "    'accessToken': 'Zx8***',",
    f'os.environ["DB_PASSWORD"] = "{BODY}"': 'os.environ["DB_PASSWORD"] = "Zx8***"',
    f"--credential {BODY}": "--credential Zx8***",
    "client_secret = 123e4567-e89b-12d3-a456-426614174000": "client_secret = 123***",
    f"- name: LLM_API_KEY\n  value: {BODY}\n": "- name: LLM_API_KEY\n  value: Zx8***\n",
    f'API_KEY = (\r\n    "{BODY}"\r\n)': 'API_KEY = (\r\n    "Zx8***"\r\n)',
    "OPENAI_API_KEY=Zx81QmPw02LkJh45": "OPENAI_API_KEY=Zx8***",
    "xoxb-123456789012-" + BODY: "xox***",
    "glpat-" + BODY: "glp***",
    "npm_" + BODY: "npm***",
    "ASIA" + "Z7QK2M4XW9PLV3TB": "ASI***",
    f"-----BEGIN RSA PRIVATE KEY-----\n  {BODY}+/\n  {BODY}==\n-----END RSA PRIVATE KEY-----\nx = 1": (
        "-----BEGIN RSA PRIVATE KEY-----\n  ***\n  ***\n-----END RSA PRIVATE KEY-----\nx = 1"
    ),
    "postgres://app:hunter2@db/x": "postgres://app:***@db/x",
    "redis://:p@ss%40w0rd@host:6379": "redis://:***@host:6379",
    f"-key = sk-{BODY}\n+key = sk-{BODY}": "-key = sk-***\n+key = sk-***",
}


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_and_masked_once(text: str) -> None:
    assert mask(text) == SECRETS[text]
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "sk-...",
        "sk-ant-...",
        "sk-or-v1-xxxxx",
        "sk-your-key-here",
        'api_key="your-key-here"',
        'api_key="YOUR_OPENAI_API_KEY_GOES_HERE_2024"',
        "API_KEY=${PORTKEY_API_KEY_FOR_STAGING_2}",
        'api_key=os.environ["OPENAI_API_KEY"]',
        "token = settings.integration.gateway2.default_token",
        "api_key = agentcore.llm_gateway.client.load_key_from_environment_1()",
        "Bearer authentication is what the gateway asks for",
        'f"Bearer {token}"',
        "Bearer $OPENAI_API_KEY",
        "index 8f14e45fceea167a5a36dedd4bea2543f2a1c9d0..45c48cce2e2d7fbdea1afc51c7c6ad26f2a1c9d0 100644",
        "diff --git a/api_key.py b/api_key.py\nindex 8f14e45fceea167a5a36dedd..45c48cce2e2d7fbdea1a 100644",
        'portkey_model = "gpt-4o-mini-2024-07-18"',
        "key_model = claude-3-5-sonnet-20241022",
        "see https://portkey.ai/docs/product/ai-gateway/virtual-keys",
        "postgres://app:${DB_PASSWORD}@db/x",
        "postgres://app:{password}@db/x",
        "postgres://app:%s@db/x",
        "http://localhost:8080/v1",
        "task-1234567890ab and disk-abcdefgh1234",
        "npm_package_version, npm_lifecycle_event, pypi-repository and glpat-x",
        "npm-registry-proxy-2024",
        "pypi-mirror-1",
        "hf_hub_download and pk_user_id_2024",
        "+    token = given if given else token\n+    from crawl4ai.llm_client import completion",
        "portkey-ai==1.2.3 --hash=sha256:8f14e45fceea167a5a36dedd4bea2543f2a1c9d0",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        "key",
        "key ",
        "key:",
        "sk-",
        "eyJ",
        "eyJaaaaaaaa.",
        "Bearer ",
        "://a:",
        "a:b@",
        "x",
        " ",
        "a1",
        "pk_live_",
        "_-",
        "npm_1",
        "KEY-----",
    ],
)
def test_a_line_of_a_megabyte_takes_no_time_to_speak_of(unit: str) -> None:
    """A quadratic pattern would take hours: the limit is there to end the test."""
    line = f"{unit!r} * (1_000_000 // {len(unit)})"
    code = f"from migrator.reports.masking import mask; mask({line}); mask('key' + {line} + '!')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_control_characters_are_shown() -> None:
    assert (
        visible("a\x1b[2J\r\n\tb\x7f\x9b\u202e\udcff é 日本 👩‍💻")
        == "a\\x1b[2J\\r\\n\\tb\\x7f\\x9b\\u202e\\xff é 日本 👩‍💻"
    )


def test_line_ends_and_tabs_stay_in_text_of_many_lines() -> None:
    assert visible_lines("a\r\n\tb\n\x1bc\rd") == "a\r\n\tb\n\\x1bc\\rd"
