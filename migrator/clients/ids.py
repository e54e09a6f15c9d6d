"""What a model id of LiteLLM is at a target: the one function that a client module applies at run time, by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migrator.clients.table import Models


@dataclass(frozen=True)
class Ids:
    """A target's table of models, with what a project says on top of it."""

    table: Models
    providers: Mapping[str, str] = field(default_factory=dict)  # LiteLLM's provider -> the target's
    models: Mapping[str, str] = field(default_factory=dict)  # whole model ids -> the target's

    def new(self, model: str) -> str | None:
        """The id at the target, the same one where it stays; None for one that the target does not serve."""
        if model in self.models:
            return self.models[model]
        if model.startswith(self.unserved):
            return None
        _, slash, name = model.partition("/")
        provider = self.provider(model)
        if slash and provider in self.table.strip:
            return self.new(name)
        known = self.known
        return f"{self.table.prefix}{known[provider]}/{name if slash else model}" if provider in known else model

    def provider(self, model: str) -> str:
        """The provider before an id's slash; of one without any, that which LiteLLM takes it for, where that counts."""
        provider, slash, _ = model.partition("/")
        return provider if slash else next((p for start, p in self.table.bare.items() if model.startswith(start)), "")

    def settled(self, model: str) -> str | None:
        """As `new`, but the id stays where what it becomes would be mapped again."""
        new = self.new(model)
        return new if new is None or self.new(new) == new else model

    def beginning(self, text: str) -> str | None:
        """What the beginning of an id, such as `gemini/`, becomes whatever follows; itself where that matters.

        None for one that the target does not serve.
        """
        if text.startswith(self.unserved) and not any(model.startswith(text) for model in self.models):
            return None
        ends = (*self.unserved, *self.models, *(f"{provider}/" for provider in self.table.strip))
        if any(end.startswith(text) for end in ends):
            return text
        new = self.settled(f"{text}x")
        return new[:-1] if new and "/" in text and new.endswith("x") else text

    @property
    def known(self) -> Mapping[str, str]:
        """LiteLLM's providers that the target has = their names there."""
        return {**self.table.providers, **self.providers}

    @property
    def unserved(self) -> tuple[str, ...]:
        """Beginnings of the ids that the target does not serve."""
        return unserved(self.table, self.providers)

    def is_id(self, text: str) -> bool:
        """Whether a text is an id that changes, or one that is not served, by its provider."""
        return self.new(text) != text


def unserved(table: Models, providers: Mapping[str, str]) -> tuple[str, ...]:
    """Beginnings of ids that a target does not serve, without those of providers that the project has a name for."""
    return tuple(start for start in table.unserved if start.removesuffix("/") not in providers)
