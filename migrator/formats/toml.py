"""TOML files: sections that moved, and old names in keys and strings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from migrator.fates.names import Names, say_env
from migrator.formats import Context, config
from migrator.formats.search import apart, distribution, exact, line_of, prose, renamed, settings_in
from migrator.formats.toml_layout import Layout
from migrator.formats.toml_moves import moves
from migrator.sites import Finding, Status

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:[\[(<>=!~;@].*)?$", re.DOTALL)
_DEPENDENCIES = re.compile(r"depend|require|packages")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Moved settings, renamed keys and strings, flagged dependencies; comments are prose.

    A text that is no TOML (a template, an excerpt) is searched as plain configuration.
    """
    try:
        tomllib.loads(text)
        layout = Layout(text)
    except ValueError:
        return config.find(text, names, context)
    words = (*layout.comments, *layout.strings)
    inner = apart(
        _keys(text, layout, names),
        _dependencies(layout, names),
        (f for s in layout.strings for search in (exact, settings_in) for f in search(s.text, names, s.start)),
        (f for p in words for f in prose(p.text, names, p.start, edit=context.edit_prose)),
    )
    return apart(moves(text, layout, names, inner), inner)


def _keys(text: str, layout: Layout, names: Names) -> Iterator[Finding]:
    """Keys that are environment variables."""
    for node in layout.nodes:
        for key in node.keys:
            renaming = names.env(key.text)
            if renaming is None:
                continue
            new, rule = renaming
            taken = layout.places.get((node.outer, (*key.path, new)))
            if taken is not None:
                said = f"{new} is already set on line {line_of(text, taken)}: remove this one or that one"
                yield Finding(key.start, rule.id, Status.MANUAL, said)
            else:
                start = text.find(key.text, key.start, key.end)
                span = (start, start + len(key.text)) if start >= 0 else (key.start, key.end)
                yield renamed(span, 0, new, rule.id, Status(rule.status), say_env(key.text, new, rule))


def _dependencies(layout: Layout, names: Names) -> Iterator[Finding]:
    """Flagged distributions: `"name>=1"` in a list of dependencies, or `name = "^1"` in a table of them."""
    named = [(node.keys[0].text, node.start, node.path) for node in layout.nodes]
    requirements = ((piece, _REQUIREMENT.match(piece.text)) for piece in layout.strings)
    named += [(match[1], piece.start + match.start(1), piece.path) for piece, match in requirements if match]
    for name, start, path in named:
        flag = distribution(name, names) if any(_DEPENDENCIES.search(part) for part in path) else None
        if flag:
            yield Finding(start, flag.id, Status.MANUAL, flag.message)
