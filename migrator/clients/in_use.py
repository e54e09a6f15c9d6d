"""The model ids of a project that uses a library: which texts are ids, what they become, and which of them stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from migrator.clients.ids import Ids
from migrator.clients.table import Function, load
from migrator.patterns import glob_regex
from migrator.primitives.library import ModelId
from migrator.tree.needles import shortest

ASUNDER, ASKED, PROVIDER = "/", "?", "custom_llm_provider"
_SPLITS = ('split("/"', "split('/'", 'partition("/"', "partition('/'")
_FILE_NAME = re.compile(r"\.(py|md|json|ya?ml|toml|txt|png|jpe?g|svg|gif|html?|sh|js|ts|csv|ipynb|git|whl|gz|zip)$")
_ID = re.compile(r"[A-Za-z][\w.-]*(?:/[A-Za-z0-9@~][\w.:@+-]*)*")


@dataclass(frozen=True)
class InUse:
    """The ids of a project that uses a library: what they become, and which of its code looks at.

    `looked_at` holds the texts that ids are compared with or searched for, such as `gemini/`; names of providers are
    among them, which matter where the code takes ids apart: then there is ASUNDER, ASKED where the library goes on
    being asked about ids, PROVIDER where a call names the provider of an id beside it.
    """

    rule: ModelId
    ids: Ids
    functions: Mapping[str, Function] = field(default_factory=dict)  # of the client module, by name
    looked_at: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()  # dotted names of variables that modules other than their own give to calls

    @classmethod
    def told_by(cls, rule: ModelId, client: str, options: Mapping[str, Any]) -> InUse:
        """The ids that a rule speaks of, as the table of a client module and the project's settings change them."""
        table = load(client)
        return cls(rule, Ids(table.models, options.get("providers", {}), options.get("models", {})), table.functions)

    def names_model(self, name: str) -> bool:
        """Whether what holds a value says that it is a model id."""
        return bool(self._named.fullmatch(name.replace("-", "_").lower()))

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile("|".join(map(glob_regex, self.rule.names)))

    def is_id(self, text: str) -> bool:
        """Whether a text, where a model is meant, is an id that changes or is not served."""
        if len(text) > 200 or not _ID.fullmatch(text) or _FILE_NAME.search(text):
            return False
        return not text.startswith(tuple(self.rule.others)) and self.ids.settled(text) != text

    def is_told(self, text: str) -> bool:
        """Whether the text alone says so: it begins with a provider."""
        return "/" in text and self.is_id(text)

    def kept_for(self, text: str, *, direct: bool = False, whole: bool = True) -> str:
        """Why an id, or the beginning of one, stays; "" where it need not. A `direct` one gets to a call only."""
        looked = self.looked_at
        provider = self.ids.provider(text) or text
        begun = "" if whole or direct else min((each for each in looked if each.startswith(text)), default="")
        if begun:
            return f"code looks for {begun!r}"
        if text in looked or (not direct and f"{provider}/" in looked):
            return f"code looks for {text if text in looked else provider + '/'!r}"
        if PROVIDER in looked and "/" not in text and not direct:
            return "a call names the provider beside it"
        if ASUNDER in looked and provider in looked and not direct:
            return f"code takes ids apart and looks for {provider!r}"
        return "LiteLLM goes on being asked about ids" if ASKED in looked and not direct else ""

    @property
    def is_taken_apart(self) -> bool:
        """Whether code takes ids apart at the slash."""
        return ASUNDER in self.looked_at

    def say_unserved(self, texts: Iterable[str]) -> str:
        """The message of ids that the target does not serve."""
        note = self.ids.table.unserved_note
        return f"{told(texts)}: {note}; choose another model, or say what it is there with the setting `models`"

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which a file holds one if it holds an id with a provider, or takes ids apart."""
        ids = self.ids
        changed = [p for p, new in ids.known.items() if ids.table.prefix or p != new]
        starts = (f"{p}/" for p in (*changed, *ids.table.strip))
        return shortest([*starts, *(u for u in ids.unserved if len(u) > 3), *_SPLITS])


def told(texts: Iterable[str]) -> str:
    """The distinct texts, of many only the first ones."""
    unique = sorted(set(texts))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")
