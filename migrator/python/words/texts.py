"""Old names in string literals, docstrings and comments, each as far as its place lets it be edited safely."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from migrator.patterns import under
from migrator.python import calls
from migrator.python.library import fakes, following
from migrator.python.library import modules as library_modules
from migrator.python.library.modules import ANOTHERS
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Text
from migrator.python.sdk.staying import keeper
from migrator.python.words import code, settings
from migrator.python.words.attribute_names import variables_kept
from migrator.python.words.called import env_keywords, patched, read_by_calls
from migrator.python.words.literals import whole
from migrator.python.words.prose import comments, prose
from migrator.python.words.public_names import entry, new_entry
from migrator.python.words.quoted import as_quoted
from migrator.sites import Edit, Finding, Status

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_CALLS_OF_MODULES = {"patch", "import_module", "importorskip", "__import__", "getLogger"}
CHAINS = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|(?<=['\"])[A-Za-z_]\w*(?:\.\w+)*")


def find(module: Module) -> Iterator[Finding]:
    """Findings for every literal and comment that names the old layer."""
    found = list(_named(module))
    yield from (_of_library(f, module) for f in found) if _has_library(module) else found
    yield from _old_values(module, found)


def _has_library(module: Module) -> bool:
    """Whether a module imports a flagged library, which may read variables by itself, and not the old layer."""
    targets = (t for ts in module.facts.bound.values() for t in ts)
    return any(module.names.flag(t) for t in targets) and not module.index.uses_old(module.facts)


def _of_library(finding: Finding, module: Module) -> Finding:
    if finding.status is not Status.MIGRATED or finding.rule not in {rule.id for rule in module.names.rules.envs}:
        return finding
    message = f"{finding.message}; the library imported here may read the old name by itself"
    return replace(finding, status=Status.REVIEW, message=message)


def _named(module: Module) -> Iterator[Finding]:
    renames = dict(module.local_renames())
    attributes = dict(read_by_calls(module))
    kept = {*variables_kept(module)}
    yield from patched(module)
    yield from env_keywords(module)
    for text in module.found.texts:
        if id(text.node) not in kept:
            yield from _literal(module, text, renames, attributes)
    for start, end in module.source.masked:
        yield from _masked(module, start, end)
    yield from comments(module, renames)


def _literal(module: Module, text: Text, renames: dict[str, str], attributes: dict[int, Finding]) -> Iterator[Finding]:
    node, start, raw = text.node, module.source.start(text.node), module.source.segment(text.node)
    value = text_value(node)
    if text.role == "docstring":
        yield from prose(module, raw, start, renames, edit=module.edit_prose)
        return
    if id(node) in module.kept:
        return
    if id(node) in attributes:
        yield attributes[id(node)]
        return
    if value is not None:
        exact = list(_exact(module, text, value, renames))
        if exact:
            yield from exact
            return
    if (spans := code.spans(module, raw, value)) is not None:
        yield from code.find(module, raw, start, spans)
        return
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}  # of an f-string's expressions
    spelled = module.names.in_config(raw, start) if text.role != "all" else ()  # that lists names of the module
    found = [f for f in spelled if not _is_code(raw, f, start, names)]
    yield from (as_quoted(module, node, f) for f in found)
    for finding in module.names.prose_in(raw, start, edit=True):
        seen = any(e.start <= finding.start < e.end for f in found for e in f.edits)
        if not seen and not _is_code(raw, finding, start, names):
            yield replace(
                finding, edits=(), message=finding.message.replace("prose: ", "in a text: ") + "; never edited"
            )


def _old_values(module: Module, found: list[Finding]) -> Iterator[Finding]:
    """Values that the old layer takes as an argument, wherever else they stand: none of the other findings is there."""
    rules = {value: rule for rule in module.names.rules.literals if not rule.setting for value in rule.values}
    texts = [t for t in module.found.texts if t.role in ("plain", "annotation") and text_value(t.node) in rules]
    if not texts or not module.index.uses_old(module.facts):
        return
    promotes = {rule.id for rule in module.names.rules.promotes}
    of_calls = list(calls.find(module))
    told = {f.start for f in of_calls if f.rule in promotes and not f.edits}
    spans = [(module.source.start(c), module.source.end(c)) for c, _ in module.found.calls]
    taken = [span for span in spans if span[0] in told]
    taken += [(e.start, e.end) for f in (*found, *of_calls, *settings.find(module)) for e in f.edits]
    for text in texts:
        start, end, value = module.source.start(text.node), module.source.end(text.node), text_value(text.node) or ""
        if not any(s < end and start < e for s, e in taken):
            message = f"{value!r} names the old provider: see what reads it"
            yield Finding(start, rules[value].id, Status.MANUAL, message)


def _masked(module: Module, start: int, end: int) -> Iterator[Finding]:
    """The literal parts of an f-string that the tree does not show; its expressions are seen as any other code."""
    raw = module.source.text[start:end]
    if (spans := code.spans(module, raw, None)) is not None:
        yield from code.find(module, raw, start, spans)
        return
    names = set(re.findall(r"\w+", "".join(re.findall(r"\{[^{}]*\}", raw))))
    found = [f for f in module.names.in_config(raw, start) if not _is_code(raw, f, start, names)]
    yield from found


def _is_code(raw: str, finding: Finding, start: int, names: set[str]) -> bool:
    """Whether what looks like a variable's name is a name of code, as `X` in `f"{X}"` and in `"f(key=X)"`."""
    edit = finding.edits[0]
    if code.is_given(raw, (edit.start - start, edit.end - start)):
        return True
    return raw[edit.start - start : edit.end - start] in names and raw[edit.start - start - 1] not in "\"'"


def _exact(module: Module, text: Text, value: str, renames: dict[str, str]) -> Iterator[Finding]:
    """Literals whose whole value is a name: a setting, a dotted name, a string annotation, an entry of `__all__`."""
    setting = None if text.role == "annotation" or _is_module(module, text, value) else module.names.setting(value)
    if setting:
        message = f"{value} → {setting.new}: {settings.MOVED}"
        yield from whole(module, text, value, setting.new, setting.rule, Status.REVIEW, message)
    elif text.role == "all" and (new := new_entry(module, value)) != value:
        yield from whole(module, text, value, new, module.names.library_rule)
    elif text.role == "all":
        yield from entry(module, text, value)
    elif text.role == "annotation":
        yield from _annotation(module, text)
    elif _DOTTED.fullmatch(value) and (renamed := module.rename(value)):
        if requester := library_modules.requester(module.index, value):
            said = f"{value} → {renamed.new}: once what {requester} asks for by name is no longer its module"
            yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, said)
            return
        if path := keeper(module.index, module.index.canonical(value)):
            said = f"{value}: {path} goes on making it"
            yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, said)
            return
        if module.names.rules.libraries and (kept_by := following.keeper(module.index, value)):
            said = f"{value} stays, as long as {kept_by.path} goes on with it"
            yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, said)
            return
        if _is_patched(module, text, value) and _is_anothers(module, renamed.new):
            yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, f"{value}: {ANOTHERS}")
            return
        if _is_looked_for(module, text.node):
            said = f"{value} → {renamed.new}: see whether the text that it is looked for in says so now"
            yield from whole(module, text, value, renamed.new, renamed.rule, Status.REVIEW, said)
            return
        yield from whole(module, text, value, renamed.new, renamed.rule)
    elif module.names.rules.libraries and (new := library_modules.object_name(module.index, value)) != value:
        yield from whole(module, text, value, new, module.names.library_rule, *fakes.said(module, value, new))
    elif _DOTTED.fullmatch(value) and library_modules.is_split(module.index, value):
        said = f"{value}: {library_modules.SPLIT}"
        yield Finding(module.source.start(text.node), module.names.library_rule, Status.MANUAL, said)
    elif value in renames and module.names.symbol(value):
        rule = module.names.symbol_rule(value)
        message = (
            f"{value!r} → {renames[value]!r}: the text is the name of a class that was renamed; check what reads it"
        )
        yield from whole(module, text, value, renames[value], rule, Status.REVIEW, message)
    elif _is_patched(module, text, value):
        said = f"{value}: see what is called instead of it now, and patch that"
        yield Finding(module.source.start(text.node), module.names.library_rule, Status.MANUAL, said)


def _is_anothers(module: Module, new: str) -> bool:
    """Whether what is called so afterwards is called by no code of the project's own, but for its tests."""
    return under(new, module.names.client) and not library_modules.is_called(module.index)


def _is_patched(module: Module, text: Text, value: str) -> bool:
    """Whether a test replaces something of a library that is left, which has no new name."""
    call = module.call_given(text.node) if _DOTTED.fullmatch(value) else None
    if call is None or callee_of(call) not in ("patch", "setattr") or text.node not in call.args[:1]:
        return False
    return any(under(value, library.module) for library in module.names.rules.libraries if not library.stays)


def _is_looked_for(module: Module, node: ast.expr) -> bool:
    """Whether a literal is compared with what `str(…)` or `repr(…)` makes of something, or looked for in that."""
    for each in module.source.nodes:
        sides = [each.left, *each.comparators] if isinstance(each, ast.Compare) else []
        if node in sides:
            calls = (c for side in sides for c in ast.walk(side) if isinstance(c, ast.Call))
            return any(parts_of(c.func) in (("str",), ("repr",)) for c in calls)
    return False


def _is_module(module: Module, text: Text, value: str) -> bool:
    """Whether a text spelled like a setting names a module: the project has it, or a call takes it as one."""
    if module.index.module_of(value):
        return True
    call = module.call_given(text.node)
    return call is not None and callee_of(call) in _CALLS_OF_MODULES


def _annotation(module: Module, text: Text) -> Iterator[Finding]:
    """Names inside a string annotation mean what they would mean outside it."""
    start, raw = module.source.start(text.node), module.source.segment(text.node)
    for match in CHAINS.finditer(raw):
        parts = tuple(match[0].split("."))
        if module.of_library(parts, text.scope):
            continue
        dotted, bound = module.dotted(parts, text.scope), module.binding_of(parts[0], text.scope)
        renamed = module.rename(dotted) if dotted else None
        written = module.written(parts, module.base(parts, text.scope) or "", bound) if renamed and bound else parts
        if renamed and written is None:
            message = f"{match[0]} → {renamed.new}: import it and write it by hand"
            yield Finding(start + match.start(), renamed.rule, Status.MANUAL, message)
        elif renamed and written and written != parts:
            new = ".".join(written)
            edit = Edit(start + match.start(), start + match.end(), new)
            yield Finding(edit.start, renamed.rule, Status.MIGRATED, f"{match[0]} → {new}", (edit,))
