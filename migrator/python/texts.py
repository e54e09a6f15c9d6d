"""Old names in string literals, docstrings and comments, each as far as its place lets it be edited safely."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from migrator.names import say_env
from migrator.patterns import under
from migrator.python import calls, library_modules, settings, statements
from migrator.python.expressions import anchor, module_argument, parts_of, text_value
from migrator.python.module import Module
from migrator.python.outline import Text
from migrator.python.scopes import Scope, origin_of
from migrator.python.spelling import relative_to
from migrator.sites import Edit, Finding, Status

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_NAMED_ATTRIBUTE_CALLS = {"getattr", "hasattr", "setattr", "delattr", "object", "delitem"}  # patch.object, monkeypatch
_CALLS_OF_MODULES = {"patch", "import_module", "importorskip", "__import__", "getLogger"}
_CALLS_OF_MAPPINGS = {"dict", "update"}  # patch.dict, os.environ.update
CHAINS = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|(?<=['\"])[A-Za-z_]\w*(?:\.\w+)*")
_IMPORT = re.compile(r"\bfrom[ \t]+([\w.]+)[ \t]+import\b")
_LITERAL = re.compile(r"""[a-zA-Z]*(\"{3}|'{3}|"|')(.*)\1""", re.DOTALL)


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
    attributes = dict(_read_by_calls(module))
    yield from _patched(module)
    yield from _env_keywords(module)
    for text in module.found.texts:
        yield from _literal(module, text, renames, attributes)
    for start, end in module.source.masked:
        yield from _masked(module, start, end)
    yield from _comments(module, renames)


def _literal(module: Module, text: Text, renames: dict[str, str], attributes: dict[int, Finding]) -> Iterator[Finding]:
    node, start, raw = text.node, module.source.start(text.node), module.source.segment(text.node)
    value = text_value(node)
    if text.role == "docstring":
        yield from _prose(module, raw, start, renames, edit=module.edit_prose)
        return
    if id(node) in attributes:
        yield attributes[id(node)]
        return
    if value is not None:
        exact = list(_exact(module, text, value, renames))
        if exact:
            yield from exact
            return
    if any(module.index.tracked(match[1]) for match in _IMPORT.finditer(raw)):
        yield from _code(module, raw, start, value)
        return
    code = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}  # of an f-string's expressions
    found = [f for f in module.names.in_config(raw, start) if not _is_code(raw, f, start, code)]
    yield from found
    for finding in module.names.prose_in(raw, start, edit=True):
        seen = any(e.start <= finding.start < e.end for f in found for e in f.edits)
        if not seen and not _is_code(raw, finding, start, code):
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


def _code(module: Module, raw: str, start: int, value: str | None) -> Iterator[Finding]:
    """Code in a literal, where all of its names move together or none does."""
    from migrator.formats import search
    from migrator.python import rewrite  # which takes this module

    literal = _LITERAL.fullmatch(raw)
    if literal is None or value is None or re.sub(r"\r\n?", "\n", literal[2]) != value:
        modules = module.names.rules.modules
        rule = modules[0].id if modules else module.names.library_rule
        yield Finding(start, rule, Status.MANUAL, "code in a text that is not spelled in one piece: write it by hand")
        return
    try:
        found = rewrite.find_in_snippet(literal[2], module.index)
    except (SyntaxError, ValueError):
        found = search.apart(search.snippet(literal[2], module.names))
    at = start + literal.start(2)
    for finding in found:
        edits = tuple(Edit(at + e.start, at + e.end, e.text) for e in finding.edits)
        kept = ("\n",) if len(literal[1]) == 1 else ()
        fits = bool(edits) and not any(mark in e.text for e in edits for mark in (literal[1], *kept))
        status = Status.REVIEW if fits else finding.status if finding.prose else Status.MANUAL
        message = f"code in a text: {finding.message}"
        yield replace(finding, start=at + finding.start, status=status, message=message, edits=edits if fits else ())


def _masked(module: Module, start: int, end: int) -> Iterator[Finding]:
    """The literal parts of an f-string that the tree does not show; its expressions are seen as any other code."""
    raw = module.source.text[start:end]
    code = set(re.findall(r"\w+", "".join(re.findall(r"\{[^{}]*\}", raw))))
    found = [f for f in module.names.in_config(raw, start) if not _is_code(raw, f, start, code)]
    yield from found


def _is_code(raw: str, finding: Finding, start: int, code: set[str]) -> bool:
    """Whether what looks like a variable's name in an f-string is a name of the code in it, as `X` in `f"{X}"`."""
    edit = finding.edits[0]
    return raw[edit.start - start : edit.end - start] in code and raw[edit.start - start - 1] not in "\"'"


def _exact(module: Module, text: Text, value: str, renames: dict[str, str]) -> Iterator[Finding]:
    """Literals whose whole value is a name: a setting, a dotted name, a string annotation, an entry of `__all__`."""
    setting = None if text.role == "annotation" or _is_module(module, text, value) else module.names.setting(value)
    if setting:
        message = f"{value} → {setting.new}: {settings.MOVED}"
        yield from _whole(module, text, value, setting.new, setting.rule, Status.REVIEW, message)
    elif text.role == "all" and (new := _public_object(module, value)) != value:
        yield from _whole(module, text, value, new, module.names.library_rule)
    elif text.role == "all":
        yield from _public_name(module, text, value, renames)
    elif text.role == "annotation":
        yield from _annotation(module, text)
    elif _DOTTED.fullmatch(value) and (renamed := module.rename(value)):
        if requester := library_modules.requester(module.index, value):
            said = f"{value} → {renamed.new}: once what {requester} asks for by name is no longer its module"
            yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, said)
            return
        if _is_looked_for(module, text.node):
            said = f"{value} → {renamed.new}: see whether the text that it is looked for in says so now"
            yield from _whole(module, text, value, renamed.new, renamed.rule, Status.REVIEW, said)
            return
        yield from _whole(module, text, value, renamed.new, renamed.rule)
    elif module.names.rules.libraries and (new := library_modules.object_name(module.index, value)) != value:
        yield from _whole(module, text, value, new, module.names.library_rule)
    elif (
        _DOTTED.fullmatch(value)
        and module.index.module_of(value)
        and module.names.is_module(module.index.canonical(value))
        and not (module.names.keeps_library and library_modules.is_read_for_what_stays(module.index, value))
    ):
        said = f"{value}: see what that module reads it from now"
        yield Finding(module.source.start(text.node), module.names.library_rule, Status.MANUAL, said)
    elif value in renames and module.names.symbol(value):
        rule = module.names.symbol_rule(value)
        message = (
            f"{value!r} → {renames[value]!r}: the text is the name of a class that was renamed; check what reads it"
        )
        yield from _whole(module, text, value, renames[value], rule, Status.REVIEW, message)


def _is_looked_for(module: Module, node: ast.expr) -> bool:
    """Whether a literal is compared with what `str(…)` or `repr(…)` makes of something, or looked for in that."""
    for each in ast.walk(module.source.tree):
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
    return call is not None and _callee(call) in _CALLS_OF_MODULES


def _whole(
    module: Module, text: Text, value: str, new: str, rule: str, status: Status = Status.MIGRATED, message: str = ""
) -> Iterator[Finding]:
    yield _spelled(module, text.node, value, new, rule, status, message or f"{value} → {new}")


def _spelled(module: Module, node: ast.expr, name: str, new: str, rule: str, status: Status, message: str) -> Finding:
    """The finding of a literal that says `name`, by hand where it is not spelled in one piece."""
    start, place = module.source.start(node), module.source.inside(node, name)
    if place is None:
        return Finding(start, rule, Status.MANUAL, f"{message}; it is not spelled in one piece, write it by hand")
    return Finding(start, rule, status, message, (Edit(*place, new),))


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


def _public_object(module: Module, value: str) -> str:
    """What an entry of `__all__` is afterwards that lists a module of a library that is left."""
    return library_modules.object_name(module.index, f"{module.facts.name}.{value}").rpartition(".")[2]


def _public_name(module: Module, text: Text, value: str, renames: dict[str, str]) -> Iterator[Finding]:
    """An entry of `__all__` follows the name it lists; that of a submodule which left the package goes."""
    bound = value in module.found.scope.bindings
    if bound:
        scope = module.found.scope
        new = next((n for b in scope.bindings[value] if (n := module.local_name(b, scope)) != value), value)
        rule = module.names.symbol_rule(value)
        if new != value:
            yield from _whole(module, text, value, new, rule)
        elif any(module.rename(origin_of(b, scope) or "") for b in scope.bindings[value]):
            finding = Finding(module.source.start(text.node), rule, Status.MIGRATED, f"{value} keeps its name")
            yield from [finding] if module.suppresses(finding) else []
        return
    renamed = module.rename(f"{module.facts.name}.{value}")
    if renamed is None:
        return
    parent, _, leaf = renamed.new.rpartition(".")
    if parent == module.new_name():
        yield from _whole(module, text, value, leaf, renamed.rule)
        return
    holder = _list_around(module, text.node)
    if holder is not None:
        start, end = module.source.start(holder), module.source.end(holder)
        gone = [i for i, e in enumerate(holder.elts) if _has_left(module, text_value(e) or "")]
        edit = Edit(start, end, statements.relisted(module.source.segment(holder), gone, ()))
        message = f"{value!r} left this package for {renamed.new}"
        yield Finding(module.source.start(text.node), renamed.rule, Status.MIGRATED, message, (edit,))
    else:
        message = f"{value!r} left this package for {renamed.new}: take it out of __all__"
        yield Finding(module.source.start(text.node), renamed.rule, Status.MANUAL, message)


def _has_left(module: Module, value: str) -> bool:
    """Whether an entry of `__all__` is a submodule that is in another package afterwards."""
    renamed = module.rename(f"{module.facts.name}.{value}")
    bound = value in module.found.scope.bindings
    return not bound and renamed is not None and renamed.new.rpartition(".")[0] != module.new_name()


def _list_around(module: Module, node: ast.AST) -> ast.List | ast.Tuple | None:
    lists = (n for n in ast.walk(module.source.tree) if isinstance(n, ast.List | ast.Tuple))
    return next((n for n in lists if any(e is node for e in n.elts)), None)


def _read_by_calls(module: Module) -> Iterator[tuple[int, Finding]]:
    """Texts that a call reads as a name: an attribute of a module that is known, a relative module to import."""
    for call, scope in module.found.calls:
        imported = module.imported(call)
        argument = module_argument(call) if imported else None
        name = text_value(argument)
        if argument and name and name.startswith("."):
            yield from _in_call(module, argument, name, imported, anchor(call, module.facts.package))
        name = text_value(call.args[1]) if len(call.args) > 1 else None
        if _callee(call) in _NAMED_ATTRIBUTE_CALLS and name is not None:
            owner = _owner(module, call.args[0], scope)
            if owner and not module.names.is_module(module.index.canonical(owner)):
                yield from _in_call(module, call.args[1], name, f"{owner}.{name}")


def _in_call(
    module: Module, node: ast.expr, name: str, dotted: str, package: str = ""
) -> Iterator[tuple[int, Finding]]:
    """The edit of a text that names `dotted` by its last part, or as seen from `package`."""
    renamed = module.rename(dotted)
    if renamed is None:
        return
    new = renamed.new.rpartition(".")[2]
    if package:
        moved = module.rename(package)
        new = relative_to(renamed.new, moved.new if moved else package)
    if new != name:
        yield id(node), _spelled(module, node, name, new, renamed.rule, Status.MIGRATED, f"{name} → {new}")


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _owner(module: Module, node: ast.expr, scope: Scope) -> str:
    """The dotted name of the module or class that an argument stands for."""
    parts = parts_of(node)
    return (module.dotted(parts, scope) if parts else module.imported(node)) or ""


def _patched(module: Module) -> Iterator[Finding]:
    """`patch.multiple("a.b", PortkeyClient=…)`: the keywords are attributes."""
    for call, scope in module.found.calls:
        targets = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "target")]
        if _callee(call) != "multiple" or not targets:
            continue
        owner = text_value(targets[0]) or _owner(module, targets[0], scope)
        for keyword in call.keywords:
            renamed = module.rename(f"{owner}.{keyword.arg}") if owner else None
            new = renamed.new.rpartition(".")[2] if renamed else ""
            if renamed and keyword.arg and new != keyword.arg:
                start = module.source.start(keyword)
                edit = Edit(start, start + len(keyword.arg), new)
                yield Finding(start, renamed.rule, Status.MIGRATED, f"{keyword.arg} → {new}", (edit,))


def _env_keywords(module: Module) -> Iterator[Finding]:
    """`dict(os.environ, PORTKEY_URL="u")`: keywords in capitals that are environment variables."""
    for call, _ in module.found.calls:
        for keyword in call.keywords:
            renamed = module.names.env(keyword.arg) if keyword.arg and keyword.arg.isupper() else None
            start = module.source.start(keyword)
            if renamed is None or not keyword.arg:
                continue
            new, rule = renamed
            message = say_env(keyword.arg, new, rule)
            if _callee(call) in _CALLS_OF_MAPPINGS and module.source.text.startswith(keyword.arg, start):
                edit = Edit(start, start + len(keyword.arg), new)
                yield Finding(start, rule.id, Status(rule.status), message, (edit,))
            else:
                yield Finding(start, rule.id, Status.MANUAL, f"{message}; see whether this argument is the variable")


def _prose(module: Module, raw: str, start: int, renames: dict[str, str], *, edit: bool) -> Iterator[Finding]:
    """A docstring or comment: exact names are kept right, words are reported (and replaced with `--text`)."""
    exact = [*module.names.in_config(raw, start), *_bound_classes(module, raw, start, renames)]
    yield from exact
    for finding in module.names.prose_in(raw, start, edit=edit):
        if not any(e.start <= finding.start < e.end for f in exact for e in f.edits):
            yield finding


def _bound_classes(module: Module, raw: str, start: int, renames: dict[str, str]) -> Iterator[Finding]:
    """Class names that mean the old layer in this file, as in `Raises: PortkeyError`."""
    products = {cls for client in module.names.rules.clients for cls in client.classes}  # also what people call it
    for match in re.finditer(r"(?<![\w.])[A-Z]\w+(?!\w)", raw):
        new = None if match[0] in products else renames.get(match[0])
        if new is None and match[0] not in module.facts.bound:
            new = _known_class(module, match[0])
        if new:
            edit = Edit(start + match.start(), start + match.end(), new)
            rule = module.names.symbol_rule(match[0])
            yield Finding(edit.start, rule, Status.MIGRATED, f"{match[0]} → {new}", (edit,))


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


def _comments(module: Module, renames: dict[str, str]) -> Iterator[Finding]:
    for start, end in comment_spans(module):
        yield from _prose(module, module.source.text[start:end], start, renames, edit=module.edit_prose)


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
