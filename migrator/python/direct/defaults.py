"""What a method of the SDK has to be told to do what LiteLLM does by itself: a limit, an encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrator.clients.table import Function, Table
from migrator.python.direct.keys import Key
from migrator.python.direct.models import Models
from migrator.python.direct.request import NotKnownError, Request

Keys = Sequence[Key]

_LIMITS = {"max_tokens", "max_completion_tokens"}


def complete(made: Request, table: Table, function: Function, models: Models, spread: Mapping[str, Keys]) -> None:
    """Add to `made` what the call does not say; `spread` are the keys of dicts that it is given, by their names.

    Raises NotKnownError where only run time knows whether it is said.
    """
    given = {called for _, called in made.kept}
    wanted = dict(function.defaults)
    if table.models.limited and "messages" in function.keep and not _LIMITS & given:
        wanted |= {"max_tokens": limit} if (limit := _limit(made, models, spread)) else {}
    for name, value in wanted.items():
        if {name, *(_LIMITS if name in _LIMITS else ())} & spread.keys():
            raise NotKnownError(f"{name}: only run time knows whether it is given, and its default is LiteLLM's own")
        if name not in given:
            made.added.append((name, value if value.isdecimal() else f'"{value}"'))


def _limit(made: Request, models: Models, spread: Mapping[str, Keys]) -> str:
    """The limit that the model of a chat needs; "" for none. Raises NotKnownError where only run time knows it."""
    values = [made.model.value] if made.model else [key.value for key in spread.get("model", ())]
    texts = {made.model_id or (models.text(value) if value else None) for value in values}
    limited = models.ids.table.limited
    limits = {next((limited[part] for part in limited if part in models.served(text)), "") for text in texts if text}
    if None in texts or len(limits) != 1:
        raise NotKnownError("model: only run time knows whether it needs a limit")
    return limits.pop()
