"""What a model's name says of its provider: `@slug/model`, `provider/model`, or a bare id that the table knows."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from llm_gateway.core.errors import GatewayError

NO_MODEL = "portkey-default"  # what Portkey's SDK sends where the caller named none
NOT_SLUGS = ("@cf/", "@hf/")  # Cloudflare's model ids


@dataclass(frozen=True, slots=True)
class Table:
    """Providers by model: exact ids, and prefixes with the longest first."""

    exact: Mapping[str, str]
    prefixes: tuple[tuple[str, str], ...]

    def provider(self, model: str) -> str | None:
        """The provider of a bare model id, or None."""
        if found := self.exact.get(model):
            return found
        return next((provider for prefix, provider in self.prefixes if model.startswith(prefix)), None)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a model's name leads. `model` is what is left of the name for the upstream; empty: none was given."""

    provider: str | None
    integration_slug: str | None
    model: str


def split(model: str, known_providers: Container[str], integrations: Container[str], table: Table) -> Route:
    """Read `model`. Raises GatewayError for a slug that is no integration.

    The part before the first "/" is a provider only if it is known: "meta-llama/Llama-3" is all model.
    """
    if not model or model == NO_MODEL:
        return Route(None, None, "")
    head, slash, rest = model.partition("/")
    if model.startswith("@") and not model.startswith(NOT_SLUGS):
        if head[1:] not in integrations:
            raise GatewayError(f"Following keys are not valid: {head[1:]}")
        return Route(None, head[1:], "" if rest == NO_MODEL else rest)
    if slash and rest and head in known_providers:
        own = head == "openrouter" and "/" not in rest  # its own ids, such as openrouter/auto
        return Route(head, None, model if own else rest)
    provider = table.provider(model)
    return Route(provider if provider in known_providers else None, None, model)


def read_table(text: str) -> Table:
    """The table in a TOML text with `[exact]` and `[prefixes]`, each model = provider."""
    data = tomllib.loads(text)
    prefixes = sorted(data.get("prefixes", {}).items(), key=lambda item: (-len(item[0]), item[0]))
    return Table(exact=data.get("exact", {}), prefixes=tuple(prefixes))


@lru_cache(maxsize=1)
def default_table() -> Table:
    """The table that comes with the package."""
    return read_table(files(__package__).joinpath("model_table.toml").read_text(encoding="utf-8"))
