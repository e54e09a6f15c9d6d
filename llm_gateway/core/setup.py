"""The settings made ready for use: providers, integrations with their keys, stored configs, callers."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from llm_gateway.core.errors import InvalidConfig, InvalidKey
from llm_gateway.core.settings import BudgetTable, KeyTable, LimitTable, Settings, SettingsError, secret
from llm_gateway.core.types import ANYONE, Budget, Caller, Integration, Limit, Provider, Target
from llm_gateway.providers import catalog
from llm_gateway.routing import config as routing
from llm_gateway.routing import model_ids

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOCKED = Provider("mock", "mock:", dialect="mock", needs_key=False)


@dataclass(frozen=True)
class Setup:
    """One state of the settings. A reload makes a new one; requests under way keep theirs."""

    settings: Settings
    providers: Mapping[str, Provider]
    integrations: Mapping[str, Integration]
    configs: Mapping[str, Target]
    models: model_ids.Table
    aliases: Mapping[str, str]  # model ids that stand for others, such as "@slug/model"
    projects: Mapping[str, Caller]
    keys: Mapping[str, tuple[bytes, Caller]] = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether anyone may call: there are no gateway keys."""
        return not self.keys

    @cached_property
    def allow_hosts(self) -> frozenset[str]:
        """The private `host:port` that a request may name."""
        return frozenset(self.settings.server.allow_hosts)

    def caller(self, key: str | None) -> Caller:
        """Who shows this key. Raises InvalidKey."""
        found = ANYONE if self.is_open else self._holder(key or "")
        if found is None:
            raise InvalidKey("Invalid API Key" if key else "No API Key: send one as a bearer or as x-portkey-api-key")
        return found

    def issued(self, key: str) -> bool:
        """Whether this is a key of the gateway, which is for nobody else."""
        return self._holder(key) is not None

    def _holder(self, key: str) -> Caller | None:
        """Every comparison takes the same time."""
        shown = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        found: Caller | None = None
        for digest, caller in self.keys.values():
            if hmac.compare_digest(digest, shown):
                found = caller
        return found

    def integration(self, slug: str) -> Integration:
        """The integration of that slug. Raises InvalidConfig."""
        found = self.integrations.get(slug)
        if found is None:
            if self.settings.mock:
                return Integration(slug, _MOCKED, None)
            raise InvalidConfig(f"Following keys are not valid: {slug}")
        return found

    def stored_config(self, name: str) -> Target:
        """The stored config of that id. Raises InvalidConfig."""
        found = self.configs.get(name)
        if found is None:
            raise InvalidConfig(f"Invalid config id passed: {name}")
        return found


def prepare(settings: Settings) -> Setup:
    """The settings ready for use, with provider keys read from the environment and files. Raises SettingsError."""
    providers = dict(catalog.load())
    for name, table in settings.providers.items():
        base = providers.get(name) or providers.get(table.like)
        if base is None:
            raise SettingsError(f"providers.{name}.like: no provider is called {table.like}")
        providers[name] = replace(
            base,
            name=name,
            base_url=(table.base_url or base.base_url).rstrip("/"),
            query=base.query if table.query is None else table.query,
            key_env=(table.key_env,) if table.key_env else base.key_env,
            own_headers={**base.own_headers, **table.headers},
        )
    if settings.mock:
        providers = {
            name: replace(p, dialect="mock", auth="bearer", needs_key=False, base_url="mock:")
            for name, p in providers.items()
        }
    integrations = _integrations(settings, providers)
    projects = {
        name: Caller(
            key=name,
            project=name,
            limits=limits(table.limits),
            budget=_budget(table.budget),
            integrations=None if table.integrations is None else frozenset(table.integrations),
        )
        for name, table in settings.projects.items()
    }
    for name, project in projects.items():
        for slug in sorted(project.integrations or ()):
            _check_slug(f"projects.{name}.integrations", slug, integrations, settings)
    keys = {
        name: (bytes.fromhex(table.hash.removeprefix("sha256:")), _caller(name, table, projects))
        for name, table in settings.keys.items()
    }
    if settings.default_config and settings.default_config not in settings.configs:
        raise SettingsError(f"default_config: there is no configs.{settings.default_config}")
    models, aliases = _models(settings, providers)
    configs = _configs(settings)
    for name, config in configs.items():
        for slug in sorted(_slugs(config)):
            _check_slug(f"configs.{name}", slug, integrations, settings)
    for name, value in aliases.items():
        if value.startswith("@"):
            _check_slug(f"models.{name}", value[1:].partition("/")[0], integrations, settings)
    return Setup(settings, providers, integrations, configs, models, aliases, projects, keys)


def limits(table: LimitTable) -> tuple[Limit, ...]:
    """The limits that a table sets."""
    return tuple(
        Limit("requests" if name[0] == "r" else "tokens", value, _SECONDS[name[2]])
        for name, value in table.model_dump(exclude_none=True).items()
    )


def _integrations(settings: Settings, providers: Mapping[str, Provider]) -> dict[str, Integration]:
    """Those of the settings, and one for each provider, under its own name, with the key of its usual variable."""
    found = {p.name: Integration(p.name, p, _usual_key(p)) for p in providers.values()}
    found |= {alias: Integration(alias, p, _usual_key(p)) for alias, p in providers.items()}
    for slug, table in settings.integrations.items():
        provider = providers.get(table.provider)
        if provider is None:
            raise SettingsError(f"integrations.{slug}.provider: no provider is called {table.provider}")
        key = secret(slug, table) if table.key_env or table.key_file else _usual_key(provider)
        provider = replace(
            provider,
            base_url=(table.base_url or provider.base_url).rstrip("/"),
            query=provider.query if table.query is None else table.query,
        )
        models = None if table.models is None else frozenset(table.models)
        found[slug] = Integration(slug, provider, key, models, limits(table.limits))
    return found


def _budget(table: BudgetTable | None) -> Budget | None:
    return Budget(table.usd, table.period) if table else None


def _usual_key(provider: Provider) -> str | None:
    found = (os.environ.get(name, "").strip() for name in provider.key_env)
    return next((key for key in found if key), None)


def _caller(name: str, table: KeyTable, projects: Mapping[str, Caller]) -> Caller:
    project = projects.get(table.project)
    if project is None and table.project != KeyTable.model_fields["project"].default:
        raise SettingsError(f"keys.{name}.project: there is no projects.{table.project}")
    return Caller(
        key=name,
        project=table.project,
        limits=limits(table.limits),
        budget=_budget(table.budget),
        integrations=project.integrations if project else None,
    )


def _check_slug(where: str, slug: str, integrations: Mapping[str, Integration], settings: Settings) -> None:
    """Raises SettingsError for what names no integration; the mock answers to any."""
    if slug not in integrations and not settings.mock:
        near = difflib.get_close_matches(slug, integrations, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(f"{where}: no integration is called {slug}{hint}")


def _slugs(config: Target) -> set[str]:
    """The integrations that a config names."""
    model = config.override_params.get("model")
    named = [config.provider, model if isinstance(model, str) else None]
    found = {
        name[1:].partition("/")[0]
        for name in named
        if name and name[0] == "@" and not name.startswith(model_ids.NOT_SLUGS)
    }
    if config.virtual_key:
        found.add(config.virtual_key)
    return found.union(*map(_slugs, config.targets))


def _models(settings: Settings, providers: Mapping[str, Provider]) -> tuple[model_ids.Table, dict[str, str]]:
    """The table of bare ids with those of the settings, and the ids that stand for others."""
    aliases = {name: value for name, value in settings.models.items() if "/" in value}
    given = {name: value for name, value in settings.models.items() if "/" not in value}
    for name, value in given.items():
        if value not in providers:
            raise SettingsError(f"models.{name}: no provider is called {value}; write provider/model to rename it")
    table = model_ids.default_table()
    return replace(table, exact={**table.exact, **given}), aliases


def _configs(settings: Settings) -> dict[str, Target]:
    found = {}
    for name, config in settings.configs.items():
        try:
            found[name] = routing.parse(config)
        except InvalidConfig as error:
            raise SettingsError(f"configs.{name}: {'; '.join(error.errors) or error.message}") from error
    return found
