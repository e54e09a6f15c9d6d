"""Puts HTML together so that text cannot become markup: whatever is no `Markup` is escaped."""

from __future__ import annotations

from html import escape

_LONGEST = 400


class Markup(str):
    """Text that is HTML already. Only `tag` makes it, and who writes a constant."""


def tag(name: str, /, *children: str, **attributes: str | int | float | bool) -> Markup:
    """An element. `class_` is written `class`, `data_label` `data-label`; True has no value, False is left out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not False)
    if name in ("meta", "br"):
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(plain(child)) for child in children))


def plain(text: str) -> str:
    """Text from outside without control characters, cut where it is long."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " if character.isspace() else "�" for character in text)


def _attribute(key: str, value: str | int | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(plain(str(value)))}"'
