"""Code in string literals: programs, and what commands run with `python -c`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from migrator.formats import embedded
from migrator.formats.search import moved_by
from migrator.python.module import Module
from migrator.sites import Finding, Span, Status

_IMPORT = re.compile(r"\bfrom[ \t]+([\w.]+)[ \t]+import\b")
_LITERAL = re.compile(r"""[a-zA-Z]*(\"{3}|'{3}|"|')(.*)\1""", re.DOTALL)

_GIVEN = re.compile(r"(?<![\w-])[a-z_]\w*=$")


def is_given(text: str, span: Span) -> bool:
    """Whether a constant in a text is what code in it gives a call by keyword, as in `f(api_key=KEY)`."""
    start, end = span
    ended = text[start:end].isupper() and text[end : end + 1] in (",", ")")
    return ended and _GIVEN.search(text, max(0, start - 40), start) is not None


def spans(module: Module, raw: str, value: str | None) -> tuple[Span, ...] | None:
    """Where a literal holds code that imports the old layer, within it; None where it holds none.

    `raw` is how it is written, `value` what it says, None for an f-string. There is no span where the code is not
    spelled in one piece.
    """
    literal = _LITERAL.fullmatch(raw)
    body = literal[2] if literal else raw
    said = body.replace("\\n", "\n") if value is None else value
    imported = [*embedded.imported(said), *(match[1] for match in _IMPORT.finditer(raw))]
    commands = [
        match for match in embedded.commands(said) if any(map(module.index.tracked, embedded.imported(match["code"])))
    ]
    if not commands and not any(map(module.index.tracked, imported)):
        return None
    if literal is None or re.sub(r"\r\n?", "\n", body) != value:
        return ()
    return tuple(match.span("code") for match in embedded.commands(body)) if commands else ((0, len(body)),)


def find(module: Module, raw: str, start: int, places: Collection[Span]) -> Iterator[Finding]:
    """The findings of a literal at `start` with code at these places: all names of a piece move together, or none."""
    from migrator.python import rewrite  # which takes this module

    literal = _LITERAL.fullmatch(raw)
    if literal is None or not places:
        modules = module.names.rules.modules
        rule = modules[0].id if modules else module.names.library_rule
        first, last = (module.source.line_of(at) for at in (start, start + len(raw)))
        lines = f", lines {first} to {last}," if last > first else ""
        yield Finding(
            start, rule, Status.MANUAL, f"code in a text{lines} that is not spelled in one piece: write it by hand"
        )
        return
    python = partial(rewrite.find_in_snippet, index=module.index)
    for begin, end in places:
        quote = literal[2][begin - 1 : begin].strip()  # of the command around it, if there is one
        code = literal[2][begin:end]
        one_line = len(literal[1]) == 1 or (quote and "\n" not in code)
        never = (*{literal[1], quote} - {""}, "\\", *(["\n"] if one_line else []))
        for finding in embedded.whole(code, module.names, python, never):
            if finding.edits:
                finding = replace(finding, status=Status.REVIEW, message=f"code in a text: {finding.message}")
            yield moved_by(finding, start + literal.start(2) + begin)
