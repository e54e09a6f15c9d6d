"""What texts of generated modules are made of: templates that are filled, and values as Python spells them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from migrator.clients.parts import TEMPLATES

WIDTH = 88  # the narrowest line length that the text is formatted for; it stays the same at wider ones


def spaced(text: str) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", text)


def pattern(name: str) -> str:
    return re.escape(name).replace(r"\*", ".*").replace(r"\-", "-")


def words(names: Iterable[str], between: str = " ") -> str:
    text = between.join(names)
    return textwrap.fill(text, WIDTH - 4, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def constant(name: str, names: Iterable[str]) -> str:
    line = f'{name} = "{" ".join(names)}"'
    return line if len(line) <= WIDTH else f'{name} = """\n{words(names)}\n"""'


def packed(name: str, values: Collection[str] | Mapping[str, str]) -> str:
    """A constant, as many of its items on a line as there is room for."""
    opening, closing = ("[", "]") if isinstance(values, list) else ("{", "}")
    opening, closing = ("(", ")") if isinstance(values, tuple) else (opening, closing)
    if isinstance(values, Mapping):
        items = [f"{literal(key)}: {literal(value)}" for key, value in values.items()]
    else:
        items = [literal(value) for value in (sorted(values) if isinstance(values, frozenset) else values)]
    line = f"{name} = {opening}{', '.join(items)}{closing}"
    if len(line) <= WIDTH:
        return line
    rows = words(item.replace(" ", "\0") + "," for item in items).replace("\0", " ")
    return f"{name} = {opening}\n{rows}\n{closing}  # fmt: skip"


def literal(value: object, *, exploded: bool = False, indent: str = "") -> str:
    """A literal as ruff formats it: one item a line if `exploded`, which the last comma keeps at any line length."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    inner = indent + "    "
    if isinstance(value, Mapping):
        items = [f"{literal(k)}: {literal(v, exploded=exploded, indent=inner)}" for k, v in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list | tuple):
        items = [literal(item, exploded=exploded, indent=inner) for item in value]
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    else:
        return repr(value)
    if exploded and items:
        return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + indent + closing
    comma = "," if isinstance(value, tuple) and len(items) == 1 else ""
    return f"{opening}{', '.join(items)}{comma}{closing}"


def template(name: str, folder: Path = TEMPLATES) -> str:
    """The text of a template, as it stands in its folder."""
    return (folder / f"{name}.txt").read_text(encoding="utf-8")


_VALUE = re.compile(r"\{\{(\w+)\}\}")
_LINE = re.compile(rf"^{_VALUE.pattern}\n", re.MULTILINE)  # it goes when its value is empty
_BLOCK = re.compile(r"^\{\{([#^])([\w-]+)\}\}\n(.*?)^\{\{/\2\}\}\n", re.DOTALL | re.MULTILINE)


def fill(template: str, flags: Collection[str], values: Mapping[str, str]) -> str:
    """`{{name}}` becomes its value; `{{#flag}}` lines `{{/flag}}` stay with the flag, `{{^flag}}` ones without it."""

    def block(match: re.Match[str]) -> str:
        stays = (match[2] in flags) == (match[1] == "#")
        return _BLOCK.sub(block, match[3]) if stays else ""

    text = _BLOCK.sub(block, template)
    text = _LINE.sub(lambda match: f"{values[match[1]]}\n" if values[match[1]] else "", text)
    return _VALUE.sub(lambda match: values[match[1]], text)
