"""The parameters of a request as a target changes them: defaults, then overrides, then what is dropped."""

from __future__ import annotations

from llm_gateway.core.types import JSON, Target


def applied(body: JSON, target: Target) -> JSON:
    """The body for this target; the same object where the target changes nothing. `body` itself is never changed."""
    if not (target.override_params or target.default_params or target.drop_params):
        return body
    changed = {**target.default_params, **body, **target.override_params}
    for path in target.drop_params:
        _drop(changed, path.split("."))
    return changed


def _drop(body: JSON, path: list[str]) -> None:
    """Takes out the value at `path`, copying the objects on the way; what is not there is left alone."""
    head, *rest = path
    if head not in body:
        return
    if not rest:
        del body[head]
    elif isinstance(body[head], dict):
        body[head] = dict(body[head])
        _drop(body[head], rest)
