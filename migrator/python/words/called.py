"""Names that calls take as texts or as keywords: of attributes, of modules, of environment variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.names import say_env
from migrator.python.importing.spelling import relative_to
from migrator.python.library import fakes
from migrator.python.library import modules as library_modules
from migrator.python.module import Module
from migrator.python.reading.expressions import anchor, callee_of, module_argument, parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.words.attribute_names import naming, owned_by, whose
from migrator.python.words.literals import spelled
from migrator.sites import Edit, Finding, Status

_CALLS_OF_MAPPINGS = {"dict", "update"}  # patch.dict, os.environ.update


def read_by_calls(module: Module) -> Iterator[tuple[int, Finding]]:
    """Texts that a call reads as a name: an attribute of a module that is known, a relative module to import."""
    for call, scope in module.found.calls:
        imported = module.imported(call)
        argument = module_argument(call) if imported else None
        name = text_value(argument)
        if argument and name and name.startswith("."):
            yield from _in_call(module, argument, name, imported, anchor(call, module.facts.package))
        for of, node in naming(call):
            yield from _of_owner(module, node, _owner(module, of, scope))
    for lookup, scope in module.found.lookups:
        if isinstance(lookup, ast.Subscript) and (owner := whose(lookup.value)):
            yield from _of_owner(module, lookup.slice, _owner(module, owner, scope))


def _of_owner(module: Module, node: ast.expr, owner: str) -> Iterator[tuple[int, Finding]]:
    """The edit of a text that names an attribute of a module or a class that is the project's own."""
    name = text_value(node)
    if name is not None and owner and not module.names.is_module(module.index.canonical(owner)):
        yield from _in_call(module, node, name, f"{owner}.{name}")


def _in_call(
    module: Module, node: ast.expr, name: str, dotted: str, package: str = ""
) -> Iterator[tuple[int, Finding]]:
    """The edit of a text that names `dotted` by its last part, or as seen from `package`."""
    new, rule = _renamed(module, dotted)
    if new == dotted and library_modules.is_split(module.index, dotted):
        yield id(node), Finding(module.source.start(node), rule, Status.MANUAL, f"{dotted}: {library_modules.SPLIT}")
    last = new.rpartition(".")[2]
    if package:
        moved = module.rename(package)
        last = relative_to(new, moved.new if moved else package)
    if new != dotted and last != name:
        yield id(node), spelled(module, node, name, last, rule, *_said(module, dotted, name, last))


def _owner(module: Module, node: ast.expr, scope: Scope) -> str:
    """The dotted name of the module or class that an argument stands for."""
    parts, text = parts_of(node), text_value(node)
    if text and (owner := owned_by(text)):
        return owner
    return (module.dotted(parts, scope) if parts else module.imported(node)) or ""


def patched(module: Module) -> Iterator[Finding]:
    """`patch.multiple("a.b", PortkeyClient=…)`, `patch.dict(vars(x), PortkeyClient=…)`: the keywords are attributes."""
    for call, scope in module.found.calls:
        targets = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "target")]
        of = targets[0] if targets else None
        if callee_of(call) == "dict":
            of = whose(of) if of else None
        elif callee_of(call) != "multiple":
            continue
        if of is None:
            continue
        owner = _owner(module, of, scope) or text_value(of)
        if owner and module.names.is_module(module.index.canonical(owner)):  # the library's own, which stays as it is
            if text_value(of) != owner and text_value(of):
                said = f"{text_value(of)}: see what has these now, and patch them there"
                yield Finding(module.source.start(of), module.names.library_rule, Status.MANUAL, said)
            continue
        for keyword in (k for k in call.keywords if owner and k.arg):
            start, name, dotted = module.source.start(keyword), keyword.arg or "", f"{owner}.{keyword.arg}"
            renamed, rule = _renamed(module, dotted)
            new = renamed.rpartition(".")[2]
            if renamed == dotted and library_modules.is_split(module.index, dotted):
                yield Finding(start, rule, Status.MANUAL, f"{dotted}: {library_modules.SPLIT}")
            elif new != name:
                yield Finding(start, rule, *_said(module, dotted, name, new), (Edit(start, start + len(name), new),))


def _said(module: Module, dotted: str, name: str, new: str) -> tuple[Status, str]:
    """The status and the message of an attribute that is called otherwise from now on."""
    plain = module.rename(dotted) is not None
    return (Status.MIGRATED, f"{name} → {new}") if plain else fakes.said(module, name, new)


def _renamed(module: Module, dotted: str) -> tuple[str, str]:
    """A dotted name afterwards, be it a module's own one for a library, and the rule that says so."""
    renamed = module.rename(dotted)
    if renamed:
        return renamed.new, renamed.rule
    return library_modules.object_name(module.index, dotted), module.names.library_rule


def env_keywords(module: Module) -> Iterator[Finding]:
    """`dict(os.environ, PORTKEY_URL="u")`: keywords in capitals that are environment variables."""
    for call in (call for call, _ in module.found.calls if callee_of(call) != "multiple"):  # of attributes
        for keyword in call.keywords:
            renamed = module.names.env(keyword.arg) if keyword.arg and keyword.arg.isupper() else None
            start = module.source.start(keyword)
            if renamed is None or not keyword.arg:
                continue
            new, rule = renamed
            message = say_env(keyword.arg, new, rule)
            if callee_of(call) in _CALLS_OF_MAPPINGS and module.source.text.startswith(keyword.arg, start):
                edit = Edit(start, start + len(keyword.arg), new)
                yield Finding(start, rule.id, Status(rule.status), message, (edit,))
            else:
                yield Finding(
                    start,
                    rule.id,
                    Status.MANUAL,
                    f"{message}; see whether this argument is the variable",
                    stays=keyword.arg,
                )
