"""Old names in docstrings and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.formats import http
from migrator.patterns import under
from migrator.python.module import Module
from migrator.python.words import code
from migrator.sites import Edit, Finding, Span, Status

_WORD = re.compile(r"[A-Z][a-z]+")  # a class that is called what people write as well, as Timeout is
_CAMEL = r"[A-Z]\w*[a-z]\w*[A-Z]\w*"
_AND = r"(?:,|\||/|[ \t]+(?:or|and)\b)"
_BEFORE_CODE = re.compile(
    rf"(?:[`|]|\b(?:[Rr]aise[sd]?|[Rr]aising|[Ee]xcept|[Cc]atch(?:es)?)[ \t]+|{_CAMEL}{_AND}[ \t]*)$"
)
_AFTER_CODE = re.compile(rf"[`(\[|]|\.\w|[ \t]+exceptions?\b|{_AND}[ \t]*{_CAMEL}")
_ALONE = re.compile(r"[ \t]*\r?(?:\n|$)")
_RAISES = re.compile(r"^[ \t]*:?raises\b", re.IGNORECASE | re.MULTILINE)
_IMPORT = re.compile(r"\bfrom[ \t]+([\w.]+)[ \t]+import[ \t]+(\w+(?:,[ \t]*\w+)*)(?=[ \t]*(?:[#`]|\r?$))", re.MULTILINE)


def prose(module: Module, raw: str, start: int, renames: dict[str, str], *, edit: bool) -> Iterator[Finding]:
    """A docstring or comment: exact names are kept right, words are reported (and replaced with `--text`)."""
    spelled = [f for f in module.names.in_config(raw, start) if not _is_given(raw, f, start)]
    exact = [*spelled, *_bound_classes(module, raw, start, renames)]
    exact += _imports(module, raw, start)
    yield from exact
    for finding in module.names.prose_in(raw, start, edit=edit):
        if not any(e.start <= finding.start < e.end for f in exact for e in f.edits):
            yield finding
    if module.names.rules.clients:
        yield from http.prose(raw, module.names, start, edit=edit)


def _is_given(raw: str, finding: Finding, start: int) -> bool:
    return any(code.is_given(raw, (edit.start - start, edit.end - start)) for edit in finding.edits)


def _imports(module: Module, raw: str, start: int) -> Iterator[Finding]:
    """Imports in an example, as of `from litellm import completion`, whose names are all in one other module now."""
    for match in _IMPORT.finditer(raw):
        old, names = match[1], re.split(r",[ \t]*", match[2])
        if module.rename(old) is not None:
            continue  # its own name is edited
        moved = {name: module.rename(f"{old}.{name}") for name in names}
        places = {r.new.removesuffix(f".{name}") if r else "" for name, r in moved.items()}
        new = places.pop()
        if new and not places and all(r and r.new == f"{new}.{name}" for name, r in moved.items()):
            rule = next(r.rule for r in moved.values() if r)
            edit = Edit(start + match.start(1), start + match.end(1), new)
            yield Finding(edit.start, rule, Status.MIGRATED, f"{old} → {new}", (edit,))


def _bound_classes(module: Module, raw: str, start: int, renames: dict[str, str]) -> Iterator[Finding]:
    """Class names that mean the old layer in this file, as in `Raises: PortkeyError`."""
    products = {cls for client in module.names.rules.clients for cls in client.classes}  # also what people call it
    for match in re.finditer(r"(?<![\w.])[A-Z]\w+(?!\w)", raw):
        new = None if match[0] in products else renames.get(match[0])
        if new is None and match[0] not in module.facts.bound:
            new = _known_class(module, match[0])
        if new and (not _WORD.fullmatch(match[0]) or _is_code(raw, match.span())):
            edit = Edit(start + match.start(), start + match.end(), new)
            rule = module.names.symbol_rule(match[0])
            yield Finding(edit.start, rule, Status.MIGRATED, f"{match[0]} → {new}", (edit,))


def _is_code(text: str, span: Span) -> bool:
    """Whether a word is a class rather than one of a sentence: it is in backticks, raised, beside others, or headed."""
    before, after = text[: span[0]], text[span[1] :]
    if _BEFORE_CODE.search(before) or _AFTER_CODE.match(after):
        return True
    heads = not before.rpartition("\n")[2].strip() and (after.startswith(":") or _ALONE.match(after) is not None)
    return heads and _RAISES.search(before) is not None


def _known_class(module: Module, name: str) -> str | None:
    """The new name of a class that the file does not bind: one that a rule spells out, or the project defines."""
    if not module.index.uses_old(module.facts):
        return None
    for rule in module.names.rules.symbols:
        if name in rule.names:
            return rule.names[name]
        modules = (m for m in module.index.by_name if under(m, rule.module))
        if any(module.index.defines(f"{m}.{name}") for m in modules):
            return module.names.symbol(name)
    return None


def comments(module: Module, renames: dict[str, str]) -> Iterator[Finding]:
    for start, end in comment_spans(module):
        yield from prose(module, module.source.text[start:end], start, renames, edit=module.edit_prose)


def comment_spans(module: Module) -> Iterator[tuple[int, int]]:
    """Where comments stand: a `#` that no string literal holds, up to the end of its line."""
    source = module.source
    spans = [(source.start(t.node), source.end(t.node)) for t in module.found.texts]
    literals = iter(sorted([*spans, *source.masked]))
    inside = next(literals, None)
    at = source.text.find("#")
    while at >= 0:
        while inside is not None and inside[1] <= at:
            inside = next(literals, None)
        if inside is not None and inside[0] <= at:
            at = source.text.find("#", inside[1])
            continue
        end = at + len(source.text[at : source.line_end(at)].rstrip("\r\n"))
        yield at, end
        at = source.text.find("#", end)
