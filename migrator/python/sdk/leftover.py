"""Imports that nothing needs any more, once the options that were the only use of them have gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from migrator.python import statements
from migrator.python.library.needless import Cuts
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import ImportStatement
from migrator.sites import Edit, Finding, Status


def find(module: Module, findings: Sequence[Finding]) -> Iterator[Finding]:
    """The imports that go, where `findings` are all edits so far and `module.replaced` is what they take away."""
    if not module.replaced or not _is_for_itself(module):
        return
    written = {word for f in findings for e in f.edits for word in re.findall(r"\w+", e.text)}
    cuts = Cuts(module)
    for statement in module.found.imports:
        names = [a for a in statement.node.names if _is_left_over(module, statement, a, written)]
        if names and len(names) == len(statement.node.names):
            cuts.cut(statement.node, statement.block, None)
            module.handled = {*module.handled, id(statement.node)}
        elif names and isinstance(statement.node, ast.ImportFrom):
            start, end = module.source.start(statement.node), module.source.end(statement.node)
            kept, _ = statements.without_names(module.source.segment(statement.node), {a.name for a in names})
            said = f"{', '.join(a.name for a in names)}: imported for nothing now"
            yield Finding(start, module.names.library_rule, Status.MIGRATED, said, (Edit(start, end, kept),))
    yield from cuts.findings()


def _is_for_itself(module: Module) -> bool:
    """Whether what a module imports is for itself: a snippet's is for its reader, a package's for others."""
    ours = module.index.by_path.get(module.facts.path) is module.facts
    return ours and not module.facts.path.endswith(("__init__.py", "conftest.py"))


def _is_left_over(module: Module, statement: ImportStatement, alias: ast.alias, written: set[str]) -> bool:
    name = alias.asname or alias.name
    holder = statement.scope.lookup(name)
    uses = [r for r in module.found.references if r.parts[0] == name and r.scope.lookup(name) is holder]
    if not uses or name in written or not all(id(r.nodes[0]) in module.replaced for r in uses):
        return False
    line = module.source.text[module.source.start(statement.node) : module.source.line_end(module.source.end(alias))]
    theirs = any(module.names.fate(module.index.canonical(t)) for t in module.facts.bound.get(name, ()) if t)
    probed = any(statement.block is t.body for t in module.found.tries)
    listed = any(t.role == "all" and text_value(t.node) == name for t in module.found.texts)
    return not (theirs or probed or listed or "noqa" in line or module.index.is_wanted(module.facts, name))
