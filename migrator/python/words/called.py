"""Names that calls take as texts or as keywords: of attributes, of modules, of environment variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.names import say_env
from migrator.python.importing.spelling import relative_to
from migrator.python.library import modules as library_modules
from migrator.python.module import Module
from migrator.python.reading.expressions import anchor, callee_of, module_argument, parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.words.literals import spelled
from migrator.sites import Edit, Finding, Status

_NAMED_ATTRIBUTE_CALLS = {"getattr", "hasattr", "setattr", "delattr", "object", "delitem"}  # patch.object, monkeypatch
_CALLS_OF_MAPPINGS = {"dict", "update"}  # patch.dict, os.environ.update


def read_by_calls(module: Module) -> Iterator[tuple[int, Finding]]:
    """Texts that a call reads as a name: an attribute of a module that is known, a relative module to import."""
    for call, scope in module.found.calls:
        imported = module.imported(call)
        argument = module_argument(call) if imported else None
        name = text_value(argument)
        if argument and name and name.startswith("."):
            yield from _in_call(module, argument, name, imported, anchor(call, module.facts.package))
        name = text_value(call.args[1]) if len(call.args) > 1 else None
        if callee_of(call) in _NAMED_ATTRIBUTE_CALLS and name is not None:
            owner = _owner(module, call.args[0], scope)
            if owner and not module.names.is_module(module.index.canonical(owner)):
                yield from _in_call(module, call.args[1], name, f"{owner}.{name}")


def _in_call(
    module: Module, node: ast.expr, name: str, dotted: str, package: str = ""
) -> Iterator[tuple[int, Finding]]:
    """The edit of a text that names `dotted` by its last part, or as seen from `package`."""
    renamed = module.rename(dotted)
    new = renamed.new if renamed else library_modules.object_name(module.index, dotted)
    rule = renamed.rule if renamed else module.names.library_rule
    if new == dotted and library_modules.is_split(module.index, dotted):
        yield id(node), Finding(module.source.start(node), rule, Status.MANUAL, f"{dotted}: {library_modules.SPLIT}")
    last = new.rpartition(".")[2]
    if package:
        moved = module.rename(package)
        last = relative_to(new, moved.new if moved else package)
    if new != dotted and last != name:
        yield id(node), spelled(module, node, name, last, rule, Status.MIGRATED, f"{name} → {last}")


def _owner(module: Module, node: ast.expr, scope: Scope) -> str:
    """The dotted name of the module or class that an argument stands for."""
    parts = parts_of(node)
    return (module.dotted(parts, scope) if parts else module.imported(node)) or ""


def patched(module: Module) -> Iterator[Finding]:
    """`patch.multiple("a.b", PortkeyClient=…)`: the keywords are attributes."""
    for call, scope in module.found.calls:
        targets = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "target")]
        if callee_of(call) != "multiple" or not targets:
            continue
        owner = text_value(targets[0]) or _owner(module, targets[0], scope)
        for keyword in call.keywords:
            renamed = module.rename(f"{owner}.{keyword.arg}") if owner else None
            new = renamed.new.rpartition(".")[2] if renamed else ""
            if renamed and keyword.arg and new != keyword.arg:
                start = module.source.start(keyword)
                edit = Edit(start, start + len(keyword.arg), new)
                yield Finding(start, renamed.rule, Status.MIGRATED, f"{keyword.arg} → {new}", (edit,))


def env_keywords(module: Module) -> Iterator[Finding]:
    """`dict(os.environ, PORTKEY_URL="u")`: keywords in capitals that are environment variables."""
    for call, _ in module.found.calls:
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
