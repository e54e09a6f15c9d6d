"""The transition shim `try: import new / except ImportError: import old`, collapsed to the new import."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from migrator.python.importing.expected import catches
from migrator.python.module import Module
from migrator.python.reading.expressions import absolute
from migrator.sites import Edit, Finding, Status


def find(module: Module) -> Iterator[Finding]:
    """A finding for every `try` whose two branches import the same thing once the old names are new."""
    for node in module.found.tries:
        if not _is_shim(node) or any(node.lineno <= n <= (node.end_lineno or 0) for n in module.facts.suppressed):
            continue
        here, there = _imports(module, node.body), _imports(module, node.handlers[0].body)
        after = {k: _new(module, v) for k, v in here.items()}
        if after != {k: _new(module, v) for k, v in there.items()} or (after == here and after == there):
            continue
        kept = node.body if after == here else node.handlers[0].body
        if after != (here if kept is node.body else there) or not _binds_what_is_used(module, here, there):
            continue
        start, end = module.source.start(node), module.source.end(node)
        old = next(v for v in (*here.values(), *there.values()) if _new(module, v) != v)
        renamed = module.rename(old)
        rule = renamed.rule if renamed else ""
        message = "the old package is gone, so only the new import stays"
        yield Finding(start, rule, Status.MIGRATED, message, (Edit(start, end, _dedented(module, node, kept)),))


def _is_shim(node: ast.Try) -> bool:
    if len(node.handlers) != 1 or node.orelse or node.finalbody:
        return False
    handler = node.handlers[0]
    statements = (*node.body, *handler.body)
    return catches([handler.type]) and all(isinstance(s, ast.ImportFrom | ast.Import) for s in statements)


def _imports(module: Module, statements: list[ast.stmt]) -> dict[str, str]:
    """Local name -> dotted target."""
    found = {}
    for statement in statements:
        if isinstance(statement, ast.Import):
            found.update({a.asname or a.name: a.name for a in statement.names})
        elif isinstance(statement, ast.ImportFrom):
            base = absolute(module.facts.package, statement.level, statement.module)
            found.update({a.asname or a.name: f"{base}.{a.name}" for a in statement.names})
    return found


def _binds_what_is_used(module: Module, *branches: dict[str, str]) -> bool:
    """Whether the uses of each name go on spelling it as the import that stays does."""
    targets = [(name, dotted) for branch in branches for name, dotted in branch.items()]
    return all(module.index.local_name(module.facts, name, dotted) == name for name, dotted in targets)


def _new(module: Module, dotted: str) -> str:
    renamed = module.rename(dotted)
    return renamed.new if renamed else dotted


def _dedented(module: Module, node: ast.Try, kept: list[ast.stmt]) -> str:
    """The kept imports as they stand, moved to the indentation of the `try`."""
    source = module.source
    first, last = source.line_start(source.start(kept[0])), source.end(kept[-1])
    if source.text[first : source.start(kept[0])].strip():
        first = source.start(kept[0])  # `try: import x` on one line
    lines = textwrap.dedent(source.text[first:last])
    return textwrap.indent(lines, source.indent(node)).removeprefix(source.indent(node))
