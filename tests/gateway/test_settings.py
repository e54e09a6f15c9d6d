"""Reading `gateway.toml`: every mistake is one line that names file and key, and no secret is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llm_gateway.core.errors import InvalidKey
from llm_gateway.core.settings import Settings, SettingsError, load, parse
from llm_gateway.core.setup import prepare
from llm_gateway.core.types import ANYONE, Limit

HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
SECRET = "sk-of-the-file"


def test_a_file_of_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-mine")
    path = tmp_path / "gateway.toml"
    path.write_text(
        f"""
        default_config = "pc-a"
        [server]
        host = "0.0.0.0"
        [providers.mine]
        base_url = "https://mine.example/v1/"
        key_env = "MY_KEY"
        headers = {{ x-team = "search" }}
        [integrations.mine-limited]
        provider = "mine"
        models = ["small"]
        limits = {{ rpm = 10 }}
        [models]
        house = "@mine-limited/small"
        [configs.pc-a]
        retry = {{ attempts = 2 }}
        [projects.search]
        budget = {{ usd = 5, period = "day" }}
        integrations = ["mine-limited"]
        [keys.ci]
        hash = "{HASH}"
        project = "search"
        limits = {{ tpm = 100 }}
        """
    )
    setup = prepare(load(path))
    integration = setup.integration("mine-limited")
    assert (integration.key, integration.limits) == ("sk-mine", (Limit("requests", 10, 60),))
    assert integration.provider.base_url == "https://mine.example/v1"
    assert integration.provider.own_headers == {"x-team": "search"}
    assert setup.stored_config("pc-a").retry.attempts == 2
    caller = setup.caller("secret")
    assert (caller.key, caller.project, caller.limits) == ("ci", "search", (Limit("tokens", 100, 60),))
    assert caller.integrations == frozenset({"mine-limited"})
    assert "sk-mine" not in repr(setup)


def test_without_keys_anyone_may_call_and_with_them_nobody_else() -> None:
    assert prepare(Settings()).caller(None) is ANYONE
    setup = prepare(parse({"keys": {"ci": {"hash": HASH}}}, "test"))
    for shown in (None, "", "wrong", HASH, "secret ", "sécret", "\udcff"):
        with pytest.raises(InvalidKey):
            setup.caller(shown)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"severs": {}}, "gateway.toml: severs: no such setting"),
        ({"server": {"port": -1}}, "gateway.toml: server.port: "),
        ({"server": {"port": -1, "host": 1}}, "valid string; server.port: "),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, " (and 1 more)"),
        ({"keys": {"ci": {"hash": "secret"}}}, "gateway.toml: keys.ci.hash: "),
        ({"keys": {"a b": {"hash": HASH}}}, "gateway.toml: keys.a b"),
        ({"keys": {"ci": {"hash": HASH, "budget": {"usd": 0}}}}, "gateway.toml: keys.ci.budget.usd: "),
        ({"integrations": {"x": {"provider": "openai", "key": SECRET}}}, "integrations.x.key: no such setting"),
        (
            {"integrations": {"x": {"provider": "openai", "key_env": "A", "key_file": "b"}}},
            "integrations.x: give key_env or key_file, not both",
        ),
    ],
)
def test_a_mistake_is_one_line_that_says_where(data: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse(data, "gateway.toml")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = ", b"a = 1\na = 2"])
def test_what_is_no_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="not TOML"):
        load(path)


def key_file(tmp_path: Path, mode: int, content: bytes = SECRET.encode() + b"\n") -> Settings:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return parse({"integrations": {"x": {"provider": "openai", "key_file": str(path)}}}, "test")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_key_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match=r"others may read .*/key; run chmod 600 on it") as raised:
        prepare(key_file(tmp_path, mode))
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    setup = prepare(key_file(tmp_path, mode))
    assert setup.integration("x").key == SECRET
    assert SECRET not in repr(setup.integration("x"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"two\nlines", b"sk-\x00"])
def test_a_key_file_with_something_else_in_it_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError, match="key_file") as raised:
        prepare(key_file(tmp_path, 0o600, content))
    assert "\n" not in str(raised.value)
    assert "two" not in str(raised.value)


def test_a_key_in_the_environment_may_end_in_a_line_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env\n")
    monkeypatch.setenv("MY_KEY", " sk-mine\n")
    setup = prepare(parse({"integrations": {"x": {"provider": "openai", "key_env": "MY_KEY"}}}, "test"))
    assert (setup.integration("openai").key, setup.integration("x").key) == ("sk-env", "sk-mine")


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00"])
def test_a_header_of_a_provider_is_one_line(value: str) -> None:
    with pytest.raises(SettingsError, match=r"providers\.x\.headers"):
        parse({"providers": {"x": {"base_url": "http://x", "headers": {"x-team": value}}}}, "test")


@pytest.mark.parametrize("url", ["ftp://x", "x.example/v1", "http://", "http://a\nb"])
def test_a_base_url_is_a_url(url: str) -> None:
    for data in (
        {"providers": {"x": {"base_url": url}}},
        {"integrations": {"x": {"provider": "openai", "base_url": url}}},
    ):
        with pytest.raises(SettingsError, match="base_url"):
            parse(data, "test")


def test_settings_are_shown_without_secrets() -> None:
    data = {
        "configs": {"pc-a": {"provider": "openai", "api_key": SECRET}},
        "state": {
            "cache": f"redis://:{SECRET}@x/0",
            "limits": f"redis://:{SECRET}@x/0",
            "usage": f"postgresql://u:{SECRET}@x",
        },
        "providers": {"x": {"base_url": "http://x", "headers": {"x-token": SECRET}}},
    }
    settings = parse(data, "test")
    assert SECRET not in repr(settings)
    assert SECRET not in repr(prepare(settings).configs)


def test_the_gateway_knows_its_own_keys() -> None:
    setup = prepare(parse({"keys": {"ci": {"hash": HASH}}}, "test"))
    assert (setup.issued("secret"), setup.issued("sk-of-a-provider"), setup.issued("")) == (True, False, False)
    assert not prepare(Settings()).issued("secret")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"keys": {"web": {"hash": HASH, "project": "shpo"}}},
            "keys.web.project: there is no projects.shpo",
        ),
        ({"projects": {"shop": {"integrations": ["opnai"]}}}, "no integration is called opnai; did you mean openai?"),
        ({"configs": {"pc-a": {"virtual_key": "prood"}}}, "configs.pc-a: no integration is called prood"),
        ({"configs": {"pc-a": {"override_params": {"model": "@prood/m"}}}}, "no integration is called prood"),
        ({"models": {"m": "@prood/m"}}, "models.m: no integration is called prood"),
    ],
)
def test_what_is_named_and_is_not_there(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        prepare(parse(settings, "gateway.toml"))


def test_a_fault_says_what_may_be_meant() -> None:
    with pytest.raises(SettingsError, match=r"server\.prt: no such setting; project: no such .*mean projects\?"):
        parse({"project": {}, "server": {"prt": 1}}, "gateway.toml")


def test_ids_of_cloudflare_are_no_slugs() -> None:
    config = {"provider": "openai", "override_params": {"model": "@cf/meta/llama"}}
    assert prepare(parse({"configs": {"pc-a": config}}, "gateway.toml")).configs
