"""What tests expect a client to be made with, where they put something else in the place of its class."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Text
from migrator.python.sdk.writer import Writer
from migrator.sites import Finding, Status

_ASSERTING = {"assert_called_with", "assert_called_once_with", "assert_any_call", "call"}
_READ_OFF = {"kwargs", "call_args"}
_REPLACING = {"object", "setattr"}  # the first is that of `patch`
_GENERAL = {"provider", "config", "metadata"}  # names that much else has


def find(writer: Writer) -> Iterator[Finding]:
    """A finding for each option expected that the new class is not given, or is given otherwise."""
    module = writer.module
    if not any(_stands_for_class(writer, text) for text in module.found.texts):
        return
    for node, _ in module.found.calls:
        if callee_of(node) not in _ASSERTING:
            continue
        names = [k.arg for k in node.keywords if k.arg and _changes(writer, k.arg)]
        if names and ({*names} - _GENERAL or any(k.arg == "api_key" for k in node.keywords)):
            yield _told(writer, node, names)
    for read, _ in module.found.lookups:
        key, holder = _looked_up(read)
        if key and key not in _GENERAL and _changes(writer, key) and _READ_OFF & {*_names(holder)}:
            yield _told(writer, read, [key])


def _told(writer: Writer, node: ast.expr, names: list[str]) -> Finding:
    said = f"{', '.join(names)}: expect what the new client is made with, which has no such option"
    return writer.say(node, Status.MANUAL, said)


def _changes(writer: Writer, name: str) -> bool:
    """Whether it is an option of the old class that the new one does not have by that name."""
    row = writer.rules.parameter(name)
    return row is not None and name in row.names and row.to not in ("key", "url", "keyword")


def _stands_for_class(writer: Writer, text: Text) -> bool:
    """Whether a text names a class of clients that is replaced: `patch("app.llm.Portkey")`."""
    module, value = writer.module, text_value(text.node) or ""
    holder, _, name = value.rpartition(".")
    if name not in writer.client.classes:
        return False
    above = module.source.parents.get(id(text.node))
    if not holder:
        return isinstance(above, ast.Call) and callee_of(above) in _REPLACING
    return _is_ours(module, value, writer.client.id)


def _is_ours(module: Module, dotted: str, rule: str) -> bool:
    fate = module.names.fate(module.index.canonical(dotted))
    return fate is not None and fate.rule == rule


def _looked_up(node: ast.expr) -> tuple[str, ast.expr]:
    """The key of `x["key"]` or `x.get("key")`, and `x`; "" for none."""
    if isinstance(node, ast.Subscript):
        return text_value(node.slice) or "", node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        return text_value(node.args[0]) or "", node.func.value
    return "", node


def _names(node: ast.expr) -> tuple[str, ...]:
    """The names in a chain such as `made.call_args[1]`."""
    return _names(node.value) if isinstance(node, ast.Subscript) else parts_of(node)
