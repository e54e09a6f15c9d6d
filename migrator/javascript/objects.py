"""Object literals: their properties, and the edits that take some out and put others in without a new layout."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ast_grep_py import SgNode

from migrator.javascript.source import Script, span, string_of
from migrator.sites import Edit

_ENTRIES = frozenset(
    {"pair", "shorthand_property_identifier", "spread_element", "method_definition"}
    | {"pair_pattern", "shorthand_property_identifier_pattern", "object_assignment_pattern", "rest_pattern"}
    | {"import_specifier", "export_specifier"}
)
_REST = re.compile(r"[ \t]*,?[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/[ \t]*)?(\r\n|\n|\Z)")
_COMMA = re.compile(r"[ \t]*,")
_PLAIN = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True)
class Property:
    """A property with its name as it is meant, without quotes; "" for what is spread or computed."""

    name: str
    node: SgNode
    value: SgNode | None

    @property
    def is_known(self) -> bool:
        return bool(self.name)


def properties(literal: SgNode) -> list[Property]:
    """The entries of an object literal, of a pattern or of the braces of an import or an export, in order."""
    return [_property(node) for node in literal.named_children() if node.kind() in _ENTRIES]


def _property(node: SgNode) -> Property:
    kind = node.kind()
    if kind in {"pair", "pair_pattern"}:
        key = node.field("key")
        name = key.text() if key else ""
        if key and key.kind() == "string":
            name = name[1:-1]
        elif key and key.kind() == "computed_property_name":
            name = string_of(next(iter(key.named_children()), None)) or ""
        return Property(name, node, node.field("value"))
    if kind.startswith("shorthand"):
        return Property(node.text(), node, node)
    if kind in {"import_specifier", "export_specifier"}:
        name_node, alias = node.field("name"), node.field("alias")
        known = name_node if kind == "import_specifier" else alias or name_node
        return Property(known.text() if known else "", node, alias or name_node)
    return Property("", node, None)


def without(script: Script, text: str, literal: SgNode, gone: Sequence[Property]) -> list[Edit]:
    """The edits that take properties out: with their lines where they have them to themselves."""
    entries = properties(literal)
    lost = {span(each.node) for each in gone}
    if lost and all(span(each.node) in lost for each in entries):
        return [Edit(script.start(literal) + 1, script.end(literal) - 1, "")]
    edits = []
    for number, entry in enumerate(entries):
        if span(entry.node) not in lost:
            continue
        start, end = script.start(entry.node), script.end(entry.node)
        line = _own_lines(text, start, end)
        if line:
            edits.append(Edit(*line, ""))
            continue
        later = next((e for e in entries[number + 1 :]), None)
        if later and any(span(e.node) not in lost for e in entries[number + 1 :]):
            edits.append(Edit(start, script.start(later.node), ""))
        else:
            before = script.end(entries[number - 1].node) if number else script.start(literal) + 1
            edits.append(Edit(before, end, ""))
    return edits


def _own_lines(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The lines of a span that has them to itself, but for a comma and a comment behind it."""
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = _REST.match(text, end)
    if text[first:start].strip() or rest is None or not rest[1]:
        return None
    return first, rest.end()


def with_more(
    script: Script, text: str, literal: SgNode, added: Sequence[str], gone: Collection[Property] = ()
) -> list[Edit]:
    """The edits that take properties out and put entries behind the last one that stays, laid out as the others."""
    removed = without(script, text, literal, list(gone)) if gone else []
    if not added:
        return removed
    lost = {span(each.node) for each in gone}
    entries = properties(literal)
    stay = [entry for entry in entries if span(entry.node) not in lost]
    if not stay:
        return [_filled(script, text, literal, entries, added)]
    last = script.end(stay[-1].node)
    start = script.start(stay[-1].node)
    lines = _own_lines(text, start, last)
    if lines is None:
        return [*removed, Edit(last, last, "".join(f", {each}" for each in added))]
    indent = text[lines[0] : start]
    newline = "\r\n" if text[: lines[1]].endswith("\r\n") else "\n"
    follows = _COMMA.match(text, last) is not None
    trailing = "," if follows else ""
    body = f",{newline}".join(f"{indent}{each}" for each in added)
    edits = [*removed, Edit(lines[1], lines[1], f"{body}{trailing}{newline}")]
    return edits if follows else [*edits, Edit(last, last, ",")]


def _filled(script: Script, text: str, literal: SgNode, entries: Iterable[Property], added: Sequence[str]) -> Edit:
    """All of a literal's entries replaced, one a line where the first had a line of its own."""
    start, end = script.start(literal) + 1, script.end(literal) - 1
    first = next(iter(entries), None)
    lead = text[start : script.start(first.node)] if first else ""
    if "\n" not in lead:
        return Edit(start, end, f" {', '.join(added)} ")
    newline = "\r\n" if "\r\n" in lead else "\n"
    indent = lead[lead.rfind("\n") + 1 :]
    closing = text[text.rfind("\n", 0, end) + 1 : end]
    body = "".join(f"{newline}{indent}{each}," for each in added)
    return Edit(start, end, f"{body}{newline}{closing if not closing.strip() else ''}")


def written(name: str, value: str, quote: str = '"') -> str:
    """A property as it is written: shorthand where it can be, its name quoted where it must be."""
    if name == value:
        return name
    return f"{name if _PLAIN.fullmatch(name) else f'{quote}{name}{quote}'}: {value}"
