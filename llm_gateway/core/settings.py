"""The schema of `gateway.toml`, and reading it: every mistake is one line that names file and key."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
_TOLD = 3  # faults told at once
Positive = Annotated[int, Field(gt=0)]
BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")]
Query = Annotated[str, StringConstraints(pattern=r"^[!-~]*$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[ -~]*$")]
_HASH = r"^sha256:[0-9a-f]{64}$"


class SettingsError(ValueError):
    """The settings cannot be used; the message is one line: where, what, how to mend it."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitTable(_Table):
    """Rate limits: requests (`r`) and tokens (`t`) per second, minute, hour and day."""

    rps: Positive | None = None
    rpm: Positive | None = None
    rph: Positive | None = None
    rpd: Positive | None = None
    tpm: Positive | None = None
    tph: Positive | None = None
    tpd: Positive | None = None


class BudgetTable(_Table):
    """What may be spent, in USD, in a day or month of the UTC calendar, or altogether."""

    usd: Annotated[float, Field(gt=0)]
    period: Literal["day", "month", "total"] = "month"


class ProviderTable(_Table):
    """A provider of the user's own, or changes to a known one. `like` names the provider it resembles."""

    base_url: BaseUrl | None = None
    like: str = "openai-compatible"
    key_env: str | None = None
    query: Query | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default={}, repr=False)


class IntegrationTable(_Table):
    """A provider with a key, named by a slug: what `@slug/model` and virtual keys refer to."""

    provider: str
    key_env: str | None = None
    key_file: Path | None = None
    base_url: BaseUrl | None = None
    query: Query | None = None
    models: list[str] | None = None
    limits: LimitTable = LimitTable()

    @model_validator(mode="after")
    def _one_key(self) -> IntegrationTable:
        if self.key_env and self.key_file:
            raise ValueError("give key_env or key_file, not both")
        return self


class KeyTable(_Table):
    """A gateway key, known by its hash alone; `llm-gateway keys new` makes one."""

    hash: Annotated[str, StringConstraints(pattern=_HASH)]
    project: Slug = "default"
    limits: LimitTable = LimitTable()
    budget: BudgetTable | None = None


class ProjectTable(_Table):
    """What the keys of a project share."""

    limits: LimitTable = LimitTable()
    budget: BudgetTable | None = None
    integrations: list[Slug] | None = None


class ServerTable(_Table):
    """Where the server listens and what it takes."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    max_body_mb: Annotated[float, Field(gt=0)] = 25
    max_concurrent: Positive = 10_000
    allow_hosts: list[str] = []  # host:port that `custom_host` may name although they are private
    shutdown_seconds: Annotated[float, Field(ge=0)] = 30


class SemanticTable(_Table):
    """The model that embeds prompts for the semantic cache, such as `openai/text-embedding-3-small`."""

    model: str
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.95


class StateTable(_Table):
    """Where cache, limits and usage live: `memory:`, `sqlite:///path`, `redis://…`, and for usage `postgresql://…`."""

    cache: str = Field(default="memory:", repr=False)  # a URL may hold a password
    limits: str = Field(default="memory:", repr=False)
    usage: str = Field(default="memory:", repr=False)
    semantic: SemanticTable | None = None


class PriceTable(_Table):
    """USD for a million tokens."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)] = 0


class Settings(_Table):
    """All of `gateway.toml`."""

    server: ServerTable = ServerTable()
    providers: dict[Slug, ProviderTable] = {}
    integrations: dict[Slug, IntegrationTable] = {}
    models: dict[str, str] = {}  # a bare model id -> "provider", "provider/model" or "@slug/model"
    configs: dict[Slug, dict[str, Any]] = Field(default={}, repr=False)  # stored configs, by their `pc-…` id
    default_config: Slug | None = None
    keys: dict[Slug, KeyTable] = {}
    projects: dict[Slug, ProjectTable] = {}
    state: StateTable = StateTable()
    prices: dict[str, PriceTable] = {}  # "provider/model"
    mock: bool = False


def load(path: Path) -> Settings:
    """The settings of a TOML file. Raises SettingsError."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    return parse(data, str(path))


def parse(data: dict[str, Any], where: str) -> Settings:
    """The settings in `data`, which comes from `where`. Raises SettingsError."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        more = f" (and {len(found) - _TOLD} more)" if len(found) > _TOLD else ""
        raise SettingsError(f"{where}: {'; '.join(map(_said, found[:_TOLD]))}{more}") from error


def secret(name: str, table: IntegrationTable) -> str | None:
    """The key that an integration names; None when its variable is not set.

    Raises SettingsError for a file that others may read, and for what can be no key.
    """
    if table.key_file is None:
        found = os.environ.get(table.key_env or "", "").strip()
        where = f"integrations.{name}.key_env: what {table.key_env} holds"
    else:
        found = _in_file(name, table.key_file)
        where = f"integrations.{name}.key_file: what {table.key_file} holds"
    if not (found.isascii() and found.isprintable()):
        raise SettingsError(f"{where} is no key: it takes one line of printable ASCII")
    return found or None


def _in_file(name: str, path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingsError(f"integrations.{name}.key_file: others may read {path}; run chmod 600 on it")
        return path.read_text("latin-1").strip()
    except OSError as error:
        raise SettingsError(f"integrations.{name}.key_file: {path}: {error.strerror}") from error


def _said(fault: ErrorDetails) -> str:
    """A fault on one line: which key, and what is wrong with it."""
    place = ".".join(str(part) for part in fault["loc"]).encode("unicode_escape").decode()
    if fault["type"] != "extra_forbidden":
        return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
    near = difflib.get_close_matches(str(fault["loc"][-1]), Settings.model_fields, 1) if len(fault["loc"]) == 1 else []
    return f"{place}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
