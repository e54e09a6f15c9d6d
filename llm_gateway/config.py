"""The library's settings: arguments first, then `LLM_GATEWAY_…` variables, `PORTKEY_…` ones, and a TOML file.

`LLM_GATEWAY_CONFIG_FILE` names the file whose table `[llm_gateway]` every LLMGatewayConfig begins with.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llm_gateway.core.settings import PriceTable
from llm_gateway.exceptions import LLMGatewayConfigurationError, LLMGatewayConfigWarning
from llm_gateway.providers import catalog

__all__ = ["LLMGatewayConfig"]

_PREFIXES = ("LLM_GATEWAY_", "PORTKEY_")
_FILE_VARIABLE = "LLM_GATEWAY_CONFIG_FILE"
_TABLE = "llm_gateway"
_SYNONYMS = {
    "enable_caching": "cache_enabled",
    "cache_ttl": "cache_ttl_seconds",
    "cost_tracking_enabled": "cost_tracking",
}
_PROVIDERS = {"openai_api_key": "openai", "anthropic_api_key": "anthropic", "google_api_key": "google"}
# Settings of AgentCore's class that steer what this gateway leaves to its server's logs and metrics.
_WITHOUT_EFFECT = frozenset(
    {"custom_headers", "enable_logging", "enable_metrics", "enable_tracing", "trace_id_header", "max_cost_per_request"}
    | {"metrics_collection_interval", "enable_sla_monitoring", "enable_prometheus_export", "alert_debounce_seconds"}
    | {"log_request_bodies", "log_response_bodies"}
)
_WITHOUT_EFFECT_PREFIXES = ("sla_", "prometheus_")
_STRUCTURED = frozenset({"fallback_providers", "default_models", "provider_keys", "prices", "metadata"})
_AGES = (60, 90 * 86_400)


def _age(seconds: int) -> int:
    if seconds and not _AGES[0] <= seconds <= _AGES[1]:
        raise ValueError(f"give 0, which keeps nothing, or from {_AGES[0]} to {_AGES[1]} seconds")
    return seconds


def _mock(value: Any) -> Any:
    if isinstance(value, bool) or callable(value):
        return value
    word = str(value).strip()
    if word.lower() in ("1", "true", "yes", "on"):
        return True
    if word.lower() in ("", "0", "false", "no", "off"):
        return False
    if ":" not in word:
        raise ValueError("give true, false, or a script as module:function")
    return word


class LLMGatewayConfig(BaseSettings):
    """Every setting has a default, so that `LLMGatewayConfig()` works; what is not known is refused, never dropped.

    Provider keys come from their argument, from `LLM_GATEWAY_OPENAI_API_KEY` or from the provider's usual variable.
    Raises LLMGatewayConfigurationError.
    """

    model_config = SettingsConfigDict(extra="forbid", validate_default=False)

    enabled: bool = True
    mock: Annotated[Any, BeforeValidator(_mock)] = False  # True, or a script: a function or "module:function"
    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None
    google_api_key: SecretStr | None = None
    provider_keys: dict[str, SecretStr] = {}  # of other providers, by their name
    api_key: SecretStr | None = None  # of the gateway at `base_url`
    base_url: str | None = None  # another gateway that answers everything, such as Portkey's
    virtual_key: SecretStr | None = None  # an integration of `gateway_file`, or of the gateway at `base_url`
    gateway_file: Path | None = None  # a gateway.toml: providers, integrations, models
    timeout: float = Field(default=60.0, gt=0)  # seconds that a provider may take
    max_retries: int = Field(default=3, ge=0, le=5)
    default_provider: str | None = None  # for models whose provider is not known
    fallback_providers: list[str] = []
    default_models: dict[str, str] = {}  # what a provider is asked for in place of another's model
    failover_enabled: bool = False
    cache_enabled: bool = False
    cache_mode: str = Field(default="simple", pattern="^(simple|semantic)$")
    cache_ttl_seconds: Annotated[int, AfterValidator(_age)] = 3600
    cache_url: str = "memory:"
    embedding_model: str | None = None  # for the semantic cache
    usage_url: str = "memory:"
    cost_tracking: bool = True
    prices: dict[str, PriceTable] = {}  # "provider/model" -> USD for a million tokens
    metadata: dict[str, Any] = {}

    def __init__(self, **settings: Any) -> None:
        given = {name: value for name, value in _renamed(settings).items() if value is not None}
        for name in sorted(given.keys() - type(self).model_fields.keys()):
            if not _has_no_effect(name):
                raise LLMGatewayConfigurationError(f"LLMGatewayConfig: {_unknown(name, type(self).model_fields)}")
            warnings.warn(f"LLMGatewayConfig: {name} has no effect here", LLMGatewayConfigWarning, stacklevel=2)
            del given[name]
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            message = first["msg"].removeprefix("Value error, ")
            raise LLMGatewayConfigurationError(f"LLMGatewayConfig: {place}: {message}") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file that the environment names."""
        return init_settings, _Environment(settings_cls), _File(settings_cls)

    @classmethod
    def from_env(cls) -> LLMGatewayConfig:
        """What the environment says. Raises LLMGatewayConfigurationError."""
        return cls()

    @classmethod
    def from_toml(cls, path: str | Path, table: str = _TABLE, **settings: Any) -> LLMGatewayConfig:
        """The table `[llm_gateway]` of a file; `settings` and the environment come before it.

        Keys that are not known are an application's own: they warn, and are left alone. Raises
        LLMGatewayConfigurationError.
        """
        found = _known(Path(path), table, cls.model_fields)
        return cls(**{**found, **_from_environment(cls.model_fields), **settings})

    def changed(self, settings: Mapping[str, Any]) -> LLMGatewayConfig:
        """These settings with others in their place. Raises LLMGatewayConfigurationError."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**given, **_renamed(settings)}) if settings else self

    def keys(self) -> dict[str, str]:
        """The keys that were given, by provider. They are secrets."""
        named = {provider: getattr(self, name) for name, provider in _PROVIDERS.items()} | self.provider_keys
        return {provider: key.get_secret_value() for provider, key in named.items() if key and key.get_secret_value()}

    @property
    def enable_caching(self) -> bool:
        """AgentCore's name for `cache_enabled`."""
        return self.cache_enabled

    @property
    def cache_ttl(self) -> int:
        """AgentCore's name for `cache_ttl_seconds`."""
        return self.cache_ttl_seconds

    @property
    def cost_tracking_enabled(self) -> bool:
        """The settings file's name for `cost_tracking`."""
        return self.cost_tracking


class _Environment(PydanticBaseSettingsSource):
    """The environment, as a source of pydantic-settings."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One field's value, its key, and whether it is to be decoded: it never is."""
        return _from_environment({field_name: field}).get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All fields that are set."""
        return _from_environment(self.settings_cls.model_fields)


class _File(_Environment):
    """The table of the file that the environment names."""

    def __call__(self) -> dict[str, Any]:
        """All fields that are set."""
        path = os.environ.get(_FILE_VARIABLE)
        return _known(Path(path), _TABLE, self.settings_cls.model_fields) if path else {}


def _from_environment(fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields:
        variable = next((each for each in _variables(name) if os.environ.get(each)), None)
        if variable is None:
            continue
        text = os.environ[variable].strip()
        if name in _STRUCTURED:
            try:
                found[name] = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise LLMGatewayConfigurationError(f"{variable}: not JSON") from None
        else:
            found[name] = text
    return found


def _variables(field: str) -> list[str]:
    names = [field, *(synonym for synonym, name in _SYNONYMS.items() if name == field)]
    own = [prefix + name.upper() for prefix in _PREFIXES for name in names]
    usual = catalog.load()[_PROVIDERS[field]].key_env if field in _PROVIDERS else ()
    return [*own, *usual]


def _renamed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {_SYNONYMS.get(name, name): value for name, value in settings.items()}


def _has_no_effect(name: str) -> bool:
    return name in _WITHOUT_EFFECT or name.startswith(_WITHOUT_EFFECT_PREFIXES)


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"there is no setting {name}" + (f"; did you mean {near[0]}?" if near else "")


def _known(path: Path, table: str, fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """The settings in a table; what else is in it warns."""
    found = _renamed(_table(path, table))
    for name in sorted(found.keys() - fields.keys()):
        warnings.warn(f"{path}: [{table}]: {_unknown(name, fields)}", LLMGatewayConfigWarning, stacklevel=3)
        del found[name]
    return found


def _table(path: Path, dotted: str) -> dict[str, Any]:
    try:
        data: Any = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LLMGatewayConfigurationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LLMGatewayConfigurationError(f"{path}: not TOML: {error}") from error
    for key in dotted.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise LLMGatewayConfigurationError(f"{path}: there is no table [{dotted}]")
    return data
