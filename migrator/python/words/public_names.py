"""The entries of `__all__`, which follow the names they list."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python import statements
from migrator.python.library import modules as library_modules
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import Text
from migrator.python.reading.scopes import origin_of
from migrator.python.words.literals import whole
from migrator.sites import Edit, Finding, Status


def new_entry(module: Module, value: str) -> str:
    """What an entry of `__all__` is afterwards that lists a module of a library that is left."""
    return library_modules.object_name(module.index, f"{module.facts.name}.{value}").rpartition(".")[2]


def entry(module: Module, text: Text, value: str) -> Iterator[Finding]:
    """An entry of `__all__` follows the name it lists; that of a submodule which left the package goes."""
    bound = value in module.found.scope.bindings
    if bound:
        scope = module.found.scope
        new = next((n for b in scope.bindings[value] if (n := module.local_name(b, scope)) != value), value)
        rule = module.names.symbol_rule(value)
        if new != value:
            yield from whole(module, text, value, new, rule)
        elif any(module.rename(origin_of(b, scope) or "") for b in scope.bindings[value]):
            finding = Finding(module.source.start(text.node), rule, Status.MIGRATED, f"{value} keeps its name")
            yield from [finding] if module.suppresses(finding) else []
        return
    renamed = module.rename(f"{module.facts.name}.{value}")
    if renamed is None:
        return
    parent, _, leaf = renamed.new.rpartition(".")
    if parent == module.new_name():
        yield from whole(module, text, value, leaf, renamed.rule)
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
    lists = (n for n in module.source.nodes if isinstance(n, ast.List | ast.Tuple))
    return next((n for n in lists if any(e is node for e in n.elts)), None)
