"""The ids of models that clients of other libraries are given where they are made."""

from __future__ import annotations

import ast

from migrator.fates.providers import LOST, NewId, begins, new_id
from migrator.patterns import under
from migrator.primitives.client import Client
from migrator.python.reading.expressions import text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.options import Result
from migrator.python.sdk.writer import Writer, named
from migrator.sites import Edit, Status

NAMES = ("model", "model_name", "model_id")
_SAID = ("model_provider", "model_info")  # given one of these, a client takes any id as it is
_BY_NAME = "-"  # it knows ids by name, and takes no other one


def edits(writer: Writer, result: Result, node: ast.Call | ast.Dict, scope: Scope) -> tuple[Edit, ...]:
    """The edit of the id that such a client is given, with the provider of `result`, which is told what differs."""
    client = writer.client
    dotted = writer.dotted(node.func, scope) if isinstance(node, ast.Call) else ""
    if writer.makes_new(node, scope):
        _see_to_calls(writer, result, node, scope)
        return ()
    if result.provider == client.itself != "":
        return ()
    by_name = named(node)
    other = beginning(client, dotted)
    taken = "" if other is None or any(name in by_name for name in _SAID) else other
    first = node.args[:1] if isinstance(node, ast.Call) and other is not None else []
    names = NAMES if other is None else (*NAMES, "id")
    given = next((by_name[n] for n in names if n in by_name), first[0] if first else None)
    model = text_value(given)
    if given is None or model is None or taken == _BY_NAME:
        _say_how_ids_begin(writer, result, dotted.rpartition(".")[2] if taken == _BY_NAME else "", bool(given or taken))
        return ()
    new = _new_id(writer, model, taken, result.provider)
    if taken and not new.text.startswith(model.partition(taken[-1])[0]) and taken[-1] in model:
        result.say(Status.REVIEW, f"{model} is asked for in OpenAI's way: {new.text}")
    result.say(new.status if new.status is not Status.MANUAL else Status.REVIEW, new.message)
    place = writer.module.source.inside(given, model) if new.text != model else None
    if new.text != model and place is None:
        result.say(Status.REVIEW, f"write the model as {new.text}")
    return (Edit(*place, new.text),) if place else ()


def beginning(client: Client, dotted: str) -> str | None:
    """What another client takes off ids of models itself; None for one of which nothing is known."""
    found = (begin for module, begin in sorted(client.models.items(), reverse=True) if under(dotted, module))
    return next(found, None)


def _say_how_ids_begin(writer: Writer, result: Result, by_name: str, named: bool) -> None:
    """What to do about an id that is not in sight, or that a class `by_name` would not know any more."""
    if result.provider not in ("", LOST):
        own = f"; {by_name} takes only names it knows" if by_name else ""
        result.say(Status.REVIEW, begins(result.provider, writer.client) + own)
    elif writer.client.vendors and not named:
        result.say(Status.REVIEW, f"ids at {writer.client.called} begin with who made the model")


def _new_id(writer: Writer, model: str, taken: str, provider: str) -> NewId:
    """The id of a model for a client that takes the beginning `taken` off it."""
    client, settings, root = writer.client, writer.rules.options, model.removeprefix(taken)
    if taken and root == model and taken[-1] in model and not model.startswith("@"):
        its, _, root = model.partition(taken[-1])
        provider = its if provider in ("", LOST) else provider
        if provider not in client.providers:
            return NewId(model, Status.REVIEW, f"{model}: begin it with {taken} and the gateway's name of the provider")
    new = new_id(root, provider, client, settings.get("slugs", {}), settings.get("models", {}))
    return new._replace(text=f"{taken}{new.text}") if (new.text, root) != (model, model) else new


def _see_to_calls(writer: Writer, result: Result, node: ast.Call | ast.Dict, scope: Scope) -> None:
    """A client of the SDK itself: its calls name models, as far as they are in sight."""
    parents = writer.module.source.parents
    above = parents.get(id(node))
    while isinstance(above, ast.keyword | ast.Starred):
        above = parents.get(id(above))
    handed = isinstance(above, ast.Call) and above.func is not node
    dotted = writer.dotted(above.func, scope) if isinstance(above, ast.Call) else ""
    traced = dotted in writer.client.patches or bool(writer.module.index.module_of(dotted))
    sought = writer.module.index.uses_old(writer.module.facts)
    if ((handed and not traced) or not sought) and result.provider not in ("", LOST, writer.client.itself):
        result.say(Status.REVIEW, begins(result.provider, writer.client))
