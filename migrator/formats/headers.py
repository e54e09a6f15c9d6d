"""What becomes of the headers of a client that is left, where they are written as texts: in commands, files, maps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from migrator.fates.names import Names
from migrator.fates.providers import LOST, NewId, begins, named, new_id
from migrator.primitives.client import Client, Parameter
from migrator.sites import Noted, Status

_VARIABLE = re.compile(r"[$<{]")
_NAME = re.compile(r"[\w-]+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_WHOLE = "os.environ/"  # how settings of LiteLLM name a variable
_TRUE, _FALSE = "true", "false"


@dataclass(slots=True)
class Settled(Noted):
    """What headers become together: `key` and `authorization` are which of them say these, by number.

    `instead` has the headers that take the place of one, by its number; all others go. `provider` is that of the
    models that are asked for, "" where none was named and LOST where nothing tells which. `fault` keeps the whole
    from being edited.
    """

    key: int | None = None
    authorization: int | None = None
    provider: str = ""
    instead: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    fault: str = ""
    fault_rule: str = ""


class Headers:
    """What the rules make of the headers of one client."""

    def __init__(self, names: Names, client: Client) -> None:
        self.names, self.client = names, client
        options = names.rules.options
        self.slugs: Mapping[str, str] = options.get("slugs", {})
        self.models: Mapping[str, str] = options.get("models", {})
        self.address = str(options.get("base-url") or "") or client.url

    def is_ours(self, name: str) -> bool:
        """Whether a header is one of the client that is left."""
        return name.lower().startswith(self.client.prefix)

    def rule(self, name: str) -> Parameter | None:
        """The rule of a header."""
        return self.names.rules.parameter(name.lower().removeprefix(self.client.prefix).replace("-", "_"))

    def is_sent(self, text: str, at: int) -> bool:
        """Whether the name of a header at a place is one that requests have."""
        match = _NAME.match(text, at)
        rule = self.rule(match[0]) if match else None
        return rule is not None and rule.to != "drop"

    def is_key(self, name: str) -> bool:
        """Whether a header carries the key."""
        rule = self.rule(name) if self.is_ours(name) else None
        return rule is not None and rule.to == "key"

    def settle(self, headers: Sequence[tuple[str, str]]) -> Settled:
        """What headers, given as name and value, become together; those of others stay."""
        result = Settled()
        for number, (name, value) in enumerate(headers):
            if name.lower() == "authorization":
                result.authorization = number
            elif self.is_ours(name):
                self._one(result, number, name, value)
        if result.provider == LOST:
            said = f"nothing tells which provider was meant, so {self.client.called} chooses"
            result.say(Status.REVIEW, f"{said}: say it with the setting slugs, or begin the model id with it")
        if result.authorization is not None and not self._is_old_key(headers[result.authorization][1]):
            self._other_key(result, any(self.is_ours(name) for name, _ in headers))
        elif result.key is not None and result.authorization is not None:
            result.say(Status.REVIEW, "the key was sent twice: once is left")
        return result

    def _other_key(self, result: Settled, ours: bool) -> None:
        rule = self.names.rules.parameter("authorization")
        if ours and rule:
            result.say(Status.REVIEW, f"the key that was sent as Authorization is gone: {rule.message}")
        elif not ours:
            result.say(Status.REVIEW, f"see that the key is one of {self.client.called}")

    def _is_old_key(self, value: str) -> bool:
        return any(self.names.env(word) for word in _WORD.findall(value)) or self.has_lost_key(value)

    def has_lost_key(self, value: str) -> bool:
        """Whether a value has the key of the client that is left from a variable that is not renamed."""
        old = self.client.old_key_variable
        return old in _WORD.findall(value) and not self.names.env(old)

    def _one(self, result: Settled, number: int, name: str, value: str) -> None:
        rule = self.rule(name)
        to = rule.to if rule else "drop"
        note = f"{name}: {rule.message}" if rule and rule.message else f"{name} is gone"
        if rule is None or to == "manual":
            result.fault, result.fault_rule = note, rule.id if rule else self.client.id
        elif to == "key" and value.strip().startswith(_WHOLE):
            said = f"give {value.strip()} as api_key: LiteLLM fills it in only where it is the whole value"
            result.fault, result.fault_rule = f"{name}: {said}", rule.id
        elif to == "key":
            result.key = number
            if not _VARIABLE.search(value) and not self._is_old_key(value) and any(map(str.islower, value)):
                result.say(Status.REVIEW, f"{name}: its value has to be a key of {self.client.called}")
        elif to == "provider":
            self._provider(result, value)
        elif to == "config":
            self._config(result, rule, note, value)
        elif to == "labels":
            self._labels(result, rule, number, value)
        elif to == "header":
            self._flag(result, rule, number, name, value)
        elif to != "drop":
            result.say(Status.REVIEW, f"{name} is gone: no header says it at {self.client.called}")
        else:
            result.say(Status(rule.status), note if rule.status != Status.MIGRATED else "")

    def _provider(self, result: Settled, value: str) -> None:
        found = self.provider(value)
        if found != LOST or not result.provider:
            result.provider = found

    def provider(self, value: str) -> str:
        """The provider that a slug or a variable names; LOST where neither the settings nor a name tells it."""
        if not _VARIABLE.search(value):
            slug = value.strip().removeprefix("@")
            known = slug if slug in self.client.providers else named(slug, self.client)
            return self.slugs.get(slug) or known or LOST
        found = (self.slugs.get(word) or named(word, self.client) for word in _WORD.findall(value))
        return next(filter(None, found), LOST)

    def _config(self, result: Settled, rule: Parameter, note: str, value: str) -> None:
        config = _object(value)
        if config is None:
            result.say(Status.REVIEW, note)
            result.provider = result.provider or LOST
            return
        for name, inner in config.items():
            part = self.names.rules.parameter(name)
            if part and part.to == "provider":
                self._provider(result, str(inner))
            elif part and part.to == "manual":
                result.fault, result.fault_rule = f"config.{name}: {part.message}", part.id
            elif part and part.to != "drop":
                result.say(Status.REVIEW, f"config.{name} is gone: no header says it at {self.client.called}")
            else:
                result.say(Status.REVIEW, f"config.{name}: {part.message if part else rule.message}")

    def _labels(self, result: Settled, rule: Parameter, number: int, value: str) -> None:
        labels = _object(value)
        if labels is None or any(isinstance(each, dict | list) for each in labels.values()):
            said = f"metadata: send each entry as a header of its own, {self.client.labels}KEY"
            result.fault, result.fault_rule = said, rule.id
            return
        texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in labels.items()}
        result.instead[number] = [(self.client.labels + label(key), text) for key, text in texts.items()]

    def _flag(self, result: Settled, rule: Parameter, number: int, name: str, value: str) -> None:
        if value.strip().lower() == _TRUE:
            result.instead[number] = [(rule.called, rule.value or value)]
            result.say(Status(rule.status), f"{name} → {rule.called}: {rule.message}" if rule.message else "")
        elif value.strip().lower() != _FALSE:
            said = f"{name}: send {rule.called}: {rule.value} where it is true"
            result.fault, result.fault_rule = said, rule.id

    def model(self, model: str, provider: str) -> NewId:
        """What a model that is asked for is called from now on."""
        return new_id(model, provider, self.client, self.slugs, self.models)

    def begin(self, provider: str) -> str:
        """How ids of models begin that stay at a provider; "" where nothing has to be said."""
        return "" if provider in ("", LOST, self.client.itself) else begins(provider, self.client)


def label(key: str) -> str:
    """A key of metadata as a part of the name of a header, in which servers take no `_`.

    >>> label("_user"), label("customer.id")
    ('user', 'customer-id')
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-")


def _object(value: str) -> dict[str, object] | None:
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
