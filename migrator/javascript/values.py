"""Classes of an SDK that a script hands on as values, to code that may build clients of them with the old options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ast_grep_py import SgNode

from migrator.javascript.clients import CLASSES, Clients
from migrator.javascript.imports import Import
from migrator.javascript.source import Script, span
from migrator.javascript.uses import uses
from migrator.sites import Finding, Status

_THROUGH = frozenset({"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"})
_LOOKING = re.compile(r"(?:^|\.)(?:mocked|expect|Inject|spyOn|isPrototypeOf|toBeInstanceOf|toThrow|any)$")
_EXPORTS = re.compile(r"(?:module\.)?exports\b")
_NAMING = frozenset({"provide", "inject"})  # keys by which containers find what they keep
_GIVING = frozenset({"array", "return_statement", "assignment_expression", "ternary_expression", "jsx_expression"})


def handed_on(clients: Clients, all_imports: list[Import]) -> Iterator[Finding]:
    """A finding for each class that is given to code that is not followed."""
    script, client = clients.script, clients.options.client
    for each in all_imports:
        for name in each.names if each.package == client.package else ():
            if name.imported in {*client.classes, *CLASSES}:
                for use in uses(script, name.local):
                    if use.kind() != "type_identifier" and _is_given(script, use):
                        said = f"the class is handed on: give apiKey and baseURL of {client.called} where it is built"
                        yield Finding(script.start(use), client.id, Status.REVIEW, said)


def _is_given(script: Script, use: SgNode) -> bool:
    """Whether a class is a value that goes where nobody follows it."""
    node = use
    above = node.parent()
    while above and above.kind() in _THROUGH:
        node, above = above, above.parent()
    if above is None:
        return False
    kind = above.kind()
    if kind == "arguments":
        call = above.parent()
        function = call.field("function") or call.field("constructor") if call else None
        return function is not None and not _LOOKING.search(function.text())
    if kind == "pair":
        key = above.field("key")
        return not (key and key.text() in _NAMING) and not _is_followed(script, above.parent())
    if use.kind() == "shorthand_property_identifier":
        return not _is_followed(script, above)
    value = above.field("value")
    if kind in {"assignment_pattern", "required_parameter", "public_field_definition", "field_definition"}:
        return value is not None and span(value) == span(node)
    return kind == "arrow_function" or (kind in _GIVING and not _is_exported(above))


def _is_followed(script: Script, literal: SgNode | None) -> bool:
    """Whether all that is taken out of an object is built where it is taken out, or known to the scripts that do."""
    holder = literal.parent() if literal else None
    while holder and holder.kind() in _THROUGH:
        holder = holder.parent()
    if holder and holder.kind() == "assignment_expression":
        return _is_exported(holder)
    name = holder.field("name") if holder and holder.kind() == "variable_declarator" else None
    if name is None or name.kind() != "identifier":
        return False
    taken = [use.parent() for use in uses(script, name)]
    return bool(taken) and all(
        each and each.kind() in {"member_expression", "subscript_expression"} and _is_built(each) for each in taken
    )


def _is_exported(node: SgNode) -> bool:
    """Whether a statement exports what it assigns, as CommonJS modules do."""
    left = node.field("left")
    return left is not None and _EXPORTS.match(left.text()) is not None


def _is_built(node: SgNode) -> bool:
    above = node.parent()
    made = above.field("constructor") if above and above.kind() == "new_expression" else None
    return made is not None and span(made) == span(node)
