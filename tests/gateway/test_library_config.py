"""The library's settings: what is refused or warned of, and which of several sources holds."""

import os
from pathlib import Path

import pytest

from llm_gateway import LLMGatewayConfig, LLMGatewayConfigurationError, LLMGatewayConfigWarning, LLMGatewayError


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LLM_GATEWAY_", "PORTKEY_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nonsense": 1}, r"^LLMGatewayConfig: there is no setting nonsense$"),
        ({"cache_enable": True}, "did you mean cache_enabled"),
        ({"cache_ttl_seconds": 5}, "give 0"),
        ({"cache_ttl": -1}, "give 0"),
        ({"max_retries": 9}, "max_retries"),
        ({"timeout": "soon"}, "timeout"),
        ({"mock": "perhaps"}, "module:function"),
        ({"cache_mode": "lexical"}, "cache_mode"),
    ],
)
def test_what_cannot_be_used_is_one_line(settings: dict[str, object], said: str) -> None:
    with pytest.raises(LLMGatewayConfigurationError, match=said) as caught:
        LLMGatewayConfig(**settings)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, LLMGatewayError)


def test_a_bad_value_is_not_shown() -> None:
    with pytest.raises(LLMGatewayConfigurationError) as caught:
        LLMGatewayConfig(openai_api_key=["sk-secret"])
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["enable_tracing", "sla_availability_target", "prometheus_export_port"])
def test_what_does_nothing_here_says_so(name: str) -> None:
    with pytest.warns(LLMGatewayConfigWarning, match=f"{name} has no effect"):
        LLMGatewayConfig(**{name: 1})


@pytest.mark.parametrize(
    ("text", "said"),
    [("x = 1", "no table"), ("[llm_gateway", "not TOML"), ("llm_gateway = 3", "no table"), (None, "No such file")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "app.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LLMGatewayConfigurationError, match=f"app.toml: .*{said}"):
        LLMGatewayConfig.from_toml(path)


def test_keys_of_the_application_in_the_table_warn(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text('[llm_gateway]\ncache_ttl_seconds = 60\nroutes = ["a"]\n')
    with pytest.warns(LLMGatewayConfigWarning, match="no setting routes"):
        config = LLMGatewayConfig.from_toml(path)
    assert config.cache_ttl_seconds == 60


def test_bad_json_in_a_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_GATEWAY_PRICES", "{")
    with pytest.raises(LLMGatewayConfigurationError, match="LLM_GATEWAY_PRICES: not JSON"):
        LLMGatewayConfig()


def test_without_anything_there_are_defaults() -> None:
    config = LLMGatewayConfig()
    assert (config.enabled, config.mock, config.cache_enabled, config.cost_tracking) == (True, False, False, True)
    assert (config.timeout, config.max_retries, config.keys()) == (60.0, 3, {})


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("enable_caching", "cache_enabled", True),
        ("cache_ttl", "cache_ttl_seconds", 90),
        ("cost_tracking_enabled", "cost_tracking", False),
    ],
)
def test_both_names_of_a_setting_mean_the_same(
    old: str, new: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (old, new):
        config = LLMGatewayConfig(**{name: value})
        assert getattr(config, old) == getattr(config, new) == value
        monkeypatch.setenv(f"LLM_GATEWAY_{name.upper()}", str(value).lower())
        assert getattr(LLMGatewayConfig.from_env(), new) == value
        monkeypatch.delenv(f"LLM_GATEWAY_{name.upper()}")


def test_the_nearer_source_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("[llm_gateway]\ntimeout = 1\n")
    found = [LLMGatewayConfig().timeout]
    monkeypatch.setenv("LLM_GATEWAY_CONFIG_FILE", str(path))
    found.append(LLMGatewayConfig().timeout)
    monkeypatch.setenv("PORTKEY_TIMEOUT", "2")
    found += [LLMGatewayConfig().timeout, LLMGatewayConfig.from_toml(path).timeout]
    monkeypatch.setenv("LLM_GATEWAY_TIMEOUT", "3")
    found += [LLMGatewayConfig().timeout, LLMGatewayConfig.from_toml(path).timeout]
    found += [LLMGatewayConfig(timeout=4).timeout, LLMGatewayConfig.from_toml(path, timeout=4).timeout]
    assert found == [60, 1, 2, 2, 3, 3, 4, 4]


def test_the_guides_variables_and_table_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[llm_gateway]\nenabled = true\ncache_ttl_seconds = 3600\ncost_tracking_enabled = true\n")
    assert LLMGatewayConfig.from_toml(path).cost_tracking
    for name in ("CACHE_ENABLED", "COST_TRACKING", "FAILOVER_ENABLED"):
        monkeypatch.setenv(f"LLM_GATEWAY_{name}", "true")
    config = LLMGatewayConfig()
    assert config.cache_enabled and config.cost_tracking and config.failover_enabled


def test_provider_keys_fall_back_to_the_usual_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    monkeypatch.setenv("GEMINI_API_KEY", "g-env")
    config = LLMGatewayConfig(openai_api_key=None, provider_keys={"groq": "q"})
    assert config.keys() == {"openai": "sk-env", "google": "g-env", "groq": "q"}
    assert LLMGatewayConfig(openai_api_key="sk-own").keys()["openai"] == "sk-own"
    monkeypatch.setenv("LLM_GATEWAY_OPENAI_API_KEY", "sk-gateway")
    assert LLMGatewayConfig().keys()["openai"] == "sk-gateway"


def test_keys_are_not_shown() -> None:
    config = LLMGatewayConfig(openai_api_key="sk-secret", api_key="pk-secret", provider_keys={"groq": "q-secret"})
    assert "secret" not in f"{config!r} {config} {config.model_dump_json()}"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("off", False), ("a.b:c", "a.b:c")])
def test_the_mock_is_a_switch_or_a_script(text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_GATEWAY_MOCK", text)
    assert LLMGatewayConfig().mock == value


def test_prices_come_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_GATEWAY_PRICES", '{"openai/m": {"input": 1, "output": 2}}')
    assert LLMGatewayConfig().prices["openai/m"].output == 2
