"""What one module puts something else in the place of: by assignment, by calls such as `patch.object`, by texts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Outline
from migrator.python.reading.scopes import target_of

_PUTTING = {"setattr", "delattr", "object"}  # the last is that of `patch`


def assigned(found: Outline) -> Iterator[str]:
    """Full names that are assigned to through a module: `litellm.completion = fake`."""
    for reference in found.references:
        node = reference.nodes[-1]
        if len(reference.parts) > 1 and isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            yield target_of(reference.parts, reference.scope) or ""
    yield from _put(found)


def spelled(found: Outline) -> Iterator[str]:
    """Full names that texts spell; `.name` for one whose beginning is put together; keys of `sys.modules`."""
    swaps = any(reference.parts[-2:] == ("sys", "modules") for reference in found.references)
    for text in found.texts:
        value = text_value(text.node)
        if value is None:
            last = text.node.values[-1:] if isinstance(text.node, ast.JoinedStr) else []
            value = next((v for node in last if (v := text_value(node)) and v.startswith(".")), None)
        if value and ("." in value or swaps) and _is_dotted(value.removeprefix(".")):
            yield value


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _put(found: Outline) -> Iterator[str]:
    """`patch.object(module, "name")`, `monkeypatch.setattr(module, "name", …)`, `patch.multiple(module, name=…)`."""
    for call, scope in found.calls:
        callee = callee_of(call)
        name = text_value(call.args[1]) if callee in _PUTTING and len(call.args) > 1 else None
        if name and name.isidentifier():
            of = target_of(parts_of(call.args[0]), scope)
            yield f"{of}.{name}" if of else ""
        elif callee == "multiple" and call.args:
            of = text_value(call.args[0]) or target_of(parts_of(call.args[0]), scope)
            yield from (f"{of}.{k.arg}" for k in call.keywords if of and k.arg)
